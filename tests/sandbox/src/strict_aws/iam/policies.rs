//! Inline and managed policies of roles.

use super::super::fault::Fault;
use super::super::form::Form;
use super::super::policy::{self, Kind};
use super::super::state::{State, now};
use super::super::wire::Xml;
use super::{Reply, encoded, exists, limit, no_entity, role, role_mut};

/// Source: IAM API Reference, `PutRolePolicy`; IAM User Guide, "IAM and AWS STS quotas": all inline policies of a
/// role together have at most 10240 characters; the text as in awslabs/aws-deployment-framework#474.
pub(super) fn put(state: &mut State, form: &Form<'_>) -> Reply {
    let name = form.policy_name()?;
    let document = form.required("PolicyDocument")?;
    let role = role_mut(state, form.role_name()?)?;
    policy::check(document, Kind::Permissions)?;
    let others = role.inline.iter().filter(|(other, _)| *other != name);
    let others = others.map(|(_, document)| policy::size(document));
    if others.sum::<usize>() + policy::size(document) > 10240 {
        let message = format!(
            "Maximum policy size of 10240 bytes exceeded for role {}",
            role.name
        );
        return Err(limit(&message));
    }
    role.inline.insert(name.to_owned(), document.to_owned());
    Ok(Xml::new())
}

pub(super) fn get(state: &mut State, form: &Form<'_>) -> Reply {
    let name = form.policy_name()?;
    let role = role(state, form.role_name()?)?;
    let document = role.inline.get(name).ok_or_else(|| no_policy(name))?;
    Ok(Xml::new()
        .text("RoleName", &role.name)
        .text("PolicyName", name)
        .text("PolicyDocument", &encoded(document)))
}

pub(super) fn delete(state: &mut State, form: &Form<'_>) -> Reply {
    let name = form.policy_name()?;
    let role = role_mut(state, form.role_name()?)?;
    role.inline.remove(name).ok_or_else(|| no_policy(name))?;
    Ok(Xml::new())
}

/// The text as in aws/aws-cli#6139.
fn no_policy(name: &str) -> Fault {
    no_entity(&format!(
        "The role policy with name {name} cannot be found."
    ))
}

pub(super) fn list(state: &mut State, form: &Form<'_>) -> Reply {
    let role = role(state, form.role_name()?)?;
    let names = role
        .inline
        .keys()
        .map(|name| (name.clone(), Xml::value(name)))
        .collect();
    form.page(state, "PolicyNames", names)
}

/// Source: IAM API Reference, `AttachRolePolicy`; the text as in pulumi/pulumi#7419. IAM User Guide, "IAM and AWS STS
/// quotas": 10 managed policies on a role by default; the text as in
/// ministryofjustice/cloud-platform-environments#14118.
pub(super) fn attach(state: &mut State, form: &Form<'_>) -> Reply {
    let arn = policy_arn(form)?;
    let name = form.role_name()?;
    role(state, name)?;
    if !state.managed_policies.contains_key(arn) {
        return Err(no_entity(&format!(
            "Policy {arn} does not exist or is not attachable."
        )));
    }
    let role = role_mut(state, name)?;
    if role.attached.len() >= 10 && !role.attached.contains(arn) {
        return Err(limit("Cannot exceed quota for PoliciesPerRole: 10"));
    }
    role.attached.insert(arn.to_owned());
    Ok(Xml::new())
}

/// Source: IAM API Reference, `DetachRolePolicy`, errors.
pub(super) fn detach(state: &mut State, form: &Form<'_>) -> Reply {
    let arn = policy_arn(form)?;
    let role = role_mut(state, form.role_name()?)?;
    if role.attached.remove(arn) {
        return Ok(Xml::new());
    }
    Err(no_entity(&format!("Policy {arn} was not found.")))
}

/// The text as in boto/boto#2960.
fn policy_arn<'a>(form: &Form<'a>) -> Result<&'a str, Fault> {
    let arn = form.required("PolicyArn")?;
    if arn.starts_with("arn:") && arn.contains(":policy/") {
        return Ok(arn);
    }
    let message = format!("ARN {arn} is not valid.");
    Err(Fault::new(400, "InvalidInput", &message))
}

/// Source: IAM API Reference, `ListAttachedRolePolicies`.
pub(super) fn list_attached(state: &mut State, form: &Form<'_>) -> Reply {
    let prefix = form.get("PathPrefix").unwrap_or("/");
    let role = role(state, form.role_name()?)?;
    let policies = role
        .attached
        .iter()
        .filter_map(|arn| Some((arn, state.managed_policies.get(arn)?)))
        .filter(|(_, policy)| policy.path.starts_with(prefix))
        .map(|(arn, policy)| {
            let xml = Xml::new()
                .text("PolicyName", &policy.name)
                .text("PolicyArn", arn);
            (arn.clone(), xml)
        })
        .collect();
    form.page(state, "AttachedPolicies", policies)
}

/// Source: IAM API Reference, `CreatePolicy`; IAM User Guide, "IAM and AWS STS quotas": 6144 characters; the text as in
/// ministryofjustice/cloud-platform-environments#14473.
pub(super) fn create_managed(state: &mut State, form: &Form<'_>) -> Reply {
    let name = form.policy_name()?;
    let path = form.path()?;
    let document = form.required("PolicyDocument")?;
    policy::check(document, Kind::Permissions)?;
    if policy::size(document) > 6144 {
        return Err(limit("Cannot exceed quota for PolicySize: 6144"));
    }
    let arn = state.iam_arn(&format!("policy{path}{name}"));
    if state.managed_policies.contains_key(&arn) {
        return Err(exists(&format!(
            "A policy called {name} already exists. Duplicate names are not allowed."
        )));
    }
    let policy = state.add_managed_policy(&arn);
    document.clone_into(&mut policy.document);
    let xml = Xml::new()
        .text("PolicyName", name)
        .text("PolicyId", &policy.id)
        .text("Arn", &arn)
        .text("Path", path)
        .text("DefaultVersionId", "v1")
        .text("AttachmentCount", "0")
        .text("PermissionsBoundaryUsageCount", "0")
        .text("IsAttachable", "true")
        .text("CreateDate", &policy.created)
        .text("UpdateDate", &now());
    Ok(Xml::new().nest("Policy", &xml))
}
