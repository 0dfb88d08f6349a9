//! Clusters and Pod Identity associations. A living association is read into the same tree that the template makes.

use std::collections::HashMap;

use aws_sdk_eks::types::{PodIdentityAssociation, PodIdentityAssociationSummary};
use serde_json::{Map, Value, json};

use super::{
    CallError, Reason,
    call::{absent_is_fine, call},
    trace,
};
use crate::object::{EKS, Id, Object, PLATFORM_NAMESPACE};

mod addon;
mod cluster;

pub use addon::Addon;
pub use cluster::ClusterInfo;

type Answer<T> = Result<T, CallError>;

/// An association as a list shows it; lists leave role and tags out.
#[derive(Clone, Debug)]
pub struct AssociationSummary {
    /// `a-…`
    pub id: String,
    /// Namespace.
    pub namespace: String,
    /// Service account.
    pub service_account: String,
    /// ARN of the add-on that made it; empty for none.
    pub owner: String,
}

impl AssociationSummary {
    /// What the summary tells, as an object named after the association.
    pub fn object(&self) -> Object {
        let tree = json!({
            "apiVersion": format!("{EKS}/v1alpha1"),
            "kind": "PodIdentityAssociation",
            "metadata": {"name": self.id, "namespace": PLATFORM_NAMESPACE},
            "spec": {"namespace": self.namespace, "serviceAccount": self.service_account},
        });
        Object::new(tree).unwrap_or_else(|_| unreachable!("has kind and name"))
    }
}

/// A client for EKS.
#[derive(Clone)]
pub struct Eks {
    client: aws_sdk_eks::Client,
}

impl Eks {
    pub(super) fn new(config: &aws_config::SdkConfig) -> Self {
        let config = aws_sdk_eks::config::Builder::from(config)
            .interceptor(trace::Attempts)
            .build();
        Self {
            client: aws_sdk_eks::Client::from_conf(config),
        }
    }

    /// What EKS says about a cluster.
    ///
    /// # Errors
    /// `NotFound` when there is none of this name.
    pub async fn cluster(&self, name: &str) -> Answer<ClusterInfo> {
        let call_name = format!("eks:DescribeCluster {name}");
        let describe = async || self.client.describe_cluster().name(name).send().await;
        let cluster = call(&call_name, describe).await?.cluster;
        cluster.and_then(cluster::read).ok_or_else(|| CallError {
            call: call_name,
            reason: Reason::Other,
            code: String::new(),
            message: "the answer lacks the cluster, its status, or the account in its ARN".into(),
            retry_after: None,
            after_writes: false,
            advice: None,
        })
    }

    /// The associations of a cluster, or of one namespace.
    ///
    /// # Errors
    /// When EKS does not answer.
    pub async fn associations(
        &self,
        cluster: &str,
        namespace: Option<&str>,
    ) -> Answer<Vec<AssociationSummary>> {
        let of = namespace
            .map(|namespace| format!(" {namespace}"))
            .unwrap_or_default();
        let found: Vec<_> = call(
            &format!("eks:ListPodIdentityAssociations {cluster}{of}"),
            async || {
                let request = self
                    .client
                    .list_pod_identity_associations()
                    .cluster_name(cluster);
                let request = request.set_namespace(namespace.map(str::to_string));
                request
                    .into_paginator()
                    .items()
                    .send()
                    .collect::<Result<_, _>>()
                    .await
            },
        )
        .await?;
        let summary = |found: PodIdentityAssociationSummary| AssociationSummary {
            id: found.association_id.unwrap_or_default(),
            namespace: found.namespace.unwrap_or_default(),
            service_account: found.service_account.unwrap_or_default(),
            owner: found.owner_arn.unwrap_or_default(),
        };
        Ok(found.into_iter().map(summary).collect())
    }

