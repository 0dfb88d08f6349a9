//! What is not ours is listed with its owner, and nothing is changed: exit 3.

use std::process::{Command, Stdio};

use serde_json::json;

use crate::world::{Run, World};

/// Refused with exit 3, each text said, and not one write on either side.
#[track_caller]
fn refused(world: &World<'_>, args: &[&str], says: &[&str]) {
    let (writes, calls) = (writes(world), world.aws_calls().len());
    let _ = world.mcpctl(args).expect(3).says(says);
    assert_eq!(
        writes,
        self::writes(world),
        "something was written in the cluster"
    );
    let read = |operation: &str| {
        ["Describe", "Get", "List"]
            .iter()
            .any(|verb| operation.starts_with(verb))
    };
    let written: Vec<String> = world
        .aws_calls()
        .split_off(calls)
        .into_iter()
        .map(|call| call.operation)
        .filter(|operation| !read(operation))
        .collect();
    assert!(written.is_empty(), "AWS was asked for {written:?}");
}

fn writes(world: &World<'_>) -> usize {
    let is_write = |verb: &str| !["get", "list", "watch"].contains(&verb);
    world
        .audit()
        .iter()
        .filter(|event| is_write(&event.verb) && !event.dry_run)
        .count()
}

#[test]
fn a_namespace_a_role_and_an_association_that_others_made() {
    let tenant = "foreign";
    let world = World::new(tenant);
    world.kubectl(&["create", "namespace", "mcp-foreign"]);
    let dry = world
        .mcpctl(&["tenant", "add", tenant, "--dry-run"])
        .expect(0)
        .stdout;
    let role = dry
        .lines()
        .find_map(|line| line.strip_prefix("  name: foreign-"))
        .expect("the role's name");
    let role = format!("foreign-{role}");
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let call = [
        ("Action", "CreateRole"),
        ("RoleName", role.as_str()),
        ("AssumeRolePolicyDocument", trust),
    ];
    world.sandbox.aws_iam(&call).expect("CreateRole");
    let body = json!({"namespace": "mcp-foreign", "serviceAccount": "mcp-server", "roleArn": "arn:aws:iam::111122223333:role/theirs"});
    world.associate(body);
    let says = [
        "3 conflicts; nothing was written",
        "Namespace mcp-foreign: exists",
        "Role foreign: exists",
        "PodIdentityAssociation foreign: exists",
        "role/theirs",
    ];
    refused(&world, &["tenant", "add", tenant], &says);
    refused(
        &world,
        &["tenant", "remove", tenant, "--yes"],
        &["Namespace mcp-foreign"],
    );
}

#[test]
fn an_association_of_another_tenant_is_left_alone() {
    let world = World::new("stolen");
    let body = json!({"namespace": "mcp-stolen", "serviceAccount": "mcp-server", "roleArn": "arn:aws:iam::111122223333:role/x",
        "tags": {"mcpctl.dev/tenant": "somebody", "mcpctl.dev/cluster": "elsewhere"}});
    world.associate(body);
    refused(
        &world,
        &["tenant", "add", "stolen"],
        &["belongs to tenant somebody of cluster elsewhere"],
    );
}

#[test]
fn a_host_that_another_ingress_of_the_class_holds() {
    let world = World::new("host");
    let _ = world
        .mcpctl(&[
            "tenant",
            "add",
            "host-one",
            "--set",
            "host=shared.host.example.com",
        ])
        .expect(0);
    let says = ["host shared.host.example.com is held by Ingress mcp-host-one/mcp-server"];
    refused(
        &world,
        &[
            "tenant",
            "add",
            "host-two",
            "--set",
            "host=shared.host.example.com",
        ],
        &says,
    );
    world.settings("maxPerGroup: 1000", "maxPerGroup: 1");
    refused(
        &world,
        &["tenant", "add", "host-two"],
        &["ingress.maxPerGroup is 1"],
    );
}

