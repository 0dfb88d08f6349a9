use serde_json::{Value, json};

use super::{
    Action, Existing, Options, Plan,
    tests::{options, picture, subject},
    toward,
};
use crate::{
    ack,
    object::{EKS, IAM, Id, Object, State},
    testing::{acme, made, object, written},
};

/// What is wanted where ACK carries role and association out.
fn wanted() -> State {
    let mut state = acme(json!({}));
    for object in state.values_mut() {
        *object = ack::carried(object);
    }
    state
}

/// The same as it lives, with what ACK says of role and association.
fn live(wanted: &State, said: &Value) -> State {
    let mut live = made(wanted);
    for object in live.values_mut().filter(|object| object.id().is_aws()) {
        *object = kept(object, "mcpctl", said);
    }
    live
}

/// An object as the API server keeps it for ACK.
fn kept(object: &Object, manager: &str, said: &Value) -> Object {
    let mut kept = written(object, manager, "Apply");
    kept.tree["metadata"]["uid"] = "1".into();
    kept.tree["status"]["conditions"] = said.clone();
    kept
}

fn synced() -> Value {
    json!([{"type": "ACK.ResourceSynced", "status": "True"}])
}

fn plan(wanted: &State, live: &State) -> Plan {
    let options = Options {
        synced: true,
        ..options()
    };
    toward(wanted, live, &subject(), &options)
}

