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

/// Beginnings of keys that say who asks, or what the caller chooses to say, and nothing of what is reached: with the
/// tenant's name for a value, they hold for whatever the tenant asks.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
const OF_THE_CALLER: [&str; 9] = [
    "aws:principal",
    "aws:source",
    "aws:userid",
    "aws:username",
    "aws:useragent",
    "aws:referer",
    "aws:tagkeys",
    "iam:associatedresourcearn",
    "sts:",
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

/// All operators and all keys of a condition have to hold, so one that binds is enough.
pub(super) fn binds(condition: &Value, actions: &Listed<'_>, names: &[&str]) -> bool {
    let Some(condition) = condition.as_object() else {
        return false;
    };
    condition.iter().any(|(operator, keys)| {
        keys.as_object().into_iter().flatten().any(|(key, value)| {
            let key = key.to_lowercase();
            tells_of_a_resource(&key, actions)
                && holds_for(&operator.to_lowercase(), &key, actions, condition)
                    .is_some_and(|wild| all_name_tenant(value, wild, names))
        })
    })
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

fn all_name_tenant(value: &Value, wild: bool, names: &[&str]) -> bool {
    let listed = value.as_array().map_or(1, Vec::len);
    let texts = texts(value);
    let named = |text: &&str| {
        if wild {
            names_tenant_alone(text, names)
        } else {
            names_tenant(text, names)
        }
    };
    !texts.is_empty() && texts.len() == listed && texts.iter().all(named)
}

fn tells_of_a_resource(key: &str, actions: &Listed<'_>) -> bool {
    if key.starts_with(OF_WHAT_IS_MADE) {
        return only(actions, makes);
    }
    !OF_THE_CALLER.iter().any(|start| key.starts_with(start))
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
