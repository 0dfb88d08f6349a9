//! Which cluster a role was made for. Pure.
//!
//! Roles belong to the whole account: those of two clusters of one name, in two regions, share their path, and their
//! tags say the name alone. What tells them apart is the role's name, whose hash the region is part of, and the ARN of
//! the cluster in the trust policy.

use serde_json::Value;

use crate::{
    config::Cluster,
    marks::{NAMESPACE, TENANT},
    object::Object,
    plan::aws_tag,
    spec::{SERVICE_ACCOUNT, role_name},
};

/// What a role tells of the cluster that it was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is this cluster.
    Here,
    /// It is another one.
    Elsewhere,
    /// Nothing tells.
    Unknown,
}

/// By the name of a role, which derives from what its tags say, else by its trust policy.
pub fn of_role(role: &Object, cluster: &Cluster) -> Origin {
    let tag = |key: &str| aws_tag(role, key).unwrap_or_default();
    let place = (tag(NAMESPACE), SERVICE_ACCOUNT);
    if role.text("/spec/name") == role_name(tag(TENANT), place, cluster) {
        return Origin::Here;
    }
    by_trust(&role.tree["spec"]["assumeRolePolicyDocument"], cluster)
}

/// By the clusters whose pods a trust policy lets in.
pub fn by_trust(document: &Value, cluster: &Cluster) -> Origin {
    let mut origin = Origin::Unknown;
    for (region, name) in clusters(document) {
        if (region, name) == (cluster.region.as_str(), cluster.name.as_str()) {
            return Origin::Here;
        }
        origin = Origin::Elsewhere;
    }
    origin
}

/// Region and name in every ARN of a cluster: `arn:aws:eks:eu-west-1:111122223333:cluster/prod`.
fn clusters(document: &Value) -> Vec<(&str, &str)> {
    match document {
        Value::String(text) => cluster(text).into_iter().collect(),
        Value::Array(items) => items.iter().flat_map(clusters).collect(),
        Value::Object(map) => map.values().flat_map(clusters).collect(),
        _ => Vec::new(),
    }
}

fn cluster(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let is_eks = parts.next() == Some("arn") && parts.nth(1) == Some("eks");
    let region = parts.next().filter(|_| is_eks)?;
    let name = parts.nth(1)?.strip_prefix("cluster/")?;
    Some((region, name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        object::{IAM, Id, PLATFORM_NAMESPACE},
        testing::{acme, settings},
    };

    fn role() -> Object {
        let id = Id::new(IAM, "Role", PLATFORM_NAMESPACE, "acme");
        acme(json!({}))[&id].clone()
    }

    fn trust(arn: &str) -> Value {
        json!({"Statement": [{"Condition": {"StringEquals": {"aws:RequestTag/eks-cluster-arn": [arn]}}}]})
    }

    #[test]
    fn region_and_name_of_a_cluster_both_count() {
        let cluster = settings().cluster;
        for (arn, origin) in [
            (
                "arn:aws:eks:eu-west-1:123456789012:cluster/prod",
                Origin::Here,
            ),
            (
                "arn:aws:eks:us-east-1:123456789012:cluster/prod",
                Origin::Elsewhere,
            ),
            (
                "arn:aws:eks:eu-west-1:123456789012:cluster/prod2",
                Origin::Elsewhere,
            ),
            (
                "arn:aws:eks:eu-west-1:123456789012:nodegroup/prod",
                Origin::Unknown,
            ),
            ("arn:aws:iam::123456789012:cluster/prod", Origin::Unknown),
            ("arn:aws:eks", Origin::Unknown),
        ] {
            assert_eq!(by_trust(&trust(arn), &cluster), origin, "{arn}");
        }
        assert_eq!(by_trust(&Value::Null, &cluster), Origin::Unknown);
    }

    #[test]
    fn a_name_that_derives_counts_more_than_a_trust_policy_that_was_edited() {
        let mut cluster = settings().cluster;
        let mut edited = role();
        edited.tree["spec"]["assumeRolePolicyDocument"] = json!({"Statement": []});
        assert_eq!(of_role(&edited, &cluster), Origin::Here);
        cluster.region = "us-east-1".parse().expect("a region");
        assert_eq!(of_role(&role(), &cluster), Origin::Elsewhere);
        assert_eq!(of_role(&edited, &cluster), Origin::Unknown);
    }
}
