//! By what the API server knows us.

use std::time::Instant;

use base64::Engine;
use http::HeaderValue;
use k8s_openapi::jiff::Timestamp;
use kube::{Config, config::AuthInfo};
use tokio::sync::Mutex;

use super::{
    plugin::{Credential, Plugin},
    token::Signer,
};
use crate::error::Result;

/// Where the `Authorization` header of a request comes from.
#[derive(Debug)]
pub(super) enum Credentials {
    /// The kubeconfig or the pod holds them, and kube adds them by itself.
    Held,
    /// They are given for a time.
    Given(Box<Given>),
}

/// Credentials of whoever gives them.
#[derive(Debug)]
pub(super) struct Given {
    source: Source,
    last: Mutex<Last>,
}

/// Who gives credentials.
#[derive(Debug)]
enum Source {
    /// A program.
    Plugin(Box<Plugin>),
    /// We ourselves, for an EKS cluster.
    Signer(Signer),
}

impl Source {
    async fn credential(&self) -> Result<Credential> {
        match self {
            Self::Plugin(plugin) => plugin.run().await,
            Self::Signer(signer) => signer.sign().await,
        }
    }
}

/// What was given last.
#[derive(Debug)]
struct Last {
    credential: Credential,
    /// When it was given.
    at: Instant,
}

impl Last {
    fn now(credential: Credential) -> Self {
        Self {
            credential,
            at: Instant::now(),
        }
    }

    /// A certificate belongs to the connection: it is asked for once, for a run.
    fn is_over(&self, now: Timestamp) -> bool {
        let expires = self.credential.expires;
        self.credential.authorization.is_some() && expires.is_some_and(|expires| expires <= now)
    }
}

impl Credentials {
    /// Takes the plugin out of the configuration, which would run it three times and block, and runs it once. Its
    /// certificate goes into the configuration.
    ///
    /// # Errors
    /// Unreachable, when the plugin gives nothing.
    pub(super) async fn take(config: &mut Config, context: &str, attended: bool) -> Result<Self> {
        let exec = config.auth_info.exec.take();
        let Some(exec) = exec.filter(|_| !holds_some(&config.auth_info)) else {
            return Ok(Self::Held);
        };
        let plugin = Plugin::new(exec, context, attended)?;
        let (given, last) = Self::first(Source::Plugin(plugin.into())).await?;
        if let Some((certificate, key)) = &last {
            let base64 = base64::engine::general_purpose::STANDARD;
            config.auth_info.client_certificate_data = Some(base64.encode(certificate));
            config.auth_info.client_key_data = Some(base64.encode(key).into());
        }
        Ok(given)
    }

    /// A token that is signed here, and signed anew before it ends.
    ///
    /// # Errors
    /// Unreachable, where there are no AWS credentials.
    pub(super) async fn signed(signer: Signer) -> Result<Self> {
        Ok(Self::first(Source::Signer(signer)).await?.0)
    }

    /// Asks for the first time. Also gives the certificate, if one came.
    async fn first(source: Source) -> Result<(Self, Option<(String, String)>)> {
        let credential = source.credential().await?;
        let certificate = credential.certificate.clone();
        let last = Mutex::new(Last::now(credential));
        Ok((Self::Given(Given { source, last }.into()), certificate))
    }

    /// The header of the next request; none where kube adds it. A token that is over is asked for again.
    ///
    /// # Errors
    /// Unreachable, when there are none to be had.
    pub(super) async fn authorization(&self) -> Result<Option<HeaderValue>> {
        self.header(|last| last.is_over(Timestamp::now())).await
    }

    /// The header for a second try of a request that was begun then and was not authorized; none where there is no
    /// other. Requests that fail side by side ask for one new token together.
    ///
    /// # Errors
    /// Unreachable, when there are none to be had.
    pub(super) async fn renewed(&self, begun: Instant) -> Result<Option<HeaderValue>> {
        self.header(|last| last.credential.authorization.is_some() && last.at < begun)
            .await
    }

    /// What was given last, or what is given now if that will not do. One at a time asks.
    async fn header(&self, will_not_do: impl Fn(&Last) -> bool) -> Result<Option<HeaderValue>> {
        let Self::Given(given) = self else {
            return Ok(None);
        };
        let mut last = given.last.lock().await;
        if will_not_do(&last) {
            *last = Last::now(given.source.credential().await?);
        }
        Ok(last.credential.authorization.clone())
    }
}

/// As for client-go, what the kubeconfig holds goes before its plugin.
fn holds_some(user: &AuthInfo) -> bool {
    user.token.is_some()
        || user.token_file.is_some()
        || user.username.is_some()
        || user.client_certificate.is_some()
        || user.client_certificate_data.is_some()
}
