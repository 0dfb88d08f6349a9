//! The settings file as it is written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    policy::Policy,
    spec::{
        self, AccountId, Arn, Boundary, Cidr, ClassName, ClusterName, Image, Region, RoleArn,
        TenantSpec, Text,
    },
};

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct SettingsFile {
    pub(super) cluster: ClusterFile,
    pub(super) aws: AwsMode,
    pub(super) domain: Option<String>,
    pub(super) namespace_prefix: Prefix,
    pub(super) ingress: Ingress,
    pub(super) network_policy: NetworkPolicy,
    pub(super) telemetry: Telemetry,
    pub(super) pod_security: PodSecurityFile,
    pub(super) iam: Iam,
    pub(super) identity: IdentityFile,
    pub(super) defaults: TenantSpec,
    pub(super) tiers: BTreeMap<String, TenantSpec>,
    pub(super) templates: Option<Text>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ClusterFile {
    pub(super) name: Option<ClusterName>,
    pub(super) region: Option<Region>,
    pub(super) account_id: Option<AccountId>,
}

/// Which cluster, in which account.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Name in EKS.
    pub name: ClusterName,
    /// Region of the cluster.
    pub region: Region,
    /// Asked of EKS where it is not given.
    pub account_id: Option<AccountId>,
}

/// Who carries a tenant's role and association out.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum AwsMode {
    /// mcpctl itself, on IAM and EKS.
    #[default]
    Direct,
    /// AWS Controllers for Kubernetes, from objects in the cluster. No AWS call is made, unless EKS has to show the way to it.
    Ack,
}

impl AwsMode {
    /// As the settings and a tenant's record say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Ack => "ack",
        }
    }
}

/// Whether the shared load balancer has public addresses.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// Private addresses only.
    #[default]
    Internal,
    /// Public addresses.
    InternetFacing,
}

/// The shared load balancer.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Ingress {
    /// Name of the `IngressClass`, of its parameters and of the group.
    pub class: ClassName,
    /// Whether it has public addresses.
    pub scheme: Scheme,
    /// The load balancer's subnets: where requests to the pods come from.
    pub alb_subnet_cidrs: Vec<Cidr>,
    /// Tenants on one load balancer at most. It takes 100 target groups, and at the 101st nothing can be deleted.
    pub max_per_group: usize,
    /// Certificates; a wildcard for `*.<domain>` serves every tenant.
    pub certificate_arns: Vec<Arn>,
}

impl Default for Ingress {
    fn default() -> Self {
        Self {
            class: spec::constant("mcp"),
            scheme: Scheme::default(),
            alb_subnet_cidrs: Vec::new(),
            max_per_group: 80,
            certificate_arns: Vec::new(),
        }
    }
}

/// What enforces network policies.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkEngine {
    /// The VPC CNI's agent, where policies are switched on.
    #[default]
    VpcCni,
    /// Cilium, for which the Pod Identity agent is the host entity and no address.
    Cilium,
    /// Nothing: no policies are made.
    None,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NetworkPolicy {
    pub(super) engine: NetworkEngine,
}

/// Where telemetry goes.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Telemetry {
    /// URL of an OTLP collector; none where it is not given.
    pub otlp_endpoint: Option<Text>,
    /// Namespace of the collector, which network policies then let pods reach on 4317 and 4318.
    pub collector_namespace: Option<Text>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PodSecurityFile {
    pub(super) version: SecurityVersion,
}

impl Default for PodSecurityFile {
    fn default() -> Self {
        Self {
            version: SecurityVersion("v1.33".into()),
        }
    }
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Iam {
    pub(super) permissions_boundary: Option<Boundary>,
    pub(super) policy: Option<Policy>,
    pub(super) scoping: ScopingFile,
    pub(super) shared_role: Option<RoleArn>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ScopingFile {
    #[default]
    Dedicated,
    SessionPolicy,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct IdentityFile {
    pub(super) settle_seconds: u64,
    pub(super) verify_image: Option<Image>,
}

impl Default for IdentityFile {
    fn default() -> Self {
        Self {
            settle_seconds: 10,
            verify_image: None,
        }
    }
}

/// A version of the Pod Security Standards: `latest` or `v1.<minor>`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct SecurityVersion(String);

impl SecurityVersion {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SecurityVersion {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let minor = text
            .strip_prefix("v1.")
            // As it stands in a label: no sign, no leading zero.
            .is_some_and(|minor| {
                minor
                    .parse::<u8>()
                    .is_ok_and(|number| number.to_string() == minor)
            });
        if minor || text == "latest" {
            Ok(Self(text))
        } else {
            Err(format!(
                "`{text}` is not a Pod Security version: latest or v1.<minor>"
            ))
        }
    }
}

impl From<SecurityVersion> for String {
    fn from(version: SecurityVersion) -> Self {
        version.0
    }
}

/// A prefix that leaves a DNS label room for 40 characters more.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Prefix(String);

impl Prefix {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Prefix {
    fn default() -> Self {
        Self("mcp-".into())
    }
}

impl TryFrom<String> for Prefix {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let valid = text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if valid && text.len() <= 20 && !text.starts_with('-') {
            Ok(Self(text))
        } else {
            Err(format!(
                "`{text}` is not a prefix: at most 20 of a-z, 0-9 and `-`"
            ))
        }
    }
}

impl From<Prefix> for String {
    fn from(prefix: Prefix) -> Self {
        prefix.0
    }
}

/// Tiers that exist without being written down; the settings may change their fields.
pub(super) fn built_in_tiers() -> BTreeMap<String, Map<String, Value>> {
    let tier = |cpu: &str, memory: &str, limit: &str| {
        let resources = json!({"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": limit, "memory": memory}});
        Map::from_iter([("resources".to_string(), resources)])
    };
    BTreeMap::from([
        ("small".to_string(), tier("100m", "256Mi", "500m")),
        ("medium".to_string(), tier("250m", "512Mi", "1")),
        ("large".to_string(), tier("500m", "1Gi", "2")),
    ])
}
