//! What is stored with a tenant, and when to believe it.
//!
//! Annotations on the namespace: the input, the derived names, every kind that was ever applied, and who carries role
//! and association out.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    config::AwsMode,
    error::{Error, Result},
    input,
    managed::{self, Step},
    marks::{PLATFORM, TENANT},
    object::{Id, Object, State},
    spec::{Input, Names, Resolved},
};

/// The tenant's input as JSON, before tiers and defaults.
pub const INPUT: &str = "mcpctl.dev/input";
/// The derived names as JSON.
pub const NAMES: &str = "mcpctl.dev/names";
/// Group-kinds ever applied, so that an object whose template went away is found: `apps/Deployment /Service …`.
pub const KINDS: &str = "mcpctl.dev/kinds";
/// Who carries role and association out: `direct` or `ack`. Not there where somebody else made them.
pub const AWS: &str = "mcpctl.dev/aws";

/// The kinds that our own templates make in a tenant's namespace.
pub fn own_kinds() -> BTreeSet<(String, String)> {
    const KINDS: [(&str, &str); 8] = [
        ("", "LimitRange"),
        ("", "ResourceQuota"),
        ("", "Service"),
        ("", "ServiceAccount"),
        ("apps", "Deployment"),
        ("networking.k8s.io", "Ingress"),
        ("networking.k8s.io", "NetworkPolicy"),
        ("policy", "PodDisruptionBudget"),
    ];
    KINDS
        .iter()
        .map(|(group, kind)| ((*group).to_string(), (*kind).to_string()))
        .collect()
}

/// What a namespace says about its tenant.
#[derive(Clone, Debug)]
pub struct Record {
    /// File and flags of the last add.
    pub input: Input,
    /// Names for life.
    pub names: Names,
    /// (group, kind) of everything ever applied in the cluster.
    pub kinds: BTreeSet<(String, String)>,
    /// Who carries role and association out, where that is known.
    pub aws: Option<AwsMode>,
}

impl Record {
    /// The record that goes with a wanted state.
    pub fn of(resolved: &Resolved, state: &State, before: Option<&Self>) -> Self {
        let mut kinds: BTreeSet<_> = before
            .map(|record| record.kinds.clone())
            .unwrap_or_default();
        let wanted = state
            .keys()
            .filter(|id| !id.is_aws() && !id.is("", "Namespace"));
        kinds.extend(wanted.map(|id| (id.group.clone(), id.kind.clone())));
        Self {
            input: resolved.input.clone(),
            names: resolved.names.clone(),
            kinds,
            aws: before.and_then(|record| record.aws),
        }
    }

    /// Reads the record of a living namespace; none where it has none.
    ///
    /// # Errors
    /// Conflict, when somebody else wrote it last, with that editor's name, or when it cannot be read.
    pub fn read(namespace: &Object) -> Result<Option<Self>> {
        let present = [INPUT, NAMES, KINDS].map(|key| namespace.annotation(key));
        let [Some(input), Some(names), Some(_)] = present else {
            return Ok(None);
        };
        let id = namespace.id();
        for key in [INPUT, NAMES, KINDS] {
            believe(namespace, key)?;
        }
        // A label that somebody took off is drift; one that says something else is a contradiction.
        let label = namespace.label(TENANT);
        let input = input::from_record(input, &format!("record of {id}"))
            .map_err(|error| error.with_kind(crate::error::Kind::Conflict))?;
        if let Some(tenant) = label.filter(|tenant| *tenant != input.name.as_str()) {
            return Err(Error::conflict(format!(
                "{id}: its label says tenant `{tenant}`, its record says tenant `{}`",
                input.name
            )));
        }
        let names: Names = serde_json::from_str(names).map_err(|error| {
            Error::conflict(format!("{id}: cannot read annotation {NAMES}"))
                .detail(error.to_string())
        })?;
        Ok(Some(Self {
            aws: carried_out_by(namespace)?,
            input,
            names,
            kinds: self::kinds(namespace)
                .map(|(group, kind)| (group.to_string(), kind.to_string()))
                .collect(),
        }))
    }
}

