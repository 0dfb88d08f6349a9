//! The identity gate: what starts pods is applied only when a pod of it would come with credentials.
//!
//! A dry-run pod passes the Pod Identity webhook, which declares no side effects, and after it the platform's admission
//! policy. What comes back tells whether the association has reached the webhook, with no pod made.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    backend::{Kubernetes, Reason},
    error::{Error, Result},
    injected::has_credentials,
    marks::IDENTITY_POLICY,
    object::{Object, own_kind},
    spec::Resolved,
    verify,
};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Pauses between probes: short at first, since the wait is mostly EKS's own spreading.
pub fn pauses() -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(FIRST_PAUSE), |pause| {
        Some((*pause * 3 / 2).min(LONGEST_PAUSE))
    })
}

/// Asks once. True when a pod would come with credentials. Each API server may know of the association at another time,
/// so after a "no" a new connection is the one to ask over.
///
/// # Errors
/// A refusal that waiting does not heal: quota, Pod Security, another policy, or no right to ask.
pub async fn is_open(kubernetes: &Kubernetes, pod: &Value) -> Result<bool> {
    let kind = own_kind("", "Pod");
    match kubernetes.create(kind, pod, true).await {
        Ok(pod) => Ok(has_credentials(&pod)),
        Err(error)
            if error.reason == Reason::Forbidden && error.message.contains(IDENTITY_POLICY) =>
        {
            Ok(false)
        }
        Err(error) => {
            let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
            Err(Error::from(error).detail(format!(
                "a pod in {namespace} would be refused, so nothing that starts pods is applied"
            )))
        }
    }
}

/// A pod as the object would make it, where the object has a template of it.
pub fn pod_of(workload: &Object) -> Option<Value> {
    let template = &workload.tree["spec"]["template"];
    template["spec"]["containers"].as_array()?;
    let namespace = &workload.id().namespace;
    Some(pod(
        namespace,
        template["metadata"].clone(),
        &template["spec"],
    ))
}

/// The least pod of a tenant that Pod Security lets in, for objects that do not say what their pods are.
pub fn pod_for(resolved: &Resolved) -> Value {
    let (names, security) = (&resolved.names, &resolved.spec.security);
    let spec = json!({
        "serviceAccountName": names.service_account,
        "automountServiceAccountToken": false,
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": security.run_as_user,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [{
            "name": "mcp-server",
            "image": resolved.spec.image,
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
        }],
    });
    pod(&names.namespace, json!({}), &spec)
}

fn pod(namespace: &str, mut metadata: Value, spec: &Value) -> Value {
    metadata["generateName"] = "mcpctl-gate-".into();
    metadata["namespace"] = namespace.into();
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
}

/// Whether a pod runs, or is to, in which a container has no credentials of the tenant. The one that is asked who it is
/// answers for itself.
pub fn is_bare(pod: &Object) -> bool {
    let ended = ["Succeeded", "Failed"].contains(&pod.text("/status/phase"));
    let goes = !pod.text("/metadata/deletionTimestamp").is_empty();
    !ended && !goes && !verify::is_own(pod.id()) && !has_credentials(&pod.tree)
}
