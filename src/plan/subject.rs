//! Whose objects a plan is about, and what makes an object theirs.

use crate::{
    managed,
    marks::{CLUSTER, PLATFORM, TENANT},
    object::{EKS, Object},
};

/// Whose objects a plan is about: decides what is ours.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// One tenant.
    Tenant {
        /// Its name.
        name: String,
        /// Its cluster, as the tags say it.
        cluster: String,
        /// Its namespace.
        namespace: String,
    },
    /// The objects that a cluster needs once.
    Platform {
        /// The cluster.
        cluster: String,
    },
}

impl Subject {
    /// Whether a living object is this subject's. In the cluster a label is not enough, since anybody may write one:
    /// the object must have been applied by us, or from a repository. In AWS the tags must agree; of a role or association
    /// that ACK carries out both must hold.
    pub fn owns(&self, object: &Object) -> bool {
        let owners = managed::owners(object, &[]);
        let applied = owners.iter().any(managed::Owner::may_carry_our_record);
        match self {
            Self::Platform { cluster } => {
                applied && object.label(PLATFORM).is_none_or(|label| label == cluster)
            }
            Self::Tenant { name, cluster, .. } if object.id().is_aws() => {
                let foreign_owner = !object.text("/status/ownerARN").is_empty();
                let agrees = |key: &str, value: &str| aws_tag(object, key) == Some(value);
                let applied = applied || !object.lives_in_cluster();
                agrees(TENANT, name) && agrees(CLUSTER, cluster) && !foreign_owner && applied
            }
            // A label that somebody took off is drift, as long as the object is one that we applied ourselves.
            Self::Tenant { name, .. } => match object.label(TENANT) {
                Some(tenant) => applied && tenant == name,
                None => owners.iter().any(managed::Owner::is_us),
            },
        }
    }

    /// Whether an association is not the tenant's own, but of another service account of its namespace.
    pub(super) fn is_beside(&self, object: &Object) -> bool {
        let id = object.id();
        let own = matches!(self, Self::Tenant { name, .. } if *name == id.name);
        id.is(EKS, "PodIdentityAssociation") && !own && !self.owns(object)
    }

    /// The namespace that holds the lock.
    pub fn lock_namespace(&self) -> &str {
        match self {
            Self::Tenant { namespace, .. } => namespace,
            Self::Platform { .. } => crate::object::PLATFORM_NAMESPACE,
        }
    }
}

/// A tag of a role (a list of pairs) or of an association (a map).
pub fn aws_tag<'a>(object: &'a Object, key: &str) -> Option<&'a str> {
    let tags = &object.tree["spec"]["tags"];
    match tags.as_array() {
        Some(pairs) => pairs.iter().find(|pair| pair["key"] == key)?["value"].as_str(),
        None => tags[key].as_str(),
    }
}
