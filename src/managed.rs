//! Who owns which field: reads `metadata.managedFields`.
//!
//! Format: <https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management>

use serde_json::{Map, Value};

use crate::object::Object;

mod owner;

pub use owner::{HANDOVER_MANAGER, MANAGER, Owner, REPAIR_MANAGER, RESTART_MANAGER};

/// One part of the way to a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A key of a map.
    Field(String),
    /// An item of a list, found by the values of its key fields.
    Key(Vec<(String, Value)>),
    /// An item of a list that has one owner as a whole.
    Index(usize),
}

/// The managers that own the field at `path`, ours included.
pub fn owners(object: &Object, path: &[Step]) -> Vec<Owner> {
    entries(object)
        .filter(|(_, fields)| holds(fields, path))
        .map(|(owner, _)| owner)
        .collect()
}

/// When somebody last wrote an object's status (RFC 3339, to the second).
pub fn status_written(object: &Object) -> Option<&str> {
    let list = object.tree["metadata"]["managedFields"].as_array();
    let statuses = list
        .into_iter()
        .flatten()
        .filter(|entry| entry["subresource"] == "status");
    statuses.filter_map(|entry| entry["time"].as_str()).max()
}

/// The fields that nobody wants: those that we applied and `wanted` no longer has, and those that a person or another
/// applying tool put where they change what runs, who may reach it, or whose identity it has.
pub fn dropped(live: &Object, wanted: &Value) -> Vec<Vec<Step>> {
    let mut found = Vec::new();
    for (owner, fields) in entries(live) {
        let ours = owner.is_us();
        if !ours && !owner.is_a_hand() && !owner.applies {
            continue;
        }
        let mut paths = Vec::new();
        collect_dropped(fields, Some(wanted), &mut Vec::new(), &mut paths);
        found.extend(paths.into_iter().filter(|path| ours || matters(path)));
    }
    found.sort_by_key(|path| format!("{path:?}"));
    found.dedup();
    found
}

/// Maps and lists with one owner as a whole that others took over from us, and that may hold more than we want.
pub fn taken_whole(live: &Object, wanted: &Value) -> Vec<Vec<Step>> {
    let mut found = Vec::new();
    for (owner, fields) in entries(live) {
        if !owner.is_us() && (owner.is_a_hand() || owner.applies) {
            collect_taken(fields, wanted, &mut Vec::new(), &mut found);
        }
    }
    found.retain(|path| !owners(live, path).iter().any(Owner::is_us));
    found
}

fn collect_taken(fields: &Value, wanted: &Value, path: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    let Some(map) = fields.as_object() else {
        return;
    };
    if map.is_empty() && (wanted.is_object() || wanted.is_array()) {
        found.push(path.clone());
    }
    for (key, child) in map {
        if let Some((step, Some(next))) = descend(key, Some(wanted)) {
            path.push(step);
            collect_taken(child, next, path, found);
            path.pop();
        }
    }
}

/// Whether a field that somebody added concerns us: all of the spec, and of the metadata what AWS's controllers read.
/// When pods were restarted concerns nobody.
fn matters(path: &[Step]) -> bool {
    const READ: [&str; 5] = [
        "alb.ingress.kubernetes.io/",
        "eks.amazonaws.com/",
        "elbv2.k8s.aws/",
        "service.beta.kubernetes.io/",
        "services.k8s.aws/",
    ];
    const RESTARTS: [&str; 2] = [
        "kubectl.kubernetes.io/restartedAt",
        "mcpctl.dev/restarted-at",
    ];
    let name = |step: &Step| match step {
        Step::Field(name) => name.clone(),
        _ => String::new(),
    };
    // Where we do not say how many pods there are, others may.
    if *path == ["spec", "replicas"].map(|step| Step::Field(step.into())) {
        return false;
    }
    let last = path.last().map(name).unwrap_or_default();
    match path.first().map(name).as_deref() {
        Some("metadata") => READ.iter().any(|prefix| last.starts_with(prefix)),
        Some("status") | None => false,
        Some(_) => !RESTARTS.contains(&last.as_str()),
    }
}

/// Status is written by controllers and is nobody's wish; `scale` is how `kubectl scale` sets replicas.
fn entries(object: &Object) -> impl Iterator<Item = (Owner, &Value)> {
    let list = object.tree["metadata"]["managedFields"].as_array();
    list.into_iter()
        .flatten()
        .filter(|entry| entry["subresource"] != "status")
        .map(|entry| {
            let text = |field: &str| entry[field].as_str().unwrap_or_default().to_string();
            let owner = Owner {
                manager: text("manager"),
                applies: entry["operation"] == "Apply",
                time: text("time"),
            };
            (owner, &entry["fieldsV1"])
        })
}

