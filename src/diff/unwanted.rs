//! What lives and is not wanted, beside the fields that are: each is to go, or to be as it is wanted again.

use serde_json::{Map, Value};

use super::{Found, place::lookup};
use crate::{
    managed::{self, Step},
    object::{EKS, Object},
};

/// Fields that nobody wants any more: those that we once applied, and those that others put where they matter.
pub(super) fn dropped(wanted: &Object, live: &Object, found: &mut Vec<Found>) {
    for path in managed::dropped(live, &wanted.tree) {
        let have = lookup(&live.tree, &path).cloned();
        if have.is_some() && !found.iter().any(|(other, _, _)| path.starts_with(other)) {
            found.push((path, have, None));
        }
    }
}

/// Maps and lists with one owner, which others took over and in which they put more.
pub(super) fn taken_whole(wanted: &Object, live: &Object, found: &mut Vec<Found>) {
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

/// Of an association: a second role or a session policy changes what the pod may do, so neither is wanted unless it is
/// said; and no tag of ours.
pub(super) fn of_association(wanted: &Object, live: &Object, found: &mut Vec<Found>) {
    if !wanted.id().is(EKS, "PodIdentityAssociation") {
        return;
    }
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

/// The places of the tags of an association that are ours to set and to take off.
fn our_tags(association: &Object) -> impl Iterator<Item = Vec<&str>> {
    let tags = association.tree["spec"]["tags"].as_object();
    let keys = tags.into_iter().flat_map(Map::keys).map(String::as_str);
    let ours = keys.filter(|key| key.starts_with("mcpctl.dev/"));
    ours.map(|key| vec!["spec", "tags", key])
}
