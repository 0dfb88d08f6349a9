//! Who may assume a role beyond those who should: what a trust policy lets in that the wanted one does not.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::statements;

/// What each key of a condition pins, for messages.
/// <https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html>
const PINS: [(&str, &str); 5] = [
    ("aws:requesttag/eks-cluster-arn", "cluster"),
    ("aws:requesttag/kubernetes-namespace", "namespace"),
    (
        "aws:requesttag/kubernetes-service-account",
        "service account",
    ),
    ("aws:sourceaccount", "account"),
    ("aws:sourcearn", "cluster"),
];

/// Each way in which `have` lets in more than `want`, as a sentence. Both are trust policies; `want` has one statement for
/// each principal, with plain equalities. Statements that deny, and actions, are not looked at: less is no loosening.
pub fn loosened(want: &Value, have: &Value) -> Vec<String> {
    let wanted = statements(want);
    let mut found = Vec::new();
    for statement in statements(have)
        .iter()
        .filter(|one| one["Effect"] == "Allow")
    {
        if statement.get("NotPrincipal").is_some() {
            found.push("all but a few may assume it, by NotPrincipal".into());
        }
        for principal in principals(&statement["Principal"]) {
            match wanted
                .iter()
                .find(|one| principals(&one["Principal"]).contains(&principal))
            {
                Some(wanted) => unpinned(&wanted["Condition"], &statement["Condition"], &mut found),
                None if principal == "*" => found.push("anybody may assume it".into()),
                None => found.push(format!("{principal} may assume it")),
            }
        }
    }
    let mut seen = BTreeSet::new();
    found.retain(|what| seen.insert(what.clone()));
    found
}

/// Why a trust policy does not let a service assume the role where sessions carry no tags; none where it does.
pub fn shut_to(service: &str, have: &Value) -> Option<String> {
    let allows = |statement: &&Value| {
        let action = |name: &String| {
            let name = name.to_ascii_lowercase();
            ["sts:assumerole", "sts:*", "*"].contains(&name.as_str())
        };
        statement["Effect"] == "Allow"
            && principals(&statement["Principal"]).contains(&service.to_string())
            && texts(&statement["Action"]).iter().any(action)
    };
    let tag = |statement: &Value| {
        let mut keys = entries(&statement["Condition"]).flat_map(|(_, keys)| keys.keys());
        let is_tag = |key: &&String| key.to_ascii_lowercase().starts_with("aws:requesttag/");
        keys.find(is_tag).cloned()
    };
    let tags: Vec<Option<String>> = statements(have).iter().filter(allows).map(tag).collect();
    match tags.iter().flatten().next() {
        None if tags.is_empty() => Some(format!("it does not let {service} assume the role")),
        Some(tag) if tags.iter().all(Option::is_some) => {
            Some(format!("it asks for {tag}, and sessions carry no tags"))
        }
        _ => None,
    }
}

/// The conditions of the wanted statement that the living one does not hold to.
fn unpinned(want: &Value, have: &Value, found: &mut Vec<String>) {
    for (key, value) in entries(want).flat_map(|(_, keys)| keys) {
        let allowed = texts(value);
        let asked: Vec<(&str, Vec<String>)> = entries(have)
            .flat_map(|(operator, keys)| {
                keys.iter().map(move |(key, value)| (operator, key, value))
            })
            .filter(|(_, other, _)| other.eq_ignore_ascii_case(key))
            .map(|(operator, _, value)| (operator, texts(value)))
            .collect();
        let pins = |(operator, values): &(&str, Vec<String>)| {
            is_exact(operator)
                && !values.is_empty()
                && values.iter().all(|value| allowed.contains(value))
        };
        if asked.iter().any(pins) {
            continue;
        }
        let pinned = PINS.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        let whose = pinned.map_or("caller", |(_, what)| what);
        let state = match asked.first() {
            None => "is not asked for".to_string(),
            Some((operator, values)) => {
                format!("is asked to be {} by {operator}", values.join(" or "))
            }
        };
        found.push(format!(
            "pods of another {whose} may assume it: {key} {state}"
        ));
    }
}

/// Whether an operator lets only the very values through. Those with `IfExists` let a request without the key through.
fn is_exact(operator: &str) -> bool {
    ["StringEquals", "StringLike", "ArnEquals", "ArnLike"].contains(&operator)
}

fn entries(condition: &Value) -> impl Iterator<Item = (&str, &Map<String, Value>)> {
    let operators = condition.as_object().into_iter().flatten();
    operators.filter_map(|(operator, keys)| Some((operator.as_str(), keys.as_object()?)))
}

fn principals(principal: &Value) -> Vec<String> {
    match principal {
        Value::Object(kinds) => kinds.values().flat_map(texts).collect(),
        other => texts(other),
    }
}

