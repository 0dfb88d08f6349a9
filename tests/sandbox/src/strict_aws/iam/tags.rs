//! Tags of roles. Their keys keep their case and are equal whatever it is.
//!
//! Source: IAM User Guide, "Tagging IAM resources"; aws/aws-cdk#26253.

use super::super::form::Form;
use super::super::resources::Role;
use super::super::rules::{self, TAGS};
use super::super::state::State;
use super::super::wire::Xml;
use super::{Reply, limit, role, role_mut};

/// Each tag with the key by which the list is cut into pages.
pub(super) fn members(role: &Role) -> Vec<(String, Xml)> {
    role.tags
        .iter()
        .map(|(key, value)| {
            (
                key.clone(),
                Xml::new().text("Key", key).text("Value", value),
            )
        })
        .collect()
}

/// Source: IAM API Reference, `TagRole`: a key that is there gets the new value.
pub(super) fn tag(state: &mut State, form: &Form<'_>) -> Reply {
    let new = form.tags()?;
    let unseen = state.tags_unseen_for;
    let role = role_mut(state, form.role_name()?)?;
    if new.is_empty() {
        return Err(rules::unsatisfied(
            "null",
            "tags",
            "Member must not be null",
        ));
    }
    let mut tags = role.tags.clone();
    tags.retain(|old, _| {
        !new.keys()
            .any(|key| key.to_lowercase() == old.to_lowercase())
    });
    tags.extend(new);
    if tags.len() > TAGS {
        return Err(limit("The number of tags has reached the maximum limit."));
    }
    role.tags = tags;
    role.tags_unseen_for = unseen;
    Ok(Xml::new())
}

/// Source: IAM API Reference, `UntagRole`: a key that is not there is no error.
pub(super) fn untag(state: &mut State, form: &Form<'_>) -> Reply {
    let keys = form.list("TagKeys");
    let role = role_mut(state, form.role_name()?)?;
    if keys.is_empty() || keys.len() > TAGS {
        let rule = "Member must have length between 1 and 50";
        return Err(rules::unsatisfied("", "tagKeys", rule));
    }
    role.tags.retain(|old, _| {
        !keys
            .iter()
            .any(|key| key.to_lowercase() == old.to_lowercase())
    });
    Ok(Xml::new())
}

pub(super) fn list(state: &mut State, form: &Form<'_>) -> Reply {
    let tags = members(role(state, form.role_name()?)?);
    form.page(state, "Tags", tags)
}
