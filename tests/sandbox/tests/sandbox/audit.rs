//! The audit log, and the users that it tells apart.

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
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
    let now = Duration::ZERO;
    let token = |cluster: &str, key: &str, age| SANDBOX.eks_token(cluster, key, age).unwrap();
    let good = token("prod", "TOKEN", now);
    assert!(whoami(&good));
    assert_eq!(SANDBOX.audit("TOKEN").unwrap().len(), 1);
    assert!(!whoami(&token("prod", "TOKEN", Duration::from_mins(16))));
    assert!(!whoami(&token("another", "TOKEN", now)));
    assert!(!whoami("k8s-aws-v1.nonsense"));
    // What is signed cannot be changed, and nothing may be added.
    let url = URL_SAFE_NO_PAD.decode(good.trim_start_matches("k8s-aws-v1."));
    let url = String::from_utf8(url.unwrap()).unwrap();
    for (from, to) in [
        ("Credential=TOKEN", "Credential=OTHER"),
        ("Expires=60", "Expires=61"),
        ("Action=GetCallerIdentity", "Action=AssumeRole"),
        ("eu-west-1.amazonaws.com", "eu-west-1.example.com"),
        ("&X-Amz-Date", "&x=y&X-Amz-Date"),
    ] {
        assert!(url.contains(from), "{url}");
        let changed = URL_SAFE_NO_PAD.encode(url.replace(from, to));
        assert!(!whoami(&format!("k8s-aws-v1.{changed}")), "{to}");
    }
}

#[test]
fn access_entries_say_who_a_principal_is() {
    let list = |key: &str| {
        let token = SANDBOX.eks_token("prod", key, Duration::ZERO).unwrap();
        let mut kubectl = SANDBOX.kubectl();
        kubectl
            .env_remove("KUBECONFIG")
            .args(["--kubeconfig=/dev/null", "get", "pods"]);
        kubectl.args(["--server", SANDBOX.api_server(), "--token", &token]);
        let authority = SANDBOX.admin_kubeconfig().with_file_name("ca.crt");
        let output = kubectl
            .arg("--certificate-authority")
            .arg(authority)
            .output();
        String::from_utf8(output.unwrap().stderr).unwrap()
    };
    SANDBOX.no_access_entry("ENTRY-NONE");
    assert!(list("ENTRY-NONE").contains("must be logged in to the server"));
    SANDBOX.access_entry("ENTRY-EMPTY", "somebody", &[]);
    assert!(list("ENTRY-EMPTY").contains("User \"somebody\" cannot list"));
    SANDBOX.refuse_token("ENTRY-ONCE");
    assert!(list("ENTRY-ONCE").contains("must be logged in to the server"));
    assert!(!list("ENTRY-ONCE").contains("must be logged in to the server"));
}
