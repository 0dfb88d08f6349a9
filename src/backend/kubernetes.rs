//! The API server. Raw requests keep our JSON trees untouched and need no discovery.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::Stream;
use kube::Config;
use serde_json::{Value, json};

use super::{CallError, Reason, credentials::Credentials, retry::retry};
use discovery::Discovered;
use reach::Reach;
use wire::{collection, failed, not_served, query, request, to_object, transport};

mod discovery;
mod exists;
mod follow;
mod reach;
mod wire;
use crate::{
    ack,
    managed::{MANAGER, REPAIR_MANAGER},
    object::{Id, KnownKind, Object},
};

/// One call may take so long; a hung connection must not hang the verb.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Objects asked for in one answer of a list.
const PAGE: usize = 500;

type Answer<T> = std::result::Result<T, CallError>;

/// How to apply an object.
#[derive(Clone, Debug, Default)]
pub struct Apply {
    /// Ask what would come out; write nothing.
    pub dry_run: bool,
    /// Take fields that others hold.
    pub force: bool,
    /// Refuse if the object has changed since it was read. `1` means: refuse if it exists.
    pub resource_version: Option<String>,
    /// Another field manager than ours.
    pub manager: Option<&'static str>,
}

impl Apply {
    /// Refuses if the object exists: of two that create one, one is refused.
    pub fn anew() -> Self {
        Self {
            resource_version: Some("1".into()),
            ..Self::default()
        }
    }
}

/// What happens to dependants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// They go first, and the object with the last of them.
    Foreground,
    /// The garbage collector takes them later.
    Background,
}

/// One change that a watch reports.
#[derive(Clone, Debug)]
pub enum WatchEvent {
    /// It lives, as this.
    Present(Value),
    /// It is gone.
    Gone(Value),
    /// The watch ended or was refused; start again.
    Ended,
}

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

    /// Server-side apply, with strict field validation.
    ///
    /// # Errors
    /// `Conflict` for a field that another manager holds and for an object that has changed.
    pub async fn apply(&self, object: &Object, how: &Apply) -> Answer<Object> {
        let id = object.id();
        let call = format!(
            "{} {id}",
            if how.dry_run {
                "dry-run of apply"
            } else {
                "apply"
            }
        );
        let mut tree = ack::stored(object.tree.clone());
        if let Some(version) = &how.resource_version {
            tree["metadata"]["resourceVersion"] = version.as_str().into();
        }
        let query = query(&[
            ("fieldManager", how.manager.unwrap_or(MANAGER)),
            ("fieldValidation", "Strict"),
            ("force", if how.force { "true" } else { "" }),
            ("dryRun", if how.dry_run { "All" } else { "" }),
        ]);
        let path = format!("{}?{query}", self.path(id, &call)?);
        to_object(self.send("PATCH", &path, Some(&tree), &call).await?, &call)
    }

    /// Creates an object by POST, as for a Lease that must be new or a pod whose name the server makes.
    ///
    /// # Errors
    /// `Conflict` when it exists.
    pub async fn create(&self, kind: &KnownKind, tree: &Value, dry_run: bool) -> Answer<Value> {
        let namespace = tree["metadata"]["namespace"].as_str().unwrap_or_default();
        let call = format!(
            "{} {} in {namespace}",
            if dry_run {
                "dry-run of create"
            } else {
                "create"
            },
            kind.kind
        );
        let query = query(&[
            ("fieldManager", MANAGER),
            ("dryRun", if dry_run { "All" } else { "" }),
        ]);
        self.send(
            "POST",
            &format!("{}?{query}", collection(kind, namespace)),
            Some(tree),
            &call,
        )
        .await
    }

    /// Asks for a pod to end, as far as a disruption budget lets it. One that is gone, or is another of the same name,
    /// is well.
    ///
    /// # Errors
    /// `Busy` when the budget does not.
    pub async fn evict(&self, pod: &Object) -> Answer<()> {
        let id = pod.id();
        let call = format!("evict {id}");
        let path = format!("{}/eviction", self.path(id, &call)?);
        let eviction = json!({
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": id.name, "namespace": id.namespace},
            "deleteOptions": {"preconditions": {"uid": pod.text("/metadata/uid")}},
        });
        match self.send("POST", &path, Some(&eviction), &call).await {
            Err(error) if !matches!(error.reason, Reason::NotFound | Reason::Conflict) => {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// Replaces an object that has not changed since it was read.
    ///
    /// # Errors
    /// `Conflict` when it has.
    pub async fn replace(&self, object: &Object) -> Answer<Object> {
        let call = format!("replace {}", object.id());
        let path = format!(
            "{}?{}",
            self.path(object.id(), &call)?,
            query(&[("fieldManager", MANAGER)])
        );
        to_object(
            self.send("PUT", &path, Some(&object.tree), &call).await?,
            &call,
        )
    }

    /// Changes an object by JSON patch (RFC 6902), whose tests say what must still hold.
    ///
    /// # Errors
    /// `Invalid` when a test fails.
    pub async fn repair(
        &self,
        object: &Object,
        operations: &[Value],
        dry_run: bool,
    ) -> Answer<Object> {
        let call = format!(
            "{} {}",
            if dry_run {
                "dry-run of repair"
            } else {
                "repair"
            },
            object.id()
        );
        let query = query(&[
            ("fieldManager", REPAIR_MANAGER),
            ("fieldValidation", "Strict"),
            ("dryRun", if dry_run { "All" } else { "" }),
        ]);
        let path = format!("{}?{query}", self.path(object.id(), &call)?);
        to_object(
            self.send("PATCH", &path, Some(&operations.into()), &call)
                .await?,
            &call,
        )
    }

    /// Deletes an object if it is still the one that was read. False when it was gone already.
    ///
    /// # Errors
    /// `Conflict` when another object has its name now.
    pub async fn delete(&self, id: &Id, uid: &str, propagation: Propagation) -> Answer<bool> {
        let call = format!("delete {id}");
        let mut options = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": format!("{propagation:?}"),
        });
        if !uid.is_empty() {
            options["preconditions"] = json!({"uid": uid});
        }
        match self
            .send("DELETE", &self.path(id, &call)?, Some(&options), &call)
            .await
        {
            Ok(_) => Ok(true),
            Err(error) if error.reason == Reason::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Watches the objects of a kind in a namespace, or one object by name. Without a version the objects that live
    /// come first.
    ///
    /// # Errors
    /// When the watch cannot be opened.
    pub async fn watch(
        &self,
        kind: &KnownKind,
        namespace: &str,
        name: Option<&str>,
        version: &str,
    ) -> Answer<impl Stream<Item = WatchEvent> + Unpin + use<>> {
        let fields = name.map(|name| format!("metadata.name={name}"));
        self.watch_where(kind, namespace, &fields.unwrap_or_default(), version)
            .await
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
