//! What lives: asks both sides, and only them.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, future::try_join, stream};

use crate::{
    backend::Kubernetes,
    config::Settings,
    error::{Error, Result},
    marks::TENANT,
    object::{Id, Object, State, own_kind},
    plan::{Action, Conflict, Plan, Subject},
    spec::Resolved,
};

mod acks;
mod changes;
mod confirm;
mod everyone;
mod identity;
mod orphans;
mod workload;

pub use acks::{Summaries, carried, has_platform, summaries};
pub use changes::Changes;
pub use confirm::{Confirmed, confirmed, confirmed_or_not, idle};
pub use everyone::{Everyone, everyone};
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
    let (mut labelled, named) = try_join(
        kubernetes.list(kind, "", &selector),
        kubernetes.get(&derived),
    )
    .await?;
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

/// What must hold before a tenant is written: nobody else has the host, and the load balancer has room.
///
/// # Errors
/// What the API server answered.
pub async fn preconditions(
    plan: &mut Plan,
    kubernetes: &Kubernetes,
    resolved: &Resolved,
    settings: &Settings,
) -> Result<()> {
    let takes_host = match plan.change_of(|id| id.is("networking.k8s.io", "Ingress")) {
        Some(Action::Create(_)) => true,
        Some(Action::Update(update)) => update
            .changes
            .iter()
            .any(|change| change.path.contains("host")),
        _ => false,
    };
    if takes_host {
        let ingresses = own_kind("networking.k8s.io", "Ingress");
        let others = kubernetes.list(ingresses, "", "").await?;
        plan.conflicts
            .extend(host_conflicts(&others, resolved, settings));
    }
    Ok(())
}

/// All Ingresses of a class that have a host, in all namespaces.
///
/// # Errors
/// What the API server answered.
pub async fn ingresses_with_host(
    kubernetes: &Kubernetes,
    class: &str,
    host: &str,
) -> Result<Vec<Object>> {
    let all = kubernetes
        .list(own_kind("networking.k8s.io", "Ingress"), "", "")
        .await?;
    // One that is going gives the host up.
    let holds = |object: &Object| {
        let goes = !object.text("/metadata/deletionTimestamp").is_empty();
        !goes && object.text("/spec/ingressClassName") == class && has_host(object, host)
    };
    Ok(all.into_iter().filter(holds).collect())
}

fn has_host(object: &Object, host: &str) -> bool {
    let rules = object.tree["spec"]["rules"]
        .as_array()
        .into_iter()
        .flatten();
    rules.into_iter().any(|rule| rule["host"] == host)
}

/// Other Ingresses of the class that hold the host, and a full load balancer.
fn host_conflicts(all: &[Object], resolved: &Resolved, settings: &Settings) -> Vec<Conflict> {
    let class = settings.ingress.class.as_str();
    let own = resolved.names.namespace.as_str();
    let of_class = |object: &&Object| {
        object.text("/spec/ingressClassName") == class && object.id().namespace != own
    };
    let others: Vec<&Object> = all.iter().filter(of_class).collect();
    let id = Id::new("networking.k8s.io", "Ingress", own, "mcp-server");
    let mut found: Vec<Conflict> = others
        .iter()
        .filter(|other| has_host(other, resolved.host()))
        .map(|other| {
            Conflict::new(
                &id,
                format!("host {} is held by {}", resolved.host(), other.id()),
            )
        })
        .collect();
    let most = settings.ingress.max_per_group;
    if others.len() >= most {
        let why = format!(
            "class {class} has {} Ingresses; ingress.maxPerGroup is {most}",
            others.len()
        );
        found.push(Conflict::new(&id, why));
    }
    found
}
