//! The sandbox as its users see it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use crate::access::{Access, CONTEXT, Identity};
use crate::ack::{self, Ack, AckAnswer};
use crate::audit::{AuditEvent, AuditLog};
use crate::aws::{
    self, ACCOUNT, Associations, AwsCall, AwsRule, AwsRuleHandle, Cluster, Front, Ministack,
    REGION, SECRET,
};
use crate::control_plane::ControlPlane;
use crate::distance::Distant;
use crate::engine::Engine;
use crate::files::{self, RunDir};
use crate::load_balancer::LoadBalancer;
use crate::process::Janitor;
use crate::progress::Progress;
use crate::tokens::{self, Principals};
use crate::webhook::Webhook;
use crate::{binaries, crds, kwok, load_balancer, python, references};

mod principals;

/// The add-on that each cluster has.
const AGENT: &str = "eks-pod-identity-agent";

/// How to start a [`Sandbox`].
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether to say on stderr what is being built and started.
    pub progress: bool,
    /// How long after its creation an association begins to act on new pods, in namespaces for which
    /// [`Sandbox::webhook_delay`] says nothing.
    pub webhook_delay: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            progress: true,
            webhook_delay: Duration::ZERO,
        }
    }
}

/// A running sandbox. Dropping it stops everything and removes its files.
pub struct Sandbox {
    control_plane: ControlPlane,
    access: Access,
    principals: Principals,
    audit: AuditLog,
    front: Front,
    webhook: Webhook,
    load_balancer: LoadBalancer,
    ack: Ack,
    ministack: Ministack,
    bin: PathBuf,
    engine: Engine,
    _janitor: Option<Janitor>,
    dir: RunDir,
}

