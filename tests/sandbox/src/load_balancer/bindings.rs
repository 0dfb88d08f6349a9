//! The `TargetGroupBinding` objects that tie target groups to Services, in the tenants' namespaces.
//!
//! Source: `pkg/ingress/model_build_target_group.go`, `pkg/deploy/elbv2/target_group_binding_manager.go`,
//! `controllers/elbv2/targetgroupbinding_controller.go`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::group::{Group, Members, class};
use super::model::backends;
use super::world::{Key, World, annotation, full_name, key, text};
use crate::aws::{ACCOUNT, REGION};
use crate::files::digest;

pub(crate) const FINALIZER: &str = "elbv2.k8s.aws/resources";

/// The bindings that a group shall have.
pub(crate) fn desired(world: &World, group: &Group, members: &Members<'_>) -> BTreeMap<Key, Value> {
    let of_member = |ingress: &&Value| {
        let ingress = *ingress;
        let target_type = target_type(world, ingress);
        let services = backends(ingress).map(|backend| &backend["service"]);
        services
            .filter(|service| service.is_object() && service["port"]["name"] != "use-annotation")
            .map(|service| binding(group, ingress, service, &target_type))
            .collect::<Vec<_>>()
    };
    members
        .active
        .iter()
        .flat_map(of_member)
        .map(|binding| (key(&binding), binding))
        .collect()
}

fn target_type(world: &World, ingress: &Value) -> String {
    let params = class(world, ingress)
        .ok()
        .flatten()
        .and_then(|class| class.params);
    let of_class = params.and_then(|params| params["spec"]["targetType"].as_str());
    of_class
        .or_else(|| annotation(ingress, "target-type"))
        .unwrap_or("instance")
        .to_owned()
}

fn binding(group: &Group, ingress: &Value, service: &Value, target_type: &str) -> Value {
    let (namespace, _) = key(ingress);
    let service_name = text(&service["name"]);
    let port = if service["port"]["number"].is_null() {
        &service["port"]["name"]
    } else {
        &service["port"]["number"]
    };
    let short = |name: &str| {
        name.chars()
            .filter(char::is_ascii_alphanumeric)
            .take(8)
            .collect::<String>()
    };
    let hash = digest(&[
        &group.to_string(),
        &full_name(ingress),
        service_name,
        &port.to_string(),
        target_type,
    ]);
    let name = format!(
        "k8s-{}-{}-{}",
        short(&namespace),
        short(service_name),
        &hash[..10]
    );
    json!({
        "apiVersion": "elbv2.k8s.aws/v1beta1",
        "kind": "TargetGroupBinding",
        "metadata": {"namespace": namespace, "name": name, "labels": labels(group), "finalizers": [FINALIZER]},
        "spec": {
            "ipAddressType": "ipv4",
            "serviceRef": {"name": service_name, "port": port},
            "targetGroupARN":
                format!("arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/{name}/{hash}"),
            "targetType": target_type,
            "vpcID": "vpc-0123456789abcdef0",
        },
    })
}

/// The labels by which the controller finds the bindings of a group again.
fn labels(group: &Group) -> Value {
    match group {
        Group::Explicit(name) => json!({"ingress.k8s.aws/stack": name}),
        Group::Implicit((namespace, name)) => {
            json!({"ingress.k8s.aws/stack-namespace": namespace, "ingress.k8s.aws/stack-name": name})
        }
    }
}

pub(crate) fn belongs(binding: &Value, group: &Group) -> bool {
    binding["metadata"]["labels"] == labels(group)
}

pub(crate) fn collection(namespace: &str) -> String {
    format!("/apis/elbv2.k8s.aws/v1beta1/namespaces/{namespace}/targetgroupbindings")
}
