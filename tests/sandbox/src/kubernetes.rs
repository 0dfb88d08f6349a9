//! Requests to the API server as JSON, where typed clients would add nothing.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use http::{Method, Request, header};
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::Value;

/// A client for a kubeconfig that the sandbox wrote.
pub(crate) async fn client(kubeconfig: &Path) -> Result<kube::Client> {
    let parsed = Kubeconfig::read_from(kubeconfig)
        .with_context(|| format!("cannot read {}", kubeconfig.display()))?;
    let mut config =
        kube::Config::from_custom_kubeconfig(parsed, &KubeConfigOptions::default()).await?;
    // Loopback, whatever `HTTPS_PROXY` says.
    config.proxy_url = None;
    config.default_retry = false;
    kube::Client::try_from(config).context("cannot make a Kubernetes client")
}

/// Whether an error is the API server's answer with this HTTP status.
pub(crate) fn is_status(error: &kube::Error, code: u16) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == code)
}

pub(crate) async fn get(client: &kube::Client, path: &str) -> Result<Value, kube::Error> {
    send(client, Method::GET, path, "", None).await
}

pub(crate) async fn create(
    client: &kube::Client,
    collection: &str,
    object: &Value,
) -> Result<Value, kube::Error> {
    send(
        client,
        Method::POST,
        collection,
        "application/json",
        Some(object),
    )
    .await
}

pub(crate) async fn merge(
    client: &kube::Client,
    path: &str,
    patch: &Value,
) -> Result<Value, kube::Error> {
    send(
        client,
        Method::PATCH,
        path,
        "application/merge-patch+json",
        Some(patch),
    )
    .await
}

pub(crate) async fn delete(client: &kube::Client, path: &str) -> Result<Value, kube::Error> {
    send(client, Method::DELETE, path, "", None).await
}

async fn send(
    client: &kube::Client,
    method: Method,
    path: &str,
    content_type: &str,
    body: Option<&Value>,
) -> Result<Value, kube::Error> {
    let mut request = Request::builder().method(method).uri(path);
    if !content_type.is_empty() {
        request = request.header(header::CONTENT_TYPE, content_type);
    }
    let body = body
        .map(|value| value.to_string().into_bytes())
        .unwrap_or_default();
    client
        .request(request.body(body).map_err(kube::Error::HttpError)?)
        .await
}

/// Reads `path` until `good` says so; for the short waits of a start.
pub(crate) async fn await_object(
    client: &kube::Client,
    path: &str,
    good: impl Fn(&Value) -> bool,
) -> Result<Value> {
    let wait = async {
        loop {
            match get(client, path).await {
                Ok(object) if good(&object) => return object,
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    let limit = Duration::from_mins(1);
    tokio::time::timeout(limit, wait)
        .await
        .with_context(|| format!("{path} was not ready after {limit:?}"))
}
