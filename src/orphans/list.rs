//! What lost its other half, and why.

use std::fmt;

use serde::Serialize;

use crate::spec::SERVICE_ACCOUNT;

/// What `tenant list --orphans` prints with `-o json` and `-o yaml`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrphanList {
    /// `mcpctl.dev/v1alpha1`
    pub api_version: &'static str,
    /// `OrphanList`
    pub kind: &'static str,
    /// Name of the EKS cluster.
    pub cluster: String,
    /// By tenant.
    pub items: Vec<Orphan>,
}

/// Something that lacks its other half.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Orphan {
    /// The tenant.
    pub tenant: String,
    /// What it is.
    pub kind: Kind,
    /// Name of the role, id of the association, or name of the tenant's namespace.
    pub name: String,
    /// The namespace that it is for.
    pub namespace: String,
    /// What it lacks.
    pub reason: Reason,
    /// The same as a sentence.
    pub why: String,
    /// What puts it right. Global flags that were given to the list belong to it too.
    pub command: String,
}

/// What an orphan is. In JSON: `association`, `namespace`, `role`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// A Pod Identity association.
    Association,
    /// The namespace of a tenant that lacks its half in AWS.
    Namespace,
    /// An IAM role.
    Role,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Association => "association",
            Self::Namespace => "namespace",
            Self::Role => "role",
        })
    }
}

/// Why something is an orphan. In JSON as here in camelCase, such as `namespaceGone`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// Its namespace is gone.
    NamespaceGone,
    /// Its namespace is being deleted, and not by `tenant remove`, which would have taken it before.
    NamespaceGoing,
    /// A namespace of that name is there, and not the tenant's.
    NamespaceNotTheTenants,
    /// The namespace is there, the service account is not.
    ServiceAccountGone,
    /// The tenant lives, with another role or in another namespace.
    Surplus,
    /// A role that may be for a cluster of the same name in another region.
    RegionUnknown,
    /// The tenant has no role.
    NoRole,
    /// The tenant has no association.
    NoAssociation,
    /// The tenant has neither.
    NoAwsHalf,
}

impl Reason {
    /// As it is in JSON.
    pub fn word(self) -> String {
        serde_json::json!(self).as_str().unwrap_or_default().into()
    }

    pub(super) fn sentence(self, namespace: &str) -> String {
        match self {
            Self::NamespaceGone => format!("namespace {namespace} is gone"),
            Self::NamespaceGoing => format!("namespace {namespace} is being deleted"),
            Self::NamespaceNotTheTenants => format!("namespace {namespace} is not the tenant's"),
            Self::ServiceAccountGone => {
                format!("service account {namespace}/{SERVICE_ACCOUNT} is gone")
            }
            Self::Surplus => "the tenant lives without it".into(),
            Self::RegionUnknown => "neither name nor trust policy tell its region".into(),
            Self::NoRole => "no role".into(),
            Self::NoAssociation => "no association".into(),
            Self::NoAwsHalf => {
                "no role and no association: lost, or left out with --only kubernetes".into()
            }
        }
    }
}
