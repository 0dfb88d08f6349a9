//! The AWS half: one configuration, two clients, and what all calls share.

use std::{path::Path, time::Duration};

use aws_config::{
    BehaviorVersion, profile::ProfileFileCredentialsProvider, provider_config::ProviderConfig,
    retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_credential_types::provider::SharedCredentialsProvider;

use super::{eks::Eks, iam::Iam, token::Signer};
use crate::{
    error::Result,
    spec::{ClusterName, Region},
};

mod client;
mod kept;

/// Clients for IAM and EKS.
#[derive(Clone)]
pub struct Aws {
    /// Roles.
    pub iam: Iam,
    /// Clusters and associations.
    pub eks: Eks,
    credentials: SharedCredentialsProvider,
    region: Region,
}

impl Aws {
    /// Loads the configuration as the AWS CLI does; makes no call.
    ///
    /// # Errors
    /// Usage, for a CA bundle that cannot be read.
    pub async fn connect(
        region: &Region,
        profile: Option<&str>,
        ca_bundle: Option<&Path>,
    ) -> Result<Self> {
        let client = client::https(ca_bundle)?;
        let shown = client::shown(client.clone());
        let sdk_region = aws_config::Region::new(region.to_string());
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(sdk_region.clone())
            .http_client(shown.clone())
            .retry_config(RetryConfig::standard().with_max_attempts(4))
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_timeout(Duration::from_mins(1))
                    .build(),
            );
        if let Some(profile) = profile {
            // As in the AWS CLI, a profile that is named counts more than keys in the environment.
            // A provider of one's own has to be told where to call for a role's credentials, and how.
            let asking = ProviderConfig::default()
                .with_region(Some(sdk_region))
                .with_http_client(shown);
            let credentials = ProfileFileCredentialsProvider::builder()
                .configure(&asking)
                .profile_name(profile)
                .build();
            loader = loader
                .profile_name(profile)
                .credentials_provider(credentials);
        }
        let config = loader.load().await;
        let credentials = kept::once_for_each_run(config.credentials_provider(), profile);
        let config = config
            .into_builder()
            .credentials_provider(credentials.clone())
            .http_client(client)
            .build();
        Ok(Self {
            iam: Iam::new(&config),
            eks: Eks::new(&config),
            credentials,
            region: region.clone(),
        })
    }

    /// Signs, with the same credentials, what the API server of a cluster takes for a token.
    pub fn signer(&self, cluster: &ClusterName) -> Signer {
        Signer::new(self.credentials.clone(), cluster, &self.region)
    }
}
