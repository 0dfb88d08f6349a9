//! Orphans: what is left of a tenant that is gone, and tenants that lack their half in AWS. Pure.
//!
//! Only what carries the tags of this cluster counts. Each finding names the command that puts it right.

use std::collections::BTreeSet;

use crate::{
    ack,
    config::{AwsMode, Cluster},
    managed,
    marks::{NAMESPACE, PROTECTED, TENANT},
    object::{IAM, Object},
    origin::{self, Origin},
    plan::{Subject, aws_tag},
    record::{self, Record},
    spec::{API_VERSION, SERVICE_ACCOUNT, role_name},
};

mod command;
mod list;
#[cfg(test)]
mod tests;

pub use list::{Kind, Orphan, OrphanList, Reason};

/// The tenants of a cluster, as its namespaces tell.
#[derive(Clone, Debug, Default)]
pub struct Tenants {
    living: Vec<Living>,
    namespaces: BTreeSet<String>,
    /// Namespaces in which the tenant's service account is.
    accounts: BTreeSet<String>,
}

/// A tenant that has its namespace.
#[derive(Clone, Debug)]
struct Living {
    name: String,
    namespace: String,
    role: String,
    going: bool,
    recorded: bool,
    gitops: bool,
    /// Who carries role and association out, where the record says it.
    aws: Option<AwsMode>,
}

/// What there is of roles and associations.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// Whether all tenants share a role that is not theirs.
    pub shared_role: bool,
    /// Names of the roles below the cluster's path.
    pub roles: BTreeSet<String>,
    /// Namespaces whose tenant's service account has an association.
    pub associations: BTreeSet<String>,
    /// Those that no living tenant claims, with their tags.
    pub unclaimed: Vec<Object>,
}

impl Tenants {
    /// From all namespaces, and all service accounts of the name that tenants' have.
    pub fn of(
        namespaces: &[Object],
        accounts: &[Object],
        (cluster, prefix): (&Cluster, &str),
    ) -> Self {
        let name = |object: &Object| object.id().name.clone();
        let place = |object: &Object| object.id().namespace.clone();
        let living = namespaces
            .iter()
            .filter_map(|one| Living::of(one, (cluster, prefix)));
        Self {
            living: living.collect(),
            namespaces: namespaces.iter().map(name).collect(),
            accounts: accounts.iter().map(place).collect(),
        }
    }

    /// Whether a tenant that stays has this role.
    pub fn claim_role(&self, name: &str) -> bool {
        self.staying().any(|tenant| tenant.role == name)
    }

    /// Whether a tenant that stays, with its service account, has the association of this namespace.
    pub fn claim_association(&self, namespace: &str) -> bool {
        self.accounts.contains(namespace)
            && self.staying().any(|tenant| tenant.namespace == namespace)
    }

    /// Role and namespace of a tenant that has one.
    pub fn named(&self, tenant: &str) -> Option<(&str, &str)> {
        let found = self.living.iter().find(|living| living.name == tenant)?;
        Some((&found.role, &found.namespace))
    }

    fn staying(&self) -> impl Iterator<Item = &Living> {
        self.living.iter().filter(|tenant| !tenant.going)
    }

    /// What becomes of a role or association that names a tenant and a namespace.
    fn judge(&self, role: bool, tenant: &str, namespace: &str) -> Reason {
        match self.living.iter().find(|living| living.name == tenant) {
            Some(living) if living.namespace == namespace && living.going => Reason::NamespaceGoing,
            Some(living) if living.namespace == namespace && !role => Reason::ServiceAccountGone,
            Some(_) => Reason::Surplus,
            None if self.namespaces.contains(namespace) => Reason::NamespaceNotTheTenants,
            None => Reason::NamespaceGone,
        }
    }
}

