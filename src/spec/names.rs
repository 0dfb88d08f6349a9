//! Names derived from a tenant's, once: they are stored with the tenant and read back for the rest of its life.

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{ClusterName, Host, TenantName};
use crate::{
    config::{Cluster, Settings},
    error::{Error, Result},
    object::PLATFORM_NAMESPACE,
};

/// The service account that tenants' pods run as.
pub const SERVICE_ACCOUNT: &str = "mcp-server";

/// Path of all roles of a cluster.
pub fn role_path(cluster: &ClusterName) -> String {
    format!("/mcpctl/{cluster}/")
}

/// Name of the role of a tenant's namespace and service account: one for each region, cluster and place.
pub fn role_name(
    tenant: &str,
    (namespace, service_account): (&str, &str),
    cluster: &Cluster,
) -> String {
    let Cluster { region, name, .. } = cluster;
    let digest = Sha256::digest(format!("{region}\n{name}\n{namespace}\n{service_account}"));
    let mut text = format!("{tenant}-");
    for byte in digest.iter().take(5) {
        _ = write!(text, "{byte:02x}");
    }
    text
}

/// The tenant that the name of a role speaks of: what stands before the hash of ten digits.
pub fn tenant_in(role: &str) -> Option<&str> {
    let (tenant, hash) = role.rsplit_once('-')?;
    (hash.len() == 10 && hash.bytes().all(|b| b.is_ascii_hexdigit())).then_some(tenant)
}

/// Whether a namespace may have been derived from a tenant's name, whatever the prefix was then.
pub fn is_named_after(tenant: &str, namespace: &str) -> bool {
    let prefix = namespace.strip_suffix(tenant);
    prefix.is_some_and(|prefix| prefix.is_empty() || prefix.ends_with('-'))
}

/// The derived names of one tenant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Names {
    /// The tenant's namespace.
    pub namespace: String,
    /// The service account that the role is bound to.
    pub service_account: String,
    /// Path of the role: `/mcpctl/<cluster>/`.
    pub role_path: String,
    /// Name of the role, at most 64 characters; the hash keeps it unique in the account, whose role names differ in
    /// more than case.
    pub role: String,
    /// The host where the tenant asks for none.
    pub host: Host,
}

impl Names {
    /// Derives the names. No account id goes in, so a dry run without one prints the right names.
    ///
    /// # Errors
    /// Usage, when the namespace is reserved or the host would not fit.
    pub fn derive(tenant: &TenantName, settings: &Settings) -> Result<Self> {
        let namespace = format!("{}{tenant}", settings.namespace_prefix);
        let reserved = namespace == "default"
            || namespace == PLATFORM_NAMESPACE
            || namespace.starts_with("kube-");
        if reserved {
            return Err(Error::usage(format!(
                "tenant `{tenant}` would use the reserved namespace `{namespace}`"
            ))
            .hint("choose another name, or set namespacePrefix in mcpctl.yaml"));
        }
        let service_account = SERVICE_ACCOUNT.to_string();
        let cluster = &settings.cluster;
        let host = format!("{tenant}.{}", settings.domain);
        Ok(Self {
            host: host.parse().map_err(|why| {
                Error::usage(format!("tenant `{tenant}`: {why}")).hint("set domain in mcpctl.yaml")
            })?,
            role: role_name(tenant.as_str(), (&namespace, &service_account), cluster),
            role_path: role_path(&cluster.name),
            namespace,
            service_account,
        })
    }
}

/// The partition of a region: `aws`, `aws-cn`, `aws-us-gov` or one of the isolated ones.
/// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>
pub fn partition(region: &str) -> &'static str {
    const BY_PREFIX: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("eusc-", "aws-eusc"),
        ("us-gov-", "aws-us-gov"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("us-iso-", "aws-iso"),
        ("eu-isoe-", "aws-iso-e"),
    ];
    BY_PREFIX
        .iter()
        .find(|(prefix, _)| region.starts_with(prefix))
        .map_or("aws", |(_, partition)| partition)
}

/// What the host names of AWS in a region end with, as the SDKs' partition data have it.
pub fn dns_suffix(region: &str) -> &'static str {
    match partition(region) {
        "aws-cn" => "amazonaws.com.cn",
        "aws-eusc" => "amazonaws.eu",
        "aws-iso" => "c2s.ic.gov",
        "aws-iso-b" => "sc2s.sgov.gov",
        "aws-iso-e" => "cloud.adc-e.uk",
        "aws-iso-f" => "csp.hci.ic.gov",
        _ => "amazonaws.com",
    }
}
