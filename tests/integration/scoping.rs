//! How tenants are kept apart in AWS: a role of each, a second role in a chain, or one role that all share.

use serde_json::{Value, json};

use crate::{
    strict::ACCOUNT,
    world::{Run, World},
};

mod aws;
mod refused;

use aws::Aws;

const CLUSTER_ARN: &str = "arn:aws:eks:eu-west-1:111122223333:cluster/prod";
const SHARED: &str = "arn:aws:iam::111122223333:role/mcp/shared";
const TARGET: &str = "arn:aws:iam::444455556666:role/data/reader";

/// The trust policy that `docs/scoping.md` gives.
fn pinned(cluster_arn: &str, account: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {"StringEquals": {"aws:SourceArn": cluster_arn, "aws:SourceAccount": account}},
    }]})
}

#[test]
fn the_page_gives_the_trust_policy_that_is_taken() {
    let page = include_str!("../../docs/scoping.md");
    let blocks = page.split("```json\n").skip(1);
    let documents: Vec<Value> = blocks
        .map(|block| {
            let (json, _) = block.split_once("```").expect("an end");
            serde_json::from_str(json).expect("JSON")
        })
        .collect();
    assert!(
        documents.contains(&pinned(CLUSTER_ARN, ACCOUNT)),
        "{documents:?}"
    );
}

fn shows(run: &Run, texts: &[&str]) {
    for text in texts {
        assert!(
            run.stdout.contains(text),
            "stdout does not show `{text}`: {run}"
        );
    }
}

#[test]
fn a_chain_of_two_roles_is_made_shown_and_taken_back() {
    let aws = Aws::new("target");
    aws.tenant(&format!("{{targetRoleArn: '{TARGET}'}}"));
    let added = aws.add().expect(0);
    let association = aws.association();
    assert_eq!(association["targetRoleArn"], TARGET);
    let external = association["externalId"].as_str().expect("an external id");
    assert!(
        added.stdout.contains(TARGET) && added.stdout.contains(external),
        "{added}"
    );
    let role = aws.own_roles().pop().expect("a role");
    let inline = aws
        .strict
        .state(|state| state.role(&role).expect("a role").inline["mcpctl"].clone());
    let inline: Value = serde_json::from_str(&inline).expect("a policy");
    let statements = inline["Statement"].as_array().expect("statements");
    let chain = json!({"Sid": "McpctlTargetRole", "Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": TARGET});
    assert!(
        statements.len() == 2 && statements.contains(&chain),
        "{inline}"
    );
    aws.is_clean();

    aws.tenant("{}");
    let diff = aws
        .run(&["tenant", "diff", "acme", "-f", "tenant.yaml"])
        .expect(1);
    shows(
        &diff,
        &[
            "McpctlTargetRole",
            &format!("spec.targetRoleARN: \"{TARGET}\" -> removed"),
        ],
    );
    let _ = aws.add().expect(0);
    assert_eq!(aws.association()["targetRoleArn"], Value::Null);
    aws.is_clean();
}

#[test]
fn tenants_that_share_a_role_have_their_policy_on_the_association() {
    let aws = Aws::new("shared");
    aws.shared();
    aws.share(&pinned(CLUSTER_ARN, ACCOUNT));
    aws.tenant("{}");
    let added = aws.add().expect(0);
    assert!(added.stdout.contains(SHARED), "{added}");
    let association = aws.association();
    assert_eq!(
        (&association["roleArn"], &association["disableSessionTags"]),
        (&json!(SHARED), &json!(true))
    );
    let policy = association["policy"].as_str().expect("a policy");
    assert!(policy.contains("arn:aws:s3:::data-acme/*"), "{policy}");
    assert_eq!(aws.own_roles(), [""; 0]);
    aws.is_clean();

    // Somebody widens it.
    let wide = policy.replace("data-acme", "*");
    aws.strict.state(|state| {
        let one = state
            .associations
            .values_mut()
            .next()
            .expect("an association");
        one.policy = Some(wide);
    });
    let diff = aws
        .run(&["tenant", "diff", "acme", "-f", "tenant.yaml"])
        .expect(1);
    shows(&diff, &["spec.policy", "data-acme"]);
    let _ = aws.add().expect(0);
    aws.is_clean();

    let _ = aws.run(&["tenant", "remove", "acme", "--yes"]).expect(0);
    aws.strict.state(|state| {
        assert!(state.associations.is_empty());
        assert!(
            state.role("shared").is_some(),
            "the shared role is not ours to delete"
        );
    });
}

