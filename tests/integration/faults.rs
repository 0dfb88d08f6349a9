//! The AWS half under everything that AWS does and an emulator does not, on a strict double: a role that is not visible
//! yet, deletes that spread slowly, throttling, refusals, pages, and things that change under us. The rows are those of
//! `docs/faults.md`.

use mcpctl_sandbox::strict_aws::{Fault as Answer, Times};

use crate::strict::{ACCOUNT, Strict};
use calls::{CALLS, Work};

mod associations;
mod calls;
mod document;
mod fault;
mod others;
mod removal;
mod roles;
mod shape;

#[test]
fn roles_and_policies() {
    fault::carry_out(roles::ROWS);
}

#[test]
fn roles_that_are_removed() {
    fault::carry_out(removal::ROWS);
}

#[test]
fn associations_and_what_is_in_their_way() {
    fault::carry_out(associations::ROWS);
}

#[test]
fn associations_of_others() {
    fault::carry_out(others::ROWS);
}

#[test]
fn the_page_says_what_the_tests_carry_out() {
    let groups = [
        ("Roles", roles::ROWS),
        ("Associations", associations::ROWS),
        ("Associations of others", others::ROWS),
        ("Removal", removal::ROWS),
    ];
    document::compare("docs/faults.md", &document::document(&groups));
}

#[test]
fn a_call_that_is_not_allowed_is_named_and_a_rerun_completes() {
    CALLS.iter().for_each(calls::deny);
}

#[test]
fn throttling_of_every_call_passes() {
    for work in [Work::Add, Work::Repair, Work::Unbound, Work::Remove] {
        calls::throttle(work);
    }
}

#[test]
fn a_lost_answer_of_any_call_is_found_out() {
    CALLS.iter().for_each(calls::lose_answer);
}

#[test]
fn throttling_that_does_not_end_is_told() {
    let strict = Strict::new("throttled-for-good");
    strict
        .aws
        .fail("CreateRole", Times::Always, Answer::iam_throttling());
    let _ =
        strict
            .add()
            .expect(6)
            .says(&["nothing was written", "iam:CreateRole", "Rate exceeded"]);
    strict.has_nothing();
    strict.aws.heal();
    strict.is_clean_after_rerun();
}

/// IAM is one for all regions, and two clusters of one name in two of them put their roles below one path.
#[test]
fn a_role_for_a_cluster_of_the_same_name_in_another_region_is_left_alone() {
    let strict = Strict::new("regions");
    let _ = strict
        .run(&["tenant", "add", "acme", "--region", "us-east-1"])
        .expect(0);
    let theirs = [strict.role()];
    // EKS is another one in each region.
    strict.aws.state(|state| state.associations.clear());
    let _ = strict.add().expect(0).says(&["2 created"]);
    strict.is_clean();
    let roles = |strict: &Strict| {
        strict.aws.state(|state| {
            let names = state.roles.values().map(|role| role.name.clone());
            names.collect::<Vec<_>>()
        })
    };
    assert_eq!(roles(&strict).len(), 2);
    for said in ["are removed", "nothing to remove"] {
        let _ = strict.remove().expect(0).says(&[said]);
        assert_eq!(roles(&strict), theirs);
    }
}

/// Whatever the settings derive today: a tenant's own role and association go, and so do second ones.
#[test]
fn what_was_made_under_other_names_is_removed_by_its_tags() {
    let strict = Strict::new("leftovers");
    let _ = strict.add().expect(0);
    let prefix = "namespacePrefix: zz-\ndomain:";
    strict.settings("domain:", prefix);
    // Its role gone, the association says by its namespace and tags whose it is.
    let name = strict.role();
    strict.aws.state(|state| state.delete_role_under_us(&name));
    let _ = strict
        .remove()
        .expect(0)
        .says(&["PodIdentityAssociation a-"]);
    strict.has_nothing();
    let _ = strict.remove().expect(0).says(&["nothing to remove"]);
    let _ = strict.add().expect(0);
    strict.aws.state(|state| {
        let mut role = state.roles.values().next().expect("a role").clone();
        role.name = "acme-0123456789".into();
        state.roles.insert(role.name.clone(), role);
        let arn = format!("arn:aws:iam::{ACCOUNT}:role/other");
        let theirs = state.add_association("prod", "shop-acme", "mcp-server", &arn);
        theirs.tags.insert("team".into(), "shop".into());
    });
    let _ = strict
        .remove()
        .expect(0)
        .says(&["Role acme deleted", "Role acme-0123456789 deleted"]);
    strict.aws.state(|state| {
        assert!(state.roles.is_empty(), "{:?}", state.roles.keys());
        let left: Vec<_> = state.associations.values().collect();
        assert!(
            left.len() == 1 && left[0].namespace == "shop-acme",
            "{left:?}"
        );
    });
}
