//! The policy lint of one tenant, and what of its pods nothing can look at.

use serde_json::{Value, json};

use crate::{
    config::Settings,
    error::Result,
    lint::{self, Finding},
    object::{IAM, State},
    render,
    spec::{self, Resolved},
};

/// Where variables may come from that decide whose credentials pods take, and that nothing sees before they run.
pub fn unseen_variables(resolved: &Resolved) -> Vec<String> {
    let all = resolved.spec.env_from.iter();
    let unseen = all.filter_map(|from| spec::unseen(&json!(from)));
    let said = |source| {
        format!(
            "envFrom takes in whatever {source} holds, which neither mcpctl nor the admission policy sees: a variable such as AWS_PROFILE would give pods other credentials than the tenant's; give it a prefix, or name the keys in env; --verify-identity tells whose credentials pods have"
        )
    };
    unseen.map(said).collect()
}

/// What the lint finds in a tenant's identity as the templates made it, without what the tenant allows.
///
/// # Errors
/// Usage, for a policy that cannot be expanded.
pub fn findings(resolved: &Resolved, settings: &Settings, made: &State) -> Result<Vec<Finding>> {
    let identity = &resolved.spec.identity;
    let names = vec![resolved.name.as_str(), &resolved.names.namespace];
    if settings.scoping.shared_role().is_some() {
        // A role that all share is not mcpctl's to write, and templates have no say in the association's policy.
        let policy = render::role_policy(resolved, settings)?;
        let looked_at = lint::Identity {
            policy: policy.as_ref(),
            with_target: None,
            managed: Vec::new(),
            names,
        };
        return Ok(lint::lint(&looked_at, &identity.allow));
    }
    let role = made.values().find(|object| object.id().is(IAM, "Role"));
    let whole = role.and_then(|role| role.tree.pointer("/spec/inlinePolicies/mcpctl"));
    let target = identity.target_role_arn.as_ref();
    let without = target
        .zip(whole)
        .map(|(target, whole)| render::without_target(whole, target));
    let managed = role.and_then(|role| role.tree["spec"]["policies"].as_array());
    let looked_at = lint::Identity {
        policy: without.as_ref().map_or(whole, Option::as_ref),
        with_target: whole.filter(|_| target.is_some()),
        managed: managed
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect(),
        names,
    };
    Ok(lint::lint(&looked_at, &identity.allow))
}
