//! What of a value is told: not what Secrets hold, not the literals of variables, and not the tenant's input.

use serde_json::Value;

use crate::{managed::Step, object::Object, record::INPUT};

/// Whether a field is one in which a Secret keeps what it is for.
pub(super) fn is_content_of_secret(object: &Object, path: &[Step]) -> bool {
    let first = match path.first() {
        Some(Step::Field(name)) => name.as_str(),
        _ => "",
    };
    object.id().is("", "Secret") && ["data", "stringData"].contains(&first)
}

/// The value as it may be told.
pub fn masked(value: &Value) -> Value {
    let mut value = value.clone();
    mask(&mut value);
    value
}

fn mask(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map.iter_mut() {
                match (key.as_str(), inner) {
                    (INPUT, input) => *input = "(the tenant's input)".into(),
                    ("env", Value::Array(variables)) => {
                        let literals = variables
                            .iter_mut()
                            .filter_map(|variable| variable.get_mut("value"));
                        literals.for_each(|literal| *literal = "(not shown)".into());
                    }
                    (_, inner) => mask(inner),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        _ => {}
    }
}
