//! A run as JSON lines on stdout: one event each, and the result at the end. `docs/json-events.md` describes them.

use std::{
    cell::{Cell, RefCell},
    time::Instant,
};

use k8s_openapi::jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    Ui,
    entries::{EntryKind, Field, Values, action_name, entries, has_line},
    heartbeat::Heartbeat,
    lines::came_of_it,
};
use crate::{
    error::{Error, Kind, Result},
    execute::{Event, Outcome},
    object::Id,
    plan::{Plan, Step},
};

/// Version of the lines' form.
const API_VERSION: &str = "mcpctl.dev/v1alpha1";

/// What the last line will say, as far as it is known.
pub(crate) struct Json {
    subject: RefCell<Map<String, Value>>,
    result: RefCell<Map<String, Value>>,
    /// Of all plans together.
    counts: Cell<[usize; 3]>,
    /// Why nothing is printed any more.
    unread: RefCell<Option<Error>>,
    heartbeat: RefCell<Heartbeat>,
}

impl Default for Json {
    fn default() -> Self {
        Self {
            subject: RefCell::default(),
            result: RefCell::default(),
            counts: Cell::default(),
            unread: RefCell::default(),
            heartbeat: RefCell::new(Heartbeat::new(Instant::now())),
        }
    }
}

impl Json {
    /// Notes whom the following lines are about; nobody, with an empty name.
    pub(super) fn subject(&self, key: &str, name: &str) {
        let mut subject = self.subject.borrow_mut();
        if name.is_empty() {
            subject.remove(key);
        } else {
            subject.insert(key.into(), name.into());
        }
    }

    /// Notes a field of the result.
    pub(super) fn note(&self, key: &str, value: impl Into<Value>) {
        self.result.borrow_mut().insert(key.into(), value.into());
    }

    /// One event.
    pub(super) fn event(&self, ui: &Ui, kind: &str, fields: Value) {
        let mut line = line_of("Event");
        line.insert("type".into(), kind.into());
        line.insert("time".into(), Timestamp::now().to_string().into());
        line.extend(self.subject.borrow().clone());
        if let Value::Object(fields) = fields {
            line.extend(fields);
        }
        self.write(ui, line);
    }

    pub(super) fn plan(&self, ui: &Ui, plan: &Plan) {
        let (mut sum, more) = (self.counts.get(), plan.counts());
        sum.iter_mut()
            .zip(more)
            .for_each(|(sum, more)| *sum += more);
        self.counts.set(sum);
        self.note("counts", counts(sum));
        self.event(ui, "plan", plan_data(plan));
    }

    pub(super) fn hear(&self, ui: &Ui, event: &Event<'_>) {
        let tell = |kind: &str, step: &Step, more: Value| {
            let mut fields = about(step);
            if let Value::Object(more) = more {
                fields.extend(more);
            }
            self.event(ui, kind, fields.into());
        };
        let (mut heartbeat, now) = (self.heartbeat.borrow_mut(), Instant::now());
        heartbeat.hear(event, now);
        match event {
            Event::Begun(step) if has_line(&step.id, &step.action) => {
                tell("started", step, Value::Null);
            }
            Event::Done(step, text) if has_line(&step.id, &step.action) => {
                let what = Some(came_of_it(step, text)).filter(|_| !text.is_empty());
                tell(
                    "done",
                    step,
                    what.map_or(Value::Null, |what| json!({"what": what})),
                );
            }
            Event::Waiting(step, what) => {
                let seconds = heartbeat.seconds(step, now);
                tell("waiting", step, json!({"what": what, "seconds": seconds}));
            }
            Event::Failed(step, error) => tell("failed", step, error_data(error)),
            Event::Skipped(step) if has_line(&step.id, &step.action) => {
                tell("skipped", step, Value::Null);
            }
            Event::Interrupted => self.event(ui, "interrupted", Value::Null),
            Event::Tick => {
                let due = heartbeat.due(now);
                for awaited in due {
                    let fields = json!({"object": object(&awaited.id), "action": awaited.action,
                        "what": awaited.what, "seconds": awaited.seconds(now)});
                    self.event(ui, "waiting", fields);
                }
                if due.is_empty() {
                    return;
                }
            }
            Event::Begun(_) | Event::Done(..) | Event::Skipped(_) => return,
        }
        heartbeat.said(now);
    }

    /// Notes what failed.
    pub(super) fn outcome(&self, plan: &Plan, outcome: &Outcome) {
        let failed = outcome.failed.iter().map(|(index, error)| {
            let mut fields = about(&plan.steps[*index]);
            if let Value::Object(error) = error_data(error) {
                fields.extend(error);
            }
            Value::Object(fields)
        });
        self.note("failed", failed.collect::<Vec<_>>());
    }

