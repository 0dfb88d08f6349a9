//! A change of an object that lives: its fields, and what has to be done about them besides the apply.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{Action, Conflict, Plan, step};
use crate::{
    diff::{self, Change},
    object::{IAM, Id, Object, State, scales},
    policy, record,
};

/// A change of an object that lives.
#[derive(Clone, Debug)]
pub struct Update {
    /// What is wanted.
    pub wanted: Object,
    /// What lives, as it was read.
    pub live: Object,
    /// The fields.
    pub changes: Vec<Change>,
    /// Whether it is somebody else's, and taken over.
    pub adopts: bool,
}

impl Update {
    /// Who may assume the role as it lives and should not, as sentences; nobody where it is no role.
    pub fn loosened(&self) -> Vec<String> {
        let trust = |object: &Object| object.tree["spec"]["assumeRolePolicyDocument"].clone();
        policy::loosened(&trust(&self.wanted), &trust(&self.live))
    }

    /// What has to be taken out before the apply, as a JSON patch (RFC 6902): an apply only adds to what others put
    /// there. Later items of a list go first, so that the places of the earlier ones hold.
    pub fn repairs(&self) -> Vec<Value> {
        let mut places: Vec<_> = self
            .changes
            .iter()
            .filter(|change| self.takes_out(change))
            .filter_map(|change| Some((change.pointer.as_deref()?, change)))
            .collect();
        let natural = |pointer: &str| -> Vec<(Option<usize>, String)> {
            pointer
                .split('/')
                .map(|part| (part.parse().ok(), part.to_string()))
                .collect()
        };
        places.sort_by_key(|(pointer, _)| std::cmp::Reverse(natural(pointer)));
        // Each place is tested first: the repair is of what was read, whatever else moved on since, such as a status.
        let patch = |(pointer, change): (&str, &Change)| {
            let test = json!({"op": "test", "path": pointer, "value": change.have});
            let repair = match (&change.have, &change.want) {
                (_, None) => json!({"op": "remove", "path": pointer}),
                (Some(_), Some(want)) => json!({"op": "replace", "path": pointer, "value": want}),
                (None, Some(want)) => json!({"op": "add", "path": pointer, "value": want}),
            };
            let test = change.have.is_some().then_some(test);
            test.into_iter().chain([repair])
        };
        places.into_iter().flat_map(patch).collect()
    }

    /// Whether a change is one that others made and that an apply alone does not undo. Metadata of what ACK carries out
    /// is among it: it makes no new generation, so ACK does not look, and an apply of it alone would seem to be one that
    /// ACK has yet to carry out.
    pub fn takes_out(&self, change: &Change) -> bool {
        let more = change.want.is_none() || change.have.as_ref().is_some_and(Value::is_array);
        let by_others = more && !change.owners.is_empty();
        let acks = self.live.id().is_aws() && self.live.lives_in_cluster();
        change.pointer.is_some() && (by_others || (acks && change.path.starts_with("metadata.")))
    }

    /// What another manager has to hold before the apply lets go of it: the number of pods, which would else fall back
    /// to 1 until an autoscaler sets it.
    /// <https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership>
    pub fn handover(&self) -> Option<Object> {
        let let_go = |change: &&Change| change.path == REPLICAS && change.want.is_none();
        let replicas = self.changes.iter().find(let_go)?.have.as_ref()?;
        let id = self.wanted.id();
        let tree = json!({
            "apiVersion": self.wanted.api_version(),
            "kind": id.kind,
            "metadata": {"name": id.name, "namespace": id.namespace},
            "spec": {"replicas": replicas},
        });
        Object::new(tree).ok()
    }
}

/// Where objects say how many pods they have.
const REPLICAS: &str = "spec.replicas";

/// Whether an autoscaler is among what the record says was ever applied.
pub(super) fn was_scaled(wanted: &State) -> bool {
    wanted.values().any(|object| {
        record::kinds(object).any(|(group, kind)| scales(&Id::new(group, kind, "", "")))
    })
}

/// The wanted object, with the managed policies that others put on the role that ACK carries out: an apply writes their
/// list whole, and would take them off.
fn with_theirs<'a>(wanted: &'a Object, live: &Object) -> Cow<'a, Object> {
    if !wanted.id().is(IAM, "Role") || !live.lives_in_cluster() {
        return Cow::Borrowed(wanted);
    }
    let foreign = diff::foreign(Some(wanted), live);
    let theirs = foreign.iter().filter_map(|what| {
        let arn = what.strip_prefix("managed policy ")?;
        Some(Value::from(arn))
    });
    let theirs: Vec<Value> = theirs.collect();
    if theirs.is_empty() {
        return Cow::Borrowed(wanted);
    }
    let mut wanted = wanted.clone();
    match &mut wanted.tree["spec"]["policies"] {
        Value::Array(policies) => policies.extend(theirs),
        none => *none = theirs.into(),
    }
    Cow::Owned(wanted)
}

/// What is known about an update beforehand.
pub(super) struct How<'a> {
    /// Whether the object is somebody else's, and taken over.
    pub(super) adopts: bool,
    /// Whether an autoscaler of ours set how many pods there are, or may have: what it left behind is no claim.
    pub(super) scaled: bool,
    /// What would come to nothing.
    pub(super) idle: &'a [Change],
}

/// Adds what makes `live` as `wanted`, or what stands in the way.
pub(super) fn add(wanted: &Object, live: &Object, how: &How<'_>, plan: &mut Plan) {
    let wanted = &*with_theirs(wanted, live);
    let mut changes = diff::changes(wanted, live);
    changes.retain(|change| !how.idle.contains(change));
    if changes.is_empty() {
        return;
    }
    let before = plan.conflicts.len();
    plan.conflicts.extend(
        changes
            .iter()
            .filter(|change| !(how.scaled && change.path == REPLICAS))
            .filter_map(|change| Conflict::held(wanted.id(), change, how.adopts)),
    );
    if plan.conflicts.len() == before {
        let update = Update {
            wanted: wanted.clone(),
            live: live.clone(),
            changes,
            adopts: how.adopts,
        };
        plan.steps
            .push(step(wanted.id(), Action::Update(Box::new(update))));
    }
}
