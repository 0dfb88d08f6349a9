//! ACK's form of role and association. Inside, policy documents are JSON trees; the API server holds them as text.

use serde_json::{Value, json};

use crate::object::{EKS, IAM, Object};

/// What becomes of the role or association in AWS when its object goes. Said on each object, since a namespace or a
/// controller may have another default, and an association must not outlive its tenant.
/// <https://aws-controllers-k8s.github.io/docs/guides/deletion-policy>
const DELETION_POLICY: &str = "services.k8s.aws/deletion-policy";

/// An object as ACK is to carry it out: a role of the tenant's own by reference, so that it needs no account id and waits
/// for the role; one that all share, which takes no session tags, by its ARN.
/// Objects of other kinds, and those that have this form, stay as they are.
#[must_use]
pub fn carried(object: &Object) -> Object {
    let mut object = object.clone();
    let id = object.id().clone();
    if !id.is_aws() {
        return object;
    }
    let annotations = object.metadata_map("annotations");
    annotations
        .entry(DELETION_POLICY)
        .or_insert_with(|| "delete".into());
    let shares = object.tree["spec"]["disableSessionTags"] == true;
    if id.is(EKS, "PodIdentityAssociation")
        && !shares
        && let Some(spec) = object.tree["spec"].as_object_mut()
    {
        let reference = json!({"from": {"name": id.name, "namespace": id.namespace}});
        let entries = std::mem::take(spec);
        spec.extend(entries.into_iter().map(|(key, value)| match key.as_str() {
            "roleARN" => ("roleRef".to_string(), reference.clone()),
            _ => (key, value),
        }));
    }
    object
}

/// A tree as the API server stores it: policy documents as JSON text.
///
/// A session policy is counted with its white space, so it has none; those of roles are made to be read.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
#[must_use]
pub fn stored(mut tree: Value) -> Value {
    let compact = is_of(&tree, EKS);
    for document in documents(&mut tree) {
        if !document.is_string() {
            *document = if compact {
                document.to_string()
            } else {
                format!("{document:#}")
            }
            .into();
        }
    }
    tree
}

/// A tree as it is compared, out of what the API server stores. Text that is no JSON stays text, and is as such no
/// document that anybody wants.
#[must_use]
pub fn read(mut tree: Value) -> Value {
    for document in documents(&mut tree) {
        if let Some(parsed) = document
            .as_str()
            .and_then(|text| serde_json::from_str(text).ok())
        {
            *document = parsed;
        }
    }
    let times = [
        ("modifiedAt", "modifiedAt"),
        ("createdAt", "createdAt"),
        ("createDate", "createdAt"),
    ];
    if is_of(&tree, IAM) || is_of(&tree, EKS) {
        for (theirs, ours) in times {
            if let Some(seconds) = tree["status"].get(theirs).and_then(seconds) {
                tree["status"][ours] = seconds.into();
            }
        }
    }
    tree
}

fn is_of(tree: &Value, group: &str) -> bool {
    let version = tree["apiVersion"].as_str().unwrap_or_default();
    version.split_once('/').is_some_and(|(of, _)| of == group)
}

/// The places of the policy documents of a role or association; none in any other object.
fn documents(tree: &mut Value) -> Vec<&mut Value> {
    let of = |group, kind: &str| is_of(tree, group) && tree["kind"] == kind;
    let (role, association) = (of(IAM, "Role"), of(EKS, "PodIdentityAssociation"));
    let Some(spec) = tree.get_mut("spec").and_then(Value::as_object_mut) else {
        return Vec::new();
    };
    let places = spec.iter_mut().map(|(field, value)| match field.as_str() {
        "assumeRolePolicyDocument" if role => vec![value],
        "policy" if association => vec![value],
        "inlinePolicies" if role => {
            let inline = value.as_object_mut().into_iter();
            inline.flat_map(|policies| policies.values_mut()).collect()
        }
        _ => Vec::new(),
    });
    places.flatten().collect()
}

/// Seconds since 1970, as what EKS and IAM answer is read too.
fn seconds(time: &Value) -> Option<i64> {
    let time: k8s_openapi::jiff::Timestamp = time.as_str()?.parse().ok()?;
    Some(time.as_second())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{acme, object};

    fn of(kind: &str) -> Object {
        let state = acme(json!({}));
        let found = state
            .values()
            .find(|object| object.id().is_aws() && object.id().kind == kind);
        found.cloned().expect("an object")
    }

    #[test]
    fn what_is_stored_is_read_back_as_it_was() {
        for kind in ["Role", "PodIdentityAssociation"] {
            let carried = carried(&of(kind));
            let stored = stored(carried.tree.clone());
            assert_eq!(read(stored.clone()), carried.tree, "{kind}");
            assert_eq!(super::stored(stored.clone()), stored, "{kind}");
            assert_eq!(super::carried(&carried), carried, "{kind}");
        }
        let role = stored(of("Role").tree);
        assert!(role["spec"]["assumeRolePolicyDocument"].is_string());
        assert!(role["spec"]["inlinePolicies"]["mcpctl"].is_string());
    }

    #[test]
    fn an_association_refers_to_its_role_and_both_go_with_their_objects() {
        let association = carried(&of("PodIdentityAssociation"));
        assert_eq!(association.tree["spec"].get("roleARN"), None);
        assert_eq!(association.text("/spec/roleRef/from/name"), "acme");
        let role = carried(&of("Role"));
        for object in [association, role] {
            assert_eq!(object.annotation(DELETION_POLICY), Some("delete"));
        }
    }

    #[test]
    fn a_template_may_say_another_deletion_policy() {
        let mut role = of("Role");
        role.metadata_map("annotations")
            .insert(DELETION_POLICY.into(), "retain".into());
        assert_eq!(carried(&role).annotation(DELETION_POLICY), Some("retain"));
    }

    #[test]
    fn other_objects_stay_as_they_are() {
        let other = object(
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": {"name": "x"}, "spec": {"assumeRolePolicyDocument": {"a": 1}}}),
        );
        assert_eq!(carried(&other), other);
        assert_eq!(stored(other.tree.clone()), other.tree);
    }

    #[test]
    fn times_are_seconds_and_broken_documents_stay_text() {
        let tree = read(
            json!({"apiVersion": "iam.services.k8s.aws/v1alpha1", "kind": "Role",
            "spec": {"assumeRolePolicyDocument": "{"},
            "status": {"createDate": "1970-01-01T00:01:00Z"}}),
        );
        assert_eq!(tree["status"]["createdAt"], 60);
        assert_eq!(tree["spec"]["assumeRolePolicyDocument"], "{");
    }
}
