//! What holds for a tenant, as far as a status shows it.

use serde::Serialize;

use crate::spec::{AuthMode, Resolved, Resources};

/// The resolved spec, tiers and defaults included, without what may be secret.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    /// Container image.
    pub image: Option<String>,
    /// Name of the tier.
    pub tier: String,
    /// Number of pods.
    pub replicas: u16,
    /// Requests and limits, as quantities of Kubernetes.
    pub resources: Resources,
    /// Public host name.
    pub host: String,
    /// Public URL of the MCP endpoint.
    pub url: String,
    /// Port of the container.
    pub port: u32,
    /// Who authenticates clients.
    pub auth: Auth,
    /// Seconds that the longest tool call may take after the pod was told to stop.
    pub drain_seconds: u16,
    /// Whether removal is refused.
    pub protected: bool,
    /// Names of environment variables, in their order.
    pub env: Vec<String>,
    /// Rules of the policy lint that the tenant's owner lets through.
    pub allowed_rules: Vec<String>,
}

/// Who authenticates clients.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Auth {
    /// `server`: the MCP server; `jwt`: the load balancer.
    pub mode: AuthMode,
    /// `iss` of the tokens that the load balancer takes.
    pub issuer: Option<String>,
}

impl Said {
    pub(super) fn of(resolved: &Resolved) -> Self {
        let spec = &resolved.spec;
        Self {
            image: spec.image.as_ref().map(ToString::to_string),
            tier: spec.tier.clone(),
            replicas: spec.replicas,
            resources: spec.resources.clone(),
            host: resolved.host().into(),
            url: resolved.url(),
            port: spec.port.into(),
            auth: Auth {
                mode: spec.auth.mode,
                issuer: spec.auth.issuer.as_ref().map(ToString::to_string),
            },
            drain_seconds: spec.drain_seconds,
            protected: spec.protected,
            allowed_rules: spec
                .identity
                .allow
                .iter()
                .map(|allowed| allowed.rule().id.to_string())
                .collect(),
            env: spec
                .env
                .iter()
                .map(|variable| variable.name.to_string())
                .collect(),
        }
    }
}
