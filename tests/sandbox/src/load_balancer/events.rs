//! Events on Ingresses.

use std::collections::HashMap;

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::world::{key, text};
use crate::files::digest;
use crate::kubernetes::{self, is_status};

/// What happened to a group.
pub(crate) struct Report<'a> {
    pub(crate) severity: Severity,
    pub(crate) reason: &'a str,
    pub(crate) message: &'a str,
}

#[derive(Clone, Copy)]
pub(crate) enum Severity {
    Normal,
    Warning,
}

/// An event as it is to be written, and how often it was recorded.
type Recorded = (Value, u64);

/// Writes events; a repeated one is counted up, as client-go's recorder does. Nobody waits for them, but they are
/// written one after the other: the last one is the last word.
pub(crate) struct Recorder {
    sink: UnboundedSender<Recorded>,
    /// By what makes two events the same: the event's name and its count.
    written: HashMap<[String; 3], (String, u64)>,
    number: u64,
}

impl Recorder {
    pub(crate) fn new(client: kube::Client) -> Self {
        let (sink, recorded) = unbounded_channel();
        tokio::spawn(write(client, recorded));
        Self {
            sink,
            written: HashMap::new(),
            number: 0,
        }
    }

    /// Records the same event on each Ingress. Events may be lost, as events may: a namespace that is going takes none.
    pub(crate) fn record(&mut self, ingresses: &[&Value], report: &Report<'_>) {
        for ingress in ingresses {
            let uid = text(&ingress["metadata"]["uid"]);
            let same = [uid, report.reason, report.message].map(str::to_owned);
            self.number += 1;
            let (_, name) = key(ingress);
            let fresh = format!("{name}.{}", digest(&[uid, &self.number.to_string()]));
            let (event, count) = self.written.entry(same).or_insert((fresh, 0));
            *count += 1;
            let object = event_object(ingress, event, *count, report);
            // The sink ends with the sandbox.
            let _ = self.sink.send((object, *count));
        }
    }
}

async fn write(client: kube::Client, mut recorded: UnboundedReceiver<Recorded>) {
    while let Some((event, count)) = recorded.recv().await {
        let (namespace, name) = key(&event);
        let path = format!("/api/v1/namespaces/{namespace}/events");
        if count > 1 {
            let again = json!({"count": count, "lastTimestamp": event["lastTimestamp"]});
            let counted = kubernetes::merge(&client, &format!("{path}/{name}"), &again).await;
            // One that was deleted meanwhile is made again.
            if !counted.is_err_and(|error| is_status(&error, 404)) {
                continue;
            }
        }
        let _ = kubernetes::create(&client, &path, &event).await;
    }
}

fn event_object(ingress: &Value, name: &str, count: u64, report: &Report<'_>) -> Value {
    let (namespace, ingress_name) = key(ingress);
    let now = Timestamp::now();
    // Events carry whole seconds.
    let now = Timestamp::from_second(now.as_second())
        .unwrap_or(now)
        .to_string();
    let severity = match report.severity {
        Severity::Normal => "Normal",
        Severity::Warning => "Warning",
    };
    json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"namespace": namespace, "name": name},
        "involvedObject": {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "namespace": namespace,
            "name": ingress_name,
            "uid": ingress["metadata"]["uid"],
            "resourceVersion": ingress["metadata"]["resourceVersion"],
        },
        "type": severity,
        "reason": report.reason,
        "message": report.message,
        "source": {"component": "ingress"},
        "reportingComponent": "ingress",
        "reportingInstance": "",
        "count": count,
        "firstTimestamp": now,
        "lastTimestamp": now,
    })
}
