//! Pods, as the kubelet and the scheduler describe them.

use serde::Serialize;
use serde_json::Value;

use super::standing::is_going;
use crate::{injected, object::Object};

/// One pod.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pod {
    /// Name.
    pub name: String,
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    pub phase: String,
    /// Why the whole pod ended or was refused, such as `Evicted`.
    pub reason: Option<String>,
    /// The node; null until it is scheduled.
    pub node: Option<String>,
    /// When it was made.
    pub created_at: String,
    /// Whether it is on its way out.
    pub deleting: bool,
    /// Whether each container has the tenant's credentials.
    pub credentials: bool,
    /// In the order of the API server.
    pub conditions: Vec<Condition>,
    /// Init containers first.
    pub containers: Vec<Container>,
}

/// A condition of a pod.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Condition {
    /// `Ready`, `PodScheduled`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// One word.
    pub reason: Option<String>,
    /// A sentence.
    pub message: Option<String>,
}

/// A container of a pod.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    /// Name.
    pub name: String,
    /// Whether it runs before the others.
    pub init: bool,
    /// Whether it is ready; of an init container, whether it is done.
    pub ready: bool,
    /// How often it was started again.
    pub restarts: u64,
    /// `running`, `waiting` or `terminated`; null where the kubelet has not said.
    pub state: Option<String>,
    /// Why it waits or ended: `ImagePullBackOff`, `Completed`.
    pub reason: Option<String>,
    /// Why it waits, as a sentence.
    pub message: Option<String>,
    /// How it ended the last time. What it wrote then is not shown.
    pub last_termination: Option<Termination>,
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Termination {
    /// `Error`, `OOMKilled`, `Completed`.
    pub reason: String,
    /// Exit code.
    pub exit_code: i64,
    /// When; null where the kubelet does not say.
    pub finished_at: Option<String>,
}

impl Pod {
    pub(super) fn of(object: &Object) -> Self {
        let status = &object.tree["status"];
        let list = |field: &str| status[field].as_array().into_iter().flatten();
        let init = list("initContainerStatuses").map(|container| Container::of(container, true));
        let main = list("containerStatuses").map(|container| Container::of(container, false));
        Self {
            name: object.id().name.clone(),
            phase: object.text("/status/phase").into(),
            reason: text(&status["reason"]),
            node: text(&object.tree["spec"]["nodeName"]),
            created_at: object.text("/metadata/creationTimestamp").into(),
            deleting: is_going(object),
            credentials: injected::has_credentials(&object.tree),
            conditions: list("conditions").map(Condition::of).collect(),
            containers: init.chain(main).collect(),
        }
    }

    /// Ready containers and all of them, without those that run before.
    pub fn ready(&self) -> (usize, usize) {
        let main = || self.containers.iter().filter(|container| !container.init);
        (
            main().filter(|container| container.ready).count(),
            main().count(),
        )
    }

    /// How often its containers were started again.
    pub fn restarts(&self) -> u64 {
        self.containers
            .iter()
            .map(|container| container.restarts)
            .sum()
    }
}

impl Condition {
    fn of(condition: &Value) -> Self {
        Self {
            kind: text(&condition["type"]).unwrap_or_default(),
            status: text(&condition["status"]).unwrap_or_default(),
            reason: text(&condition["reason"]),
            message: text(&condition["message"]),
        }
    }
}

impl Container {
    fn of(status: &Value, init: bool) -> Self {
        let state = status["state"]
            .as_object()
            .and_then(|state| state.iter().next());
        let field = |field: &str| state.and_then(|(_, state)| text(&state[field]));
        let ended = status["lastState"].get("terminated");
        // One that ended and is not started again has no last state but this one.
        let ended = ended.or_else(|| status["state"].get("terminated"));
        Self {
            name: text(&status["name"]).unwrap_or_default(),
            init,
            ready: status["ready"] == true,
            restarts: status["restartCount"].as_u64().unwrap_or(0),
            state: state.map(|(state, _)| state.clone()),
            reason: field("reason"),
            // What a container wrote as it ended is its own, and may be secret.
            message: status["state"]
                .get("waiting")
                .and_then(|waiting| text(&waiting["message"])),
            last_termination: ended.map(Termination::of),
        }
    }
}

impl Termination {
    fn of(ended: &Value) -> Self {
        Self {
            reason: text(&ended["reason"]).unwrap_or_default(),
            exit_code: ended["exitCode"].as_i64().unwrap_or(0),
            finished_at: text(&ended["finishedAt"]),
        }
    }
}

/// A text that says something.
pub(super) fn text(value: &Value) -> Option<String> {
    value
        .as_str()
        .filter(|text| !text.is_empty())
        .map(str::to_string)
}
