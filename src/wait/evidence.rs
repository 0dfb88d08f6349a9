//! What is known about a tenant's rollout, and what follows from it. Pure: facts and a time in, a verdict out.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use super::{
    finding::{Finding, Waiting, message},
    group::{self, Complaints},
    pods, refusal,
    workload::{Rollout, is_late, is_owned_by, late, refused},
};
use crate::object::Object;

/// How long a pod waits for a node before that counts as failure: an autoscaler needs its time.
const NODE_PATIENCE: Duration = Duration::from_mins(3);
const REVISION: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";

/// What the evidence says.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Pods are available and the Ingress has an address.
    Ready,
    /// Not yet, for these reasons.
    Waiting(Waiting),
    /// Waiting does not help.
    Failed(Vec<Finding>),
}

/// The newest known state of each object of a rollout. Times count from when waiting began.
#[derive(Debug)]
pub struct Evidence {
    deployment: Value,
    ingress: Option<Value>,
    replica_sets: BTreeMap<String, Value>,
    pods: BTreeMap<String, Value>,
    /// Since when a pod is known to find no node, by its name.
    without_node: BTreeMap<String, Duration>,
    /// The newest warning about a pod of each reason, and of each probe, with the version of its event.
    warnings: BTreeMap<(String, String), (u64, pods::Warning)>,
    complaints: Complaints,
    /// The Ingresses of all namespaces, once the load balancer's group has to be looked at.
    members: Vec<Value>,
    /// Whether the rollout had run out of time before: that is an old story, and its cause may be mended.
    was_late: bool,
}

impl Evidence {
    /// Starts from what was read or written last.
    pub fn new(deployment: &Object, ingress: Option<&Object>) -> Self {
        Self {
            was_late: is_late(&deployment.tree),
            deployment: deployment.tree.clone(),
            ingress: ingress.map(|object| object.tree.clone()),
            replica_sets: BTreeMap::new(),
            pods: BTreeMap::new(),
            without_node: BTreeMap::new(),
            warnings: BTreeMap::new(),
            complaints: Complaints::default(),
            members: Vec::new(),
        }
    }

    /// Takes in an object that lives.
    pub fn present(&mut self, kind: &str, tree: Value, at: Duration) {
        let name = text(&tree, "/metadata/name").to_string();
        match kind {
            "Deployment" if name == text(&self.deployment, "/metadata/name") => {
                self.was_late &= is_late(&tree);
                self.deployment = tree;
            }
            "Ingress" => {
                let own = self.ingress.as_mut();
                if let Some(own) = own.filter(|own| text(own, "/metadata/name") == name) {
                    *own = tree;
                }
            }
            "ReplicaSet" => _ = self.replica_sets.insert(name, tree),
            "Pod" => {
                if pods::unschedulable(&tree).is_some() {
                    self.without_node.entry(name.clone()).or_insert(at);
                } else {
                    self.without_node.remove(&name);
                }
                self.pods.insert(name, tree);
            }
            "Event" => self.event(&tree),
            _ => {}
        }
    }

    /// Takes in an object that is gone.
    pub fn gone(&mut self, kind: &str, tree: &Value) {
        let name = text(tree, "/metadata/name");
        match kind {
            "ReplicaSet" => _ = self.replica_sets.remove(name),
            "Pod" => {
                self.pods.remove(name);
                self.without_node.remove(name);
            }
            _ => {}
        }
    }

    fn event(&mut self, event: &Value) {
        let about = text(event, "/involvedObject/kind");
        if about == "Ingress" {
            self.complaints.take(event);
        }
        if about != "Pod" || text(event, "/type") != "Warning" {
            return;
        }
        let version = text(event, "/metadata/resourceVersion")
            .parse()
            .unwrap_or(0);
        let (reason, said) = (text(event, "/reason"), message(text(event, "/message")));
        let topic = said
            .split(" failed: ")
            .next()
            .filter(|_| reason == "Unhealthy");
        let key = (
            text(event, "/involvedObject/name").to_string(),
            topic.unwrap_or(reason).to_string(),
        );
        if self
            .warnings
            .get(&key)
            .is_none_or(|(known, _)| *known <= version)
        {
            self.warnings.insert(key, (version, (reason.into(), said)));
        }
    }

    /// What the load balancer controller said about the Ingress, while it has no address.
    pub fn complaint(&self) -> Option<&str> {
        let ingress = self
            .ingress
            .as_ref()
            .filter(|ingress| !has_address(ingress))?;
        self.complaints.about(ingress)
    }

    /// Takes in the Ingresses of all namespaces, which tell whom the controller means.
    pub fn members(&mut self, all: Vec<Value>) {
        self.members = all;
    }

    /// When the verdict may change without anything happening.
    pub fn patience_ends(&self) -> Option<Duration> {
        self.without_node
            .values()
            .min()
            .map(|since| *since + NODE_PATIENCE)
    }

