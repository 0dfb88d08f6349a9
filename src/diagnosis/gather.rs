//! Asks both sides for what tells the causes apart. A question that is refused or gets no answer is evidence too.

use std::time::Duration;

use futures_util::future::{join3, join5};
use serde_json::Value;

use super::{AGENT, Evidence, Nodes, Patient, Seen, webhook_id};
use crate::{
    backend::{Addon, CallError, Kubernetes, Side},
    object::{EKS, Id, Object, PLATFORM_NAMESPACE, own_kind},
};

/// A look is a help, not worth a long wait.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks at everything at once.
pub async fn gather(
    kubernetes: &Kubernetes,
    identities: Option<Side<'_>>,
    patient: &Patient<'_>,
) -> Evidence {
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
        associations(identities, patient),
        addon(identities, patient),
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

/// Those of the pod's namespace, each named by its id; where ACK makes them, as it says.
async fn associations(identities: Option<Side<'_>>, patient: &Patient<'_>) -> Seen<Vec<Object>> {
    let (cluster, namespace) = (patient.cluster, patient.namespace());
    let described = async {
        match identities {
            None => Ok(None),
            Some(Side::Kubernetes(kubernetes)) => {
                let kind = own_kind(EKS, "PodIdentityAssociation");
                let mut all = kubernetes.list(kind, PLATFORM_NAMESPACE, "").await?;
                all.retain(|object| {
                    let made = !object.text("/status/associationID").is_empty();
                    made && object.text("/spec/namespace") == namespace
                });
                Ok(Some(all))
            }
            Some(Side::Aws(aws)) => {
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
                Ok(Some(found))
            }
        }
    };
    let found = look("associations", described).await?;
    found.ok_or_else(|| left_out("associations"))
}

async fn addon(identities: Option<Side<'_>>, patient: &Patient<'_>) -> Seen<Option<Addon>> {
    let Some(Side::Aws(aws)) = identities else {
        return Err(left_out("the add-on"));
    };
    look("the add-on", aws.eks.addon(patient.cluster, AGENT)).await
}

fn left_out(what: &str) -> String {
    format!("{what}: AWS is left out of this run")
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