    /// Reads one association; none when it went away meanwhile.
    ///
    /// # Errors
    /// When EKS does not answer.
    pub async fn describe(
        &self,
        id: &Id,
        cluster: &str,
        association: &str,
    ) -> Answer<Option<Object>> {
        let name = format!("eks:DescribePodIdentityAssociation {cluster} {association}");
        let answer = call(&name, async || {
            let request = self.client.describe_pod_identity_association();
            request
                .cluster_name(cluster)
                .association_id(association)
                .send()
                .await
        });
        match answer.await {
            Ok(output) => Ok(output
                .association
                .map(|association| to_object(id, &association))),
            Err(error) if error.reason == Reason::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Binds a role to a service account.
    ///
    /// # Errors
    /// `Busy` while EKS does not see the role yet, and while a deleted association still holds the place; `Conflict`
    /// when another one that lives holds it.
    pub async fn create(&self, wanted: &Object) -> Answer<Object> {
        let (cluster, namespace) = (
            wanted.text("/spec/clusterName"),
            wanted.text("/spec/namespace"),
        );
        let account = wanted.text("/spec/serviceAccount");
        let name = format!("eks:CreatePodIdentityAssociation {cluster} {namespace}/{account}");
        let answer = call(&name, async || {
            let request = self
                .client
                .create_pod_identity_association()
                .cluster_name(cluster);
            let request = request.namespace(namespace).service_account(account);
            request
                .role_arn(wanted.text("/spec/roleARN"))
                .disable_session_tags(without_session_tags(wanted))
                .set_target_role_arn(optional(wanted, "targetRoleARN"))
                .set_policy(optional(wanted, "policy"))
                .set_tags(Some(tags(wanted)))
                .send()
                .await
        });
        let mut error = match answer.await {
            Ok(output) => {
                let made = output
                    .association
                    .map(|association| to_object(wanted.id(), &association));
                return Ok(made.unwrap_or_else(|| wanted.clone()));
            }
            Err(error) => error,
        };
        // A delete that still spreads answers "in use" while no list shows the association any more.
        let settling = error.reason == Reason::Conflict
            && !self
                .associations(cluster, Some(namespace))
                .await?
                .iter()
                .any(|found| found.service_account == account);
        if settling || (error.reason == Reason::Invalid && mentions_missing_role(&error.message)) {
            error.reason = Reason::Busy;
        }
        Err(error)
    }

    /// Gives an association the wanted roles and session tags, and puts our tags back.
    ///
    /// # Errors
    /// The first call that fails.
    pub async fn update(&self, wanted: &Object, live: &Object, only_tags: bool) -> Answer<Object> {
        let mut updated = wanted.clone();
        updated.tree["status"] = live.tree["status"].clone();
        if !only_tags && let Some(now) = self.change(wanted, live).await? {
            updated.tree["status"] = now.tree["status"].clone();
        }
        let (arn, association) = (
            live.text("/status/ackResourceMetadata/arn"),
            live.text("/status/associationID"),
        );
        let (wanted_tags, live_tags) = (tags(wanted), tags(live));
        let ours = |key: &&String| key.starts_with("mcpctl.dev/");
        let surplus: Vec<String> = live_tags
            .keys()
            .filter(|key| ours(key) && !wanted_tags.contains_key(*key))
            .cloned()
            .collect();
        if !surplus.is_empty() {
            call(&format!("eks:UntagResource {association}"), async || {
                let request = self.client.untag_resource().resource_arn(arn);
                request.set_tag_keys(Some(surplus.clone())).send().await
            })
            .await?;
        }
        if wanted_tags
            .iter()
            .any(|(key, value)| live_tags.get(key) != Some(value))
        {
            call(&format!("eks:TagResource {association}"), async || {
                let request = self.client.tag_resource().resource_arn(arn);
                request.set_tags(Some(tags(wanted))).send().await
            })
            .await
            .map_err(|error| CallError {
                after_writes: !only_tags || !surplus.is_empty(),
                ..error
            })?;
        }
        Ok(updated)
    }

    async fn change(&self, wanted: &Object, live: &Object) -> Answer<Option<Object>> {
        let (cluster, association) = (
            wanted.text("/spec/clusterName"),
            live.text("/status/associationID"),
        );
        // What is there and not wanted is taken off by saying it empty.
        let said = |field: &str| {
            let gone = live.tree["spec"].get(field).map(|_| String::new());
            optional(wanted, field).or(gone)
        };
        let name = format!("eks:UpdatePodIdentityAssociation {cluster} {association}");
        let output = call(&name, async || {
            let request = self
                .client
                .update_pod_identity_association()
                .cluster_name(cluster);
            request
                .association_id(association)
                .role_arn(wanted.text("/spec/roleARN"))
                .disable_session_tags(without_session_tags(wanted))
                .set_target_role_arn(said("targetRoleARN"))
                .set_policy(said("policy"))
                .send()
                .await
        });
        let association = output.await?.association;
        Ok(association.map(|association| to_object(wanted.id(), &association)))
    }

    /// Deletes an association. False when it was gone already.
    ///
    /// # Errors
    /// When EKS refuses.
    pub async fn delete(&self, live: &Object) -> Answer<bool> {
        let (cluster, association) = (
            live.text("/spec/clusterName"),
            live.text("/status/associationID"),
        );
        let name = format!("eks:DeletePodIdentityAssociation {cluster} {association}");
        let answer = call(&name, async || {
            let request = self.client.delete_pod_identity_association();
            request
                .cluster_name(cluster)
                .association_id(association)
                .send()
                .await
        });
        absent_is_fine(answer.await)
    }
}

fn without_session_tags(object: &Object) -> bool {
    object.tree["spec"]["disableSessionTags"] == true
}

/// A field as EKS takes it: documents as text.
fn optional(object: &Object, field: &str) -> Option<String> {
    match &object.tree["spec"][field] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        document => Some(document.to_string()),
    }
}

fn tags(object: &Object) -> HashMap<String, String> {
    let tags = object.tree["spec"]["tags"]
        .as_object()
        .into_iter()
        .flatten();
    tags.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.into())))
        .collect()
}

