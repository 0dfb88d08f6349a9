//! Asks both sides for what tells the causes apart. A question that is refused or gets no answer is evidence too.

use std::time::Duration;

use futures_util::future::{join3, join5};
use serde_json::Value;

use super::{AGENT, Evidence, Nodes, Patient, Seen, webhook_id};
use crate::{
    backend::{Aws, CallError, Kubernetes},
    object::{EKS, Id, Object, PLATFORM_NAMESPACE, own_kind},
};

/// A look is a help, not worth a long wait.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks at everything at once.
pub async fn gather(kubernetes: &Kubernetes, aws: Option<&Aws>, patient: &Patient<'_>) -> Evidence {
    let account = Id::new(
        "",
        "ServiceAccount",
        patient.namespace(),
        patient.service_account(),
    );
    let webhook = webhook_id();
    let (service_account, webhook, associations, addon, nodes) = join5(
        look("the service account", kubernetes.get(&account)),
        look("the webhook's configuration", kubernetes.get(&webhook)),
        in_aws(aws, "associations", async |aws| {
            associations(aws, patient).await
        }),
        in_aws(aws, "the add-on", async |aws| {
            aws.eks.addon(patient.cluster, AGENT).await
        }),
        look("nodes", nodes(kubernetes, patient.pod)),
    )
    .await;
    Evidence {
        service_account,
        associations,
        webhook,
        addon,
        nodes,
    }
}

async fn look<T>(what: &str, call: impl Future<Output = Result<T, CallError>>) -> Seen<T> {
    match tokio::time::timeout(PATIENCE, call).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("{what}: no answer within {} s", PATIENCE.as_secs())),
    }
}

async fn in_aws<T>(
    aws: Option<&Aws>,
    what: &str,
    call: impl AsyncFnOnce(&Aws) -> Result<T, CallError>,
) -> Seen<T> {
    match aws {
        Some(aws) => look(what, call(aws)).await,
        None => Err(format!("{what}: AWS is left out of this run")),
    }
}

/// Those of the pod's namespace, each named by its id.
async fn associations(aws: &Aws, patient: &Patient<'_>) -> Result<Vec<Object>, CallError> {
    let (cluster, namespace) = (patient.cluster, patient.namespace());
    let mut found = Vec::new();
    for summary in aws.eks.associations(cluster, Some(namespace)).await? {
        let id = Id::new(
            EKS,
            "PodIdentityAssociation",
            PLATFORM_NAMESPACE,
            &summary.id,
        );
        found.extend(aws.eks.describe(&id, cluster, &summary.id).await?);
    }
    Ok(found)
}

/// By label, one node of each sort: there may be thousands. Where the agent cannot run is what its own `DaemonSet`
/// leaves out: <https://github.com/aws/eks-pod-identity-agent/blob/main/charts/eks-pod-identity-agent/values.yaml>
async fn nodes(kubernetes: &Kubernetes, pod: &Value) -> Result<Nodes, CallError> {
    let selector = pod["spec"]["nodeSelector"].as_object();
    let own: Vec<String> = selector
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    let exists = async |more: &[&str]| {
        let all: Vec<&str> = own
            .iter()
            .map(String::as_str)
            .chain(more.iter().copied())
            .collect();
        kubernetes
            .exists(own_kind("", "Node"), "", &all.join(","))
            .await
    };
    let (suitable, any, auto) = join3(
        exists(&[
            "kubernetes.io/os=linux",
            "eks.amazonaws.com/compute-type notin (fargate)",
        ]),
        exists(&[]),
        exists(&["eks.amazonaws.com/compute-type=auto"]),
    )
    .await;
    Ok(Nodes {
        suitable: suitable?,
        any: any?,
        auto: auto?,
    })
}
