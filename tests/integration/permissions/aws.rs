//! The IAM policies, on the double that evaluates them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::restricted::{ACCOUNT, BOUNDARY, MANAGED, Restricted, SHARED};

#[test]
fn a_tenants_life_needs_the_whole_policy_and_no_more() {
    let policy = "iam-policy.json";
    let restricted = Restricted::new("iam-life");
    restricted.allow(policy);
    let _ = restricted.half("tenant add iam-life").expect(0);
    let _ = restricted
        .half("tenant add iam-life")
        .expect(0)
        .says(&["nothing to do"]);
    restricted.change_all();
    let _ = restricted
        .half("tenant add iam-life")
        .expect(0)
        .says(&["2 changed"]);
    restricted.ask_for_another();
    let _ = restricted
        .half("tenant add iam-life")
        .expect(0)
        .says(&["1 changed"]);
    let _ = restricted
        .half("tenant add iam-life")
        .expect(0)
        .says(&["nothing to do"]);
    // Here nobody injects credentials, so the gate stays shut.
    let gate = "tenant add iam-life --timeout 4s";
    let _ = restricted
        .run(gate)
        .expect(4)
        .says(&["add-on eks-pod-identity-agent ACTIVE"]);
    let _ = restricted.run("tenant remove iam-life --yes").expect(0);
    restricted.foreign("iam-taken");
    let _ = restricted.half("tenant add iam-taken").expect(3);
    let _ = restricted.half("tenant add iam-taken --adopt").expect(0);
    let _ = restricted.half("tenant remove iam-taken --yes").expect(0);
    restricted.all_was_needed(policy);
    restricted.is_described(&["tenant add", "tenant add --adopt", "tenant remove"]);
}

#[test]
fn verbs_that_only_read_need_the_smaller_policy_and_no_more() {
    let policy = "iam-policy-read.json";
    let restricted = Restricted::new("iam-read");
    let add = "tenant add iam-read --identity-gate off --wait applied";
    let _ = restricted.run(add).expect(0);
    restricted.foreign("iam-lone");
    restricted.allow(policy);
    for verb in [
        "tenant diff iam-read",
        "tenant diff --all",
        "tenant status iam-read",
        "tenant show iam-read",
        "tenant list",
        "tenant list -o wide",
        "tenant list --orphans",
        "platform diff",
    ] {
        let run = restricted.run(verb);
        // Others' tenants are on the cluster too, and come and go; the platform is another's.
        let all = verb.ends_with("--all") || verb.starts_with("platform");
        assert!(
            (all || run.code <= 1) && !run.stderr.contains("AccessDenied"),
            "{verb}: {run}"
        );
    }
    restricted.all_was_needed(policy);
    restricted.is_described(&[
        "tenant diff",
        "tenant status",
        "tenant show",
        "tenant list",
        "tenant list --orphans",
        "platform diff",
    ]);
    let _ = restricted
        .run("tenant add iam-read2 --only aws")
        .expect(6)
        .says(&["iam:CreateRole", "AccessDenied", "nothing was written"]);
}

#[test]
fn a_role_without_the_boundary_of_the_policy_is_refused() {
    let restricted = Restricted::new("iam-boundary");
    restricted.allow("iam-policy.json");
    let said = format!("permissionsBoundary: '{BOUNDARY}'");
    restricted
        .world
        .settings(&said, "permissionsBoundary: none");
    let _ = restricted.half("tenant add iam-boundary").expect(6).says(&[
        "nothing was written",
        "iam:CreateRole",
        "not authorized to perform: iam:CreateRole on resource: arn:aws:iam::111122223333:role/mcpctl/iam-boundary/",
    ]);
    restricted
        .aws
        .state(|state| assert!(state.roles.is_empty()));
}

