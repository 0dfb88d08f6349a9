//! Whether a tenant may have its host: nobody else holds it, and the load balancer has room.

use std::rc::Rc;

use super::Look;
use crate::{
    error::Result,
    object::State,
    observe::{self, Holders},
    plan::Conflict,
    session::Session,
    spec::Resolved,
};

impl Look {
    /// Who holds hosts, beside what else is read: where the tenant's namespace does not say yet that this one is its own.
    pub(super) async fn holders(
        &self,
        resolved: &Resolved,
        session: &Session<'_>,
        wanted: &State,
    ) -> Result<Option<Rc<Holders>>> {
        let class = session.settings.ingress.class.as_str();
        let says = self
            .namespace
            .as_ref()
            .is_some_and(|namespace| observe::says_host(namespace, resolved.host(), class));
        let makes = wanted
            .keys()
            .any(|id| id.is("networking.k8s.io", "Ingress"));
        if !makes || says {
            return Ok(None);
        }
        match (&self.holders, &session.kubernetes) {
            (Some(known), _) => Ok(Some(Rc::clone(known))),
            (None, Some(kubernetes)) => Ok(Some(Rc::new(observe::holders(kubernetes).await?))),
            (None, None) => Ok(None),
        }
    }
}

/// What stands in the way of the host. An Ingress that is missing although its namespace says the host is seldom enough to
/// be worth a question of its own.
pub(super) async fn conflicts(
    resolved: &Resolved,
    session: &Session<'_>,
    (wanted, live): (&State, &State),
    holders: Option<Rc<Holders>>,
) -> Result<Vec<Conflict>> {
    let takes = observe::takes_host(wanted, live);
    let holders = match (holders, &session.kubernetes) {
        (None, Some(kubernetes)) if takes => Some(Rc::new(observe::holders(kubernetes).await?)),
        (holders, _) => holders,
    };
    Ok(holders.map_or_else(Vec::new, |holders| {
        holders.conflicts(resolved, &session.settings, takes)
    }))
}