/// IAM takes numbers and booleans for their text.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        other => vec![other.to_string()],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CLUSTER: &str = "arn:aws:eks:eu-west-1:111122223333:cluster/prod";

    fn trust(principal: &Value, condition: &Value) -> Value {
        json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": principal, "Action": ["sts:AssumeRole", "sts:TagSession"], "Condition": condition,
        }]})
    }

    fn pods() -> Value {
        json!({"Service": "pods.eks.amazonaws.com"})
    }

    fn wanted() -> Value {
        trust(
            &pods(),
            &json!({"StringEquals": {
                "aws:RequestTag/eks-cluster-arn": CLUSTER,
                "aws:RequestTag/kubernetes-namespace": "mcp-acme",
                "aws:SourceAccount": "111122223333",
            }}),
        )
    }

    fn with(operator: &str, key: &str, value: &Value) -> Vec<String> {
        let mut have = wanted();
        let condition = &mut have["Statement"][0]["Condition"];
        condition["StringEquals"]
            .as_object_mut()
            .expect("a map")
            .remove(key);
        if !operator.is_empty() {
            condition[operator][key] = value.clone();
        }
        loosened(&wanted(), &have)
    }

    #[test]
    fn what_is_wanted_and_what_is_stricter_is_not_loose() {
        assert_eq!(loosened(&wanted(), &wanted()), [""; 0]);
        let mut stricter = wanted();
        stricter["Statement"][0]["Condition"]["Bool"] = json!({"aws:SecureTransport": "true"});
        stricter["Statement"]
            .as_array_mut()
            .expect("a list")
            .push(json!({"Effect": "Deny", "Principal": "*", "Action": "sts:*"}));
        assert_eq!(loosened(&wanted(), &stricter), [""; 0]);
        assert_eq!(
            with(
                "ArnLike",
                "aws:RequestTag/eks-cluster-arn",
                &json!([CLUSTER])
            ),
            [""; 0]
        );
        assert_eq!(loosened(&wanted(), &json!({"Statement": []})), [""; 0]);
    }

    #[test]
    fn each_loosening_is_named() {
        let namespace = "aws:RequestTag/kubernetes-namespace";
        let found = [
            with("", namespace, &Value::Null),
            with("StringLike", namespace, &json!("mcp-*")),
            with("StringEquals", namespace, &json!(["mcp-acme", "mcp-evil"])),
            with("StringEqualsIfExists", namespace, &json!("mcp-acme")),
            with("StringNotEquals", namespace, &json!("mcp-acme")),
            with(
                "ArnLike",
                "aws:RequestTag/eks-cluster-arn",
                &json!("arn:aws:eks:*:111122223333:cluster/prod"),
            ),
            with("", "aws:SourceAccount", &Value::Null),
            with(
                "StringEquals",
                "aws:SourceAccount",
                &json!(["111122223333", 444_455_556_666_u64]),
            ),
            loosened(&wanted(), &trust(&json!("*"), &Value::Null)),
            loosened(
                &wanted(),
                &trust(
                    &json!({"AWS": "*"}),
                    &json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
                ),
            ),
            loosened(
                &wanted(),
                &trust(
                    &json!({"AWS": ["arn:aws:iam::444455556666:root"], "Service": "ec2.amazonaws.com"}),
                    &Value::Null,
                ),
            ),
        ];
        insta::assert_snapshot!(found.concat().join("\n"), @"
        pods of another namespace may assume it: aws:RequestTag/kubernetes-namespace is not asked for
        pods of another namespace may assume it: aws:RequestTag/kubernetes-namespace is asked to be mcp-* by StringLike
        pods of another namespace may assume it: aws:RequestTag/kubernetes-namespace is asked to be mcp-acme or mcp-evil by StringEquals
        pods of another namespace may assume it: aws:RequestTag/kubernetes-namespace is asked to be mcp-acme by StringEqualsIfExists
        pods of another namespace may assume it: aws:RequestTag/kubernetes-namespace is asked to be mcp-acme by StringNotEquals
        pods of another cluster may assume it: aws:RequestTag/eks-cluster-arn is asked to be arn:aws:eks:*:111122223333:cluster/prod by ArnLike
        pods of another account may assume it: aws:SourceAccount is not asked for
        pods of another account may assume it: aws:SourceAccount is asked to be 111122223333 or 444455556666 by StringEquals
        anybody may assume it
        anybody may assume it
        arn:aws:iam::444455556666:root may assume it
        ec2.amazonaws.com may assume it
        ");
    }

    #[test]
    fn a_trust_policy_that_lets_nobody_in_is_told() {
        const PODS: &str = "pods.eks.amazonaws.com";
        let of = |action: Value, condition: Value| json!({"Statement": [{"Effect": "Allow", "Principal": pods(), "Action": action, "Condition": condition}]});
        let shut = |have: &Value| shut_to(PODS, have).unwrap_or_default();
        let account = json!({"StringEquals": {"aws:SourceAccount": "1"}});
        assert_eq!(shut(&of(json!("sts:AssumeRole"), account)), "");
        let nobody = "it does not let pods.eks.amazonaws.com assume the role";
        assert_eq!(shut(&of(json!("sts:TagSession"), Value::Null)), nobody);
        assert_eq!(shut(&json!({"Statement": []})), nobody);
        assert_eq!(shut(&json!("{")), nobody);
        let tagged = shut(&wanted());
        assert!(
            tagged.starts_with("it asks for aws:RequestTag/"),
            "{tagged}"
        );
    }
}
