use serde_json::json;

use super::*;
use crate::testing;

const ROLE: &str = "arn:aws-cn:iam::111122223333:role/mcpctl/prod/acme-1";

fn log(arn: &str) -> String {
    let answer = json!({"UserId": "AROA:x", "Account": "111122223333", "Arn": arn});
    format!("a warning of the CLI\n{answer:#}\n")
}

#[test]
fn the_role_is_told_by_partition_account_and_name() {
    let right = log("arn:aws-cn:sts::111122223333:assumed-role/acme-1/eks-prod-mcp-server-1");
    assert_eq!(judge(&right, ROLE, &[]), Ok("acme-1".into()));
    for (arn, hint) in [
        (
            "arn:aws:sts::111122223333:assumed-role/acme-1/x",
            "takes a while to act",
        ),
        (
            "arn:aws-cn:sts::444455556666:assumed-role/acme-1/x",
            "takes a while to act",
        ),
        (
            "arn:aws-cn:sts::111122223333:assumed-role/other/x",
            "takes a while to act",
        ),
        (
            "arn:aws-cn:sts::111122223333:assumed-role/node/i-0a1b",
            "the node's role",
        ),
        ("arn:aws-cn:iam::111122223333:user/acme-1", "by another way"),
    ] {
        let found = judge(&log(arn), ROLE, &[]).expect_err("not the role");
        assert_eq!(
            found.line,
            format!("the pod was {arn}, and should be {ROLE}")
        );
        assert!(found.hint.is_some_and(|text| text.contains(hint)), "{arn}");
    }
}

#[test]
fn what_env_from_brings_is_looked_at_first() {
    let brings = ["Secret keys".to_string(), "ConfigMap more".to_string()];
    let hint = |arn: &str| {
        let found = judge(&log(arn), ROLE, &brings).expect_err("not the role");
        found.hint.unwrap_or_default()
    };
    let there = "what envFrom brings counts before the tenant's role: see whether Secret keys, ConfigMap more holds";
    let user = hint("arn:aws-cn:iam::111122223333:user/other");
    assert!(user.starts_with(there), "{user}");
    let assumed = hint("arn:aws-cn:sts::111122223333:assumed-role/other/x");
    assert!(
        assumed.starts_with(there) && assumed.contains("; if not, a changed association"),
        "{assumed}"
    );
    let node = hint("arn:aws-cn:sts::111122223333:assumed-role/node/i-0a1b");
    assert!(node.starts_with("that is the node's role"), "{node}");
}

#[test]
fn what_is_no_answer_is_told() {
    for log in ["", "listening on :8080\n", "{}", "{\"Arn\": 1}", "}{"] {
        let found = judge(log, ROLE, &[]).expect_err("no answer");
        assert!(found.line.contains("without an answer of STS"), "{log}");
    }
}

#[test]
fn the_pod_runs_where_the_tenants_pods_run() {
    let mut settings = testing::settings();
    let spec = json!({"nodeSelector": {"pool": "mcp"}, "imagePullSecrets": [{"name": "registry"}], "priorityClassName": "low"});
    let resolved = testing::resolved("acme", spec, &settings);
    let none = State::new();
    let missing = super::pod(&resolved, &settings, &none).expect_err("no image");
    assert!(
        missing.what.ends_with("identity.verifyImage is missing"),
        "{missing}"
    );
    settings.verify_image = Some(crate::spec::constant("amazon/aws-cli:2"));
    let pod = super::pod(&resolved, &settings, &none).expect("a pod");
    let spec = &pod.tree["spec"];
    assert_eq!(spec["nodeSelector"], json!({"pool": "mcp"}));
    assert_eq!(spec["imagePullSecrets"], json!([{"name": "registry"}]));
    assert_eq!(spec["priorityClassName"], "low");
    assert!(spec.get("affinity").is_none() && spec.get("tolerations").is_none());
    assert_eq!(spec["containers"][0]["image"], "amazon/aws-cli:2");
    assert!(is_own(pod.id()));
}

fn state(tree: Value) -> State {
    let object = Object::new(tree).expect("an object");
    State::from([(object.id().clone(), object)])
}

/// What runs the tenant's pods, with a sidecar before the server.
fn workload(server: &str) -> State {
    let source = |name: &str| json!([{"secretRef": {"name": name}}, {"prefix": "MY_", "configMapRef": {"name": "more"}}]);
    let containers = json!([
        {"name": "proxy", "envFrom": source("of-the-proxy")},
        {"name": server, "envFrom": source("of-the-server")},
    ]);
    let tree = json!({
        "apiVersion": "example.com/v1", "kind": "Rollout", "metadata": {"name": "x", "namespace": "mcp-acme"},
        "spec": {"template": {"spec": {"containers": containers}}},
    });
    state(tree)
}

#[test]
fn the_pod_takes_in_what_the_server_takes_in() {
    let mut settings = testing::settings();
    settings.verify_image = Some(crate::spec::constant("amazon/aws-cli:2"));
    let resolved = testing::resolved("acme", json!({}), &settings);
    for (server, brings) in [
        ("mcp-server", "Secret of-the-server"),
        ("another", "Secret of-the-proxy"),
    ] {
        let pod = super::pod(&resolved, &settings, &workload(server)).expect("a pod");
        assert_eq!(super::brings(&pod), [brings]);
    }
}

#[test]
fn what_other_kinds_take_in_is_theirs_or_the_tenants() {
    let mut settings = testing::settings();
    settings.verify_image = Some(crate::spec::constant("amazon/aws-cli:2"));
    let tenants = json!({"envFrom": [{"secretRef": {"name": "of-the-tenant"}}]});
    let resolved = testing::resolved("acme", tenants, &settings);
    let brings = |wanted: &State| {
        let pod = super::pod(&resolved, &settings, wanted).expect("a pod");
        super::brings(&pod)
    };
    let own = |spec: Value| {
        state(json!({
            "apiVersion": "example.com/v1", "kind": "MCPServer", "spec": spec,
            "metadata": {"name": "x", "namespace": "mcp-acme"},
        }))
    };
    let job = |name: &str| {
        let containers =
            json!([{"name": name, "envFrom": [{"secretRef": {"name": "of-the-job"}}]}]);
        state(json!({
            "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "x", "namespace": "mcp-acme"},
            "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": containers}}}}},
        }))
    };
    let silent = own(json!({"image": "mcp:1"}));
    assert_eq!(brings(&silent), ["Secret of-the-tenant"]);
    assert_eq!(brings(&job("cleans")), ["Secret of-the-job"]);
    let beside: State = job("cleans").into_iter().chain(silent.clone()).collect();
    assert_eq!(brings(&beside), ["Secret of-the-tenant"]);
    let server: State = job(SERVER).into_iter().chain(silent).collect();
    assert_eq!(brings(&server), ["Secret of-the-job"]);
    // One that says what its pods are, and takes in nothing.
    let none = own(json!({"template": {"spec": {"containers": [{"name": "x"}]}}}));
    assert!(brings(&none).is_empty());
}
