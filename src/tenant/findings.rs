//! The policy lint of one tenant, and what of its pods nothing can look at.

use crate::{
    config::Settings,
    error::Result,
    lint::{self, Finding},
    render,
    spec::{self, Arn, Resolved},
};

/// Where variables may come from that decide whose credentials pods take, and that nothing sees before they run.
pub fn unseen_variables(resolved: &Resolved) -> Vec<String> {
    let all = resolved.spec.env_from.iter();
    let unseen = all.filter_map(|from| spec::unseen(from.as_ref()));
    let said = |source| {
        format!(
            "envFrom takes in whatever {source} holds, which neither mcpctl nor the admission policy sees: a variable such as AWS_PROFILE would give pods other credentials than the tenant's; give it a prefix, or name the keys in env"
        )
    };
    unseen.map(said).collect()
}

/// What the lint finds in a tenant's identity, without what the tenant allows.
///
/// # Errors
/// Usage, for a policy that cannot be expanded.
pub fn findings(resolved: &Resolved, settings: &Settings) -> Result<Vec<Finding>> {
    let identity = &resolved.spec.identity;
    let policy = render::role_policy(resolved, settings)?;
    // A role that all share is not mcpctl's to write a statement into.
    let own_role = settings.scoping.shared_role().is_none();
    let target = identity.target_role_arn.as_ref().filter(|_| own_role);
    let with_target = target.map(|target| render::with_target(policy.as_ref(), target));
    let looked_at = lint::Identity {
        policy: policy.as_ref(),
        with_target: with_target.as_ref(),
        managed: identity
            .managed_policy_arns
            .iter()
            .map(Arn::as_str)
            .collect(),
        names: vec![resolved.name.as_str(), &resolved.names.namespace],
    };
    Ok(lint::lint(&looked_at, &identity.allow))
}