/// An annotation of ours is believed only while it belongs to our Apply entry, or to that of a GitOps tool that
/// applies what we printed: an edit moves the ownership.
fn believe(namespace: &Object, key: &str) -> Result<()> {
    let path = ["metadata", "annotations", key].map(|step| Step::Field(step.into()));
    let owners = managed::owners(namespace, &path);
    if owners.iter().any(managed::Owner::may_carry_our_record) {
        return Ok(());
    }
    let editors: Vec<String> = owners
        .iter()
        .map(|owner| format!("{} at {}", owner.manager, owner.time))
        .collect();
    let who = if editors.is_empty() {
        "nobody known".into()
    } else {
        editors.join(", ")
    };
    let id = namespace.id();
    Err(Error::conflict(format!("{id}: annotation {key} was edited by hand"))
        .detail(format!("last written by {who}"))
        .hint(format!(
            "look at it: kubectl get namespace {} -o yaml --show-managed-fields. Remove the annotation and give the tenant file again, mcpctl tenant add NAME -f FILE, to write a new record",
            id.name
        )))
}

/// Who carries role and association out, as a namespace says it.
fn carried_out_by(namespace: &Object) -> Result<Option<AwsMode>> {
    let Some(said) = namespace.annotation(AWS) else {
        return Ok(None);
    };
    believe(namespace, AWS)?;
    let modes = [AwsMode::Direct, AwsMode::Ack];
    let known = modes.into_iter().find(|mode| mode.as_str() == said);
    known.map(Some).ok_or_else(|| {
        Error::conflict(format!("{}: cannot read annotation {AWS}", namespace.id()))
            .detail("expected direct or ack")
    })
}

/// Writes into a tenant's namespace who carries role and association out.
pub fn say_who_carries_out(state: &mut State, namespace: &str, mode: AwsMode) {
    if let Some(object) = state.get_mut(&Id::namespace(namespace)) {
        let annotations = object.metadata_map("annotations");
        annotations.insert(AWS.into(), mode.as_str().into());
        annotations.sort_keys();
    }
}

/// Whose namespace this is: as its label says, where somebody took that off as its record says, and where that is gone
/// too and we applied the namespace, as its name does.
pub fn tenant(namespace: &Object, prefix: &str) -> Option<String> {
    if let Some(tenant) = namespace.label(TENANT) {
        return Some(tenant.into());
    }
    if namespace.label(PLATFORM).is_some() {
        return None;
    }
    if let Ok(Some(record)) = Record::read(namespace) {
        return Some(record.input.name.to_string());
    }
    let applied = managed::owners(namespace, &[])
        .iter()
        .any(managed::Owner::is_us);
    let name = namespace.id().name.strip_prefix(prefix);
    name.filter(|_| applied).map(str::to_string)
}

/// Group and kind of everything that was ever applied, as a namespace says it.
pub fn kinds(namespace: &Object) -> impl Iterator<Item = (&str, &str)> {
    let kinds = namespace.annotation(KINDS).unwrap_or_default();
    kinds
        .split_whitespace()
        .filter_map(|kind| kind.split_once('/'))
}

/// The record as annotations.
pub fn annotations(record: &Record) -> Vec<(String, Value)> {
    let mut input = input::to_record(&record.input);
    input.sort_all_objects();
    let kinds: Vec<String> = record
        .kinds
        .iter()
        .map(|(group, kind)| format!("{group}/{kind}"))
        .collect();
    let names =
        serde_json::to_string(&record.names).unwrap_or_else(|_| unreachable!("names are texts"));
    let mut annotations: Vec<(String, Value)> = vec![
        (INPUT.into(), input.to_string().into()),
        (KINDS.into(), kinds.join(" ").into()),
        (NAMES.into(), names.into()),
    ];
    let aws = record.aws.map(|mode| (AWS.into(), mode.as_str().into()));
    annotations.extend(aws);
    annotations
}

#[cfg(test)]
mod tests;
