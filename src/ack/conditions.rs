//! What ACK says of an object, by the conditions of its status.
//!
//! Types, and that each reconciliation writes all of them anew:
//! <https://aws-controllers-k8s.github.io/community/docs/user-docs/resource-crud>

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

use crate::{
    managed::{self, Owner},
    object::Object,
};

/// The condition of what ACK does not try again.
pub const TERMINAL: &str = "ACK.Terminal";
/// Seconds by which the clocks of two API servers may differ, cut to whole ones.
const SKEW: i64 = 1;

/// What the conditions of an object come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// AWS has it as the object says.
    Synced,
    /// Not yet; ACK tries again by itself. What it says, and nothing where no controller has taken the object up.
    Waiting(Vec<String>),
    /// ACK does not try again before the object changes.
    Failed(Vec<String>),
}

/// The conditions of an object, to see whether there are new ones.
pub fn conditions(object: &Object) -> &Value {
    &object.tree["status"]["conditions"]
}

/// What the conditions of an object come to.
pub fn verdict(object: &Object) -> Verdict {
    let of = |kind: &str, status: &str| {
        let all = conditions(object).as_array().into_iter().flatten();
        let mut all = all.filter(|condition| condition["type"] == kind);
        all.find(|condition| condition["status"] == status)
    };
    let failed = [(TERMINAL, "True"), ("ACK.ReferencesResolved", "False")];
    let failed: Vec<String> = failed
        .into_iter()
        .filter_map(|(kind, status)| of(kind, status).map(said))
        .collect();
    if !failed.is_empty() {
        return Verdict::Failed(failed);
    }
    if of("ACK.ResourceSynced", "True").is_some() {
        return Verdict::Synced;
    }
    let passing = [
        ("ACK.Recoverable", "True"),
        ("ACK.ReferencesResolved", "Unknown"),
    ];
    let mut waiting: Vec<String> = passing
        .into_iter()
        .filter_map(|(kind, status)| of(kind, status).map(said))
        .collect();
    if waiting.is_empty() {
        let others = [
            ("ACK.ResourceSynced", "False"),
            ("ACK.ResourceSynced", "Unknown"),
        ];
        waiting.extend(
            others
                .into_iter()
                .filter_map(|(kind, status)| of(kind, status).map(said)),
        );
    }
    Verdict::Waiting(waiting)
}

/// `ACK.Terminal: Resource already exists`. Of references the message is the same for all, and the reason says which.
fn said(condition: &Value) -> String {
    let text = |field: &str| condition[field].as_str().unwrap_or_default().trim();
    let parts = [text("type"), text("message"), text("reason")];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(": ")
}

/// Whether nobody has written an object's status since we wrote the object last: ACK has not looked at it since.
pub fn is_behind(object: &Object) -> bool {
    let seconds = |time: &str| {
        let time: Option<Timestamp> = time.parse().ok();
        time.map(Timestamp::as_second)
    };
    let ours = our_write(object).as_deref().and_then(seconds);
    let theirs = managed::status_written(object).and_then(seconds);
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => theirs + SKEW < ours,
        _ => false,
    }
}

/// How long to wait, at a time by our clock, before an object is written: ACK's next conditions could be those of before
/// to the letter if both were made in one second, and nobody would know that it has looked at what was written.
pub fn pause_before_write(object: &Object, now: Timestamp) -> Duration {
    const SECOND: Duration = Duration::from_secs(1);
    let theirs: Option<Timestamp> =
        managed::status_written(object).and_then(|time| time.parse().ok());
    let Some(theirs) = theirs else {
        return Duration::ZERO;
    };
    let over = theirs.duration_until(now);
    let passed = Duration::try_from(over).unwrap_or_default();
    SECOND.saturating_sub(passed)
}

