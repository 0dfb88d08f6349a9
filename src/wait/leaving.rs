//! Waits until an object is gone.

use std::{pin::Pin, time::Duration};

use futures_util::{Stream, StreamExt};
use serde_json::Value;
use tokio::time::Instant;

use super::{
    explain,
    finding::{Finding, Waiting, message},
    group, ingresses, sleep_until,
};
use crate::{
    backend::{Kubernetes, WatchEvent},
    error::{Error, Kind, Result},
    object::{Id, own_kind},
};

/// How long an Ingress may take to go before the other members of its group are asked why it stays. An undisturbed
/// controller needs half a second.
const GROUP_PATIENCE: Duration = Duration::from_secs(1);

/// Conditions by which ACK says why it cannot delete.
const STOPS: [&str; 2] = ["ACK.Recoverable", "ACK.Terminal"];

/// Waits until an object is gone. `progress` hears what holds it.
///
/// # Errors
/// What the API server answered; Wait, when the object itself is what keeps the load balancer from letting it go.
pub async fn gone(
    kubernetes: &Kubernetes,
    id: &Id,
    uid: &str,
    progress: &dyn Fn(&Waiting),
) -> Result<()> {
    let mut leave = Leave::new(id, kubernetes, progress);
    let group = id
        .is("networking.k8s.io", "Ingress")
        .then(|| Instant::now() + GROUP_PATIENCE);
    let mut asks = Box::pin(sleep_until(group));
    let mut complaints: Option<Pin<Box<dyn Stream<Item = WatchEvent>>>> = None;
    loop {
        let Some(object) = kubernetes.get(id).await? else {
            return Ok(());
        };
        if !uid.is_empty() && object.text("/metadata/uid") != uid {
            return Ok(());
        }
        let version = object.text("/metadata/resourceVersion").to_string();
        leave.is(object.tree).await?;
        let Some(kind) = kubernetes.kind(&id.group, &id.kind) else {
            return Ok(());
        };
        let mut events = kubernetes
            .watch(&kind, &id.namespace, Some(&id.name), &version)
            .await?;
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(WatchEvent::Present(tree)) => leave.is(tree).await?,
                    Some(WatchEvent::Gone(_)) => return Ok(()),
                    Some(WatchEvent::Ended) | None => break,
                },
                () = &mut asks, if complaints.is_none() => complaints = Some(controller_events(kubernetes).await),
                Some(event) = next(complaints.as_mut()) => match event {
                    WatchEvent::Present(event) => leave.hears(&event).await?,
                    // Without a second chance: it only explains.
                    WatchEvent::Ended => complaints = Some(Box::pin(futures_util::stream::pending())),
                    WatchEvent::Gone(_) => {}
                },
            }
        }
    }
}

async fn next(stream: Option<&mut Pin<Box<dyn Stream<Item = WatchEvent>>>>) -> Option<WatchEvent> {
    match stream {
        Some(stream) => stream.next().await,
        None => std::future::pending().await,
    }
}

/// The events about Ingresses of all namespaces; none where they cannot be read.
async fn controller_events(kubernetes: &Kubernetes) -> Pin<Box<dyn Stream<Item = WatchEvent>>> {
    let about = "involvedObject.kind=Ingress";
    match kubernetes
        .watch_where(own_kind("", "Event"), "", about, "")
        .await
    {
        Ok(stream) => Box::pin(stream),
        Err(_) => Box::pin(futures_util::stream::pending()),
    }
}

/// What keeps an object that is being deleted.
struct Leave<'a> {
    id: &'a Id,
    kubernetes: &'a Kubernetes,
    progress: &'a dyn Fn(&Waiting),
    object: Value,
    complaints: group::Complaints,
    members: Vec<Value>,
    explained: Vec<String>,
    last: Waiting,
}

impl<'a> Leave<'a> {
    fn new(id: &'a Id, kubernetes: &'a Kubernetes, progress: &'a dyn Fn(&Waiting)) -> Self {
        Self {
            id,
            kubernetes,
            progress,
            object: Value::Null,
            complaints: group::Complaints::default(),
            members: Vec::new(),
            explained: Vec::new(),
            last: Waiting::default(),
        }
    }

    async fn is(&mut self, object: Value) -> Result<()> {
        self.object = object;
        self.tell().await
    }

    async fn hears(&mut self, event: &Value) -> Result<()> {
        self.complaints.take(event);
        let failures: Vec<String> = self.complaints.failures().map(str::to_string).collect();
        if failures.iter().any(|said| !self.explained.contains(said)) {
            self.members = ingresses(self.kubernetes).await;
            self.explained = failures;
        }
        self.tell().await
    }

    async fn tell(&mut self) -> Result<()> {
        let mut findings = holders(&self.object);
        if let Some(said) = self.complaints.in_group(&self.object, &self.members) {
            let diagnosis = group::diagnose(said, &self.object, &self.members);
            if diagnosis.own {
                let error = Error::new(Kind::Wait, format!("{} cannot go", self.id));
                return Err(explain(error, self.kubernetes, "", &[diagnosis.finding]).await);
            }
            findings.push(diagnosis.finding);
        }
        let waiting = Waiting {
            state: String::new(),
            findings,
        };
        if waiting != self.last && !waiting.findings.is_empty() {
            (self.progress)(&waiting);
            self.last = waiting;
        }
        Ok(())
    }
}

/// What keeps an object that is being deleted: its finalizers, of a namespace the conditions that say why, and of what
/// ACK carries out what ACK says.
fn holders(tree: &Value) -> Vec<Finding> {
    let finalizers = tree["metadata"]["finalizers"].as_array();
    let finalizers = finalizers.into_iter().flatten().filter_map(Value::as_str);
    let mut found: Vec<Finding> = finalizers
        .map(|finalizer| {
            let found = Finding::new(format!("finalizer {finalizer}"));
            if finalizer.contains(".services.k8s.aws/") {
                found.hint("ACK takes its finalizer off once AWS has deleted what the object stands for: is its controller running?")
            } else {
                found
            }
        })
        .collect();
    let conditions = tree["status"]["conditions"].as_array();
    let telling = conditions.into_iter().flatten().filter(|condition| {
        let kind = text(condition, "/type");
        let says_why = tree["kind"] == "Namespace" || STOPS.contains(&kind);
        says_why && condition["status"] == "True"
    });
    found.extend(telling.map(|condition| {
        let (kind, said) = (text(condition, "/type"), text(condition, "/message"));
        Finding::new(format!("{kind}: {}", message(said)))
    }));
    found
}

fn text<'a>(tree: &'a Value, pointer: &str) -> &'a str {
    tree.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
