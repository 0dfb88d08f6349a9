//! The ways to an API server, and what to do where EKS's does not let us in.

use std::{path::Path, sync::Arc};

use kube::config::ExecConfig;

use super::Kubernetes;
use crate::{
    backend::{Access, CallError, ClusterInfo, Reason, Signer, connect, credentials::Credentials},
    error::{Error, Result},
};

mod refusal;

use refusal::{principal, right};

/// The Kubernetes group of access entries to which docs/permissions.md binds what mcpctl needs.
const GROUP: &str = "mcpctl";

/// The EKS cluster behind an API server.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    cluster: String,
    region: Option<String>,
    /// What EKS says of it, where it was asked.
    told: Option<ClusterInfo>,
}

impl Kubernetes {
    /// Reads the kubeconfigs, and runs the credential plugin of the user, if there is one; makes no call. None where
    /// neither a kubeconfig nor a pod's credentials say which cluster is meant.
    ///
    /// # Errors
    /// Unreachable, when there is a configuration that cannot be used.
    pub async fn connect(access: &Access) -> Result<Option<Self>> {
        let Some((mut config, context)) = connect::configuration(access).await? else {
            return Ok(None);
        };
        let reach = config.auth_info.exec.as_ref().and_then(Reach::of_plugin);
        let credentials = Credentials::take(&mut config, &context, access.attended).await?;
        Self::new(config, credentials, (reach, context)).map(Some)
    }

    /// The API server that EKS names for a cluster, by a token that is signed here; makes no call.
    ///
    /// # Errors
    /// Unreachable, for a cluster that is not there yet, and where there are no AWS credentials.
    pub async fn of_eks(info: &ClusterInfo, signer: Signer) -> Result<Self> {
        let context = signer.cluster.to_string();
        let reach = Reach {
            cluster: context.clone(),
            region: Some(signer.region.to_string()),
            told: Some(info.clone()),
        };
        let config = connect::eks(info).ok_or_else(|| reach.no_endpoint(&info.status))?;
        let credentials = Credentials::signed(signer).await?;
        Self::new(config, credentials, (Some(reach), context))
    }

    fn new(
        config: kube::Config,
        credentials: Credentials,
        (reach, context): (Option<Reach>, String),
    ) -> Result<Self> {
        let credentials = Arc::new(credentials);
        Ok(Self {
            client: connect::client(&config, &credentials)?,
            credentials,
            discovered: Arc::default(),
            config,
            reach: reach.map(Arc::new),
            context,
        })
    }

    /// The same cluster over a new connection, which may end at another API server.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub fn fresh(&self) -> Result<Self> {
        Ok(Self {
            client: connect::client(&self.config, &self.credentials)?,
            ..self.clone()
        })
    }

    /// URL of the API server.
    pub fn endpoint(&self) -> String {
        self.config.cluster_url.to_string()
    }

    /// The certificate authorities that the kubeconfig pins, in DER.
    pub fn certificate_authorities(&self) -> &[Vec<u8>] {
        self.config.root_cert.as_deref().unwrap_or_default()
    }

    /// A failure with what to do about it, where EKS is what lets callers in.
    pub(super) fn advised(&self, error: CallError) -> CallError {
        let reach = self.reach.as_ref().filter(|_| error.advice.is_none());
        match reach.and_then(|reach| reach.advice(&error)) {
            Some(advice) => CallError {
                advice: Some(advice),
                ..error
            },
            None => error,
        }
    }
}

impl Reach {
    /// What the arguments of the programs say that give tokens of EKS.
    fn of_plugin(exec: &ExecConfig) -> Option<Self> {
        let args: Vec<&str> = exec.args.iter().flatten().map(String::as_str).collect();
        let program = Path::new(exec.command.as_deref()?).file_stem()?.to_str()?;
        let flags: &[&str] = match program {
            "aws" if args.windows(2).any(|pair| pair == ["eks", "get-token"]) => {
                &["--cluster-name"]
            }
            "aws-iam-authenticator" if args.contains(&"token") => &["-i", "--cluster-id"],
            _ => return None,
        };
        Some(Self {
            cluster: flags.iter().find_map(|flag| value(&args, flag))?,
            region: value(&args, "--region"),
            told: None,
        })
    }

    fn advice(&self, error: &CallError) -> Option<String> {
        match error.reason {
            Reason::Unauthorized => Some(self.let_in()),
            Reason::Forbidden => self.allow(&error.message),
            Reason::Transport => Some(self.reachable(self.told.as_ref()?)),
            _ => None,
        }
    }

    fn no_endpoint(&self, status: &str) -> Error {
        Error::unreachable(format!("cluster `{}` has no endpoint yet", self.cluster))
            .detail(format!("EKS says that it is {status}"))
            .hint(format!(
                "wait for it: {}",
                self.command("wait cluster-active --name", "")
            ))
    }

