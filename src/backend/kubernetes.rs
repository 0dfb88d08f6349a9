//! The API server, and how it is read. Raw requests keep our JSON trees untouched and need no discovery.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use kube::Config;
use serde_json::Value;

use super::{CallError, Reason, credentials::Credentials, retry::retry};
use crate::object::{Id, KnownKind, Object};
use discovery::Discovered;
use reach::Reach;
use wire::{collection, failed, not_served, query, request, to_object, transport};

mod discovery;
mod exists;
mod follow;
mod reach;
mod wire;
mod write;

pub use follow::WatchEvent;
pub use write::{Apply, Propagation};

/// One call may take so long; a hung connection must not hang the verb.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Objects asked for in one answer of a list.
const PAGE: usize = 500;

type Answer<T> = std::result::Result<T, CallError>;

/// A client for one cluster.
#[derive(Clone)]
pub struct Kubernetes {
    config: Config,
    credentials: Arc<Credentials>,
    client: kube::Client,
    discovered: Arc<Mutex<Discovered>>,
    /// Whose API server it is, where it is known to be EKS's.
    reach: Option<Arc<Reach>>,
    /// Name of the context, for messages.
    pub context: String,
}

impl Kubernetes {
    /// Reads one object.
    ///
    /// # Errors
    /// Anything but "not found".
    pub async fn get(&self, id: &Id) -> Answer<Option<Object>> {
        let call = format!("get {id}");
        let path = self.path(id, &call)?;
        match self.send("GET", &path, None, &call).await {
            Ok(tree) => to_object(tree, &call).map(Some),
            Err(error) if error.reason == Reason::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads all objects of a kind, in one namespace or, without one, in all.
    ///
    /// # Errors
    /// `NotServed` when the cluster has no such kind.
    pub async fn list(
        &self,
        kind: &KnownKind,
        namespace: &str,
        selector: &str,
    ) -> Answer<Vec<Object>> {
        self.list_where(kind, namespace, ("labelSelector", selector))
            .await
    }

    /// Reads all objects of a kind that have a name, in all namespaces.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub async fn named(&self, kind: &KnownKind, name: &str) -> Answer<Vec<Object>> {
        let selector = format!("metadata.name={name}");
        self.list_where(kind, "", ("fieldSelector", &selector))
            .await
    }

    /// Reads one object by a list, which unlike [`Self::get`] tells a kind that is not served from an object that is
    /// not there.
    ///
    /// # Errors
    /// `NotServed` when the cluster has no such kind.
    pub async fn look_up(&self, id: &Id) -> Answer<Option<Object>> {
        let kind = self
            .kind(&id.group, &id.kind)
            .ok_or_else(|| not_served(id, &format!("find {id}")))?;
        let name = format!("metadata.name={}", id.name);
        let found = self.list_where(&kind, &id.namespace, ("fieldSelector", &name));
        Ok(found.await?.pop())
    }

    async fn list_where(
        &self,
        kind: &KnownKind,
        namespace: &str,
        selector: (&str, &str),
    ) -> Answer<Vec<Object>> {
        let place = if namespace.is_empty() {
            String::new()
        } else {
            format!(" in {namespace}")
        };
        let call = format!("list {}{place}", kind.plural);
        let mut objects = Vec::new();
        let mut next = String::new();
        loop {
            let query = query(&[("limit", &PAGE.to_string()), selector, ("continue", &next)]);
            let path = format!("{}?{query}", collection(kind, namespace));
            let mut page = self
                .send("GET", &path, None, &call)
                .await
                .map_err(|mut error| {
                    if error.reason == Reason::NotFound {
                        error.reason = Reason::NotServed;
                    }
                    error
                })?;
            next = page["metadata"]["continue"]
                .as_str()
                .unwrap_or_default()
                .to_string();
            let api_version = page["apiVersion"].take();
            if let Value::Array(items) = page["items"].take() {
                for mut item in items {
                    item["apiVersion"] = api_version.clone();
                    item["kind"] = kind.kind.as_ref().into();
                    objects.push(to_object(item, &call)?);
                }
            }
            if next.is_empty() {
                return Ok(objects);
            }
        }
    }

    fn path(&self, id: &Id, call: &str) -> Answer<String> {
        let kind = self
            .kind(&id.group, &id.kind)
            .ok_or_else(|| not_served(id, call))?;
        Ok(format!("{}/{}", collection(&kind, &id.namespace), id.name))
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        call: &str,
    ) -> Answer<Value> {
        retry(async || {
            let request = request(method, path, body, call)?;
            match tokio::time::timeout(CALL_TIMEOUT, self.client.request::<Value>(request)).await {
                Ok(answer) => answer.map_err(|error| failed(call, error)),
                Err(_) => Err(transport(
                    call,
                    format!("no answer within {} seconds", CALL_TIMEOUT.as_secs()),
                )),
            }
        })
        .await
        .map_err(|error| self.advised(error))
    }
}
