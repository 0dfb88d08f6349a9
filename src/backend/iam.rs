//! Roles. A living role is read into the same tree that the template makes.

use std::collections::BTreeMap;

use aws_sdk_iam::types::{AttachedPolicy, Role};
use serde_json::{Map, Value, json};

use super::{CallError, Reason, call::call, trace};
use crate::{
    object::{Id, Object},
    spec::tenant_in,
};

mod write;

type Answer<T> = Result<T, CallError>;

/// The one inline policy that is ours.
const OUR_POLICY: &str = "mcpctl";

/// A role as a list shows it; lists leave tags out.
#[derive(Clone, Debug)]
pub struct RoleSummary {
    /// Name.
    pub name: String,
    /// ARN.
    pub arn: String,
    /// Trust policy.
    pub trust: Value,
}

impl RoleSummary {
    /// The tenant that the name speaks of.
    pub fn tenant(&self) -> Option<&str> {
        tenant_in(&self.name)
    }
}

/// A client for IAM.
#[derive(Clone)]
pub struct Iam {
    client: aws_sdk_iam::Client,
}

impl Iam {
    pub(super) fn new(config: &aws_config::SdkConfig) -> Self {
        let config = aws_sdk_iam::config::Builder::from(config)
            .interceptor(trace::Attempts)
            .build();
        Self {
            client: aws_sdk_iam::Client::from_conf(config),
        }
    }

    /// Reads a role with everything that decides what it may do and who may use it. Of other inline policies than ours
    /// only the names.
    ///
    /// # Errors
    /// Anything but "no such role".
    pub async fn role(&self, id: &Id, name: &str) -> Answer<Option<Object>> {
        let (role, inline, managed, profiles) = futures_util::future::try_join4(
            self.bare_role(id, name),
            self.inline_policies(name),
            self.managed_policies(name),
            self.instance_profiles(name),
        )
        .await?;
        let (Some(mut role), Some(inline), Some(managed)) = (role, inline, managed) else {
            return Ok(None);
        };
        role.tree["spec"]["inlinePolicies"] = inline.into();
        role.tree["spec"]["policies"] = managed.into();
        role.tree["status"]["instanceProfiles"] = profiles.into();
        Ok(Some(role))
    }

    /// Reads a role without its policies and instance profiles: whose it is, and who may use it.
    ///
    /// # Errors
    /// Anything but "no such role".
    pub async fn bare_role(&self, id: &Id, name: &str) -> Answer<Option<Object>> {
        Ok(self.get(name).await?.map(|role| bare(id, role)))
    }

    async fn get(&self, name: &str) -> Answer<Option<Role>> {
        let get = async || self.client.get_role().role_name(name).send().await;
        let output = present(call(&format!("iam:GetRole {name}"), get).await)?;
        Ok(output.and_then(|output| output.role))
    }

    /// ARN and trust policy of a role; none where there is no such role.
    ///
    /// # Errors
    /// When IAM does not answer.
    pub async fn trust(&self, name: &str) -> Answer<Option<(String, Value)>> {
        Ok(self.get(name).await?.map(|role| {
            let trust = role.assume_role_policy_document.unwrap_or_default();
            (role.arn, document(&trust))
        }))
    }

    async fn inline_policies(&self, role: &str) -> Answer<Option<Map<String, Value>>> {
        let name = format!("iam:ListRolePolicies {role}");
        let names = call(&name, async || {
            let request = self.client.list_role_policies().role_name(role);
            request
                .into_paginator()
                .items()
                .send()
                .collect::<Result<Vec<_>, _>>()
                .await
        });
        let Some(names) = present(names.await)? else {
            return Ok(None);
        };
        let mut policies = Map::new();
        for name in names {
            let ours = name == OUR_POLICY;
            // One that went away meanwhile, perhaps with its role, is as one that was never there.
            let text = if ours {
                match present(self.inline_policy(role, &name).await)? {
                    Some(text) => text,
                    None => continue,
                }
            } else {
                Value::Null
            };
            policies.insert(name, text);
        }
        Ok(Some(policies))
    }

