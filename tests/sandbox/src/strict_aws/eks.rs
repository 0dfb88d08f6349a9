//! EKS: which path is which operation, clusters, add-ons and tags.

mod associations;

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::Uri;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::fault::Fault;
use super::resources::Cluster;
use super::rules;
use super::state::State;
use super::wire;
use crate::aws::AwsCall;

type Reply = Result<Value, Fault>;

/// Carries out a call of EKS.
pub(super) fn answer(state: &mut State, call: &AwsCall, uri: &Uri) -> Reply {
    let segments = segments(uri.path());
    let segments = segments.iter().map(AsRef::as_ref).collect::<Vec<_>>();
    let query = query(uri);
    let body = &call.parameters;
    match (call.operation.as_str(), segments.as_slice()) {
        ("TagResource", ["tags", arn @ ..]) => tag(state, &arn.join("/"), body),
        ("UntagResource", ["tags", arn @ ..]) => untag(state, &arn.join("/"), &query),
        ("ListTagsForResource", ["tags", arn @ ..]) => {
            let tags = tags(state, &arn.join("/"))?;
            Ok(json!({"tags": tags}))
        }
        (operation, ["clusters", name, rest @ ..]) => {
            let cluster = cluster(state, name)?;
            match (operation, rest) {
                ("DescribeCluster", []) => Ok(describe(name, cluster)),
                ("DescribeAddon", ["addons", addon]) => describe_addon(state, name, addon),
                ("CreatePodIdentityAssociation", ["pod-identity-associations"]) => {
                    associations::create(state, name, body)
                }
                ("ListPodIdentityAssociations", ["pod-identity-associations"]) => {
                    associations::list(state, name, &query)
                }
                ("DescribePodIdentityAssociation", ["pod-identity-associations", id]) => {
                    associations::describe(state, name, id)
                }
                ("UpdatePodIdentityAssociation", ["pod-identity-associations", id]) => {
                    associations::update(state, name, id, body)
                }
                ("DeletePodIdentityAssociation", ["pod-identity-associations", id]) => {
                    associations::delete(state, name, id)
                }
                _ => Err(wire::unknown_operation(operation)),
            }
        }
        (operation, _) => Err(wire::unknown_operation(operation)),
    }
}

pub(super) fn segments(path: &str) -> Vec<Cow<'_, str>> {
    path.trim_matches('/')
        .split('/')
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy())
        .collect()
}

pub(super) fn query(uri: &Uri) -> Vec<(String, String)> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .into_owned()
        .collect()
}

/// Source: EKS API Reference, `DescribeCluster`, errors; the text as in
/// iam-veeramalla/aws-devops-zero-to-hero#40.
fn cluster<'a>(state: &'a State, name: &str) -> Result<&'a Cluster, Fault> {
    state
        .clusters
        .get(name)
        .ok_or_else(|| not_found(&format!("No cluster found for name: {name}.")))
}

fn not_found(message: &str) -> Fault {
    Fault::new(404, "ResourceNotFoundException", message)
}

/// Source: EKS API Reference, `Cluster`.
fn describe(name: &str, cluster: &Cluster) -> Value {
    json!({"cluster": {
        "name": name,
        "arn": cluster.arn,
        "createdAt": cluster.created,
        "version": "1.36",
        "endpoint": cluster.endpoint,
        "certificateAuthority": {"data": cluster.authority},
        "status": cluster.status,
        "platformVersion": "eks.1",
        "tags": cluster.tags,
        "computeConfig": {"enabled": cluster.auto_mode},
        "accessConfig": {"authenticationMode": "API"},
    }})
}

/// Source: EKS API Reference, `DescribeAddon`.
fn describe_addon(state: &State, name: &str, addon: &str) -> Reply {
    let cluster = cluster(state, name)?;
    let status = cluster
        .addons
        .get(addon)
        .ok_or_else(|| not_found(&format!("No addon: {addon} found in cluster: {name}")))?;
    Ok(json!({"addon": {
        "addonName": addon,
        "clusterName": name,
        "status": status,
        "addonVersion": "v1.3.8-eksbuild.2",
        "addonArn": state.eks_arn(&format!("addon/{name}/{addon}/00000000-0000-4000-8000-000000000000")),
        "createdAt": cluster.created,
        "modifiedAt": cluster.created,
        "health": {"issues": []},
        "tags": {},
    }}))
}

/// The tags of a cluster or of an association, by ARN.
///
/// Source: EKS API Reference, `TagResource`, errors: `NotFoundException` 404, `BadRequestException` 400.
fn tags<'a>(state: &'a mut State, arn: &str) -> Result<&'a mut BTreeMap<String, String>, Fault> {
    let clusters = state.clusters.values_mut();
    let clusters = clusters.map(|cluster| (&cluster.arn, &mut cluster.tags));
    let associations = state.associations.values_mut();
    let associations = associations.map(|one| (&one.association_arn, &mut one.tags));
    let mut all = clusters.chain(associations);
    let found = all.find(|(own, _)| own.as_str() == arn);
    found.map(|(_, tags)| tags).ok_or_else(|| {
        let message = format!("Resource was not found: {arn}");
        Fault::new(404, "NotFoundException", &message)
    })
}

fn bad_request(message: &str) -> Fault {
    Fault::new(400, "BadRequestException", message)
}

fn tag(state: &mut State, arn: &str, body: &Value) -> Reply {
    let new = serde_json::from_value::<BTreeMap<String, String>>(body["tags"].clone())
        .map_err(|_| bad_request("Tags are missing or not texts"))?;
    let old = tags(state, arn)?;
    let mut all = old.clone();
    all.extend(new);
    rules::eks_tags(&all).map_err(|message| bad_request(&message))?;
    *old = all;
    Ok(json!({}))
}

fn untag(state: &mut State, arn: &str, query: &[(String, String)]) -> Reply {
    let tags = tags(state, arn)?;
    for (name, key) in query {
        if name == "tagKeys" {
            tags.remove(key);
        }
    }
    Ok(json!({}))
}
