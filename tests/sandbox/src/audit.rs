//! The API server's audit log: what a client asked for, as the server saw it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context as _, Result, bail};
use http::Request;
use serde_json::Value;

use crate::engine::Engine;

/// One request, told once: a watch has several events in the log.
///
/// Source: Kubernetes documentation, "kube-apiserver Audit Configuration (v1)".
#[derive(Clone, Debug)]
pub struct AuditEvent {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    pub verb: String,
    /// The HTTP method.
    pub method: String,
    /// The path with its query.
    pub uri: String,
    /// The resource in the plural, with its subresource: `ingresses/status`. Empty for other paths.
    pub resource: String,
    /// Empty for cluster-wide resources.
    pub namespace: String,
    /// Empty where the request names none.
    pub name: String,
    /// The HTTP status of the answer.
    pub code: u16,
    /// Whether nothing was to be stored.
    pub dry_run: bool,
    /// When the server received the request (RFC 3339).
    pub request_received: String,
    /// When it had answered (RFC 3339).
    pub stage_timestamp: String,
    /// What the client calls itself.
    pub user_agent: String,
    /// The object that was answered to the creation or a patch of a pod: what was admitted.
    pub admitted: Option<Value>,
}

pub(crate) struct AuditLog {
    path: PathBuf,
    marks: AtomicU64,
}

impl AuditLog {
    pub(crate) fn new(dir: &Path) -> Self {
        Self {
            path: dir.join("audit.log"),
            marks: AtomicU64::new(0),
        }
    }

    /// The requests of a user, in the order in which they arrived.
    pub(crate) fn events(
        &self,
        engine: &Engine,
        client: kube::Client,
        user: &str,
    ) -> Result<Vec<AuditEvent>> {
        let text = self.flushed(engine, client)?;
        let wanted = format!("\"username\":{}", serde_json::to_string(user)?);
        told(&text, &wanted, |event| event["user"]["username"] == user)
    }

    /// The requests of all users to make a pod in a namespace, in the order in which they arrived.
    pub(crate) fn pods(
        &self,
        engine: &Engine,
        client: kube::Client,
        namespace: &str,
    ) -> Result<Vec<AuditEvent>> {
        let text = self.flushed(engine, client)?;
        let wanted = format!("/api/v1/namespaces/{namespace}/pods");
        told(&text, &wanted, |event| {
            let about = &event["objectRef"];
            // An apply that makes something is a patch that answers 201.
            let applied = event["verb"] == "patch" && event["responseStatus"]["code"] == 201;
            (event["verb"] == "create" || applied)
                && about["resource"] == "pods"
                && about["subresource"].is_null()
                && about["namespace"] == namespace
        })
    }

    /// The log, once it holds a request made now: the server writes an event just after its answer.
    fn flushed(&self, engine: &Engine, client: kube::Client) -> Result<String> {
        let mark = format!(
            "/version?mark={}",
            self.marks.fetch_add(1, Ordering::Relaxed)
        );
        let request = Request::get(&mark).body(Vec::new())?;
        engine.run(async move { Ok(client.request_text(request).await?) })?;
        let wanted = format!("\"requestURI\":\"{mark}\"");
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let text = fs::read_to_string(&self.path).context("cannot read the audit log")?;
            if text.contains(&wanted) && text.ends_with('\n') {
                return Ok(text);
            }
            if Instant::now() > deadline {
                bail!("the audit log does not show {mark}");
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// What the lines that hold a text and are meant say, each request once and by its last event.
fn told(text: &str, holds: &str, meant: impl Fn(&Value) -> bool) -> Result<Vec<AuditEvent>> {
    let mut events = Vec::<(String, AuditEvent)>::new();
    for line in text.lines().filter(|line| line.contains(holds)) {
        let event =
            serde_json::from_str::<Value>(line).context("a line of the audit log is not JSON")?;
        if !meant(&event) {
            continue;
        }
        let id = event["auditID"].as_str().unwrap_or_default().to_owned();
        match events.iter_mut().find(|(known, _)| *known == id) {
            Some((_, known)) => *known = AuditEvent::new(&event),
            None => events.push((id, AuditEvent::new(&event))),
        }
    }
    let mut events = events
        .into_iter()
        .map(|(_, event)| event)
        .collect::<Vec<_>>();
    events.sort_by(|a, b| a.request_received.cmp(&b.request_received));
    Ok(events)
}

impl AuditEvent {
    fn new(event: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let reference = &event["objectRef"];
        let mut resource = text(&reference["resource"]);
        if let Some(subresource) = reference["subresource"].as_str() {
            resource = format!("{resource}/{subresource}");
        }
        let verb = text(&event["verb"]);
        let uri = text(&event["requestURI"]);
        Self {
            method: method(&verb).to_owned(),
            verb,
            resource,
            namespace: text(&reference["namespace"]),
            name: text(&reference["name"]),
            code: event["responseStatus"]["code"]
                .as_u64()
                .and_then(|code| code.try_into().ok())
                .unwrap_or_default(),
            dry_run: uri.contains("dryRun=All"),
            uri,
            request_received: text(&event["requestReceivedTimestamp"]),
            stage_timestamp: text(&event["stageTimestamp"]),
            user_agent: text(&event["userAgent"]),
            admitted: event.get("responseObject").cloned(),
        }
    }
}

/// The method behind a verb, which the log does not show; verbs of paths that are no resources are methods.
fn method(verb: &str) -> &str {
    match verb {
        "get" | "list" | "watch" => "GET",
        "create" | "post" => "POST",
        "update" | "put" => "PUT",
        "patch" => "PATCH",
        "delete" | "deletecollection" => "DELETE",
        other => other,
    }
}
