//! The kinds of things that an account holds.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// An IAM role.
#[derive(Clone, Debug)]
pub struct Role {
    pub name: String,
    pub path: String,
    pub id: String,
    pub arn: String,
    /// The trust policy, as text.
    pub trust: String,
    pub description: Option<String>,
    pub max_session_duration: u32,
    /// The ARN of the permissions boundary.
    pub boundary: Option<String>,
    pub tags: BTreeMap<String, String>,
    /// Inline policies by name, as text.
    pub inline: BTreeMap<String, String>,
    /// The ARNs of attached managed policies.
    pub attached: BTreeSet<String>,
    /// When it was made (RFC 3339).
    pub created: String,
    /// How many more calls of EKS do not see it.
    pub hidden_for: u32,
    /// How many more calls about it are authorized as if it had no tags.
    pub tags_unseen_for: u32,
}

/// A managed policy, of the customer or of AWS.
#[derive(Clone, Debug)]
pub struct ManagedPolicy {
    pub name: String,
    pub path: String,
    pub id: String,
    pub document: String,
    pub created: String,
}

/// An instance profile with at most one role.
#[derive(Clone, Debug)]
pub struct InstanceProfile {
    pub name: String,
    pub path: String,
    pub id: String,
    pub arn: String,
    pub created: String,
    /// The name of its role.
    pub role: Option<String>,
}

/// An EKS cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    pub arn: String,
    pub endpoint: String,
    /// The certificate of its authority, PEM in base64.
    pub authority: String,
    /// Its status, `ACTIVE` unless a test says otherwise.
    pub status: String,
    /// Add-ons and their status.
    pub addons: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    /// EKS Auto Mode, which brings the Pod Identity agent without an add-on.
    pub auto_mode: bool,
    pub(super) created: i64,
}

/// A Pod Identity association, as EKS describes it.
///
/// Source: EKS API Reference, `PodIdentityAssociation`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Association {
    pub cluster_name: String,
    pub namespace: String,
    pub service_account: String,
    pub role_arn: String,
    pub association_arn: String,
    pub association_id: String,
    pub tags: BTreeMap<String, String>,
    pub created_at: i64,
    pub modified_at: i64,
    /// The add-on that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_arn: Option<String>,
    pub disable_session_tags: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_role_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The session policy, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}
