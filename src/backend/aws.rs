//! The AWS half: one configuration, two clients, and what all calls share.

use std::{path::Path, time::Duration};

use aws_config::{BehaviorVersion, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_eks::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore};
use aws_types::request_id::RequestId;

use super::{CallError, Reason, connect, eks::Eks, iam::Iam, retry::retry};
use crate::{
    error::{Error, Result},
    spec::{AccountId, Region},
};

/// What EKS says about a cluster.
#[derive(Clone, Debug)]
pub struct ClusterInfo {
    /// The account that it is in.
    pub account_id: AccountId,
    /// Its API server.
    pub endpoint: String,
    /// Its certificate authority: base64 of PEM.
    pub certificate_authority: String,
}

/// Clients for IAM and EKS.
#[derive(Clone)]
pub struct Aws {
    /// Roles.
    pub iam: Iam,
    /// Clusters and associations.
    pub eks: Eks,
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
            loader = loader.profile_name(profile);
        }
        if let Some(path) = ca_bundle {
            loader = loader.http_client(trusting(path)?);
        }
        let config = loader.load().await;
        Ok(Self {
            iam: Iam::new(&config),
            eks: Eks::new(&config),
        })
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

/// Codes of changes that are still spreading or that pass: the SDK does not repeat them.
const PASSING: [&str; 5] = [
    "ConcurrentModification",
    "EntityTemporarilyUnmodifiable",
    "ThrottlingException",
    "Throttling",
    "TooManyRequestsException",
];

/// Makes a call of the SDK, again while it fails in a passing way. `name` is what messages call it.
pub(super) async fn call<T, E>(
    name: &str,
    mut send: impl AsyncFnMut() -> std::result::Result<T, SdkError<E>>,
) -> std::result::Result<T, CallError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    SdkError<E>: RequestId,
{
    retry(async || send().await.map_err(|error| failed(name, &error))).await
}

/// Absence, where that is what was to be reached. False says that there was nothing to do.
pub(super) fn absent_is_fine<T>(
    answer: std::result::Result<T, CallError>,
) -> std::result::Result<bool, CallError> {
    match answer {
        Ok(_) => Ok(true),
        Err(error) if error.reason == Reason::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// An SDK failure as one of ours.
fn failed<E>(call: &str, error: &SdkError<E>) -> CallError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    SdkError<E>: RequestId,
{
    let code = error.code().unwrap_or_default().to_string();
    let mut message = error.message().unwrap_or_default().to_string();
    let reason = match (error, code.as_str()) {
        (SdkError::ServiceError(_), code) if PASSING.contains(&code) => Reason::Busy,
        (SdkError::ServiceError(_), "NoSuchEntity" | "ResourceNotFoundException") => {
            Reason::NotFound
        }
        (
            SdkError::ServiceError(_),
            "EntityAlreadyExists" | "ResourceInUseException" | "DeleteConflict",
        ) => Reason::Conflict,
        (
            SdkError::ServiceError(_),
            "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation",
        ) => Reason::Forbidden,
        (
            SdkError::ServiceError(_),
            "ExpiredToken"
            | "ExpiredTokenException"
            | "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "SignatureDoesNotMatch"
            | "InvalidSignatureException",
        ) => Reason::Unauthorized,
        (
            SdkError::ServiceError(_),
            "MalformedPolicyDocument"
            | "InvalidInput"
            | "ValidationError"
            | "InvalidParameterException"
            | "InvalidRequestException"
            | "LimitExceeded"
            | "ResourceLimitExceededException",
        ) => Reason::Invalid,
        (SdkError::ServiceError(_), _) => Reason::Other,
        _ => {
            message = connect::chain(error);
            if message.contains("credentials") {
                Reason::NoCredentials
            } else {
                Reason::Transport
            }
        }
    };
    if let Some(request) = error.request_id() {
        message = format!("{message} (request {request})");
    }
    CallError {
        call: call.into(),
        reason,
        code,
        message,
        retry_after: None,
    }
}
