//! What differs between a wanted object and the living one, field by field.

use std::fmt::Write;

use serde_json::{Map, Value};

use crate::{
    managed::{self, Owner, Step},
    object::{EKS, IAM, Object, is_own},
    policy,
    quantity::Quantity,
};

mod mask;
mod record;
mod role;
#[cfg(test)]
mod tests;

pub use mask::masked;

/// One field that is not as it is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// `spec.template.spec.containers[mcp-server].image`
    pub path: String,
    /// What lives; absent where the field is missing.
    pub have: Option<Value>,
    /// What is wanted; absent where the field is to go.
    pub want: Option<Value>,
    /// Who owns the field now, besides us.
    pub owners: Vec<Owner>,
    /// Where it lives, as a JSON pointer into the living object.
    pub pointer: Option<String>,
    /// Whether it is what a Secret holds.
    pub secret: bool,
}

impl Change {
    pub(crate) fn new(path: String, have: Option<Value>, want: Option<Value>) -> Self {
        Self {
            path,
            have,
            want,
            owners: Vec::new(),
            pointer: None,
            secret: false,
        }
    }
}

impl Change {
    /// Whether its values stay unsaid: what Secrets hold is not told, and literal values of variables may be more
    /// secret than their names admit.
    pub fn is_secretive(&self) -> bool {
        if self.secret {
            return true;
        }
        let variable = self.path.split_once(".env[");
        variable.is_some_and(|(_, rest)| !rest.contains(".valueFrom"))
            || self.path.strip_suffix(".env").is_some()
    }
}

/// What has to change for `live` to be as `wanted`. Fields that nobody asked for are left alone, except those that we
/// once applied and no longer want. Server defaults and other spellings of one quantity are no change.
pub fn changes(wanted: &Object, live: &Object) -> Vec<Change> {
    if !wanted.id().is(IAM, "Role") {
        return fields(wanted, live, |_| true);
    }
    let mut found = role::changes(&wanted.tree["spec"], &live.tree["spec"]);
    if live.lives_in_cluster() {
        for change in &mut found {
            change.owners = owners(live, &role::field(&change.path));
        }
        found.extend(fields(wanted, live, |path| !role::has_meaning(path)));
    }
    found
}

/// What differs field by field, where a field counts.
fn fields(wanted: &Object, live: &Object, counts: impl Fn(&[Step]) -> bool) -> Vec<Change> {
    let mut all = Comparison {
        live,
        found: Vec::new(),
    };
    for field in wanted.tree.as_object().into_iter().flat_map(Map::keys) {
        // What only an object of the cluster has means nothing to IAM and EKS.
        let apart = live.id().is_aws() && !live.lives_in_cluster() && field == "metadata";
        if apart || ["apiVersion", "kind", "status"].contains(&field.as_str()) {
            continue;
        }
        let mut path = vec![Step::Field(field.clone())];
        compare(
            &wanted.tree[field],
            live.tree.get(field),
            &mut path,
            &mut all,
        );
    }
    let mut found = all.found;
    for path in managed::dropped(live, &wanted.tree) {
        let have = lookup(&live.tree, &path).cloned();
        if have.is_some() && !found.iter().any(|(other, _, _)| path.starts_with(other)) {
            found.push((path, have, None));
        }
    }
    for path in managed::taken_whole(live, &wanted.tree) {
        let (want, have) = (lookup(&wanted.tree, &path), lookup(&live.tree, &path));
        let known = found
            .iter()
            .any(|(other, _, _)| other.starts_with(&path) || path.starts_with(other));
        if !known
            && let (Some(want), Some(have)) = (want, have)
            && holds_more(want, have)
        {
            found.push((path, Some(have.clone()), Some(want.clone())));
        }
    }
    if wanted.id().is(EKS, "PodIdentityAssociation") {
        // A second role or a session policy changes what the pod may do: neither is wanted unless it is said.
        for path in [vec!["spec", "targetRoleARN"], vec!["spec", "policy"]]
            .into_iter()
            .chain(our_tags(live))
        {
            let path: Vec<Step> = path
                .into_iter()
                .map(|step| Step::Field(step.into()))
                .collect();
            let (want, have) = (lookup(&wanted.tree, &path), lookup(&live.tree, &path));
            let known = found.iter().any(|(known, _, _)| *known == path);
            if have.is_some() && want.is_none() && !known {
                found.push((path, have.cloned(), None));
            }
        }
    }
    found
        .into_iter()
        .filter(|(path, _, _)| counts(path))
        .map(|(path, have, want)| change(live, &path, have, want))
        .flat_map(record::by_field)
        .collect()
}

fn change(live: &Object, path: &[Step], have: Option<Value>, want: Option<Value>) -> Change {
    let pointer = pointer(&live.tree, path);
    Change {
        owners: owners(live, path),
        pointer,
        secret: mask::is_content_of_secret(live, path),
        ..Change::new(display(path), have, want)
    }
}

