//! Gives a changed identity its time, and starts a tenant's pods anew with the one that it has now.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use serde_json::json;

use super::{
    Event, Run,
    progress::{Progress, note},
};
use crate::{
    backend::{Apply, Kubernetes, Reason},
    error::Result,
    managed::RESTART_MANAGER,
    object::Object,
    observe,
    plan::Step,
};

/// Between two looks whether a disruption budget lets the next pod go.
const PAUSE: Duration = Duration::from_secs(1);

/// Waits until a change of the association has spread.
pub(super) async fn settle(step: &Step, run: &Run<'_>, progress: &Progress) -> Result<String> {
    if !run.settle.is_zero() {
        let text = format!(
            "what it was changed to has {} s to spread before pods start",
            run.settle.as_secs()
        );
        (run.events)(Event::Waiting(step, &text));
        tokio::time::sleep(run.settle).await;
    }
    progress.settled.set(true);
    Ok(String::new())
}

/// Waits until a change of the identity has spread, then starts the pods anew. Those of a Deployment by a change of its
/// template; what else starts pods may write its template back, so there they are evicted.
pub(super) async fn restart(
    step: &Step,
    workload: &Object,
    run: &Run<'_>,
    progress: &Progress,
) -> Result<String> {
    if !progress.settled.get() {
        let text = format!(
            "pods restart in {} s, when their identity has spread",
            run.settle.as_secs()
        );
        (run.events)(Event::Waiting(step, &text));
        tokio::time::sleep(run.settle).await;
    }
    let kubernetes = run.kubernetes()?;
    if workload.id().group == "apps" {
        note(progress, roll(workload, kubernetes).await?);
        return Ok("pods restarted".into());
    }
    let namespace = &workload.id().namespace;
    let mut pods = observe::pods(kubernetes, namespace).await?;
    pods.retain(observe::is_server);
    for (index, pod) in pods.iter().enumerate() {
        let text = format!(
            "evicts pod {} ({} of {})",
            pod.id().name,
            index + 1,
            pods.len()
        );
        (run.events)(Event::Waiting(step, &text));
        evict(pod, kubernetes).await?;
        progress.wrote.set(true);
    }
    Ok(match pods.len() {
        1 => "1 pod evicted".into(),
        number => format!("{number} pods evicted"),
    })
}

/// As `kubectl rollout restart` does it.
async fn roll(workload: &Object, kubernetes: &Kubernetes) -> Result<Object> {
    let id = workload.id();
    let patch = json!({
        "apiVersion": workload.api_version(),
        "kind": id.kind,
        "metadata": {"name": id.name, "namespace": id.namespace},
        "spec": {"template": {"metadata": {"annotations": {"mcpctl.dev/restarted-at": Timestamp::now().to_string()}}}},
    });
    let how = Apply {
        force: true,
        manager: Some(RESTART_MANAGER),
        ..Apply::default()
    };
    Ok(kubernetes.apply(&Object::new(patch)?, &how).await?)
}

/// The budget refuses with 429 for as long as too few other pods are ready:
/// <https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/>
async fn evict(pod: &Object, kubernetes: &Kubernetes) -> Result<()> {
    loop {
        match kubernetes.evict(pod).await {
            Err(error) if error.reason == Reason::Busy => tokio::time::sleep(PAUSE).await,
            answer => return Ok(answer?),
        }
    }
}
