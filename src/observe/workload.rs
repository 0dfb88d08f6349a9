//! What runs in a tenant's namespace, and what is said about it there.

use futures_util::future::try_join3;

use crate::{
    backend::{Kubernetes, Reason},
    error::Result,
    object::{Object, own_kind},
};

/// What no plan is about, and a status is.
#[derive(Clone, Debug, Default)]
pub struct Workload {
    /// Every pod, by name.
    pub pods: Vec<Object>,
    /// The `TargetGroupBinding`s of the load balancer controller; none where the cluster has no such kind.
    pub bindings: Vec<Object>,
    /// Events.
    pub events: Vec<Object>,
    /// What the caller may not see, each as a sentence.
    pub denied: Vec<String>,
}

/// Pods, target groups and events of a namespace.
///
/// # Errors
/// What the API server answered; target groups and events may be forbidden to us.
pub async fn workload(kubernetes: &Kubernetes, namespace: &str) -> Result<Workload> {
    let (pods, bindings, events) = try_join3(
        async { Ok(kubernetes.list(own_kind("", "Pod"), namespace, "").await?) },
        if_allowed(
            kubernetes,
            ("elbv2.k8s.aws", "TargetGroupBinding"),
            namespace,
        ),
        if_allowed(kubernetes, ("", "Event"), namespace),
    )
    .await?;
    let denied = [bindings.1, events.1].into_iter().flatten().collect();
    Ok(Workload {
        pods,
        bindings: bindings.0,
        events: events.0,
        denied,
    })
}

async fn if_allowed(
    kubernetes: &Kubernetes,
    (group, kind): (&str, &str),
    namespace: &str,
) -> Result<(Vec<Object>, Option<String>)> {
    match kubernetes.list(own_kind(group, kind), namespace, "").await {
        Ok(objects) => Ok((objects, None)),
        Err(error) if error.is_absent() => Ok((Vec::new(), None)),
        Err(error) if error.reason == Reason::Forbidden => {
            Ok((Vec::new(), Some(format!("not seen: {error}"))))
        }
        Err(error) => Err(error.into()),
    }
}
