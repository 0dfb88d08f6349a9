//! Taking over what somebody else made, and giving it back on removal. Pure.
//!
//! What was taken over carries a mark of ours, so that a removal, whenever it comes, does not delete it.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{Subject, aws_tag};
use crate::{
    ack,
    managed::{self, Step},
    marks::{ADOPTED, CLUSTER, TENANT},
    object::{IAM, Object},
};

/// Whether an object that is not ours may be taken over: nobody's tenant, or this one's, and not an association that
/// another service made and manages.
pub(super) fn may_adopt(subject: &Subject, other: &Object) -> bool {
    let Subject::Tenant { name, cluster, .. } = subject else {
        return false;
    };
    let agrees = |value: Option<&str>, wanted: &str| value.is_none_or(|value| value == wanted);
    if other.id().is_aws() {
        // To adopt the object would be to adopt the role, whole, with nothing of it to give back.
        !other.lives_in_cluster()
            && aws_tag(other, ack::CONTROLLER).is_none()
            && other.text("/status/ownerARN").is_empty()
            && agrees(aws_tag(other, TENANT), name)
            && agrees(aws_tag(other, CLUSTER), cluster)
    } else {
        agrees(other.label(TENANT), name)
    }
}

/// Whether we took the object over once. In the cluster the mark counts only as long as it is we who wrote it.
pub fn is_adopted(live: &Object) -> bool {
    if live.id().is_aws() {
        return aws_tag(live, ADOPTED) == Some("true");
    }
    let path = ["metadata", "annotations", ADOPTED].map(|step| Step::Field(step.into()));
    live.annotation(ADOPTED) == Some("true")
        && managed::owners(live, &path)
            .iter()
            .any(managed::Owner::is_us)
}

/// The wanted object with the mark, where what lives is to be taken over or was once.
pub(super) fn marked<'a>(wanted: &'a Object, live: &Object, adopts: bool) -> Cow<'a, Object> {
    if !adopts && !is_adopted(live) {
        return Cow::Borrowed(wanted);
    }
    let mut object = wanted.clone();
    if object.id().is(IAM, "Role") {
        if let Value::Array(tags) = &mut object.tree["spec"]["tags"] {
            tags.push(json!({"key": ADOPTED, "value": "true"}));
        }
    } else if object.id().is_aws() {
        object.tree["spec"]["tags"][ADOPTED] = "true".into();
    } else {
        object
            .metadata_map("annotations")
            .insert(ADOPTED.into(), "true".into());
    }
    Cow::Owned(object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        object::EKS,
        testing::{object, written},
    };

    fn subject() -> Subject {
        Subject::Tenant {
            name: "acme".into(),
            cluster: "prod".into(),
            namespace: "mcp-acme".into(),
        }
    }

    fn association(tags: &Value, owner: &str) -> Object {
        object(
            json!({"apiVersion": format!("{EKS}/v1alpha1"), "kind": "PodIdentityAssociation",
            "metadata": {"name": "acme", "namespace": "mcpctl-system"},
            "spec": {"tags": tags}, "status": {"ownerARN": owner}}),
        )
    }

    #[test]
    fn only_what_is_nobodys_is_taken_over() {
        let may = |tags: Value, owner: &str| may_adopt(&subject(), &association(&tags, owner));
        assert!(may(json!({}), ""));
        assert!(may(json!({"team": "payments"}), ""));
        assert!(may(json!({TENANT: "acme", CLUSTER: "prod"}), ""));
        assert!(!may(json!({TENANT: "acme", CLUSTER: "other"}), ""));
        assert!(!may(json!({TENANT: "zeta", CLUSTER: "prod"}), ""));
        assert!(!may(json!({ack::CONTROLLER: "eks-v1.6.3"}), ""));
        assert!(!may(
            json!({}),
            "arn:aws:eks:eu-west-1:111122223333:addon/prod/x/1"
        ));
    }

    #[test]
    fn the_mark_counts_only_while_we_wrote_it() {
        let bare = object(json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "mcp-acme", "annotations": {ADOPTED: "true"}}}));
        assert!(is_adopted(&written(&bare, "mcpctl", "Apply")));
        assert!(!is_adopted(&written(&bare, "kubectl-edit", "Update")));
        assert!(!is_adopted(&bare));
    }
}
