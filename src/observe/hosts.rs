//! Who holds a public host.

use crate::{
    backend::{CallError, Kubernetes, Reason},
    config::Settings,
    error::Result,
    object::{Id, Object, own_kind},
    plan::{Action, Conflict, Plan},
    spec::Resolved,
};

/// What the platform's admission policy says of an Ingress with another host than its namespace's. It is the last thing
/// that the policy looks at.
const OTHER_HOST: &str = "an Ingress of this tenant serves its own host only";

/// Whether an Ingress is refused because its namespace says another host.
pub fn is_of_other_host(error: &CallError) -> bool {
    error.reason == Reason::Forbidden && error.message.contains(OTHER_HOST)
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
