//! Waiting for a pod that runs once.

use futures_util::StreamExt;
use serde_json::Value;
use tokio::time::Instant;

use super::{
    finding::{Finding, Waiting, message},
    pods, sleep_until,
};
use crate::{
    backend::{Kubernetes, WatchEvent},
    error::{Error, Kind, Result},
    object::{Object, own_kind},
};

/// Follows a pod until all of its containers ended; as it is then, or nothing if it is gone before. `progress` hears what
/// it waits for.
///
/// # Errors
/// Wait, as soon as the pod cannot start, and without a hint where what is wrong is its image.
pub async fn ended(
    kubernetes: &Kubernetes,
    pod: &Object,
    progress: &dyn Fn(&Waiting),
) -> Result<Option<Value>> {
    let (id, uid) = (pod.id(), pod.text("/metadata/uid"));
    let began = Instant::now();
    let (mut last, mut patience) = (Waiting::default(), None);
    loop {
        let found = kubernetes.get(id).await?;
        let Some(found) = found.filter(|found| found.text("/metadata/uid") == uid) else {
            return Ok(None);
        };
        let version = found.text("/metadata/resourceVersion").to_string();
        let mut tree = found.tree;
        let kind = own_kind("", "Pod");
        let mut events = kubernetes
            .watch(kind, &id.namespace, Some(&id.name), &version)
            .await?;
        loop {
            if pods::is_over(&tree) {
                return Ok(Some(tree));
            }
            let at = began.elapsed();
            patience = pods::patient(patience, &tree, at);
            let ends = patience.map(|(end, _)| end);
            let at_end = ends.is_some_and(|end| end <= at);
            let waiting = read(&tree, at_end)
                .map_err(|found| hopeless(&tree, &format!("{id} does not start"), found))?;
            if waiting != last {
                progress(&waiting);
                last = waiting;
            }
            let timer = ends.filter(|_| !at_end).map(|end| began + end);
            tokio::select! {
                event = events.next() => match event {
                    Some(WatchEvent::Present(new)) if new["metadata"]["uid"] == uid => tree = new,
                    // Another one of its name comes after this one went.
                    Some(WatchEvent::Present(_) | WatchEvent::Gone(_)) => return Ok(None),
                    Some(WatchEvent::Ended) | None => break,
                },
                () = sleep_until(timer) => {}
            }
        }
    }
}

/// What a pod waits for, or what of it is hopeless. One that somebody takes away need not start.
fn read(pod: &Value, at_end: bool) -> std::result::Result<Waiting, Finding> {
    let says = pods::read(pod, &[], at_end);
    let hopeless = says.hopeless.into_iter().next();
    match hopeless.filter(|_| !pods::is_taken(pod)) {
        Some(first) => Err(first),
        None => Ok(Waiting {
            state: pod["status"]["phase"]
                .as_str()
                .unwrap_or_default()
                .to_lowercase(),
            findings: says.told,
        }),
    }
}

/// What is to be done about the image is another matter for a pod that is not the server's; a missing node is the same.
fn hopeless(pod: &Value, what: &str, found: Finding) -> Error {
    let error = Error::new(Kind::Wait, what).detail(found.line);
    let hint = found.hint.filter(|_| !pod["spec"]["nodeName"].is_string());
    hint.into_iter().fold(error, Error::hint)
}

/// How a pod failed: of the pod itself, and of the container that ended badly.
pub fn failure(pod: &Value) -> String {
    let said = |value: &Value, field: &str| message(value[field].as_str().unwrap_or_default());
    let status = &pod["status"];
    let mut parts = vec![said(status, "reason"), said(status, "message")];
    let containers = status["containerStatuses"].as_array().into_iter().flatten();
    let ends = containers.map(|container| &container["state"]["terminated"]);
    for end in ends.filter(|end| end["exitCode"].as_i64().is_some_and(|code| code != 0)) {
        parts.push(format!(
            "exit code {} ({})",
            end["exitCode"],
            said(end, "reason")
        ));
        parts.push(said(end, "message"));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    /// A pod whose image does not come though it has a Secret to pull with.
    fn pulls() -> Value {
        json!({
            "metadata": {"name": "asks"},
            "spec": {"nodeName": "one", "imagePullSecrets": [{"name": "registry"}]},
            "status": {"phase": "Pending", "containerStatuses": [{
                "name": "asks", "image": "aws-cli:2", "state": {"waiting": {"reason": "ImagePullBackOff"}},
            }]},
        })
    }

    #[test]
    fn an_image_that_does_not_come_is_hopeless_once_the_patience_with_its_secret_ends() {
        let pod = pulls();
        let waiting = read(&pod, false).expect("it may come");
        assert!(waiting.findings[0].line.contains("cannot be pulled"));
        let found = read(&pod, true).expect_err("it does not come");
        let error = hopeless(&pod, "it does not start", found);
        assert!(error.details[0].contains("cannot be pulled") && error.hints.is_empty());

        let secs = Duration::from_secs;
        let first = pods::patient(None, &pod, secs(1));
        assert_eq!(first, Some((secs(11), secs(10))));
        assert_eq!(pods::patient(first, &pod, secs(5)), first);
        let started = json!({"status": {"phase": "Running"}});
        assert_eq!(pods::patient(first, &started, secs(5)), None);
    }

    #[test]
    fn a_pod_that_is_taken_away_need_not_start() {
        let mut deleted = pulls();
        deleted["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        let mut disrupted = pulls();
        disrupted["status"]["conditions"] = json!([{"type": "DisruptionTarget", "status": "True"}]);
        for pod in [deleted, disrupted] {
            assert!(pods::is_taken(&pod) && read(&pod, true).is_ok(), "{pod}");
        }
        assert!(!pods::is_taken(&pulls()));
    }

    #[test]
    fn without_a_node_the_hint_is_about_nodes() {
        let pod = json!({"status": {"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"},
        ]}});
        let found = read(&pod, true).expect_err("no node");
        let error = hopeless(&pod, "it does not start", found);
        assert!(error.hints[0].contains("add nodes"), "{error}");
    }
}
