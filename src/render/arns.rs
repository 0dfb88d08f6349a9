//! ARNs that follow from the settings, before anything is asked.

use crate::{
    config::Settings,
    spec::{AccountId, RoleArn, partition},
};

/// Stands for the account id where it is not known. It is no account, so a policy that holds it matches nothing.
pub const ACCOUNT_PLACEHOLDER: &str = "ACCOUNT-ID-NOT-SET";

/// ARN of the cluster.
pub fn cluster_arn(settings: &Settings) -> String {
    let cluster = &settings.cluster;
    let partition = partition(cluster.region.as_str());
    format!(
        "arn:{partition}:eks:{}:{}:cluster/{}",
        cluster.region,
        account(settings),
        cluster.name
    )
}

/// ARN of a role by path and name.
pub fn role_arn(settings: &Settings, path: &str, name: &str) -> String {
    let partition = partition(settings.cluster.region.as_str());
    format!(
        "arn:{partition}:iam::{}:role{path}{name}",
        account(settings)
    )
}

pub(super) fn account(settings: &Settings) -> &str {
    let said = settings.cluster.account_id.as_ref().map(AccountId::as_str);
    // EKS takes roles of the cluster's account only.
    let shared = settings.scoping.shared_role().map(RoleArn::account);
    said.or(shared).unwrap_or(ACCOUNT_PLACEHOLDER)
}