#[test]
fn a_field_that_another_tool_applied() {
    let tenant = "applied";
    let world = World::new(tenant);
    let _ = world.mcpctl(&["tenant", "add", tenant]).expect(0);
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "mcp-server", "namespace": "mcp-applied"},
        "spec": {"replicas": 4}});
    let file = world.write("theirs.json", &deployment.to_string());
    world.kubectl(&[
        "apply",
        "--server-side",
        "--force-conflicts",
        "--field-manager=autoscaler",
        "-f",
        &file.display().to_string(),
    ]);
    let says = ["spec.replicas is applied by autoscaler: it lives as 4, wanted is 1"];
    refused(&world, &["tenant", "add", tenant], &says);
    let diff = world.mcpctl(&["tenant", "diff", tenant]).expect(3);
    assert!(diff.stderr.contains(says[0]), "{diff}");
}

#[test]
fn a_record_that_was_edited_by_hand() {
    let tenant = "edited";
    let world = World::new(tenant);
    let _ = world.mcpctl(&["tenant", "add", tenant]).expect(0);
    world.kubectl(&[
        "annotate",
        "namespace",
        "mcp-edited",
        "--overwrite",
        r#"mcpctl.dev/names={"namespace":"kube-system"}"#,
    ]);
    let says = [
        "annotation mcpctl.dev/names was edited by hand",
        "kubectl-annotate",
    ];
    for verb in ["add", "diff"] {
        refused(&world, &["tenant", verb, tenant], &says);
    }
    refused(&world, &["tenant", "remove", tenant, "--yes"], &says);
}

#[test]
fn of_two_adds_at_once_at_most_one_is_refused_and_both_end_well() {
    let world = World::new("race");
    let runs: Vec<_> = (0..4)
        .map(|_| world.start(&["tenant", "add", "race"]))
        .collect();
    let runs: Vec<Run> = runs.into_iter().map(Run::at_end_of).collect();
    assert!(
        runs.iter().any(|run| run.code == 0),
        "nobody won: {}",
        runs[0]
    );
    for run in &runs {
        assert!([0, 3].contains(&run.code), "{run}");
    }
    let again = world
        .mcpctl(&["tenant", "add", "race"])
        .expect(0)
        .says(&["nothing to do"]);
    drop(again);
    let associations = world.associations();
    assert_eq!(associations.len(), 1, "{associations:?}");
}

#[test]
fn a_namespace_that_is_going_is_waited_for_by_hand() {
    let tenant = "going";
    let world = World::new(tenant);
    let _ = world.mcpctl(&["tenant", "add", tenant]).expect(0);
    world.sandbox.hold_ingress("mcp-going", true);
    let mut delete = world.sandbox.kubectl();
    delete
        .args(["delete", "namespace", "mcp-going", "--wait=false"])
        .stdout(Stdio::null());
    assert!(Command::status(&mut delete).expect("kubectl").success());
    refused(
        &world,
        &["tenant", "add", tenant],
        &["Namespace mcp-going: is being deleted"],
    );
    world.sandbox.hold_ingress("mcp-going", false);
    let _ = world
        .mcpctl(&["tenant", "remove", tenant, "--yes"])
        .expect(0);
}

#[test]
fn of_two_tenants_that_take_one_host_at_once_one_keeps_it() {
    let world = World::new("tie");
    let start =
        |name: &str| world.start(&["tenant", "add", name, "--set", "host=tie.tie.example.com"]);
    let runs = [start("tie-a"), start("tie-b")];
    let runs = runs.map(Run::at_end_of);
    let won = runs.iter().filter(|run| run.code == 0).count();
    assert_eq!(won, 1, "{}\n{}", runs[0], runs[1]);
    let host = "jsonpath={.items[*].metadata.annotations.mcpctl\\.dev/host}";
    let hosts = world.kubectl(&["get", "namespaces", "-o", host]);
    let holders = hosts.matches("tie.tie.example.com").count();
    assert_eq!(holders, 1, "who lost gives the host up: {hosts}");
    let lost = runs.iter().find(|run| run.code != 0).expect("a loser");
    assert!(
        [3, 5].contains(&lost.code) && lost.stderr.contains("host tie.tie.example.com is held by"),
        "{lost}"
    );
}
