//! `-v` shows each call, and nothing that is secret.

use mcpctl_sandbox::AwsRule;

use crate::world::{Run, World};

/// The lines about calls, without what comes before the call's name.
fn calls(run: &Run) -> Vec<&str> {
    let lines = run.stderr.lines();
    lines
        .filter_map(|line| line.strip_prefix("trace: "))
        .collect()
}

fn to_aws<'a>(calls: &[&'a str]) -> Vec<&'a str> {
    let is_aws = |call: &&&str| call.starts_with("iam:") || call.starts_with("eks:");
    calls.iter().filter(is_aws).copied().collect()
}

#[test]
fn every_call_is_one_line_with_status_and_time() {
    let world = World::new("traced");
    let add = world.mcpctl(&["-v", "tenant", "add", "traced"]).expect(0);
    let shown = calls(&add);
    assert_eq!(to_aws(&shown).len(), world.aws_calls().len(), "{add}");
    for expected in [
        "PATCH /api/v1/namespaces/mcp-traced 201 ",
        "POST /api/v1/namespaces/mcp-traced/pods (dry run) 201 ",
        "GET /apis/apps/v1/namespaces/mcp-traced/deployments (watch) 200 ",
        "eks:DescribeCluster traced 200 ",
        "eks:CreatePodIdentityAssociation traced mcp-traced/mcp-server 200 ",
        "iam:CreateRole traced-",
    ] {
        assert!(
            shown.iter().any(|call| call.starts_with(expected)),
            "no `{expected}`: {add}"
        );
    }
    for call in &shown {
        assert!(call.ends_with(" ms") && !call.contains('?'), "{call}");
    }
    // Where nothing is watched, what the API server saw is what was shown.
    let before = world.audit().len();
    let list = world.mcpctl(&["tenant", "list", "-v"]).expect(0);
    let seen = world.audit().len() - before;
    let shown = calls(&list);
    assert_eq!(shown.len() - to_aws(&shown).len(), seen, "{list}");
}

#[test]
fn stdout_is_the_same_with_and_without() {
    let world = World::new("traced-stdout");
    let quiet = world
        .mcpctl(&["tenant", "diff", "x", "--image", "a:1"])
        .expect(1);
    let loud = world
        .mcpctl(&["tenant", "diff", "x", "--image", "a:1", "-vv"])
        .expect(1);
    assert_eq!(quiet.stdout, loud.stdout);
    assert!(
        calls(&quiet).is_empty() && !calls(&loud).is_empty(),
        "{loud}"
    );
    let offline = world
        .mcpctl(&["tenant", "add", "x", "--dry-run", "-vv"])
        .expect(0);
    assert!(calls(&offline).is_empty(), "{offline}");
}

#[test]
fn twice_also_query_id_and_size() {
    let world = World::new("traced-twice");
    let run = world
        .mcpctl(&["tenant", "list", "--verbose", "--verbose"])
        .expect(0);
    let shown = calls(&run);
    let list = shown.iter().find(|call| call.contains("/deployments?"));
    let list = list.unwrap_or_else(|| panic!("no list of Deployments: {run}"));
    assert!(list.contains("labelSelector=mcpctl.dev%2Ftenant"), "{list}");
    assert!(list.contains(" audit-id "), "{list}");
    let aws = to_aws(&shown);
    assert!(
        aws.iter().any(|call| call.contains(" request-id ")),
        "{run}"
    );
}

#[test]
fn what_is_repeated_is_counted() {
    let world = World::new("traced-again");
    // The SDK repeats what is throttled; a change that passes is ours to repeat.
    for (status, code, expected) in [
        (429, "Throttling", [" 429 ", " ms attempt 2"]),
        (
            409,
            "ConcurrentModification",
            [" 409 ", ": ConcurrentModification; attempt 2 in "],
        ),
    ] {
        let rule = AwsRule::on("ListRoles").by(&world.access_key).once();
        world.sandbox.aws_fault(rule.fail(status, code, "not now"));
        let run = world.mcpctl(&["tenant", "list", "-v"]).expect(0);
        let shown = calls(&run);
        for text in expected {
            let is =
                |call: &&str| call.starts_with("iam:ListRoles /mcpctl/") && call.contains(text);
            assert!(shown.iter().any(is), "no `{text}`: {run}");
        }
    }
}

#[test]
fn a_server_that_does_not_answer_is_seen() {
    let world = World::new("traced-nothing");
    let mut command = world.command(&["tenant", "list", "-v"]);
    command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let run = Run::of(&mut command).expect(6);
    let shown = calls(&run);
    assert!(
        shown[0].starts_with("eks:DescribeCluster traced-nothing no answer after "),
        "{run}"
    );
}

#[test]
fn no_secret_is_shown_at_any_verbosity() {
    let world = World::new("traced-secrets");
    let env = "env=[{name: GREETING, value: hunter2}]";
    for args in [
        &["tenant", "add", "secretive", "--set", env][..],
        &["tenant", "diff", "secretive"],
        &["tenant", "list"],
        &["tenant", "remove", "secretive", "--yes"],
    ] {
        let mut command = world.command(&[args, &["-vvvv"]].concat());
        command
            .env("AWS_SECRET_ACCESS_KEY", "SECRETACCESSKEY")
            .env("AWS_SESSION_TOKEN", "SESSIONTOKEN");
        let run = Run::of(&mut command).expect(0);
        assert!(!calls(&run).is_empty(), "{run}");
        for secret in [
            "hunter2",
            "SECRETACCESSKEY",
            "SESSIONTOKEN",
            &world.access_key,
        ] {
            assert!(!run.stderr.contains(secret), "{secret} is shown: {run}");
        }
        for word in [
            "uthorization:",
            "Bearer",
            "X-Amz",
            "Signature",
            "-----BEGIN",
        ] {
            assert!(!run.stderr.contains(word), "{word} is shown: {run}");
        }
    }
}
