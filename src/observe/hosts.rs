//! Who holds a public host.

use futures_util::future::try_join;

use crate::{
    backend::{CallError, Kubernetes, Reason},
    config::Settings,
    error::Result,
    marks::{HOST, INGRESS_CLASS, TENANT},
    object::{Id, Object, State, own_kind},
    plan::Conflict,
    spec::Resolved,
};

/// What the platform's admission policy says of an Ingress with another host than its namespace's. It is the last thing
/// that the policy looks at.
const OTHER_HOST: &str = "an Ingress of this tenant serves its own host only";

/// Whether an Ingress is refused because its namespace says another host.
pub fn is_of_other_host(error: &CallError) -> bool {
    error.reason == Reason::Forbidden && error.message.contains(OTHER_HOST)
}

/// What there is that may hold a host.
#[derive(Debug)]
pub struct Holders {
    ingresses: Vec<Object>,
    /// Those of tenants: their Ingress may be missing, and is theirs to make.
    namespaces: Vec<Object>,
}

/// Reads what may hold a host, in all namespaces.
///
/// # Errors
/// What the API server answered.
pub async fn holders(kubernetes: &Kubernetes) -> Result<Holders> {
    let (ingresses, namespaces) = try_join(
        kubernetes.list(own_kind("networking.k8s.io", "Ingress"), "", ""),
        kubernetes.list(own_kind("", "Namespace"), "", TENANT),
    )
    .await?;
    Ok(Holders {
        ingresses,
        namespaces,
    })
}

/// Whether a tenant's Ingress is to be made, or to serve another host or class than it does.
pub fn takes_host(wanted: &State, live: &State) -> bool {
    let ingress = wanted
        .iter()
        .find(|(id, _)| id.is("networking.k8s.io", "Ingress"));
    ingress.is_some_and(|(id, wanted)| {
        let same = |pointer, live: &Object| wanted.text(pointer) == live.text(pointer);
        let serves = |live: &Object| {
            same("/spec/ingressClassName", live)
                && has_host(live, wanted.text("/spec/rules/0/host"))
        };
        !live.get(id).is_some_and(serves)
    })
}

/// Whether a namespace that stays says that it has this host in this class.
pub fn says_host(namespace: &Object, host: &str, class: &str) -> bool {
    let stays = namespace.text("/metadata/deletionTimestamp").is_empty();
    let of_class = namespace
        .label(INGRESS_CLASS)
        .is_none_or(|label| label == class);
    stays && of_class && namespace.annotation(HOST) == Some(host)
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

impl Holders {
    /// Who else holds a tenant's host, and a load balancer that has no room for one Ingress more.
    pub fn conflicts(
        &self,
        resolved: &Resolved,
        settings: &Settings,
        one_more: bool,
    ) -> Vec<Conflict> {
        let class = settings.ingress.class.as_str();
        let own = resolved.names.namespace.as_str();
        let host = resolved.host();
        let of_class = |object: &&Object| {
            object.text("/spec/ingressClassName") == class && object.id().namespace != own
        };
        let others: Vec<&Object> = self.ingresses.iter().filter(of_class).collect();
        let mut holders: Vec<&Id> = others
            .iter()
            .filter(|other| has_host(other, host))
            .map(|other| other.id())
            .collect();
        let says = |namespace: &&Object| {
            let name = &namespace.id().name;
            let told = holders.iter().any(|id| id.namespace == *name);
            name != own && !told && says_host(namespace, host, class)
        };
        let says: Vec<&Id> = self
            .namespaces
            .iter()
            .filter(says)
            .map(Object::id)
            .collect();
        holders.extend(says);
        let id = Id::new("networking.k8s.io", "Ingress", own, "mcp-server");
        let held = |holder: &&Id| Conflict::new(&id, format!("host {host} is held by {holder}"));
        let mut found: Vec<Conflict> = holders.iter().map(held).collect();
        let most = settings.ingress.max_per_group;
        if one_more && others.len() >= most {
            let why = format!(
                "class {class} has {} Ingresses; ingress.maxPerGroup is {most}",
                others.len()
            );
            found.push(Conflict::new(&id, why));
        }
        found
    }
}
