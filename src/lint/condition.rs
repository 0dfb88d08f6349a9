//! Whether a `Condition` holds a statement to what is the tenant's.

use serde_json::{Map, Value};

use super::{
    actions::covered,
    listed::{Listed, texts},
    names::{self, names_tenant, names_tenant_alone},
};

/// What is put before an operator for keys of several values.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
const OF_ALL: &str = "forallvalues:";
const OF_ANY: &str = "foranyvalue:";

/// Operators that hold only where the key is there and equals one of the values; of these, those that know wildcards.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
const EQUAL: [&str; 2] = ["stringequals", "stringequalsignorecase"];
const LIKE: [&str; 3] = ["stringlike", "arnlike", "arnequals"];

/// Keys that all services share begin so. Tags alone say which of an account's things is reached; the others say who
/// asks, from where, when and by way of what, and whose account it is: with the tenant's name in a value, they hold for
/// whatever the tenant asks.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
const GLOBAL: &str = "aws:";
const OF_WHAT_IS_REACHED: &str = "aws:resourcetag/";

/// Beginnings of services' keys that say as little of what is reached.
const OF_THE_REQUEST: [&str; 23] = [
    // What the caller runs in, and how it came by its session.
    "codebuild:buildarn",
    "codebuild:projectarn",
    "ec2:roledelivery",
    "ec2:sourceinstancearn",
    "glue:credentialissuingservice",
    "glue:roleassumedby",
    "identitystore:userid",
    "lambda:sourcefunctionarn",
    "ssm:sourceinstancearn",
    // Whose credentials, and by way of which service.
    "kms:calleraccount",
    "kms:viaservice",
    // What a session is to be called, tagged and allowed.
    "sts:",
    // What a role is passed to, and for what.
    "iam:associatedresourcearn",
    "iam:awsservicename",
    "iam:passedtoservice",
    // Where it is: `eu-west-1` is no tenant `eu`'s.
    "ec2:availabilityzone",
    "ec2:region",
    "kms:primaryregion",
    "kms:replicaregion",
    "s3:locationconstraint",
    // How a request is signed, and headers of it: what they copy from takes a right of its own.
    "s3:authtype",
    "s3:signature",
    "s3:x-amz-",
];
/// Tags that a request gives: what it makes is the tenant's then, and what it only tags may be anybody's.
const OF_WHAT_IS_MADE: &str = "aws:requesttag/";

/// Beginnings of partition keys, and the actions that always come with at least one of them; `Scan` has none.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html>
const ROWS: &str = "dynamodb:leadingkeys";
const OF_SINGLE_ROWS: [&str; 8] = [
    "BatchGetItem",
    "BatchWriteItem",
    "ConditionCheckItem",
    "DeleteItem",
    "GetItem",
    "PutItem",
    "Query",
    "UpdateItem",
];

/// Whether a condition holds for nothing but what is the tenant's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bound {
    No,
    /// But for a wildcard beside the tenant's name.
    Nearly,
    Yes,
}

/// All operators and all keys of a condition have to hold, so one that binds is enough.
pub(super) fn binds(condition: &Value, actions: &Listed<'_>, names: &[&str]) -> Bound {
    let Some(condition) = condition.as_object() else {
        return Bound::No;
    };
    let keys = condition.iter().flat_map(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        keys.map(move |(key, value)| (operator.to_lowercase(), key.to_lowercase(), value))
    });
    keys.filter(|(_, key, _)| tells_of_a_resource(key, actions))
        .filter_map(|(operator, key, value)| {
            let wild = holds_for(&operator, &key, actions, condition)?;
            Some(held_by(value, wild, names))
        })
        .max()
        .unwrap_or(Bound::No)
}

