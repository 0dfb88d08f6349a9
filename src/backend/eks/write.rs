//! The calls that change associations.

use std::collections::HashMap;

use serde_json::Value;

use super::{Answer, Eks, to_object};
use crate::{
    backend::{
        CallError, Reason,
        call::{absent_is_fine, call},
        retry::once_marked,
    },
    marks::CLUSTER,
    object::Object,
};

impl Eks {
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

    /// Gives an association the wanted roles and session tags, and puts our tags back. What is taken over is marked
    /// first: a policy of the caller's that asks for our tag allows the rest only then. The answer has what EKS says it
    /// has now, which may be more than was wanted.
    ///
    /// # Errors
    /// The first call that fails.
    pub async fn update(&self, wanted: &Object, live: &Object, only_tags: bool) -> Answer<Object> {
        let mut updated = wanted.clone();
        updated.tree["status"] = live.tree["status"].clone();
        let (wanted_tags, live_tags) = (tags(wanted), tags(live));
        let claims = wanted_tags.contains_key(CLUSTER) && !live_tags.contains_key(CLUSTER);
        let mut wrote = false;
        let later = |wrote: bool| {
            move |error: CallError| CallError {
                after_writes: wrote,
                ..error
            }
        };
        if claims {
            self.tag(wanted, live).await?;
            wrote = true;
        }
        if !only_tags {
            let change = async || self.change(wanted, live).await;
            let changed = if claims {
                once_marked(change).await
            } else {
                change().await
            };
            let changed = changed.map_err(later(wrote))?;
            if let Some(now) = changed {
                let tags = updated.tree["spec"]["tags"].take();
                updated.tree["spec"] = now.tree["spec"].clone();
                updated.tree["spec"]["tags"] = tags;
                updated.tree["status"] = now.tree["status"].clone();
            }
            wrote = true;
        }
        let ours = |key: &&String| key.starts_with("mcpctl.dev/");
        let surplus = live_tags
            .keys()
            .filter(|key| ours(key) && !wanted_tags.contains_key(*key));
        let surplus: Vec<String> = surplus.cloned().collect();
        if !surplus.is_empty() {
            self.untag(live, &surplus).await.map_err(later(wrote))?;
            wrote = true;
        }
        let mut all = wanted_tags.iter();
        if !claims && all.any(|(key, value)| live_tags.get(key) != Some(value)) {
            self.tag(wanted, live).await.map_err(later(wrote))?;
        }
        Ok(updated)
    }

    async fn tag(&self, wanted: &Object, live: &Object) -> Answer<()> {
        let name = format!("eks:TagResource {}", live.text("/status/associationID"));
        let arn = live.text("/status/ackResourceMetadata/arn");
        let tagged = call(&name, async || {
            let request = self.client.tag_resource().resource_arn(arn);
            request.set_tags(Some(tags(wanted))).send().await
        });
        tagged.await.map(|_| ())
    }

    async fn untag(&self, live: &Object, keys: &[String]) -> Answer<()> {
        let name = format!("eks:UntagResource {}", live.text("/status/associationID"));
        let arn = live.text("/status/ackResourceMetadata/arn");
        let untagged = call(&name, async || {
            let request = self.client.untag_resource().resource_arn(arn);
            request.set_tag_keys(Some(keys.to_vec())).send().await
        });
        untagged.await.map(|_| ())
    }

    async fn change(&self, wanted: &Object, live: &Object) -> Answer<Option<Object>> {
        let (cluster, association) = (
            wanted.text("/spec/clusterName"),
            live.text("/status/associationID"),
        );
        // What is there and not wanted is taken off by saying it empty. EKS's reference does not say that it does that:
        // the caller looks at the answer.
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
