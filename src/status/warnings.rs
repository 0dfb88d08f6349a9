//! What went wrong in a namespace lately, by its events.

use serde::Serialize;
use serde_json::Value;

use super::pods::text;
use crate::object::Object;

/// Warnings shown at most.
const MOST: usize = 10;

/// A Warning event.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Warning {
    /// How often it happened.
    pub count: u64,
    /// When it happened last.
    pub last_seen: String,
    /// `Ingress mcp-server`
    pub object: String,
    /// One word.
    pub reason: String,
    /// A sentence.
    pub message: String,
}

pub(super) fn newest(events: &[Object]) -> Vec<Warning> {
    let warnings = events
        .iter()
        .filter(|event| event.text("/type") == "Warning");
    let mut warnings: Vec<Warning> = warnings.map(warning).collect();
    warnings.sort_by(|a, b| {
        b.last_seen
            .cmp(&a.last_seen)
            .then_with(|| (&a.object, &a.reason).cmp(&(&b.object, &b.reason)))
    });
    warnings.truncate(MOST);
    warnings
}

/// Old events count in themselves, those of a series in it; a single one of the newer kind does not count at all.
fn warning(event: &Object) -> Warning {
    let tree = &event.tree;
    let times = [
        &tree["series"]["lastObservedTime"],
        &tree["lastTimestamp"],
        &tree["eventTime"],
        &tree["metadata"]["creationTimestamp"],
    ];
    let counts = [&tree["series"]["count"], &tree["count"]];
    Warning {
        count: counts.into_iter().find_map(Value::as_u64).unwrap_or(1),
        last_seen: times.into_iter().find_map(text).unwrap_or_default(),
        object: format!(
            "{} {}",
            event.text("/involvedObject/kind"),
            event.text("/involvedObject/name")
        ),
        reason: event.text("/reason").into(),
        message: event.text("/message").into(),
    }
}
