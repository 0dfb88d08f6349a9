//! The one word for a tenant, in the list and in its status.

use std::fmt;

use serde::Serialize;

use super::Drift;
use crate::{marks::TENANT, object::Object, plan::Subject};

/// Whether one side of a tenant is there. In JSON: `present`, `partial`, `missing`, `removing`, `notOurs`, `notAsked`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Presence {
    /// It is there and the tenant's.
    Present,
    /// Role or association is missing.
    Partial,
    /// Nothing is there.
    Missing,
    /// It is being deleted.
    Removing,
    /// Something with the tenant's name is there, made by somebody else.
    NotOurs,
    /// The caller left this side out.
    NotAsked,
}

impl Presence {
    /// Of a namespace that lives.
    pub fn of_namespace(namespace: &Object, subject: &Subject) -> Self {
        if !subject.owns(namespace) {
            Self::NotOurs
        } else if is_going(namespace) {
            Self::Removing
        } else {
            Self::Present
        }
    }
}

impl fmt::Display for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Present => "present",
            Self::Partial => "in part",
            Self::Missing => "missing",
            Self::Removing => "being deleted",
            Self::NotOurs => "not ours",
            Self::NotAsked => "not asked",
        })
    }
}

/// What the namespace says about its tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordState {
    /// A record that can be believed.
    Valid,
    /// None.
    Missing,
    /// One that somebody edited, or that cannot be read.
    Broken,
}

/// The first thing that is to say about a tenant, in this order. In JSON as here in camelCase, such as `noRole`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum TenantState {
    /// Its namespace is being deleted.
    Removing,
    /// Its namespace was made by somebody else.
    NotOurs,
    /// Only the AWS half is left.
    NoNamespace,
    /// Its namespace has lost the label by which tenants are found, and their Ingresses kept in bounds.
    NoLabel,
    /// The record was edited by hand or cannot be read.
    BrokenRecord,
    /// Nothing says what was asked for.
    NoRecord,
    /// No role.
    NoRole,
    /// ACK has not carried out role or association.
    NotSynced,
    /// A role without an association.
    NoAssociation,
    /// A pod runs without the tenant's credentials. Only in a status: the list does not look at pods.
    NoCredentials,
    /// Pods are missing, or the Ingress has no address.
    NotReady,
    /// `diff` finds what it may not change. Only in a status: the list does not compare.
    Conflict,
    /// `diff` finds changes or foreign things. Only in a status, as above.
    Drift,
    /// Nothing of the above.
    Ok,
}

impl fmt::Display for TenantState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Removing => "removing",
            Self::NotOurs => "not ours",
            Self::NoNamespace => "no namespace",
            Self::NoLabel => "no label",
            Self::BrokenRecord => "broken record",
            Self::NoRecord => "no record",
            Self::NoRole => "no role",
            Self::NotSynced => "not synced",
            Self::NoAssociation => "no association",
            Self::NoCredentials => "no credentials",
            Self::NotReady => "not ready",
            Self::Conflict => "conflict",
            Self::Drift => "drift",
            Self::Ok => "ok",
        })
    }
}

/// What decides a tenant's state.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Its namespace.
    pub namespace: Presence,
    /// Whether the namespace, where there is one, says whose it is.
    pub labelled: bool,
    /// What the namespace says.
    pub record: RecordState,
    /// Whether there is a role; none where AWS was not asked.
    pub role: Option<bool>,
    /// Whether there is an association; none where AWS was not asked.
    pub association: Option<bool>,
    /// Whether ACK has yet to carry out role or association.
    pub unsynced: bool,
    /// Whether a pod runs without the tenant's credentials.
    pub bare: bool,
    /// Whether pods and Ingress are ready; none where nothing tells.
    pub ready: Option<bool>,
    /// What differs, where that was looked at.
    pub drift: Option<Drift>,
}

impl Standing {
    /// The first state that applies.
    pub fn state(&self) -> TenantState {
        let present = self.namespace == Presence::Present;
        let drift = self.drift.as_ref();
        let states = [
            (self.namespace == Presence::Removing, TenantState::Removing),
            (self.namespace == Presence::NotOurs, TenantState::NotOurs),
            (
                self.namespace == Presence::Missing,
                TenantState::NoNamespace,
            ),
            (present && !self.labelled, TenantState::NoLabel),
            (
                self.record == RecordState::Broken,
                TenantState::BrokenRecord,
            ),
            (
                present && self.record == RecordState::Missing,
                TenantState::NoRecord,
            ),
            (self.role == Some(false), TenantState::NoRole),
            (self.unsynced, TenantState::NotSynced),
            (self.association == Some(false), TenantState::NoAssociation),
            (self.bare, TenantState::NoCredentials),
            (self.ready == Some(false), TenantState::NotReady),
            (
                drift.is_some_and(|drift| !drift.conflicts.is_empty()),
                TenantState::Conflict,
            ),
            (
                drift.is_some_and(|drift| !drift.is_none()),
                TenantState::Drift,
            ),
        ];
        states
            .into_iter()
            .find_map(|(applies, state)| applies.then_some(state))
            .unwrap_or(TenantState::Ok)
    }
}

/// Whether a namespace says whose it is.
pub(super) fn is_labelled(namespace: &Object) -> bool {
    namespace.label(TENANT).is_some()
}

/// Whether an object is being deleted.
pub(super) fn is_going(object: &Object) -> bool {
    !object.text("/metadata/deletionTimestamp").is_empty()
}

/// What the namespace controller says holds a namespace that is being deleted.
pub(super) fn what_holds(namespace: &Object) -> Vec<String> {
    let conditions = namespace.tree["status"]["conditions"].as_array();
    let telling = conditions
        .into_iter()
        .flatten()
        .filter(|condition| is_going(namespace) && condition["status"] == "True");
    let line = |condition: &serde_json::Value| {
        let message = condition["message"].as_str().unwrap_or_default();
        format!("{} is being deleted: {message}", namespace.id())
    };
    telling.map(line).collect()
}
