//! What a Deployment and its `ReplicaSets` say; the counts of a `StatefulSet` and a `DaemonSet` as well. Pure.

use serde_json::Value;

use super::finding::Finding;

/// How far a Deployment is.
pub(super) struct Rollout {
    /// Whether its controller has seen its newest version.
    pub(super) seen: bool,
    pub(super) complete: bool,
    pub(super) state: String,
}

impl Rollout {
    /// Reads its status.
    pub(super) fn of(deployment: &Value) -> Self {
        let status = &deployment["status"];
        let number = |value: &Value| value.as_i64().unwrap_or(0);
        let daemons = deployment["kind"] == "DaemonSet";
        let wanted = if daemons {
            number(&status["desiredNumberScheduled"])
        } else {
            deployment["spec"]["replicas"].as_i64().unwrap_or(1)
        };
        let seen =
            number(&status["observedGeneration"]) >= number(&deployment["metadata"]["generation"]);
        let counts = if daemons {
            ["updatedNumberScheduled", "numberAvailable"]
        } else {
            ["updatedReplicas", "availableReplicas"]
        };
        let [updated, available] = counts.map(|count| number(&status[count]));
        let old = number(&status["replicas"]) - updated;
        let ending = if seen && old > 0 {
            format!(", {old} to end")
        } else {
            String::new()
        };
        let ready = if seen {
            available.min(updated).min(wanted)
        } else {
            0
        };
        Self {
            seen,
            complete: seen && updated >= wanted && available >= wanted && old == 0,
            state: format!("{ready} of {wanted} pods ready{ending}"),
        }
    }
}

/// Why the API server refuses a `ReplicaSet`'s pods.
pub(super) fn refused(set: &Value) -> Option<&str> {
    let mut conditions = set["status"]["conditions"].as_array()?.iter();
    let found =
        conditions.find(|found| found["type"] == "ReplicaFailure" && found["status"] == "True")?;
    Some(text(found, "/message"))
}

/// Whether the rollout ran out of time.
pub(super) fn is_late(deployment: &Value) -> bool {
    let conditions = deployment["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten();
    conditions
        .filter(|found| found["type"] == "Progressing")
        .any(|found| found["reason"] == "ProgressDeadlineExceeded")
}

/// That it ran out of time.
pub(super) fn late(deployment: &Value) -> Finding {
    let seconds = deployment["spec"]["progressDeadlineSeconds"]
        .as_i64()
        .unwrap_or(600);
    Finding::new(format!(
        "the rollout made no progress for {seconds} s (ProgressDeadlineExceeded)"
    ))
}

/// Whether the other object is among the owners.
pub(super) fn is_owned_by(object: &Value, owner: &Value) -> bool {
    let uid = &owner["metadata"]["uid"];
    let owners = object["metadata"]["ownerReferences"]
        .as_array()
        .into_iter()
        .flatten();
    uid.is_string() && owners.into_iter().any(|reference| reference["uid"] == *uid)
}

fn text<'a>(tree: &'a Value, pointer: &str) -> &'a str {
    tree.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