impl Living {
    /// The tenant whose namespace this is; none of one that mcpctl did not apply, whatever its label says.
    fn of(namespace: &Object, (cluster, prefix): (&Cluster, &str)) -> Option<Self> {
        let record = Record::read(namespace).ok().flatten();
        let name = record::tenant(namespace, prefix)?;
        let place = namespace.id().name.clone();
        let subject = Subject::Tenant {
            name: name.clone(),
            cluster: cluster.name.to_string(),
            namespace: place.clone(),
        };
        let derived = || role_name(&name, (&place, SERVICE_ACCOUNT), cluster);
        let recorded = record.as_ref().map(|record| record.names.role.clone());
        let role = recorded.unwrap_or_else(derived);
        let owners = managed::owners(namespace, &[]);
        // Without its label a namespace from a repository is not ours to change, and still the tenant's.
        let recorded = namespace.label(TENANT).is_none() && record.is_some();
        (recorded || subject.owns(namespace)).then(|| Self {
            role,
            going: !namespace.text("/metadata/deletionTimestamp").is_empty(),
            recorded: record.is_some(),
            aws: record.as_ref().and_then(|record| record.aws),
            gitops: owners.iter().any(managed::Owner::is_gitops),
            namespace: place,
            name,
        })
    }

    /// What a tenant lacks that stays.
    fn lacks(&self, held: &Held) -> Option<Reason> {
        let has = (
            held.shared_role || held.roles.contains(&self.role),
            held.associations.contains(&self.namespace),
        );
        match has {
            (true, true) => None,
            (false, true) => Some(Reason::NoRole),
            (true, false) => Some(Reason::NoAssociation),
            (false, false) => Some(Reason::NoAwsHalf),
        }
    }
}

/// What lacks its other half, by tenant.
pub fn find(tenants: &Tenants, held: &Held, (cluster, mode): (&Cluster, AwsMode)) -> OrphanList {
    let leftovers = held
        .unclaimed
        .iter()
        .filter_map(|object| leftover(object, tenants, (cluster, mode)));
    // What somebody else carries out, nobody looked for here.
    let looked_for = |tenant: &&Living| tenant.aws.is_none_or(|aws| aws == mode);
    let halves = tenants.staying().filter(looked_for).filter_map(|tenant| {
        let reason = tenant.lacks(held)?;
        Some(Orphan {
            tenant: tenant.name.clone(),
            kind: Kind::Namespace,
            name: tenant.namespace.clone(),
            namespace: tenant.namespace.clone(),
            reason,
            why: reason.sentence(&tenant.namespace),
            command: command::completing(tenant),
        })
    });
    let mut items: Vec<Orphan> = leftovers.chain(halves).collect();
    items.sort();
    OrphanList {
        api_version: API_VERSION,
        kind: "OrphanList",
        cluster: cluster.name.to_string(),
        items,
    }
}

/// A role or association that no living tenant claims, where its tags say that it is ours and of this cluster.
fn leftover(
    object: &Object,
    tenants: &Tenants,
    (cluster, mode): (&Cluster, AwsMode),
) -> Option<Orphan> {
    let role = object.id().is(IAM, "Role");
    let tenant = aws_tag(object, TENANT)?.to_string();
    let namespace = if role {
        aws_tag(object, NAMESPACE).unwrap_or_default()
    } else {
        object.text("/spec/namespace")
    };
    let subject = Subject::Tenant {
        name: tenant.clone(),
        cluster: cluster.name.to_string(),
        namespace: namespace.into(),
    };
    // What ACK carries out is found by its own name, which is the tenant's.
    let misnamed = mode == AwsMode::Ack && object.id().name != tenant;
    if misnamed || !subject.owns(object) {
        return None;
    }
    let origin = if role && mode == AwsMode::Direct {
        origin::of_role(object, cluster)
    } else {
        Origin::Here
    };
    let reason = match origin {
        Origin::Here => tenants.judge(role, &tenant, namespace),
        Origin::Unknown => Reason::RegionUnknown,
        Origin::Elsewhere => return None,
    };
    let mut why = reason.sentence(namespace);
    if aws_tag(object, PROTECTED) == Some("true") {
        why += "; protected";
    }
    if mode == AwsMode::Direct && aws_tag(object, ack::CONTROLLER).is_some() {
        why += "; ACK carries it out";
    }
    let found = command::Found {
        object,
        role,
        tenant: &tenant,
        living: tenants.living.iter().find(|living| living.name == tenant),
        namespace,
        reason,
    };
    let command = found.command(cluster, mode);
    Some(Orphan {
        kind: if role { Kind::Role } else { Kind::Association },
        name: found.name().into(),
        namespace: namespace.into(),
        reason,
        why,
        command,
        tenant,
    })
}
