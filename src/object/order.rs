//! What is made and deleted before what.

use super::{EKS, IAM, Id, Object, State, known_kind};

/// Whether objects of this kind start pods, and so must wait for everything that makes pods safe. A kind that we do not
/// know may.
pub fn starts_pods(id: &Id) -> bool {
    matches!(
        (id.group.as_str(), id.kind.as_str()),
        (
            "apps",
            "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet"
        ) | ("batch", "Job" | "CronJob")
            | ("", "Pod")
    ) || (is_own(id) && !scales(id))
}

/// Where an object of a known kind says what its pods are, as a JSON pointer.
pub fn spec_of_pods(id: &Id) -> Option<&'static str> {
    match (id.group.as_str(), id.kind.as_str()) {
        ("apps", "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet") | ("batch", "Job") => {
            Some("/spec/template/spec")
        }
        ("batch", "CronJob") => Some("/spec/jobTemplate/spec/template/spec"),
        ("", "Pod") => Some("/spec"),
        _ => None,
    }
}

/// Whether the pods that objects of this kind start are meant to go on, so that it makes sense to wait until they are
/// ready.
pub fn runs_on(id: &Id) -> bool {
    starts_pods(id) && id.group != "batch" && !id.is("", "Pod") && !id.is("apps", "ReplicaSet")
}

/// Whether objects of this kind set how many pods another object has.
pub fn scales(id: &Id) -> bool {
    id.is("autoscaling", "HorizontalPodAutoscaler") || id.is("keda.sh", "ScaledObject")
}

/// Whether only a user's templates name the kind: what stands behind it, finalizers included, is not ours to know.
pub fn is_own(id: &Id) -> bool {
    known_kind(&id.group, &id.kind).is_none()
}

/// Whether an object has to go by a call of its own before its namespace does, since something may hold it.
pub fn may_be_held(id: &Id) -> bool {
    id.is("networking.k8s.io", "Ingress") || is_own(id)
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
        || (starts_pods(earlier) && scales(later))
        || (starts_pods(later)
            && !starts_pods(earlier)
            && !scales(earlier)
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
/// where a shared load balancer never lets its Ingress go: Ingress and Deployment, association, role, then the rest.
pub fn deleted_before(earlier: &Id, later: &Id) -> bool {
    let at_once = earlier.is("networking.k8s.io", "Ingress") && starts_pods(later);
    !at_once && deletion_rank(earlier) < deletion_rank(later)
}

/// Place in the order of deletion; lower goes first.
pub fn deletion_rank(id: &Id) -> u8 {
    match (id.group.as_str(), id.kind.as_str()) {
        ("networking.k8s.io", "Ingress") => 0,
        _ if scales(id) => 0,
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
