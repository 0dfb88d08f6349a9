//! All tenants at once: as many calls for a thousand as for one, pages aside.

use std::collections::BTreeSet;

use futures_util::future::{join, try_join};

use super::{Summaries, roles, summaries};
use crate::{
    backend::{AssociationSummary, Kubernetes, RoleSummary, Side},
    config::Settings,
    error::{Error, Result},
    marks::TENANT,
    object::{Object, own_kind},
    spec::role_path,
};

/// What both sides list of the tenants of a cluster.
#[derive(Clone, Debug, Default)]
pub struct Everyone {
    /// Namespaces with the label of a tenant.
    pub namespaces: Vec<Object>,
    /// Deployments with the label of a tenant.
    pub deployments: Vec<Object>,
    /// Roles below the path of the cluster.
    pub roles: Vec<RoleSummary>,
    /// Associations of the cluster, those of others included.
    pub associations: Vec<AssociationSummary>,
    /// The tenants of whom ACK has not carried out everything.
    pub unsynced: BTreeSet<String>,
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
            kubernetes.list(own_kind("", "Namespace"), "", TENANT),
            kubernetes.list(own_kind("apps", "Deployment"), "", TENANT),
        )
        .await;
        Ok((namespaces?, deployments?))
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
    let ((namespaces, deployments), identities) = try_join(cluster, identities).await?;
    Ok(Everyone {
        namespaces,
        deployments,
        roles: identities.roles,
        associations: identities.associations,
        unsynced: identities.unsynced,
    })
}
