//! Events on Ingresses.

use std::collections::HashMap;

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use super::world::{key, text};
use crate::files::digest;
use crate::kubernetes;

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

/// Writes events; a repeated one is counted up, as client-go's recorder does.
pub(crate) struct Recorder {
    client: kube::Client,
    /// By what makes two events the same: the event's name and its count.
    written: HashMap<[String; 3], (String, u64)>,
    number: u64,
}

impl Recorder {
    pub(crate) fn new(client: kube::Client) -> Self {
        Self {
            client,
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
            let (namespace, name) = key(ingress);
            let fresh = format!("{name}.{}", digest(&[uid, &self.number.to_string()]));
            let (event, count) = self.written.entry(same).or_insert((fresh, 0));
            *count += 1;
            let object = event_object(ingress, event, *count, report);
            let path = format!("/api/v1/namespaces/{namespace}/events");
            let (client, event, count) = (self.client.clone(), event.clone(), *count);
            tokio::spawn(async move {
                if count > 1 {
                    let again = json!({"count": count, "lastTimestamp": object["lastTimestamp"]});
                    let _ = kubernetes::merge(&client, &format!("{path}/{event}"), &again).await;
                } else {
                    let _ = kubernetes::create(&client, &path, &object).await;
                }
            });
        }
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
