//! Which cluster a role was made for. Pure.
//!
//! Roles belong to the whole account: those of two clusters of one name, in two regions, share their path, and their
//! tags say the name alone. What tells them apart is the role's name, whose hash the region is part of, and the ARN of
//! the cluster in the trust policy.

use serde_json::Value;

use crate::{
    backend::RoleSummary,
    config::{Cluster, Settings},
    marks::{NAMESPACE, TENANT},
    object::Object,
    plan::aws_tag,
    spec::{ArnParts, SERVICE_ACCOUNT, role_name},
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

/// As [`of_role`] by what a list shows, which leaves tags out: by the namespace that a tenant of that name gets.
pub fn of_listed(role: &RoleSummary, settings: &Settings) -> Origin {
    let cluster = &settings.cluster;
    let derives = role.tenant().is_some_and(|tenant| {
        let namespace = format!("{}{tenant}", settings.namespace_prefix);
        role.name == role_name(tenant, (&namespace, SERVICE_ACCOUNT), cluster)
    });
    if derives {
        return Origin::Here;
    }
    by_trust(&role.trust, cluster)
}

/// By the clusters whose pods a trust policy lets in. One that was loosened to a pattern tells nothing.
fn by_trust(document: &Value, cluster: &Cluster) -> Origin {
    let texts = texts(document);
    let named: Vec<_> = texts.iter().filter_map(|text| named(text)).collect();
    if named.contains(&(cluster.region.as_str(), cluster.name.as_str())) {
        Origin::Here
    } else if named.is_empty() || texts.iter().any(|text| is_pattern(text)) {
        Origin::Unknown
    } else {
        Origin::Elsewhere
    }
}

fn texts(document: &Value) -> Vec<&str> {
    match document {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(map) => map.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Whether an ARN that may be a cluster's has wildcards, such as `arn:aws:eks:*:111122223333:cluster/prod`.
fn is_pattern(text: &str) -> bool {
    let wild = |part: &str| part.contains(['*', '?']);
    let service = text.starts_with("arn:").then(|| text.split(':').nth(2));
    wild(text) && service.flatten().is_some_and(|it| it == "eks" || wild(it))
}

/// Region and name in the ARN of a cluster: `arn:aws:eks:eu-west-1:111122223333:cluster/prod`.
fn named(arn: &str) -> Option<(&str, &str)> {
    let arn = ArnParts::of(arn).filter(|arn| arn.start == "arn" && arn.service == "eks")?;
    Some((arn.region, arn.resource.strip_prefix("cluster/")?))
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
            ("arn:aws:eks:*:123456789012:cluster/prod", Origin::Unknown),
            (
                "arn:aws:eks:eu-west-1:123456789012:cluster/pro?",
                Origin::Unknown,
            ),
        ] {
            assert_eq!(by_trust(&trust(arn), &cluster), origin, "{arn}");
        }
        assert_eq!(by_trust(&Value::Null, &cluster), Origin::Unknown);
    }

    #[test]
    fn a_pattern_beside_a_cluster_tells_no_more_than_alone() {
        let cluster = settings().cluster;
        let there = "arn:aws:eks:us-east-1:123456789012:cluster/prod";
        let here = "arn:aws:eks:eu-west-1:123456789012:cluster/prod";
        for (other, origin) in [
            ("arn:aws:eks:*", Origin::Unknown),
            ("arn:aws:*", Origin::Unknown),
            (here, Origin::Here),
            ("arn:aws:iam::123456789012:role/*", Origin::Elsewhere),
            ("pods.eks.amazonaws.com", Origin::Elsewhere),
        ] {
            let document = json!([trust(there), trust(other)]);
            assert_eq!(by_trust(&document, &cluster), origin, "{other}");
        }
    }

    #[test]
    fn a_role_in_a_list_is_known_by_the_name_that_derives() {
        let mut settings = settings();
        let listed = |trust: Value| RoleSummary {
            name: role().text("/spec/name").into(),
            arn: String::new(),
            trust,
        };
        let there = trust("arn:aws:eks:us-east-1:123456789012:cluster/prod");
        assert_eq!(of_listed(&listed(there.clone()), &settings), Origin::Here);
        settings.cluster.region = "us-east-1".parse().expect("a region");
        assert_eq!(of_listed(&listed(there), &settings), Origin::Here);
        let here = role().tree["spec"]["assumeRolePolicyDocument"].clone();
        assert_eq!(of_listed(&listed(here), &settings), Origin::Elsewhere);
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
