//! What stops a removal before it begins.

use serde_json::Value;

use crate::{
    ack,
    cli::Only,
    config::Settings,
    managed,
    marks::PROTECTED,
    object::{Id, Object, State},
    plan::{self, Conflict, Foreign},
    session::Session,
    spec,
    tenant::Look,
};

/// A tenant that is protected, one that a repository would bring back, and what is left of a gone one in ACK's hands.
pub(super) fn by_the_tenant(
    (look, gone): (&Look, bool),
    live: &State,
    session: &Session<'_>,
    only: Option<Only>,
) -> Vec<Conflict> {
    let id = Id::namespace(&look.names.namespace);
    let mut found = Vec::new();
    match tagged(live) {
        Some(role) if gone && !role.lives_in_cluster() => {
            let name = role.text("/spec/name");
            let why = format!(
                "the tenant was protected; take that off its role first: aws iam untag-role --role-name {name} --tag-keys {PROTECTED}"
            );
            found.push(Conflict::new(role.id(), why));
        }
        Some(_) => found.push(Conflict::new(&id, protected(look))),
        None => found.extend(
            by_what_was_said(look, live, &session.settings, only)
                .map(|why| Conflict::new(&id, why)),
        ),
    }
    let acks = live.values().filter(|object| {
        gone && !object.lives_in_cluster() && plan::aws_tag(object, ack::CONTROLLER).is_some()
    });
    found.extend(acks.map(|object| {
        let why = "is carried out by ACK; its object is what has to go";
        Conflict::new(object.id(), why)
    }));
    found.extend(unseen(look, live, session, only).map(|why| Conflict::new(&id, why)));
    let owners = look
        .namespace
        .as_ref()
        .map(|namespace| managed::owners(namespace, &[]))
        .unwrap_or_default();
    let released = live.get(&id).is_some_and(plan::is_adopted);
    for owner in owners.iter().filter(|owner| owner.is_gitops() && !released) {
        let why = format!(
            "{} applies it from a repository; delete it there",
            owner.manager
        );
        found.push(Conflict::new(&id, why));
    }
    found
}

/// Why a tenant stays that ACK has no object of: its role and association may be in AWS all the same, where nobody looks.
fn unseen(look: &Look, live: &State, session: &Session<'_>, only: Option<Only>) -> Option<String> {
    let recorded = look.record.as_ref().and_then(|record| record.aws);
    let asked = session.ack.is_some() && only.is_none() && look.owns_namespace();
    let seen = recorded.is_some() || live.keys().any(Id::is_aws);
    (asked && !seen).then(|| {
        format!(
            "ACK has no object of the tenant, and nothing tells who carries its role and association out; where mcpctl itself does, remove it with aws: direct in the settings, else the namespace alone: mcpctl tenant remove {} --only kubernetes",
            look.name
        )
    })
}

/// The role or association whose tag says that the tenant is protected.
fn tagged(live: &State) -> Option<&Object> {
    live.values()
        .find(|object| plan::aws_tag(object, PROTECTED) == Some("true"))
}

fn protected(look: &Look) -> String {
    format!(
        "the tenant is protected; take it off first: mcpctl tenant add {} --set protected=false",
        look.name
    )
}

/// Why a tenant without such a tag stays all the same: its record, its tier or the defaults say so, or nobody can tell.
fn by_what_was_said(
    look: &Look,
    live: &State,
    settings: &Settings,
    only: Option<Only>,
) -> Option<String> {
    let name = &look.name;
    let Some(record) = &look.record else {
        // With both halves the tags of role and association have told.
        return (only == Some(Only::Kubernetes) && look.owns_namespace()).then(|| {
            format!(
                "has no record, so nothing tells whether the tenant is protected; give its tenant file, mcpctl tenant add {name} -f FILE, or remove both halves"
            )
        });
    };
    match spec::is_protected(&record.input, settings) {
        Ok(true) => Some(protected(look)),
        Ok(false) => None,
        // The last add would have tagged them.
        Err(_)
            if live
                .values()
                .any(|object| object.id().is_aws() && look.subject.owns(object)) =>
        {
            None
        }
        Err(error) => Some(format!(
            "nothing tells whether the tenant is protected: {}; put the tier back, or name another: mcpctl tenant add {name} --tier TIER",
            error.what
        )),
    }
}

/// Policies on the role that nobody asked for, and instance profiles that hold it: IAM would refuse to delete it. On a
/// role that is given back they stay.
pub(super) fn on_the_role(look: &Look, live: &State, foreign: &mut Vec<Foreign>) -> Vec<Conflict> {
    let own = own_managed_of_record(look);
    let released = |id: &Id| live.get(id).is_some_and(plan::is_adopted);
    let asked_for = |foreign: &Foreign| {
        let what = foreign.what.as_str();
        let arn = what.strip_prefix("managed policy ");
        let tagged = live.get(&foreign.id);
        arn.is_some_and(|arn| own.iter().any(|own| own == arn))
            || tagged.is_some_and(|role| plan::asked_for(role, what))
    };
    let stops = foreign
        .drain(..)
        .filter(|foreign| !asked_for(foreign) && !released(&foreign.id));
    let conflict = |foreign: Foreign| {
        Conflict::new(
            &foreign.id,
            format!("{} is not ours; take it away first", foreign.what),
        )
    };
    stops.map(conflict).collect()
}

/// Managed policies that the tenant itself asked for: they are detached with its role.
fn own_managed_of_record(look: &Look) -> Vec<String> {
    let spec = look.record.as_ref().map(|record| &record.input.layer.spec);
    let list = spec.and_then(|spec| spec.get("identity")?.get("managedPolicyArns")?.as_array());
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_string)
        .collect()
}
