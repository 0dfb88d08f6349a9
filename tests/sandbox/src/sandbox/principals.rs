//! Whom the API server knows by a token of EKS.

use std::time::Duration;

use anyhow::Result;
use k8s_openapi::jiff::{SignedDuration, Timestamp};

use super::Sandbox;
use crate::tokens::{self, Entry};

impl Sandbox {
    /// Gives an IAM principal, known by its access key, an access entry: what the API server calls it, and its groups.
    /// Without one a principal is an administrator with the name of its access key, as who made the cluster is.
    pub fn access_entry(&self, access_key: &str, user: &str, groups: &[&str]) {
        let entry = Entry {
            user: user.to_owned(),
            groups: groups.iter().map(ToString::to_string).collect(),
        };
        self.principals.set_entry(access_key, Some(entry));
    }

    /// From now on the API server does not know a principal.
    pub fn no_access_entry(&self, access_key: &str) {
        self.principals.set_entry(access_key, None);
    }

    /// The next token of a principal that the API server has not seen before is refused, once.
    pub fn refuse_token(&self, access_key: &str) {
        self.principals.refuse_next(access_key);
    }

    /// A token for a cluster as `aws eks get-token` makes it, of this age.
    pub fn eks_token(&self, cluster: &str, access_key: &str, age: Duration) -> Result<String> {
        let age = SignedDuration::try_from(age)?;
        Ok(tokens::make(cluster, access_key, Timestamp::now() - age))
    }
}
