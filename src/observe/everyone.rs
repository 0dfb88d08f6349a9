//! All tenants at once: as many calls for a thousand as for one, pages aside.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join, join_all, try_join};

use super::{Summaries, roles, summaries};
use crate::{
    backend::{AssociationSummary, Kubernetes, Reason, RoleSummary, Side},
    config::Settings,
    error::{Error, Result},
    marks::TENANT,
    object::{Id, KnownKind, Object, own_kind, runs_on},
    record,
    spec::role_path,
};

/// What both sides list of the tenants of a cluster.
#[derive(Clone, Debug, Default)]
pub struct Everyone {
    /// Namespaces of tenants, those that lost their label included.
    pub namespaces: Vec<Object>,
    /// Deployments with the label of a tenant, and where a tenant has none, what else may run its pods.
    pub workloads: Vec<Object>,
    /// Roles below the path of the cluster.
    pub roles: Vec<RoleSummary>,
    /// Associations of the cluster, those of others included.
    pub associations: Vec<AssociationSummary>,
    /// The tenants of whom ACK has not carried out everything.
    pub unsynced: BTreeSet<String>,
    /// What the caller may not see, each as a sentence.
    pub denied: Vec<String>,
}

/// Asks both sides.
///
/// # Errors
/// What a side answered.
pub async fn everyone(
    kubernetes: &Kubernetes,
    identities: Option<Side<'_>>,
    settings: &Settings,
) -> Result<Everyone> {
    let cluster = async {
        // Both answers are waited for, so that of two refusals it is always the same one that is shown.
        let (namespaces, deployments) = join(
            kubernetes.list(own_kind("", "Namespace"), "", ""),
            kubernetes.list(own_kind("apps", "Deployment"), "", TENANT),
        )
        .await;
        let (mut namespaces, mut workloads) = (namespaces?, deployments?);
        let prefix = settings.namespace_prefix.as_str();
        namespaces.retain(|namespace| record::tenant(namespace, prefix).is_some());
        let (others, denied) = others(kubernetes, &namespaces, &workloads).await?;
        workloads.extend(others);
        Ok((namespaces, workloads, denied))
    };
    let identities = async {
        let name = &settings.cluster.name;
        let path = role_path(name);
        let aws = match identities {
            Some(Side::Aws(aws)) => aws,
            Some(Side::Kubernetes(kubernetes)) => return summaries(kubernetes, &path).await,
            None => return Ok(Summaries::default()),
        };
        let associations = async { Ok(aws.eks.associations(name.as_str(), None).await?) };
        let (roles, associations) = try_join(roles(aws, settings), associations).await?;
        Ok::<_, Error>(Summaries {
            roles,
            associations,
            ..Summaries::default()
        })
    };
    let ((namespaces, workloads, denied), identities) = try_join(cluster, identities).await?;
    Ok(Everyone {
        namespaces,
        workloads,
        denied,
        roles: identities.roles,
        associations: identities.associations,
        unsynced: identities.unsynced,
    })
}

/// What runs pods and is no Deployment, for the tenants that have none: of the kinds that their records name. Kinds that
/// the caller may not list, and which, as sentences, are a matter of own templates and no reason to show no tenant.
async fn others(
    kubernetes: &Kubernetes,
    namespaces: &[Object],
    deployments: &[Object],
) -> Result<(Vec<Object>, Vec<String>)> {
    let has_one: BTreeSet<&str> = deployments
        .iter()
        .map(|deployment| deployment.id().namespace.as_str())
        .collect();
    let without = namespaces
        .iter()
        .filter(|namespace| !has_one.contains(namespace.id().name.as_str()));
    let kinds: BTreeMap<_, _> = without
        .flat_map(record::kinds)
        .filter(|(group, kind)| {
            let id = Id::new(group, kind, "", "");
            runs_on(&id) && !id.is("apps", "Deployment")
        })
        .map(|(group, kind)| ((group.to_string(), kind.to_string()), None))
        .collect();
    kubernetes.discover(&kinds).await?;
    let served = kinds
        .keys()
        .filter_map(|(group, kind)| kubernetes.kind(group, kind));
    let lists = served.map(async |kind: KnownKind| kubernetes.list(&kind, "", TENANT).await);
    let (mut found, mut denied) = (Vec::new(), Vec::new());
    for list in join_all(lists).await {
        match list {
            Ok(objects) => found.extend(objects),
            Err(error) if error.is_absent() => {}
            Err(error) if error.reason == Reason::Forbidden => {
                denied.push(format!("not seen: {error}"));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok((found, denied))
}
