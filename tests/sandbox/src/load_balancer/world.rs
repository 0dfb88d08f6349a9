//! What the controller knows of the cluster.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::watch::Change;

/// Namespace and name; the namespace of cluster-wide objects is empty.
pub(crate) type Key = (String, String);

pub(crate) fn key(object: &Value) -> Key {
    (
        text(&object["metadata"]["namespace"]).to_owned(),
        text(&object["metadata"]["name"]).to_owned(),
    )
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// `namespace/name`, as the controller's messages call an object.
pub(crate) fn full_name(object: &Value) -> String {
    let (namespace, name) = key(object);
    format!("{namespace}/{name}")
}

pub(crate) fn is_terminating(object: &Value) -> bool {
    !object["metadata"]["deletionTimestamp"].is_null()
}

/// An annotation of the controller's own, by what follows `alb.ingress.kubernetes.io/`.
pub(crate) fn annotation<'a>(ingress: &'a Value, suffix: &str) -> Option<&'a str> {
    ingress["metadata"]["annotations"][format!("alb.ingress.kubernetes.io/{suffix}")].as_str()
}

pub(crate) fn finalizers(object: &Value) -> impl Iterator<Item = &str> {
    list(&object["metadata"]["finalizers"]).iter().map(text)
}

pub(crate) fn has_finalizer(object: &Value, wanted: &str) -> bool {
    finalizers(object).any(|finalizer| finalizer == wanted)
}

/// The objects of one collection, by key.
#[derive(Default)]
pub(crate) struct Store {
    objects: BTreeMap<Key, Value>,
}

impl Store {
    /// Takes a change over; gives the objects that differ, each as it was and as it is.
    pub(crate) fn take(&mut self, change: Change) -> Vec<(Option<Value>, Option<Value>)> {
        match change {
            Change::Set(object) => vec![(
                self.objects.insert(key(&object), object.clone()),
                Some(object),
            )],
            Change::Gone(object) => vec![(self.objects.remove(&key(&object)), None)],
            Change::All(objects) => {
                let mut before = std::mem::take(&mut self.objects);
                let mut changes = Vec::new();
                for object in objects {
                    let key = key(&object);
                    changes.push((before.remove(&key), Some(object.clone())));
                    self.objects.insert(key, object);
                }
                changes.extend(before.into_values().map(|gone| (Some(gone), None)));
                changes
            }
        }
    }

    pub(crate) fn set(&mut self, object: Value) {
        self.objects.insert(key(&object), object);
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Value> {
        self.objects.get(key)
    }

    /// A cluster-wide object.
    pub(crate) fn named(&self, name: &str) -> Option<&Value> {
        self.objects.get(&(String::new(), name.to_owned()))
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Value> {
        self.objects.values()
    }
}

#[derive(Default)]
pub(crate) struct World {
    pub(crate) ingresses: Store,
    pub(crate) classes: Store,
    pub(crate) params: Store,
    pub(crate) bindings: Store,
    /// As last read, not watched.
    pub(crate) namespaces: Store,
}
