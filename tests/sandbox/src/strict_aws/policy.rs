//! Policy documents: which ones IAM takes, and which trust Pod Identity.
//!
//! Source: IAM User Guide, "Grammar of the IAM JSON policy language" and "IAM JSON policy elements". The texts are
//! those that IAM is reported to give; where a report is public it is named.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::fault::Fault;

/// What a document is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The trust policy of a role.
    Trust,
    /// An inline, managed or session policy.
    Permissions,
}

/// The size as IAM counts it.
///
/// Source: IAM User Guide, "IAM and AWS STS quotas": "IAM does not count white space when calculating the size of a
/// policy".
pub(super) fn size(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

/// Refuses what is not a policy of its kind.
pub(super) fn check(document: &str, kind: Kind) -> Result<(), Fault> {
    parse(document, kind).map_err(|message| Fault::new(400, "MalformedPolicyDocument", &message))
}

/// The reason why a document is not a policy of its kind.
pub(super) fn parse(document: &str, kind: Kind) -> Result<(), String> {
    // Source: IAM API Reference, `PutRolePolicy`, `PolicyDocument`: the characters that are allowed.
    let allowed = |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{ff}');
    if !document.chars().all(allowed) {
        return Err("Syntax errors in policy.".to_owned());
    }
    let policy = serde_json::from_str::<Map<String, Value>>(document)
        .map_err(|_| "This policy contains invalid Json".to_owned())?;
    known(&policy, &["Version", "Id", "Statement"])?;
    if let Some(version) = policy.get("Version")
        && version != "2012-10-17"
        && version != "2008-10-17"
    {
        return Err("Syntax errors in policy.".to_owned());
    }
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => statements.as_slice(),
        Some(statement @ Value::Object(_)) => std::slice::from_ref(statement),
        _ => return Err("Syntax errors in policy.".to_owned()),
    };
    let mut ids = HashSet::new();
    for statement in statements {
        let statement = statement.as_object().ok_or("Syntax errors in policy.")?;
        check_statement(statement, kind)?;
        if let Some(id) = statement.get("Sid").and_then(Value::as_str)
            && !id.is_empty()
            && !ids.insert(id)
        {
            return Err("Statement IDs (SID) in a single policy must be unique.".to_owned());
        }
    }
    Ok(())
}

fn known(object: &Map<String, Value>, keys: &[&str]) -> Result<(), String> {
    if object.keys().all(|key| keys.contains(&key.as_str())) {
        return Ok(());
    }
    Err("Syntax errors in policy.".to_owned())
}

const STATEMENT: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

fn check_statement(statement: &Map<String, Value>, kind: Kind) -> Result<(), String> {
    known(statement, &STATEMENT)?;
    // A wrong effect: hashicorp/terraform#10057.
    if !matches!(statement.get("Effect"), Some(effect) if effect == "Allow" || effect == "Deny") {
        return Err("The policy failed legacy parsing".to_owned());
    }
    if let Some(id) = statement.get("Sid")
        && !id
            .as_str()
            .is_some_and(|id| id.chars().all(|c| c.is_ascii_alphanumeric()))
    {
        return Err("Statement IDs (SID) must be alpha-numeric.".to_owned());
    }
    let actions =
        one_of(statement, "Action", "NotAction").ok_or("Policy statement must contain actions.")?;
    check_condition(statement.get("Condition"))?;
    match kind {
        Kind::Trust => check_trust(statement, &actions),
        Kind::Permissions => check_permissions(statement, &actions),
    }
}

/// Source: hashicorp/terraform-provider-aws#10419 for the principal.
fn check_permissions(statement: &Map<String, Value>, actions: &[&str]) -> Result<(), String> {
    if statement.contains_key("Principal") || statement.contains_key("NotPrincipal") {
        return Err("Policy document should not specify a principal.".to_owned());
    }
    if !actions
        .iter()
        .all(|action| *action == "*" || prefixed(action))
    {
        return Err(
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.".to_owned(),
        );
    }
    let resources = one_of(statement, "Resource", "NotResource")
        .ok_or("Policy statement must contain resources.")?;
    match resources.iter().find(|arn| **arn != "*" && !is_arn(arn)) {
        Some(resource) => Err(format!(
            "Resource {resource} must be in ARN format or \"*\"."
        )),
        None => Ok(()),
    }
}

fn prefixed(action: &str) -> bool {
    matches!(action.split_once(':'), Some((vendor, name)) if !vendor.is_empty() && !name.is_empty())
}

fn is_arn(text: &str) -> bool {
    text.starts_with("arn:") && text.splitn(6, ':').count() == 6
}

