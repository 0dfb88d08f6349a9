//! What a verb works with: settings, and a connection to each side that it needs.

use std::time::Duration;

use futures_util::future::try_join3;

use crate::{
    backend::{Aws, ClusterInfo, Kubernetes, Side},
    cli::Only,
    config::{AwsMode, Settings},
    error::{Error, Result},
    execute::{self, Outcome, Run},
    marks::PLATFORM,
    object::{Id, PLATFORM_NAMESPACE, State},
    plan::{Plan, Subject},
};

pub(crate) mod access;
mod context;

pub use context::Context;

/// Settings and connections.
pub struct Session<'a> {
    /// What the verb was given.
    pub context: &'a Context,
    /// With the account, where AWS was asked.
    pub settings: Settings,
    /// The cluster, unless only the AWS half is meant.
    pub kubernetes: Option<Kubernetes>,
    /// The cluster as the one that keeps role and association for ACK, where the settings say so, unless only the
    /// Kubernetes half is meant.
    pub ack: Option<Kubernetes>,
    /// AWS, where it is called.
    pub aws: Option<Aws>,
    /// Whether EKS showed the way to the cluster, so that it is the one of the settings.
    by_eks: bool,
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
        let asked = try_join3(session.describe(), session.check_platform(), reading);
        let (info, (), read) = asked.await?;
        if let Some(info) = info {
            if let Some(kubernetes) = session.kubernetes.as_ref().filter(|_| session.in_doubt()) {
                access::same_cluster(kubernetes, &info, &session.settings)?;
            }
            adopt_account(&mut session.settings, &info)?;
        }
        Ok((session, read?))
    }

    /// The same, with role and association left alone.
    #[must_use]
    pub fn without_identities(self) -> Self {
        Self {
            ack: None,
            aws: None,
            ..self
        }
    }

    /// Whether the API server may be that of another cluster.
    fn in_doubt(&self) -> bool {
        !self.by_eks && !self.context.global.allow_context_mismatch
    }

    /// Makes no call, but for that to EKS which shows the way where nothing else does.
    async fn connect(context: &'a Context, only: Option<Only>) -> Result<Self> {
        let mut settings = context.settings()?;
        context
            .report
            .about("cluster", settings.cluster.name.as_str());
        let half = |left_out: Only| only != Some(left_out);
        let ack = settings.aws == AwsMode::Ack;
        let aws = if half(Only::Kubernetes) && !ack {
            Some(access::connect_aws(context, &settings).await?)
        } else {
            None
        };
        let way = if half(Only::Aws) || ack {
            Some(access::find(context, &settings, aws.as_ref()).await?)
        } else {
            None
        };
        let info = way.as_ref().and_then(|way| way.shown_by.as_ref());
        let by_eks = info.is_some();
        if let Some(info) = info {
            adopt_account(&mut settings, info)?;
        }
        let cluster = way.map(|way| way.kubernetes);
        if ack && half(Only::Kubernetes) && settings.cluster.account_id.is_none() {
            return Err(Error::usage(format!(
                "{}: cluster.accountId is missing",
                settings.source
            ))
            .detail("with aws: ack nobody asks AWS, and the role's trust policy needs the account")
            .hint("set it there, or give --account-id"));
        }
        Ok(Self {
            context,
            settings,
            ack: cluster.clone().filter(|_| ack && half(Only::Kubernetes)),
            kubernetes: cluster.filter(|_| half(Only::Aws)),
            aws,
            by_eks,
        })
    }

    /// IAM and EKS themselves, besides who carries role and association out. Makes no call.
    ///
    /// # Errors
    /// Usage, for a CA bundle that cannot be read.
    pub async fn aws_itself(&self) -> Result<Aws> {
        access::connect_aws(self.context, &self.settings).await
    }

    /// Who carries role and association out; nobody where they are left out. The one place that decides it.
    pub fn identities(&self) -> Option<Side<'_>> {
        let ack = self.ack.as_ref().map(Side::Kubernetes);
        ack.or(self.aws.as_ref().map(Side::Aws))
    }

    /// Without AWS nobody can tell which EKS cluster a context leads to; the platform says whose it is.
    async fn check_platform(&self) -> Result<()> {
        let Some(kubernetes) = self
            .ack
            .as_ref()
            .filter(|_| self.aws.is_none() && self.in_doubt())
        else {
            return Ok(());
        };
        let name = self.settings.cluster.name.as_str();
        let namespace = kubernetes.get(&Id::namespace(PLATFORM_NAMESPACE)).await?;
        match namespace.as_ref().and_then(|object| object.label(PLATFORM)) {
            Some(other) if other != name => Err(Error::unreachable(format!(
                "context `{}` is not cluster `{name}`",
                kubernetes.context
            ))
            .detail(format!(
                "{PLATFORM_NAMESPACE} there has the label {PLATFORM}={other}"
            ))
            .hint("give --context, or --allow-context-mismatch if the label is wrong")),
            Some(_) => Ok(()),
            None => {
                self.context.report.warning(&format!(
                    "nothing tells whether context `{}` is cluster `{name}`: with aws: ack EKS is not asked, and there is no platform yet",
                    kubernetes.context
                ));
                Ok(())
            }
        }
    }

    /// What EKS says about the cluster, where it is asked and has not said it yet.
    async fn describe(&self) -> Result<Option<ClusterInfo>> {
        match self.aws.as_ref().filter(|_| !self.by_eks) {
            Some(aws) => access::describe(aws, &self.settings).await.map(Some),
            None => Ok(None),
        }
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
            identities: self.identities(),
            account: self.settings.cluster.account_id.as_ref(),
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

fn adopt_account(settings: &mut Settings, info: &ClusterInfo) -> Result<()> {
    match &settings.cluster.account_id {
        Some(account) if *account != info.account_id => Err(Error::usage(format!(
            "cluster `{}` is in account {}, the settings say {account}",
            settings.cluster.name, info.account_id
        ))
        .hint("mend cluster.accountId, or check cluster.name and the credentials")),
        _ => {
            settings.cluster.account_id = Some(info.account_id.clone());
            Ok(())
        }
    }
}
