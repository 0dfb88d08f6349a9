//! What keeps pods without credentials out when nobody asks the gate: the platform's admission policy.

use futures_util::future::try_join;

use crate::{
    backend::{CallError, Kubernetes, Reason},
    error::{Error, Result},
    object::{Id, Object},
};

/// The admission policy that refuses pods without credentials.
pub const POLICY: &str = "mcpctl-identity";
const GROUP: &str = "admissionregistration.k8s.io";

/// Whether a cluster refuses pods of tenants that would come without credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// It does.
    InPlace,
    /// The cluster was left out.
    NotAsked,
    /// It does not, for this reason.
    Missing(String),
    /// The caller may not see it; what the API server answered.
    Unseen(String),
}

impl Guard {
    /// Reads the policy and what binds it.
    ///
    /// # Errors
    /// What the API server answered, unless it is that the caller may not look.
    pub async fn of(kubernetes: Option<&Kubernetes>) -> Result<Self> {
        let Some(kubernetes) = kubernetes else {
            return Ok(Self::NotAsked);
        };
        let policy = Id::new(GROUP, "ValidatingAdmissionPolicy", "", POLICY);
        let binding = Id::new(GROUP, "ValidatingAdmissionPolicyBinding", "", POLICY);
        match try_join(kubernetes.get(&policy), kubernetes.get(&binding)).await {
            Ok((policy, binding)) => Ok(Self::judge(policy.is_some(), binding.as_ref())),
            Err(error) => Self::unseen(error),
        }
    }

    fn unseen(error: CallError) -> Result<Self> {
        if error.reason == Reason::Forbidden {
            Ok(Self::Unseen(error.to_string()))
        } else {
            Err(error.into())
        }
    }

    fn judge(policy: bool, binding: Option<&Object>) -> Self {
        let denies = |binding: &Object| {
            let actions = binding.tree["spec"]["validationActions"].as_array();
            actions.is_some_and(|actions| actions.iter().any(|action| action == "Deny"))
        };
        match binding {
            _ if !policy => Self::Missing(format!("this cluster has no admission policy {POLICY}")),
            None => Self::Missing(format!(
                "nothing binds the admission policy {POLICY} on this cluster"
            )),
            Some(binding) if !denies(binding) => Self::Missing(format!(
                "the admission policy {POLICY} refuses nothing on this cluster: its binding does not deny"
            )),
            Some(_) => Self::InPlace,
        }
    }

    /// What a person should know; nothing where all is as it should be.
    pub fn warning(&self) -> Option<String> {
        match self {
            Self::InPlace | Self::NotAsked => None,
            Self::Missing(why) => Some(format!(
                "{why}: a pod that the Pod Identity webhook misses runs with the node's role; put it in place: mcpctl platform apply"
            )),
            Self::Unseen(why) => Some(format!(
                "whether pods without credentials are refused is not known: {why}"
            )),
        }
    }

    /// Why no pod may be started on this cluster; nothing where the policy is in place.
    pub fn refusal(&self) -> Option<Error> {
        let error = match self {
            Self::InPlace | Self::NotAsked => return None,
            Self::Missing(why) => Error::unreachable(why).detail(
                "without it a pod that the Pod Identity webhook misses would run with the node's role",
            ),
            Self::Unseen(why) => Error::unreachable(
                "whether this cluster refuses pods without credentials is not known",
            )
            .detail(why),
        };
        let error = match self {
            Self::Unseen(_) => error.hint("give this user the right to read it"),
            _ => error.hint("install it: mcpctl platform apply"),
        };
        Some(error.hint("or go on without it, on your own judgement: --identity-gate=warn"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::object;

    fn binding(actions: &[&str]) -> Object {
        object(json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": POLICY}, "spec": {"policyName": POLICY, "validationActions": actions},
        }))
    }

    #[test]
    fn a_policy_that_is_not_bound_or_does_not_deny_guards_nothing() {
        let denies = binding(&["Deny", "Audit"]);
        assert_eq!(Guard::judge(true, Some(&denies)), Guard::InPlace);
        for (guard, why) in [
            (
                Guard::judge(false, Some(&denies)),
                "has no admission policy",
            ),
            (Guard::judge(true, None), "nothing binds"),
            (
                Guard::judge(true, Some(&binding(&["Warn"]))),
                "does not deny",
            ),
        ] {
            let warning = guard.warning().expect("a warning");
            assert!(
                warning.contains(why) && warning.contains("platform apply"),
                "{warning}"
            );
            let error = guard.refusal().expect("a refusal").to_string();
            assert!(
                error.contains(why) && error.contains("platform apply"),
                "{error}"
            );
        }
        assert!(Guard::InPlace.warning().is_none() && Guard::InPlace.refusal().is_none());
    }
}
