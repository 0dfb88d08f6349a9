//! What the state of one pod says. Pure.

use std::time::Duration;

use serde_json::Value;

use super::finding::{Finding, message};
use container::{NO_PULL_SECRET, PULL_SECRET, container, is_pulled};

mod container;

const NODE_PATIENCE: Duration = Duration::from_mins(3);
/// A kubelet sends its events beside its statuses, and each is watched on its own: any may be the first.
const EVENT_PATIENCE: Duration = Duration::from_secs(10);

/// A Warning event about a pod: its reason and its message.
pub(super) type Warning = (String, String);

/// What one pod says: what waiting does not help, and what may still come.
#[derive(Debug, Default)]
pub(super) struct Says {
    pub(super) hopeless: Vec<Finding>,
    pub(super) told: Vec<Finding>,
}

/// Whether a pod counts: one that was evicted or is on its way out is replaced by another.
pub(super) fn counts(pod: &Value) -> bool {
    !is_over(pod) && !is_taken(pod)
}

/// Whether all of its containers ended.
pub(super) fn is_over(pod: &Value) -> bool {
    ["Failed", "Succeeded"].contains(&text(pod, "/status/phase"))
}

/// Whether somebody takes a pod away: deletes, drains, evicts or preempts it. A kubelet then notes how its containers
/// ended before the pod goes.
/// <https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions>
pub fn is_taken(pod: &Value) -> bool {
    let goes = pod["metadata"]["deletionTimestamp"].is_string();
    goes || condition(pod, "DisruptionTarget").is_some_and(|found| found["status"] == "True")
}

/// Whether a pod serves requests.
pub(super) fn is_ready(pod: &Value) -> bool {
    counts(pod) && condition(pod, "Ready").is_some_and(|found| found["status"] == "True")
}

/// Why the scheduler finds no node.
fn unschedulable(pod: &Value) -> Option<String> {
    let scheduled = condition(pod, "PodScheduled")?;
    let refused = scheduled["status"] == "False" && scheduled["reason"] == "Unschedulable";
    refused.then(|| message(text(scheduled, "/message")))
}

/// How long a state may last before it counts as failure: without a node, since an autoscaler needs its time, and
/// without an image while an event may still name the Secret that it takes.
fn patience(pod: &Value) -> Option<Duration> {
    if unschedulable(pod).is_some() {
        return Some(NODE_PATIENCE);
    }
    let has_secrets = array(&pod["spec"]["imagePullSecrets"]).next().is_some();
    let pulls = statuses(pod).any(|status| is_pulled(text(status, "/state/waiting/reason")));
    (has_secrets && pulls).then_some(EVENT_PATIENCE)
}

/// A patience, and when it is at an end.
pub(super) type Patience = (Duration, Duration);

/// Until when the state of a pod is no failure yet. The same patience as before counts from when it began.
pub(super) fn patient(known: Option<Patience>, pod: &Value, at: Duration) -> Option<Patience> {
    let patience = patience(pod)?;
    let same = known.filter(|(_, known)| *known == patience);
    Some(same.unwrap_or((at + patience, patience)))
}

/// Reads a pod and the newest warnings about it; whether its [`patience`] is at an end.
pub(super) fn read(pod: &Value, warnings: &[&Warning], at_end: bool) -> Says {
    let mut says = Says::default();
    for status in statuses(pod) {
        container(pod, status, (warnings, at_end), &mut says);
    }
    if let Some(why) = unschedulable(pod) {
        without_node(&why, at_end, &mut says);
    }
    let creating = text(pod, "/status/phase") == "Pending";
    let known = ["FailedMount", "FailedCreatePodSandBox", NO_PULL_SECRET];
    let said = says
        .told
        .iter()
        .any(|found| found.line.contains(PULL_SECRET));
    let early = warnings.iter().filter(|(reason, _)| {
        creating && known.contains(&reason.as_str()) && !(said && reason == NO_PULL_SECRET)
    });
    says.told
        .extend(early.map(|(reason, why)| Finding::new(format!("{reason}: {why}"))));
    says.told.extend(load_balancer(pod));
    says
}

fn statuses(pod: &Value) -> impl Iterator<Item = &Value> {
    ["initContainerStatuses", "containerStatuses"]
        .into_iter()
        .flat_map(|list| array(&pod["status"][list]))
}

fn without_node(why: &str, at_end: bool, says: &mut Says) {
    if !at_end {
        says.told
            .push(Finding::new(format!("waits for a node: {why}")));
        return;
    }
    let minutes = NODE_PATIENCE.as_secs() / 60;
    let finding = Finding::new(format!("no node for {minutes} minutes: {why}"))
        .hint("add nodes that fit, or change resources, nodeSelector, tolerations or affinity");
    says.hopeless.push(finding);
}

/// Containers are ready, but the load balancer has not found the pod healthy. The controller's readiness gate:
/// <https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/pod_readiness_gate/>
fn load_balancer(pod: &Value) -> Option<Finding> {
    let containers = condition(pod, "ContainersReady")?;
    let gate = array(&pod["spec"]["readinessGates"])
        .filter_map(|gate| gate["conditionType"].as_str())
        .find(|gate| condition(pod, gate).is_none_or(|found| found["status"] != "True"))?;
    if containers["status"] != "True" {
        return None;
    }
    let why = condition(pod, gate).map_or(String::new(), |found| message(text(found, "/message")));
    let why = if why.is_empty() { gate.into() } else { why };
    Some(Finding::new(format!(
        "waits for the load balancer to find it healthy: {why}"
    )))
}

fn condition<'a>(pod: &'a Value, kind: &str) -> Option<&'a Value> {
    array(&pod["status"]["conditions"]).find(|condition| condition["type"] == kind)
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text<'a>(tree: &'a Value, pointer: &str) -> &'a str {
    tree.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
