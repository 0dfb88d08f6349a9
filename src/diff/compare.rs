//! What is wanted, held against what lives: field by field, and lists as the API merges them.

use serde_json::{Map, Value};

use super::{Found, place::is_item, same_policy};
use crate::{
    managed::{self, Step},
    object::{EKS, Object, is_own},
    quantity::Quantity,
};

/// Each field of `wanted` that is missing or other in `live`.
pub(super) fn trees(wanted: &Object, live: &Object) -> Vec<Found> {
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
    all.found
}

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
