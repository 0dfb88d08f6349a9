//! What a verb works with: settings, and a connection to each side that it needs.

use std::{path::PathBuf, rc::Rc, time::Duration};

use base64::Engine;
use futures_util::future::try_join;
use tokio::sync::watch;

use crate::{
    backend::{Access, Aws, ClusterInfo, Kubernetes, Reason},
    cli::{Global, Only},
    config::{self, Environment, Overrides, Settings},
    error::{Error, Kind, Result, Signal},
    execute::{self, Outcome, Run},
    object::State,
    plan::{Plan, Subject},
    report::{Format, Report, Ui},
};

/// Everything that a verb is given.
pub struct Context {
    /// Flags of every verb.
    pub global: Global,
    /// The environment.
    pub environment: Environment,
    /// Where it was started; empty where that cannot be told, since not every verb needs it.
    pub working_directory: PathBuf,
    /// Output.
    pub ui: Rc<Ui>,
    /// Tells a run in the form that was asked for.
    pub report: Report,
    /// Carries a signal, once there is one.
    pub signal: watch::Receiver<Option<Signal>>,
}

impl Context {
    /// What a verb that was started here is given.
    ///
    /// # Errors
    /// Usage, for a variable that cannot be read.
    pub fn new(
        global: Global,
        format: Format,
        signal: watch::Receiver<Option<Signal>>,
    ) -> Result<Self> {
        let environment = Environment::read()?;
        let ui = Rc::new(Ui::new(environment.surroundings));
        Ok(Self {
            report: Report::new(Rc::clone(&ui), format, global.verbose > 0),
            ui,
            global,
            environment,
            working_directory: std::env::current_dir().unwrap_or_default(),
            signal,
        })
    }

    /// The settings, with flags and variables over them.
    ///
    /// # Errors
    /// Usage.
    pub fn settings(&self) -> Result<Settings> {
        let flags = Overrides {
            config: self.global.config.clone(),
            cluster: self.global.cluster.clone(),
            region: self.global.region.clone(),
            account_id: self.global.account_id.clone(),
            domain: self.global.domain.clone(),
        };
        config::load(
            &flags.over(self.environment.overrides.clone()),
            &self.working_directory,
        )
    }

    /// The kubeconfig that is named, else those that the environment names.
    pub fn kubeconfigs(&self) -> Vec<PathBuf> {
        match &self.global.kubeconfig {
            Some(path) => vec![self.working_directory.join(path)],
            None => self.environment.kubeconfigs.clone(),
        }
    }

    /// The cluster that flags and variables name.
    pub fn access(&self) -> Access {
        let named = self.global.context.clone();
        Access {
            kubeconfigs: self.kubeconfigs(),
            context: named.or_else(|| self.environment.context.clone()),
            attended: true,
        }
    }

    /// Ends a phase that writes nothing as soon as a signal comes.
    ///
    /// # Errors
    /// Interrupted.
    pub async fn until_signal<T>(&self, phase: impl Future<Output = Result<T>>) -> Result<T> {
        let mut signal = self.signal.clone();
        let came = async {
            match signal.wait_for(Option::is_some).await.map(|came| *came) {
                Ok(Some(came)) => came,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            result = phase => result,
            came = came => Err(Error::new(Kind::Interrupted(came), "interrupted; nothing was written")),
        }
    }
}

/// Settings and connections.
pub struct Session<'a> {
    /// What the verb was given.
    pub context: &'a Context,
    /// With the account, where AWS was asked.
    pub settings: Settings,
    /// The cluster, unless only the AWS half is meant.
    pub kubernetes: Option<Kubernetes>,
    /// AWS, unless only the Kubernetes half is meant.
    pub aws: Option<Aws>,
}

impl<'a> Session<'a> {
    /// Reads the settings and opens what is needed. Where both sides are, the context must be the cluster's.
    ///
    /// # Errors
    /// Usage for settings; unreachable for a side, and for the context of another cluster.
    pub async fn open(context: &'a Context, only: Option<Only>) -> Result<Self> {
        let (session, ()) = Self::open_and(context, only, async |_| Ok(())).await?;
        Ok(session)
    }

