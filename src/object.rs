//! The one shape of everything that mcpctl manages: `apiVersion`, `kind`, `metadata`, `spec`.

use std::{collections::BTreeMap, fmt};

use serde_json::{Map, Value};

use crate::error::{Error, Result};

mod kinds;
mod order;

pub use kinds::{KnownKind, known_kind, own_kind};
pub use order::{
    deleted_before, deletion_rank, goes_late, in_making_order, is_own, made_before, may_be_held,
    runs_on, scales, spec_of_pods, starts_pods,
};

/// API group of ACK's IAM kinds; objects of this group are carried out on IAM, by us or by ACK.
pub const IAM: &str = "iam.services.k8s.aws";
/// API group of ACK's EKS kinds; objects of this group are carried out on EKS, by us or by ACK.
pub const EKS: &str = "eks.services.k8s.aws";
/// Where the platform's own objects live, and the Kubernetes form of the AWS half.
pub const PLATFORM_NAMESPACE: &str = "mcpctl-system";

/// What makes two objects the same one. The version is not part of it: two versions of a kind are one object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// API group; empty for the core group.
    pub group: String,
    /// `Deployment`
    pub kind: String,
    /// Empty for cluster-scoped objects.
    pub namespace: String,
    /// `metadata.name`
    pub name: String,
}

impl Id {
    /// An id from its four parts.
    pub fn new(group: &str, kind: &str, namespace: &str, name: &str) -> Self {
        Self {
            group: group.into(),
            kind: kind.into(),
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    /// The id of a Namespace.
    pub fn namespace(name: &str) -> Self {
        Self::new("", "Namespace", "", name)
    }

    /// Whether the object belongs to the AWS half: a role or an association, whoever carries it out.
    pub fn is_aws(&self) -> bool {
        self.group == IAM || self.group == EKS
    }

    /// Whether this is the given kind of the given group.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() || self.is_aws() {
            write!(f, "{} {}", self.kind, self.name)
        } else {
            write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
        }
    }
}

/// An object as a JSON tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    id: Id,
    /// The whole tree, `apiVersion` and `kind` included.
    pub tree: Value,
}

impl Object {
    /// Reads the id out of a tree.
    ///
    /// # Errors
    /// Usage, when `apiVersion`, `kind` or `metadata.name` is missing or not text.
    pub fn new(tree: Value) -> Result<Self> {
        let text = |pointer: &str| {
            tree.pointer(pointer)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let missing =
            |field: &str| Error::usage(format!("an object without {field}")).detail(excerpt(&tree));
        let api_version = text("/apiVersion").ok_or_else(|| missing("apiVersion"))?;
        let kind = text("/kind").ok_or_else(|| missing("kind"))?;
        let name = text("/metadata/name").ok_or_else(|| missing("metadata.name"))?;
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let id = Id::new(
            group,
            kind,
            text("/metadata/namespace").unwrap_or_default(),
            name,
        );
        Ok(Self { id, tree })
    }

    /// What the object is.
    pub fn id(&self) -> &Id {
        &self.id
    }

    /// `group/version`, or the version alone for the core group.
    pub fn api_version(&self) -> &str {
        self.text("/apiVersion")
    }

    /// The text at a JSON pointer, or the empty string.
    pub fn text(&self, pointer: &str) -> &str {
        self.tree
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Whether the API server keeps it, and so knows who wrote which field. What IAM and EKS describe has no such trace.
    pub fn lives_in_cluster(&self) -> bool {
        !self.text("/metadata/uid").is_empty()
    }

    /// The value of a label, if it is there.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.tree["metadata"]["labels"][key].as_str()
    }

    /// The value of an annotation, if it is there.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.tree["metadata"]["annotations"][key].as_str()
    }

    /// The map at `metadata.<field>`, made where it is missing: `labels` or `annotations`.
    pub fn metadata_map(&mut self, field: &str) -> &mut Map<String, Value> {
        let entry = &mut self.tree["metadata"][field];
        if !entry.is_object() {
            *entry = Value::Object(Map::new());
        }
        match entry {
            Value::Object(map) => map,
            _ => unreachable!("made an object above"),
        }
    }
}

/// Everything that is wanted or that lives, by id.
pub type State = BTreeMap<Id, Object>;

fn excerpt(tree: &Value) -> String {
    let text = tree.to_string();
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