#[test]
fn one_way_is_changed_for_the_other_and_back_and_never_mixed() {
    let aws = Aws::new("both-ways");
    aws.share(&pinned(CLUSTER_ARN, ACCOUNT));
    aws.tenant("{}");
    let _ = aws.add().expect(0);
    let own = aws.association()["roleArn"].clone();

    aws.shared();
    // Without the cluster nobody knows when the pods have started anew: the own role stays, and is told of.
    let stays = "! Role acme: the tenant gives it up, and its pods may still have it";
    let diff = aws.run(&["tenant", "diff", "acme", "-f", "tenant.yaml"]);
    shows(&diff.expect(1), &[stays]);
    let _ = aws.add().expect(0).says(&[stays]);
    assert_eq!(aws.association()["roleArn"], SHARED);
    assert_eq!(aws.own_roles().len(), 1);
    // Then it goes, unless somebody else's policy is on it.
    let policy = "arn:aws:iam::111122223333:policy/theirs";
    let role = aws.own_roles().remove(0);
    aws.strict.state(|state| {
        state.add_managed_policy(policy);
        let role = state.role_mut(&role).expect("a role");
        role.attached.insert(policy.into());
    });
    let said = [
        "managed policy arn:aws:iam::111122223333:policy/theirs is not ours",
        "nothing was written",
    ];
    let _ = aws.add().expect(3).says(&said);
    aws.strict.state(|state| {
        let role = state.role_mut(&role).expect("a role");
        role.attached.clear();
    });
    let _ = aws.add().expect(0);
    assert_eq!(aws.own_roles(), [""; 0]);
    aws.is_clean();

    aws.dedicated();
    let _ = aws.add().expect(0);
    let association = aws.association();
    let back = ["roleArn", "disableSessionTags", "policy"].map(|field| association[field].clone());
    assert_eq!(back, [own, json!(false), Value::Null]);
    aws.is_clean();
}

#[test]
fn a_shared_role_that_is_not_pinned_to_the_cluster_stops_before_the_first_write() {
    let aws = Aws::new("unpinned");
    aws.shared();
    aws.tenant("{}");
    let missing = aws.add().expect(3);
    let _ = missing.says(&[SHARED, "does not exist", "nothing was written"]);
    let mut loose = pinned(CLUSTER_ARN, ACCOUNT);
    loose["Statement"][0]["Condition"] = json!({"StringEquals": {"aws:SourceAccount": ACCOUNT}});
    aws.share(&loose);
    for verb in ["add", "diff"] {
        let refused = aws
            .run(&["tenant", verb, "acme", "-f", "tenant.yaml"])
            .expect(3);
        let _ = refused.says(&[
            "Role shared",
            "pods of another cluster may assume it: aws:SourceArn is not asked for",
        ]);
    }
    aws.strict
        .state(|state| assert!(state.associations.is_empty()));
    aws.share(&pinned(CLUSTER_ARN, ACCOUNT));
    let _ = aws.add().expect(0);
    aws.is_clean();
}

#[test]
fn a_shared_role_that_lets_no_pods_in_stops_before_the_first_write() {
    let aws = Aws::new("shut");
    aws.shared();
    aws.tenant("{}");
    let mut tagged = pinned(CLUSTER_ARN, ACCOUNT);
    tagged["Statement"][0]["Condition"]["StringEquals"]["aws:RequestTag/kubernetes-namespace"] =
        "mcp-acme".into();
    aws.share(&tagged);
    let said = [
        "it asks for aws:RequestTag/kubernetes-namespace",
        "pods would have no credentials",
        "docs/scoping.md",
    ];
    let _ = aws.add().expect(3).says(&said);
    aws.share(&json!({"Version": "2012-10-17", "Statement": []}));
    let said = ["it does not let pods.eks.amazonaws.com assume the role"];
    let _ = aws.add().expect(3).says(&said);
}

#[test]
fn a_role_of_others_with_the_name_of_an_own_one_is_of_no_concern_to_who_shares() {
    let aws = Aws::new("names");
    aws.tenant("{}");
    let _ = aws.add().expect(0);
    let role = aws.own_roles().remove(0);
    aws.strict
        .state(|state| state.role_mut(&role).expect("a role").tags.clear());
    aws.share(&pinned(CLUSTER_ARN, ACCOUNT));
    aws.shared();
    let _ = aws.add().expect(0);
    aws.is_clean();
    assert_eq!(aws.own_roles(), [role]);
}

