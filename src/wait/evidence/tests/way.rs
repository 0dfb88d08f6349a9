//! What the load balancer controller says to a change of the Ingress.

use serde_json::{Value, json};

use super::{START, deployment, failed, told};
use crate::{
    testing::object,
    wait::evidence::{Evidence, SILENCE, Verdict},
};

/// An Ingress with an address that was changed at five seconds past.
fn changed() -> Evidence {
    let done = json!({"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1});
    let ingress = object(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {
            "name": "mcp-server", "namespace": "mcp-acme", "uid": "i", "creationTimestamp": "2026-01-01T10:00:00Z",
            "managedFields": [{"manager": "mcpctl", "operation": "Apply", "time": "2026-01-01T10:00:05Z"}],
        },
        "spec": {"ingressClassName": "mcp"},
        "status": {"loadBalancer": {"ingress": [{"hostname": "alb"}]}},
    }));
    Evidence::new(&object(deployment(1, 1, &done)), (Some(&ingress), true))
}

fn controller(second: u64, reason: &str, message: &str) -> Value {
    json!({
        "metadata": {"resourceVersion": second.to_string()}, "reason": reason, "message": message,
        "involvedObject": {"kind": "Ingress", "uid": "i"}, "lastTimestamp": format!("2026-01-01T10:00:0{second}Z"),
    })
}

#[test]
fn a_change_of_the_ingress_counts_when_its_controller_has_taken_it() {
    let mut evidence = changed();
    assert!(evidence.was_changed());
    evidence.present("Event", controller(4, "SuccessfullyReconciled", ""), START);
    assert_eq!(evidence.patience_ends(START), Some(SILENCE));
    assert_eq!(
        told(evidence.verdict(START)),
        "the load balancer controller has not taken the change of the Ingress yet"
    );
    // An event may be lost, and a controller may be down: the tenant serves as it did.
    assert_eq!(evidence.verdict(SILENCE), Verdict::Ready);
    let said = evidence.reservation().expect("a reservation").line;
    assert!(
        said.contains("mcp-acme/mcp-server has an effect is not known"),
        "{said}"
    );
    evidence.present("Event", controller(5, "SuccessfullyReconciled", ""), START);
    assert_eq!(evidence.verdict(START), Verdict::Ready);
    assert_eq!(evidence.reservation(), None);
    assert_eq!(evidence.patience_ends(START), None);
}

#[test]
fn a_change_that_the_controller_refuses_is_a_failure_and_that_of_another_a_reservation() {
    let mut evidence = changed();
    evidence.present(
        "Event",
        controller(5, "FailedBuildModel", "of before, perhaps"),
        START,
    );
    assert_eq!(evidence.complaint(), None);
    let why = "Failed build model due to ingress: mcp-acme/mcp-server: no";
    evidence.present("Event", controller(6, "FailedBuildModel", why), START);
    let said = failed(evidence.verdict(START));
    assert!(
        said[0].starts_with("Ingress mcp-acme/mcp-server blocks"),
        "{said:?}"
    );

    evidence.present(
        "Event",
        controller(7, "FailedBuildModel", "ingress: team-x/web: no"),
        START,
    );
    evidence.members(vec![json!({
        "metadata": {"name": "web", "namespace": "team-x"}, "spec": {"ingressClassName": "mcp"},
    })]);
    assert_eq!(evidence.verdict(START), Verdict::Ready);
    let said = evidence.reservation().expect("a reservation").line;
    let start = "what was changed at Ingress mcp-acme/mcp-server has no effect yet: Ingress team-x/web blocks";
    assert!(said.starts_with(start), "{said}");
}
