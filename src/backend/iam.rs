//! Roles. A living role is read into the same tree that the template makes.

use std::collections::BTreeMap;

use aws_sdk_iam::types::Tag;
use serde_json::{Map, Value, json};

use super::{CallError, Reason, aws::failed, retry::retry};
use crate::{
    diff::Change,
    object::{Id, Object},
};

type Answer<T> = Result<T, CallError>;

/// A role as a list shows it; lists leave tags out.
#[derive(Clone, Debug)]
pub struct RoleSummary {
    /// Name.
    pub name: String,
    /// ARN.
    pub arn: String,
}

/// A client for IAM.
#[derive(Clone)]
pub struct Iam {
    client: aws_sdk_iam::Client,
}

impl Iam {
    pub(super) fn new(config: &aws_config::SdkConfig) -> Self {
        Self {
            client: aws_sdk_iam::Client::new(config),
        }
    }

    /// Reads a role with everything that decides what it may do. Of other inline policies than ours only the names.
    ///
    /// # Errors
    /// Anything but "no such role".
    pub async fn role(&self, id: &Id, name: &str) -> Answer<Option<Object>> {
        let call = || format!("iam:GetRole {name}");
        let answer = retry(async || {
            self.client
                .get_role()
                .role_name(name)
                .send()
                .await
                .map_err(|error| failed(call(), &error))
        })
        .await;
        let role = match answer {
            Ok(output) => output.role,
            Err(error) if error.reason == Reason::NotFound => None,
            Err(error) => return Err(error),
        };
        let Some(role) = role else { return Ok(None) };
        let (inline, managed) =
            futures_util::future::try_join(self.inline_policies(name), self.managed_policies(name))
                .await?;
        let tags: Vec<Value> = role
            .tags
            .unwrap_or_default()
            .iter()
            .map(|tag| json!({"key": tag.key, "value": tag.value}))
            .collect();
        let mut spec = json!({
            "name": role.role_name,
            "path": role.path,
            "assumeRolePolicyDocument": document(role.assume_role_policy_document.as_deref().unwrap_or_default()),
            "inlinePolicies": inline,
            "policies": managed,
            "tags": tags,
        });
        if let Some(arn) = role
            .permissions_boundary
            .and_then(|boundary| boundary.permissions_boundary_arn)
        {
            spec["permissionsBoundary"] = arn.into();
        }
        Ok(Some(role_object(id, spec, &role.arn)))
    }

    async fn inline_policies(&self, role: &str) -> Answer<Map<String, Value>> {
        let call = || format!("iam:ListRolePolicies {role}");
        let names: Vec<String> = retry(async || {
            let pages = self
                .client
                .list_role_policies()
                .role_name(role)
                .into_paginator()
                .items()
                .send();
            pages
                .collect::<Result<_, _>>()
                .await
                .map_err(|error| failed(call(), &error))
        })
        .await?;
        let mut policies = Map::new();
        for name in names {
            let text = if name == "mcpctl" {
                self.inline_policy(role, &name).await?
            } else {
                Value::Null
            };
            policies.insert(name, text);
        }
        Ok(policies)
    }

    async fn inline_policy(&self, role: &str, name: &str) -> Answer<Value> {
        let call = || format!("iam:GetRolePolicy {role} {name}");
        retry(async || {
            let output = self
                .client
                .get_role_policy()
                .role_name(role)
                .policy_name(name)
                .send()
                .await;
            output
                .map(|output| document(&output.policy_document))
                .map_err(|error| failed(call(), &error))
        })
        .await
    }

    async fn managed_policies(&self, role: &str) -> Answer<Vec<String>> {
        let call = || format!("iam:ListAttachedRolePolicies {role}");
        retry(async || {
            let pages = self
                .client
                .list_attached_role_policies()
                .role_name(role)
                .into_paginator()
                .items()
                .send();
            let attached: Vec<_> = pages
                .collect::<Result<_, _>>()
                .await
                .map_err(|error| failed(call(), &error))?;
            Ok(attached
                .into_iter()
                .filter_map(|policy| policy.policy_arn)
                .collect())
        })
        .await
    }

