//! Settings and their layers: flag, `MCPCTL_*` variable, `mcpctl.yaml` (looked for upwards), built-in default.
//!
//! This is the only module that reads the environment for mcpctl itself. What the libraries below read on their own:
//! the AWS SDK `AWS_*` and the proxy variables, rustls `SSL_CERT_FILE`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

use serde_json::{Map, Value};

use crate::{
    error::{Error, Result},
    files, policy, spec,
    templates::Templates,
    yaml,
};

mod environment;
mod file;
mod output;
mod scoping;

pub use environment::Environment;
pub use file::{AwsMode, Cluster, Ingress, NetworkEngine, Scheme, Telemetry};
use file::{ClusterFile, SettingsFile};
pub use output::Surroundings;
pub use scoping::Scoping;

/// File name that is looked for in the working directory and above.
pub const FILE_NAME: &str = "mcpctl.yaml";
/// Source of settings that no file gives.
const BUILT_IN: &str = "built-in settings";

/// What flags and variables say over the settings file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--config`
    pub config: Option<PathBuf>,
    /// `--cluster`
    pub cluster: Option<String>,
    /// `--region`
    pub region: Option<String>,
    /// `--account-id`
    pub account_id: Option<String>,
    /// `--domain`
    pub domain: Option<String>,
}

/// Everything that holds for all tenants of one cluster.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file that they come from, for messages.
    pub source: String,
    /// What it says, for the lines of messages.
    pub text: Option<Arc<str>>,
    /// Which cluster.
    pub cluster: Cluster,
    /// Who carries roles and associations out.
    pub aws: AwsMode,
    /// Tenants' hosts are `<name>.<domain>`.
    pub domain: String,
    /// Tenants' namespaces are `<prefix><name>`.
    pub namespace_prefix: String,
    /// The shared load balancer.
    pub ingress: Ingress,
    /// What enforces network policies.
    pub network_engine: NetworkEngine,
    /// Where telemetry goes.
    pub telemetry: Telemetry,
    /// Version of the Pod Security Standards that namespaces pin.
    pub pod_security_version: String,
    /// Boundary of every role, unless another of the settings' own is asked for.
    pub permissions_boundary: Option<spec::Boundary>,
    /// The boundaries that tiers and defaults name: tenants may ask for them.
    pub other_boundaries: Vec<spec::Arn>,
    /// Whether tenants have roles of their own.
    pub scoping: Scoping,
    /// Policy of every tenant that has none of its own.
    pub policy: Option<Value>,
    /// Seconds that a changed identity is given to spread before pods are restarted.
    pub settle_seconds: u64,
    /// Image with the AWS CLI, for the pod of `--verify-identity`.
    pub verify_image: Option<spec::Image>,
    /// Fields of every tenant.
    pub defaults: Map<String, Value>,
    /// Fields by tier.
    pub tiers: BTreeMap<String, Map<String, Value>>,
    /// What tenants and the platform are rendered from.
    pub templates: Templates,
}

impl Overrides {
    /// `self` where it says something, else `below`.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self {
            config: self.config.or(below.config),
            cluster: self.cluster.or(below.cluster),
            region: self.region.or(below.region),
            account_id: self.account_id.or(below.account_id),
            domain: self.domain.or(below.domain),
        }
    }
}

/// Finds, reads and checks the settings.
///
/// # Errors
/// Usage, with file, line and key, or with the setting that is missing.
pub fn load(overrides: &Overrides, working_directory: &Path) -> Result<Settings> {
    let path = match &overrides.config {
        Some(path) => Some(working_directory.join(path)),
        None if working_directory.as_os_str().is_empty() => {
            return Err(Error::usage(format!(
                "cannot look for {FILE_NAME}: the working directory was deleted, or may not be read"
            ))
            .hint("go to a directory that exists, or give --config with a whole path"));
        }
        // Whatever has the name: one that cannot be read must not leave the word to another further up.
        None => working_directory
            .ancestors()
            .map(|dir| dir.join(FILE_NAME))
            .find(|path| path.symlink_metadata().is_ok()),
    };
    let (source, base, text) = match &path {
        Some(path) => {
            let source = files::shown(path, working_directory);
            let text = files::read(path, &source, "settings")?;
            (source, path.parent().unwrap_or(path), text)
        }
        None => (BUILT_IN.into(), working_directory, "{}".into()),
    };
    let mut parsed = yaml::read::<SettingsFile>(&source, &text)?;
    let templates = match parsed.value.templates.take() {
        None => Templates::built_in(),
        Some(folder) => {
            let folder = base.join(folder.as_str());
            Templates::read(&folder, &files::shown(&folder, working_directory))?
        }
    };
    let mut settings = complete(parsed, overrides, source, base, templates)?;
    settings.text = path.is_some().then(|| text.into());
    Ok(settings)
}

