//! The identity gate: what starts pods is applied only when a pod of it would come with credentials.
//!
//! A dry-run pod passes the Pod Identity webhook, which declares no side effects, and after it the platform's admission
//! policy. What comes back tells whether the association has reached the webhook, with no pod made.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    backend::{Kubernetes, Reason},
    error::{Error, Result},
    guard::POLICY,
    object::{Object, own_kind},
    spec::{Resolved, SERVICE_ACCOUNT},
    verify,
};

/// Where a container asks for credentials.
pub const VARIABLE: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
/// What EKS's agent answers on, over IPv4 and IPv6.
const AGENTS: [&str; 2] = [
    "http://169.254.170.23/v1/credentials",
    "http://[fd00:ec2::23]/v1/credentials",
];
/// What AWS SDKs look at before they ask the agent:
/// <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>
pub const COUNTS_FIRST: [&str; 2] = ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"];
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
        Err(error) if error.reason == Reason::Forbidden && error.message.contains(POLICY) => {
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

/// Whether a pod runs as the tenant's service account, and each container has what the webhook gives it, and nothing that
/// SDKs look at before: what the platform's policy asks of a pod.
pub fn has_credentials(pod: &Value) -> bool {
    if pod["spec"]["serviceAccountName"] != SERVICE_ACCOUNT {
        return false;
    }
    let containers = ["containers", "initContainers"]
        .into_iter()
        .filter_map(|list| pod["spec"][list].as_array())
        .flatten();
    containers.into_iter().all(|container| {
        let env = || container["env"].as_array().into_iter().flatten();
        let has = |name: &str| env().any(|variable| variable["name"] == name);
        let agent = env().any(|variable| {
            let value = variable["value"].as_str();
            variable["name"] == VARIABLE && value.is_some_and(|value| AGENTS.contains(&value))
        });
        agent && has(TOKEN_FILE) && !COUNTS_FIRST.iter().any(|name| has(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_what_the_policy_takes_for_them() {
        let policy = include_str!("../templates/platform/identity.yaml.j2");
        for name in AGENTS
            .iter()
            .chain(&COUNTS_FIRST)
            .chain(&[VARIABLE, TOKEN_FILE])
        {
            assert!(policy.contains(&format!("'{name}'")), "{name}");
        }
        let pod = |env: Value, init: Value| {
            let containers = json!([{"env": env}]);
            json!({"spec": {"serviceAccountName": "mcp-server", "containers": containers, "initContainers": init}})
        };
        let uri = |value: &str| json!({"name": VARIABLE, "value": value});
        let token = json!({"name": TOKEN_FILE, "value": "/var/run/token"});
        for agent in AGENTS {
            assert!(has_credentials(&pod(json!([uri(agent), token]), json!([]))));
        }
        let own = uri(AGENTS[0]);
        let irsa = json!({"name": "AWS_ROLE_ARN", "value": "arn:other"});
        for env in [
            json!([]),
            json!([own]),
            json!([token]),
            json!([uri("http://localhost/"), token]),
            json!([{"name": VARIABLE, "valueFrom": {}}, token]),
            json!([own, token, irsa]),
        ] {
            assert!(!has_credentials(&pod(env.clone(), json!([]))), "{env}");
        }
        let init = json!([{"name": "init"}]);
        assert!(!has_credentials(&pod(json!([own, token]), init)));
        let mut other = pod(json!([own, token]), json!([]));
        for account in [json!("other"), Value::Null] {
            other["spec"]["serviceAccountName"] = account;
            assert!(!has_credentials(&other), "{other}");
        }
    }
}