/// The places of the tags of an association that are ours to set and to take off.
fn our_tags(association: &Object) -> impl Iterator<Item = Vec<&str>> {
    let tags = association.tree["spec"]["tags"].as_object();
    let keys = tags.into_iter().flat_map(Map::keys).map(String::as_str);
    let ours = keys.filter(|key| key.starts_with("mcpctl.dev/"));
    ours.map(|key| vec!["spec", "tags", key])
}

/// Who owns a field, besides us. What ACK's controllers write back into an object is no claim.
fn owners(live: &Object, path: &[Step]) -> Vec<Owner> {
    let claims = |owner: &Owner| !live.id().is_aws() || owner.applies || owner.is_a_hand();
    managed::owners(live, path)
        .into_iter()
        .filter(|owner| !owner.is_us() && claims(owner))
        .collect()
}

/// The place of a field that lives, or of one that is missing in a map that lives, as a JSON pointer (RFC 6901).
fn pointer(tree: &Value, path: &[Step]) -> Option<String> {
    let mut pointer = String::new();
    let mut here = tree;
    for (index, step) in path.iter().enumerate() {
        let token = match step {
            Step::Field(name) => name.replace('~', "~0").replace('/', "~1"),
            Step::Index(index) => index.to_string(),
            Step::Key(_) => here
                .as_array()?
                .iter()
                .position(|item| is_item(item, step))?
                .to_string(),
        };
        _ = write!(pointer, "/{token}");
        match lookup(tree, &path[..=index]) {
            Some(found) => here = found,
            None if index + 1 == path.len() && here.is_object() => {}
            None => return None,
        }
    }
    Some(pointer)
}

fn is_item(item: &Value, step: &Step) -> bool {
    let Step::Key(keys) = step else { return false };
    keys.iter()
        .all(|(name, value)| managed::key_value(item, name).as_ref() == Some(value))
}

type Found = (Vec<Step>, Option<Value>, Option<Value>);

/// The object that is looked at, and what was found so far.
struct Comparison<'a> {
    live: &'a Object,
    found: Vec<Found>,
}

fn compare(want: &Value, have: Option<&Value>, path: &mut Vec<Step>, all: &mut Comparison<'_>) {
    match (want, have) {
        (want @ Value::Object(_), Some(have)) if is_session_policy(path, all.live) => {
            if !same_policy(want, have) {
                all.found
                    .push((path.clone(), Some(have.clone()), Some(want.clone())));
            }
        }
        (Value::Object(map), Some(have @ Value::Object(other))) => {
            // A selector with one requirement more selects less, or nothing.
            if is_selector(path) && other.keys().any(|key| !map.contains_key(key)) {
                all.found
                    .push((path.clone(), Some(have.clone()), Some(want.clone())));
                return;
            }
            for (key, want) in map {
                path.push(Step::Field(key.clone()));
                compare(want, have.get(key), path, all);
                path.pop();
            }
        }
        (Value::Array(want), Some(Value::Array(have))) => compare_lists(want, have, path, all),
        (want, have) if same(want, have, path) => {}
        (want, have) => all
            .found
            .push((path.clone(), have.cloned(), Some(want.clone()))),
    }
}

/// A policy document is one value, compared by what it means.
fn is_session_policy(path: &[Step], live: &Object) -> bool {
    let field = |step: &Step, name: &str| *step == Step::Field(name.into());
    live.id().is(EKS, "PodIdentityAssociation")
        && matches!(path, [spec, policy] if field(spec, "spec") && field(policy, "policy"))
}

/// Whether a map, or one in a list, holds what is not wanted, besides what the API server fills in.
fn holds_more(want: &Value, have: &Value) -> bool {
    let filled_in = |key: &str, value: &Value| match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        value => {
            (key == "matchPolicy" && value == "Equivalent")
                || (key == "apiVersion" && value == "v1")
                || (key == "protocol" && value == "TCP")
                || (key == "scope" && value == "*")
        }
    };
    if let (Some(want), Some(have)) = (want.as_array(), have.as_array()) {
        return want
            .iter()
            .zip(have)
            .any(|(want, have)| holds_more(want, have));
    }
    let (Some(want), Some(have)) = (want.as_object(), have.as_object()) else {
        return false;
    };
    have.iter().any(|(key, value)| match want.get(key) {
        Some(want) => holds_more(want, value),
        None => !filled_in(key, value),
    })
}

/// Maps that mean something by what they do not hold.
fn is_selector(path: &[Step]) -> bool {
    const SELECTORS: [&str; 7] = [
        "endpointSelector",
        "labelSelector",
        "matchLabels",
        "namespaceSelector",
        "objectSelector",
        "podSelector",
        "selector",
    ];
    matches!(path.last(), Some(Step::Field(name)) if SELECTORS.contains(&name.as_str()))
}

