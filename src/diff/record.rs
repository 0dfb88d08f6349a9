//! What was recorded of a tenant, field by field: one annotation holds it all as JSON.

use serde_json::Value;

use super::Change;
use crate::record::INPUT;

/// A change of the recorded input as one change for each of its fields. Any other change stays as it is, and so does
/// an input that cannot be read.
pub(super) fn by_field(change: Change) -> Vec<Change> {
    let parsed = |value: &Option<Value>| -> Option<Value> {
        serde_json::from_str(value.as_ref()?.as_str()?).ok()
    };
    if !change.path.ends_with(&format!("[{INPUT}]")) {
        return vec![change];
    }
    let (Some(have), Some(want)) = (parsed(&change.have), parsed(&change.want)) else {
        return vec![change];
    };
    let mut found = Vec::new();
    compare(
        &change,
        &change.path,
        (Some(&have), Some(&want)),
        &mut found,
    );
    if found.is_empty() {
        return vec![change];
    }
    found
}

fn compare(
    whole: &Change,
    path: &str,
    (have, want): (Option<&Value>, Option<&Value>),
    found: &mut Vec<Change>,
) {
    if let (Some(Value::Object(before)), Some(Value::Object(after))) = (have, want) {
        let gone = before.keys().filter(|key| !after.contains_key(*key));
        for key in after.keys().chain(gone) {
            let path = format!("{path}.{key}");
            compare(whole, &path, (before.get(key), after.get(key)), found);
        }
    } else if have != want {
        found.push(Change {
            path: path.into(),
            have: have.cloned(),
            want: want.cloned(),
            owners: whole.owners.clone(),
            pointer: None,
            secret: false,
        });
    }
}
