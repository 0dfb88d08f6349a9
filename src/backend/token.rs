//! The token by which EKS's API servers know a caller: a call of `sts:GetCallerIdentity` that is signed here and that
//! the API server makes.
//!
//! Its form: <https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster>. It is
//! as good as the credentials themselves for a quarter of an hour: it gets into no message and no trace.

use std::time::{Duration, SystemTime};

use aws_credential_types::{
    Credentials as Keys,
    provider::{ProvideCredentials, SharedCredentialsProvider},
};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign},
    sign::v4::SigningParams,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Request;
use k8s_openapi::jiff::Timestamp;

use super::{
    causes,
    plugin::{Credential, bearer},
};
use crate::{
    error::{Error, Result},
    spec::{ClusterName, Region, dns_suffix},
};

/// What the signed URL says of itself, as the AWS CLI writes it. STS holds it against it, EKS does not.
const EXPIRES_IN: Duration = Duration::from_mins(1);
/// EKS takes a token for 15 minutes; another is signed well before, so that none ends on its way.
const GOOD_FOR: Duration = Duration::from_mins(10);

/// Signs tokens for one cluster.
#[derive(Clone, Debug)]
pub struct Signer {
    provider: SharedCredentialsProvider,
    /// For which it signs.
    pub(super) cluster: ClusterName,
    /// Where it is.
    pub(super) region: Region,
}

impl Signer {
    pub(super) fn new(
        provider: SharedCredentialsProvider,
        cluster: &ClusterName,
        region: &Region,
    ) -> Self {
        Self {
            provider,
            cluster: cluster.clone(),
            region: region.clone(),
        }
    }

    /// A new token, and until when it is to be used: never longer than the keys are good that signed it.
    ///
    /// # Errors
    /// Unreachable, where there are no AWS credentials any more.
    pub(super) async fn sign(&self) -> Result<Credential> {
        let keys = self.provider.provide_credentials().await.map_err(|error| {
            self.failed(causes::chain(&error))
                .hint(super::NO_CREDENTIALS)
        })?;
        let now = SystemTime::now();
        let until = keys
            .expiry()
            .map_or(now + GOOD_FOR, |end| end.min(now + GOOD_FOR));
        let token = self.token(keys, now);
        let authorization = token.as_deref().and_then(bearer);
        Ok(Credential {
            authorization: Some(authorization.ok_or_else(|| self.failed("it cannot be signed"))?),
            certificate: None,
            expires: Timestamp::try_from(until).ok(),
        })
    }

    fn failed(&self, why: impl Into<String>) -> Error {
        Error::unreachable(format!("no token for cluster `{}`", self.cluster)).detail(why)
    }

    /// The token that these keys sign at this time. None for what cannot be put into a request, which checked names can.
    fn token(&self, keys: Keys, at: SystemTime) -> Option<String> {
        let region = self.region.as_str();
        let url = format!(
            "https://sts.{region}.{}/?Action=GetCallerIdentity&Version=2011-06-15",
            dns_suffix(region)
        );
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(EXPIRES_IN);
        let identity = keys.into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("sts")
            .time(at)
            .settings(settings)
            .build()
            .ok()?;
        // The header is signed and not sent: the API server adds it with its own name.
        let headers = [("x-k8s-aws-id", self.cluster.as_str())];
        let signable =
            SignableRequest::new("GET", &url, headers.into_iter(), SignableBody::empty());
        let (instructions, _) = sign(signable.ok()?, &parameters.into()).ok()?.into_parts();
        let mut request = Request::get(&url).body(()).ok()?;
        instructions.apply_to_request_http1x(&mut request);
        let url = request.uri().to_string();
        Some(format!("k8s-aws-v1.{}", URL_SAFE_NO_PAD.encode(url)))
    }
}

#[cfg(test)]
mod tests;
