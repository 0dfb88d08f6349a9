//! By what the API server knows us.

use std::time::Instant;

use base64::Engine;
use http::HeaderValue;
use k8s_openapi::jiff::Timestamp;
use kube::{Config, config::AuthInfo};
use tokio::sync::Mutex;

use super::plugin::{Credential, Plugin};
use crate::error::Result;

/// Where the `Authorization` header of a request comes from.
#[derive(Debug)]
pub(super) enum Credentials {
    /// The kubeconfig or the pod holds them, and kube adds them by itself.
    Held,
    /// A program gives them, for a time.
    Plugin {
        plugin: Box<Plugin>,
        last: Mutex<Last>,
    },
}

/// What a plugin gave last.
#[derive(Debug)]
pub(super) struct Last {
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
    fn is_over(&self) -> bool {
        let expires = self.credential.expires;
        self.credential.authorization.is_some()
            && expires.is_some_and(|expires| expires <= Timestamp::now())
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
        let credential = plugin.run().await?;
        if let Some((certificate, key)) = &credential.certificate {
            let base64 = base64::engine::general_purpose::STANDARD;
            config.auth_info.client_certificate_data = Some(base64.encode(certificate));
            config.auth_info.client_key_data = Some(base64.encode(key).into());
        }
        Ok(Self::Plugin {
            plugin: plugin.into(),
            last: Mutex::new(Last::now(credential)),
        })
    }

    /// The header of the next request; none where kube adds it. A token that has expired is asked for again.
    ///
    /// # Errors
    /// Unreachable, when the plugin gives nothing.
    pub(super) async fn authorization(&self) -> Result<Option<HeaderValue>> {
        match self {
            Self::Held => Ok(None),
            Self::Plugin { plugin, last } => {
                let mut last = last.lock().await;
                if last.is_over() {
                    *last = Last::now(plugin.run().await?);
                }
                Ok(last.credential.authorization.clone())
            }
        }
    }

    /// The header for a second try of a request that was begun then and was not authorized; none where there is no
    /// other. Requests that fail side by side ask for one new token together.
    ///
    /// # Errors
    /// Unreachable, when the plugin gives nothing.
    pub(super) async fn renewed(&self, begun: Instant) -> Result<Option<HeaderValue>> {
        match self {
            Self::Held => Ok(None),
            Self::Plugin { plugin, last } => {
                let mut last = last.lock().await;
                if last.credential.authorization.is_some() && last.at < begun {
                    *last = Last::now(plugin.run().await?);
                }
                Ok(last.credential.authorization.clone())
            }
        }
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
