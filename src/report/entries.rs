//! A plan as it is told in any form. What stays unsaid is taken out here, once.

use serde_json::Value;

use crate::{
    diff::{Change, masked},
    object::{Id, Object},
    plan::{Action, BarePod, Plan},
    record,
};

/// What is said of a pod in which a container has no credentials of the tenant.
pub(super) const BARE: &str =
    "runs without the tenant's credentials, and so with the node's role if it can reach it";

/// A pod in which a container has no credentials of the tenant, and what to do where `add` does not restart it.
pub(super) fn bare(pod: &BarePod) -> String {
    let Id {
        namespace, name, ..
    } = &pod.id;
    let delete = if pod.restarts {
        String::new()
    } else {
        format!("; add does not restart it, so delete it: kubectl -n {namespace} delete pod {name}")
    };
    format!("{}: {BARE}{delete}", pod.id)
}

/// What is done to one object.
pub(super) struct Entry<'a> {
    pub(super) kind: EntryKind,
    pub(super) id: &'a Id,
    /// The name in AWS, where it is another one; else empty.
    pub(super) about: String,
    /// The fields that change.
    pub(super) fields: Vec<Field<'a>>,
    /// Who may assume a role that should not, as sentences.
    pub(super) loosened: Vec<String>,
}

/// What a reader tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntryKind {
    Create,
    Change,
    Delete,
    /// Nobody deletes it: it goes with its namespace.
    DeleteWithNamespace,
    /// It changes, and was somebody else's.
    TakeOver,
    /// It stays, without our marks.
    Release,
    /// Pods start anew, since their identity changes.
    Restart,
}

/// One field that changes.
pub(super) struct Field<'a> {
    pub(super) path: &'a str,
    pub(super) values: Values,
    /// Who changed it, besides us.
    pub(super) owners: Vec<&'a str>,
}

/// What can be said of a field's values.
pub(super) enum Values {
    /// They may be secret.
    Unsaid,
    /// The tenant's input, as it is recorded. True where there is one already.
    Input(bool),
    /// What lives and what is wanted; absent where the field is missing or is to go.
    Said(Option<Value>, Option<Value>),
}

impl Entry<'_> {
    /// The object, and what has to be known besides its mark.
    pub(super) fn title(&self) -> String {
        let about = if self.about.is_empty() {
            String::new()
        } else {
            format!(" ({})", self.about)
        };
        let more = match self.kind {
            EntryKind::Create | EntryKind::Change | EntryKind::Delete => "",
            EntryKind::TakeOver => " (taken over)",
            EntryKind::Release => " (was taken over; given back as it is, without our marks)",
            EntryKind::DeleteWithNamespace => " (with its namespace)",
            EntryKind::Restart => ": pods restart, since their identity changes",
        };
        format!("{}{about}{more}", self.id)
    }
}

/// The changes of a plan, in its order.
pub(super) fn entries(plan: &Plan) -> Vec<Entry<'_>> {
    let entry = |id, kind, about: &Object, changes| Entry {
        kind,
        id,
        about: aws_name(about),
        fields: <[Change]>::iter(changes).map(field).collect(),
        loosened: Vec::new(),
    };
    let plain = |id, kind| Entry {
        kind,
        id,
        about: String::new(),
        fields: Vec::new(),
        loosened: Vec::new(),
    };
    plan.steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::Create(object) => Some(entry(&step.id, EntryKind::Create, object, &[])),
            Action::Update(update) => {
                let changes = &update.changes;
                let kind = if update.adopts {
                    EntryKind::TakeOver
                } else {
                    EntryKind::Change
                };
                Some(Entry {
                    loosened: update.loosened(),
                    ..entry(&step.id, kind, &update.live, changes)
                })
            }
            Action::Delete(object) => Some(entry(&step.id, EntryKind::Delete, object, &[])),
            Action::Release(object) => Some(entry(&step.id, EntryKind::Release, object, &[])),
            Action::GoesWithNamespace => Some(plain(&step.id, EntryKind::DeleteWithNamespace)),
            Action::Restart(_) => Some(plain(&step.id, EntryKind::Restart)),
            Action::Lock
            | Action::Gate(_)
            | Action::Settle
            | Action::KeepHost(_)
            | Action::AwaitGone
            | Action::AwaitSynced
            | Action::AwaitReady
            | Action::Verify(_) => None,
        })
        .collect()
}

fn aws_name(object: &Object) -> String {
    let id = object.id();
    if !id.is_aws() {
        return String::new();
    }
    let text = |pointer| object.text(pointer);
    match id.kind.as_str() {
        "Role" => format!("{}{}", text("/spec/path"), text("/spec/name")),
        _ => format!(
            "{}/{}",
            text("/spec/namespace"),
            text("/spec/serviceAccount")
        ),
    }
}

fn field(change: &Change) -> Field<'_> {
    let values = if change.is_secretive() {
        Values::Unsaid
    } else if change.path.ends_with(&format!("[{}]", record::INPUT)) {
        Values::Input(change.have.is_some())
    } else {
        Values::Said(
            change.have.as_ref().map(masked),
            change.want.as_ref().map(masked),
        )
    };
    Field {
        path: &change.path,
        values,
        owners: change
            .owners
            .iter()
            .map(|owner| owner.manager.as_str())
            .collect(),
    }
}

impl Values {
    /// On one line.
    pub(super) fn line(&self) -> String {
        match self {
            Self::Unsaid => "changed (values are not shown)".into(),
            Self::Input(true) => "the tenant's input changed".into(),
            Self::Input(false) => "missing -> the tenant's input".into(),
            Self::Said(Some(have), Some(want)) => format!("{have} -> {want}"),
            Self::Said(None, Some(want)) => format!("missing -> {want}"),
            Self::Said(Some(have), None) => format!("{have} -> removed"),
            Self::Said(None, None) => String::new(),
        }
    }
}

/// Whether a step's subject is worth a line of its own while it is carried out.
pub(super) fn has_line(id: &Id, action: &Action) -> bool {
    !matches!(action, Action::Lock | Action::GoesWithNamespace) && !id.name.is_empty()
}

/// What a step does, in one word for programs.
pub(super) fn action_name(action: &Action) -> &'static str {
    match action {
        Action::Create(_) => "create",
        Action::Update(update) if update.adopts => "takeOver",
        Action::Update(_) => "change",
        Action::Release(_) => "release",
        Action::Delete(_) => "delete",
        Action::GoesWithNamespace => "deleteWithNamespace",
        Action::Lock => "lock",
        Action::Gate(_) => "identityGate",
        Action::Settle => "settle",
        Action::Restart(_) => "restart",
        Action::KeepHost(_) => "keepHost",
        Action::AwaitGone => "awaitGone",
        Action::AwaitSynced => "awaitSynced",
        Action::AwaitReady => "awaitReady",
        Action::Verify(_) => "verifyIdentity",
    }
}
