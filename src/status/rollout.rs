//! How far the Deployment is, and where the Ingress leads.

use serde::Serialize;
use serde_json::Value;

use crate::object::Object;

/// How far a Deployment is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rollout {
    /// Pods that are wanted.
    pub wanted: u64,
    /// Pods of the newest template.
    pub updated: u64,
    /// Pods that are ready.
    pub ready: u64,
    /// Pods that were ready for long enough.
    pub available: u64,
    /// Pods of older templates, that are still to end.
    pub old: u64,
    /// Whether the numbers are of the newest spec: false until the controller has seen it.
    pub current: bool,
    /// Why the API server refuses pods: quota, Pod Security, an admission policy.
    pub refused: Option<String>,
}

impl Rollout {
    /// Reads a Deployment.
    pub fn of(deployment: &Object) -> Self {
        let status = &deployment.tree["status"];
        let number = |value: &Value| value.as_u64().unwrap_or(0);
        let updated = number(&status["updatedReplicas"]);
        let conditions = status["conditions"].as_array();
        let mut refused = conditions.into_iter().flatten().filter(|condition| {
            condition["type"] == "ReplicaFailure" && condition["status"] == "True"
        });
        Self {
            wanted: deployment.tree["spec"]["replicas"].as_u64().unwrap_or(1),
            updated,
            ready: number(&status["readyReplicas"]),
            available: number(&status["availableReplicas"]),
            old: number(&status["replicas"]).saturating_sub(updated),
            current: number(&status["observedGeneration"])
                >= number(&deployment.tree["metadata"]["generation"]),
            refused: refused
                .find_map(|condition| condition["message"].as_str())
                .map(str::to_string),
        }
    }

    /// Whether nothing is left to do.
    pub fn is_complete(&self) -> bool {
        self.current
            && self.updated >= self.wanted
            && self.available >= self.wanted
            && self.old == 0
    }
}

/// Where the tenant is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ingress {
    /// Hosts of its rules.
    pub hosts: Vec<String>,
    /// Host name of the load balancer; null until the controller gives one. Whether DNS leads there is not checked.
    pub address: Option<String>,
}

impl Ingress {
    pub(super) fn of(object: &Object) -> Self {
        let rules = object.tree["spec"]["rules"].as_array();
        let address = object.text("/status/loadBalancer/ingress/0/hostname");
        Self {
            hosts: rules
                .into_iter()
                .flatten()
                .filter_map(|rule| rule["host"].as_str())
                .map(str::to_string)
                .collect(),
            address: Some(address.to_string()).filter(|address| !address.is_empty()),
        }
    }
}
