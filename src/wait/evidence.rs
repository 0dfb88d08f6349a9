//! What is known about a tenant's rollout, and what follows from it. Pure: facts and a time in, a verdict out.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use super::{
    finding::{Finding, Waiting},
    own::{Said, said},
    refusal,
    workload::{Rollout, is_late, is_owned_by, late, refused},
};
use crate::object::Object;

mod pods;
mod way;

use pods::Pods;
use way::Way;

/// How long an object of another kind may say nothing of its state before that is how it is: not every kind has
/// conditions, and a controller that writes them begins within seconds. The same holds for what the load balancer
/// controller says to a change.
const SILENCE: Duration = Duration::from_secs(15);
const REVISION: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";

/// Stands for the kind of a workload that is no Deployment.
pub(super) const OWN: &str = "";

/// What the evidence says.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Pods are available and the Ingress has an address.
    Ready,
    /// Not yet, for these reasons.
    Waiting(Waiting),
    /// All that tells is as it should be, but the workload says nothing of its state.
    Unknown,
    /// Waiting does not help.
    Failed(Vec<Finding>),
}

/// The newest known state of each object of a rollout. Times count from when waiting began.
#[derive(Debug)]
pub struct Evidence {
    /// An object of another kind that stands for the workload, and whose controller may make a Deployment.
    own: Option<Object>,
    /// The workload's Deployment, once it is there.
    deployment: Option<Value>,
    way: Way,
    replica_sets: BTreeMap<String, Value>,
    pods: Pods,
    /// Whether the rollout had run out of time before: that is an old story, and its cause may be mended.
    was_late: bool,
}

impl Evidence {
    /// Starts from what was read or written last; whether the Ingress was changed just now.
    pub fn new(workload: &Object, (ingress, changed): (Option<&Object>, bool)) -> Self {
        let is_deployment = workload.id().is("apps", "Deployment");
        Self {
            was_late: is_late(&workload.tree),
            own: (!is_deployment).then(|| workload.clone()),
            deployment: is_deployment.then(|| workload.tree.clone()),
            way: Way::new(ingress, changed),
            replica_sets: BTreeMap::new(),
            pods: Pods::default(),
        }
    }

    /// Takes in an object that lives; its kind, or nothing for the workload of another kind.
    pub fn present(&mut self, kind: &str, tree: Value, at: Duration) {
        let name = text(&tree, "/metadata/name").to_string();
        match kind {
            "Deployment" if self.is_workloads(&tree) => {
                self.was_late = is_late(&tree) && (self.was_late || self.deployment.is_none());
                self.deployment = Some(tree);
            }
            "Ingress" => self.way.present(tree),
            "ReplicaSet" => _ = self.replica_sets.insert(name, tree),
            "Pod" => self.pods.present(name, tree, at),
            "Event" => match text(&tree, "/involvedObject/kind") {
                "Ingress" => self.way.event(&tree),
                "Pod" => self.pods.event(&tree),
                _ => {}
            },
            OWN => {
                let own = self.own.as_mut();
                if let Some(own) = own.filter(|own| own.id().name == name) {
                    own.tree = tree;
                }
            }
            _ => {}
        }
    }

    /// Whether a Deployment is the one that is wanted, or the one that the workload's controller made.
    fn is_workloads(&self, deployment: &Value) -> bool {
        match (&self.own, &self.deployment) {
            (Some(own), _) => is_owned_by(deployment, &own.tree),
            (None, known) => known.as_ref().is_some_and(|known| {
                text(known, "/metadata/name") == text(deployment, "/metadata/name")
            }),
        }
    }

    /// Takes in an object that is gone.
    pub fn gone(&mut self, kind: &str, tree: &Value) {
        let name = text(tree, "/metadata/name");
        match kind {
            "Deployment" if self.own.is_some() && self.is_workloads(tree) => self.deployment = None,
            "ReplicaSet" => _ = self.replica_sets.remove(name),
            "Pod" => self.pods.gone(name),
            _ => {}
        }
    }

    /// What the load balancer controller has to say against the Ingress.
    pub fn complaint(&self) -> Option<&str> {
        self.way.complaint()
    }

    /// Whether its events of before tell more than what was read.
    pub fn was_changed(&self) -> bool {
        self.way.was_changed()
    }

