//! What holds for a tenant.

use serde::Serialize;

use crate::spec::{Resolved, TenantSpec, constant};

/// Stands for what may be secret.
const NOT_SHOWN: &str = "(not shown)";

/// The resolved spec, tiers and defaults included, without what may be secret.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    /// Every field of a tenant file's `spec`; null, or empty, where nothing is said. The host is there in any case, and
    /// literal values of variables are `(not shown)`. Policy and boundary are null where the settings say them.
    #[serde(flatten)]
    pub spec: TenantSpec,
    /// Public URL of the MCP endpoint.
    pub url: String,
    /// Rules of the policy lint that the tenant's owner lets through.
    pub allowed_rules: Vec<String>,
}

impl Said {
    pub(super) fn of(resolved: &Resolved) -> Self {
        let mut spec = resolved.spec.clone();
        // Resolved, it is a host name.
        spec.host = resolved.host().parse().ok();
        for variable in &mut spec.env {
            variable.value = variable.value.as_ref().map(|_| constant(NOT_SHOWN));
        }
        Self {
            url: resolved.url(),
            allowed_rules: spec
                .identity
                .allow
                .iter()
                .map(|allowed| allowed.rule().id.to_string())
                .collect(),
            spec,
        }
    }
}
