//! Role and association of one tenant, in IAM and EKS.

use futures_util::future::try_join;

use super::orphans::{read_associations, read_roles};
use crate::{
    backend::{AssociationSummary, Aws, RoleSummary},
    config::Settings,
    error::Result,
    marks::{CLUSTER, NAMESPACE, TENANT},
    object::{EKS, IAM, Id, Object, PLATFORM_NAMESPACE, State},
    origin::{self, Origin},
    plan::{Subject, aws_tag},
    spec::{Names, SERVICE_ACCOUNT, is_named_after, role_path},
};

/// Role and association of a tenant, by its names, and the associations of other service accounts in its namespace.
///
/// # Errors
/// What AWS answered.
pub async fn identity(
    aws: &Aws,
    tenant: &str,
    names: &Names,
    settings: &Settings,
) -> Result<State> {
    let role = Id::new(IAM, "Role", PLATFORM_NAMESPACE, tenant);
    let cluster = settings.cluster.name.as_str();
    let associations = async {
        let found = aws
            .eks
            .associations(cluster, Some(&names.namespace))
            .await?;
        let (own, beside): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|found| found.service_account == names.service_account);
        let id = Id::new(EKS, "PodIdentityAssociation", PLATFORM_NAMESPACE, tenant);
        let mut objects = Vec::new();
        for summary in own {
            objects.extend(aws.eks.describe(&id, cluster, &summary.id).await?);
        }
        objects.extend(beside.iter().map(AssociationSummary::object));
        Ok(objects)
    };
    let (role, associations) = try_join(aws.iam.role(&role, &names.role), associations).await?;
    Ok(role
        .into_iter()
        .chain(associations)
        .map(|object| (object.id().clone(), object))
        .collect())
}

/// The roles below the cluster's path, without those that are for a cluster of the same name in another region.
///
/// # Errors
/// What IAM answered.
pub async fn roles(aws: &Aws, settings: &Settings) -> Result<Vec<RoleSummary>> {
    let path = role_path(&settings.cluster.name);
    let mut roles = aws.iam.roles(&path).await?;
    roles.retain(|role| origin::of_listed(role, settings) != Origin::Elsewhere);
    Ok(roles)
}

/// What else a tenant has left in IAM and EKS than what is known already: roles whose name, and associations whose
/// namespace speaks of it, and whose tags say that they are its own on this cluster.
///
/// # Errors
/// What AWS answered.
pub async fn leftovers(
    aws: &Aws,
    (tenant, subject): (&str, &Subject),
    known: &State,
    settings: &Settings,
) -> Result<State> {
    let cluster = &settings.cluster;
    let associations = async { Ok(aws.eks.associations(cluster.name.as_str(), None).await?) };
    let (roles, associations) = try_join(roles(aws, settings), associations).await?;
    let is_known = |place: &str, text: &str| known.values().any(|one| one.text(place) == text);
    let of_tenant = |role: &&RoleSummary| role.tenant() == Some(tenant);
    let left = roles.iter().filter(of_tenant);
    let left = left.map(|role| role.name.as_str());
    let left = left.filter(|name| !is_known("/spec/name", name));
    let bound = associations.iter().filter(|one| {
        one.service_account == SERVICE_ACCOUNT && is_named_after(tenant, &one.namespace)
    });
    let bound = bound.map(|one| one.id.as_str());
    let bound = bound.filter(|id| !is_known("/status/associationID", id));
    let (mut found, others) = try_join(
        read_roles(aws, left),
        read_associations(aws, cluster.name.as_str(), bound),
    )
    .await?;
    found.retain(|role| origin::of_role(role, cluster) == Origin::Here);
    found.extend(others);
    found.retain(|object| subject.owns(object));
    Ok(found
        .into_iter()
        .map(|object| (object.id().clone(), object))
        .collect())
}

/// The names of a tenant whose record is lost, by the tags of its role.
///
/// # Errors
/// What AWS answered.
pub async fn names_in_aws(
    aws: &Aws,
    tenant: &str,
    settings: &Settings,
    derived: &Names,
) -> Result<Option<Names>> {
    for role in roles(aws, settings).await? {
        if role.tenant() != Some(tenant) || role.name == derived.role {
            continue;
        }
        let id = Id::new(IAM, "Role", PLATFORM_NAMESPACE, tenant);
        let object = aws.iam.role(&id, &role.name).await?;
        let told = object.and_then(|object| names_of(&object, settings, derived));
        if told.is_some() {
            return Ok(told);
        }
    }
    Ok(None)
}

/// The names that a tenant was given, as its role tells them, where the role is its own on this cluster.
pub fn names_of(role: &Object, settings: &Settings, derived: &Names) -> Option<Names> {
    let tag = |key: &str| aws_tag(role, key);
    let ours = role.id().is(IAM, "Role")
        && tag(TENANT) == Some(role.id().name.as_str())
        && tag(CLUSTER) == Some(settings.cluster.name.as_str())
        && origin::of_role(role, &settings.cluster) == Origin::Here;
    if ours && role.text("/spec/name") == derived.role {
        return Some(derived.clone());
    }
    let namespace = tag(NAMESPACE).filter(|_| ours)?;
    Some(Names {
        namespace: namespace.into(),
        role: role.text("/spec/name").into(),
        ..derived.clone()
    })
}