    /// What follows, at a time since waiting began.
    pub fn verdict(&self, at: Duration) -> Verdict {
        let (mut hopeless, mut told) = (Vec::new(), Vec::new());
        let rollout = Rollout::of(&self.deployment);
        if !rollout.complete {
            self.pods(at, &mut hopeless, &mut told);
            if rollout.seen && is_late(&self.deployment) && !self.was_late {
                hopeless.push(late(&self.deployment));
                hopeless.append(&mut told);
            }
        }
        let addressed = self.ingress.as_ref().is_none_or(has_address);
        if let (Some(ingress), Some(said)) = (&self.ingress, self.complaint()) {
            let diagnosis = group::diagnose(said, ingress, &self.members);
            let list = if diagnosis.own {
                &mut hopeless
            } else {
                &mut told
            };
            list.push(diagnosis.finding);
        }
        if !hopeless.is_empty() {
            hopeless.extend(self.still_serving());
            return Verdict::Failed(hopeless);
        }
        match (rollout.complete, addressed) {
            (true, true) => Verdict::Ready,
            (complete, _) => Verdict::Waiting(Waiting {
                state: if complete {
                    "Ingress has no address yet".into()
                } else {
                    rollout.state
                },
                findings: told,
            }),
        }
    }

    /// The newest `ReplicaSet`, once the Deployment's controller has made it. Pods of older ones may fail: that is why
    /// they are replaced.
    fn newest(&self) -> Option<&Value> {
        let revision = text(&self.deployment, REVISION);
        self.of_deployment()
            .find(|set| !revision.is_empty() && text(set, REVISION) == revision)
            .filter(|_| Rollout::of(&self.deployment).seen)
    }

    fn of_deployment(&self) -> impl Iterator<Item = &Value> {
        self.replica_sets
            .values()
            .filter(|set| is_owned_by(set, &self.deployment))
    }

    fn pods(&self, at: Duration, hopeless: &mut Vec<Finding>, told: &mut Vec<Finding>) {
        let Some(newest) = self.newest() else { return };
        let mut said: Vec<(String, bool, &str, Finding)> = Vec::new();
        for (name, pod) in &self.pods {
            if !is_owned_by(pod, newest) || !pods::counts(pod) {
                continue;
            }
            let warnings: Vec<&pods::Warning> = self
                .warnings
                .iter()
                .filter(|((about, _), _)| about == name)
                .map(|(_, (_, warning))| warning)
                .collect();
            let mut says = pods::read(pod, &warnings);
            if let Some(why) = pods::unschedulable(pod) {
                let (found, hopeless) = self.without_node(name, &why, at);
                (if hopeless {
                    &mut says.hopeless
                } else {
                    &mut says.told
                })
                .push(found);
            }
            let all = says.hopeless.into_iter().map(|found| (true, found));
            for (hopeless, found) in all.chain(says.told.into_iter().map(|found| (false, found))) {
                said.push((found.line.clone(), hopeless, name, found));
            }
        }
        for (hopeless_one, finding) in together(said) {
            if hopeless_one {
                &mut *hopeless
            } else {
                &mut *told
            }
            .push(finding);
        }
        if let Some(refused) = refused(newest) {
            let ending = self
                .pods
                .values()
                .any(|pod| pod["metadata"]["deletionTimestamp"].is_string());
            let heals = refusal::heals(refused, ending);
            if heals { told } else { hopeless }.push(refusal::finding(refused));
        }
    }

    fn without_node(&self, pod: &str, why: &str, at: Duration) -> (Finding, bool) {
        let since = self.without_node.get(pod).copied().unwrap_or(at);
        if at.saturating_sub(since) < NODE_PATIENCE {
            return (Finding::new(format!("waits for a node: {why}")), false);
        }
        let minutes = NODE_PATIENCE.as_secs() / 60;
        let finding = Finding::new(format!("no node for {minutes} minutes: {why}"))
            .hint("add nodes that fit, or change resources, nodeSelector, tolerations or affinity");
        (finding, true)
    }

    /// Pods of the version before, which a broken update leaves alone.
    fn still_serving(&self) -> Option<Finding> {
        let newest = self.newest()?;
        let older = |pod: &&Value| {
            pods::is_ready(pod)
                && !is_owned_by(pod, newest)
                && self.of_deployment().any(|set| is_owned_by(pod, set))
        };
        match self.pods.values().filter(older).count() {
            0 => None,
            1 => Some(Finding::new("1 pod of the version before still serves")),
            many => Some(Finding::new(format!(
                "{many} pods of the version before still serve"
            ))),
        }
    }
}

/// What several pods say alike is said once, with the first of them.
fn together(mut said: Vec<(String, bool, &str, Finding)>) -> Vec<(bool, Finding)> {
    let mut found = Vec::new();
    while !said.is_empty() {
        let (line, hopeless, pod, mut finding) = said.remove(0);
        let before = said.len();
        said.retain(|(other, _, _, _)| *other != line);
        finding.line = match before - said.len() {
            0 => format!("pod {pod}: {line}"),
            more => format!("pod {pod} and {more} more: {line}"),
        };
        found.push((hopeless, finding));
    }
    found
}

fn has_address(ingress: &Value) -> bool {
    !text(ingress, "/status/loadBalancer/ingress/0/hostname").is_empty()
}

fn text<'a>(tree: &'a Value, pointer: &str) -> &'a str {
    tree.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
