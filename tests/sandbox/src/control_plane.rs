//! etcd, the API server, the controller manager, the scheduler and KWOK, on free ports of loopback.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use http::Request;

use crate::access::{Access, CONTEXT, Identity};
use crate::aws::Associations;
use crate::engine::Engine;
use crate::files::write_private;
use crate::kubelet::Kubelet;
use crate::process::Process;
use crate::{kubernetes, kwok, pki, ports};

/// `ResponseComplete` at least for every request, and what was admitted for every pod.
const AUDIT_POLICY: &str = include_str!("control_plane/audit-policy.yaml");

const PATIENCE: Duration = Duration::from_mins(2);

/// A running control plane. Dropping it kills its processes.
pub(crate) struct ControlPlane {
    url: String,
    admin: PathBuf,
    client: kube::Client,
    kubelet: Kubelet,
    _processes: Vec<Process>,
}

/// What the processes need to know.
struct Plan<'a> {
    bin: &'a Path,
    dir: &'a Path,
    access: &'a Access,
    associations: &'a Associations,
}

impl ControlPlane {
    /// Starts everything and returns when the API server is ready. `tokens.yaml` must be there already.
    pub(crate) fn start(
        engine: &Engine,
        (bin, dir): (&Path, &Path),
        access: &Access,
        associations: &Associations,
    ) -> Result<Self> {
        let plan = Plan {
            bin,
            dir,
            access,
            associations,
        };
        plan.write_files()?;
        let mut failure = None;
        for _ in 0..ports::ATTEMPTS {
            match plan.start(engine) {
                Ok(control_plane) => return Ok(control_plane),
                Err(error) if ports::was_taken(&error) => failure = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(failure.context("no attempt was made")?)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn kubelet(&self) -> &Kubelet {
        &self.kubelet
    }

    /// The kubeconfig of a member of `system:masters`.
    pub(crate) fn admin(&self) -> &Path {
        &self.admin
    }

    pub(crate) fn client(&self) -> kube::Client {
        self.client.clone()
    }
}

impl Plan<'_> {
    fn write_files(&self) -> Result<()> {
        let hosts = [
            "localhost",
            "127.0.0.1",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
        ];
        let serving = self.access.authority.server("kube-apiserver", &hosts)?;
        let (tokens_private, tokens_public) = pki::key_pair()?;
        for (name, text) in [
            ("ca.crt", self.access.authority.certificate()),
            ("apiserver.crt", &serving.certificate),
            ("apiserver.key", &serving.key),
            ("tokens.key", &tokens_private),
            ("tokens.pub", &tokens_public),
            ("audit-policy.yaml", AUDIT_POLICY),
            ("stages.yaml", kwok::STAGES),
        ] {
            write_private(&self.dir.join(name), text)?;
        }
        Ok(())
    }

    fn start(&self, engine: &Engine) -> Result<ControlPlane> {
        let [etcd_port, peer_port, port, kwok_port] = ports::free()?;
        let etcd_url = format!("http://127.0.0.1:{etcd_port}");
        let url = format!("https://127.0.0.1:{port}");
        let admin =
            self.access
                .kubeconfig(&url, CONTEXT, &Identity::new("admin", &["system:masters"]))?;
        let client = engine.run({
            let admin = admin.clone();
            async move { kubernetes::client(&admin).await }
        })?;
        let mut processes = vec![
            self.etcd(&etcd_url, peer_port)?,
            self.api_server(&etcd_url, port)?,
        ];
        await_ready(engine, &client, &mut processes)?;
        let (authority, associations) = (&self.access.authority, self.associations.clone());
        let kubelet = Kubelet::start(engine, client.clone(), authority, associations)?;
        processes.extend([
            self.controller_manager(&url)?,
            self.scheduler(&url)?,
            self.kwok(&url, (kubelet.port(), kwok_port))?,
        ]);
        Ok(ControlPlane {
            url,
            admin,
            client,
            kubelet,
            _processes: processes,
        })
    }

    fn process(
        &self,
        name: &'static str,
        args: impl IntoIterator<Item = String>,
    ) -> Result<Process> {
        Process::start(name, &self.bin.join(name), args, &[], self.dir)
    }

    fn file(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }

    /// A kubeconfig argument for one of the control plane's own users.
    fn kubeconfig(&self, url: &str, user: &str, groups: &[&str]) -> Result<String> {
        let path = self
            .access
            .kubeconfig(url, CONTEXT, &Identity::new(user, groups))?;
        Ok(format!("--kubeconfig={}", path.display()))
    }

    fn etcd(&self, url: &str, peer_port: u16) -> Result<Process> {
        let data = self.dir.join("etcd");
        if data.exists() {
            fs::remove_dir_all(&data)?;
        }
        let peer = format!("http://127.0.0.1:{peer_port}");
        self.process(
            "etcd",
            [
                format!("--data-dir={}", data.display()),
                format!("--listen-client-urls={url}"),
                format!("--advertise-client-urls={url}"),
                format!("--listen-peer-urls={peer}"),
                format!("--initial-advertise-peer-urls={peer}"),
                format!("--initial-cluster=default={peer}"),
                "--unsafe-no-fsync".to_owned(),
                "--log-level=warn".to_owned(),
            ],
        )
    }

    fn api_server(&self, etcd_url: &str, port: u16) -> Result<Process> {
        let fixed = [
            "--bind-address=127.0.0.1",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            "--service-cluster-ip-range=10.0.0.0/16",
            "--authorization-mode=Node,RBAC",
            "--endpoint-reconciler-type=none",
            "--allow-privileged=true",
            "--profiling=false",
            "--authentication-token-webhook-version=v1",
            "--kubelet-preferred-address-types=InternalIP",
            // An event is in the log before its request is over, as far as the API server allows.
            "--audit-log-mode=blocking",
            "--audit-log-maxsize=2000",
        ];
        let files = [
            ("--tls-cert-file", "apiserver.crt"),
            ("--tls-private-key-file", "apiserver.key"),
            ("--client-ca-file", "ca.crt"),
            ("--service-account-key-file", "tokens.pub"),
            ("--service-account-signing-key-file", "tokens.key"),
            ("--audit-policy-file", "audit-policy.yaml"),
            ("--audit-log-path", "audit.log"),
            ("--authentication-token-webhook-config-file", "tokens.yaml"),
        ];
        self.process(
            "kube-apiserver",
            fixed
                .map(str::to_owned)
                .into_iter()
                .chain(files.map(|(flag, name)| format!("{flag}={}", self.file(name))))
                .chain([
                    format!("--etcd-servers={etcd_url}"),
                    format!("--secure-port={port}"),
                ]),
        )
    }

    fn controller_manager(&self, url: &str) -> Result<Process> {
        self.process(
            "kube-controller-manager",
            [
                self.kubeconfig(url, "system:kube-controller-manager", &[])?,
                format!(
                    "--service-account-private-key-file={}",
                    self.file("tokens.key")
                ),
                format!("--root-ca-file={}", self.file("ca.crt")),
                "--use-service-account-credentials".to_owned(),
                "--leader-elect=false".to_owned(),
                // The fake node would drop to NotReady now and then, and pods on it never recover.
                "--node-monitor-grace-period=24h".to_owned(),
                "--kube-api-qps=1000".to_owned(),
                "--kube-api-burst=2000".to_owned(),
                "--secure-port=0".to_owned(),
            ],
        )
    }

    fn scheduler(&self, url: &str) -> Result<Process> {
        self.process(
            "kube-scheduler",
            [
                self.kubeconfig(url, "system:kube-scheduler", &[])?,
                "--leader-elect=false".to_owned(),
                "--kube-api-qps=1000".to_owned(),
                "--kube-api-burst=2000".to_owned(),
                "--secure-port=0".to_owned(),
            ],
        )
    }

    fn kwok(&self, url: &str, (kubelet, own): (u16, u16)) -> Result<Process> {
        self.process(
            "kwok",
            [
                self.kubeconfig(url, "kwok", &["system:masters"])?,
                format!("--config={}", self.file("stages.yaml")),
                "--manage-all-nodes".to_owned(),
                "--node-ip=127.0.0.1".to_owned(),
                "--cidr=10.244.0.0/16".to_owned(),
                // Where the node says that its logs are.
                format!("--node-port={kubelet}"),
                format!("--server-address=127.0.0.1:{own}"),
            ],
        )
    }
}

/// Waits for `/readyz`, or for the end of a process.
fn await_ready(engine: &Engine, client: &kube::Client, processes: &mut [Process]) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let client = client.clone();
        let ready = engine.run(async move {
            let answer = client
                .request_text(Request::get("/readyz").body(Vec::new())?)
                .await;
            if answer.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok(answer.is_ok())
        })?;
        if ready {
            return Ok(());
        }
        if let Some(end) = processes.iter_mut().find_map(Process::exited) {
            bail!("{end}");
        }
        if Instant::now() > deadline {
            let logs = processes
                .iter()
                .map(Process::tail)
                .collect::<Vec<_>>()
                .join("\n");
            bail!(
                "the API server was not ready after {} s:\n{logs}",
                PATIENCE.as_secs()
            );
        }
    }
}
