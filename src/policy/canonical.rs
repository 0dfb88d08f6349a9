//! One form for all policies of one meaning.

use serde_json::{Map, Value};

use super::statements;

/// The document in the one form that all documents of the same meaning share: a single text is a list of one, lists
/// are sets, keys are sorted, actions are lower case, a condition's booleans and numbers are texts.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
pub fn canonical(document: &Value) -> Value {
    let Some(map) = document.as_object() else {
        return document.clone();
    };
    let mut sorted: Map<String, Value> = map
        .iter()
        .filter(|(key, _)| *key != "Statement")
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let mut list: Vec<Value> = statements(document)
        .iter()
        .map(canonical_statement)
        .collect();
    list.sort_by_key(Value::to_string);
    list.dedup();
    sorted.insert("Statement".into(), Value::Array(list));
    sorted.sort_keys();
    Value::Object(sorted)
}

/// A statement in the form that all of its meaning share.
pub fn canonical_statement(statement: &Value) -> Value {
    let Some(map) = statement.as_object() else {
        return statement.clone();
    };
    let mut sorted: Map<String, Value> = map
        .iter()
        .map(|(key, value)| {
            let value = match key.as_str() {
                "Sid" | "Effect" => value.clone(),
                "Action" | "NotAction" => set(value, str::to_ascii_lowercase),
                "Condition" => nested(value, 2),
                "Principal" | "NotPrincipal" => nested(value, 1),
                _ => set(value, str::to_string),
            };
            (key.clone(), value)
        })
        .collect();
    sorted.sort_keys();
    Value::Object(sorted)
}

/// Sets at the given depth of maps.
fn nested(value: &Value, depth: usize) -> Value {
    match value {
        Value::Object(map) if depth > 0 => {
            let mut sorted: Map<String, Value> = map
                .iter()
                .map(|(key, value)| (key.clone(), nested(value, depth - 1)))
                .collect();
            sorted.sort_keys();
            Value::Object(sorted)
        }
        other => set(other, str::to_string),
    }
}

fn set(value: &Value, spell: fn(&str) -> String) -> Value {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), spell);
    let mut items: Vec<String> = match value {
        Value::Array(items) => items.iter().map(text).collect(),
        single => vec![text(single)],
    };
    items.sort();
    items.dedup();
    items.into()
}
