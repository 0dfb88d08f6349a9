//! A tenant as its owner describes it, validated.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::quantity::Quantity;
use kubernetes::{Affinity, Checked, EnvFrom, LabelSelector, ObjectName, Toleration};

mod auth;
mod aws;
mod checked;
mod disruption;
mod duration;
mod env;
mod findings;
mod identity;
pub mod kubernetes;
mod layers;
mod names;
mod origin;
mod types;

pub use auth::{Auth, AuthMode, Claim, ClaimFormat, Issuer, JwksEndpoint};
pub use aws::{AccountId, Arn, ArnParts, ClusterName, Region, RoleArn};
pub use disruption::{Disruption, DoNotDisrupt};
pub use duration::Duration;
pub use env::{CHOOSES_IDENTITY, EnvVar, OF_CONTAINERS, unseen};
pub use identity::{Boundary, Identity};
pub use layers::{Input, Resolved, is_protected, lay, merge, resolve};
pub use names::{
    Names, SERVICE_ACCOUNT, dns_suffix, is_named_after, partition, role_name, role_path, tenant_in,
};
pub use origin::{Field, Layer, Origin};
pub use types::{Cidr, ClassName, EnvName, Host, Image, TenantName, Text, UrlPath};

/// `apiVersion` of a tenant file.
pub const API_VERSION: &str = "mcpctl.dev/v1alpha1";

/// Everything that can be said about a tenant. Every field has a default except `image`, which some layer must give.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct TenantSpec {
    /// The container image of the MCP server; a digest is best.
    pub image: Option<Image>,
    /// Replaces the image's entry point.
    pub command: Vec<Text>,
    /// Replaces the image's arguments.
    pub args: Vec<Text>,
    /// Environment variables.
    pub env: Vec<EnvVar>,
    /// Whole Secrets and `ConfigMap`s as environment.
    pub env_from: Vec<Checked<EnvFrom>>,
    /// Secrets with registry credentials.
    pub image_pull_secrets: Vec<SecretName>,
    /// The port that the server listens on; not a privileged one under the restricted profile.
    pub port: Port,
    /// The path of the MCP endpoint.
    pub mcp_path: UrlPath,
    /// Number of pods.
    pub replicas: u16,
    /// Requests and limits of the container.
    pub resources: Resources,
    /// Name of the tier whose fields lie below the tenant's own.
    pub tier: String,
    /// The public host name; `<name>.<domain>` where it is not given.
    pub host: Option<Host>,
    /// How the load balancer and the kubelet ask whether the server is well.
    pub health: Health,
    /// Seconds that the longest tool call may take after the pod was told to stop.
    pub drain_seconds: u16,
    /// User, group and Pod Security level.
    pub security: Security,
    /// Destinations that the tenant's pods may reach besides DNS, their credentials and HTTPS.
    pub egress: Vec<Egress>,
    /// Labels that a node must carry.
    pub node_selector: BTreeMap<String, Text>,
    /// Taints of nodes that pods put up with.
    pub tolerations: Vec<Checked<Toleration>>,
    /// Which nodes pods are for, and which pods they go with or stay away from.
    pub affinity: Option<Affinity>,
    /// Name of an existing priority class.
    pub priority_class_name: Option<ObjectName>,
    /// What Karpenter may do to the tenant's pods.
    pub disruption: Disruption,
    /// Who authenticates clients.
    pub auth: Auth,
    /// What the tenant's role may do.
    pub identity: Identity,
    /// Variable that holds the public URL.
    pub public_url_env: EnvName,
    /// Variable that holds the host names that the server may answer to.
    pub allowed_hosts_env: EnvName,
    /// Labels on every object of the tenant.
    pub labels: BTreeMap<String, Text>,
    /// Annotations on the pods.
    pub annotations: BTreeMap<String, Text>,
    /// Free values for own templates.
    pub values: Map<String, Value>,
    /// Refuses removal while set.
    pub protected: bool,
}

