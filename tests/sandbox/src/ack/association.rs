//! Associations, on the front's EKS, from which the Pod Identity webhook learns of them.

use anyhow::Result;
use http::Method;
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use super::controller::{Controller, Outcome, has_condition, is_synced};
use crate::load_balancer::world::{key, text};

/// The access key id of the controller's calls.
const CALLER: &str = "ACK";

/// Makes an association or brings it to what its object says.
pub(super) async fn apply(controller: &Controller, object: &Value) -> Outcome {
    let role = match role_arn(controller, object) {
        Ok(arn) => arn,
        Err((known, why)) => return Outcome::Unresolved(known, why),
    };
    match write(controller, object, &role).await {
        Ok(association) => synced(object, &association),
        Err(error) => Outcome::Recoverable(format!("{error:#}")),
    }
}

/// The role that it names, or that of the object that it refers to; else the condition's status, and why.
fn role_arn(controller: &Controller, object: &Value) -> Result<String, (&'static str, String)> {
    let reference = &object["spec"]["roleRef"]["from"];
    if reference.is_null() {
        return Ok(text(&object["spec"]["roleARN"]).to_owned());
    }
    let namespace = reference["namespace"].as_str();
    let namespace = namespace.map_or_else(|| key(object).0, str::to_owned);
    let place = (namespace, text(&reference["name"]).to_owned());
    let why = |what: &str| format!("Role {}/{} {what}", place.0, place.1);
    let Some(role) = controller.roles.get(&place) else {
        return Err(("Unknown", why("is not there")));
    };
    if has_condition(role, "ACK.Terminal") {
        let why = why("the referenced resource is in a terminal state");
        return Err(("False", why));
    }
    let arn = text(&role["status"]["ackResourceMetadata"]["arn"]);
    if !is_synced(role) || arn.is_empty() {
        return Err(("Unknown", why("is not synced")));
    }
    Ok(arn.to_owned())
}

fn synced(object: &Value, association: &Value) -> Outcome {
    let known = &object["status"]["createdAt"];
    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let made = known.as_str().map_or(now, str::to_owned);
    let status = json!({
        "ackResourceMetadata": {"arn": association["associationArn"]},
        "associationARN": association["associationArn"],
        "associationID": association["associationId"],
        "createdAt": made,
        "modifiedAt": made,
    });
    let late = object["spec"].clone();
    Outcome::Synced { status, late }
}

async fn write(controller: &Controller, object: &Value, role: &str) -> Result<Value> {
    let spec = &object["spec"];
    let collection = collection(spec);
    let id = text(&object["status"]["associationID"]);
    if id.is_empty() {
        let body = json!({
            "namespace": spec["namespace"],
            "serviceAccount": spec["serviceAccount"],
            "roleArn": role,
            "tags": tags(object),
        });
        let made = eks(controller, Method::POST, &collection, Some(body)).await?;
        return Ok(made["association"].clone());
    }
    let path = format!("{collection}/{id}");
    let body = json!({"roleArn": role});
    let made = eks(controller, Method::POST, &path, Some(body)).await?;
    let association = made["association"].clone();
    let tags = format!("/tags/{}", text(&association["associationArn"]));
    let body = json!({"tags": self::tags(object)});
    eks(controller, Method::POST, &tags, Some(body)).await?;
    Ok(association)
}

/// Its own tags besides those of the spec.
fn tags(object: &Value) -> Value {
    let mut tags = object["spec"]["tags"].clone();
    let namespace = key(object).0;
    for (name, value) in super::own_tags("eks", &namespace) {
        tags[name] = value.into();
    }
    tags
}

/// One that is gone already is deleted.
pub(super) async fn delete(controller: &Controller, object: &Value) -> Result<()> {
    let id = text(&object["status"]["associationID"]);
    let path = format!("{}/{id}", collection(&object["spec"]));
    match eks(controller, Method::DELETE, &path, None).await {
        Err(error) if format!("{error}").contains("ResourceNotFound") => Ok(()),
        answer => answer.map(|_| ()),
    }
}

fn collection(spec: &Value) -> String {
    format!(
        "/clusters/{}/pod-identity-associations",
        text(&spec["clusterName"])
    )
}

async fn eks(
    controller: &Controller,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Result<Value> {
    let front = controller.front.clone();
    front.eks(CALLER, method, path.to_owned(), body).await
}
