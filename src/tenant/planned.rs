//! The plan toward a tenant: from what is wanted and what both sides say.

use futures_util::future::try_join4;

use super::{Look, hosts, keep, shared_role};
use crate::{
    cli::{IdentityGate, Only},
    error::Result,
    gate,
    marks::TENANT,
    object::{IAM, State},
    observe::{self, Confirmed},
    plan::{self, Conflict, Existing, Options, Plan},
    record,
    session::Session,
    spec::Resolved,
    verify,
};

/// How a plan is made.
#[derive(Clone, Copy, Debug)]
pub struct How {
    /// One half only.
    pub only: Option<Only>,
    /// Whether new pods wait for their identity.
    pub gate: IdentityGate,
    /// Whether the end is a ready tenant.
    pub ready: bool,
    /// Whether a pod of the tenant is asked who it is.
    pub verify: bool,
    /// What becomes of what somebody else made under the tenant's names.
    pub existing: Existing,
}

/// What `--adopt` means.
pub fn existing(adopt: bool) -> Existing {
    if adopt {
        Existing::Adopt
    } else {
        Existing::Refuse
    }
}

/// What a plan is made from.
struct Sides {
    wanted: State,
    live: State,
    options: Options,
    /// What is wrong beside the tenant.
    conflicts: Vec<Conflict>,
}

impl Look {
    /// The plan that makes the tenant as it is wanted, with what the API server says to it.
    ///
    /// # Errors
    /// What a side answered.
    pub async fn plan(
        &self,
        resolved: &Resolved,
        wanted: State,
        session: &Session<'_>,
        how: &How,
    ) -> Result<(Confirmed, State)> {
        let mut sides = self.sides(resolved, wanted, session, how).await?;
        let (wanted, live) = (&sides.wanted, &sides.live);
        let plan = |options: &Options| self.toward(wanted, live, (how.only, options));
        let mut confirmed = match session.kubernetes.as_ref().or(session.ack.as_ref()) {
            Some(kubernetes) => observe::confirmed(kubernetes, &mut sides.options, plan).await?,
            None => plan(&sides.options).into(),
        };
        confirmed.stopped_by(sides.conflicts);
        Ok((confirmed, sides.live))
    }

    /// As [`Self::plan`], for a view: where the API server cannot be asked what would come of a change, the plan is as what
    /// was read tells it, with a sentence that says so.
    ///
    /// # Errors
    /// As [`Self::wanted`] and [`Self::plan`].
    pub async fn view(
        &self,
        resolved: &Resolved,
        session: &Session<'_>,
        how: &How,
    ) -> Result<(Plan, State, Option<String>)> {
        let wanted = self.wanted(resolved, session)?;
        let mut sides = self.sides(resolved, wanted, session, how).await?;
        let (wanted, live) = (&sides.wanted, &sides.live);
        let plan = |options: &Options| self.toward(wanted, live, (how.only, options));
        let (mut plan, unasked) = match session.kubernetes.as_ref().or(session.ack.as_ref()) {
            Some(kubernetes) => {
                observe::confirmed_or_not(kubernetes, &mut sides.options, plan).await
            }
            None => (plan(&sides.options), None),
        };
        plan.conflicts.extend(sides.conflicts);
        Ok((plan, sides.live, unasked))
    }

    async fn sides(
        &self,
        resolved: &Resolved,
        mut wanted: State,
        session: &Session<'_>,
        how: &How,
    ) -> Result<Sides> {
        if how.only.is_none() && self.is_ours_to_carry_out(session.settings.aws) {
            let namespace = &self.names.namespace;
            record::say_who_carries_out(&mut wanted, namespace, session.settings.aws);
        }
        keep(&mut wanted, how.only);
        let (mut live, astray, mut conflicts, holders) = try_join4(
            self.live(session, &wanted),
            self.astray(session),
            shared_role::conflicts(&session.settings, session.aws.as_ref()),
            self.holders(resolved, session, &wanted),
        )
        .await?;
        conflicts.extend(hosts::conflicts(resolved, session, (&wanted, &live), holders).await?);
        if session.settings.scoping.shared_role().is_some() {
            // Who has the name that an own role would have is of no concern.
            live.retain(|id, object| !id.is(IAM, "Role") || self.subject.owns(object));
        }
        let gate = how.gate != IdentityGate::Off && how.only.is_none();
        let options = Options {
            gate: gate.then(|| gate::pod_for(resolved)),
            ready: how.ready,
            verify: how
                .verify
                .then(|| verify::pod(resolved, &session.settings, &wanted))
                .transpose()?,
            synced: session.ack.is_some(),
            stale_pods: astray.stale && how.only.is_none(),
            unsettled: astray.unsettled,
            bare_pods: astray.bare,
            existing: how.existing,
            ..Options::default()
        };
        Ok(Sides {
            wanted,
            live,
            options,
            conflicts,
        })
    }

    fn toward(
        &self,
        wanted: &State,
        live: &State,
        (only, options): (Option<Only>, &Options),
    ) -> Plan {
        let mut plan = plan::toward(wanted, live, &self.subject, options);
        // To make a second namespace beside one that says it is the tenant's would hide that one.
        let other = self
            .foreign_namespace()
            .filter(|id| !wanted.contains_key(id));
        if let Some(id) = other.filter(|_| only != Some(Only::Aws)) {
            let why = format!(
                "has the label {TENANT}={}, but mcpctl did not apply it",
                self.name
            );
            plan.conflicts.push(Conflict::new(&id, why));
        }
        plan
    }
}
