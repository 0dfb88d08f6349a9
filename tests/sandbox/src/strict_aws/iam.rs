//! IAM: which operation does what, and what all of them share.

mod policies;
mod profiles;
mod roles;
mod tags;

use super::fault::Fault;
use super::form::Form;
use super::resources::Role;
use super::state::State;
use super::wire::{self, Xml};

type Reply = Result<Xml, Fault>;

/// Carries out a call of IAM.
pub(super) fn answer(state: &mut State, operation: &str, form: &Form<'_>) -> Reply {
    let carry_out: fn(&mut State, &Form<'_>) -> Reply = match operation {
        "CreateRole" => roles::create,
        "GetRole" => roles::get,
        "ListRoles" => roles::list,
        "DeleteRole" => roles::delete,
        "UpdateAssumeRolePolicy" => roles::update_trust,
        "PutRolePermissionsBoundary" => roles::put_boundary,
        "DeleteRolePermissionsBoundary" => roles::delete_boundary,
        "TagRole" => tags::tag,
        "UntagRole" => tags::untag,
        "ListRoleTags" => tags::list,
        "PutRolePolicy" => policies::put,
        "GetRolePolicy" => policies::get,
        "DeleteRolePolicy" => policies::delete,
        "ListRolePolicies" => policies::list,
        "AttachRolePolicy" => policies::attach,
        "DetachRolePolicy" => policies::detach,
        "ListAttachedRolePolicies" => policies::list_attached,
        "CreatePolicy" => policies::create_managed,
        "CreateInstanceProfile" => profiles::create,
        "AddRoleToInstanceProfile" => profiles::add_role,
        "RemoveRoleFromInstanceProfile" => profiles::remove_role,
        "ListInstanceProfilesForRole" => profiles::list_for_role,
        _ => return Err(wire::unknown_operation(operation)),
    };
    carry_out(state, form)
}

/// Source: IAM API Reference, `GetRole`, errors; the text as in prowler-cloud/prowler#2872.
fn no_entity(message: &str) -> Fault {
    Fault::new(404, "NoSuchEntity", message)
}

fn limit(message: &str) -> Fault {
    Fault::new(409, "LimitExceeded", message)
}

fn exists(message: &str) -> Fault {
    Fault::new(409, "EntityAlreadyExists", message)
}

fn role<'a>(state: &'a State, name: &str) -> Result<&'a Role, Fault> {
    state.role(name).ok_or_else(|| no_role(name))
}

fn role_mut<'a>(state: &'a mut State, name: &str) -> Result<&'a mut Role, Fault> {
    state.role_mut(name).ok_or_else(|| no_role(name))
}

fn no_role(name: &str) -> Fault {
    no_entity(&format!("The role with name {name} cannot be found."))
}

/// A policy document in an answer: percent-encoded as in RFC 3986.
///
/// Source: IAM API Reference, `GetRole` and `GetRolePolicy`.
fn encoded(document: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    percent_encoding::utf8_percent_encode(document, KEPT).to_string()
}

/// A role as answers describe it. Lists leave the boundary, the tags and the last use out.
///
/// Source: IAM API Reference, `ListRoles`: "does not return the following attributes, even though they are an
/// attribute of the returned object: `PermissionsBoundary`, `RoleLastUsed`, `Tags`".
fn describe(role: &Role, whole: bool) -> Xml {
    let xml = Xml::new()
        .text("Path", &role.path)
        .text("RoleName", &role.name)
        .text("RoleId", &role.id)
        .text("Arn", &role.arn)
        .text("CreateDate", &role.created)
        .text("AssumeRolePolicyDocument", &encoded(&role.trust))
        .maybe("Description", role.description.as_deref())
        .text("MaxSessionDuration", &role.max_session_duration.to_string());
    if !whole {
        return xml;
    }
    let xml = match &role.boundary {
        None => xml,
        Some(arn) => {
            let boundary = Xml::new()
                .text("PermissionsBoundaryType", "Policy")
                .text("PermissionsBoundaryArn", arn);
            xml.nest("PermissionsBoundary", &boundary)
        }
    };
    xml.members("Tags", tags::members(role).into_iter().map(|(_, tag)| tag))
        .nest("RoleLastUsed", &Xml::new())
}
