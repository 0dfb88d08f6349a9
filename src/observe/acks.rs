//! Role and association as the cluster keeps them for ACK.

use std::collections::BTreeSet;

use futures_util::future::try_join;

use crate::{
    backend::{AssociationSummary, CallError, Kubernetes, Reason, RoleSummary},
    error::{Error, Result},
    object::{EKS, IAM, Id, Object, PLATFORM_NAMESPACE, State, own_kind},
    plan,
};

/// Role and association of a tenant.
///
/// # Errors
/// Unreachable, with what to install, where the cluster does not serve their kinds.
pub async fn carried(kubernetes: &Kubernetes, tenant: &str) -> Result<State> {
    let find = async |group: &str, kind: &str| {
        let id = Id::new(group, kind, PLATFORM_NAMESPACE, tenant);
        kubernetes.look_up(&id).await.map_err(not_installed)
    };
    let (role, association) =
        try_join(find(IAM, "Role"), find(EKS, "PodIdentityAssociation")).await?;
    Ok(role
        .into_iter()
        .chain(association)
        .map(|object| (object.id().clone(), object))
        .collect())
}

/// What the cluster keeps for ACK of all tenants.
#[derive(Debug, Default)]
pub struct Summaries {
    /// Roles below the path that was asked for.
    pub roles: Vec<RoleSummary>,
    /// Associations.
    pub associations: Vec<AssociationSummary>,
    /// The tenants of whom ACK has not carried out everything.
    pub unsynced: BTreeSet<String>,
}

/// The roles below a path, and all associations that we may have made.
///
/// # Errors
/// As [`carried`].
pub(super) async fn all(kubernetes: &Kubernetes, path: &str) -> Result<(Vec<Object>, Vec<Object>)> {
    let list = async |group: &str, kind: &str| {
        let kind = own_kind(group, kind);
        let listed = kubernetes.list(kind, PLATFORM_NAMESPACE, "").await;
        listed.map_err(not_installed)
    };
    let (mut roles, associations) =
        try_join(list(IAM, "Role"), list(EKS, "PodIdentityAssociation")).await?;
    roles.retain(|object| object.text("/spec/path") == path);
    Ok((roles, associations))
}

/// The same as IAM and EKS would list them.
///
/// # Errors
/// As [`carried`].
pub async fn summaries(kubernetes: &Kubernetes, path: &str) -> Result<Summaries> {
    let (roles, associations) = all(kubernetes, path).await?;
    let unsynced = roles.iter().chain(&associations);
    let unsynced = unsynced
        .filter_map(plan::unsynced)
        .map(|found| found.id.name);
    let role = |object: &Object| RoleSummary {
        name: object.text("/spec/name").into(),
        arn: object.text("/status/ackResourceMetadata/arn").into(),
        trust: object.tree["spec"]["assumeRolePolicyDocument"].clone(),
    };
    let association = |object: &Object| AssociationSummary {
        id: object.text("/status/associationID").into(),
        namespace: object.text("/spec/namespace").into(),
        service_account: object.text("/spec/serviceAccount").into(),
        owner: String::new(),
    };
    Ok(Summaries {
        unsynced: unsynced.collect(),
        roles: roles.iter().map(role).collect(),
        associations: associations
            .iter()
            .filter(|object| !object.text("/status/associationID").is_empty())
            .map(association)
            .collect(),
    })
}

/// Whether the namespace is there in which role and association are kept.
///
/// # Errors
/// What the API server answered.
pub async fn has_platform(kubernetes: &Kubernetes) -> Result<bool> {
    let namespace = Id::namespace(PLATFORM_NAMESPACE);
    Ok(kubernetes.get(&namespace).await?.is_some())
}

fn not_installed(error: CallError) -> Error {
    if error.reason != Reason::NotServed {
        return error.into();
    }
    Error::unreachable("this cluster has no AWS Controllers for Kubernetes (ACK)")
        .detail(error.to_string())
        .detail("the settings say aws: ack, so role and association are theirs to carry out")
        .hint("install the ACK controllers for IAM and EKS (the Helm charts iam-chart and eks-chart, or the ACK capability of EKS), or say aws: direct")
}
