//! What the API server streams: changes, and the logs of containers.

use futures_util::{Stream, StreamExt};
use serde_json::Value;

use super::{
    Answer, Kubernetes, collection,
    wire::{failed, query, request},
};
use crate::object::{KnownKind, own_kind};

/// Bytes of a log at most: a line has no limit of its own.
const LOG_BYTES: &str = "262144";

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

impl Kubernetes {
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

    /// Watches the objects of a kind that a field selector selects, in one namespace or, without one, in all. Without a
    /// version the objects that live come first.
    ///
    /// # Errors
    /// When the watch cannot be opened.
    pub async fn watch_where(
        &self,
        kind: &KnownKind,
        namespace: &str,
        fields: &str,
        version: &str,
    ) -> Answer<impl Stream<Item = WatchEvent> + Unpin + use<>> {
        let place = if namespace.is_empty() {
            "all namespaces"
        } else {
            namespace
        };
        let call = format!("watch {} in {place}", kind.plural);
        let query = query(&[
            ("watch", "1"),
            ("fieldSelector", fields),
            ("resourceVersion", version),
        ]);
        let path = format!("{}?{query}", collection(kind, namespace));
        let request = request("GET", &path, None, &call)?;
        let stream = self
            .client
            .request_events::<Value>(request)
            .await
            .map_err(|error| self.advised(failed(&call, error)))?;
        Ok(stream
            .map(|event| match event {
                Ok(
                    kube::core::WatchEvent::Added(tree) | kube::core::WatchEvent::Modified(tree),
                ) => WatchEvent::Present(tree),
                Ok(kube::core::WatchEvent::Deleted(tree)) => WatchEvent::Gone(tree),
                _ => WatchEvent::Ended,
            })
            .boxed_local())
    }

    /// The last lines of a container's log; of the instance that ended, where `previous`. Asked for once: whoever shows a
    /// log can do without.
    ///
    /// # Errors
    /// What the API server answered, such as `Forbidden`, or that there is no such instance.
    pub async fn log(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        (previous, lines): (bool, usize),
    ) -> Answer<String> {
        let call = format!("read the log of {container} in pod {namespace}/{pod}");
        let query = query(&[
            ("container", container),
            ("previous", if previous { "true" } else { "" }),
            ("tailLines", &lines.to_string()),
            ("limitBytes", LOG_BYTES),
        ]);
        let path = format!(
            "{}/{pod}/log?{query}",
            collection(own_kind("", "Pod"), namespace)
        );
        let request = request("GET", &path, None, &call)?;
        let text = self.client.request_text(request).await;
        text.map_err(|error| self.advised(failed(&call, error)))
    }
}