/// Source: terraform-aws-modules/terraform-aws-eks-pod-identity#34 for the resource.
fn check_trust(statement: &Map<String, Value>, actions: &[&str]) -> Result<(), String> {
    for field in ["Resource", "NotResource"] {
        if statement.contains_key(field) {
            return Err(format!("Has prohibited field {field}"));
        }
    }
    match statement.get("Principal").or(statement.get("NotPrincipal")) {
        None => return Err("Missing required field Principal".to_owned()),
        Some(Value::String(all)) if all == "*" => {}
        Some(Value::Object(principals)) if !principals.is_empty() => {
            for (kind, names) in principals {
                check_principal(kind, names)?;
            }
        }
        Some(_) => return Err("Syntax errors in policy.".to_owned()),
    }
    let sts = |action: &&str| action.to_lowercase().starts_with("sts:");
    if !actions.iter().all(sts) {
        return Err("AssumeRole policy may only specify STS AssumeRole actions.".to_owned());
    }
    Ok(())
}

fn check_principal(kind: &str, names: &Value) -> Result<(), String> {
    let names = texts(names).ok_or("Syntax errors in policy.")?;
    let service =
        |name: &str| name.ends_with(".amazonaws.com") || name.ends_with(".amazonaws.com.cn");
    let valid = |name: &&&str| match kind {
        "AWS" => **name == "*" || is_arn(name) || is_account(name),
        "Service" => service(name),
        "Federated" => !name.is_empty(),
        _ => false,
    };
    match names.iter().find(|name| !valid(name)) {
        Some(name) => Err(format!(
            "Invalid principal in policy: \"{}\":\"{name}\"",
            kind.to_uppercase()
        )),
        None => Ok(()),
    }
}

fn is_account(name: &str) -> bool {
    name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit())
}

/// Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
fn check_condition(condition: Option<&Value>) -> Result<(), String> {
    let Some(condition) = condition else {
        return Ok(());
    };
    let condition = condition.as_object().ok_or("Syntax errors in policy.")?;
    for (operator, keys) in condition {
        if !is_operator(operator) {
            return Err(format!("Invalid Condition type : {operator}."));
        }
        let keys = keys.as_object().ok_or("Syntax errors in policy.")?;
        let scalar = |value: &Value| value.is_string() || value.is_boolean() || value.is_number();
        let valid = |value: &Value| match value {
            Value::Array(values) => values.iter().all(scalar),
            value => scalar(value),
        };
        if !keys.values().all(valid) {
            return Err("Syntax errors in policy.".to_owned());
        }
    }
    Ok(())
}

fn is_operator(name: &str) -> bool {
    let name = name
        .strip_prefix("ForAllValues:")
        .or(name.strip_prefix("ForAnyValue:"))
        .unwrap_or(name);
    if name == "Null" {
        return true;
    }
    let name = name.strip_suffix("IfExists").unwrap_or(name);
    let comparisons = [
        "Equals",
        "NotEquals",
        "LessThan",
        "LessThanEquals",
        "GreaterThan",
        "GreaterThanEquals",
    ];
    let texts = [
        "Equals",
        "NotEquals",
        "EqualsIgnoreCase",
        "NotEqualsIgnoreCase",
        "Like",
        "NotLike",
    ];
    let has = |prefix: &str, names: &[&str]| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| names.contains(&rest))
    };
    has("String", &texts)
        || has("Numeric", &comparisons)
        || has("Date", &comparisons)
        || has("Arn", &["Equals", "NotEquals", "Like", "NotLike"])
        || ["Bool", "BinaryEquals", "IpAddress", "NotIpAddress"].contains(&name)
}

/// The texts of exactly one of two elements.
fn one_of<'a>(statement: &'a Map<String, Value>, one: &str, other: &str) -> Option<Vec<&'a str>> {
    match (statement.get(one), statement.get(other)) {
        (Some(value), None) | (None, Some(value)) => texts(value),
        _ => None,
    }
}

/// A text, or a list of some.
fn texts(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(values) if !values.is_empty() => values.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// Whether a trust policy lets EKS Pod Identity assume the role and tag the session.
///
/// Source: EKS User Guide, "Create IAM role with trust policy required by EKS Pod Identity".
pub(super) fn trusts_pods(document: &str) -> bool {
    let Ok(policy) = serde_json::from_str::<Value>(document) else {
        return false;
    };
    let statements = match &policy["Statement"] {
        Value::Array(statements) => statements.as_slice(),
        statement => std::slice::from_ref(statement),
    };
    let actions = statements
        .iter()
        .filter(|statement| statement["Effect"] == "Allow")
        .filter(|statement| {
            let services = texts(&statement["Principal"]["Service"]).unwrap_or_default();
            services.contains(&"pods.eks.amazonaws.com")
        })
        .flat_map(|statement| texts(&statement["Action"]).unwrap_or_default())
        .collect::<Vec<_>>();
    ["sts:AssumeRole", "sts:TagSession"].iter().all(|wanted| {
        let same = |action: &&str| action.eq_ignore_ascii_case(wanted) || *action == "sts:*";
        actions.iter().any(same)
    })
}
