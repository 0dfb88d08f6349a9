//! What lives and is not wanted: deleted, given back, or in the way.

use super::{Action, Conflict, Foreign, Home, Plan, Subject, adopt, is_adopted, step};
use crate::object::{EKS, IAM, Object, State, deletion_rank, may_be_held, starts_pods};

/// What lives and is not wanted.
pub(super) fn add(
    wanted: &State,
    live: &State,
    (subject, home): (&Subject, Home),
    plan: &mut Plan,
) {
    let goes = live.iter().find(|(id, object)| {
        id.is("", "Namespace") && !wanted.contains_key(id) && !is_adopted(object)
    });
    let goes = goes.map(|(id, _)| id.name.clone());
    let gone_roles = roles_that_go(wanted, live, subject);
    let mut surplus: Vec<_> = live
        .iter()
        .filter(|(id, _)| !wanted.contains_key(id))
        .collect();
    surplus.sort_by_key(|(id, _)| deletion_rank(id));
    let ours = |object: &&Object| subject.owns(object);
    let giving_back = wanted.is_empty() && live.values().filter(ours).any(is_adopted);
    for (id, object) in surplus {
        if subject.is_beside(object) {
            let account = object.text("/spec/serviceAccount");
            let what =
                format!("the association of service account {account} in the tenant's namespace");
            plan.foreign.push(Foreign {
                id: id.clone(),
                what,
            });
            continue;
        }
        if !subject.owns(object) {
            // A removal that was cut off has given it back already.
            if !(giving_back && adopt::may_adopt(subject, object)) {
                plan.conflicts.push(Conflict::not_ours(subject, object));
            }
            continue;
        }
        if id.is("", "Namespace") && !wanted.is_empty() {
            plan.conflicts.push(Conflict::new(
                id,
                "is the tenant's by its label, and not the one that is wanted",
            ));
            continue;
        }
        let with_namespace = goes.as_deref() == Some(id.namespace.as_str());
        let own_call = starts_pods(id) || may_be_held(id);
        // An association never outlives its namespace: who makes that name anew would get the role.
        // Nor its role: given back, it would name one that is gone, and nobody would find it by its tags.
        let role = object.text("/spec/roleARN");
        let lost = home == Home::Lost || goes.is_some() || gone_roles.contains(&role);
        let bound = id.is(EKS, "PodIdentityAssociation") && lost;
        let action = if is_adopted(object) && !with_namespace && !bound {
            Action::Release(object.clone())
        } else if with_namespace && !own_call {
            Action::GoesWithNamespace
        } else {
            Action::Delete(object.clone())
        };
        plan.steps.push(step(id, action));
    }
}

/// ARNs of the roles that are deleted, not given back.
fn roles_that_go<'a>(wanted: &State, live: &'a State, subject: &Subject) -> Vec<&'a str> {
    let roles = live.iter().filter(|(id, role)| {
        let goes = id.is(IAM, "Role") && !wanted.contains_key(id);
        goes && subject.owns(role) && !is_adopted(role)
    });
    let arns = roles.map(|(_, role)| role.text("/status/ackResourceMetadata/arn"));
    arns.filter(|arn| !arn.is_empty()).collect()
}
