//! The calls that change a role.

use aws_sdk_iam::types::Tag;
use serde_json::Value;

use super::{Answer, Iam, OUR_POLICY, tag_map, to_object};
use crate::{
    backend::{
        CallError,
        call::{absent_is_fine, call},
        retry::once_marked,
    },
    diff::Change,
    marks::CLUSTER,
    object::Object,
};

impl Iam {
    /// Makes a role whole: trust, path, tags and boundary in one call, then its policies.
    ///
    /// # Errors
    /// The first call that fails; what was made stays, and the next run goes on from there.
    pub async fn create(&self, wanted: &Object) -> Answer<Object> {
        let spec = &wanted.tree["spec"];
        let name = wanted.text("/spec/name");
        let boundary = spec["permissionsBoundary"].as_str().map(str::to_string);
        let output = call(&format!("iam:CreateRole {name}"), async || {
            self.client
                .create_role()
                .role_name(name)
                .path(wanted.text("/spec/path"))
                .assume_role_policy_document(spec["assumeRolePolicyDocument"].to_string())
                .set_permissions_boundary(boundary.clone())
                .set_tags(Some(tags(spec)))
                .send()
                .await
        })
        .await?;
        for (policy, document) in spec["inlinePolicies"].as_object().into_iter().flatten() {
            once_marked(async || self.put_policy(name, policy, document).await).await?;
        }
        let managed = spec["policies"].as_array().into_iter().flatten();
        for arn in managed.filter_map(Value::as_str) {
            once_marked(async || self.attach(name, arn).await).await?;
        }
        let arn = output.role.map(|role| role.arn).unwrap_or_default();
        Ok(to_object(wanted.id(), spec, &arn))
    }

    /// Puts back what differs, and nothing else.
    ///
    /// # Errors
    /// The first call that fails.
    pub async fn update(
        &self,
        wanted: &Object,
        live: &Object,
        changes: &[Change],
    ) -> Answer<Object> {
        let mut wrote = false;
        let updated = self.put_back(wanted, changes, &mut wrote).await;
        updated.map_err(|error| CallError {
            after_writes: wrote,
            ..error
        })?;
        Ok(to_object(
            wanted.id(),
            &wanted.tree["spec"],
            live.text("/status/ackResourceMetadata/arn"),
        ))
    }

    async fn put_back(&self, wanted: &Object, changes: &[Change], wrote: &mut bool) -> Answer<()> {
        let spec = &wanted.tree["spec"];
        let name = wanted.text("/spec/name");
        let touches = |prefix: &str| changes.iter().any(|change| change.path.starts_with(prefix));
        // What is taken over is marked first: a policy of the caller's that asks for our tag allows the rest only then.
        let claim = format!("spec.tags[{CLUSTER}]");
        let claims = |change: &Change| is_tag(change) && change.path == claim;
        if changes.iter().any(claims) {
            self.tag(name, spec).await?;
            *wrote = true;
            return once_marked(async || {
                let rest = changes.iter().filter(|change| !is_tag(change)).cloned();
                let rest: Vec<Change> = rest.collect();
                Box::pin(self.put_back(wanted, &rest, &mut true)).await
            })
            .await;
        }
        // Then the boundary: until it is back the role may do more than it should.
        if touches("spec.permissionsBoundary") {
            self.set_boundary(name, spec["permissionsBoundary"].as_str())
                .await?;
            *wrote = true;
        }
        if touches("spec.assumeRolePolicyDocument") {
            self.put_trust(name, &spec["assumeRolePolicyDocument"])
                .await?;
            *wrote = true;
        }
        if touches("spec.inlinePolicies.mcpctl") {
            match spec.pointer("/inlinePolicies/mcpctl") {
                Some(document) => self.put_policy(name, OUR_POLICY, document).await?,
                None => _ = absent_is_fine(self.delete_policy(name, OUR_POLICY).await)?,
            }
            *wrote = true;
        }
        self.put_back_managed(wanted, changes, wrote).await
    }

    /// Managed policies, and the tag by which ours are told from others'. It knows each of ours at any moment: what goes is
    /// detached before the tag forgets it, what comes is attached after the tag names it.
    async fn put_back_managed(
        &self,
        wanted: &Object,
        changes: &[Change],
        wrote: &mut bool,
    ) -> Answer<()> {
        let name = wanted.text("/spec/name");
        let managed = |change: &&Change| change.path.starts_with("spec.policies[");
        let attachments = || changes.iter().filter(managed);
        let goes = attachments().filter(|change| change.want.is_none());
        for arn in goes.filter_map(|change| change.have.as_ref()?.as_str()) {
            absent_is_fine(self.detach(name, arn).await)?;
            *wrote = true;
        }
        if changes.iter().any(is_tag) {
            self.tag(name, &wanted.tree["spec"]).await?;
            *wrote = true;
        }
        let surplus = changes.iter().filter(|change| change.want.is_none());
        let keys: Vec<String> = surplus
            .filter_map(|change| change.path.strip_prefix("spec.tags[")?.strip_suffix(']'))
            .map(str::to_string)
            .collect();
        if !keys.is_empty() {
            self.untag(name, &keys).await?;
            *wrote = true;
        }
        for arn in attachments().filter_map(|change| change.want.as_ref()?.as_str()) {
            self.attach(name, arn).await?;
            *wrote = true;
        }
        Ok(())
    }

