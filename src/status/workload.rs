//! Whether what runs a tenant's pods is ready. Pure.

use serde::Serialize;

use super::Rollout;
use crate::{
    object::{Id, Object, runs_on},
    wait::{Said, said},
};

/// What runs pods in place of a Deployment, as its own status says it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Workload {
    /// `MCPServer mcp-acme/mcp-server`
    pub object: String,
    /// Whether it is ready; null where its status does not tell.
    pub ready: Option<bool>,
    /// Why it is not.
    pub why: Option<String>,
}

impl Workload {
    fn of(object: &Object) -> Self {
        let (ready, why) = match said(object) {
            Said::Ready => (Some(true), None),
            Said::NotYet(why) | Said::Stalled(why) => (Some(false), Some(why)),
            Said::Nothing => (None, None),
        };
        Self {
            object: object.id().to_string(),
            ready,
            why,
        }
    }
}

/// What runs a tenant's pods.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Running {
    /// What stands in for a Deployment; empty where there is one, which then is what counts.
    pub(super) others: Vec<Workload>,
    /// Whether it is ready; none where nothing tells.
    pub(super) ready: Option<bool>,
}

impl Running {
    /// Reads what lives of a tenant, and the kinds that were ever applied for it: where nothing is left of those that
    /// run pods, nothing is ready. Nor is it where a Deployment is wanted and only others are left; `wants_one` is asked
    /// where there was one.
    pub(super) fn of<'a>(
        live: impl Iterator<Item = &'a Object>,
        mut recorded: impl Iterator<Item = (&'a str, &'a str)>,
        wants_one: impl FnOnce() -> bool,
    ) -> Self {
        let (deployments, others): (Vec<_>, Vec<_>) = live
            .filter(|object| runs_on(object.id()))
            .partition(|object| is_deployment(object.id()));
        if !deployments.is_empty() {
            let complete = |deployment: &&Object| Rollout::of(deployment).is_complete();
            return Self {
                others: Vec::new(),
                ready: Some(deployments.iter().all(complete)),
            };
        }
        if others.is_empty() {
            let runs_on = |(group, kind)| runs_on(&Id::new(group, kind, "", ""));
            return Self {
                others: Vec::new(),
                ready: recorded.any(runs_on).then_some(false),
            };
        }
        let others: Vec<Workload> = others.into_iter().map(Workload::of).collect();
        let ready = others.iter().filter_map(|other| other.ready).min();
        let lacks_one = recorded.any(|kind| kind == ("apps", "Deployment")) && wants_one();
        Self {
            ready: if lacks_one { Some(false) } else { ready },
            others,
        }
    }
}

fn is_deployment(id: &Id) -> bool {
    id.is("apps", "Deployment")
}
