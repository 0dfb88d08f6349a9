//! All tenants of a cluster, from a handful of lists.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    Presence, RecordState, Rollout, Standing, TenantState, Workload, standing::is_labelled,
    workload::Running,
};
use crate::{
    marks::{HOST, TENANT},
    object::Object,
    observe::Everyone,
    plan::Subject,
    record::{self, Record},
    spec::{API_VERSION, RoleArn, SERVICE_ACCOUNT},
};

/// The tenants of a cluster, as `tenant list -o json` and `-o yaml` print them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantList {
    /// `mcpctl.dev/v1alpha1`
    pub api_version: &'static str,
    /// `TenantList`
    pub kind: &'static str,
    /// By name; those of which only one half exists included.
    pub items: Vec<Item>,
}

/// One tenant of the list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// The tenant.
    pub name: String,
    /// The first thing that is to say about it; never `conflict` or `drift`, which take a comparison, and without a
    /// look at the Ingress.
    pub state: TenantState,
    /// Its namespace; null where there is none.
    pub namespace: Option<String>,
    /// Its public host name; null where the namespace does not say it.
    pub host: Option<String>,
    /// Image of the first container; null where there is no Deployment.
    pub image: Option<String>,
    /// How far the Deployment is; null where there is none.
    pub rollout: Option<Rollout>,
    /// What runs pods where there is no Deployment.
    pub workloads: Vec<Workload>,
    /// Name of its role, or of the one that all tenants share; null where there is none.
    pub role: Option<String>,
    /// Id of its association; null where there is none.
    pub association: Option<String>,
}

#[derive(Default)]
struct Found<'a> {
    namespace: Option<&'a Object>,
    /// What runs pods, whoever made it.
    workloads: Vec<&'a Object>,
    role: Option<&'a str>,
    association: Option<&'a str>,
    unsynced: bool,
}

impl TenantList {
    /// Joins what both sides list. Roles carry their tenant in the name, before the hash; associations are found by
    /// their namespace, and where that is gone by `prefix`.
    /// `shared` is the role that they share, where they do, and `wants_deployment` says of a namespace's tenant whether a
    /// Deployment is to run its pods.
    pub fn of(
        everyone: &Everyone,
        (cluster, prefix): (&str, &str),
        shared: Option<&RoleArn>,
        wants_deployment: &dyn Fn(&Object) -> bool,
    ) -> Self {
        let mut tenants: BTreeMap<String, Found<'_>> = BTreeMap::new();
        for namespace in &everyone.namespaces {
            let tenant = record::tenant(namespace, prefix).unwrap_or_default();
            let place = &mut tenants.entry(tenant).or_default().namespace;
            if place.is_none() || namespace.label(TENANT).is_some() {
                *place = Some(namespace);
            }
        }
        for workload in &everyone.workloads {
            let tenant = tenants.entry(tenant_of(workload)).or_default();
            tenant.workloads.push(workload);
        }
        for role in &everyone.roles {
            let tenant = role.tenant().unwrap_or(&role.name).to_string();
            tenants.entry(tenant).or_default().role = Some(&role.name);
        }
        let own = |association: &&crate::backend::AssociationSummary| {
            association.service_account == SERVICE_ACCOUNT
        };
        for association in everyone.associations.iter().filter(own) {
            let place = association.namespace.as_str();
            let known = tenants.iter().find(|(_, found)| {
                found
                    .namespace
                    .is_some_and(|namespace| namespace.id().name == place)
            });
            let tenant = known.map(|(name, _)| name.clone());
            if let Some(tenant) = tenant.or_else(|| place.strip_prefix(prefix).map(str::to_string))
            {
                tenants.entry(tenant).or_default().association = Some(&association.id);
            }
        }
        for found in tenants.values_mut() {
            found.role = found.role.or(shared.map(RoleArn::name));
        }
        for tenant in &everyone.unsynced {
            tenants.entry(tenant.clone()).or_default().unsynced = true;
        }
        Self {
            api_version: API_VERSION,
            kind: "TenantList",
            items: tenants
                .into_iter()
                .map(|(name, found)| found.item(name, cluster, wants_deployment))
                .collect(),
        }
    }
}

impl Found<'_> {
    fn item(
        &self,
        name: String,
        cluster: &str,
        wants_deployment: &dyn Fn(&Object) -> bool,
    ) -> Item {
        let record = match self.namespace.map(Record::read) {
            Some(Ok(Some(record))) if record.input.name.as_str() == name => RecordState::Valid,
            Some(Err(_)) => RecordState::Broken,
            _ => RecordState::Missing,
        };
        let subject = |namespace: &Object| Subject::Tenant {
            name: name.clone(),
            cluster: cluster.into(),
            namespace: namespace.id().name.clone(),
        };
        let own = |namespace: &Object| {
            let subject = subject(namespace);
            let mut own = self.workloads.clone();
            own.retain(|object| {
                object.id().namespace == namespace.id().name && subject.owns(object)
            });
            own
        };
        let workloads = self.namespace.map(own).unwrap_or_default();
        let running = Running::of(
            workloads.iter().copied(),
            self.namespace.into_iter().flat_map(record::kinds),
            || self.namespace.is_some_and(wants_deployment),
        );
        let deployment = workloads
            .into_iter()
            .find(|object| object.id().is("apps", "Deployment"));
        let standing = Standing {
            namespace: self.namespace.map_or(Presence::Missing, |namespace| {
                Presence::of_namespace(namespace, &subject(namespace))
            }),
            labelled: self.namespace.is_none_or(is_labelled),
            record,
            role: Some(self.role.is_some()),
            association: Some(self.association.is_some()),
            unsynced: self.unsynced,
            bare: false,
            ready: running.ready,
            drift: None,
        };
        let host = self
            .namespace
            .and_then(|namespace| namespace.annotation(HOST));
        Item {
            state: standing.state(),
            namespace: self.namespace.map(|namespace| namespace.id().name.clone()),
            host: host.map(str::to_string),
            image: deployment.map(|deployment| {
                deployment
                    .text("/spec/template/spec/containers/0/image")
                    .to_string()
            }),
            rollout: deployment.map(Rollout::of),
            workloads: running.others,
            role: self.role.map(str::to_string),
            association: self.association.map(str::to_string),
            name,
        }
    }
}

fn tenant_of(object: &Object) -> String {
    object.label(TENANT).unwrap_or_default().to_string()
}
