//! What of a value is told: not the literals of variables, and not the tenant's input.

use serde_json::Value;

use crate::record::INPUT;

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