#[test]
fn the_association_waits_for_the_role_and_the_gate_for_both() {
    insta::assert_snapshot!(picture(&plan(&wanted(), &State::new())), @"
    00 create Namespace mcp-acme
    01 create LimitRange tenant                         <- 13
    02 create ResourceQuota tenant                      <- 13
    03 create Service mcp-server                        <- 13
    04 create ServiceAccount mcp-server                 <- 13
    05 create Role acme                                 <- 13
    06 create PodIdentityAssociation acme               <- 15
    07 create Ingress mcp-server                        <- 03
    08 create NetworkPolicy allow-egress                <- 13
    09 create NetworkPolicy allow-load-balancer         <- 13
    10 create NetworkPolicy default-deny                <- 13
    11 create Deployment mcp-server                     <- 17
    12 create PodDisruptionBudget mcp-server            <- 13
    13 lock Namespace mcp-acme                          <- 00
    14 await synced PodIdentityAssociation acme         <- 06
    15 await synced Role acme                           <- 05
    16 keep host Ingress mcp-server                     <- 07
    17 gate Deployment mcp-server                       <- 01 02 04 08 09 10 12 14 16
    18 await ready Deployment mcp-server                <- 11
    ");
}

#[test]
fn what_ack_has_carried_out_is_not_waited_for() {
    let wanted = wanted();
    let plan = plan(&wanted, &live(&wanted, &synced()));
    assert!(plan.is_clean(), "{}", picture(&plan));
    let awaits = |step: &super::Step| matches!(step.action, Action::AwaitSynced);
    assert!(!plan.steps.iter().any(awaits));
}

#[test]
fn what_ack_has_not_carried_out_is_told_and_waited_for() {
    let wanted = wanted();
    let terminal =
        json!([{"type": "ACK.Terminal", "status": "True", "message": "Resource already exists"}]);
    for (said, why) in [
        (terminal, "ACK.Terminal: Resource already exists"),
        (json!([]), "no ACK controller has looked at it yet"),
    ] {
        let plan = plan(&wanted, &live(&wanted, &said));
        assert!(!plan.is_clean() && !plan.writes());
        let found: Vec<(&str, &str)> = plan
            .unsynced
            .iter()
            .map(|unsynced| (unsynced.id.kind.as_str(), unsynced.why.as_str()))
            .collect();
        assert_eq!(found, [("PodIdentityAssociation", why), ("Role", why)]);
        let awaited = plan
            .steps
            .iter()
            .filter(|step| matches!(step.action, Action::AwaitSynced));
        assert_eq!(awaited.count(), 2);
    }
}

#[test]
fn a_removal_waits_for_what_ack_deletes_the_association_first() {
    let live = live(&wanted(), &synced());
    insta::assert_snapshot!(picture(&plan(&State::new(), &live)), @"
    00 delete Ingress mcp-server                        <- 13
    01 delete Deployment mcp-server                     <- 13
    02 delete PodIdentityAssociation acme               <- 00 01
    03 delete Role acme                                 <- 15
    04 goes LimitRange tenant                           <- 13
    05 goes ResourceQuota tenant                        <- 13
    06 goes Service mcp-server                          <- 13
    07 goes ServiceAccount mcp-server                   <- 13
    08 goes NetworkPolicy allow-egress                  <- 13
    09 goes NetworkPolicy allow-load-balancer           <- 13
    10 goes NetworkPolicy default-deny                  <- 13
    11 goes PodDisruptionBudget mcp-server              <- 13
    12 delete Namespace mcp-acme                        <- 14 16
    13 lock Namespace mcp-acme
    14 await gone Ingress mcp-server                    <- 00
    15 await gone PodIdentityAssociation acme           <- 02
    16 await gone Role acme                             <- 03
    17 await gone Namespace mcp-acme                    <- 04 05 06 07 08 09 10 11 12
    ");
}

#[test]
fn an_object_that_we_did_not_apply_is_in_the_way_and_not_taken_over() {
    let wanted = wanted();
    let role = Id::new(IAM, "Role", "mcpctl-system", "acme");
    for manager in ["kubectl", "argocd-controller"] {
        let mut live = live(&wanted, &synced());
        let other = kept(&wanted[&role], manager, &synced());
        live.insert(role.clone(), other);
        let options = Options {
            synced: true,
            existing: Existing::Adopt,
            ..options()
        };
        let plan = toward(&wanted, &live, &subject(), &options);
        if manager == "kubectl" {
            let conflict = &plan.conflicts[0];
            assert!(!conflict.adoptable, "{conflict:?}");
            assert!(
                conflict.why.contains("but mcpctl did not apply it"),
                "{conflict:?}"
            );
        } else {
            assert!(plan.is_clean(), "{}", picture(&plan));
        }
    }
}

/// What differs on an object after somebody changed the living one.
fn drift(kind: (&str, &str), manager: (&str, &str), change: impl Fn(&mut Value)) -> Plan {
    let wanted = wanted();
    let mut live = live(&wanted, &synced());
    let id = Id::new(kind.0, kind.1, "mcpctl-system", "acme");
    let before = live[&id].clone();
    let mut tree = before.tree.clone();
    change(&mut tree);
    let mut owned = object(json!({"apiVersion": before.api_version(), "kind": kind.1,
        "metadata": {"name": "acme", "namespace": "mcpctl-system"}, "spec": {}}));
    change(&mut owned.tree);
    let entry = written(&owned, manager.0, manager.1).tree["metadata"]["managedFields"][0].clone();
    let entries = tree["metadata"]["managedFields"].as_array_mut();
    entries.expect("entries").push(entry);
    live.insert(id, object(tree));
    plan(&wanted, &live)
}

#[test]
fn what_ack_fills_in_is_no_difference() {
    let late = |tree: &mut Value| tree["spec"]["maxSessionDuration"] = 3600.into();
    let plan = drift((IAM, "Role"), ("controller", "Update"), late);
    assert!(plan.is_clean(), "{}", picture(&plan));
}

#[test]
fn what_a_person_changes_on_the_object_is_a_difference_field_by_field() {
    const ROLE: (&str, &str) = (IAM, "Role");
    const ASSOCIATION: (&str, &str) = (EKS, "PodIdentityAssociation");
    let admin = || json!("arn:aws:iam::1:role/admin");
    for (kind, pointer, field, value, path) in [
        (
            ROLE,
            "/spec",
            "policyRefs",
            json!([{"from": {"name": "admin"}}]),
            "spec.policyRefs",
        ),
        (ROLE, "/spec", "name", json!("other"), "spec.name"),
        (
            ROLE,
            "/metadata",
            "annotations",
            json!({"services.k8s.aws/deletion-policy": "retain"}),
            "metadata.annotations[services.k8s.aws/deletion-policy]",
        ),
        (ASSOCIATION, "/spec", "roleARN", admin(), "spec.roleARN"),
        (
            ASSOCIATION,
            "/spec",
            "targetRoleARN",
            admin(),
            "spec.targetRoleARN",
        ),
    ] {
        let change = |tree: &mut Value| {
            tree.pointer_mut(pointer).expect("a map")[field] = value.clone();
        };
        let plan = drift(kind, ("kubectl-edit", "Update"), change);
        let Some(Action::Update(update)) = plan.change_of(|id| id.is(kind.0, kind.1)) else {
            panic!("{path}: {}", picture(&plan));
        };
        let changes = &update.changes;
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert_eq!(changes[0].path, path);
        assert_eq!(changes[0].owners[0].manager, "kubectl-edit");
    }
}

#[test]
fn metadata_alone_is_patched_since_ack_does_not_look_at_it() {
    let policy = "services.k8s.aws/deletion-policy";
    let place = "/metadata/annotations/services.k8s.aws~1deletion-policy";
    for (annotations, patch) in [
        (
            json!({policy: "retain"}),
            json!([
                {"op": "test", "path": place, "value": "retain"},
                {"op": "replace", "path": place, "value": "delete"},
            ]),
        ),
        (
            json!({"other": "x"}),
            json!([{"op": "add", "path": place, "value": "delete"}]),
        ),
        (
            Value::Null,
            json!([{"op": "add", "path": "/metadata/annotations", "value": {policy: "delete"}}]),
        ),
    ] {
        let change = |tree: &mut Value| {
            let metadata = tree["metadata"].as_object_mut().expect("metadata");
            metadata.remove("annotations");
            if !annotations.is_null() {
                metadata.insert("annotations".into(), annotations.clone());
            }
        };
        for kind in [(IAM, "Role"), (EKS, "PodIdentityAssociation")] {
            let plan = drift(kind, ("kubectl-edit", "Update"), change);
            let Some(Action::Update(update)) = plan.change_of(|id| id.is(kind.0, kind.1)) else {
                panic!("{}", picture(&plan));
            };
            assert_eq!(json!(update.repairs()), patch);
        }
    }
}

#[test]
fn another_applying_tool_holds_its_fields() {
    let boundary = |tree: &mut Value| {
        tree["spec"]["permissionsBoundary"] = "arn:aws:iam::1:policy/wide".into();
    };
    let plan = drift((IAM, "Role"), ("flux", "Apply"), boundary);
    let why = &plan.conflicts[0].why;
    assert!(
        why.starts_with("spec.permissionsBoundary is applied by flux"),
        "{why}"
    );
}