    fn let_in(&self) -> String {
        let cluster = &self.cluster;
        if self.told.as_ref().is_some_and(|info| info.config_map_only) {
            return format!(
                "cluster `{cluster}` does not know these AWS credentials. It has no access entries (authenticationMode CONFIG_MAP): add the principal that `aws sts get-caller-identity` names to the ConfigMap aws-auth in kube-system, or let it have both:\n{}",
                self.command(
                    "update-cluster-config --name",
                    " --access-config authenticationMode=API_AND_CONFIG_MAP"
                )
            );
        }
        format!(
            "cluster `{cluster}` does not know these AWS credentials, or the clock here is wrong by minutes. Their principal needs an access entry (ARN: what `aws sts get-caller-identity` says, for an assumed role that of the role itself), and its group the ClusterRoles of docs/permissions.md:\n{}\n{}",
            self.command(
                "create-access-entry --cluster-name",
                &format!(" --principal-arn ARN --kubernetes-groups {GROUP}")
            ),
            bindings()
        )
    }

    /// Of what RBAC forbids. Admission and quotas answer 403 too.
    fn allow(&self, message: &str) -> Option<String> {
        let (_, user) = message.split_once("User \"")?;
        let (user, rest) = user.split_once('"')?;
        let missing = right(rest.strip_prefix(" cannot ")?);
        let (arn, which) = match principal(user) {
            Some(arn) if user.contains(":assumed-role/") => (
                arn,
                " (a role with a path has it in its ARN: arn:…:role/PATH/NAME)",
            ),
            Some(arn) => (arn, ""),
            None => (
                "ARN".to_string(),
                " (ARN: what `aws sts get-caller-identity` says, for an assumed role that of the role itself)",
            ),
        };
        Some(format!(
            "the access entry of this principal does not let it {missing} on cluster `{}`. Give the entry a group{which} (this sets all of them: name those that it has, too), and the group the ClusterRoles of docs/permissions.md, which hold what mcpctl needs and no more:\n{}\n{}",
            self.cluster,
            self.command(
                "update-access-entry --cluster-name",
                &format!(" --principal-arn {arn} --kubernetes-groups {GROUP}")
            ),
            bindings()
        ))
    }

    fn reachable(&self, info: &ClusterInfo) -> String {
        let cluster = &self.cluster;
        if info.private {
            return format!(
                "the endpoint of cluster `{cluster}` is private: it answers within its VPC and networks that are connected to it. Run mcpctl there, or go through a tunnel with a kubeconfig"
            );
        }
        if !info.public_cidrs.is_empty() {
            return format!(
                "the public endpoint of cluster `{cluster}` takes connections from {} only: is this machine among them?",
                info.public_cidrs.join(", ")
            );
        }
        if info.status != "ACTIVE" {
            return format!("EKS says that cluster `{cluster}` is {}", info.status);
        }
        let endpoint = info.endpoint.as_deref().unwrap_or("its endpoint");
        format!("is {endpoint} reachable from here?")
    }

    /// A command about the cluster, as one types it.
    fn command(&self, what: &str, rest: &str) -> String {
        let region = self.region.as_ref();
        let region = region.map(|region| format!(" --region {region}"));
        format!(
            "aws eks {what} {}{}{rest}",
            self.cluster,
            region.unwrap_or_default()
        )
    }
}

/// What gives the group of an access entry the rights that mcpctl needs.
fn bindings() -> String {
    let bind = |role: &str| {
        format!("kubectl create clusterrolebinding {role} --clusterrole={role} --group={GROUP}")
    };
    ["mcpctl-read", "mcpctl-tenants"].map(bind).join("\n")
}

/// The value of a flag that is given as `--flag value` or `--flag=value`.
fn value(args: &[&str], flag: &str) -> Option<String> {
    args.iter().enumerate().find_map(|(at, arg)| {
        let rest = arg.strip_prefix(flag)?;
        let found = match rest {
            "" => args.get(at + 1).copied(),
            rest => rest.strip_prefix('='),
        };
        found.map(str::to_string)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugins_that_give_tokens_of_eks() {
        let of = |command: &str, args: &str| {
            let exec = ExecConfig {
                command: Some(command.into()),
                args: Some(args.split(' ').map(str::to_string).collect()),
                ..ExecConfig::default()
            };
            let reach = Reach::of_plugin(&exec)?;
            Some((reach.cluster, reach.region.unwrap_or_default()))
        };
        let found = |cluster: &str, region: &str| Some((cluster.to_string(), region.to_string()));
        assert_eq!(
            of(
                "aws",
                "--region eu-west-1 eks get-token --cluster-name prod --output json"
            ),
            found("prod", "eu-west-1")
        );
        assert_eq!(
            of("/usr/local/bin/aws", "eks get-token --cluster-name=prod"),
            found("prod", "")
        );
        assert_eq!(
            of("aws-iam-authenticator", "token -i prod"),
            found("prod", "")
        );
        assert_eq!(of("aws", "sso login"), None);
        assert_eq!(of("gke-gcloud-auth-plugin", "--cluster-name prod"), None);
    }
}
