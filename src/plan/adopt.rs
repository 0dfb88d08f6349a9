//! Taking over what somebody else made, and giving it back on removal. Pure.
//!
//! What was taken over carries a mark of ours, so that a removal, whenever it comes, does not delete it.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{Subject, aws_tag};
use crate::{
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
        other.text("/status/ownerARN").is_empty()
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
