//! The sandbox as its users see it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::access::{Access, CONTEXT, Identity};
use crate::control_plane::ControlPlane;
use crate::engine::Engine;
use crate::files::{self, RunDir};
use crate::process::Janitor;
use crate::progress::Progress;
use crate::{binaries, kwok};

/// How to start a [`Sandbox`].
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether to say on stderr what is being built and started.
    pub progress: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { progress: true }
    }
}

/// A running sandbox. Dropping it stops everything and removes its files.
pub struct Sandbox {
    control_plane: ControlPlane,
    access: Access,
    bin: PathBuf,
    _engine: Engine,
    _janitor: Janitor,
    dir: RunDir,
}

impl Sandbox {
    /// Builds what is not there yet, starts everything and waits until it works.
    pub fn start(options: &Options) -> Result<Self> {
        let progress = Progress {
            shown: options.progress,
        };
        let cache = files::cache_dir()?;
        let bin = binaries::find_or_build(&cache, progress)?;
        let dir = RunDir::create(&cache)?;
        let janitor = Janitor::watch(dir.path())?;
        let engine = Engine::start()?;
        let access = Access::new(dir.path())?;
        let control_plane = ControlPlane::start(&engine, &bin, dir.path(), &access)?;
        let client = control_plane.client();
        engine.run(async move { kwok::add_node(&client).await })?;
        Ok(Self {
            control_plane,
            access,
            bin,
            _engine: engine,
            _janitor: janitor,
            dir,
        })
    }

    /// The URL of the API server.
    pub fn api_server(&self) -> &str {
        self.control_plane.url()
    }

    /// The certificate of the authority that signed the API server's certificate, PEM.
    pub fn ca_pem(&self) -> &str {
        self.access.authority.certificate()
    }

    /// A kubeconfig of a user named `admin` who may do everything.
    pub fn admin_kubeconfig(&self) -> &Path {
        self.control_plane.admin()
    }

    /// A kubeconfig for a user of your own, as the API server and its audit log will call them. The groups decide
    /// what they may do: `system:masters` is everything.
    pub fn kubeconfig_for(&self, user: &str, groups: &[&str]) -> Result<PathBuf> {
        self.access
            .kubeconfig(self.api_server(), CONTEXT, &Identity::new(user, groups))
    }

    /// A `kubectl` that acts as the administrator.
    pub fn kubectl(&self) -> Command {
        let mut command = Command::new(self.bin.join("kubectl"));
        command
            .env("KUBECONFIG", self.admin_kubeconfig())
            .env("KUBECACHEDIR", self.dir.path().join("kubectl-cache"));
        command
    }
}
