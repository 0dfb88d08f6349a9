//! The form in which objects are printed.

use serde_json::{Map, Value};

use crate::{ack, object::Object};

/// The object as a GitOps repository holds it: role and association in ACK's form, policy documents as JSON text.
pub fn encode(object: &Object) -> Value {
    in_fixed_order(ack::stored(ack::carried(object).tree))
}

/// `apiVersion`, `kind`, `metadata` first, and within the metadata name and namespace; the rest as the template has it.
fn in_fixed_order(tree: Value) -> Value {
    const FIRST: [&str; 5] = ["apiVersion", "kind", "metadata", "name", "namespace"];
    let Value::Object(mut rest) = tree else {
        return tree;
    };
    let mut ordered = Map::new();
    for key in FIRST {
        if let Some(value) = rest.remove(key) {
            ordered.insert(
                key.into(),
                if key == "metadata" {
                    in_fixed_order(value)
                } else {
                    value
                },
            );
        }
    }
    // `remove` swaps the last entry into the gap; sorting makes the order a function of the content alone.
    rest.sort_keys();
    ordered.extend(rest);
    Value::Object(ordered)
}