    /// Names of the instance profiles that hold a role; it cannot be deleted while one does.
    ///
    /// # Errors
    /// When IAM does not answer.
    pub async fn instance_profiles(&self, role: &str) -> Answer<Vec<String>> {
        let call = || format!("iam:ListInstanceProfilesForRole {role}");
        retry(async || {
            let pages = self
                .client
                .list_instance_profiles_for_role()
                .role_name(role)
                .into_paginator()
                .items()
                .send();
            let profiles: Vec<_> = pages
                .collect::<Result<_, _>>()
                .await
                .map_err(|error| failed(call(), &error))?;
            Ok(profiles
                .into_iter()
                .map(|profile| profile.instance_profile_name)
                .collect())
        })
        .await
    }

    /// The roles below a path.
    ///
    /// # Errors
    /// When IAM does not answer.
    pub async fn roles(&self, path: &str) -> Answer<Vec<RoleSummary>> {
        let call = || format!("iam:ListRoles {path}");
        retry(async || {
            let pages = self
                .client
                .list_roles()
                .path_prefix(path)
                .into_paginator()
                .items()
                .send();
            let roles: Vec<_> = pages
                .collect::<Result<_, _>>()
                .await
                .map_err(|error| failed(call(), &error))?;
            Ok(roles
                .into_iter()
                .map(|role| RoleSummary {
                    name: role.role_name,
                    arn: role.arn,
                })
                .collect())
        })
        .await
    }

    /// Makes a role whole: trust, path, tags and boundary in one call, then its policies.
    ///
    /// # Errors
    /// The first call that fails; what was made stays, and the next run goes on from there.
    pub async fn create(&self, wanted: &Object) -> Answer<Object> {
        let spec = &wanted.tree["spec"];
        let name = wanted.text("/spec/name");
        let call = || format!("iam:CreateRole {name}");
        let output = retry(async || {
            self.client
                .create_role()
                .role_name(name)
                .path(wanted.text("/spec/path"))
                .assume_role_policy_document(spec["assumeRolePolicyDocument"].to_string())
                .set_permissions_boundary(spec["permissionsBoundary"].as_str().map(str::to_string))
                .set_tags(Some(tags(spec)))
                .send()
                .await
                .map_err(|error| failed(call(), &error))
        })
        .await?;
        let arn = output.role.map(|role| role.arn).unwrap_or_default();
        for (policy, document) in spec["inlinePolicies"].as_object().into_iter().flatten() {
            self.put_policy(name, policy, document).await?;
        }
        for arn in spec["policies"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            self.attach(name, arn).await?;
        }
        Ok(role_object(wanted.id(), spec.clone(), &arn))
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
        let spec = &wanted.tree["spec"];
        let name = wanted.text("/spec/name");
        let touches = |prefix: &str| changes.iter().any(|change| change.path.starts_with(prefix));
        if touches("spec.permissionsBoundary") {
            self.set_boundary(name, spec["permissionsBoundary"].as_str())
                .await?;
        }
        if touches("spec.assumeRolePolicyDocument") {
            self.put_trust(name, &spec["assumeRolePolicyDocument"])
                .await?;
        }
        if touches("spec.inlinePolicies.mcpctl") {
            match spec.pointer("/inlinePolicies/mcpctl") {
                Some(document) => self.put_policy(name, "mcpctl", document).await?,
                None => self.delete_policy(name, "mcpctl").await?,
            }
        }
        for change in changes
            .iter()
            .filter(|change| change.path.starts_with("spec.policies["))
        {
            if let Some(arn) = change.want.as_ref().and_then(Value::as_str) {
                self.attach(name, arn).await?;
            }
        }
        if touches("spec.tags[") {
            let call = || format!("iam:TagRole {name}");
            retry(async || {
                let request = self
                    .client
                    .tag_role()
                    .role_name(name)
                    .set_tags(Some(tags(spec)));
                request.send().await.map_err(|error| failed(call(), &error))
            })
            .await?;
        }
        Ok(role_object(
            wanted.id(),
            spec.clone(),
            live.text("/status/ackResourceMetadata/arn"),
        ))
    }

    /// Deletes a role after its own policies. False when it was gone already.
    ///
    /// # Errors
    /// The first call that fails.
    pub async fn delete(&self, live: &Object, own_managed: &[String]) -> Answer<bool> {
        let name = live.text("/spec/name");
        if live.tree.pointer("/spec/inlinePolicies/mcpctl").is_some() {
            absent_is_fine(self.delete_policy(name, "mcpctl").await)?;
        }
        for arn in own_managed {
            let call = || format!("iam:DetachRolePolicy {name} {arn}");
            absent_is_fine(
                retry(async || {
                    let request = self
                        .client
                        .detach_role_policy()
                        .role_name(name)
                        .policy_arn(arn);
                    request
                        .send()
                        .await
                        .map(|_| ())
                        .map_err(|error| failed(call(), &error))
                })
                .await,
            )?;
        }
        let call = || format!("iam:DeleteRole {name}");
        let answer = retry(async || {
            self.client
                .delete_role()
                .role_name(name)
                .send()
                .await
                .map(|_| ())
                .map_err(|error| failed(call(), &error))
        })
        .await;
        absent_is_fine(answer)
    }

