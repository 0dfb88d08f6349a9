//! What somebody else made or changed: drift, conflicts, and what is named and left alone.

use serde_json::{Value, json};

use super::{find, picture, plan, running};
use crate::{
    object::{Object, State},
    testing::{acme, made, object, written},
};

#[test]
fn a_field_edited_by_hand_is_drift_and_one_that_a_controller_holds_is_a_conflict() {
    let wanted = acme(json!({}));
    let image = |manager: &str, operation: &str| {
        let mut live = made(&wanted);
        running(&mut live);
        let deployment = find(&mut live, "Deployment");
        let container = "/spec/template/spec/containers/0";
        deployment.tree.pointer_mut(container).unwrap()["image"] = "other:1".into();
        let fields = json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {
            "k:{\"name\":\"mcp-server\"}": {"f:image": {}}
        }}}}});
        let entry = crate::testing::entry(manager, operation, &fields);
        let entries = deployment.tree["metadata"]["managedFields"].as_array_mut();
        entries.unwrap().push(entry);
        picture(&plan(&wanted, &live))
    };
    insta::assert_snapshot!(image("kubectl-edit", "Update"), @"
    00 update (spec.template.spec.containers[mcp-server].image) Deployment mcp-server<- 01
    01 lock Namespace mcp-acme
    02 await ready Deployment mcp-server                <- 00
    ");
    insta::assert_snapshot!(image("kubectl", "Apply"), @r#"
    00 await ready Deployment mcp-server
    conflict Deployment mcp-acme/mcp-server: spec.template.spec.containers[mcp-server].image is applied by kubectl: it lives as "other:1", wanted is "registry.example/mcp:1"
    "#);
    insta::assert_snapshot!(image("image-updater", "Update"), @r#"
    00 await ready Deployment mcp-server
    conflict Deployment mcp-acme/mcp-server: spec.template.spec.containers[mcp-server].image is set by image-updater: it lives as "other:1", wanted is "registry.example/mcp:1"
    "#);
}

#[test]
fn a_label_taken_off_is_put_back_and_a_label_of_another_tenant_is_a_conflict() {
    let wanted = acme(json!({}));
    let relabelled = |tenant: Value| {
        let mut live = made(&wanted);
        running(&mut live);
        let labels = &mut find(&mut live, "Service").tree["metadata"]["labels"];
        match tenant {
            Value::Null => drop(labels.as_object_mut().unwrap().remove("mcpctl.dev/tenant")),
            other => labels["mcpctl.dev/tenant"] = other,
        }
        picture(&plan(&wanted, &live))
    };
    insta::assert_snapshot!(relabelled(Value::Null), @"
    00 update (metadata.labels[mcpctl.dev/tenant]) Service mcp-server<- 01
    01 lock Namespace mcp-acme
    02 await ready Deployment mcp-server                <- 00
    ");
    insta::assert_snapshot!(relabelled("other".into()), @"
    00 await ready Deployment mcp-server
    conflict Service mcp-acme/mcp-server: exists and is not ours: it belongs to tenant other
    ");
}

#[test]
fn all_that_is_not_ours_is_named_at_once_with_its_owner() {
    let wanted = acme(json!({}));
    let mut live = State::new();
    let mut keep = |mut foreign: Object, change: &dyn Fn(&mut Value)| {
        change(&mut foreign.tree);
        live.insert(foreign.id().clone(), foreign);
    };
    let of = |kind: &str| wanted.values().find(|object| object.id().kind == kind);
    keep(
        written(
            &object(
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mcp-acme"}}),
            ),
            "kubectl-create",
            "Update",
        ),
        &|_| {},
    );
    keep(of("Role").unwrap().clone(), &|tree| {
        tree["spec"]["tags"] = json!([]);
        tree["status"] =
            json!({"ackResourceMetadata": {"arn": "arn:aws:iam::123456789012:role/acme"}});
    });
    keep(of("PodIdentityAssociation").unwrap().clone(), &|tree| {
        tree["spec"]["tags"] =
            json!({"mcpctl.dev/tenant": "acme", "mcpctl.dev/cluster": "staging"});
    });
    insta::assert_snapshot!(picture(&plan(&wanted, &live)), @"
    00 create LimitRange tenant                         <- 10
    01 create ResourceQuota tenant                      <- 10
    02 create Service mcp-server                        <- 10
    03 create ServiceAccount mcp-server                 <- 10
    04 create Ingress mcp-server                        <- 02
    05 create NetworkPolicy allow-egress                <- 10
    06 create NetworkPolicy allow-load-balancer         <- 10
    07 create NetworkPolicy default-deny                <- 10
    08 create Deployment mcp-server                     <- 12
    09 create PodDisruptionBudget mcp-server            <- 10
    10 lock Namespace mcp-acme
    11 keep host Ingress mcp-server                     <- 04
    12 gate Deployment mcp-server                       <- 00 01 03 05 06 07 09 11
    13 await ready Deployment mcp-server                <- 08
    conflict Namespace mcp-acme: exists and is not ours: it has no label mcpctl.dev/tenant
    conflict Role acme: exists (arn:aws:iam::123456789012:role/acme) and is not ours: it has no tag mcpctl.dev/tenant
    conflict PodIdentityAssociation acme: exists (arn:aws:iam::123456789012:role/mcpctl/prod/acme-a9231ac3a2) and is not ours: it belongs to tenant acme of cluster staging
    ");
}

#[test]
fn what_an_addon_of_eks_owns_is_never_ours() {
    let wanted = acme(json!({}));
    let mut live = made(&wanted);
    running(&mut live);
    find(&mut live, "PodIdentityAssociation").tree["status"] =
        json!({"ownerARN": "arn:aws:eks:eu-west-1:123456789012:addon/prod/efs"});
    insta::assert_snapshot!(picture(&plan(&wanted, &live)), @"
    00 await ready Deployment mcp-server
    conflict PodIdentityAssociation acme: exists (arn:aws:iam::123456789012:role/mcpctl/prod/acme-a9231ac3a2) and is not ours: it belongs to arn:aws:eks:eu-west-1:123456789012:addon/prod/efs
    ");
}

#[test]
fn policies_that_somebody_put_on_the_role_are_named_and_left_alone() {
    let wanted = acme(json!({}));
    let mut live = made(&wanted);
    running(&mut live);
    let spec = &mut find(&mut live, "Role").tree["spec"];
    spec["policies"] = json!(["arn:aws:iam::aws:policy/AdministratorAccess"]);
    spec["inlinePolicies"]["extra"] = json!({});
    let plan = plan(&wanted, &live);
    assert!(!plan.writes() && !plan.is_clean());
    insta::assert_snapshot!(picture(&plan), @"
    00 await ready Deployment mcp-server
    foreign Role acme: inline policy extra
    foreign Role acme: managed policy arn:aws:iam::aws:policy/AdministratorAccess
    ");
}
