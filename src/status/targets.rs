//! Whether the load balancer takes the pods for healthy.
//!
//! The controller writes that into a condition of each pod that it gave a readiness gate, named after the
//! `TargetGroupBinding`; the binding's own status holds a generation and no health:
//! <https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/pod_readiness_gate/>

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::pods::text;
use crate::object::Object;

/// Before the name of the binding, in the type of the condition.
const CONDITION: &str = "target-health.elbv2.k8s.aws";

/// One target group of the namespace.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetGroup {
    /// Name of the `TargetGroupBinding`.
    pub binding: String,
    /// The Service whose pods are its targets.
    pub service: String,
    /// ARN.
    pub target_group_arn: String,
    /// Pods with a readiness gate of this group or a condition about it. Health of others is not known to the cluster.
    pub targets: Vec<Target>,
}

/// A pod as the load balancer sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Name of the pod.
    pub pod: String,
    /// What the controller wrote last.
    pub health: Health,
    /// Reason code of Elastic Load Balancing, such as `Target.FailedHealthChecks`.
    pub reason: Option<String>,
    /// A sentence.
    pub message: Option<String>,
}

/// Health of a target. In JSON: `healthy`, `initial`, `unhealthy`, `unknown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Health {
    /// Requests go there.
    Healthy,
    /// It is being registered or checked for the first time.
    Initial,
    /// Checks fail, or it is not registered.
    Unhealthy,
    /// The controller has not said.
    Unknown,
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Healthy => "healthy",
            Self::Initial => "initial",
            Self::Unhealthy => "unhealthy",
            Self::Unknown => "unknown",
        })
    }
}

pub(super) fn of(bindings: &[Object], pods: &[Object]) -> Vec<TargetGroup> {
    let group = |binding: &Object| {
        let name = binding.id().name.as_str();
        TargetGroup {
            binding: name.into(),
            service: binding.text("/spec/serviceRef/name").into(),
            target_group_arn: binding.text("/spec/targetGroupARN").into(),
            targets: pods.iter().filter_map(|pod| target(pod, name)).collect(),
        }
    };
    bindings.iter().map(group).collect()
}

fn target(pod: &Object, binding: &str) -> Option<Target> {
    let kind = format!("{CONDITION}/{binding}");
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let gates = list(&pod.tree["spec"]["readinessGates"]);
    let gated = gates
        .iter()
        .any(|gate| gate["conditionType"] == kind.as_str());
    let conditions = list(&pod.tree["status"]["conditions"]);
    let condition = conditions
        .into_iter()
        .find(|condition| condition["type"] == kind.as_str());
    if condition.is_none() && !gated {
        return None;
    }
    let condition = condition.unwrap_or_default();
    let reason = text(&condition["reason"]);
    Some(Target {
        pod: pod.id().name.clone(),
        health: health(condition["status"].as_str(), reason.as_deref()),
        reason,
        message: text(&condition["message"]),
    })
}

/// The condition is true for a healthy target alone; reasons tell the others apart:
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html>
fn health(status: Option<&str>, reason: Option<&str>) -> Health {
    match (status, reason) {
        (Some("True"), _) => Health::Healthy,
        (Some("False"), Some("Elb.RegistrationInProgress" | "Elb.InitialHealthChecking")) => {
            Health::Initial
        }
        (Some("False"), _) => Health::Unhealthy,
        _ => Health::Unknown,
    }
}