    async fn tag(&self, role: &str, spec: &Value) -> Answer<()> {
        call(&format!("iam:TagRole {role}"), async || {
            let request = self.client.tag_role().role_name(role);
            request.set_tags(Some(tags(spec))).send().await
        })
        .await
        .map(|_| ())
    }

    async fn untag(&self, role: &str, keys: &[String]) -> Answer<()> {
        call(&format!("iam:UntagRole {role}"), async || {
            let request = self.client.untag_role().role_name(role);
            request.set_tag_keys(Some(keys.to_vec())).send().await
        })
        .await
        .map(|_| ())
    }

    /// Deletes a role after our inline policy and the managed ones that it was read with. Others make IAM refuse. False when
    /// it was gone already.
    ///
    /// # Errors
    /// The first call that fails.
    pub async fn delete(&self, live: &Object) -> Answer<bool> {
        let name = live.text("/spec/name");
        let mut wrote = false;
        let later = |wrote: bool| {
            move |error: CallError| CallError {
                after_writes: wrote,
                ..error
            }
        };
        wrote |= absent_is_fine(self.delete_policy(name, OUR_POLICY).await)?;
        let managed = live.tree["spec"]["policies"].as_array();
        let managed = managed.into_iter().flatten();
        for arn in managed.filter_map(Value::as_str) {
            let detached = self.detach(name, arn).await;
            wrote |= absent_is_fine(detached).map_err(later(wrote))?;
        }
        let deleted = call(&format!("iam:DeleteRole {name}"), async || {
            self.client.delete_role().role_name(name).send().await
        })
        .await;
        absent_is_fine(deleted).map_err(later(wrote))
    }

    async fn put_trust(&self, role: &str, document: &Value) -> Answer<()> {
        call(&format!("iam:UpdateAssumeRolePolicy {role}"), async || {
            let request = self.client.update_assume_role_policy().role_name(role);
            request.policy_document(document.to_string()).send().await
        })
        .await
        .map(|_| ())
    }

    async fn put_policy(&self, role: &str, name: &str, document: &Value) -> Answer<()> {
        call(&format!("iam:PutRolePolicy {role} {name}"), async || {
            let request = self
                .client
                .put_role_policy()
                .role_name(role)
                .policy_name(name);
            request.policy_document(document.to_string()).send().await
        })
        .await
        .map(|_| ())
    }

    async fn delete_policy(&self, role: &str, name: &str) -> Answer<()> {
        call(&format!("iam:DeleteRolePolicy {role} {name}"), async || {
            self.client
                .delete_role_policy()
                .role_name(role)
                .policy_name(name)
                .send()
                .await
        })
        .await
        .map(|_| ())
    }

    async fn attach(&self, role: &str, arn: &str) -> Answer<()> {
        call(&format!("iam:AttachRolePolicy {role} {arn}"), async || {
            self.client
                .attach_role_policy()
                .role_name(role)
                .policy_arn(arn)
                .send()
                .await
        })
        .await
        .map(|_| ())
    }

    async fn detach(&self, role: &str, arn: &str) -> Answer<()> {
        call(&format!("iam:DetachRolePolicy {role} {arn}"), async || {
            self.client
                .detach_role_policy()
                .role_name(role)
                .policy_arn(arn)
                .send()
                .await
        })
        .await
        .map(|_| ())
    }

    async fn set_boundary(&self, role: &str, arn: Option<&str>) -> Answer<()> {
        let Some(arn) = arn else {
            let name = format!("iam:DeleteRolePermissionsBoundary {role}");
            let request = || self.client.delete_role_permissions_boundary();
            let gone = call(&name, async || request().role_name(role).send().await).await;
            return absent_is_fine(gone).map(|_| ());
        };
        call(
            &format!("iam:PutRolePermissionsBoundary {role}"),
            async || {
                let request = self.client.put_role_permissions_boundary().role_name(role);
                request.permissions_boundary(arn).send().await
            },
        )
        .await
        .map(|_| ())
    }
}

/// Whether a change is of a tag that is to be set.
fn is_tag(change: &Change) -> bool {
    change.want.is_some() && change.path.starts_with("spec.tags[")
}

fn tags(spec: &Value) -> Vec<Tag> {
    let build = |(key, value): (&str, &str)| Tag::builder().key(key).value(value).build().ok();
    tag_map(spec).into_iter().filter_map(build).collect()
}
