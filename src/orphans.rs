//! Orphans: what is left of a tenant that is gone, and tenants that lack their half in AWS. Pure.
//!
//! Only what carries the tags of this cluster counts. Each finding names the command that puts it right.

use std::{collections::BTreeSet, fmt};

use serde::Serialize;

use crate::{
    ack,
    config::{AwsMode, Cluster},
    managed,
    marks::{NAMESPACE, PROTECTED, TENANT},
    object::{IAM, Object},
    origin::{self, Origin},
    plan::{Subject, aws_tag},
    record::Record,
    spec::{API_VERSION, SERVICE_ACCOUNT, role_name},
};

mod command;
#[cfg(test)]
mod tests;

/// What `tenant list --orphans` prints with `-o json` and `-o yaml`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrphanList {
    /// `mcpctl.dev/v1alpha1`
    pub api_version: &'static str,
    /// `OrphanList`
    pub kind: &'static str,
    /// Name of the EKS cluster.
    pub cluster: String,
    /// By tenant.
    pub items: Vec<Orphan>,
}

/// Something that lacks its other half.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Orphan {
    /// The tenant.
    pub tenant: String,
    /// What it is.
    pub kind: Kind,
    /// Name of the role, id of the association, or name of the tenant's namespace.
    pub name: String,
    /// The namespace that it is for.
    pub namespace: String,
    /// What it lacks.
    pub reason: Reason,
    /// The same as a sentence.
    pub why: String,
    /// What puts it right. Global flags that were given to the list belong to it too.
    pub command: String,
}

/// What an orphan is. In JSON: `association`, `namespace`, `role`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// A Pod Identity association.
    Association,
    /// The namespace of a tenant that lacks its half in AWS.
    Namespace,
    /// An IAM role.
    Role,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Association => "association",
            Self::Namespace => "namespace",
            Self::Role => "role",
        })
    }
}

/// Why something is an orphan. In JSON as here in camelCase, such as `namespaceGone`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// Its namespace is gone.
    NamespaceGone,
    /// Its namespace is being deleted, and not by `tenant remove`, which would have taken it before.
    NamespaceGoing,
    /// A namespace of that name is there, and not the tenant's.
    NamespaceNotTheTenants,
    /// The namespace is there, the service account is not.
    ServiceAccountGone,
    /// The tenant lives, with another role or in another namespace.
    Surplus,
    /// A role that may be for a cluster of the same name in another region.
    RegionUnknown,
    /// The tenant has no role.
    NoRole,
    /// The tenant has no association.
    NoAssociation,
    /// The tenant has neither.
    NoAwsHalf,
}

impl Reason {
    fn sentence(self, namespace: &str) -> String {
        match self {
            Self::NamespaceGone => format!("namespace {namespace} is gone"),
            Self::NamespaceGoing => format!("namespace {namespace} is being deleted"),
            Self::NamespaceNotTheTenants => format!("namespace {namespace} is not the tenant's"),
            Self::ServiceAccountGone => {
                format!("service account {namespace}/{SERVICE_ACCOUNT} is gone")
            }
            Self::Surplus => "the tenant lives without it".into(),
            Self::RegionUnknown => "neither name nor trust policy tell its region".into(),
            Self::NoRole => "no role".into(),
            Self::NoAssociation => "no association".into(),
            Self::NoAwsHalf => {
                "no role and no association: lost, or left out with --only kubernetes".into()
            }
        }
    }
}

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
    pub fn of(namespaces: &[Object], accounts: &[Object], cluster: &Cluster) -> Self {
        let name = |object: &Object| object.id().name.clone();
        let place = |object: &Object| object.id().namespace.clone();
        let living = namespaces.iter().filter_map(|one| Living::of(one, cluster));
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
    fn of(namespace: &Object, cluster: &Cluster) -> Option<Self> {
        let record = Record::read(namespace).ok().flatten();
        let recorded = record.as_ref().map(|record| record.input.name.to_string());
        let name = namespace.label(TENANT).map(str::to_string).or(recorded)?;
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
        subject.owns(namespace).then(|| Self {
            role,
            going: !namespace.text("/metadata/deletionTimestamp").is_empty(),
            recorded: record.is_some(),
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
    let halves = tenants.staying().filter_map(|tenant| {
        let reason = tenant.lacks(held)?;
        Some(Orphan {
            tenant: tenant.name.clone(),
            kind: Kind::Namespace,
            name: tenant.namespace.clone(),
            namespace: tenant.namespace.clone(),
            reason,
            why: reason.sentence(&tenant.namespace),
            command: command::completing(&tenant.name, tenant.recorded, tenant.gitops),
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