/// The key fields of a list: as the schema of a known kind has them, else as the API server tells them.
fn list_keys(want: &[Value], path: &[Step], live: &Object) -> Option<Vec<String>> {
    if is_own(live.id()) {
        return managed::told_keys(live, path);
    }
    let field = path.iter().rev().find_map(|step| match step {
        Step::Field(name) => Some(name.as_str()),
        _ => None,
    });
    let names = managed::merge_keys(field.unwrap_or_default(), want.first()?)?;
    Some(names.iter().map(ToString::to_string).collect())
}

fn compare_lists(want: &[Value], have: &[Value], path: &mut Vec<Step>, all: &mut Comparison<'_>) {
    match list_keys(want, path, all.live) {
        Some(names) => {
            for item in want {
                let keys = names
                    .iter()
                    .filter_map(|name| Some((name.clone(), managed::key_value(item, name)?)));
                let step = Step::Key(keys.collect());
                let other = have.iter().find(|other| is_item(other, &step));
                path.push(step);
                compare(item, other, path, all);
                path.pop();
            }
        }
        // A list of plain values is one value: it may be a set, to which an apply only adds.
        None if want.len() == have.len() && want.iter().all(Value::is_object) => {
            for (index, (want, have)) in want.iter().zip(have).enumerate() {
                path.push(Step::Index(index));
                compare(want, Some(have), path, all);
                path.pop();
            }
        }
        None if want == have => {}
        None => all.found.push((
            path.clone(),
            Some(have.to_vec().into()),
            Some(want.to_vec().into()),
        )),
    }
}

/// Fields that hold quantities by resource name.
const HOLDERS: [&str; 7] = [
    "limits",
    "requests",
    "hard",
    "default",
    "defaultRequest",
    "max",
    "min",
];

/// Whether two leaves mean the same.
fn same(want: &Value, have: Option<&Value>, path: &[Step]) -> bool {
    let Some(have) = have else {
        // The API leaves empty text and empty lists out of what it stores.
        return match want {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => false,
        };
    };
    if want == have {
        return true;
    }
    let holder = path.iter().rev().skip(1).find_map(|step| match step {
        Step::Field(name) => Some(name.as_str()),
        _ => None,
    });
    let last = path
        .last()
        .is_some_and(|step| *step == Step::Field("sizeLimit".into()));
    if last || holder.is_some_and(|holder| HOLDERS.contains(&holder)) {
        let quantity = |value: &Value| Quantity::try_from(value.clone()).ok();
        return quantity(want).is_some() && quantity(want) == quantity(have);
    }
    match (want.as_f64(), have.as_f64()) {
        (Some(want), Some(have)) => (want - have).abs() < f64::EPSILON,
        _ => false,
    }
}

fn lookup<'a>(tree: &'a Value, path: &[Step]) -> Option<&'a Value> {
    path.iter().try_fold(tree, |tree, step| match step {
        Step::Field(name) => tree.get(name),
        Step::Index(index) => tree.get(index),
        Step::Key(_) => tree.as_array()?.iter().find(|item| is_item(item, step)),
    })
}

fn display(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Field(name) if name.contains(['.', '/']) => _ = write!(text, "[{name}]"),
            Step::Field(name) if text.is_empty() => text.push_str(name),
            Step::Field(name) => _ = write!(text, ".{name}"),
            Step::Index(index) => _ = write!(text, "[{index}]"),
            Step::Key(keys) => {
                let values: Vec<String> = keys
                    .iter()
                    .map(|(_, value)| {
                        value
                            .as_str()
                            .map_or_else(|| value.to_string(), str::to_string)
                    })
                    .collect();
                _ = write!(text, "[{}]", values.join("/"));
            }
        }
    }
    text
}

/// Policies on a living role that nobody asked for, and instance profiles that hold it. They are named, never touched.
pub fn foreign(wanted: Option<&Object>, live: &Object) -> Vec<String> {
    let mut found = role::foreign(
        wanted.map(|wanted| &wanted.tree["spec"]),
        &live.tree["spec"],
    );
    let profiles = live.tree["status"]["instanceProfiles"].as_array();
    let names = profiles.into_iter().flatten().filter_map(Value::as_str);
    found.extend(names.map(|name| format!("instance profile {name}")));
    found
}

/// Whether a managed policy on a role is one that its tenant asked for, by the role's tag.
pub fn asked_for(role: &Object, arn: &str) -> bool {
    role::asked_for(&role.tree["spec"], arn)
}

/// Whether two policy documents mean the same to IAM.
pub fn same_policy(left: &Value, right: &Value) -> bool {
    policy::canonical(left) == policy::canonical(right)
}