/// Whether a field set holds the path, or an ancestor that is owned as a whole.
fn holds(fields: &Value, path: &[Step]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return true;
    };
    let Some(map) = fields.as_object() else {
        return false;
    };
    if map.is_empty() {
        return true;
    }
    child(map, first).is_some_and(|child| holds(child, rest))
}

fn child<'a>(map: &'a Map<String, Value>, step: &Step) -> Option<&'a Value> {
    match step {
        Step::Field(name) => map.get(&format!("f:{name}")),
        Step::Key(keys) => map
            .iter()
            .find(|(text, _)| is_key(text, keys))
            .map(|(_, child)| child),
        Step::Index(_) => None,
    }
}

fn is_key(text: &str, keys: &[(String, Value)]) -> bool {
    let parsed = text
        .strip_prefix("k:")
        .and_then(|json| serde_json::from_str::<Value>(json).ok());
    parsed.is_some_and(|parsed| {
        keys.iter()
            .all(|(name, value)| parsed.get(name) == Some(value))
    })
}

fn collect_dropped(
    fields: &Value,
    wanted: Option<&Value>,
    path: &mut Vec<Step>,
    found: &mut Vec<Vec<Step>>,
) {
    let Some(map) = fields.as_object() else {
        return;
    };
    // Labels and annotations are told one by one, since only some of them concern us.
    let one_by_one =
        matches!(path.last(), Some(Step::Field(name)) if name == "annotations" || name == "labels");
    let unwanted = wanted.is_none_or(Value::is_null);
    if unwanted && (map.is_empty() || !one_by_one) {
        found.push(path.clone());
        return;
    }
    for (key, child) in map {
        let Some((step, next)) = descend(key, wanted) else {
            continue;
        };
        path.push(step);
        collect_dropped(child, next, path, found);
        path.pop();
    }
}

/// The step that a key of a field set stands for, and what is wanted there.
fn descend<'a>(key: &str, wanted: Option<&'a Value>) -> Option<(Step, Option<&'a Value>)> {
    if let Some(name) = key.strip_prefix("f:") {
        return Some((
            Step::Field(name.into()),
            wanted.and_then(|wanted| wanted.get(name)),
        ));
    }
    let parsed: Value = serde_json::from_str(key.strip_prefix("k:")?).ok()?;
    let keys: Vec<(String, Value)> = parsed
        .as_object()?
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let item = wanted.and_then(Value::as_array).and_then(|items| {
        items.iter().find(|item| {
            keys.iter()
                .all(|(name, value)| key_value(item, name).as_ref() == Some(value))
        })
    });
    Some((Step::Key(keys), item))
}

/// A key field of an item, with the API's default where it is left out.
pub fn key_value(item: &Value, name: &str) -> Option<Value> {
    let default = (name == "protocol").then(|| Value::from("TCP"));
    item.get(name).cloned().or(default)
}

/// The key fields of a list's items, for the lists that the API merges by key; other lists have one owner each.
/// <https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy>
pub fn merge_keys(field: &str, item: &Value) -> Option<&'static [&'static str]> {
    match field {
        "containers" | "initContainers" | "env" | "volumes" | "imagePullSecrets"
        | "matchConditions" | "variables" => Some(&["name"]),
        "volumeMounts" => Some(&["mountPath"]),
        "topologySpreadConstraints" => Some(&["topologyKey", "whenUnsatisfiable"]),
        "ports" if item.get("containerPort").is_some() => Some(&["containerPort", "protocol"]),
        "ports" if item.get("targetPort").is_some() => Some(&["port", "protocol"]),
        _ => None,
    }
}

/// The key fields of a living list's items as the API server tells them, where its owners hold items one by one. For
/// kinds whose schema we do not know; a list without keys has one owner.
pub fn told_keys(live: &Object, list: &[Step]) -> Option<Vec<String>> {
    entries(live).find_map(|(_, fields)| {
        let items = within(fields, list)?.as_object()?;
        let key = items.keys().find_map(|key| key.strip_prefix("k:"))?;
        let parsed: Value = serde_json::from_str(key).ok()?;
        Some(parsed.as_object()?.keys().cloned().collect())
    })
}

/// The part of a field set below a path.
fn within<'a>(fields: &'a Value, path: &[Step]) -> Option<&'a Value> {
    path.iter()
        .try_fold(fields, |fields, step| child(fields.as_object()?, step))
}
