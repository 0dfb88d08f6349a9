//! How tenants are kept apart in AWS: one way for all tenants of a cluster.

use super::{
    Cluster,
    file::{Iam, ScopingFile, SettingsFile},
};
use crate::{
    error::{Error, Result},
    spec::{Arn, Boundary, RoleArn, partition, role_path},
};

/// How a tenant's permissions are kept to the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scoping {
    /// Each tenant has a role of its own, which only its own service account can assume.
    Dedicated,
    /// All tenants share a role that somebody else keeps; the tenant's policy, on its association, is what is left of it.
    SessionPolicy(RoleArn),
}

impl Scoping {
    /// The role that all tenants share, where they do.
    pub fn shared_role(&self) -> Option<&RoleArn> {
        match self {
            Self::Dedicated => None,
            Self::SessionPolicy(role) => Some(role),
        }
    }
}

/// The boundary of every role, and the others that the settings name: whoever says a tier or the defaults says as much.
pub(super) fn boundaries(file: &SettingsFile) -> (Option<Boundary>, Vec<Arn>) {
    let of_all = &file.defaults.identity.permissions_boundary;
    let common = file.iam.permissions_boundary.as_ref().or(of_all.as_ref());
    let of_tiers = file.tiers.values();
    let of_tiers = of_tiers.map(|tier| &tier.identity.permissions_boundary);
    let named = of_tiers.chain([of_all]).filter_map(|given| match given {
        Some(Boundary::Policy(arn)) => Some(arn.clone()),
        _ => None,
    });
    (common.cloned(), named.collect())
}

/// One way or the other, never a mixture.
///
/// # Errors
/// Usage, with the setting that is missing or has no place.
pub(super) fn scoping(file: &Iam, cluster: &Cluster, source: &str) -> Result<Scoping> {
    let wrong = |why: &str| Error::usage(format!("{source}: {why}"));
    let role = match (file.scoping, &file.shared_role) {
        (ScopingFile::Dedicated, None) => return Ok(Scoping::Dedicated),
        (ScopingFile::Dedicated, Some(_)) => {
            return Err(wrong(
                "iam.sharedRole has no place where each tenant has a role of its own",
            )
            .hint("say iam.scoping: session-policy, or take iam.sharedRole out"));
        }
        (ScopingFile::SessionPolicy, None) => {
            return Err(wrong("iam.sharedRole is missing")
                .detail("with iam.scoping: session-policy all tenants share one role, which mcpctl does not make")
                .hint("give its ARN; docs/scoping.md has the trust policy that it needs"));
        }
        (ScopingFile::SessionPolicy, Some(role)) => role,
    };
    if file.permissions_boundary.is_some() {
        return Err(
            wrong("iam.permissionsBoundary has no place with iam.scoping: session-policy")
                .detail(
                    "mcpctl makes no role there; whoever makes the shared one gives it a boundary",
                )
                .hint("take iam.permissionsBoundary out"),
        );
    }
    let of_the_region = partition(cluster.region.as_str());
    if role.partition() != of_the_region {
        return Err(wrong(&format!(
            "iam.sharedRole {role} is of partition {}, and {} is of {of_the_region}",
            role.partition(),
            cluster.region
        )));
    }
    let tenants = role_path(&cluster.name).to_ascii_lowercase();
    if role.path().to_ascii_lowercase().starts_with(&tenants) {
        return Err(wrong(&format!(
            "iam.sharedRole {role} lies where the tenants' own roles are, below {}",
            role_path(&cluster.name)
        ))
        .hint("give the shared role another path"));
    }
    Ok(Scoping::SessionPolicy(role.clone()))
}
