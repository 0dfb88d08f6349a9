//! Waiting for a pod that runs once.

use futures_util::StreamExt;
use serde_json::Value;

use super::{
    finding::{Waiting, message},
    pods,
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
/// Wait, as soon as the pod cannot start.
pub async fn ended(
    kubernetes: &Kubernetes,
    pod: &Object,
    progress: &dyn Fn(&Waiting),
) -> Result<Option<Value>> {
    let id = pod.id();
    let uid = pod.text("/metadata/uid");
    let mut last = Waiting::default();
    loop {
        let kind = own_kind("", "Pod");
        let mut events = kubernetes
            .watch(kind, &id.namespace, Some(&id.name), "")
            .await?;
        while let Some(event) = events.next().await {
            let tree = match event {
                WatchEvent::Present(tree) if tree["metadata"]["uid"] == uid => tree,
                WatchEvent::Ended => break,
                // Another one of its name comes after this one went.
                WatchEvent::Present(_) | WatchEvent::Gone(_) => return Ok(None),
            };
            let phase = tree["status"]["phase"].as_str().unwrap_or_default();
            if ["Succeeded", "Failed"].contains(&phase) {
                return Ok(Some(tree));
            }
            let says = pods::read(&tree, &[], false);
            if let Some(first) = says.hopeless.into_iter().next() {
                let what = format!("{id} does not start");
                return Err(Error::new(Kind::Wait, what).detail(first.line));
            }
            let waiting = Waiting {
                state: phase.to_lowercase(),
                findings: says.told,
            };
            if waiting != last {
                progress(&waiting);
                last = waiting;
            }
        }
    }
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