/// The values by which a condition lets in what belongs to tenants whose names only begin or end like this one's.
pub(super) fn fits_others<'a>(
    condition: &'a Value,
    actions: &Listed<'_>,
    names: &[&str],
) -> Vec<&'a str> {
    let knows_wildcards = |operator: &str| {
        let operator = operator.to_lowercase();
        let bare = operator.strip_suffix("ifexists").unwrap_or(&operator);
        let bare = bare.split_once(':').map_or(bare, |(_, bare)| bare);
        LIKE.contains(&bare)
    };
    let operators = condition.as_object().into_iter().flatten();
    let wild = operators.filter(|(operator, _)| knows_wildcards(operator));
    wild.filter_map(|(_, keys)| keys.as_object())
        .flatten()
        .filter(|(key, _)| tells_of_a_resource(&key.to_lowercase(), actions))
        .flat_map(|(_, value)| texts(value))
        .filter(|text| names::fits_others(text, names))
        .collect()
}

/// Whether an operator holds only where the key is there, and each of its values is one of those listed; and whether it
/// knows wildcards.
fn holds_for(
    operator: &str,
    key: &str,
    actions: &Listed<'_>,
    condition: &Map<String, Value>,
) -> Option<bool> {
    let bare = if let Some(bare) = operator.strip_prefix(OF_ALL) {
        // It holds too where the key is missing.
        let there = must_be_there(key, condition) || (key == ROWS && only(actions, of_single_rows));
        if !there {
            return None;
        }
        bare
    } else if let Some(bare) = operator.strip_prefix(OF_ANY) {
        // Beside the value that fits there may be any other, but a tag has one only.
        if !key.contains('/') {
            return None;
        }
        bare
    } else {
        operator
    };
    LIKE.contains(&bare)
        .then_some(true)
        .or_else(|| EQUAL.contains(&bare).then_some(false))
}

/// What the values of a key bind to, if it has to have one of them.
fn held_by(value: &Value, wild: bool, names: &[&str]) -> Bound {
    let listed = value.as_array().map_or(1, Vec::len);
    let texts = texts(value);
    let all = |name: fn(&str, &[&str]) -> bool| texts.iter().all(|text| name(text, names));
    if texts.is_empty() || texts.len() != listed || !all(names_tenant) {
        Bound::No
    } else if wild && !all(names_tenant_alone) {
        Bound::Nearly
    } else {
        Bound::Yes
    }
}

fn tells_of_a_resource(key: &str, actions: &Listed<'_>) -> bool {
    if key.starts_with(OF_WHAT_IS_MADE) {
        return only(actions, makes);
    }
    if key.starts_with(GLOBAL) {
        return key.starts_with(OF_WHAT_IS_REACHED);
    }
    !OF_THE_REQUEST.iter().any(|start| key.starts_with(start))
}

/// `"Null": {key: "false"}`: the key is there.
fn must_be_there(key: &str, condition: &Map<String, Value>) -> bool {
    let is_null = |(operator, _): &(&String, &Value)| operator.eq_ignore_ascii_case("null");
    let keys = condition
        .iter()
        .filter(is_null)
        .filter_map(|(_, keys)| keys.as_object())
        .flatten();
    keys.filter(|(name, _)| name.to_lowercase() == key)
        .any(|(_, value)| match value {
            Value::Array(items) => !items.is_empty() && items.iter().all(is_false),
            single => is_false(single),
        })
}

fn is_false(value: &Value) -> bool {
    value.as_str().map_or(value == &Value::Bool(false), |text| {
        text.eq_ignore_ascii_case("false")
    })
}

/// Whether the statement is about known actions of one sort alone.
fn only(actions: &Listed<'_>, is: fn(&str, &str) -> bool) -> bool {
    !actions.texts().is_empty()
        && actions.texts().iter().all(|pattern| {
            let covered = covered(pattern);
            !covered.is_empty() && covered.iter().all(|action| is(action.service, action.name))
        })
}

fn of_single_rows(service: &str, name: &str) -> bool {
    service == "dynamodb" && OF_SINGLE_ROWS.contains(&name)
}

fn makes(_: &str, name: &str) -> bool {
    (name.starts_with("Create") || name.starts_with("Run")) && !name.contains("Tag")
}