impl Default for TenantSpec {
    fn default() -> Self {
        Self {
            image: None,
            command: Vec::new(),
            args: Vec::new(),
            env: Vec::new(),
            env_from: Vec::new(),
            image_pull_secrets: Vec::new(),
            port: Port(8080),
            mcp_path: constant("/mcp"),
            replicas: 1,
            resources: Resources::default(),
            tier: "small".into(),
            host: None,
            health: Health::default(),
            drain_seconds: 20,
            security: Security::default(),
            egress: Vec::new(),
            node_selector: BTreeMap::new(),
            tolerations: Vec::new(),
            affinity: None,
            priority_class_name: None,
            disruption: Disruption::default(),
            auth: Auth::default(),
            identity: Identity::default(),
            public_url_env: constant("MCP_PUBLIC_URL"),
            allowed_hosts_env: constant("MCP_ALLOWED_HOSTS"),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            values: Map::new(),
            protected: false,
        }
    }
}

/// A built-in default, which is valid by the test below.
pub(crate) fn constant<T: std::str::FromStr<Err = String>>(text: &str) -> T {
    text.parse()
        .unwrap_or_else(|why| unreachable!("built-in default: {why}"))
}

/// A port from 1 to 65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Port(pub u16);

impl TryFrom<u32> for Port {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, String> {
        u16::try_from(number)
            .ok()
            .filter(|port| *port > 0)
            .map(Self)
            .ok_or_else(|| format!("{number} is not a port: 1 to 65535"))
    }
}

impl From<Port> for u32 {
    fn from(port: Port) -> Self {
        port.0.into()
    }
}

/// A reference to a Secret in the tenant's namespace.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct SecretName {
    /// `metadata.name`
    pub name: ObjectName,
}

/// Requests and limits of a container, by resource name.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Resources {
    /// What the scheduler sets aside.
    pub requests: BTreeMap<String, Quantity>,
    /// What the container may use at most.
    pub limits: BTreeMap<String, Quantity>,
}

/// How a probe asks.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum HealthType {
    /// GET on a path.
    Http,
    /// A connection to the port. The load balancer, which has no such check, then asks for `path` with any code.
    Tcp,
}

/// Health checks. Never on the MCP path: it answers POST only.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Health {
    /// How probes ask.
    #[serde(rename = "type")]
    pub kind: HealthType,
    /// Liveness: cheap, without dependencies.
    pub path: UrlPath,
    /// Readiness: false once the server was told to stop.
    pub ready_path: UrlPath,
    /// HTTP codes that the load balancer takes for healthy: `200` or `200-299` or `200,204`.
    pub success_codes: Text,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            kind: HealthType::Http,
            path: constant("/healthz"),
            ready_path: constant("/readyz"),
            success_codes: constant("200"),
        }
    }
}

/// A level of the Pod Security Standards.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum PodSecurity {
    /// Everything that the standards ask for.
    Restricted,
    /// No known privilege escalation.
    Baseline,
}

/// User, group and Pod Security level of the pods.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Security {
    /// Numeric, since an image with a named user cannot be proven not to be root.
    pub run_as_user: i64,
    /// Primary group.
    pub run_as_group: i64,
    /// Group that owns the credential token's volume.
    pub fs_group: i64,
    /// `/tmp` stays writable.
    pub read_only_root_filesystem: bool,
    /// Level that the namespace enforces.
    pub pod_security: PodSecurity,
}

impl Default for Security {
    fn default() -> Self {
        Self {
            run_as_user: 10001,
            run_as_group: 10001,
            fs_group: 10001,
            read_only_root_filesystem: true,
            pod_security: PodSecurity::Restricted,
        }
    }
}

/// One destination that the tenant's pods may reach: an address block or pods by label.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Egress {
    /// Address block.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidr: Option<Cidr>,
    /// The namespaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// The pods; in the namespaces, or in the tenant's own where none are selected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_selector: Option<LabelSelector>,
    /// TCP ports.
    pub ports: Vec<Port>,
}
