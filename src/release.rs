//! Giving an object back that was taken over: our marks go, what it does stays. Pure.

use serde_json::{Map, Value, json};

use crate::{
    managed::{self, MANAGER, REPAIR_MANAGER, RESTART_MANAGER, Step},
    object::{IAM, Object},
};

const OURS: [&str; 3] = [MANAGER, REPAIR_MANAGER, RESTART_MANAGER];
/// Tags that are ours.
const PREFIX: &str = "mcpctl.dev/";

/// The JSON patch (RFC 6902) that takes off the labels and annotations that only we wrote, and us out of the object's
/// field managers. An apply of less could not: it would take the spec away that we took over.
pub fn patch(live: &Object) -> Vec<Value> {
    let mut patch = Vec::new();
    for map in ["labels", "annotations"] {
        let entries = live.tree["metadata"][map].as_object();
        for (key, value) in entries.into_iter().flatten() {
            let path = ["metadata", map, key].map(|step| Step::Field(step.into()));
            let owners = managed::owners(live, &path);
            let ours = |owner: &managed::Owner| OURS.contains(&owner.manager.as_str());
            if !owners.is_empty() && owners.iter().all(ours) {
                let key = key.replace('~', "~0").replace('/', "~1");
                let place = format!("/metadata/{map}/{key}");
                patch.push(json!({"op": "test", "path": place, "value": value}));
                patch.push(json!({"op": "remove", "path": place}));
            }
        }
    }
    let entries = live.tree["metadata"]["managedFields"].as_array();
    let entries = entries.map_or(&[][..], Vec::as_slice);
    // From the end, so that the places of the earlier ones hold.
    for (index, entry) in entries.iter().enumerate().rev() {
        let manager = entry["manager"].as_str().unwrap_or_default();
        if OURS.contains(&manager) {
            let place = format!("/metadata/managedFields/{index}");
            patch.push(json!({"op": "test", "path": format!("{place}/manager"), "value": manager}));
            patch.push(json!({"op": "remove", "path": place}));
        }
    }
    patch
}

/// A role or association without our tags, and a role without our inline policy.
pub fn without_marks(live: &Object) -> Object {
    let mut object = live.clone();
    let spec = &mut object.tree["spec"];
    match &mut spec["tags"] {
        Value::Array(pairs) => {
            pairs.retain(|pair| {
                !pair["key"]
                    .as_str()
                    .is_some_and(|key| key.starts_with(PREFIX))
            });
        }
        Value::Object(tags) => tags.retain(|key, _| !key.starts_with(PREFIX)),
        _ => {}
    }
    if live.id().is(IAM, "Role") {
        let policies = spec
            .get_mut("inlinePolicies")
            .and_then(Value::as_object_mut);
        policies.map(|policies: &mut Map<String, Value>| policies.remove("mcpctl"));
    }
    object
}
