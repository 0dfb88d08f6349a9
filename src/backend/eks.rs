//! Clusters and Pod Identity associations. A living association is read into the same tree that the template makes.

use aws_sdk_eks::types::{PodIdentityAssociation, PodIdentityAssociationSummary};
use serde_json::{Map, Value, json};

use super::{CallError, Reason, call::call, trace};
use crate::object::{EKS, Id, Object, PLATFORM_NAMESPACE};

mod addon;
mod cluster;
mod write;

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
            "createdAt": association.created_at.map(|time| time.secs()),
            "modifiedAt": association.modified_at.map(|time| time.secs()),
            "externalID": association.external_id,
            "ownerARN": association.owner_arn,
            "ackResourceMetadata": {"arn": association.association_arn},
        },
    });
    Object::new(tree).unwrap_or_else(|_| unreachable!("has kind and name"))
}
