//! The AWS half: one configuration, two clients, and what all calls share.

use std::{path::Path, time::Duration};

use aws_config::{
    BehaviorVersion, profile::ProfileFileCredentialsProvider, retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore};

use super::{connect, eks::Eks, iam::Iam, token::Signer};
use crate::{
    error::{Error, Result},
    spec::{ClusterName, Region},
};

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
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(aws_config::Region::new(region.to_string()))
            .retry_config(RetryConfig::standard().with_max_attempts(4))
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_timeout(Duration::from_mins(1))
                    .build(),
            );
        if let Some(profile) = profile {
            // As in the AWS CLI, a profile that is named counts more than keys in the environment.
            let credentials = ProfileFileCredentialsProvider::builder()
                .profile_name(profile)
                .build();
            loader = loader
                .profile_name(profile)
                .credentials_provider(credentials);
        }
        if let Some(path) = ca_bundle {
            loader = loader.http_client(trusting(path)?);
        }
        let config = loader.load().await;
        let credentials = kept::once_for_each_run(config.credentials_provider(), profile);
        let config = config
            .into_builder()
            .credentials_provider(credentials.clone())
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

/// The SDK does not read `AWS_CA_BUNDLE` by itself.
fn trusting(path: &Path) -> Result<aws_smithy_runtime_api::client::http::SharedHttpClient> {
    let pem = std::fs::read(path).map_err(|error| {
        Error::usage(format!("AWS_CA_BUNDLE: cannot read {}", path.display()))
            .detail(error.to_string())
    })?;
    let store = TrustStore::default().with_pem_certificate(pem);
    let context = TlsContext::builder()
        .with_trust_store(store)
        .build()
        .map_err(|error| Error::usage(format!("AWS_CA_BUNDLE: {}", connect::chain(&error))))?;
    let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
    Ok(aws_smithy_http_client::Builder::new()
        .tls_provider(provider)
        .tls_context(context)
        .build_https())
}
