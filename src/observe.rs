//! What lives: asks both sides, and only them.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, future::join, stream};

use crate::{
    backend::Kubernetes,
    error::{Error, Result},
    marks::TENANT,
    object::{Id, Object, State, own_kind},
    plan::Subject,
};

mod acks;
mod changes;
mod confirm;
mod everyone;
mod hosts;
mod identity;
mod orphans;
mod workload;

pub use acks::{Summaries, carried, has_platform, summaries};
pub use changes::Changes;
pub use confirm::{Confirmed, confirmed, confirmed_or_not, idle};
pub use everyone::{Everyone, everyone};
pub use hosts::{Holders, holders, ingresses_with_host, is_of_other_host, says_host, takes_host};
pub use identity::{identity, leftovers, names_in_aws, names_of, roles};
pub use orphans::orphans;
pub use workload::{Workload, workload};

/// Lists in flight at most.
const IN_FLIGHT: usize = 16;

/// The namespace of a tenant: the one that carries its label, else one of the derived name, whoever made it.
///
/// # Errors
/// Conflict, when two namespaces say that they are this tenant's.
pub async fn namespace(
    kubernetes: &Kubernetes,
    tenant: &str,
    derived: &str,
) -> Result<Option<Object>> {
    let kind = own_kind("", "Namespace");
    let selector = format!("{TENANT}={tenant}");
    let derived = Id::namespace(derived);
    // Both answers are waited for, so that of two refusals it is always the same one that is shown.
    let (labelled, named) = join(
        kubernetes.list(kind, "", &selector),
        kubernetes.get(&derived),
    )
    .await;
    let (mut labelled, named) = (labelled?, named?);
    if labelled.len() > 1 {
        let names: Vec<&str> = labelled
            .iter()
            .map(|object| object.id().name.as_str())
            .collect();
        return Err(Error::conflict(format!(
            "tenant `{tenant}` has more than one namespace: {}",
            names.join(", ")
        ))
        .hint(format!(
            "take the label {TENANT} off the one that is not its own"
        )));
    }
    Ok(labelled.pop().or(named))
}

/// Learns how to reach kinds that are not in the table. What is wanted must be served; what is only recorded may be gone
/// with its definition, and then has no objects.
///
/// # Errors
/// Unreachable for a wanted kind that the cluster does not serve; usage for one whose objects have no namespace, or need
/// one.
pub async fn discover(
    kubernetes: &Kubernetes,
    wanted: &State,
    recorded: &BTreeSet<(String, String)>,
) -> Result<()> {
    let wanted = wanted.values().filter(|object| !object.id().is_aws());
    let key = |id: &Id| (id.group.clone(), id.kind.clone());
    let mut kinds: BTreeMap<_, _> = recorded.iter().map(|kind| (kind.clone(), None)).collect();
    kinds.extend(wanted.clone().map(|object| {
        let version = object.api_version().rsplit('/').next();
        (key(object.id()), version.map(str::to_string))
    }));
    kubernetes.discover(&kinds).await?;
    for object in wanted {
        let id = object.id();
        let Some(kind) = kubernetes.kind(&id.group, &id.kind) else {
            let version = object.api_version();
            return Err(Error::unreachable(format!("this cluster serves no kind {} of {version}", id.kind))
                .detail(format!("the templates make {id}"))
                .hint("install what defines it, such as the operator's CustomResourceDefinitions, then run the same command again"));
        };
        if kind.namespaced == id.namespace.is_empty() {
            let why = if kind.namespaced {
                "needs a namespace: set metadata.namespace"
            } else {
                "belongs to the whole cluster; a tenant's objects live in its namespace"
            };
            return Err(Error::usage(format!(
                "the templates make {id}, which {why}"
            )));
        }
    }
    Ok(())
}

/// Objects of the given kinds, of one namespace where the kind has namespaces. Kinds that the cluster does not serve
/// have none.
///
/// # Errors
/// What the API server answered.
pub async fn objects(
    kubernetes: &Kubernetes,
    kinds: &BTreeSet<(String, String)>,
    namespace: &str,
) -> Result<State> {
    let lists = kinds.iter().map(async |(group, kind)| {
        let Some(kind) = kubernetes.kind(group, kind) else {
            return Ok(Vec::new());
        };
        match kubernetes
            .list(&kind, if kind.namespaced { namespace } else { "" }, "")
            .await
        {
            Ok(objects) => Ok(objects),
            Err(error) if error.is_absent() => Ok(Vec::new()),
            Err(error) => Err(Error::from(error)),
        }
    });
    let lists: Vec<Vec<Object>> = stream::iter(lists)
        .buffer_unordered(IN_FLIGHT)
        .try_collect()
        .await?;
    Ok(lists
        .into_iter()
        .flatten()
        .map(|object| (object.id().clone(), object))
        .collect())
}

/// The pods of a namespace that are not on their way out.
///
/// # Errors
/// What the API server answered.
pub async fn pods(kubernetes: &Kubernetes, namespace: &str) -> Result<Vec<Object>> {
    let mut pods = kubernetes.list(own_kind("", "Pod"), namespace, "").await?;
    pods.retain(|pod| pod.text("/metadata/deletionTimestamp").is_empty());
    Ok(pods)
}

/// Whether a pod is of the tenant's server, whatever started it: whether the tenant's network policies, Service and
/// disruption budget select it.
pub fn is_server(pod: &Object) -> bool {
    pod.label("app.kubernetes.io/name") == Some("mcp-server")
}

/// Only what a plan is about: what is wanted, what is ours, and a role or association that has our name, whoever made
/// it: a removal must not take it for gone.
pub fn relevant(live: State, wanted: &State, subject: &Subject) -> State {
    let concerns =
        |id: &Id, object: &Object| wanted.contains_key(id) || subject.owns(object) || id.is_aws();
    live.into_iter()
        .filter(|(id, object)| concerns(id, object))
        .collect()
}
