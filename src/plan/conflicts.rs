//! What stands in the way of a plan.

use serde_json::Value;

use super::Subject;
use crate::{
    diff::{Change, masked},
    managed::Owner,
    marks::{PLATFORM, TENANT},
    object::{Id, Object},
};

/// Something that is not ours to change.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// The object.
    pub id: Id,
    /// Why, and whose it is.
    pub why: String,
    /// Whether it could be taken over.
    pub adoptable: bool,
}

impl Conflict {
    /// A conflict found outside the planner, such as a host that another tenant holds.
    pub fn new(id: &Id, why: impl Into<String>) -> Self {
        Self {
            id: id.clone(),
            why: why.into(),
            adoptable: false,
        }
    }

    /// An object with our name that somebody else made.
    pub(super) fn not_ours(subject: &Subject, object: &Object) -> Self {
        let id = object.id();
        let owner = object.text("/status/ownerARN");
        let tenant = if id.is_aws() {
            super::aws_tag(object, TENANT)
        } else {
            object.label(TENANT)
        };
        let cluster = if id.is_aws() {
            super::aws_tag(object, crate::marks::CLUSTER)
        } else {
            None
        };
        let whose = match (tenant, cluster, subject) {
            _ if !owner.is_empty() => format!("it belongs to {owner}"),
            (Some(_), Some(_), Subject::Tenant { .. }) if has_our_tags(subject, object) => {
                "it has the tags of this tenant, but mcpctl did not apply it".into()
            }
            (Some(tenant), Some(cluster), _) => {
                format!("it belongs to tenant {tenant} of cluster {cluster}")
            }
            (Some(tenant), None, Subject::Tenant { name, .. }) if tenant == name => {
                format!("it has the label {TENANT}={tenant}, but mcpctl did not apply it")
            }
            (Some(tenant), None, _) => format!("it belongs to tenant {tenant}"),
            (None, _, Subject::Platform { .. }) if object.label(PLATFORM).is_some() => {
                "mcpctl did not apply it for this cluster".into()
            }
            (None, _, Subject::Platform { .. }) => format!("it has no label {PLATFORM}"),
            (None, _, Subject::Tenant { .. }) if id.is_aws() => format!("it has no tag {TENANT}"),
            (None, _, Subject::Tenant { .. }) => format!("it has no label {TENANT}"),
        };
        let arn = [
            object.text("/status/ackResourceMetadata/arn"),
            object.text("/spec/roleARN"),
        ];
        let arns: Vec<&str> = arn.into_iter().filter(|arn| !arn.is_empty()).collect();
        let arns = if arns.is_empty() {
            String::new()
        } else {
            format!(" ({})", arns.join(", role "))
        };
        Self::new(id, format!("exists{arns} and is not ours: {whose}"))
    }

    /// A field that a controller or another applying tool holds. What a person edited by hand is drift, and no claim,
    /// and what is taken over is taken from whoever wrote it once; a tool that applies it would write it again.
    pub(super) fn held(id: &Id, change: &Change, adopts: bool) -> Option<Self> {
        let claims = |owner: &&Owner| !owner.is_a_hand() && (owner.applies || !adopts);
        let holder = change.owners.iter().find(claims)?;
        let shown = |value: &Option<Value>| match value {
            None => "nothing".into(),
            Some(_) if change.is_secretive() => "a value that is not shown".into(),
            Some(value) => masked(value).to_string(),
        };
        let how = if holder.applies { "applied" } else { "set" };
        Some(Self::new(
            id,
            format!(
                "{} is {how} by {}: it lives as {}, wanted is {}",
                change.path,
                holder.manager,
                shown(&change.have),
                shown(&change.want)
            ),
        ))
    }
}

fn has_our_tags(subject: &Subject, object: &Object) -> bool {
    let Subject::Tenant { name, cluster, .. } = subject else {
        return false;
    };
    let agrees = |key, value: &str| super::aws_tag(object, key) == Some(value);
    agrees(TENANT, name) && agrees(crate::marks::CLUSTER, cluster)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_literal_in_a_container_that_a_controller_holds_is_not_told() {
        let id = Id {
            group: "apps".into(),
            kind: "Deployment".into(),
            namespace: "mcp-acme".into(),
            name: "mcp-server".into(),
        };
        let change = Change {
            path: "spec.template.spec.containers[sidecar]".into(),
            have: Some(json!({"image": "proxy:1", "env": [{"name": "A", "value": "hunter2"}]})),
            want: None,
            owners: vec![Owner {
                manager: "injector".into(),
                applies: true,
                time: String::new(),
            }],
            pointer: None,
            secret: false,
        };
        let why = Conflict::held(&id, &change, false).expect("a conflict").why;
        assert!(why.contains("injector") && why.contains("proxy:1"), "{why}");
        assert!(!why.contains("hunter2"), "{why}");
    }
}
