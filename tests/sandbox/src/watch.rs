//! A list and a watch that goes on from it, for as long as the API server lives.

use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use http::Request;
use kube::core::WatchEvent;
use serde_json::Value;

use crate::kubernetes;

/// What is known anew about the objects of one collection.
pub(crate) enum Change {
    /// All of them; what is not here is gone.
    All(Vec<Value>),
    Set(Value),
    Gone(Value),
}

/// Tells every change in a collection until the receiver is gone.
pub(crate) async fn follow(
    client: kube::Client,
    collection: &'static str,
    tell: impl Fn(Change) -> bool,
) {
    loop {
        if let Ok(list) = kubernetes::get(&client, collection).await {
            let version = list["metadata"]["resourceVersion"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let items = list["items"].as_array().cloned().unwrap_or_default();
            if !tell(Change::All(items)) || !changes(&client, collection, &version, &tell).await {
                return;
            }
        }
        // The list or the watch failed; the watch also ends by itself now and then.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Tells changes until the watch ends; false when nobody listens any more.
async fn changes(
    client: &kube::Client,
    collection: &str,
    version: &str,
    tell: &impl Fn(Change) -> bool,
) -> bool {
    let path = format!("{collection}?watch=1&resourceVersion={version}");
    let Ok(request) = Request::get(path).body(Vec::new()) else {
        return true;
    };
    let Ok(events) = client.request_events::<Value>(request).await else {
        return true;
    };
    let mut events = pin!(events);
    while let Some(Ok(event)) = events.next().await {
        let change = match event {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => Change::Set(object),
            WatchEvent::Deleted(object) => Change::Gone(object),
            WatchEvent::Bookmark(_) => continue,
            WatchEvent::Error(_) => return true,
        };
        if !tell(change) {
            return false;
        }
    }
    true
}
