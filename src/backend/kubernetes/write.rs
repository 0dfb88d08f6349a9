//! The calls that change what the API server keeps.

use serde_json::{Value, json};

use super::{
    Answer, Kubernetes, collection,
    wire::{query, to_object},
};
use crate::{
    ack,
    backend::Reason,
    managed::{MANAGER, REPAIR_MANAGER},
    object::{Id, KnownKind, Object},
};

/// How to apply an object.
#[derive(Clone, Debug, Default)]
pub struct Apply {
    /// Ask what would come out; write nothing.
    pub dry_run: bool,
    /// Take fields that others hold.
    pub force: bool,
    /// Refuse if the object has changed since it was read. `1` means: refuse if it exists.
    pub resource_version: Option<String>,
    /// Another field manager than ours.
    pub manager: Option<&'static str>,
}

impl Apply {
    /// Refuses if the object exists: of two that create one, one is refused.
    pub fn anew() -> Self {
        Self {
            resource_version: Some("1".into()),
            ..Self::default()
        }
    }
}

/// What happens to dependants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// They go first, and the object with the last of them.
    Foreground,
    /// The garbage collector takes them later.
    Background,
}

impl Kubernetes {
    /// Server-side apply, with strict field validation.
    ///
    /// # Errors
    /// `Conflict` for a field that another manager holds and for an object that has changed.
    pub async fn apply(&self, object: &Object, how: &Apply) -> Answer<Object> {
        let id = object.id();
        let call = format!(
            "{} {id}",
            if how.dry_run {
                "dry-run of apply"
            } else {
                "apply"
            }
        );
        let mut tree = ack::stored(object.tree.clone());
        if let Some(version) = &how.resource_version {
            tree["metadata"]["resourceVersion"] = version.as_str().into();
        }
        let query = query(&[
            ("fieldManager", how.manager.unwrap_or(MANAGER)),
            ("fieldValidation", "Strict"),
            ("force", if how.force { "true" } else { "" }),
            ("dryRun", if how.dry_run { "All" } else { "" }),
        ]);
        let path = format!("{}?{query}", self.path(id, &call)?);
        to_object(self.send("PATCH", &path, Some(&tree), &call).await?, &call)
    }

    /// Creates an object by POST, as for a Lease that must be new or a pod whose name the server makes.
    ///
    /// # Errors
    /// `Conflict` when it exists.
    pub async fn create(&self, kind: &KnownKind, tree: &Value, dry_run: bool) -> Answer<Value> {
        let namespace = tree["metadata"]["namespace"].as_str().unwrap_or_default();
        let call = format!(
            "{} {} in {namespace}",
            if dry_run {
                "dry-run of create"
            } else {
                "create"
            },
            kind.kind
        );
        let query = query(&[
            ("fieldManager", MANAGER),
            ("dryRun", if dry_run { "All" } else { "" }),
        ]);
        self.send(
            "POST",
            &format!("{}?{query}", collection(kind, namespace)),
            Some(tree),
            &call,
        )
        .await
    }

    /// Asks for a pod to end, as far as a disruption budget lets it. One that is gone, or is another of the same name,
    /// is well.
    ///
    /// # Errors
    /// `Busy` when the budget does not.
    pub async fn evict(&self, pod: &Object) -> Answer<()> {
        let id = pod.id();
        let call = format!("evict {id}");
        let path = format!("{}/eviction", self.path(id, &call)?);
        let eviction = json!({
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": id.name, "namespace": id.namespace},
            "deleteOptions": {"preconditions": {"uid": pod.text("/metadata/uid")}},
        });
        match self.send("POST", &path, Some(&eviction), &call).await {
            Err(error) if !matches!(error.reason, Reason::NotFound | Reason::Conflict) => {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// Replaces an object that has not changed since it was read.
    ///
    /// # Errors
    /// `Conflict` when it has.
    pub async fn replace(&self, object: &Object) -> Answer<Object> {
        let call = format!("replace {}", object.id());
        let path = format!(
            "{}?{}",
            self.path(object.id(), &call)?,
            query(&[("fieldManager", MANAGER)])
        );
        to_object(
            self.send("PUT", &path, Some(&object.tree), &call).await?,
            &call,
        )
    }

    /// Changes an object by JSON patch (RFC 6902), whose tests say what must still hold.
    ///
    /// # Errors
    /// `Invalid` when a test fails.
    pub async fn repair(
        &self,
        object: &Object,
        operations: &[Value],
        dry_run: bool,
    ) -> Answer<Object> {
        let call = format!(
            "{} {}",
            if dry_run {
                "dry-run of repair"
            } else {
                "repair"
            },
            object.id()
        );
        let query = query(&[
            ("fieldManager", REPAIR_MANAGER),
            ("fieldValidation", "Strict"),
            ("dryRun", if dry_run { "All" } else { "" }),
        ]);
        let path = format!("{}?{query}", self.path(object.id(), &call)?);
        to_object(
            self.send("PATCH", &path, Some(&operations.into()), &call)
                .await?,
            &call,
        )
    }

    /// Deletes an object if it is still the one that was read. False when it was gone already.
    ///
    /// # Errors
    /// `Conflict` when another object has its name now.
    pub async fn delete(&self, id: &Id, uid: &str, propagation: Propagation) -> Answer<bool> {
        let call = format!("delete {id}");
        let mut options = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": format!("{propagation:?}"),
        });
        if !uid.is_empty() {
            options["preconditions"] = json!({"uid": uid});
        }
        match self
            .send("DELETE", &self.path(id, &call)?, Some(&options), &call)
            .await
        {
            Ok(_) => Ok(true),
            Err(error) if error.reason == Reason::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}
