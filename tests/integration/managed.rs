//! Managed policies that a tenant asks for, and asks for no more.

use std::collections::BTreeSet;

use crate::{
    pace::Held,
    strict::{Strict, policy_arn},
    world::World,
};

const THEIRS: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

/// How the settings ask for managed policies.
fn asking(names: &[&str]) -> String {
    let arns: Vec<String> = names
        .iter()
        .map(|name| format!("'{}'", policy_arn(name)))
        .collect();
    format!("{{identity: {{managedPolicyArns: [{}]}}, ", arns.join(", "))
}

/// What hangs on the tenant's role.
fn attached(strict: &Strict) -> BTreeSet<String> {
    let role = strict.role();
    strict
        .aws
        .state(|state| state.role(&role).expect("the role").attached.clone())
}

#[test]
fn what_is_asked_for_no_more_is_detached_and_what_others_attached_stays() {
    let strict = Strict::new("shrinks");
    strict.managed_policies(["reader", "writer"]);
    strict.settings(
        "defaults: {",
        &format!("defaults: {}", asking(&["reader", "writer"])),
    );
    let _ = strict.add().expect(0);
    let role = strict.role();
    strict.aws.state(|state| {
        let held = state.role_mut(&role).expect("the role");
        held.attached.insert(THEIRS.into());
    });
    for (before, after, goes) in [
        (&["reader", "writer"][..], &["reader"][..], "writer"),
        (&["reader"], &[], "reader"),
    ] {
        strict.settings(&asking(before), &asking(after));
        let goes = policy_arn(goes);
        let diff = strict.diff().expect(1);
        let line = format!("spec.policies[{goes}]: {goes:?} -> removed");
        assert!(diff.stdout.contains(&line), "no `{line}`: {diff}");
        assert!(
            !diff.stdout.contains(&format!("{goes} is not ours")),
            "{diff}"
        );
        let _ = strict
            .add()
            .expect(0)
            .says(&["0 created, 1 changed", THEIRS]);
        let left: BTreeSet<String> = after.iter().map(|name| policy_arn(name)).collect();
        let theirs = BTreeSet::from([THEIRS.to_string()]);
        assert_eq!(attached(&strict), &left | &theirs);
        strict.is_clean();
    }
    let _ = strict
        .remove()
        .expect(3)
        .says(&["1 conflict", THEIRS, "take it away first"]);
    strict.aws.state(|state| {
        let held = state.role_mut(&role).expect("the role");
        held.attached.clear();
    });
    strict.differs_in_nothing();
    let _ = strict.remove().expect(0);
    strict.has_nothing();
}

/// One for another: whatever the run was about to do when it died, the role ends with what is asked for by then, and
/// nothing of ours is taken for somebody else's.
#[test]
fn a_run_that_dies_while_policies_change_leaves_none_that_nobody_knows() {
    let world = World::new("killed-policy");
    let named = |name: &str| world.managed_policy(&format!("killed-policy-{name}"));
    let (first, second) = (named("first"), named("second"));
    let ask = |arns: &[&str]| format!("identity.managedPolicyArns=[{}]", arns.join(", "));
    let add = |asked: &str| world.mcpctl(&["tenant", "add", "killed-policy", "--set", asked]);
    for operation in ["DetachRolePolicy", "TagRole", "AttachRolePolicy"] {
        for last in [&[second.as_str()][..], &[]] {
            let _ = add(&ask(&[&first])).expect(0);
            let changed = ask(&[&second]);
            let dies = ["tenant", "add", "killed-policy", "--set", &changed];
            Held::at(&world, operation, &dies).kill("mcp-killed-policy");
            let _ = add(&ask(last)).expect(0);
            let diff = world.mcpctl(&["tenant", "diff", "killed-policy"]).expect(0);
            assert_eq!(diff.stdout, "", "{operation}, then {last:?}: {diff}");
        }
    }
    let remove = ["tenant", "remove", "killed-policy", "--yes"];
    let _ = world.mcpctl(&remove).expect(0);
}