    async fn put_trust(&self, role: &str, document: &Value) -> Answer<()> {
        let call = || format!("iam:UpdateAssumeRolePolicy {role}");
        retry(async || {
            let request = self
                .client
                .update_assume_role_policy()
                .role_name(role)
                .policy_document(document.to_string());
            request
                .send()
                .await
                .map(|_| ())
                .map_err(|error| failed(call(), &error))
        })
        .await
    }

    async fn put_policy(&self, role: &str, name: &str, document: &Value) -> Answer<()> {
        let call = || format!("iam:PutRolePolicy {role} {name}");
        retry(async || {
            let request = self
                .client
                .put_role_policy()
                .role_name(role)
                .policy_name(name)
                .policy_document(document.to_string());
            request
                .send()
                .await
                .map(|_| ())
                .map_err(|error| failed(call(), &error))
        })
        .await
    }

    async fn delete_policy(&self, role: &str, name: &str) -> Answer<()> {
        let call = || format!("iam:DeleteRolePolicy {role} {name}");
        retry(async || {
            let request = self
                .client
                .delete_role_policy()
                .role_name(role)
                .policy_name(name);
            request
                .send()
                .await
                .map(|_| ())
                .map_err(|error| failed(call(), &error))
        })
        .await
    }

    async fn attach(&self, role: &str, arn: &str) -> Answer<()> {
        let call = || format!("iam:AttachRolePolicy {role} {arn}");
        retry(async || {
            let request = self
                .client
                .attach_role_policy()
                .role_name(role)
                .policy_arn(arn);
            request
                .send()
                .await
                .map(|_| ())
                .map_err(|error| failed(call(), &error))
        })
        .await
    }

    async fn set_boundary(&self, role: &str, arn: Option<&str>) -> Answer<()> {
        let Some(arn) = arn else {
            let call = || format!("iam:DeleteRolePermissionsBoundary {role}");
            return retry(async || {
                let request = self
                    .client
                    .delete_role_permissions_boundary()
                    .role_name(role);
                request
                    .send()
                    .await
                    .map(|_| ())
                    .map_err(|error| failed(call(), &error))
            })
            .await;
        };
        let call = || format!("iam:PutRolePermissionsBoundary {role}");
        retry(async || {
            let request = self
                .client
                .put_role_permissions_boundary()
                .role_name(role)
                .permissions_boundary(arn);
            request
                .send()
                .await
                .map(|_| ())
                .map_err(|error| failed(call(), &error))
        })
        .await
    }
}

/// The tags of a role by key.
pub(super) fn tag_map(spec: &Value) -> BTreeMap<&str, &str> {
    let pairs = spec["tags"].as_array().into_iter().flatten();
    pairs
        .filter_map(|pair| Some((pair["key"].as_str()?, pair["value"].as_str()?)))
        .collect()
}

fn tags(spec: &Value) -> Vec<Tag> {
    let build = |(key, value): (&str, &str)| Tag::builder().key(key).value(value).build().ok();
    tag_map(spec).into_iter().filter_map(build).collect()
}

fn role_object(id: &Id, spec: Value, arn: &str) -> Object {
    let tree = json!({
        "apiVersion": format!("{}/v1alpha1", id.group),
        "kind": id.kind,
        "metadata": {"name": id.name, "namespace": id.namespace},
        "spec": spec,
        "status": {"ackResourceMetadata": {"arn": arn}},
    });
    Object::new(tree).unwrap_or_else(|_| unreachable!("has kind and name"))
}

/// IAM answers documents percent-encoded (RFC 3986).
fn document(text: &str) -> Value {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    serde_json::from_str(&decoded).unwrap_or_else(|_| Value::String(decoded.into_owned()))
}

fn absent_is_fine(answer: Answer<()>) -> Answer<bool> {
    match answer {
        Ok(()) => Ok(true),
        Err(error) if error.reason == Reason::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
