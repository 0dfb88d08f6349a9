//! Follows a role or association until ACK has carried it out or says that it cannot.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::Value;
use tokio::time::Instant;

use super::{
    finding::{Finding, Waiting, message},
    sleep_until,
};
use crate::{
    ack::{self, Verdict},
    backend::{Kubernetes, WatchEvent},
    error::{Error, Kind, Result},
    object::{Id, Object},
};

/// How long a controller may take to look at an object before that is worth a word.
const PATIENCE: Duration = Duration::from_secs(2);

/// Waits until AWS has a role or association as its object says; the object as it is then. `written` says that it was
/// written just now: what ACK said before does not count. `progress` hears each time what is still waited for.
///
/// # Errors
/// Incomplete, as soon as ACK says that it does not try again, and when the object is deleted meanwhile.
pub async fn synced(
    kubernetes: &Kubernetes,
    object: &Object,
    written: bool,
    progress: &dyn Fn(&Waiting),
) -> Result<Object> {
    let began = Instant::now();
    let (id, word) = (object.id(), Word::since(object, written));
    let mut now = object.clone();
    let mut last = Waiting::default();
    let mut patience = Some(began + PATIENCE);
    loop {
        let version = now.text("/metadata/resourceVersion").to_string();
        let Some(kind) = kubernetes.kind(&id.group, &id.kind) else {
            return Err(gone(id));
        };
        let mut events = kubernetes
            .watch(&kind, &id.namespace, Some(&id.name), &version)
            .await?;
        loop {
            match word.of(&now) {
                Verdict::Synced => return Ok(now),
                Verdict::Failed(why) => return Err(failed(id, &kind.plural, &why)),
                Verdict::Waiting(why) => {
                    let waiting = waiting(&why, began.elapsed());
                    if waiting != last && !waiting.findings.is_empty() {
                        progress(&waiting);
                        last = waiting;
                    }
                }
            }
            tokio::select! {
                event = events.next() => match event {
                    Some(WatchEvent::Present(tree)) => now = Object::new(ack::read(tree))?,
                    Some(WatchEvent::Gone(_)) => return Err(gone(id)),
                    Some(WatchEvent::Ended) | None => break,
                },
                () = sleep_until(patience) => patience = None,
            }
        }
        now = kubernetes.get(id).await?.ok_or_else(|| gone(id))?;
    }
}

/// What ACK says from some moment on.
struct Word {
    before: Value,
    /// Whether what it said before counts.
    counts: bool,
}

impl Word {
    fn since(object: &Object, written: bool) -> Self {
        Self {
            before: ack::conditions(object).clone(),
            counts: !written && !ack::is_behind(object),
        }
    }

    fn of(&self, now: &Object) -> Verdict {
        let verdict = ack::verdict(now);
        if *ack::conditions(now) != self.before {
            return verdict;
        }
        match verdict {
            _ if !self.counts => Verdict::Waiting(Vec::new()),
            // It tries again, and what the object refers to may be mended by now.
            Verdict::Failed(why) if !why.iter().any(|said| said.starts_with(ack::TERMINAL)) => {
                Verdict::Waiting(why)
            }
            verdict => verdict,
        }
    }
}

fn waiting(why: &[String], elapsed: Duration) -> Waiting {
    let mut findings: Vec<Finding> = why.iter().map(|said| Finding::new(message(said))).collect();
    if findings.is_empty() && elapsed >= PATIENCE {
        findings.push(Finding::new("no ACK controller has looked at it yet").hint(
            "are the ACK controllers for IAM and EKS running, and do they watch the namespace mcpctl-system?",
        ));
    }
    Waiting {
        state: String::new(),
        findings,
    }
}

fn failed(id: &Id, plural: &str, why: &[String]) -> Error {
    let mut error = Error::new(
        Kind::Incomplete,
        format!("{id} cannot be carried out by ACK"),
    );
    error.details = why.iter().map(|said| message(said)).collect();
    let Id {
        group,
        namespace,
        name,
        ..
    } = id;
    if why.iter().any(|said| said.contains("already exists")) {
        return error.hint(format!(
            "ACK takes over nothing that exists, and neither do we through it: delete it in AWS, then the object that stands for it (kubectl -n {namespace} delete {plural}.{group} {name}), and run the same command again"
        ));
    }
    error.hint("mend the cause and run the same command again; ACK looks again when the object changes, and at its next resync (every 10 hours, unless it is told otherwise)")
}

fn gone(id: &Id) -> Error {
    Error::new(
        Kind::Incomplete,
        format!("{id} was deleted while ACK was waited for"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::object;

    const OURS: &str = "2026-01-02T03:04:05Z";

    /// An object that we wrote at [`OURS`], and about which ACK said this at another time.
    fn with(kind: &str, status: &str, time: &str) -> Object {
        object(
            json!({"apiVersion": "iam.services.k8s.aws/v1alpha1", "kind": "Role",
            "metadata": {"name": "acme", "namespace": "mcpctl-system", "managedFields": [
                {"manager": "mcpctl", "operation": "Apply", "time": OURS, "fieldsV1": {}},
                {"manager": "controller", "operation": "Update", "time": time, "subresource": "status", "fieldsV1": {}},
            ]},
            "status": {"conditions": [{"type": kind, "status": status, "lastTransitionTime": time}]}}),
        )
    }

    #[test]
    fn what_was_said_before_the_write_does_not_count() {
        let synced = |time| with("ACK.ResourceSynced", "True", time);
        let (old, new) = (
            synced("2026-01-02T03:00:00Z"),
            synced("2026-01-02T03:04:06Z"),
        );
        let nothing = Verdict::Waiting(Vec::new());
        let word = Word::since(&old, true);
        assert_eq!(word.of(&old), nothing);
        assert_eq!(word.of(&new), Verdict::Synced);
        // An earlier run wrote it and did not wait.
        assert_eq!(Word::since(&old, false).of(&old), nothing);
        // Nothing was written, so it is about what there is.
        assert_eq!(Word::since(&new, false).of(&new), Verdict::Synced);
    }

    #[test]
    fn a_failure_from_before_counts_only_where_ack_does_not_try_again() {
        let is_failure =
            |word: &Word, object: &Object| matches!(word.of(object), Verdict::Failed(_));
        let terminal = with("ACK.Terminal", "True", OURS);
        assert!(is_failure(&Word::since(&terminal, false), &terminal));
        let unresolved = |time| with("ACK.ReferencesResolved", "False", time);
        let before = unresolved(OURS);
        let word = Word::since(&before, false);
        assert!(!is_failure(&word, &before));
        assert!(is_failure(&word, &unresolved("2026-01-02T03:04:06Z")));
    }
}
