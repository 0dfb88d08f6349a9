//! The custom resources that mcpctl's objects and their controllers need, as minimal schemas from the documented
//! fields. They refuse what they do not know, so that strict validation means something.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::kubernetes;

const DEFINITIONS: [&str; 4] = [
    include_str!("crds/ack-podidentityassociation.yaml"),
    include_str!("crds/ack-role.yaml"),
    include_str!("crds/ingressclassparams.yaml"),
    include_str!("crds/targetgroupbinding.yaml"),
];

/// Adds the definitions and waits until their objects can be made.
pub(crate) async fn add(client: &kube::Client) -> Result<()> {
    let collection = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let mut names = Vec::new();
    for text in DEFINITIONS {
        let definition =
            serde_yaml::from_str::<Value>(text).context("a resource definition is not YAML")?;
        let name = definition["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        kubernetes::create(client, collection, &definition)
            .await
            .with_context(|| format!("cannot define {name}"))?;
        names.push(name);
    }
    for name in names {
        let path = format!("{collection}/{name}");
        let definition = kubernetes::await_object(client, &path, is_established).await?;
        backdate(client, &path, definition)
            .await
            .with_context(|| format!("cannot backdate {name}"))?;
    }
    Ok(())
}

/// The API server lets each creation wait 2 s while a definition is younger than that, for the sake of other API
/// servers, which this one does not have (`customresource_handler.go`, `justCreated`): a day of age ends that.
async fn backdate(client: &kube::Client, path: &str, mut definition: Value) -> Result<()> {
    for condition in definition["status"]["conditions"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        condition["lastTransitionTime"] = "2020-01-01T00:00:00Z".into();
    }
    let patch = json!({"status": {"conditions": definition["status"]["conditions"]}});
    kubernetes::merge(client, &format!("{path}/status"), &patch).await?;
    Ok(())
}

fn is_established(definition: &Value) -> bool {
    let conditions = definition["status"]["conditions"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    conditions
        .iter()
        .any(|condition| condition["type"] == "Established" && condition["status"] == "True")
}
