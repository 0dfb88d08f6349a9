//! Credentials are looked for once for each run, and again before they end: a role need not be assumed, nor a program be
//! run, once for the calls and once more for the cluster's token.

use std::time::{Duration, SystemTime};

use aws_credential_types::{
    Credentials,
    provider::{
        self, ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future,
    },
};
use tokio::sync::Mutex;

/// How long credentials must still be good.
const SPARE: Duration = Duration::from_mins(1);

/// What the provider gives, kept. `profile` is the one that it was told to take them from.
pub(super) fn once_for_each_run(
    provider: Option<SharedCredentialsProvider>,
    profile: Option<&str>,
) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Kept {
        provider,
        profile: profile.map(str::to_string),
        last: Mutex::default(),
    })
}

#[derive(Debug)]
struct Kept {
    provider: Option<SharedCredentialsProvider>,
    profile: Option<String>,
    last: Mutex<Option<Credentials>>,
}

impl Kept {
    async fn credentials(&self) -> provider::Result {
        let mut last = self.last.lock().await;
        let least = SystemTime::now() + SPARE;
        let good = |held: &&Credentials| held.expiry().is_none_or(|end| end > least);
        if let Some(held) = last.as_ref().filter(good) {
            return Ok(held.clone());
        }
        let provider = self
            .provider
            .as_ref()
            .ok_or_else(|| CredentialsError::not_loaded("there are none"))?;
        let found = provider.provide_credentials().await;
        let found = found.map_err(|error| self.named(error))?;
        *last = Some(found.clone());
        Ok(found)
    }

    /// The SDK does not name the profile in which there was nothing.
    fn named(&self, error: CredentialsError) -> CredentialsError {
        match (&self.profile, &error) {
            (Some(profile), CredentialsError::CredentialsNotLoaded(_)) => {
                CredentialsError::not_loaded(format!(
                    "the AWS configuration files have no profile `{profile}`, or no credentials in it"
                ))
            }
            _ => error,
        }
    }
}

impl ProvideCredentials for Kept {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}
