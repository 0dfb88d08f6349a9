//! Who may reach the API server: client certificates, in kubeconfig files.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::files::write_private;
use crate::pki::{Authority, Validity};

/// The name of the context in kubeconfigs that are not made for a cluster of a given name.
pub(crate) const CONTEXT: &str = "sandbox";

/// Issues kubeconfigs for one API server.
pub(crate) struct Access {
    pub(crate) authority: Authority,
    dir: PathBuf,
    count: AtomicUsize,
}

/// Whom a kubeconfig is for.
pub(crate) struct Identity<'a> {
    pub(crate) user: &'a str,
    pub(crate) groups: &'a [&'a str],
    pub(crate) validity: Validity,
}

impl<'a> Identity<'a> {
    pub(crate) fn new(user: &'a str, groups: &'a [&'a str]) -> Self {
        Self {
            user,
            groups,
            validity: Validity::Current,
        }
    }

    pub(crate) fn expired(user: &'a str, groups: &'a [&'a str]) -> Self {
        Self {
            user,
            groups,
            validity: Validity::Expired,
        }
    }
}

impl Access {
    pub(crate) fn new(dir: &Path) -> Result<Self> {
        Ok(Self {
            authority: Authority::new()?,
            dir: dir.to_owned(),
            count: AtomicUsize::new(0),
        })
    }

    /// Writes a kubeconfig with one context, certificate and key inside.
    pub(crate) fn kubeconfig(
        &self,
        server: &str,
        context: &str,
        identity: &Identity<'_>,
    ) -> Result<PathBuf> {
        let pair = self
            .authority
            .client(identity.user, identity.groups, identity.validity)?;
        let text = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": context,
            "contexts": [{"name": context, "context": {"cluster": context, "user": identity.user}}],
            "clusters": [{"name": context, "cluster": {
                "server": server,
                "certificate-authority-data": STANDARD.encode(self.authority.certificate()),
            }}],
            "users": [{"name": identity.user, "user": {
                "client-certificate-data": STANDARD.encode(pair.certificate),
                "client-key-data": STANDARD.encode(pair.key),
            }}],
        });
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        };
        let name = identity.user.chars().map(plain).collect::<String>();
        let path = self.dir.join(format!("kubeconfig-{number}-{name}.yaml"));
        write_private(&path, &serde_json::to_string_pretty(&text)?)?;
        Ok(path)
    }
}
