//! What others put into a namespace that is to go: deleting the namespace deletes it too.

use futures_util::future::try_join_all;
use serde_json::Value;

use crate::{
    backend::{Kubernetes, Reason},
    error::Result,
    object::{Id, Object, known_kind},
    plan::{Conflict, Plan, Subject},
};

/// Volumes and workloads: they stop the removal.
const KEPT: [(&str, &str); 8] = [
    ("", "PersistentVolumeClaim"),
    ("", "Pod"),
    ("apps", "DaemonSet"),
    ("apps", "Deployment"),
    ("apps", "ReplicaSet"),
    ("apps", "StatefulSet"),
    ("batch", "CronJob"),
    ("batch", "Job"),
];

/// What is named before it goes.
const NAMED: [(&str, &str); 8] = [
    ("", "ConfigMap"),
    ("", "Secret"),
    ("", "Service"),
    ("", "ServiceAccount"),
    ("networking.k8s.io", "Ingress"),
    ("networking.k8s.io", "NetworkPolicy"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
];

/// What is in a namespace and not its tenant's.
#[derive(Debug, Default)]
pub struct Guests {
    /// Volumes and workloads: what a person would miss.
    pub kept: Vec<Id>,
    /// Other things.
    pub named: Vec<Id>,
}

/// Looks for what is not ours in a namespace.
///
/// # Errors
/// What the API server answered; kinds that are only named may be forbidden to us.
pub async fn find(kubernetes: &Kubernetes, subject: &Subject, namespace: &str) -> Result<Guests> {
    let kinds = KEPT
        .iter()
        .chain(&NAMED)
        .filter_map(|(group, kind)| known_kind(group, kind));
    let lists = kinds.map(async |kind| {
        let named = NAMED.contains(&(&*kind.group, &*kind.kind));
        match kubernetes.list(kind, namespace, "").await {
            Err(error) if named && error.reason == Reason::Forbidden => Ok(Vec::new()),
            answer => answer,
        }
    });
    let objects = try_join_all(lists).await?.into_iter().flatten();
    let foreign = objects.filter(|object| !subject.owns(object) && !is_made_by_the_cluster(object));
    let (kept, named) = foreign
        .map(|object| object.id().clone())
        .partition(|id| KEPT.contains(&(id.group.as_str(), id.kind.as_str())));
    Ok(Guests { kept, named })
}

impl Guests {
    /// Adds them to a removal: volumes and workloads stop it unless they are to go too, and all that goes is named.
    pub fn join(self, plan: &mut Plan, with_contents: bool) {
        plan.guests.extend(self.named);
        if with_contents {
            plan.guests.extend(self.kept);
            return;
        }
        let stops = |id: &Id| {
            Conflict::new(
                id,
                "is not ours, and would be deleted with the namespace; delete or move it first, or give --with-contents",
            )
        };
        plan.conflicts.extend(self.kept.iter().map(stops));
    }

    /// Adds the workloads in a namespace that is to be taken over: they would lose the network and get no new pods.
    pub fn keep_out(&self, plan: &mut Plan) {
        let planned: Vec<&Id> = plan.steps.iter().map(|step| &step.id).collect();
        let workloads = self
            .kept
            .iter()
            .filter(|id| !id.is("", "PersistentVolumeClaim") && !planned.contains(id));
        let stops = |id: &Id| {
            Conflict::new(
                id,
                "is not the tenant's: with the namespace taken over it would be cut off and get no new pods; move it first",
            )
        };
        let stops: Vec<Conflict> = workloads.map(stops).collect();
        plan.conflicts.extend(stops);
    }
}

/// What controllers make in every namespace, or for an object that is looked at itself.
fn is_made_by_the_cluster(object: &Object) -> bool {
    let id: &Id = object.id();
    let owners = object.tree["metadata"]["ownerReferences"].as_array();
    let controlled = owners
        .into_iter()
        .flatten()
        .any(|owner| owner["controller"] == Value::Bool(true));
    (id.is("", "ConfigMap") && id.name == "kube-root-ca.crt")
        || (id.is("", "ServiceAccount") && id.name == "default")
        || (controlled && !id.is("", "PersistentVolumeClaim"))
}