impl Sandbox {
    /// Builds what is not there yet, starts everything and waits until it works.
    pub fn start(options: &Options) -> Result<Self> {
        let progress = Progress {
            shown: options.progress,
        };
        let cache = files::cache_dir()?;
        let environment = python::MINISTACK.install(&cache, progress)?;
        let bin = binaries::find_or_build(&cache, progress)?;
        let dir = RunDir::create(&cache)?;
        let janitor = if RunDir::kept() {
            None
        } else {
            Some(Janitor::watch(dir.path())?)
        };
        let engine = Engine::start()?;
        let access = Access::new(dir.path())?;
        let mut ministack = Ministack::start(&environment, dir.path())?;
        let principals =
            tokens::start(&engine, &access.authority, &dir.path().join("tokens.yaml"))?;
        let associations = Associations::default();
        let files = (bin.as_path(), dir.path());
        let control_plane = ControlPlane::start(&engine, files, &access, &associations)?;
        let client = control_plane.client();
        engine.run(async move {
            crds::add(&client).await?;
            kwok::add_node(&client).await
        })?;
        references::start(&engine, control_plane.client());
        let controller = Identity::new(load_balancer::USER, &load_balancer::GROUPS);
        let controller = access.kubeconfig(control_plane.url(), CONTEXT, &controller)?;
        let load_balancer = LoadBalancer::start(&engine, control_plane.client(), &controller)?;
        ministack.await_ready(&engine, &environment, dir.path())?;
        let audit = AuditLog::new(dir.path());
        let client = control_plane.client();
        let webhook = Webhook::start(
            &engine,
            client,
            &access.authority,
            associations.clone(),
            options.webhook_delay,
        )?;
        let front = Front::start(&engine, ministack.url(), dir.path(), associations)?;
        let controller = Identity::new(ack::USER, &ack::GROUPS);
        let controller = access.kubeconfig(control_plane.url(), CONTEXT, &controller)?;
        let aws = (ministack.url(), front.clone());
        let ack = Ack::start(&engine, control_plane.client(), &controller, aws)?;
        Ok(Self {
            control_plane,
            access,
            principals,
            audit,
            front,
            webhook,
            load_balancer,
            ack,
            ministack,
            bin,
            engine,
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

    /// A kubeconfig for a user of your own, as the API server and its audit log will call them. The last of the
    /// groups decides what they may do: `system:masters` is everything.
    pub fn kubeconfig_for(&self, user: &str, groups: &[&str]) -> Result<PathBuf> {
        self.access
            .kubeconfig(self.api_server(), CONTEXT, &Identity::new(user, groups))
    }

    /// The same with a context of another name, such as that of an EKS cluster.
    pub fn kubeconfig_for_cluster(
        &self,
        cluster: &str,
        user: &str,
        groups: &[&str],
    ) -> Result<PathBuf> {
        self.kubeconfig_at(self.api_server(), cluster, user, groups)
    }

    pub(crate) fn kubeconfig_at(
        &self,
        server: &str,
        cluster: &str,
        user: &str,
        groups: &[&str],
    ) -> Result<PathBuf> {
        self.access
            .kubeconfig(server, cluster, &Identity::new(user, groups))
    }

    /// The same sandbox with a round trip added to every exchange with the API server and with AWS, the latter over
    /// TLS. Zero adds only TLS.
    pub fn with_round_trip(&self, round_trip: Duration) -> Result<Distant<'_>> {
        let api_server = self.api_server().trim_start_matches("https://").parse()?;
        let certificate = self.access.authority.server("aws", &["127.0.0.1"])?;
        let aws = self.front.serve_tls(&self.engine, &certificate)?;
        let authority = self.dir.path().join("ca.crt");
        Distant::start(self, (api_server, aws), authority, round_trip)
    }

    /// The same with a certificate that expired yesterday: the API server answers 401.
    pub fn expired_kubeconfig_for(&self, user: &str, groups: &[&str]) -> Result<PathBuf> {
        self.access
            .kubeconfig(self.api_server(), CONTEXT, &Identity::expired(user, groups))
    }

    /// What a user asked the API server for, in the order in which the requests arrived.
    pub fn audit(&self, user: &str) -> Result<Vec<AuditEvent>> {
        self.audit
            .events(&self.engine, self.control_plane.client(), user)
    }

    /// The pods of a namespace that anybody asked the API server to make, by name or as a controller, refused ones
    /// included.
    pub fn pods_asked_for(&self, namespace: &str) -> Result<Vec<AuditEvent>> {
        self.audit
            .pods(&self.engine, self.control_plane.client(), namespace)
    }

    /// A `kubectl` that acts as the administrator.
    pub fn kubectl(&self) -> Command {
        let mut command = Command::new(self.bin.join("kubectl"));
        command
            .env("KUBECONFIG", self.admin_kubeconfig())
            .env("KUBECACHEDIR", self.dir.path().join("kubectl-cache"));
        command
    }

    /// Makes an EKS cluster of this name, with the Pod Identity agent, whose API server is the sandbox's.
    pub fn cluster(&self, name: &str) -> Result<()> {
        let body = json!({
            "name": name,
            "version": "1.36",
            "roleArn": format!("arn:aws:iam::{ACCOUNT}:role/eks-cluster"),
            "resourcesVpcConfig": {"subnetIds": []},
        });
        let cluster = Cluster {
            endpoint: self.api_server().to_owned(),
            authority: STANDARD.encode(self.ca_pem()),
        };
        self.front.add_cluster(name, cluster);
        self.principals.add_cluster(name);
        let agent = json!({"addonName": AGENT, "addonVersion": "v1.3.8-eksbuild.2"});
        for (path, body) in [
            ("/clusters".to_owned(), body),
            (format!("/clusters/{name}/addons"), agent),
        ] {
            let call = self
                .front
                .clone()
                .eks("SANDBOX", Method::POST, path, Some(body));
            self.engine
                .run(call)
                .with_context(|| format!("cannot make the cluster {name}"))?;
        }
        Ok(())
    }

    /// Changes what `DescribeCluster` answers about a cluster from now on: maps are merged, null takes a field away.
    pub fn describe_cluster_as(&self, cluster: &str, change: Value) {
        self.front.describe_as(cluster, change);
    }

    /// What EKS says is wrong with the Pod Identity agent of a cluster, whose add-on is degraded from now on.
    pub fn degrade_agent(&self, cluster: &str, code: &str, message: &str) {
        self.front.degrade(cluster, code, message);
    }

    /// The AWS account that owns everything in the sandbox.
    pub fn account_id(&self) -> &str {
        ACCOUNT
    }

    /// The variables by which AWS clients find the sandbox. Give each test an access key id of its own: the calls
    /// and the rules are told apart by it.
    pub fn aws_env(&self, access_key: &str) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL", self.front.url()),
            ("AWS_ACCESS_KEY_ID", access_key),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_REGION", REGION),
            // What boto3 and version 1 of the AWS CLI read.
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// The calls signed by this access key id, in the order in which they arrived.
    pub fn aws_calls(&self, access_key: &str) -> Vec<AwsCall> {
        let mut calls = self.front.calls();
        calls.retain(|call| call.access_key == access_key);
        calls
    }

    /// The file that gets a JSON line for each call that is over.
    pub fn aws_log(&self) -> PathBuf {
        self.dir.path().join("aws-calls.jsonl")
    }

    /// Makes calls fail, wait, or be held.
    pub fn aws_fault(&self, rule: AwsRule) -> AwsRuleHandle {
        self.front.add_rule(rule)
    }

    /// How long after its creation an association begins to act on new pods of this namespace, as EKS's eventual
    /// consistency has it.
    pub fn webhook_delay(&self, namespace: &str, delay: Duration) {
        self.webhook.set_delay(namespace, delay);
    }

    /// Takes EKS's webhook down, or up again: while it is down, pods are admitted without credentials.
    pub fn webhook_down(&self, down: bool) {
        self.webhook.set_down(down);
    }

    /// Whether EKS's webhook leaves pods of this namespace without an answer: the API server goes on without it after 5
    /// seconds.
    pub fn webhook_hangs(&self, namespace: &str, hangs: bool) {
        self.webhook.set_hanging(namespace, hangs);
    }

    /// Whether EKS's webhook has not heard that associations of this namespace are gone, and goes on to give pods
    /// credentials whose service account had one.
    pub fn webhook_is_stale(&self, namespace: &str, stale: bool) {
        self.webhook.set_stale(namespace, stale);
    }

    /// Whom STS takes the pods of this namespace for, as an ARN, in place of the role of their association.
    pub fn pods_are(&self, namespace: &str, arn: &str) {
        self.control_plane.kubelet().set_caller(namespace, arn);
    }

    /// Keeps the load balancer controller from touching the Ingresses of a namespace: they get no host name, and keep
    /// their finalizer when they are deleted.
    pub fn hold_ingress(&self, namespace: &str, hold: bool) {
        self.load_balancer.hold(namespace, hold);
    }

    /// How ACK treats the objects of a kind (`Role` or `PodIdentityAssociation`) and name from now on; those that are
    /// there it looks at again, as at a resync.
    pub fn ack(&self, kind: &str, name: &str, answer: AckAnswer) {
        self.ack.answer(kind, name, answer);
    }

    /// Calls IAM, STS or another service of the query protocol by hand; the call is not logged. The
    /// version is IAM's unless you give one. Gives the answer's XML.
    pub fn aws_iam(&self, parameters: &[(&str, &str)]) -> Result<String> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        if !parameters.iter().any(|(name, _)| *name == "Version") {
            form.append_pair("Version", "2010-05-08");
        }
        form.extend_pairs(parameters);
        let (url, form) = (self.ministack.url().to_owned(), form.finish());
        self.engine.run(async move { aws::query(&url, form).await })
    }

    /// Calls EKS by hand, with the access key id `HAND`: `aws_eks("GET", "/clusters/prod", None)`.
    pub fn aws_eks(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value> {
        let method = method
            .parse()
            .with_context(|| format!("{method} is no HTTP method"))?;
        self.engine.run(
            self.front
                .clone()
                .eks("HAND", method, path.to_owned(), body),
        )
    }
}
