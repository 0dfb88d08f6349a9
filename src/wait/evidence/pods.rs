//! What is known about the pods of a rollout, and what they say together. Pure.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use super::{
    super::{
        finding::{Finding, message},
        pods::{self, Says, Warning},
        workload::is_owned_by,
    },
    text,
};

/// The newest known state of each pod, and what the kubelet warned of.
#[derive(Debug, Default)]
pub(super) struct Pods {
    living: BTreeMap<String, Value>,
    /// Until when the state of a pod is no failure yet, by the pod's name.
    patience: BTreeMap<String, pods::Patience>,
    /// The newest warning about a pod of each reason, and of each probe, with the version of its event.
    warnings: BTreeMap<(String, String), (u64, Warning)>,
}

impl Pods {
    /// Takes in a pod that lives.
    pub(super) fn present(&mut self, name: String, pod: Value, at: Duration) {
        let known = self.patience.remove(&name);
        if let Some(patience) = pods::patient(known, &pod, at) {
            self.patience.insert(name.clone(), patience);
        }
        self.living.insert(name, pod);
    }

    /// Takes in a pod that is gone.
    pub(super) fn gone(&mut self, name: &str) {
        self.living.remove(name);
        self.patience.remove(name);
    }

    /// Takes in an event about a pod.
    pub(super) fn event(&mut self, event: &Value) {
        if text(event, "/type") != "Warning" {
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

    /// When the state of a pod becomes a failure, if nothing happens.
    pub(super) fn patience_ends(&self) -> impl Iterator<Item = Duration> {
        self.patience.values().map(|(end, _)| *end)
    }

    /// Those that serve requests.
    pub(super) fn ready(&self) -> impl Iterator<Item = &Value> {
        self.living.values().filter(|pod| pods::is_ready(pod))
    }

    /// Whether one is on its way out, and makes room.
    pub(super) fn is_one_going(&self) -> bool {
        self.living
            .values()
            .any(|pod| pod["metadata"]["deletionTimestamp"].is_string())
    }

    /// What those of one `ReplicaSet` say, at a time since waiting began.
    pub(super) fn say(&self, set: &Value, at: Duration) -> Says {
        let mut said: Vec<(String, bool, &str, Finding)> = Vec::new();
        for (name, pod) in &self.living {
            if !is_owned_by(pod, set) || !pods::counts(pod) {
                continue;
            }
            let warnings: Vec<&Warning> = self
                .warnings
                .iter()
                .filter(|((about, _), _)| about == name)
                .map(|(_, (_, warning))| warning)
                .collect();
            let at_end = self.patience.get(name).is_some_and(|(end, _)| *end <= at);
            let says = pods::read(pod, &warnings, at_end);
            let all = says.hopeless.into_iter().map(|found| (true, found));
            for (hopeless, found) in all.chain(says.told.into_iter().map(|found| (false, found))) {
                said.push((found.line.clone(), hopeless, name, found));
            }
        }
        let mut together = Says::default();
        for (hopeless, finding) in self::together(said) {
            if hopeless {
                &mut together.hopeless
            } else {
                &mut together.told
            }
            .push(finding);
        }
        together
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
