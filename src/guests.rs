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

/// Adds to a removal what is not ours in the namespace: volumes and workloads as conflicts, other things by name.
///
/// # Errors
/// What the API server answered; kinds that are only named may be forbidden to us.
pub async fn add_to(
    plan: &mut Plan,
    kubernetes: &Kubernetes,
    subject: &Subject,
    namespace: &str,
) -> Result<()> {
    let kinds = KEPT
        .iter()
        .chain(&NAMED)
        .filter_map(|(group, kind)| known_kind(group, kind));
    let lists = kinds.map(async |kind| {
        let named = NAMED.contains(&(kind.group, kind.kind));
        match kubernetes.list(kind, namespace, "").await {
            Err(error) if named && error.reason == Reason::Forbidden => Ok(Vec::new()),
            answer => answer,
        }
    });
    let objects = try_join_all(lists).await?.into_iter().flatten();
    for object in objects.filter(|object| !subject.owns(object) && !is_made_by_the_cluster(object))
    {
        let id = object.id();
        if KEPT.contains(&(id.group.as_str(), id.kind.as_str())) {
            let why =
                "is not ours, and would be deleted with the namespace; delete or move it first";
            plan.conflicts.push(Conflict::new(id, why));
        } else {
            plan.guests.push(id.clone());
        }
    }
    Ok(())
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
