//! What there is to tell orphans by: as many calls for a thousand tenants as for one, pages aside, and a few for each
//! role or association that nobody claims.

use futures_util::{StreamExt, TryStreamExt, future::try_join, stream};

use super::{IN_FLIGHT, acks};
use crate::{
    backend::{Aws, Kubernetes, Side},
    config::Settings,
    error::Result,
    object::{EKS, IAM, Id, Object, PLATFORM_NAMESPACE, own_kind},
    origin::{self, Origin},
    orphans::{Held, Tenants},
    spec::{SERVICE_ACCOUNT, role_path},
};

/// Asks both sides: who carries roles and associations out first, since a tenant's namespace is made before them. What
/// is there by then without one has lost it.
///
/// # Errors
/// What a side answered.
pub async fn orphans(
    kubernetes: &Kubernetes,
    identities: Side<'_>,
    settings: &Settings,
) -> Result<(Tenants, Held)> {
    match identities {
        Side::Aws(aws) => in_aws(kubernetes, aws, settings).await,
        Side::Kubernetes(keeper) => kept_for_ack(kubernetes, keeper, settings).await,
    }
}

async fn in_aws(
    kubernetes: &Kubernetes,
    aws: &Aws,
    settings: &Settings,
) -> Result<(Tenants, Held)> {
    let cluster = &settings.cluster;
    let path = role_path(&cluster.name);
    let (roles, mut associations) = try_join(
        aws.iam.roles(&path),
        aws.eks.associations(cluster.name.as_str(), None),
    )
    .await?;
    associations.retain(|one| one.service_account == SERVICE_ACCOUNT);
    let tenants = tenants(kubernetes, settings).await?;
    let lone_roles = roles.iter().filter(|role| {
        let elsewhere = origin::of_listed(role, settings) == Origin::Elsewhere;
        !elsewhere && !tenants.claim_role(&role.name)
    });
    let lone = associations
        .iter()
        .filter(|one| one.owner.is_empty() && !tenants.claim_association(&one.namespace));
    let (mut unclaimed, others) = try_join(
        read_roles(aws, lone_roles.map(|role| role.name.as_str())),
        read_associations(aws, cluster.name.as_str(), lone.map(|one| one.id.as_str())),
    )
    .await?;
    unclaimed.extend(others);
    let held = Held {
        roles: roles.into_iter().map(|role| role.name).collect(),
        associations: associations.into_iter().map(|one| one.namespace).collect(),
        unclaimed,
        ..Held::default()
    };
    Ok((tenants, held))
}

async fn kept_for_ack(
    kubernetes: &Kubernetes,
    keeper: &Kubernetes,
    settings: &Settings,
) -> Result<(Tenants, Held)> {
    let (roles, associations) = acks::all(keeper, &role_path(&settings.cluster.name)).await?;
    let tenants = tenants(kubernetes, settings).await?;
    // An object is its tenant's by its name, whatever somebody wrote into it.
    let own = |object: &Object| tenants.named(&object.id().name);
    let name = |object: &Object| {
        let written = object.text("/spec/name");
        own(object).map_or(written, |(role, _)| role).to_string()
    };
    let place = |object: &Object| {
        let written = object.text("/spec/namespace");
        own(object).map_or(written, |(_, place)| place).to_string()
    };
    let held = Held {
        roles: roles.iter().map(name).collect(),
        associations: associations.iter().map(place).collect(),
        ..Held::default()
    };
    let lone_roles = roles
        .into_iter()
        .filter(|role| !tenants.claim_role(&name(role)));
    let lone = associations
        .into_iter()
        .filter(|one| !tenants.claim_association(&place(one)));
    let unclaimed = lone_roles.chain(lone).collect();
    Ok((tenants, Held { unclaimed, ..held }))
}

async fn tenants(kubernetes: &Kubernetes, settings: &Settings) -> Result<Tenants> {
    let (namespaces, accounts) = try_join(
        kubernetes.list(own_kind("", "Namespace"), "", ""),
        kubernetes.named(own_kind("", "ServiceAccount"), SERVICE_ACCOUNT),
    )
    .await?;
    let names = (&settings.cluster, settings.namespace_prefix.as_str());
    Ok(Tenants::of(&namespaces, &accounts, names))
}

/// Roles as they are, under ids of their own: a tenant may have left more than one.
pub(super) async fn read_roles<'a>(
    aws: &Aws,
    names: impl Iterator<Item = &'a str>,
) -> Result<Vec<Object>> {
    let read = names.map(async |name| {
        let id = Id::new(IAM, "Role", PLATFORM_NAMESPACE, name);
        aws.iam.role(&id, name).await
    });
    let read: Vec<_> = stream::iter(read).buffered(IN_FLIGHT).try_collect().await?;
    Ok(read.into_iter().flatten().collect())
}

/// Associations as they are, under ids of their own.
pub(super) async fn read_associations<'a>(
    aws: &Aws,
    cluster: &str,
    ids: impl Iterator<Item = &'a str>,
) -> Result<Vec<Object>> {
    let read = ids.map(async |name| {
        let id = Id::new(EKS, "PodIdentityAssociation", PLATFORM_NAMESPACE, name);
        aws.eks.describe(&id, cluster, name).await
    });
    let read: Vec<_> = stream::iter(read).buffered(IN_FLIGHT).try_collect().await?;
    Ok(read.into_iter().flatten().collect())
}
