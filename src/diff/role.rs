//! Roles: documents compared by meaning, our tags by key, foreign policies named.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Change, same_policy};
use crate::{desired::short_hash, managed::Step, marks::MANAGED_POLICIES, policy};

/// What differs in what we own of a role: trust policy, boundary, our inline policy, managed policies that are asked
/// for, tags under `mcpctl.dev/`.
pub(super) fn changes(want: &Value, have: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    let trust = "assumeRolePolicyDocument";
    documents(
        &format!("spec.{trust}"),
        Some(&want[trust]),
        Some(&have[trust]),
        &mut found,
    );
    let ours = |spec: &Value| spec.pointer("/inlinePolicies/mcpctl").cloned();
    documents(
        "spec.inlinePolicies.mcpctl",
        ours(want).as_ref(),
        ours(have).as_ref(),
        &mut found,
    );
    let boundary = "permissionsBoundary";
    if want.get(boundary) != have.get(boundary) {
        found.push(Change::new(
            format!("spec.{boundary}"),
            have.get(boundary).cloned(),
            want.get(boundary).cloned(),
        ));
    }
    found.extend(managed(want, have));
    let (wanted, live) = (tags(want), tags(have));
    for (key, value) in &wanted {
        if live.get(key) != Some(value) {
            let have = live.get(key).map(|value| (*value).into());
            found.push(Change::new(
                format!("spec.tags[{key}]"),
                have,
                Some((*value).into()),
            ));
        }
    }
    for (key, value) in live.iter().filter(|(key, _)| !wanted.contains_key(*key)) {
        let have = Some((*value).into());
        found.push(Change::new(format!("spec.tags[{key}]"), have, None));
    }
    found
}

/// What has to be attached, and what was asked for once, and is no more.
fn managed(want: &Value, have: &Value) -> Vec<Change> {
    let (wanted, attached) = (texts(&want["policies"]), texts(&have["policies"]));
    let path = |arn: &str| format!("spec.policies[{arn}]");
    let missing = wanted.iter().filter(|arn| !attached.contains(arn));
    let missing = missing.map(|arn| Change::new(path(arn), None, Some((*arn).into())));
    let goes = attached.iter().enumerate();
    let goes = goes.filter(|(_, arn)| !wanted.contains(arn) && asked_for(have, arn));
    let goes = goes.map(|(index, arn)| Change {
        pointer: Some(format!("/spec/policies/{index}")),
        ..Change::new(path(arn), Some((*arn).into()), None)
    });
    goes.chain(missing).collect()
}

/// Whether the tenant asked for a managed policy when its role was written last, by the role's tag.
pub(super) fn asked_for(spec: &Value, arn: &str) -> bool {
    let tags = tags(spec);
    let hashes = tags.get(MANAGED_POLICIES).copied().unwrap_or_default();
    let hash = short_hash(arn);
    hashes.split(' ').any(|own| own == hash)
}

/// The fields of a role that are compared by what they mean.
const BY_MEANING: [&str; 5] = [
    "assumeRolePolicyDocument",
    "inlinePolicies",
    "permissionsBoundary",
    "policies",
    "tags",
];

/// Whether a field is compared by what it means.
pub(super) fn has_meaning(path: &[Step]) -> bool {
    let named = |step: Option<&Step>, names: &[&str]| matches!(step, Some(Step::Field(name)) if names.contains(&name.as_str()));
    named(path.first(), &["spec"]) && named(path.get(1), &BY_MEANING)
}

/// The field that a change of a role is in, as the API server knows it: a document is one text.
pub(super) fn field(path: &str) -> Vec<Step> {
    let names = path.split(['.', '[']).skip(1);
    let names: Vec<&str> = names.collect();
    let depth = if names.first() == Some(&"inlinePolicies") {
        2
    } else {
        1
    };
    let fields = std::iter::once("spec").chain(names.into_iter().take(depth));
    fields.map(|name| Step::Field(name.into())).collect()
}

/// Policies on a living role that nobody asked for: inline ones by name, managed ones by ARN. Where the role stays, what
/// was asked for once is none of them: it goes.
pub(super) fn foreign(want: Option<&Value>, have: &Value) -> Vec<String> {
    let names = have["inlinePolicies"]
        .as_object()
        .into_iter()
        .flat_map(serde_json::Map::keys);
    let mut found: Vec<String> = names
        .filter(|name| *name != "mcpctl")
        .map(|name| format!("inline policy {name}"))
        .collect();
    let wanted = want
        .map(|spec| texts(&spec["policies"]))
        .unwrap_or_default();
    let ours = |arn: &str| wanted.contains(&arn) || (want.is_some() && asked_for(have, arn));
    let attached = texts(&have["policies"])
        .into_iter()
        .filter(|arn| !ours(arn));
    found.extend(attached.map(|arn| format!("managed policy {arn}")));
    found
}

fn documents(path: &str, want: Option<&Value>, have: Option<&Value>, found: &mut Vec<Change>) {
    let (want, have) = match (want, have) {
        (Some(want), Some(have)) if !have.is_null() => (want, have),
        (None, None) => return,
        (want, have) => {
            found.push(Change::new(
                path.into(),
                have.filter(|have| !have.is_null()).cloned(),
                want.cloned(),
            ));
            return;
        }
    };
    if same_policy(want, have) {
        return;
    }
    let before = found.len();
    let (wanted, live) = (statements(want), statements(have));
    let other_than = |these: &[Statement], one: &Statement| {
        !these.iter().any(|other| other.meaning == one.meaning)
    };
    let place = |statement: &Statement| format!("{path}.Statement[{}]", statement.name);
    for statement in live.iter().filter(|one| other_than(&wanted, one)) {
        let have = Some(statement.written.clone());
        found.push(Change::new(place(statement), have, None));
    }
    for statement in wanted.iter().filter(|one| other_than(&live, one)) {
        let (place, want) = (place(statement), Some(statement.written.clone()));
        match found[before..]
            .iter_mut()
            .find(|change| change.path == place && change.want.is_none())
        {
            Some(change) => change.want = want,
            None => found.push(Change::new(place, None, want)),
        }
    }
    if found.len() == before {
        found.push(Change::new(
            path.into(),
            Some(have.clone()),
            Some(want.clone()),
        ));
    }
}

/// A statement to compare by what it means and to show as it is written.
struct Statement {
    name: String,
    meaning: Value,
    written: Value,
}

fn statements(document: &Value) -> Vec<Statement> {
    let list = policy::statements(document).iter().enumerate();
    list.map(|(index, statement)| Statement {
        name: policy::label(index, statement),
        meaning: policy::canonical_statement(statement),
        written: statement.clone(),
    })
    .collect()
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn tags(spec: &Value) -> BTreeMap<&str, &str> {
    let pairs = spec["tags"].as_array().into_iter().flatten();
    pairs
        .filter_map(|pair| Some((pair["key"].as_str()?, pair["value"].as_str()?)))
        .filter(|(key, _)| key.starts_with("mcpctl.dev/"))
        .collect()
}
