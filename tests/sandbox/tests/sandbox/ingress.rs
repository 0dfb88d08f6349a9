//! The stand-in for the load balancer controller.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::{SANDBOX, apply, eventually, get, kubectl};

/// A class with a group of the same name, for namespaces with the label `class`.
fn class(name: &str) {
    apply(&format!(
        "{{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {{name: {name}}}, spec: {{controller: \
         ingress.k8s.aws/alb, parameters: {{apiGroup: elbv2.k8s.aws, kind: IngressClassParams, name: {name}}}}}}}\n---\n\
         {{apiVersion: elbv2.k8s.aws/v1beta1, kind: IngressClassParams, metadata: {{name: {name}}}, spec: {{group: \
         {{name: {name}}}, scheme: internal, targetType: ip, namespaceSelector: {{matchLabels: {{class: {name}}}}}}}}}"
    ));
}

fn namespace(name: &str, class: &str) {
    apply(&format!(
        "{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}, labels: {{class: {class}}}}}}}"
    ));
}

fn ingress(namespace: &str, class: &str, annotations: &[(&str, &str)]) {
    let mut text = String::new();
    for (name, value) in annotations {
        write!(text, "alb.ingress.kubernetes.io/{name}: '{value}', ").unwrap();
    }
    apply(&format!(
        "{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {{name: mcp, namespace: {namespace}, \
         annotations: {{{text}}}}}, spec: {{ingressClassName: {class}, rules: [{{host: {namespace}.example.com, http: \
         {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: mcp, port: {{number: 8080}}}}}}}}]}}}}]}}}}"
    ));
}

fn read(namespace: &str) -> Value {
    get("ingress", namespace, "mcp")
}

fn host(namespace: &str) -> Option<String> {
    read(namespace)["status"]["loadBalancer"]["ingress"][0]["hostname"]
        .as_str()
        .map(str::to_owned)
}

fn await_host(namespace: &str) -> String {
    eventually("a host name", || host(namespace).is_some());
    host(namespace).unwrap()
}

fn delete(namespace: &str) {
    kubectl(&["delete", "ingress", "mcp", "-n", namespace, "--wait=false"]);
}

fn await_gone(namespace: &str) {
    kubectl(&[
        "wait",
        "--for=delete",
        "ingress/mcp",
        "-n",
        namespace,
        "--timeout=20s",
    ]);
}

fn names(kind: &str, namespace: &str) -> String {
    kubectl(&["get", kind, "-n", namespace, "-o", "name"])
}

/// The messages of the events of a namespace's Ingress with this reason.
fn events(namespace: &str, reason: &str) -> String {
    let selector = format!("--field-selector=reason={reason},involvedObject.kind=Ingress");
    kubectl(&[
        "get",
        "events",
        "-n",
        namespace,
        &selector,
        "-o",
        "jsonpath={.items[*].message}",
    ])
}

#[test]
fn an_ingress_gets_the_host_name_of_its_group_and_is_freed() {
    class("plain");
    for name in ["plain-a", "plain-b"] {
        namespace(name, "plain");
        ingress(name, "plain", &[]);
    }
    assert_eq!(await_host("plain-a"), await_host("plain-b"));
    assert!(host("plain-a").unwrap().starts_with("internal-k8s-plain-"));
    assert_eq!(
        read("plain-a")["metadata"]["finalizers"][0],
        "group.ingress.k8s.aws/plain"
    );
    assert!(names("targetgroupbindings", "plain-a").contains("k8s-plaina-mcp-"));
    eventually("an event", || {
        events("plain-a", "SuccessfullyReconciled") == "Successfully reconciled"
    });
    delete("plain-a");
    await_gone("plain-a");
    assert_eq!(names("targetgroupbindings", "plain-a"), "");
}

#[test]
fn a_namespace_that_is_labelled_too_late_is_not_seen() {
    class("blind");
    namespace("blind-late", "other");
    ingress("blind-late", "blind", &[]);
    // What the controller does after it has seen the Ingress, and after it had every chance to see the label.
    let something_later = |name: &str| {
        namespace(name, "sighted");
        ingress(name, "sighted", &[]);
        await_host(name);
    };
    class("sighted");
    something_later("sighted-before");
    kubectl(&[
        "label",
        "namespace",
        "blind-late",
        "class=blind",
        "--overwrite",
    ]);
    something_later("sighted-after");
    assert_eq!(host("blind-late"), None);
    kubectl(&["annotate", "ingress", "mcp", "-n", "blind-late", "touch=1"]);
    await_host("blind-late");
}

#[test]
fn a_bad_member_blocks_its_group_until_it_is_repaired() {
    class("blocked");
    for name in ["blocked-good", "blocked-bad", "blocked-new"] {
        namespace(name, "blocked");
    }
    ingress("blocked-good", "blocked", &[]);
    await_host("blocked-good");
    ingress(
        "blocked-bad",
        "blocked",
        &[("load-balancer-attributes", "nonsense")],
    );
    eventually("an event that names nobody", || {
        let message = events("blocked-good", "FailedBuildModel");
        message.ends_with("load-balancer-attributes: nonsense") && !message.contains("blocked-bad")
    });
    ingress("blocked-new", "blocked", &[]);
    eventually("a finalizer", || {
        read("blocked-new")["metadata"]["finalizers"][0] == "group.ingress.k8s.aws/blocked"
    });
    delete("blocked-bad");
    delete("blocked-good");
    eventually("an event on the member that is left", || {
        events("blocked-new", "FailedBuildModel").contains("nonsense")
    });
    assert_eq!(host("blocked-new"), None);
    assert!(
        names("ingress", "blocked-good").contains("mcp"),
        "the good one cannot go either"
    );
    kubectl(&[
        "annotate",
        "ingress/mcp",
        "-n",
        "blocked-bad",
        "alb.ingress.kubernetes.io/load-balancer-attributes-",
    ]);
    await_host("blocked-new");
    await_gone("blocked-bad");
    await_gone("blocked-good");
}

#[test]
fn the_culprit_is_named_unless_the_real_controller_keeps_it_to_itself() {
    class("named");
    for name in ["named-a", "named-b"] {
        namespace(name, "named");
    }
    ingress("named-a", "named", &[]);
    await_host("named-a");
    ingress("named-b", "named", &[("listen-ports", "[{\"FTP\": 21}]")]);
    eventually("an event that names the culprit", || {
        events("named-a", "FailedBuildModel")
            == "Failed build model due to ingress: named-b/mcp: listen protocol must be HTTP or HTTPS: FTP"
    });
    delete("named-b");
    await_gone("named-b");
    ingress(
        "named-b",
        "named",
        &[(
            "load-balancer-attributes",
            "deletion_protection.enabled=true",
        )],
    );
    await_host("named-b");
    delete("named-b");
    eventually("an event that names the protected one", || {
        events("named-a", "FailedBuildModel")
            .contains("deletion_protection is enabled, cannot delete the ingress: mcp")
    });
}

#[test]
fn a_held_ingress_is_left_alone() {
    class("held");
    namespace("held", "held");
    namespace("free", "held");
    SANDBOX.hold_ingress("held", true);
    ingress("held", "held", &[]);
    ingress("free", "held", &[]);
    await_host("free");
    assert_eq!(host("held"), None);
    SANDBOX.hold_ingress("held", false);
    await_host("held");
    SANDBOX.hold_ingress("held", true);
    delete("held");
    delete("free");
    await_gone("free");
    assert!(names("ingress", "held").contains("mcp"));
    SANDBOX.hold_ingress("held", false);
    await_gone("held");
}
