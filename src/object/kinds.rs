//! Request path, scope and version of the kinds that need no discovery.

use std::borrow::Cow;

use super::{EKS, IAM};

/// How a kind is reached: by the table below, or as the API server told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownKind {
    /// API group; empty for the core group.
    pub group: Cow<'static, str>,
    /// The version that is asked for.
    pub version: Cow<'static, str>,
    /// `Deployment`
    pub kind: Cow<'static, str>,
    /// `deployments`, as in a request path.
    pub plural: Cow<'static, str>,
    /// Whether objects of this kind live in a namespace.
    pub namespaced: bool,
}

impl KnownKind {
    /// `group/version`, or the version alone for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_string()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }
}

const fn known(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
    namespaced: bool,
) -> KnownKind {
    KnownKind {
        group: Cow::Borrowed(group),
        version: Cow::Borrowed(version),
        kind: Cow::Borrowed(kind),
        plural: Cow::Borrowed(plural),
        namespaced,
    }
}

const KNOWN: &[KnownKind] = &[
    known("", "v1", "Namespace", "namespaces", false),
    known("", "v1", "Node", "nodes", false),
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
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations",
        false,
    ),
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
    known(
        "autoscaling",
        "v2",
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        true,
    ),
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

/// The request path, scope and version of a kind, for those that need no discovery.
pub fn known_kind(group: &str, kind: &str) -> Option<&'static KnownKind> {
    KNOWN
        .iter()
        .find(|known| known.group == group && known.kind == kind)
}

/// A kind that the code itself names, and that is therefore in the list.
pub fn own_kind(group: &str, kind: &str) -> &'static KnownKind {
    known_kind(group, kind).unwrap_or_else(|| unreachable!("{kind} is in the list of known kinds"))
}