    /// The same, and reads something beside the question to EKS which cluster is meant. What was read, or why it could
    /// not be, is given out only when the context has turned out to be the cluster's.
    ///
    /// # Errors
    /// As [`Self::open`], then those of `read`.
    pub async fn open_and<T>(
        context: &'a Context,
        only: Option<Only>,
        read: impl AsyncFnOnce(&Self) -> Result<T>,
    ) -> Result<(Self, T)> {
        let mut session = Self::connect(context, only).await?;
        let reading = async { Ok(read(&session).await) };
        let (info, read) = try_join(session.describe(), reading).await?;
        if let Some(info) = info {
            if let Some(kubernetes) = session
                .kubernetes
                .as_ref()
                .filter(|_| !context.global.allow_context_mismatch)
            {
                same_cluster(kubernetes, &info, &session.settings)?;
            }
            adopt_account(&mut session.settings, info)?;
        }
        Ok((session, read?))
    }

    /// Makes no call.
    async fn connect(context: &'a Context, only: Option<Only>) -> Result<Self> {
        let global = &context.global;
        let settings = context.settings()?;
        context
            .report
            .about("cluster", settings.cluster.name.as_str());
        let kubernetes = if only == Some(Only::Aws) {
            None
        } else {
            Some(Kubernetes::connect(&context.access()).await?)
        };
        let aws = if only == Some(Only::Kubernetes) {
            None
        } else {
            let bundle = context.environment.aws_ca_bundle.as_deref();
            Some(Aws::connect(&settings.cluster.region, global.profile.as_deref(), bundle).await?)
        };
        Ok(Self {
            context,
            settings,
            kubernetes,
            aws,
        })
    }

    /// What EKS says about the cluster; nothing where AWS is left out.
    async fn describe(&self) -> Result<Option<ClusterInfo>> {
        let Some(aws) = &self.aws else {
            return Ok(None);
        };
        let cluster = &self.settings.cluster;
        let info = aws.eks.cluster(cluster.name.as_str()).await;
        info.map(Some).map_err(|error| {
            if error.reason == Reason::NotFound {
                return Error::unreachable(format!("EKS has no cluster `{}` in {}", cluster.name, cluster.region))
                    .detail(error.to_string())
                    .hint("check cluster.name and cluster.region, and that the credentials are of its account");
            }
            error.into()
        })
    }

    /// The cluster.
    ///
    /// # Errors
    /// Usage, when the verb was told to leave it out.
    pub fn kubernetes(&self) -> Result<&Kubernetes> {
        self.kubernetes
            .as_ref()
            .ok_or_else(|| Error::usage("this verb needs the cluster: leave out --only aws"))
    }

    /// Carries out a plan, telling what happens.
    pub async fn execute(
        &self,
        plan: &Plan,
        (subject, live): (&Subject, &State),
        timeout: Duration,
    ) -> Outcome {
        let follower = self.context.report.follow(plan);
        let events = |event: execute::Event<'_>| follower.hear(&event);
        let run = Run {
            kubernetes: self.kubernetes.as_ref(),
            aws: self.aws.as_ref(),
            subject,
            live,
            deadline: tokio::time::Instant::now() + timeout,
            holder: &self.context.environment.holder,
            settle: Duration::from_secs(self.settings.settle_seconds),
            signal: self.context.signal.clone(),
            events: &events,
        };
        let outcome = execute::execute(plan, &run).await;
        follower.end();
        outcome
    }
}

fn adopt_account(settings: &mut Settings, info: ClusterInfo) -> Result<()> {
    match &settings.cluster.account_id {
        Some(account) if *account != info.account_id => Err(Error::usage(format!(
            "cluster `{}` is in account {}, the settings say {account}",
            settings.cluster.name, info.account_id
        ))
        .hint("mend cluster.accountId, or check cluster.name and the credentials")),
        _ => {
            settings.cluster.account_id = Some(info.account_id);
            Ok(())
        }
    }
}

/// By certificate authority, which every cluster has of its own; by endpoint where the kubeconfig pins none.
fn same_cluster(kubernetes: &Kubernetes, info: &ClusterInfo, settings: &Settings) -> Result<()> {
    let base64 = base64::engine::general_purpose::STANDARD;
    let pem = base64
        .decode(&info.certificate_authority)
        .unwrap_or_default();
    let wanted: String = String::from_utf8_lossy(&pem)
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let pinned = kubernetes.certificate_authorities();
    let same = if pinned.is_empty() {
        kubernetes.endpoint().trim_end_matches('/') == info.endpoint.trim_end_matches('/')
    } else {
        pinned.iter().any(|der| base64.encode(der) == wanted)
    };
    if same {
        return Ok(());
    }
    Err(Error::unreachable(format!(
        "context `{}` is not cluster `{}`",
        kubernetes.context, settings.cluster.name
    ))
    .detail(format!(
        "the context's API server is {}, the cluster's is {}",
        kubernetes.endpoint(),
        info.endpoint
    ))
    .hint("give --context, or --allow-context-mismatch if a tunnel leads there"))
}
