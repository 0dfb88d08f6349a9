//! What EKS says about a cluster.

use aws_sdk_eks::types::{AuthenticationMode, Cluster};
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::spec::AccountId;

/// What EKS says about a cluster.
#[derive(Clone, Debug)]
pub struct ClusterInfo {
    /// The account that it is in.
    pub account_id: AccountId,
    /// Its API server; none while it is being made.
    pub endpoint: Option<String>,
    /// Its certificate authorities, in DER; none while it is being made.
    pub certificate_authorities: Vec<Vec<u8>>,
    /// `ACTIVE`, unless something is being done to it.
    pub status: String,
    /// Whether its endpoint answers within its VPC only.
    pub private: bool,
    /// From where its public endpoint takes connections; everywhere where there are none.
    pub public_cidrs: Vec<String>,
    /// Whether it knows IAM principals by the `ConfigMap` `aws-auth` only, and not by access entries.
    pub config_map_only: bool,
}

/// Reads an answer of `DescribeCluster`. None for one that does not say whose the cluster is.
pub(super) fn read(cluster: Cluster) -> Option<ClusterInfo> {
    let network = cluster.resources_vpc_config;
    let access = cluster.access_config;
    let authority = cluster.certificate_authority.and_then(|held| held.data);
    Some(ClusterInfo {
        account_id: cluster.arn?.split(':').nth(4)?.parse().ok()?,
        endpoint: cluster.endpoint,
        certificate_authorities: certificates(&authority.unwrap_or_default()),
        status: cluster.status?.as_str().into(),
        private: network
            .as_ref()
            .is_some_and(|net| net.endpoint_private_access && !net.endpoint_public_access),
        public_cidrs: network
            .and_then(|net| net.public_access_cidrs)
            .filter(|cidrs| !cidrs.iter().any(|cidr| cidr == "0.0.0.0/0"))
            .unwrap_or_default(),
        config_map_only: access.and_then(|access| access.authentication_mode)
            == Some(AuthenticationMode::ConfigMap),
    })
}

/// The certificates of PEM in base64, in DER.
fn certificates(data: &str) -> Vec<Vec<u8>> {
    let pem = STANDARD.decode(data).unwrap_or_default();
    let pem = String::from_utf8_lossy(&pem);
    let blocks = pem.split("-----BEGIN CERTIFICATE-----").skip(1);
    let blocks = blocks.filter_map(|block| block.split("-----END").next());
    blocks
        .filter_map(|block| {
            STANDARD
                .decode(block.split_whitespace().collect::<String>())
                .ok()
        })
        .collect()
}
