//! The policy lint of one tenant.

use crate::{
    config::Settings,
    error::Result,
    lint::{self, Finding},
    render,
    spec::{Arn, Resolved},
};

/// What the lint finds in a tenant's identity, without what the tenant allows.
///
/// # Errors
/// Usage, for a policy that cannot be expanded.
pub fn findings(resolved: &Resolved, settings: &Settings) -> Result<Vec<Finding>> {
    let identity = &resolved.spec.identity;
    let policy = render::role_policy(resolved, settings)?;
    let looked_at = lint::Identity {
        policy: policy.as_ref(),
        managed: identity
            .managed_policy_arns
            .iter()
            .map(Arn::as_str)
            .collect(),
        names: vec![resolved.name.as_str(), &resolved.names.namespace],
    };
    Ok(lint::lint(&looked_at, &identity.allow))
}
