//! The session policy of a tenant that shares its role.

use serde_json::Value;

use super::role_policy;
use crate::{
    config::Settings,
    error::{Error, Result},
    lint,
    spec::Resolved,
};

/// Characters of a session policy at most, white space included: it is sent without any.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
const LONGEST: usize = 2048;
/// What gives a tenant what only a role of its own can carry.
const OWN_ROLE: &str = "iam.scoping: dedicated gives each tenant a role of its own";
/// The rule of the lint that is only worth a warning where tenants have roles of their own.
const NOT_NAMED: &str = "tenant-not-named";
/// What EKS tags sessions with, unless it is told not to.
/// <https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html>
const SESSION_TAGS: [&str; 6] = [
    "eks-cluster-arn",
    "eks-cluster-name",
    "kubernetes-namespace",
    "kubernetes-pod-name",
    "kubernetes-pod-uid",
    "kubernetes-service-account",
];

/// How the tags begin that mcpctl sets, on tenants' own roles only.
const OURS: &str = "mcpctl.dev/";
const ASKED: &str = "aws:principaltag/";

/// The policy, expanded.
///
/// # Errors
/// Usage, for a tenant without one, for what a session policy cannot carry, and for one that is too long.
pub(super) fn policy(resolved: &Resolved, settings: &Settings) -> Result<Value> {
    let wrong = |why: String| Error::usage(format!("tenant `{}`: {why}", resolved.name));
    needs_no_role_of_its_own(resolved)?;
    let Some(policy) = role_policy(resolved, settings)? else {
        return Err(
            wrong("there is no policy, and iam.scoping is session-policy".into())
                .detail("without one the tenant's pods could do all that the shared role may")
                .hint("give identity.policy, or iam.policy in the settings"),
        );
    };
    let text = policy.to_string();
    if let Some(tag) = unset_tag(&text) {
        let why = if tag.starts_with(OURS) {
            "it is a tag of a tenant's own role, and the shared role has none, so the condition would never hold, or always"
        } else {
            "EKS takes a session policy only where session tags are off, so the condition would never hold, or always"
        };
        return Err(wrong(format!("the policy asks for aws:PrincipalTag/{tag}, which nothing sets with iam.scoping: session-policy"))
            .detail(why)
            .hint("name the tenant itself: {{ tenant.name }}"));
    }
    let looked_at = lint::Identity {
        policy: Some(&policy),
        // The target role is assumed by the role that all share.
        with_target: None,
        managed: Vec::new(),
        names: vec![resolved.name.as_str(), &resolved.names.namespace],
    };
    let found = lint::lint(&looked_at, &resolved.spec.identity.allow);
    if found.iter().any(|finding| finding.rule.id == NOT_NAMED) {
        return Err(wrong("no statement of the policy names the tenant, and iam.scoping is session-policy".into())
            .detail("all tenants share the role, so the policy is all that keeps them apart")
            .hint("put {{ tenant.name }} into the ARNs; or say that all may reach the same: --allow tenant-not-named"));
    }
    let length = text.chars().count();
    if length > LONGEST {
        return Err(wrong(format!(
            "the policy has {length} characters, written without white space, and a session policy takes {LONGEST}"
        ))
        .hint(OWN_ROLE));
    }
    Ok(policy)
}

/// Managed policies and a boundary hang on a role, and the shared one is not the tenant's.
fn needs_no_role_of_its_own(resolved: &Resolved) -> Result<()> {
    let identity = &resolved.spec.identity;
    if !identity.managed_policy_arns.is_empty() {
        return Err(resolved
            .wrong(
                "identity.managedPolicyArns",
                "has no place with iam.scoping: session-policy",
            )
            .detail("an association carries one policy, as a document")
            .hint(OWN_ROLE));
    }
    if identity.permissions_boundary.is_some() {
        return Err(resolved
            .wrong(
                "identity.permissionsBoundary",
                "has no place with iam.scoping: session-policy",
            )
            .detail("the tenant has no role of its own that could carry it")
            .hint(OWN_ROLE));
    }
    Ok(())
}

/// The tag that a policy asks for and a shared role's session has not, if it does: one of EKS's, or one of mcpctl's. Keys
/// of conditions do not tell upper from lower case.
fn unset_tag(policy: &str) -> Option<String> {
    let policy = policy.to_lowercase();
    let of_a_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '/');
    let mut asked = policy.split(ASKED).skip(1).map(|rest| {
        let end = rest.find(|c| !of_a_key(c)).unwrap_or(rest.len());
        &rest[..end]
    });
    let unset = asked.find(|tag| SESSION_TAGS.contains(tag) || tag.starts_with(OURS));
    unset.map(str::to_string)
}