fn complete(
    parsed: yaml::Parsed<SettingsFile>,
    overrides: &Overrides,
    source: String,
    base: &Path,
    templates: Templates,
) -> Result<Settings> {
    let file = parsed.value;
    let (permissions_boundary, other_boundaries) = scoping::boundaries(&file);
    let cluster = cluster(file.cluster, overrides, &source)?;
    let scoping = scoping::scoping(&file.iam, &cluster, &source)?;
    let domain = overrides.domain.clone().or(file.domain);
    let domain = domain.ok_or_else(|| missing(&source, "domain", "--domain"))?;
    let policy = file
        .iam
        .policy
        .map(|given| policy::load(given.into(), base, &format!("{source}: iam.policy")))
        .transpose()?;
    let mut defaults = map_at(&parsed.given, &["defaults"]);
    embed_policy(&mut defaults, base, &format!("{source}: defaults"))?;
    let mut tiers = file::built_in_tiers();
    for name in file.tiers.into_keys() {
        let mut tier = Value::Object(tiers.remove(&name).unwrap_or_default());
        let mut over = map_at(&parsed.given, &["tiers", &name]);
        embed_policy(&mut over, base, &format!("{source}: tiers.{name}"))?;
        spec::merge(&mut tier, &Value::Object(over));
        tiers.insert(name, tier.as_object().cloned().unwrap_or_default());
    }
    Ok(Settings {
        source,
        text: None,
        cluster,
        aws: file.aws,
        domain,
        namespace_prefix: file.namespace_prefix.as_str().into(),
        ingress: file.ingress,
        network_engine: file.network_policy.engine,
        telemetry: file.telemetry,
        pod_security_version: file.pod_security.version.as_str().into(),
        permissions_boundary,
        other_boundaries,
        scoping,
        policy,
        settle_seconds: file.identity.settle_seconds,
        verify_image: file.identity.verify_image,
        defaults,
        tiers,
        templates,
    })
}

fn cluster(file: ClusterFile, overrides: &Overrides, source: &str) -> Result<Cluster> {
    fn parse<T: FromStr<Err = String>>(
        given: Option<&String>,
        flag: &str,
        variable: &str,
    ) -> Result<Option<T>> {
        let parsed = given.map(|text| text.parse()).transpose();
        parsed.map_err(|why| Error::usage(format!("{flag} or {variable}: {why}")))
    }
    let name = parse(overrides.cluster.as_ref(), "--cluster", "MCPCTL_CLUSTER")?;
    let region = parse(overrides.region.as_ref(), "--region", "MCPCTL_REGION")?;
    let account = parse(
        overrides.account_id.as_ref(),
        "--account-id",
        "MCPCTL_ACCOUNT_ID",
    )?;
    Ok(Cluster {
        name: name
            .or(file.name)
            .ok_or_else(|| missing(source, "cluster.name", "--cluster"))?,
        region: region
            .or(file.region)
            .ok_or_else(|| missing(source, "cluster.region", "--region"))?,
        account_id: account.or(file.account_id),
    })
}

fn missing(source: &str, setting: &str, flag: &str) -> Error {
    if source == BUILT_IN {
        return Error::usage(format!("{setting} is not set"))
            .detail(format!(
                "there is no {FILE_NAME} in this directory or above"
            ))
            .hint(format!("write one, name one with --config, or give {flag}"));
    }
    Error::usage(format!("{source}: {setting} is missing"))
        .hint(format!("set it there, or give {flag}"))
}

fn map_at(tree: &Value, path: &[&str]) -> Map<String, Value> {
    let found = path.iter().try_fold(tree, |tree, key| tree.get(key));
    found
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
}

/// Puts the contents of a policy file in place of its path.
///
/// # Errors
/// Usage, when the file cannot be read or does not hold a policy.
pub fn embed_policy(spec: &mut Map<String, Value>, base: &Path, source: &str) -> Result<()> {
    let Some(policy) = spec
        .get_mut("identity")
        .and_then(|identity| identity.get_mut("policy"))
    else {
        return Ok(());
    };
    *policy = policy::load(policy.take(), base, &format!("{source}: identity.policy"))?;
    Ok(())
}
