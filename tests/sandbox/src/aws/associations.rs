//! The Pod Identity associations that live, as EKS's webhook gets to know them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Shared by the front, which fills it from the calls that pass, and the webhook, which reads it.
#[derive(Clone, Default)]
pub(crate) struct Associations {
    /// By association id.
    live: Arc<Mutex<HashMap<String, Association>>>,
}

#[derive(Clone)]
struct Association {
    cluster: String,
    namespace: String,
    service_account: String,
    role: String,
    made: Instant,
    tags: BTreeMap<String, Value>,
}

/// The ARN of the role whose credentials pods get: of a chain, the second.
fn role(association: &Value) -> &str {
    let text = |name: &str| association[name].as_str().unwrap_or_default();
    match text("targetRoleArn") {
        "" => text("roleArn"),
        target => target,
    }
}

impl Associations {
    fn live(&self) -> MutexGuard<'_, HashMap<String, Association>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an association as EKS's answer to its creation shows it.
    pub(crate) fn add(&self, association: &Value) {
        let text = |name: &str| association[name].as_str().unwrap_or_default().to_owned();
        let tags = association["tags"].as_object().cloned().unwrap_or_default();
        let entry = Association {
            cluster: text("clusterName"),
            namespace: text("namespace"),
            service_account: text("serviceAccount"),
            role: role(association).to_owned(),
            made: Instant::now(),
            tags: tags.into_iter().collect(),
        };
        self.live().insert(text("associationId"), entry);
    }

    /// Takes the role of an association as EKS's answer to a change shows it.
    pub(crate) fn update(&self, association: &Value) {
        let text = |name: &str| association[name].as_str().unwrap_or_default();
        if let Some(known) = self.live().get_mut(text("associationId")) {
            role(association).clone_into(&mut known.role);
        }
    }

    pub(crate) fn remove(&self, id: &str) {
        self.live().remove(id);
    }

    pub(crate) fn remove_cluster(&self, cluster: &str) {
        self.live()
            .retain(|_, association| association.cluster != cluster);
    }

    /// How long there has been an association for this service account.
    pub(crate) fn age(&self, namespace: &str, service_account: &str) -> Option<Duration> {
        let live = self.live();
        let matching = live.values().filter(|association| {
            association.namespace == namespace && association.service_account == service_account
        });
        matching.map(|association| association.made.elapsed()).max()
    }

    /// The ARN of the role that pods of this service account get.
    pub(crate) fn role(&self, namespace: &str, service_account: &str) -> Option<String> {
        let live = self.live();
        let mut all = live.values();
        let found = all.find(|association| {
            association.namespace == namespace && association.service_account == service_account
        });
        found.map(|association| association.role.clone())
    }

    pub(crate) fn tags(&self, id: &str) -> Option<BTreeMap<String, Value>> {
        self.live()
            .get(id)
            .map(|association| association.tags.clone())
    }

    /// Changes the tags of an association; false if there is none.
    pub(crate) fn retag(
        &self,
        id: &str,
        change: impl FnOnce(&mut BTreeMap<String, Value>),
    ) -> bool {
        let mut live = self.live();
        live.get_mut(id)
            .map(|association| change(&mut association.tags))
            .is_some()
    }
}
