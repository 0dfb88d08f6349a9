//! Roles, their trust policies and their boundaries.

use super::super::fault::Fault;
use super::super::form::Form;
use super::super::policy::{self, Kind};
use super::super::rules;
use super::super::state::State;
use super::super::wire::Xml;
use super::{Reply, describe, exists, limit, no_entity, role, role_mut};

/// Source: IAM API Reference, `CreateRole`. Names are unique whatever their case: IAM User Guide, "IAM and AWS STS
/// quotas", name requirements.
pub(super) fn create(state: &mut State, form: &Form<'_>) -> Reply {
    let name = form.role_name()?;
    let path = form.path()?;
    let trust = form.required("AssumeRolePolicyDocument")?;
    let description = form.get("Description");
    description.map_or(Ok(()), rules::description)?;
    let duration = session_duration(form)?;
    let tags = form.tags()?;
    check_trust(trust)?;
    let boundary = form.get("PermissionsBoundary");
    boundary.map_or(Ok(()), |arn| check_boundary(state, arn))?;
    if state.role(name).is_some() {
        return Err(exists(&format!("Role with name {name} already exists.")));
    }
    let (hidden_for, unseen) = (state.role_hidden_for, state.tags_unseen_for);
    let role = state.add_role(path, name, trust);
    role.description = description.map(str::to_owned);
    role.max_session_duration = duration;
    role.boundary = boundary.map(str::to_owned);
    role.tags = tags;
    role.hidden_for = hidden_for;
    role.tags_unseen_for = unseen;
    Ok(Xml::new().nest("Role", &describe(role, true)))
}

/// Source: IAM API Reference, `CreateRole`, `MaxSessionDuration`: 3600 to 43200, 3600 by default.
fn session_duration(form: &Form<'_>) -> Result<u32, Fault> {
    match form.get("MaxSessionDuration").map(str::parse) {
        None => Ok(3600),
        Some(Ok(seconds)) if (3600..=43200).contains(&seconds) => Ok(seconds),
        Some(_) => {
            let rule = "Member must have value between 3600 and 43200";
            Err(rules::unsatisfied("", "maxSessionDuration", rule))
        }
    }
}

/// Source: IAM User Guide, "IAM and AWS STS quotas", role trust policy length: 2048 by default; the text as in
/// kubernetes-sigs/aws-load-balancer-controller#2718.
fn check_trust(trust: &str) -> Result<(), Fault> {
    policy::check(trust, Kind::Trust)?;
    if policy::size(trust) > 2048 {
        return Err(limit("Cannot exceed quota for ACLSizePerRole: 2048"));
    }
    Ok(())
}

/// Source: IAM API Reference, `PutRolePermissionsBoundary`, errors; the text as users of
/// openshift/rosa report it.
fn check_boundary(state: &State, arn: &str) -> Result<(), Fault> {
    if !arn.starts_with("arn:") || !arn.contains(":policy/") {
        return Err(Fault::new(
            400,
            "InvalidInput",
            &format!("ARN {arn} is not valid."),
        ));
    }
    if state.managed_policies.contains_key(arn) {
        return Ok(());
    }
    Err(no_entity(&format!(
        "Scope ARN: {arn} does not exist or is not attachable."
    )))
}

pub(super) fn get(state: &mut State, form: &Form<'_>) -> Reply {
    let role = role(state, form.role_name()?)?;
    Ok(Xml::new().nest("Role", &describe(role, true)))
}

/// Source: IAM API Reference, `ListRoles`, `PathPrefix`.
pub(super) fn list(state: &mut State, form: &Form<'_>) -> Reply {
    let prefix = form.get("PathPrefix").unwrap_or("/");
    rules::path_prefix(prefix)?;
    let roles = state
        .roles
        .iter()
        .filter(|(_, role)| role.path.starts_with(prefix))
        .map(|(key, role)| (key.clone(), describe(role, false)))
        .collect();
    form.page(state, "Roles", roles)
}

/// Refused while anything hangs on the role; a boundary does not count.
///
/// Source: IAM User Guide, "Deleting roles or instance profiles"; the texts as in 99designs/iamy#68,
/// ansible/ansible#22832 and rebuy-de/aws-nuke#294. Which of them comes first is not documented.
pub(super) fn delete(state: &mut State, form: &Form<'_>) -> Reply {
    let name = form.role_name()?;
    let role = role(state, name)?;
    let mut profiles = state.instance_profiles.values();
    let reason = if profiles.any(|profile| profile.role.as_ref() == Some(&role.name)) {
        "must remove roles from instance profile first."
    } else if !role.attached.is_empty() {
        "must detach all policies first."
    } else if !role.inline.is_empty() {
        "must delete policies first."
    } else {
        state.roles.remove(&name.to_lowercase());
        return Ok(Xml::new());
    };
    let message = format!("Cannot delete entity, {reason}");
    Err(Fault::new(409, "DeleteConflict", &message))
}

/// Source: IAM API Reference, `UpdateAssumeRolePolicy`.
pub(super) fn update_trust(state: &mut State, form: &Form<'_>) -> Reply {
    let trust = form.required("PolicyDocument")?;
    let role = role_mut(state, form.role_name()?)?;
    check_trust(trust)?;
    trust.clone_into(&mut role.trust);
    Ok(Xml::new())
}

/// Source: IAM API Reference, `PutRolePermissionsBoundary`.
pub(super) fn put_boundary(state: &mut State, form: &Form<'_>) -> Reply {
    let arn = form.required("PermissionsBoundary")?;
    let name = form.role_name()?;
    role(state, name)?;
    check_boundary(state, arn)?;
    role_mut(state, name)?.boundary = Some(arn.to_owned());
    Ok(Xml::new())
}

/// Source: IAM API Reference, `DeleteRolePermissionsBoundary`. What it answers where there is no boundary is not
/// documented; the stricter is assumed.
pub(super) fn delete_boundary(state: &mut State, form: &Form<'_>) -> Reply {
    let role = role_mut(state, form.role_name()?)?;
    match role.boundary.take() {
        Some(_) => Ok(Xml::new()),
        None => Err(no_entity(&format!(
            "The role with name {} has no permissions boundary.",
            role.name
        ))),
    }
}
