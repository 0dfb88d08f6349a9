//! What is known about a tenant's rollout, and what follows from it. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::object::Object;

/// What the evidence says.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Pods are available and the Ingress has an address.
    Ready,
    /// Not yet, for this reason.
    Waiting(String),
    /// Waiting does not help.
    Failed(Vec<String>),
}

/// The newest known state of each object of a rollout.
#[derive(Debug)]
pub struct Evidence {
    deployment: Value,
    ingress: Option<Value>,
    pods: BTreeMap<String, Value>,
    ingress_warning: Option<String>,
}

impl Evidence {
    /// Starts from what was read or written last.
    pub fn new(deployment: &Object, ingress: Option<&Object>) -> Self {
        Self {
            deployment: deployment.tree.clone(),
            ingress: ingress.map(|object| object.tree.clone()),
            pods: BTreeMap::new(),
            ingress_warning: None,
        }
    }

    /// Takes in an object that lives.
    pub fn present(&mut self, kind: &str, tree: Value) {
        let name = text(&tree, "/metadata/name").to_string();
        match kind {
            "Deployment" if name == text(&self.deployment, "/metadata/name") => {
                self.deployment = tree;
            }
            "Ingress"
                if self
                    .ingress
                    .as_ref()
                    .is_some_and(|ingress| text(ingress, "/metadata/name") == name) =>
            {
                self.ingress = Some(tree);
            }
            "Pod" => _ = self.pods.insert(name, tree),
            "Event" if text(&tree, "/involvedObject/kind") == "Ingress" => {
                let warning = text(&tree, "/type") == "Warning";
                self.ingress_warning = warning
                    .then(|| format!("{}: {}", text(&tree, "/reason"), text(&tree, "/message")));
            }
            _ => {}
        }
    }

    /// Takes in an object that is gone.
    pub fn gone(&mut self, kind: &str, tree: &Value) {
        if kind == "Pod" {
            self.pods.remove(text(tree, "/metadata/name"));
        }
    }

    /// What follows.
    pub fn verdict(&self) -> Verdict {
        let status = &self.deployment["status"];
        let number = |value: &Value| value.as_i64().unwrap_or(0);
        let wanted = self.deployment["spec"]["replicas"].as_i64().unwrap_or(1);
        let seen = number(&status["observedGeneration"])
            >= number(&self.deployment["metadata"]["generation"]);
        let (updated, available) = (
            number(&status["updatedReplicas"]),
            number(&status["availableReplicas"]),
        );
        let rolled_out = seen
            && updated >= wanted
            && available >= wanted
            && number(&status["replicas"]) == updated;
        if !rolled_out {
            let failures = self.failures();
            if !failures.is_empty() {
                return Verdict::Failed(failures);
            }
            let hints = self.hints();
            let hints = if hints.is_empty() {
                String::new()
            } else {
                format!(" ({})", hints.join("; "))
            };
            let old = (number(&status["replicas"]) - updated).max(0);
            let old = if seen && old > 0 {
                format!(", {old} to end")
            } else {
                String::new()
            };
            return Verdict::Waiting(format!(
                "{} of {wanted} pods ready{old}{hints}",
                available.min(updated).min(wanted)
            ));
        }
        let address =
            |ingress: &Value| !text(ingress, "/status/loadBalancer/ingress/0/hostname").is_empty();
        match &self.ingress {
            Some(ingress) if !address(ingress) => {
                let why = self
                    .ingress_warning
                    .as_ref()
                    .map(|why| format!(" ({why})"))
                    .unwrap_or_default();
                Verdict::Waiting(format!("Ingress has no address yet{why}"))
            }
            _ => Verdict::Ready,
        }
    }

    /// The pods of the newest template: those of older ones may fail, that is why they are replaced.
    fn newest(&self) -> impl Iterator<Item = &Value> {
        const HASH: &str = "/metadata/labels/pod-template-hash";
        let newest = self
            .pods
            .values()
            .max_by_key(|pod| text(pod, "/metadata/creationTimestamp"));
        let hash = newest.map(|pod| text(pod, HASH).to_string());
        self.pods
            .values()
            .filter(move |pod| Some(text(pod, HASH)) == hash.as_deref())
    }

    fn failures(&self) -> Vec<String> {
        const HOPELESS: [&str; 4] = [
            "CrashLoopBackOff",
            "ErrImageNeverPull",
            "ImagePullBackOff",
            "InvalidImageName",
        ];
        let mut found: Vec<String> = Vec::new();
        for pod in self.newest() {
            for (reason, line) in waiting(pod) {
                if HOPELESS.contains(&reason) {
                    found.push(line);
                }
            }
        }
        found.extend(self.refusals().filter(|why| !heals(why)));
        found
    }

    /// Why the API server refuses the Deployment's pods.
    fn refusals(&self) -> impl Iterator<Item = String> {
        let conditions = self.deployment["status"]["conditions"].as_array();
        let refused = conditions.into_iter().flatten().filter(|condition| {
            condition["type"] == "ReplicaFailure" && condition["status"] == "True"
        });
        refused.map(|condition| format!("pods are refused: {}", text(condition, "/message")))
    }

    /// What pods wait for that may still come: an image, a Secret, a node.
    fn hints(&self) -> Vec<String> {
        let mut found: Vec<String> = self.refusals().filter(|why| heals(why)).collect();
        for pod in self.newest() {
            found.extend(
                waiting(pod)
                    .into_iter()
                    .filter(|(reason, _)| {
                        *reason != "ContainerCreating" && *reason != "PodInitializing"
                    })
                    .map(|(_, line)| line),
            );
            let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
            let unschedulable =
                conditions.filter(|condition| condition["reason"] == "Unschedulable");
            found.extend(
                unschedulable
                    .map(|condition| format!("waits for a node: {}", text(condition, "/message"))),
            );
        }
        found.sort();
        found.dedup();
        found
    }
}

/// Whether the ReplicaSet will get its pods by trying again: once the association has spread.
fn heals(refusal: &str) -> bool {
    refusal.contains(crate::gate::POLICY)
}

/// Reason and line of each waiting container of a pod.
fn waiting(pod: &Value) -> Vec<(&str, String)> {
    let statuses = ["containerStatuses", "initContainerStatuses"]
        .into_iter()
        .filter_map(|list| pod["status"][list].as_array())
        .flatten();
    statuses
        .filter_map(|status| {
            let reason = status.pointer("/state/waiting/reason")?.as_str()?;
            let mut line = format!("pod {}: {reason}", text(pod, "/metadata/name"));
            let message = text(status, "/state/waiting/message");
            if !message.is_empty() {
                line = format!("{line}: {message}");
            }
            if let Some(ended) = status.pointer("/lastState/terminated") {
                line = format!(
                    "{line}; last ended with exit code {} ({})",
                    ended["exitCode"],
                    text(ended, "/reason")
                );
            }
            Some((reason, line))
        })
        .collect()
}

/// What keeps an object that is being deleted: its finalizers, and of a namespace the conditions that say why.
pub(super) fn holders(tree: &Value) -> Vec<String> {
    let mut found: Vec<String> = tree["metadata"]["finalizers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|finalizer| format!("finalizer {finalizer}"))
        .collect();
    let conditions = tree["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten();
    let namespace = tree["kind"] == "Namespace";
    let telling = conditions.filter(|condition| namespace && condition["status"] == "True");
    found.extend(telling.map(|condition| {
        format!(
            "{}: {}",
            text(condition, "/type"),
            text(condition, "/message")
        )
    }));
    found
}

fn text<'a>(tree: &'a Value, pointer: &str) -> &'a str {
    tree.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
