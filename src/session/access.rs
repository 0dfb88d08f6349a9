//! Which way leads to the cluster: the context of a kubeconfig, else the credentials of the pod that mcpctl runs in, else
//! EKS, which names the API server of the cluster in the settings and knows callers by their AWS credentials.

use super::Context;
use crate::{
    backend::{Access, Aws, ClusterInfo, IN_CLUSTER, Kubernetes, Reason},
    config::Settings,
    error::{Error, Result},
};

/// The way that was found.
pub(super) struct Way {
    pub(super) kubernetes: Kubernetes,
    /// What EKS said, where it showed the way.
    pub(super) shown_by: Option<ClusterInfo>,
}

/// Finds the way. `aws` is the connection of the verb, where it has one.
///
/// # Errors
/// Unreachable, with what was tried.
pub(super) async fn find(context: &Context, settings: &Settings, aws: Option<&Aws>) -> Result<Way> {
    match named(context, true).await? {
        Some(kubernetes) => Ok(Way {
            kubernetes,
            shown_by: None,
        }),
        None => by_eks(context, settings, aws).await,
    }
}

/// The cluster, without a word to anybody on the way.
///
/// # Errors
/// As [`find`], and usage for the settings, where the way is looked for in them.
pub(crate) async fn quietly(context: &Context) -> Result<Kubernetes> {
    if let Some(kubernetes) = named(context, false).await? {
        return Ok(kubernetes);
    }
    Ok(by_eks(context, &context.settings()?, None)
        .await?
        .kubernetes)
}

/// What a kubeconfig or the pod names.
async fn named(context: &Context, attended: bool) -> Result<Option<Kubernetes>> {
    let access = Access {
        attended,
        ..context.access()
    };
    let found = Kubernetes::connect(&access).await?;
    match &context.global.kubeconfig {
        Some(path) if found.is_none() => Err(Error::unreachable(format!(
            "the kubeconfig {} has no current context",
            path.display()
        ))
        .hint("give --context")),
        _ => Ok(found),
    }
}

async fn by_eks(context: &Context, settings: &Settings, aws: Option<&Aws>) -> Result<Way> {
    let aws = match aws {
        Some(aws) => aws.clone(),
        None => connect_aws(context, settings).await?,
    };
    let why = |error: Error| {
        error.detail("EKS is asked for the way to the cluster: no kubeconfig has a current context, and this is not a pod")
    };
    let info = describe(&aws, settings).await.map_err(why)?;
    let signer = aws.signer(&settings.cluster.name);
    let kubernetes = Kubernetes::of_eks(&info, signer).await.map_err(why)?;
    Ok(Way {
        kubernetes,
        shown_by: Some(info),
    })
}

pub(super) async fn connect_aws(context: &Context, settings: &Settings) -> Result<Aws> {
    let profile = context.global.profile.as_deref();
    let bundle = context.environment.aws_ca_bundle.as_deref();
    Aws::connect(&settings.cluster.region, profile, bundle).await
}

/// What EKS says about the cluster of the settings.
///
/// # Errors
/// Unreachable.
pub(super) async fn describe(aws: &Aws, settings: &Settings) -> Result<ClusterInfo> {
    let cluster = &settings.cluster;
    let info = aws.eks.cluster(cluster.name.as_str()).await;
    info.map_err(|error| {
        if error.reason == Reason::NotFound {
            return Error::unreachable(format!("EKS has no cluster `{}` in {}", cluster.name, cluster.region))
                .detail(error.to_string())
                .hint("check cluster.name and cluster.region, and that the credentials are of its account");
        }
        error.into()
    })
}

/// Refuses the context of another cluster. By certificate authority, which every cluster has of its own; by endpoint
/// where the kubeconfig pins none.
///
/// # Errors
/// Unreachable.
pub(super) fn same_cluster(
    kubernetes: &Kubernetes,
    info: &ClusterInfo,
    settings: &Settings,
) -> Result<()> {
    let pinned = kubernetes.certificate_authorities();
    let endpoint = info.endpoint.as_deref().unwrap_or("not there yet");
    let same = if pinned.is_empty() {
        kubernetes.endpoint().trim_end_matches('/') == endpoint.trim_end_matches('/')
    } else {
        let known = &info.certificate_authorities;
        pinned.iter().any(|authority| known.contains(authority))
    };
    if same {
        return Ok(());
    }
    let elsewhere = if kubernetes.context == IN_CLUSTER {
        "this pod runs in another cluster: give a kubeconfig, or unset KUBERNETES_SERVICE_HOST to go by EKS and the AWS credentials"
    } else {
        "give --context, or --allow-context-mismatch if a tunnel leads there; KUBECONFIG=/dev/null goes by EKS and the AWS credentials"
    };
    Err(Error::unreachable(format!(
        "context `{}` is not cluster `{}`",
        kubernetes.context, settings.cluster.name
    ))
    .detail(format!(
        "the context's API server is {}, the cluster's is {endpoint}",
        kubernetes.endpoint()
    ))
    .hint(elsewhere))
}