/// EKS's text for a role that it does not see (yet): <https://github.com/hashicorp/terraform-provider-aws/pull/34717>
fn mentions_missing_role(message: &str) -> bool {
    let message = message.to_lowercase();
    message.contains("role")
        && (message.contains("does not exist")
            || message.contains("not found")
            || message.contains("cannot be found"))
}

fn to_object(id: &Id, association: &PodIdentityAssociation) -> Object {
    let tags: Map<String, Value> = association
        .tags
        .iter()
        .flatten()
        .map(|(key, value)| (key.clone(), value.as_str().into()))
        .collect();
    let mut spec = json!({
        "clusterName": association.cluster_name,
        "namespace": association.namespace,
        "serviceAccount": association.service_account,
        "roleARN": association.role_arn,
        "disableSessionTags": association.disable_session_tags.unwrap_or_default(),
        "tags": tags,
    });
    let said = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    if let Some(target) = said(&association.target_role_arn) {
        spec["targetRoleARN"] = target.into();
    }
    if let Some(text) = said(&association.policy) {
        spec["policy"] = serde_json::from_str(&text).unwrap_or(Value::String(text));
    }
    let tree = json!({
        "apiVersion": format!("{EKS}/v1alpha1"),
        "kind": "PodIdentityAssociation",
        "metadata": {"name": id.name, "namespace": id.namespace},
        "spec": spec,
        "status": {
            "associationID": association.association_id,
            "modifiedAt": association.modified_at.map(|time| time.secs()),
            "externalID": association.external_id,
            "ownerARN": association.owner_arn,
            "ackResourceMetadata": {"arn": association.association_arn},
        },
    });
    Object::new(tree).unwrap_or_else(|_| unreachable!("has kind and name"))
}
