//! What makes a document an identity policy that IAM would take.

use serde_json::{Map, Value};

use super::{label, statements};
use crate::yaml;

/// Refuses what cannot be an identity policy. What one may say is the lint's to judge.
pub(super) fn check(document: &Value) -> std::result::Result<(), String> {
    let Some(map) = document.as_object() else {
        return Err("a policy is an object with Version and Statement".into());
    };
    known_keys(map, &["Version", "Id", "Statement"]).map_err(|why| format!("a policy {why}"))?;
    if map.get("Version").and_then(Value::as_str) != Some("2012-10-17") {
        return Err("a policy's Version is \"2012-10-17\"".into());
    }
    let statements = statements(document);
    if statements.is_empty() {
        return Err("a policy's Statement is missing or empty".into());
    }
    for (index, statement) in statements.iter().enumerate() {
        check_statement(statement)
            .map_err(|why| format!("statement {}: {why}", label(index, statement)))?;
    }
    Ok(())
}

fn known_keys(map: &Map<String, Value>, known: &[&str]) -> std::result::Result<(), String> {
    let Some(unknown) = map.keys().find(|key| !known.contains(&key.as_str())) else {
        return Ok(());
    };
    let near = yaml::nearest(unknown, known.iter().copied());
    Err(format!(
        "has no key `{unknown}`; {}",
        near.map_or_else(
            || format!("known: {}", known.join(", ")),
            |near| format!("did you mean `{near}`?")
        )
    ))
}

const STATEMENT_KEYS: [&str; 7] = [
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

fn check_statement(statement: &Value) -> std::result::Result<(), String> {
    let map = statement.as_object().ok_or("is not an object")?;
    if map.contains_key("Principal") || map.contains_key("NotPrincipal") {
        return Err("Principal belongs to resource and trust policies".into());
    }
    known_keys(map, &STATEMENT_KEYS)?;
    if map.get("Sid").is_some_and(|sid| !sid.is_string()) {
        return Err("Sid is not text".into());
    }
    if !matches!(
        map.get("Effect").and_then(Value::as_str),
        Some("Allow" | "Deny")
    ) {
        return Err("Effect is neither \"Allow\" nor \"Deny\"".into());
    }
    let action = |text: &str| text == "*" || text.contains(':') || text.contains("{{");
    check_texts(map, ["Action", "NotAction"], "service:Action", action)?;
    let resource = |text: &str| {
        ["*", "arn:", "{{"]
            .iter()
            .any(|start| text.starts_with(start))
    };
    check_texts(map, ["Resource", "NotResource"], "an ARN", resource)?;
    let condition = map.get("Condition").is_none_or(|condition| {
        condition
            .as_object()
            .is_some_and(|operators| operators.values().all(Value::is_object))
    });
    if !condition {
        return Err(
            r#"Condition is not of the form {"StringEquals": {"aws:PrincipalTag/x": "y"}}"#.into(),
        );
    }
    Ok(())
}

/// One of two keys, with a text or a list of texts of one form.
fn check_texts(
    map: &Map<String, Value>,
    pair: [&str; 2],
    form: &str,
    valid: impl Fn(&str) -> bool,
) -> std::result::Result<(), String> {
    let mut given = pair.into_iter().filter(|key| map.contains_key(*key));
    let (Some(key), None) = (given.next(), given.next()) else {
        return Err(format!("needs exactly one of {} and {}", pair[0], pair[1]));
    };
    let items = match &map[key] {
        Value::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    if items.is_empty() || !items.iter().all(Value::is_string) {
        return Err(format!("{key} is neither text nor a list of texts"));
    }
    match items
        .iter()
        .filter_map(Value::as_str)
        .find(|text| !valid(text))
    {
        None => Ok(()),
        Some(text) => Err(format!("{key} `{text}` is neither {form} nor `*`")),
    }
}
