//! The one node of the cluster, and how its pretended kubelet behaves.
//!
//! KWOK plays the kubelet by the Stage objects in `kwok/stages.yaml`, which also say how a test makes a pod that does
//! not become ready.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::kubernetes;

/// The configuration of KWOK.
pub(crate) const STAGES: &str = include_str!("kwok/stages.yaml");

const NODE: &str = "sandbox-node";

/// Adds the node and waits until pods can be scheduled on it and service accounts are being made.
pub(crate) async fn add_node(client: &kube::Client) -> Result<()> {
    let node = json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": NODE,
            "annotations": {"kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0"},
            "labels": {
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": NODE,
                "kubernetes.io/os": "linux",
                "node.kubernetes.io/instance-type": "m7i.8xlarge",
                "topology.kubernetes.io/region": "eu-west-1",
                "topology.kubernetes.io/zone": "eu-west-1a",
            },
        },
    });
    kubernetes::create(client, "/api/v1/nodes", &node)
        .await
        .context("cannot create the node")?;
    kubernetes::await_object(client, &format!("/api/v1/nodes/{NODE}"), is_usable).await?;
    kubernetes::await_object(
        client,
        "/api/v1/namespaces/default/serviceaccounts/default",
        |_| true,
    )
    .await?;
    Ok(())
}

fn is_usable(node: &Value) -> bool {
    let conditions = node["status"]["conditions"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let ready = conditions
        .iter()
        .any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
    let tainted = node["spec"]["taints"]
        .as_array()
        .is_some_and(|taints| !taints.is_empty());
    ready && !tainted
}
