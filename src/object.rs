//! The one shape of everything that mcpctl manages: `apiVersion`, `kind`, `metadata`, `spec`.

use std::{collections::BTreeMap, fmt};

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// API group of ACK's IAM kinds; objects of this group are carried out on IAM.
pub const IAM: &str = "iam.services.k8s.aws";
/// API group of ACK's EKS kinds; objects of this group are carried out on EKS.
pub const EKS: &str = "eks.services.k8s.aws";
/// Where the platform's own objects live, and the Kubernetes form of the AWS half.
pub const PLATFORM_NAMESPACE: &str = "mcpctl-system";

/// A kind that mcpctl knows without asking the API server.
#[derive(Debug)]
pub struct KnownKind {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// The version that our templates use.
    pub version: &'static str,
    /// `Deployment`
    pub kind: &'static str,
    /// `deployments`, as in a request path.
    pub plural: &'static str,
    /// Whether objects of this kind live in a namespace.
    pub namespaced: bool,
}

const fn known(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
    namespaced: bool,
) -> KnownKind {
    KnownKind {
        group,
        version,
        kind,
        plural,
        namespaced,
    }
}

const KNOWN: &[KnownKind] = &[
    known("", "v1", "Namespace", "namespaces", false),
    known("", "v1", "ConfigMap", "configmaps", true),
    known("", "v1", "Event", "events", true),
    known("", "v1", "LimitRange", "limitranges", true),
    known(
        "",
        "v1",
        "PersistentVolumeClaim",
        "persistentvolumeclaims",
        true,
    ),
    known("", "v1", "Pod", "pods", true),
    known("", "v1", "ResourceQuota", "resourcequotas", true),
    known("", "v1", "Secret", "secrets", true),
    known("", "v1", "Service", "services", true),
    known("", "v1", "ServiceAccount", "serviceaccounts", true),
    known(
        "admissionregistration.k8s.io",
        "v1",
        "ValidatingAdmissionPolicy",
        "validatingadmissionpolicies",
        false,
    ),
    known(
        "admissionregistration.k8s.io",
        "v1",
        "ValidatingAdmissionPolicyBinding",
        "validatingadmissionpolicybindings",
        false,
    ),
    known("apps", "v1", "DaemonSet", "daemonsets", true),
    known("apps", "v1", "Deployment", "deployments", true),
    known("apps", "v1", "ReplicaSet", "replicasets", true),
    known("apps", "v1", "StatefulSet", "statefulsets", true),
    known("batch", "v1", "CronJob", "cronjobs", true),
    known("batch", "v1", "Job", "jobs", true),
    known(
        "cilium.io",
        "v2",
        "CiliumNetworkPolicy",
        "ciliumnetworkpolicies",
        true,
    ),
    known("coordination.k8s.io", "v1", "Lease", "leases", true),
    known(
        "elbv2.k8s.aws",
        "v1beta1",
        "IngressClassParams",
        "ingressclassparams",
        false,
    ),
    known(
        "elbv2.k8s.aws",
        "v1beta1",
        "TargetGroupBinding",
        "targetgroupbindings",
        true,
    ),
    known("networking.k8s.io", "v1", "Ingress", "ingresses", true),
    known(
        "networking.k8s.io",
        "v1",
        "IngressClass",
        "ingressclasses",
        false,
    ),
    known(
        "networking.k8s.io",
        "v1",
        "NetworkPolicy",
        "networkpolicies",
        true,
    ),
    known(
        "policy",
        "v1",
        "PodDisruptionBudget",
        "poddisruptionbudgets",
        true,
    ),
    known("rbac.authorization.k8s.io", "v1", "Role", "roles", true),
    known(
        "rbac.authorization.k8s.io",
        "v1",
        "RoleBinding",
        "rolebindings",
        true,
    ),
    known(IAM, "v1alpha1", "Role", "roles", true),
    known(
        EKS,
        "v1alpha1",
        "PodIdentityAssociation",
        "podidentityassociations",
        true,
    ),
];

/// The request path, scope and version of a kind, for the kinds of our own templates.
pub fn known_kind(group: &str, kind: &str) -> Option<&'static KnownKind> {
    KNOWN
        .iter()
        .find(|known| known.group == group && known.kind == kind)
}

/// A kind that the code itself names, and that is therefore in the list.
pub fn own_kind(group: &str, kind: &str) -> &'static KnownKind {
    known_kind(group, kind).unwrap_or_else(|| unreachable!("{kind} is in the list of known kinds"))
}

/// What makes two objects the same one. The version is not part of it: two versions of a kind are one object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// API group; empty for the core group.
    pub group: String,
    /// `Deployment`
    pub kind: String,
    /// Empty for cluster-scoped objects.
    pub namespace: String,
    /// `metadata.name`
    pub name: String,
}