fn our_write(object: &Object) -> Option<String> {
    let mut owners = managed::owners(object, &[]).into_iter();
    owners.find(Owner::is_us).map(|owner| owner.time)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::object;

    fn with(conditions: &Value) -> Object {
        object(
            json!({"apiVersion": "iam.services.k8s.aws/v1alpha1", "kind": "Role",
            "metadata": {"name": "acme", "namespace": "mcpctl-system"}, "status": {"conditions": conditions}}),
        )
    }

    fn condition(kind: &str, status: &str, message: &str, reason: &str) -> Value {
        json!({"type": kind, "status": status, "message": message, "reason": reason})
    }

    #[test]
    fn each_condition_is_what_it_says() {
        let synced = condition("ACK.ResourceSynced", "True", "synced", "");
        let unsynced = condition("ACK.ResourceSynced", "False", "Resource not synced", "");
        let terminal = condition("ACK.Terminal", "True", "Resource already exists", "");
        let recoverable = condition("ACK.Recoverable", "True", "ResourceInUseException", "");
        let references = |status: &str| {
            let message = "Reference resolution failed";
            condition("ACK.ReferencesResolved", status, message, "role acme")
        };
        let waiting = |texts: &[&str]| {
            Verdict::Waiting(texts.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let failed = |text: &str| Verdict::Failed(vec![text.to_string()]);
        for (conditions, expected) in [
            (json!(null), waiting(&[])),
            (json!([]), waiting(&[])),
            (json!([synced]), Verdict::Synced),
            (json!([synced, references("True")]), Verdict::Synced),
            (
                json!([unsynced, terminal]),
                failed("ACK.Terminal: Resource already exists"),
            ),
            (
                json!([unsynced, recoverable]),
                waiting(&["ACK.Recoverable: ResourceInUseException"]),
            ),
            (
                json!([references("Unknown"), unsynced]),
                waiting(&["ACK.ReferencesResolved: Reference resolution failed: role acme"]),
            ),
            (
                json!([references("False"), unsynced]),
                failed("ACK.ReferencesResolved: Reference resolution failed: role acme"),
            ),
            (
                json!([unsynced]),
                waiting(&["ACK.ResourceSynced: Resource not synced"]),
            ),
        ] {
            assert_eq!(verdict(&with(&conditions)), expected, "{conditions}");
        }
    }

    #[test]
    fn a_write_that_no_controller_has_seen_shows_by_its_time() {
        let at = |ours: &str, theirs: &str| {
            let mut object = with(&json!([{"type": "ACK.ResourceSynced", "status": "True"}]));
            object.tree["metadata"]["managedFields"] = json!([
                {"manager": "controller", "operation": "Update", "time": "2026-01-02T03:09:00Z", "fieldsV1": {}},
                {"manager": "mcpctl", "operation": "Apply", "time": ours, "fieldsV1": {}},
                {"manager": "controller", "operation": "Update", "time": theirs, "subresource": "status",
                    "fieldsV1": {}},
            ]);
            is_behind(&object)
        };
        let ours = "2026-01-02T03:04:05Z";
        assert!(at(ours, "2026-01-02T03:04:03Z"));
        // Clocks differ a little.
        assert!(!at(ours, "2026-01-02T03:04:04Z"));
        assert!(!at(ours, ours));
        assert!(!at(ours, "2026-01-02T03:04:06Z"));
        assert!(!is_behind(&with(&json!([]))));
    }

    #[test]
    fn the_second_of_the_last_conditions_is_let_pass() {
        let mut object = with(&json!([]));
        object.tree["metadata"]["managedFields"] = json!([{"manager": "controller", "operation": "Update", "time": "2026-01-02T03:04:05Z",
                "subresource": "status", "fieldsV1": {}}]);
        let pause = |now: &str| pause_before_write(&object, now.parse().expect("a time"));
        let second = Duration::from_secs(1);
        assert_eq!(pause("2026-01-02T03:04:05Z"), second);
        assert_eq!(pause("2026-01-02T03:04:05.4Z"), Duration::from_millis(600));
        assert_eq!(pause("2026-01-02T03:04:06Z"), Duration::ZERO);
        // Our clock is late: never more than a second.
        assert_eq!(pause("2026-01-02T03:00:00Z"), second);
        let new = with(&json!([]));
        assert_eq!(pause_before_write(&new, Timestamp::now()), Duration::ZERO);
    }
}