    /// The last line.
    pub(super) fn end(&self, ui: &Ui, error: Option<&Error>) {
        let mut line = line_of("Result");
        line.extend(self.subject.borrow().clone());
        line.insert("exitCode".into(), 0.into());
        line.insert("outcome".into(), "done".into());
        line.extend(self.result.borrow().clone());
        if let Some(error) = error {
            line.insert("exitCode".into(), error.kind.exit_code().into());
            line.insert("outcome".into(), outcome(error.kind).into());
            line.insert("error".into(), error_data(error));
        }
        self.write(ui, line);
    }

    /// At once, so that a reader sees it when it happens. One that went away does not end the run.
    fn write(&self, ui: &Ui, line: Map<String, Value>) {
        if self.unread.borrow().is_some() {
            return;
        }
        let text = format!("{}\n", Value::Object(line));
        let written: Result<()> = ui.data(&text).and_then(|()| ui.flush());
        if let Err(error) = written {
            if error.kind != Kind::ClosedOutput {
                ui.warning(&format!("{}; the run goes on", error.what));
            }
            self.unread.replace(Some(error));
        }
    }

    /// The first line that could not be printed, unless nobody wanted it.
    pub(super) fn unprinted(&self) -> Option<Error> {
        let first = self.unread.take();
        first.filter(|error| error.kind != Kind::ClosedOutput)
    }
}

fn line_of(kind: &str) -> Map<String, Value> {
    let mut line = Map::new();
    line.insert("apiVersion".into(), API_VERSION.into());
    line.insert("kind".into(), kind.into());
    line
}

/// One word for how a run failed.
fn outcome(kind: Kind) -> &'static str {
    match kind {
        Kind::Usage => "usage",
        Kind::Conflict => "conflict",
        Kind::Wait => "unfinished",
        Kind::Incomplete => "incomplete",
        Kind::Unreachable => "unreachable",
        Kind::Interrupted(_) => "interrupted",
        Kind::ClosedOutput => "done",
    }
}

fn about(step: &Step) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("object".into(), object(&step.id));
    fields.insert("action".into(), action_name(&step.action).into());
    fields
}

fn object(id: &Id) -> Value {
    json!({"group": id.group, "kind": id.kind, "namespace": id.namespace, "name": id.name})
}

pub(super) fn error_data(error: &Error) -> Value {
    json!({"reason": error.what, "details": error.details, "stands": error.stands, "hints": error.hints})
}

fn counts([create, change, delete]: [usize; 3]) -> Value {
    json!({"create": create, "change": change, "delete": delete})
}

fn plan_data(plan: &Plan) -> Value {
    let changes = entries(plan).into_iter().map(|entry| {
        let action = match entry.kind {
            EntryKind::Create => "create",
            EntryKind::Change => "change",
            EntryKind::Delete => "delete",
            EntryKind::TakeOver => "takeOver",
            EntryKind::Release => "release",
            EntryKind::DeleteWithNamespace => "deleteWithNamespace",
            EntryKind::Restart => "restart",
        };
        let mut change = json!({"object": object(entry.id), "action": action});
        if !entry.about.is_empty() {
            change["inAws"] = entry.about.into();
        }
        if !entry.fields.is_empty() {
            change["fields"] = entry.fields.iter().map(field).collect();
        }
        if !entry.loosened.is_empty() {
            change["loosened"] = entry.loosened.clone().into();
        }
        change
    });
    let conflicts = plan.conflicts.iter();
    let conflicts = conflicts.map(|found| json!({"object": object(&found.id), "why": found.why}));
    let foreign = plan.foreign.iter();
    let foreign = foreign.map(|found| json!({"object": object(&found.id), "what": found.what}));
    let unsynced = plan.unsynced.iter();
    let unsynced = unsynced.map(|found| json!({"object": object(&found.id), "why": found.why}));
    json!({
        "clean": plan.is_clean(),
        "counts": counts(plan.counts()),
        "changes": changes.collect::<Vec<_>>(),
        "conflicts": conflicts.collect::<Vec<_>>(),
        "foreign": foreign.collect::<Vec<_>>(),
        "unsynced": unsynced.collect::<Vec<_>>(),
        "postponed": plan.postponed.iter().map(object).collect::<Vec<_>>(),
        "withoutCredentials": plan.bare_pods.iter().map(|pod| object(&pod.id)).collect::<Vec<_>>(),
        "alsoDeleted": plan.guests.iter().map(object).collect::<Vec<_>>(),
    })
}

fn field(field: &Field<'_>) -> Value {
    let mut data = json!({"path": field.path});
    match &field.values {
        Values::Unsaid | Values::Input(_) => data["masked"] = true.into(),
        Values::Said(have, want) => {
            for (key, value) in [("have", have), ("want", want)] {
                if let Some(value) = value {
                    data[key] = value.clone();
                }
            }
        }
    }
    if !field.owners.is_empty() {
        data["changedBy"] = field.owners.clone().into();
    }
    data
}