    /// What is to be said of a tenant that is ready.
    pub fn reservation(&self) -> Option<Finding> {
        self.way.reservation()
    }

    /// Takes in the Ingresses of all namespaces, which tell whom the controller means.
    pub fn members(&mut self, all: Vec<Value>) {
        self.way.members = all;
    }

    /// When the verdict may change without anything happening, after a time.
    pub fn patience_ends(&self, after: Duration) -> Option<Duration> {
        let silence = self.own.iter().map(|_| SILENCE);
        let answer = self.way.patience();
        self.pods
            .patience_ends()
            .chain(silence)
            .chain(answer)
            .filter(|end| *end > after)
            .min()
    }

    /// What follows, at a time since waiting began.
    pub fn verdict(&self, at: Duration) -> Verdict {
        let (mut hopeless, mut told) = (Vec::new(), Vec::new());
        let rollout = self.deployment.as_ref().map(Rollout::of);
        let rollout = rollout.filter(|rollout| !rollout.complete);
        if let (Some(rollout), Some(deployment)) = (&rollout, &self.deployment) {
            self.pods(at, &mut hopeless, &mut told);
            if rollout.seen && is_late(deployment) && !self.was_late {
                hopeless.push(late(deployment));
                hopeless.append(&mut told);
            }
        }
        let own = self.own.as_ref().map(said);
        if let Some(Said::Stalled(why)) = &own {
            hopeless.push(Finding::new(why));
        }
        let addressed = self.way.is_open();
        match self.way.diagnosis() {
            Some(diagnosis) if diagnosis.own => hopeless.push(diagnosis.finding),
            Some(diagnosis) => told.push(diagnosis.finding),
            None => {}
        }
        if !hopeless.is_empty() {
            hopeless.extend(self.still_serving());
            return Verdict::Failed(hopeless);
        }
        let silent = self.deployment.is_none() && own == Some(Said::Nothing);
        let state = match (rollout, own) {
            (Some(rollout), _) => rollout.state,
            (None, Some(Said::NotYet(why))) => why,
            _ if silent && at < SILENCE => "it says nothing of its state yet".into(),
            _ if !addressed => "Ingress has no address yet".into(),
            _ if self.way.is_unanswered(at) => {
                "the load balancer controller has not taken the change of the Ingress yet".into()
            }
            _ if silent => return Verdict::Unknown,
            _ => return Verdict::Ready,
        };
        Verdict::Waiting(Waiting {
            state,
            findings: told,
        })
    }

    /// The newest `ReplicaSet`, once the Deployment's controller has made it. Pods of older ones may fail: that is why
    /// they are replaced.
    fn newest(&self) -> Option<&Value> {
        let deployment = self.deployment.as_ref()?;
        let revision = text(deployment, REVISION);
        self.of_deployment()
            .find(|set| !revision.is_empty() && text(set, REVISION) == revision)
            .filter(|_| Rollout::of(deployment).seen)
    }

    fn of_deployment(&self) -> impl Iterator<Item = &Value> {
        self.replica_sets.values().filter(|set| {
            let deployment = self.deployment.as_ref();
            deployment.is_some_and(|deployment| is_owned_by(set, deployment))
        })
    }

    /// What the pods of the newest version say, and who refuses to make more of them.
    fn pods(&self, at: Duration, hopeless: &mut Vec<Finding>, told: &mut Vec<Finding>) {
        let Some(newest) = self.newest() else { return };
        let mut says = self.pods.say(newest, at);
        hopeless.append(&mut says.hopeless);
        told.append(&mut says.told);
        if let Some(refused) = refused(newest) {
            let heals = refusal::heals(refused, self.pods.is_one_going());
            if heals { told } else { hopeless }.push(refusal::finding(refused));
        }
    }

    /// Pods of the version before, which a broken update leaves alone.
    fn still_serving(&self) -> Option<Finding> {
        let newest = self.newest()?;
        let older = |pod: &&Value| {
            !is_owned_by(pod, newest) && self.of_deployment().any(|set| is_owned_by(pod, set))
        };
        match self.pods.ready().filter(older).count() {
            0 => None,
            1 => Some(Finding::new("1 pod of the version before still serves")),
            many => Some(Finding::new(format!(
                "{many} pods of the version before still serve"
            ))),
        }
    }
}

fn text<'a>(tree: &'a Value, pointer: &str) -> &'a str {
    tree.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
