//! Instance profiles: they are here because a role that is in one cannot be deleted.

use super::super::fault::Fault;
use super::super::form::Form;
use super::super::resources::InstanceProfile;
use super::super::rules;
use super::super::state::{State, now};
use super::super::wire::Xml;
use super::{Reply, describe, exists, limit, no_entity, role};

fn profile_name<'a>(form: &Form<'a>) -> Result<&'a str, Fault> {
    let name = form.required("InstanceProfileName")?;
    rules::name("instanceProfileName", name, 128)?;
    Ok(name)
}

fn profile<'a>(state: &'a mut State, name: &str) -> Result<&'a mut InstanceProfile, Fault> {
    let found = state.instance_profiles.get_mut(&name.to_lowercase());
    found.ok_or_else(|| no_entity(&format!("Instance Profile {name} cannot be found.")))
}

fn describe_profile(state: &State, profile: &InstanceProfile) -> Xml {
    let role = profile.role.as_ref().and_then(|name| state.role(name));
    Xml::new()
        .text("Path", &profile.path)
        .text("InstanceProfileName", &profile.name)
        .text("InstanceProfileId", &profile.id)
        .text("Arn", &profile.arn)
        .text("CreateDate", &profile.created)
        .members("Roles", role.map(|role| describe(role, false)))
}

/// Source: IAM API Reference, `CreateInstanceProfile`.
pub(super) fn create(state: &mut State, form: &Form<'_>) -> Reply {
    let name = profile_name(form)?;
    let path = form.path()?;
    if state.instance_profiles.contains_key(&name.to_lowercase()) {
        return Err(exists(&format!("Instance Profile {name} already exists.")));
    }
    let profile = InstanceProfile {
        name: name.to_owned(),
        path: path.to_owned(),
        id: state.iam_id("AIPA"),
        arn: state.iam_arn(&format!("instance-profile{path}{name}")),
        created: now(),
        role: None,
    };
    let xml = describe_profile(state, &profile);
    state.instance_profiles.insert(name.to_lowercase(), profile);
    Ok(Xml::new().nest("InstanceProfile", &xml))
}

/// Source: IAM API Reference, `AddRoleToInstanceProfile`: one role, and the quota cannot be raised.
pub(super) fn add_role(state: &mut State, form: &Form<'_>) -> Reply {
    let role = role(state, form.role_name()?)?.name.clone();
    let profile = profile(state, profile_name(form)?)?;
    if profile.role.is_some() {
        return Err(limit(
            "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
        ));
    }
    profile.role = Some(role);
    Ok(Xml::new())
}

/// Source: IAM API Reference, `RemoveRoleFromInstanceProfile`.
pub(super) fn remove_role(state: &mut State, form: &Form<'_>) -> Reply {
    let role = role(state, form.role_name()?)?.name.clone();
    let profile = profile(state, profile_name(form)?)?;
    match profile.role.take_if(|held| *held == role) {
        Some(_) => Ok(Xml::new()),
        None => Err(no_entity(&format!(
            "The role with name {role} cannot be found in instance profile {}.",
            profile.name
        ))),
    }
}

/// Source: IAM API Reference, `ListInstanceProfilesForRole`.
pub(super) fn list_for_role(state: &mut State, form: &Form<'_>) -> Reply {
    let role = &role(state, form.role_name()?)?.name;
    let profiles = state
        .instance_profiles
        .iter()
        .filter(|(_, profile)| profile.role.as_ref() == Some(role))
        .map(|(key, profile)| (key.clone(), describe_profile(state, profile)))
        .collect();
    form.page(state, "InstanceProfiles", profiles)
}
