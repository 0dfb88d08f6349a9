//! What the controller writes to the API server.

use anyhow::Result;
use serde_json::{Value, json};

use super::bindings;
use super::world::{Key, key};
use crate::kubernetes::{self, is_status};

/// The name by which the real controller's changes are known in `managedFields`.
const MANAGER: &str = "fieldManager=controller";

pub(crate) struct Writer {
    client: kube::Client,
}

impl Writer {
    pub(crate) fn new(client: kube::Client) -> Self {
        Self { client }
    }

    /// The Ingress as it is then; none if it went meanwhile.
    pub(crate) async fn patch_ingress(
        &self,
        (namespace, name): &Key,
        subresource: &str,
        patch: &Value,
    ) -> Result<Option<Value>> {
        let path = format!(
            "/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses/{name}{subresource}?{MANAGER}"
        );
        unless_gone(kubernetes::merge(&self.client, &path, patch).await)
    }

    /// The binding as it is then; none if it is there already, or its namespace takes nothing any more.
    pub(crate) async fn create_binding(&self, binding: &Value) -> Result<Option<Value>> {
        let (namespace, _) = key(binding);
        match kubernetes::create(&self.client, &bindings::collection(&namespace), binding).await {
            Ok(binding) => Ok(Some(binding)),
            Err(error)
                if is_status(&error, 409) || is_status(&error, 403) || is_status(&error, 404) =>
            {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) async fn remove_binding(&self, binding: &Value) -> Result<()> {
        if unless_gone(kubernetes::delete(&self.client, &path(binding)).await)?.is_some() {
            self.free_binding(binding).await?;
        }
        Ok(())
    }

    /// Targets deregistered, as it were: the binding may go.
    pub(crate) async fn free_binding(&self, binding: &Value) -> Result<()> {
        let patch = json!({"metadata": {"finalizers": null}});
        let path = format!("{}?{MANAGER}", path(binding));
        unless_gone(kubernetes::merge(&self.client, &path, &patch).await)?;
        Ok(())
    }
}

fn path(binding: &Value) -> String {
    let (namespace, name) = key(binding);
    format!("{}/{name}", bindings::collection(&namespace))
}

fn unless_gone(answer: Result<Value, kube::Error>) -> Result<Option<Value>> {
    match answer {
        Ok(object) => Ok(Some(object)),
        Err(error) if is_status(&error, 404) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