#[test]
fn a_protected_tenant_stays_protected_without_a_role_of_its_own() {
    let aws = Aws::new("protected");
    aws.share(&pinned(CLUSTER_ARN, ACCOUNT));
    aws.shared();
    let text = "apiVersion: mcpctl.dev/v1alpha1\nkind: Tenant\nmetadata: {name: acme}\nspec: {protected: true}\n";
    std::fs::write(aws.dir.join("tenant.yaml"), text).expect("a tenant file");
    let _ = aws.add().expect(0);
    let _ = aws
        .run(&["tenant", "remove", "acme", "--yes"])
        .expect(3)
        .says(&["the tenant is protected"]);
    let loose = [
        "tenant",
        "add",
        "acme",
        "-f",
        "tenant.yaml",
        "--set",
        "protected=false",
    ];
    let _ = aws.run(&loose).expect(0);
    let removed = aws.run(&["tenant", "remove", "acme", "--yes"]);
    let _ = removed.expect(0);
}

#[test]
fn a_loosened_trust_policy_is_named_and_put_back() {
    let aws = Aws::new("loosened");
    aws.tenant("{}");
    let _ = aws.add().expect(0);
    let role = aws.own_roles().pop().expect("a role");
    aws.strict.state(|state| {
        let trust = &mut state.role_mut(&role).expect("a role").trust;
        let mut document: Value = serde_json::from_str(trust).expect("a policy");
        let statement = &mut document["Statement"][0];
        statement["Condition"]["StringEquals"]
            .as_object_mut()
            .expect("a map")
            .remove("aws:RequestTag/kubernetes-namespace");
        statement["Principal"]["AWS"] = "arn:aws:iam::444455556666:root".into();
        *trust = document.to_string();
    });
    let named = [
        "pods of another namespace may assume it: aws:RequestTag/kubernetes-namespace is not asked for",
        "arn:aws:iam::444455556666:root may assume it",
    ];
    for form in ["text", "json", "markdown"] {
        let diff = aws
            .run(&["tenant", "diff", "acme", "-f", "tenant.yaml", "-o", form])
            .expect(1);
        for what in named {
            assert!(
                format!("{}{}", diff.stdout, diff.stderr).contains(what),
                "{form}: {diff}"
            );
        }
    }
    let _ = aws.add().expect(0);
    aws.is_clean();
}

/// Both halves, pods included, on the sandbox.
#[test]
fn pods_come_to_the_shared_role_before_the_own_one_goes() {
    let world = World::new("scoping-e2e");
    let cluster_arn = format!(
        "arn:aws:eks:eu-west-1:{}:cluster/scoping-e2e",
        world.sandbox.account_id()
    );
    let trust = pinned(&cluster_arn, world.sandbox.account_id()).to_string();
    let made = world.sandbox.aws_iam(&[
        ("Action", "CreateRole"),
        ("RoleName", "scoping-e2e"),
        ("Path", "/mcp/"),
        ("AssumeRolePolicyDocument", &trust),
    ]);
    made.expect("a shared role");
    let shared = format!(
        "arn:aws:iam::{}:role/mcp/scoping-e2e",
        world.sandbox.account_id()
    );
    let _ = world.mcpctl(&["tenant", "add", "sharing"]).expect(0);
    world.settings(
        "permissionsBoundary: none",
        &format!("scoping: session-policy, sharedRole: '{shared}'"),
    );
    let diff = world.mcpctl(&["tenant", "diff", "sharing"]).expect(1);
    shows(
        &diff,
        &[
            "- Role sharing",
            "spec.roleARN",
            "pods restart, since their identity changes",
        ],
    );
    let changed = world.mcpctl(&["tenant", "add", "sharing"]).expect(0);
    let place = |what: &str| {
        changed
            .stderr
            .find(what)
            .unwrap_or_else(|| panic!("no {what}: {changed}"))
    };
    assert!(place("ready") < place("Role sharing deleted"), "{changed}");
    let _ = world.mcpctl(&["tenant", "diff", "sharing"]).expect(0);
    let status = world.mcpctl(&["tenant", "status", "sharing"]).expect(0);
    assert!(
        status.stdout.contains(&shared) && status.stdout.contains("no drift"),
        "{status}"
    );
    let list = world.mcpctl(&["tenant", "list", "-o", "wide"]).expect(0);
    let row = list
        .stdout
        .lines()
        .find(|line| line.starts_with("sharing"))
        .expect("a row");
    assert!(row.contains("scoping-e2e") && row.contains("ok"), "{row}");
    let orphans = world.mcpctl(&["tenant", "list", "--orphans"]).expect(0);
    assert!(!orphans.stdout.contains("sharing"), "{orphans}");
    let _ = world
        .mcpctl(&["tenant", "remove", "sharing", "--yes"])
        .expect(0);
    let _ = world.mcpctl(&["tenant", "diff", "sharing"]).expect(2);
}