#[test]
fn where_tenants_share_a_role_the_policy_for_that_is_enough_and_no_more_than_that() {
    let policy = "iam-policy-session.json";
    let restricted = Restricted::new("iam-shared");
    let world = &restricted.world;
    let dedicated = format!("permissionsBoundary: '{BOUNDARY}'");
    let shared = format!("scoping: session-policy, sharedRole: '{SHARED}'");
    world.settings(&dedicated, &shared);
    world.settings(
        &format!("identity: {{managedPolicyArns: ['{MANAGED}']}}, "),
        "",
    );
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"pods.eks.amazonaws.com"}},
        "Action":["sts:AssumeRole","sts:TagSession"],"Condition":{{"StringEquals":{{
        "aws:SourceArn":"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/iam-shared","aws:SourceAccount":"{ACCOUNT}"}}}}}}]}}"#
    );
    restricted
        .aws
        .state(|state| drop(state.add_role("/mcp/", "shared", &trust).clone()));
    restricted.allow(policy);
    let _ = restricted.half("tenant add iam-shared").expect(0);
    restricted.aws.state(|state| {
        let one = state.associations.values_mut().next();
        let one = one.expect("the association");
        one.policy = None;
        one.tags.remove("mcpctl.dev/namespace");
        one.tags.insert("mcpctl.dev/more".into(), "x".into());
    });
    let _ = restricted
        .half("tenant add iam-shared")
        .expect(0)
        .says(&["1 changed"]);
    let gate = "tenant add iam-shared --timeout 4s";
    let _ = restricted
        .run(gate)
        .expect(4)
        .says(&["add-on eks-pod-identity-agent ACTIVE"]);
    let _ = restricted.run("tenant list --orphans").expect(0);
    let _ = restricted.run("tenant diff iam-shared").expect(1);
    let _ = restricted.run("tenant remove iam-shared --yes").expect(0);
    restricted.all_was_needed(policy);
}

/// As the page says: without the conditions on the boundary, and with what takes one off.
#[test]
fn where_no_boundary_is_wanted_the_policy_without_it_is_enough() {
    let restricted = Restricted::new("iam-free");
    let _ = restricted.half("tenant add iam-free").expect(0);
    let filled = restricted.filled("iam-policy.json");
    let mut policy: Value = serde_json::from_str(&filled).expect("a policy");
    let mut taken_out = 0;
    for statement in policy["Statement"].as_array_mut().expect("statements") {
        if let Some(equal) = statement["Condition"]["StringEquals"].as_object_mut() {
            taken_out += equal.remove("iam:PermissionsBoundary").iter().count();
        }
        if statement["Sid"] == "ChangeAndDeleteOurRoles" {
            let actions = statement["Action"].as_array_mut().expect("actions");
            actions.push("iam:DeleteRolePermissionsBoundary".into());
        }
        if statement["Condition"].is_null() {
            drop(
                statement
                    .as_object_mut()
                    .expect("an object")
                    .remove("Condition"),
            );
        }
    }
    assert_eq!(taken_out, 3);
    restricted.aws.allow(&policy.to_string()).expect("a policy");
    let said = format!("permissionsBoundary: '{BOUNDARY}'");
    restricted
        .world
        .settings(&said, "permissionsBoundary: none");
    let _ = restricted
        .half("tenant add iam-free")
        .expect(0)
        .says(&["1 changed"]);
    let _ = restricted.half("tenant remove iam-free --yes").expect(0);
    let _ = restricted.half("tenant add iam-free").expect(0);
    let _ = restricted.half("tenant remove iam-free --yes").expect(0);
}

#[test]
fn tags_that_take_a_moment_to_be_seen_are_waited_for() {
    let restricted = Restricted::new("iam-slow");
    restricted.foreign("iam-slow2");
    restricted.allow("iam-policy.json");
    restricted.aws.tags_seen_after(2);
    let _ = restricted.half("tenant add iam-slow").expect(0);
    let _ = restricted.half("tenant add iam-slow2 --adopt").expect(0);
    let mut denied = restricted.aws.outcomes();
    denied.retain(|(_, status)| *status == 403);
    let denied: Vec<_> = denied.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "PutRolePolicy",
        "PutRolePolicy",
        "PutRolePermissionsBoundary",
        "PutRolePermissionsBoundary",
    ];
    assert_eq!(denied, expected);
}

/// Tags are gone from a role: it is nobody's, for the tool as for IAM.
#[test]
fn a_role_without_our_tags_is_neither_changed_nor_deleted() {
    let restricted = Restricted::new("iam-untagged");
    restricted.allow("iam-policy.json");
    let _ = restricted.half("tenant add iam-untagged").expect(0);
    restricted.aws.state(|state| {
        let role = state.roles.values_mut().next().expect("the role");
        role.tags = BTreeMap::new();
    });
    restricted.aws.clear_calls();
    let _ = restricted.half("tenant add iam-untagged").expect(3);
    let calls = restricted.aws.calls();
    let writes = ["Put", "Update", "Delete", "Tag", "Attach", "Create"];
    let wrote = |call: &String| writes.iter().any(|verb| call.starts_with(verb));
    assert!(!calls.iter().any(wrote), "{calls:?}");
}
