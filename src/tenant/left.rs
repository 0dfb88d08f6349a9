//! What is left of tenants that are gone, and who lacks what.

use crate::{
    backend::Side,
    error::Result,
    observe,
    orphans::{self, Kind, Orphan, OrphanList, Reason},
    session::Session,
    spec::TenantName,
};

/// What lost its other half, where roles and associations are in reach of these.
///
/// # Errors
/// What a side answered.
pub async fn orphans(session: &Session<'_>, identities: Side<'_>) -> Result<OrphanList> {
    let settings = &session.settings;
    let found = observe::orphans(session.kubernetes()?, identities, settings);
    let (tenants, mut held) = found.await?;
    held.shared_role = settings.scoping.shared_role().is_some();
    Ok(orphans::find(
        &tenants,
        &held,
        (&settings.cluster, settings.aws),
    ))
}

/// Roles and associations of tenants of which no namespace is left; nothing where AWS is left out.
///
/// # Errors
/// What a side answered.
pub async fn only_in_aws(session: &Session<'_>, known: &[TenantName]) -> Result<Vec<Orphan>> {
    let Some(identities) = session.identities() else {
        return Ok(Vec::new());
    };
    let mut items = orphans(session, identities).await?.items;
    items.retain(|orphan| {
        orphan.kind != Kind::Namespace
            && orphan.reason.is_of_the_gone()
            && !known.iter().any(|tenant| tenant.as_str() == orphan.tenant)
    });
    Ok(items)
}

impl Reason {
    /// Whether the tenant may have no namespace any more.
    fn is_of_the_gone(self) -> bool {
        matches!(
            self,
            Self::NamespaceGone | Self::NamespaceNotTheTenants | Self::RegionUnknown
        )
    }
}