    async fn inline_policy(&self, role: &str, name: &str) -> Answer<Value> {
        let output = call(&format!("iam:GetRolePolicy {role} {name}"), async || {
            self.client
                .get_role_policy()
                .role_name(role)
                .policy_name(name)
                .send()
                .await
        })
        .await?;
        Ok(document(&output.policy_document))
    }

    async fn managed_policies(&self, role: &str) -> Answer<Option<Vec<String>>> {
        let name = format!("iam:ListAttachedRolePolicies {role}");
        let attached = call(&name, async || {
            let request = self.client.list_attached_role_policies().role_name(role);
            request
                .into_paginator()
                .items()
                .send()
                .collect::<Result<Vec<_>, _>>()
                .await
        });
        let arns = |attached: Vec<AttachedPolicy>| {
            attached
                .into_iter()
                .filter_map(|policy| policy.policy_arn)
                .collect()
        };
        Ok(present(attached.await)?.map(arns))
    }

    /// Names of the instance profiles that hold a role; it cannot be deleted while one does. None where it is not there.
    async fn instance_profiles(&self, role: &str) -> Answer<Vec<String>> {
        let profiles = call(
            &format!("iam:ListInstanceProfilesForRole {role}"),
            async || {
                let request = self
                    .client
                    .list_instance_profiles_for_role()
                    .role_name(role);
                request
                    .into_paginator()
                    .items()
                    .send()
                    .collect::<Result<Vec<_>, _>>()
                    .await
            },
        )
        .await;
        match profiles {
            Ok(profiles) => Ok(profiles
                .into_iter()
                .map(|profile| profile.instance_profile_name)
                .collect()),
            Err(error) if error.reason == Reason::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// The roles below a path.
    ///
    /// # Errors
    /// When IAM does not answer.
    pub async fn roles(&self, path: &str) -> Answer<Vec<RoleSummary>> {
        let roles: Vec<_> = call(&format!("iam:ListRoles {path}"), async || {
            let request = self.client.list_roles().path_prefix(path);
            request
                .into_paginator()
                .items()
                .send()
                .collect::<Result<_, _>>()
                .await
        })
        .await?;
        let summary = |role: Role| RoleSummary {
            name: role.role_name,
            arn: role.arn,
            trust: document(&role.assume_role_policy_document.unwrap_or_default()),
        };
        Ok(roles.into_iter().map(summary).collect())
    }
}

fn bare(id: &Id, role: Role) -> Object {
    let tags = role.tags.unwrap_or_default();
    let tags: Vec<Value> = tags
        .iter()
        .map(|tag| json!({"key": tag.key, "value": tag.value}))
        .collect();
    let trust = role.assume_role_policy_document.unwrap_or_default();
    let mut spec = json!({
        "name": role.role_name,
        "path": role.path,
        "assumeRolePolicyDocument": document(&trust),
        "tags": tags,
    });
    let boundary = role.permissions_boundary;
    if let Some(arn) = boundary.and_then(|boundary| boundary.permissions_boundary_arn) {
        spec["permissionsBoundary"] = arn.into();
    }
    let mut object = to_object(id, &spec, &role.arn);
    object.tree["status"]["createdAt"] = role.create_date.secs().into();
    object
}

/// An answer, or none where the role does not exist.
fn present<T>(answer: Answer<T>) -> Answer<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.reason == Reason::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The tags of a role by key.
fn tag_map(spec: &Value) -> BTreeMap<&str, &str> {
    let pairs = spec["tags"].as_array().into_iter().flatten();
    pairs
        .filter_map(|pair| Some((pair["key"].as_str()?, pair["value"].as_str()?)))
        .collect()
}

fn to_object(id: &Id, spec: &Value, arn: &str) -> Object {
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
