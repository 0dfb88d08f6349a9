//! What each call needs permissions for: actions, ARNs and condition keys.
//!
//! Source: Service Authorization Reference, "Actions, resources, and condition keys" for AWS Identity and Access
//! Management and for Amazon Elastic Kubernetes Service.

use std::collections::BTreeMap;

use http::Uri;
use serde_json::Value;

use super::eks::{query, segments};
use super::form::Form;
use super::permissions::{Ask, condition_key};
use super::state::State;
use crate::aws::AwsCall;

type Tags = BTreeMap<String, String>;

/// All that must be allowed for a call to be carried out.
pub(super) fn asks(state: &mut State, call: &AwsCall, uri: &Uri) -> Vec<Ask> {
    match call.service.as_str() {
        "iam" => of_iam(state, call),
        "eks" => of_eks(state, call, uri),
        // `GetCallerIdentity` needs no permission.
        _ => Vec::new(),
    }
}

impl Ask {
    fn new(service: &str, action: &str, resource: String) -> Self {
        Self {
            action: format!("{service}:{action}"),
            resource,
            context: BTreeMap::new(),
        }
    }

    fn with(mut self, key: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            let values = self.context.entry(condition_key(key)).or_default();
            values.push(value.to_owned());
        }
        self
    }

    fn on(self, tags: Option<&Tags>) -> Self {
        let tags = tags.into_iter().flatten();
        tags.fold(self, |ask, (key, value)| {
            ask.with(&format!("aws:ResourceTag/{key}"), Some(value))
        })
    }

    fn giving(self, tags: &Tags) -> Self {
        tags.iter().fold(self, |ask, (key, value)| {
            ask.with(&format!("aws:RequestTag/{key}"), Some(value))
                .with("aws:TagKeys", Some(key))
        })
    }

    fn taking<'a>(self, keys: impl IntoIterator<Item = &'a str>) -> Self {
        keys.into_iter()
            .fold(self, |ask, key| ask.with("aws:TagKeys", Some(key)))
    }
}

fn of_iam(state: &mut State, call: &AwsCall) -> Vec<Ask> {
    let form = Form::new(&call.parameters);
    let operation = call.operation.as_str();
    let ask = |resource| Ask::new("iam", operation, resource);
    let name = form.get("RoleName").unwrap_or_default();
    let tags = form.tags().unwrap_or_default();
    match operation {
        // It takes no resource.
        "ListRoles" => return vec![ask("*".to_owned())],
        "CreateRole" => {
            let path = form.get("Path").unwrap_or("/");
            let arn = state.iam_arn(&format!("role{path}{name}"));
            let boundary = form.get("PermissionsBoundary");
            let create = ask(arn.clone()).giving(&tags);
            let create = create.with("iam:PermissionsBoundary", boundary);
            // With tags it is tagging too: iann0036/iamlive#97.
            let tag = Ask::new("iam", "TagRole", arn).giving(&tags);
            let tag = Some(tag).filter(|_| !tags.is_empty());
            return std::iter::once(create).chain(tag).collect();
        }
        _ => {}
    }
    // A refusal names a role by its name alone (openshift/configuration-anomaly-detection and others quote one), and
    // of one that does not exist nobody knows the path.
    let unknown = state.iam_arn(&format!("role/{name}"));
    let role = state.role_mut(name);
    let ask = ask(role.as_ref().map_or(unknown, |role| role.arn.clone()));
    let (tags_now, now) = match role {
        Some(role) if role.tags_unseen_for > 0 => {
            role.tags_unseen_for -= 1;
            (None, role.boundary.clone())
        }
        Some(role) => (Some(role.tags.clone()), role.boundary.clone()),
        None => (None, None),
    };
    let ask = ask.on(tags_now.as_ref());
    let boundary = match operation {
        "PutRolePermissionsBoundary" => form.get("PermissionsBoundary"),
        "PutRolePolicy"
        | "DeleteRolePolicy"
        | "AttachRolePolicy"
        | "DetachRolePolicy"
        | "DeleteRolePermissionsBoundary" => now.as_deref(),
        _ => None,
    };
    let ask = ask
        .with("iam:PermissionsBoundary", boundary)
        .with("iam:PolicyARN", form.get("PolicyArn"))
        .giving(&tags)
        .taking(form.list("TagKeys"));
    vec![ask]
}

fn of_eks(state: &State, call: &AwsCall, uri: &Uri) -> Vec<Ask> {
    let segments = segments(uri.path());
    let segments = segments.iter().map(AsRef::as_ref).collect::<Vec<_>>();
    let operation = call.operation.as_str();
    let body = &call.parameters;
    let tags = serde_json::from_value::<Tags>(body["tags"].clone()).unwrap_or_default();
    let ask = |resource: &str| Ask::new("eks", operation, state.eks_arn(resource));
    match segments.as_slice() {
        ["tags", arn @ ..] => {
            let arn = arn.join("/");
            let tagged = state.associations.values();
            let tagged = tagged.map(|one| (&one.association_arn, &one.tags));
            let mut tagged = tagged.chain(state.clusters.values().map(|one| (&one.arn, &one.tags)));
            let now = tagged.find(|(own, _)| **own == arn).map(|(_, tags)| tags);
            let query = query(uri);
            let keys = query.iter().filter(|(name, _)| name == "tagKeys");
            let ask = Ask::new("eks", operation, arn).on(now).giving(&tags);
            vec![ask.taking(keys.map(|(_, key)| key.as_str()))]
        }
        ["clusters", cluster, "pod-identity-associations", id] => {
            let one = state.associations.get(*id).map(|one| &one.tags);
            let ask = ask(&format!("podidentityassociation/{cluster}/{id}")).on(one);
            std::iter::once(ask)
                .chain(pass(state, cluster, body))
                .collect()
        }
        ["clusters", cluster, "addons", addon] => {
            // The last part of an add-on's ARN is a UUID.
            vec![ask(&format!(
                "addon/{cluster}/{addon}/00000000-0000-4000-8000-000000000000"
            ))]
        }
        ["clusters", cluster, ..] => {
            let mut asks = vec![ask(&format!("cluster/{cluster}")).giving(&tags)];
            if operation == "CreatePodIdentityAssociation" && !tags.is_empty() {
                // With tags it is tagging too: aws/karpenter-provider-aws#5544.
                let arn = state.eks_arn(&format!("podidentityassociation/{cluster}/a-new"));
                asks.push(Ask::new("eks", "TagResource", arn).giving(&tags));
            }
            asks.into_iter().chain(pass(state, cluster, body)).collect()
        }
        _ => Vec::new(),
    }
}

/// Who names a role in an association passes it on.
///
/// Source: EKS User Guide, "Assign an IAM role to a Kubernetes service account"; the keys as in EMR on EKS Development
/// Guide, "Setting up EKS Pod Identities". No key tells the role's tags: aws/copilot-cli#2160.
fn pass(state: &State, cluster: &str, body: &Value) -> Option<Ask> {
    let role = body["roleArn"].as_str()?;
    let cluster = state.eks_arn(&format!("cluster/{cluster}"));
    let ask = Ask::new("iam", "PassRole", role.to_owned())
        .with("iam:PassedToService", Some("pods.eks.amazonaws.com"))
        .with("iam:AssociatedResourceArn", Some(&cluster));
    Some(ask)
}
