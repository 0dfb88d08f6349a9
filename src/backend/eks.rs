//! Clusters and Pod Identity associations. A living association is read into the same tree that the template makes.

use aws_sdk_eks::types::PodIdentityAssociation;
use serde_json::{Map, Value, json};

use super::{CallError, ClusterInfo, Reason, aws::failed, retry::retry};
use crate::object::{EKS, Id, Object};

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
    /// Who owns it, where that is an add-on.
    pub owner_arn: Option<String>,
}

/// A client for EKS.
#[derive(Clone)]
pub struct Eks {
    client: aws_sdk_eks::Client,
}

impl Eks {
    pub(super) fn new(config: &aws_config::SdkConfig) -> Self {
        Self {
            client: aws_sdk_eks::Client::new(config),
        }
    }

    /// What EKS says about a cluster.
    ///
    /// # Errors
    /// `NotFound` when there is none of this name.
    pub async fn cluster(&self, name: &str) -> Answer<ClusterInfo> {
        let call = || format!("eks:DescribeCluster {name}");
        let output = retry(async || {
            self.client
                .describe_cluster()
                .name(name)
                .send()
                .await
                .map_err(|error| failed(call(), &error))
        })
        .await?;
        let cluster = output.cluster;
        let arn = cluster
            .as_ref()
            .and_then(|cluster| cluster.arn.clone())
            .unwrap_or_default();
        let unusable = |what: &str| CallError {
            call: call(),
            reason: Reason::Other,
            code: String::new(),
            message: format!("the answer has no {what}"),
            retry_after: None,
        };
        let account = arn.split(':').nth(4).unwrap_or_default();
        Ok(ClusterInfo {
            account_id: account
                .parse()
                .map_err(|_| unusable("account id in its ARN"))?,
            endpoint: cluster
                .as_ref()
                .and_then(|cluster| cluster.endpoint.clone())
                .ok_or_else(|| unusable("endpoint"))?,
            certificate_authority: cluster
                .and_then(|cluster| cluster.certificate_authority)
                .and_then(|authority| authority.data)
                .ok_or_else(|| unusable("certificate authority"))?,
        })
    }

    /// The association of a service account; there is at most one.
    ///
    /// # Errors
    /// When EKS does not answer.
    pub async fn association(
        &self,
        id: &Id,
        cluster: &str,
        namespace: &str,
        service_account: &str,
    ) -> Answer<Option<Object>> {
        let found = self
            .associations(cluster, Some((namespace, service_account)))
            .await?;
        match found.first() {
            Some(summary) => self.describe(id, cluster, &summary.id).await,
            None => Ok(None),
        }
    }

