//! The audit log, and the users that it tells apart.

use std::path::Path;
use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use mcpctl_sandbox::AuditEvent;

use crate::support::SANDBOX;

/// Runs kubectl with a kubeconfig of the test's own.
fn kubectl(kubeconfig: &Path, args: &[&str]) -> Output {
    SANDBOX
        .kubectl()
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .args(args)
        .output()
        .unwrap()
}

/// The one event of this kind.
fn only<'a>(events: &'a [AuditEvent], verb: &str, resource: &str) -> &'a AuditEvent {
    let found = events
        .iter()
        .filter(|event| event.verb == verb && event.resource == resource)
        .collect::<Vec<_>>();
    assert_eq!(found.len(), 1, "{verb} {resource}: {events:?}");
    found[0]
}

#[test]
fn requests_are_told_by_user() {
    let kubeconfig = SANDBOX
        .kubeconfig_for("audit:alice", &["system:masters"])
        .unwrap();
    for args in [
        "create namespace audited",
        "create configmap c -n audited --dry-run=server",
        "run p -n audited --image=mcp:1",
        "wait pod/p -n audited --for=condition=Ready --timeout=20s",
    ] {
        let output = kubectl(&kubeconfig, &args.split(' ').collect::<Vec<_>>());
        assert!(output.status.success(), "{args}: {output:?}");
    }
    let events = SANDBOX.audit("audit:alice").unwrap();
    let namespace = only(&events, "create", "namespaces");
    assert_eq!(
        (
            namespace.method.as_str(),
            namespace.name.as_str(),
            namespace.code
        ),
        ("POST", "audited", 201)
    );
    assert!(!namespace.dry_run && namespace.user_agent.starts_with("kubectl/"));
    assert!(only(&events, "create", "configmaps").dry_run);
    let admitted = only(&events, "create", "pods").admitted.as_ref().unwrap();
    assert_eq!(admitted["spec"]["containers"][0]["image"], "mcp:1");
    assert_eq!(only(&events, "watch", "pods").name, "p");
}

#[test]
fn rights_and_validity_are_those_of_the_certificate() {
    let stranger = SANDBOX
        .kubeconfig_for_cluster("prod", "audit:bob", &["nobody"])
        .unwrap();
    let expired = SANDBOX
        .expired_kubeconfig_for("audit:eve", &["system:masters"])
        .unwrap();
    for (kubeconfig, answer) in [
        (stranger, "User \"audit:bob\" cannot list resource"),
        (expired, "must be logged in to the server"),
    ] {
        let output = kubectl(&kubeconfig, &["get", "pods"]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(answer), "{error}");
    }
}

/// A token as `aws eks get-token` makes it, apart from the signature.
fn token(access_key: &str, made: Timestamp) -> String {
    let url = format!(
        "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=\
         AWS4-HMAC-SHA256&X-Amz-Credential={access_key}%2F20260101%2Feu-west-1%2Fsts%2Faws4_request&X-Amz-Date={}\
         &X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=0",
        made.strftime("%Y%m%dT%H%M%SZ")
    );
    format!("k8s-aws-v1.{}", URL_SAFE_NO_PAD.encode(url))
}

#[test]
fn tokens_of_eks_are_accepted_until_they_expire() {
    let authority = SANDBOX.admin_kubeconfig().with_file_name("ca.crt");
    let whoami = |token: &str| {
        let mut kubectl = SANDBOX.kubectl();
        kubectl.env_remove("KUBECONFIG").args([
            "--kubeconfig=/dev/null",
            "auth",
            "whoami",
            "-o",
            "name",
        ]);
        kubectl
            .arg("--server")
            .arg(SANDBOX.api_server())
            .arg("--certificate-authority")
            .arg(&authority);
        kubectl
            .args(["--token", token])
            .output()
            .unwrap()
            .status
            .success()
    };
    assert!(whoami(&token("TOKEN", Timestamp::now())));
    assert_eq!(SANDBOX.audit("TOKEN").unwrap().len(), 1);
    assert!(!whoami(&token(
        "TOKEN",
        Timestamp::now() - SignedDuration::from_mins(16)
    )));
    assert!(!whoami("k8s-aws-v1.nonsense"));
}
