//! The form in which objects are printed.

use serde_json::{Map, Value, json};

use crate::object::{EKS, IAM, Object};

/// The object as a GitOps repository holds it: role and association in ACK's form, policy documents as JSON text, the
/// role by reference so that no account id is needed.
/// <https://aws-controllers-k8s.github.io/community/reference/>
pub fn encode(object: &Object) -> Value {
    let mut tree = object.tree.clone();
    let id = object.id();
    if id.is(IAM, "Role") {
        let spec = &mut tree["spec"];
        let text = |document: &Value| Value::from(format!("{document:#}"));
        spec["assumeRolePolicyDocument"] = text(&spec["assumeRolePolicyDocument"]);
        if let Some(Value::Object(policies)) = spec.get_mut("inlinePolicies") {
            policies
                .values_mut()
                .for_each(|document| *document = text(document));
        }
    }
    if id.is(EKS, "PodIdentityAssociation")
        && let Some(spec) = tree["spec"].as_object_mut()
    {
        let reference = json!({"from": {"name": id.name, "namespace": id.namespace}});
        let entries = std::mem::take(spec);
        spec.extend(entries.into_iter().map(|(key, value)| match key.as_str() {
            "roleARN" => ("roleRef".to_string(), reference.clone()),
            _ => (key, value),
        }));
    }
    in_fixed_order(tree)
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