    /// The associations of a cluster, or of one service account.
    ///
    /// # Errors
    /// When EKS does not answer.
    pub async fn associations(
        &self,
        cluster: &str,
        of: Option<(&str, &str)>,
    ) -> Answer<Vec<AssociationSummary>> {
        let call = || match of {
            Some((namespace, account)) => {
                format!("eks:ListPodIdentityAssociations {cluster} {namespace}/{account}")
            }
            None => format!("eks:ListPodIdentityAssociations {cluster}"),
        };
        retry(async || {
            let mut request = self
                .client
                .list_pod_identity_associations()
                .cluster_name(cluster);
            if let Some((namespace, account)) = of {
                request = request.namespace(namespace).service_account(account);
            }
            let pages = request.into_paginator().items().send();
            let found: Vec<_> = pages
                .collect::<Result<_, _>>()
                .await
                .map_err(|error| failed(call(), &error))?;
            Ok(found
                .into_iter()
                .map(|summary| AssociationSummary {
                    id: summary.association_id.unwrap_or_default(),
                    namespace: summary.namespace.unwrap_or_default(),
                    service_account: summary.service_account.unwrap_or_default(),
                    owner_arn: summary.owner_arn,
                })
                .collect())
        })
        .await
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
        let call = || format!("eks:DescribePodIdentityAssociation {cluster} {association}");
        let answer = retry(async || {
            let request = self
                .client
                .describe_pod_identity_association()
                .cluster_name(cluster)
                .association_id(association);
            request.send().await.map_err(|error| failed(call(), &error))
        })
        .await;
        match answer {
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
        let mut error = match self.create_once(wanted).await {
            Ok(object) => return Ok(object),
            Err(error) => error,
        };
        // A delete that still spreads answers "in use" while no list shows the association any more.
        let settling = error.reason == Reason::Conflict
            && self
                .associations(cluster, Some((namespace, account)))
                .await?
                .is_empty();
        if settling || (error.reason == Reason::Invalid && mentions_missing_role(&error.message)) {
            error.reason = Reason::Busy;
        }
        Err(error)
    }

    async fn create_once(&self, wanted: &Object) -> Answer<Object> {
        let (cluster, namespace) = (
            wanted.text("/spec/clusterName"),
            wanted.text("/spec/namespace"),
        );
        let account = wanted.text("/spec/serviceAccount");
        let call = || format!("eks:CreatePodIdentityAssociation {cluster} {namespace}/{account}");
        let output = retry(async || {
            let mut request = self
                .client
                .create_pod_identity_association()
                .cluster_name(cluster)
                .namespace(namespace)
                .service_account(account)
                .role_arn(wanted.text("/spec/roleARN"));
            for (key, value) in wanted.tree["spec"]["tags"]
                .as_object()
                .into_iter()
                .flatten()
            {
                request = request.tags(key, value.as_str().unwrap_or_default());
            }
            request.send().await.map_err(|error| failed(call(), &error))
        })
        .await?;
        Ok(output.association.map_or_else(
            || wanted.clone(),
            |association| to_object(wanted.id(), &association),
        ))
    }

    /// Points an association at the wanted role, with session tags on and no second role, and puts our tags back.
    ///
    /// # Errors
    /// The first call that fails.
    pub async fn update(&self, wanted: &Object, live: &Object, only_tags: bool) -> Answer<Object> {
        let (cluster, association) = (
            wanted.text("/spec/clusterName"),
            live.text("/status/associationID"),
        );
        if !only_tags {
            let call = || format!("eks:UpdatePodIdentityAssociation {cluster} {association}");
            let second_role = live.tree["spec"]
                .get("targetRoleARN")
                .map(|_| String::new());
            retry(async || {
                let request = self
                    .client
                    .update_pod_identity_association()
                    .cluster_name(cluster)
                    .association_id(association)
                    .role_arn(wanted.text("/spec/roleARN"))
                    .disable_session_tags(false)
                    .set_target_role_arn(second_role.clone());
                request.send().await.map_err(|error| failed(call(), &error))
            })
            .await?;
        }
        if wanted.tree["spec"]["tags"] != live.tree["spec"]["tags"] {
            let call = || format!("eks:TagResource {association}");
            retry(async || {
                let mut request = self
                    .client
                    .tag_resource()
                    .resource_arn(live.text("/status/ackResourceMetadata/arn"));
                for (key, value) in wanted.tree["spec"]["tags"]
                    .as_object()
                    .into_iter()
                    .flatten()
                {
                    request = request.tags(key, value.as_str().unwrap_or_default());
                }
                request.send().await.map_err(|error| failed(call(), &error))
            })
            .await?;
        }
        let mut updated = wanted.clone();
        updated.tree["status"] = live.tree["status"].clone();
        Ok(updated)
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
        let call = || format!("eks:DeletePodIdentityAssociation {cluster} {association}");
        let answer = retry(async || {
            let request = self
                .client
                .delete_pod_identity_association()
                .cluster_name(cluster)
                .association_id(association);
            request.send().await.map_err(|error| failed(call(), &error))
        })
        .await;
        match answer {
            Ok(_) => Ok(true),
            Err(error) if error.reason == Reason::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
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
    let optional = [
        ("targetRoleARN", &association.target_role_arn),
        ("policy", &association.policy),
    ];
    for (field, value) in optional {
        if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
            spec[field] = value.as_str().into();
        }
    }
    let tree = json!({
        "apiVersion": format!("{EKS}/v1alpha1"),
        "kind": "PodIdentityAssociation",
        "metadata": {"name": id.name, "namespace": id.namespace},
        "spec": spec,
        "status": {
            "associationID": association.association_id,
            "ownerARN": association.owner_arn,
            "ackResourceMetadata": {"arn": association.association_arn},
        },
    });
    Object::new(tree).unwrap_or_else(|_| unreachable!("has kind and name"))
}