impl Id {
    /// An id from its four parts.
    pub fn new(group: &str, kind: &str, namespace: &str, name: &str) -> Self {
        Self {
            group: group.into(),
            kind: kind.into(),
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    /// The id of a Namespace.
    pub fn namespace(name: &str) -> Self {
        Self::new("", "Namespace", "", name)
    }

    /// Whether the object is carried out on AWS rather than in the cluster.
    pub fn is_aws(&self) -> bool {
        self.group == IAM || self.group == EKS
    }

    /// Whether this is the given kind of the given group.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() || self.is_aws() {
            write!(f, "{} {}", self.kind, self.name)
        } else {
            write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
        }
    }
}

/// An object as a JSON tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    id: Id,
    /// The whole tree, `apiVersion` and `kind` included.
    pub tree: Value,
}

impl Object {
    /// Reads the id out of a tree.
    ///
    /// # Errors
    /// Usage, when `apiVersion`, `kind` or `metadata.name` is missing or not text.
    pub fn new(tree: Value) -> Result<Self> {
        let text = |pointer: &str| {
            tree.pointer(pointer)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let missing =
            |field: &str| Error::usage(format!("an object without {field}")).detail(excerpt(&tree));
        let api_version = text("/apiVersion").ok_or_else(|| missing("apiVersion"))?;
        let kind = text("/kind").ok_or_else(|| missing("kind"))?;
        let name = text("/metadata/name").ok_or_else(|| missing("metadata.name"))?;
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let id = Id::new(
            group,
            kind,
            text("/metadata/namespace").unwrap_or_default(),
            name,
        );
        Ok(Self { id, tree })
    }

    /// What the object is.
    pub fn id(&self) -> &Id {
        &self.id
    }

    /// `group/version`, or the version alone for the core group.
    pub fn api_version(&self) -> &str {
        self.text("/apiVersion")
    }

    /// The text at a JSON pointer, or the empty string.
    pub fn text(&self, pointer: &str) -> &str {
        self.tree
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The value of a label, if it is there.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.tree["metadata"]["labels"][key].as_str()
    }

    /// The value of an annotation, if it is there.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.tree["metadata"]["annotations"][key].as_str()
    }

    /// The map at `metadata.<field>`, made where it is missing: `labels` or `annotations`.
    pub fn metadata_map(&mut self, field: &str) -> &mut Map<String, Value> {
        let entry = &mut self.tree["metadata"][field];
        if !entry.is_object() {
            *entry = Value::Object(Map::new());
        }
        match entry {
            Value::Object(map) => map,
            _ => unreachable!("made an object above"),
        }
    }
}

/// Everything that is wanted or that lives, by id.
pub type State = BTreeMap<Id, Object>;

/// Whether objects of this kind start pods, and so must wait for everything that makes pods safe.
pub fn starts_pods(id: &Id) -> bool {
    matches!(
        (id.group.as_str(), id.kind.as_str()),
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet")
            | ("batch", "Job" | "CronJob")
            | ("", "Pod")
    )
}

/// Whether making `later` has to wait until `earlier` is made.
pub fn made_before(earlier: &Id, later: &Id) -> bool {
    if earlier == later || later.is("", "Namespace") {
        return false;
    }
    earlier.is("", "Namespace")
        || (earlier.is(IAM, "Role") && later.is(EKS, "PodIdentityAssociation"))
        || (earlier.is("", "Service") && later.is("networking.k8s.io", "Ingress"))
        || (earlier.kind == "IngressClassParams" && later.kind == "IngressClass")
        || (earlier.kind == "ValidatingAdmissionPolicy"
            && later.kind == "ValidatingAdmissionPolicyBinding")
        || (starts_pods(later)
            && !starts_pods(earlier)
            && !earlier.is("policy", "PodDisruptionBudget"))
}

/// The objects in an order in which they can be made one by one.
pub fn in_making_order(state: &State) -> Vec<&Object> {
    let mut left: Vec<&Object> = state.values().collect();
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let free = |object: &&Object| {
            !left
                .iter()
                .any(|other| made_before(other.id(), object.id()))
        };
        let next = left.iter().position(free).unwrap_or(0);
        ordered.push(left.remove(next));
    }
    ordered
}

/// Whether deleting `later` is issued only after deleting `earlier` was accepted. The order disarms a tenant even
/// where a shared load balancer never lets its Ingress go: Ingress, Deployment, association, role, then the rest.
pub fn deleted_before(earlier: &Id, later: &Id) -> bool {
    deletion_rank(earlier) < deletion_rank(later)
}

/// Place in the order of deletion; lower goes first.
pub fn deletion_rank(id: &Id) -> u8 {
    match (id.group.as_str(), id.kind.as_str()) {
        ("networking.k8s.io", "Ingress") => 0,
        _ if starts_pods(id) => 1,
        (EKS, _) => 2,
        (IAM, _) => 3,
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding") => 4,
        ("networking.k8s.io", "IngressClass") => 5,
        ("", "Namespace") => 7,
        _ => 6,
    }
}

/// Whether an object goes only when the Ingress is gone, and pods that do not go with a namespace are: what guards
/// them, and the namespace.
pub fn goes_late(id: &Id) -> bool {
    deletion_rank(id) >= 6
}

fn excerpt(tree: &Value) -> String {
    let text = tree.to_string();
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
