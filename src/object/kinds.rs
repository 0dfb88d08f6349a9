//! Request path, scope and version of the kinds that need no discovery.

use super::{EKS, IAM};

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
