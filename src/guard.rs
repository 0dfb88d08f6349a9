//! What keeps pods without credentials out when nobody asks the gate: the platform's admission policy.

use futures_util::future::try_join;

use crate::{
    backend::{Kubernetes, Reason},
    config::Settings,
    desired,
    error::{Error, Result},
    marks::IDENTITY_POLICY,
    object::{Id, Object},
};

mod compare;
mod judge;

/// The value of the label of namespaces that the policy guards.
const REQUIRED: &str = "required";
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
    /// It refuses others than it should, for all that is known.
    Other(String),
    /// The caller may not see it; what the API server answered.
    Unseen(String),
}

/// What a cluster has of the policy and of what binds it.
#[derive(Debug)]
pub enum Seen {
    /// These.
    Read(Box<(Option<Object>, Option<Object>)>),
    /// The cluster was left out.
    NotAsked,
    /// The caller may not see it; what the API server answered.
    Hidden(String),
}

impl Seen {
    /// Reads the policy and what binds it.
    ///
    /// # Errors
    /// What the API server answered, unless it is that the caller may not look.
    pub async fn of(kubernetes: Option<&Kubernetes>) -> Result<Self> {
        let Some(kubernetes) = kubernetes else {
            return Ok(Self::NotAsked);
        };
        let policy = Id::new(GROUP, "ValidatingAdmissionPolicy", "", IDENTITY_POLICY);
        let binding = Id::new(
            GROUP,
            "ValidatingAdmissionPolicyBinding",
            "",
            IDENTITY_POLICY,
        );
        match try_join(kubernetes.get(&policy), kubernetes.get(&binding)).await {
            Ok(live) => Ok(Self::Read(Box::new(live))),
            Err(error) if error.reason == Reason::Forbidden => Ok(Self::Hidden(error.to_string())),
            Err(error) => Err(error.into()),
        }
    }

    /// Compares it with what `platform apply` would make, by settings that know the account: own templates may name it.
    pub async fn judged(self, kubernetes: Option<&Kubernetes>, settings: &Settings) -> Guard {
        let (policy, binding) = match self {
            Self::Read(live) => *live,
            Self::NotAsked => return Guard::NotAsked,
            Self::Hidden(why) => return Guard::Unseen(why),
        };
        match (
            Guard::judge(policy.as_ref(), binding.as_ref()),
            policy,
            binding,
            kubernetes,
        ) {
            (Guard::InPlace, Some(policy), Some(binding), Some(kubernetes)) => {
                Guard::compared(settings, (&policy, &binding), kubernetes).await
            }
            (guard, ..) => guard,
        }
    }
}

impl Guard {
    /// Reads the policy and what binds it, and compares them with what `platform apply` would make.
    ///
    /// # Errors
    /// What the API server answered, unless it is that the caller may not look.
    pub async fn of(kubernetes: Option<&Kubernetes>, settings: &Settings) -> Result<Self> {
        let seen = Seen::of(kubernetes).await?;
        Ok(seen.judged(kubernetes, settings).await)
    }

    async fn compared(
        settings: &Settings,
        live: (&Object, &Object),
        kubernetes: &Kubernetes,
    ) -> Self {
        let wanted = match desired::platform(settings) {
            Ok(wanted) => wanted,
            Err(error) => {
                return Self::Other(format!(
                    "what the admission policy {IDENTITY_POLICY} should be is not known: {}",
                    error.line()
                ));
            }
        };
        let found = compare::differences(&wanted, live, kubernetes).await;
        if found.is_empty() {
            return Self::InPlace;
        }
        Self::Other(format!(
            "the admission policy {IDENTITY_POLICY} of this cluster is not as this version of mcpctl makes it: {}",
            found.join(", ")
        ))
    }

    fn judge(policy: Option<&Object>, binding: Option<&Object>) -> Self {
        let why = match (policy, binding) {
            (None, _) => format!("this cluster has no admission policy {IDENTITY_POLICY}"),
            (_, None) => {
                format!("nothing binds the admission policy {IDENTITY_POLICY} on this cluster")
            }
            (Some(policy), Some(binding)) => {
                match judge::idle(policy).or_else(|| judge::loose(binding)) {
                    None => return Self::InPlace,
                    Some(why) => {
                        format!(
                            "the admission policy {IDENTITY_POLICY} guards nothing on this cluster: {why}"
                        )
                    }
                }
            }
        };
        Self::Missing(why)
    }

    /// What a person should know; nothing where all is as it should be.
    pub fn warning(&self) -> Option<String> {
        match self {
            Self::InPlace | Self::NotAsked => None,
            Self::Missing(why) => Some(format!(
                "{why}: a pod that the Pod Identity webhook misses runs with the node's role; put it in place: mcpctl platform apply"
            )),
            Self::Other(why) => Some(format!(
                "{why}: a pod may run with another role than its tenant's; put it right: mcpctl platform apply"
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
            Self::Other(why) => Error::unreachable(why)
                .detail("a pod could run with another role than its tenant's")
                .detail("another version of mcpctl made it, or somebody changed it"),
            Self::Unseen(why) => Error::unreachable(
                "whether this cluster refuses pods without credentials is not known",
            )
            .detail(why),
        };
        let error = match self {
            Self::Unseen(_) => error.hint("give this user the right to read it"),
            Self::Other(_) => error
                .hint("bring the cluster what this version makes: mcpctl platform apply")
                .hint("to see what differs: mcpctl platform diff"),
            _ => error.hint("install it: mcpctl platform apply"),
        };
        Some(error.hint("or go on without it, on your own judgement: --identity-gate=warn"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{marks::TENANT, testing::settings};

    /// The policy or binding of our template.
    fn own(kind: &str) -> Object {
        let platform = desired::platform(&settings()).expect("a platform");
        platform[&Id::new(GROUP, kind, "", IDENTITY_POLICY)].clone()
    }

    pub(super) fn policy() -> Object {
        own("ValidatingAdmissionPolicy")
    }

    pub(super) fn binding() -> Object {
        own("ValidatingAdmissionPolicyBinding")
    }

    /// The object with another value in its spec.
    fn with(mut object: Object, field: &str, value: Value) -> Object {
        object.tree["spec"][field] = value;
        object
    }

    fn told(guard: &Guard, why: &str) {
        let warning = guard.warning().expect("a warning");
        let error = guard.refusal().expect("a refusal").to_string();
        for text in [warning, error] {
            let both = text.contains(why) && text.contains("platform apply");
            assert!(both, "{why}: {text}");
        }
    }

    #[test]
    fn what_the_template_makes_guards_also_with_what_the_api_server_fills_in() {
        let whole = Guard::judge(Some(&policy()), Some(&binding()));
        assert_eq!(whole, Guard::InPlace);
        let (mut filled, mut bound) = (policy(), binding());
        for matches in [
            &mut filled.tree["spec"]["matchConstraints"],
            &mut bound.tree["spec"]["matchResources"],
        ] {
            matches["matchPolicy"] = "Equivalent".into();
            matches["objectSelector"] = json!({});
            if matches["namespaceSelector"].is_null() {
                matches["namespaceSelector"] = json!({});
            }
        }
        let exists = json!([{"key": TENANT, "operator": "Exists"}]);
        let actions = with(bound.clone(), "validationActions", json!(["Deny", "Audit"]));
        let mut tenants = bound.clone();
        tenants.tree["spec"]["matchResources"]["namespaceSelector"] =
            json!({"matchExpressions": exists});
        for bound in [
            bound,
            actions,
            tenants,
            with(binding(), "matchResources", Value::Null),
        ] {
            let guard = Guard::judge(Some(&filled), Some(&bound));
            assert_eq!(guard, Guard::InPlace, "{bound:?}");
        }
        assert!(Guard::InPlace.warning().is_none() && Guard::InPlace.refusal().is_none());
    }

    #[test]
    fn a_policy_that_is_not_bound_or_does_not_deny_guards_nothing() {
        let warns = with(binding(), "validationActions", json!(["Warn"]));
        told(
            &Guard::judge(None, Some(&binding())),
            "has no admission policy",
        );
        told(&Guard::judge(Some(&policy()), None), "nothing binds");
        told(
            &Guard::judge(Some(&policy()), Some(&warns)),
            "does not deny",
        );
    }

    #[test]
    fn a_binding_that_holds_not_all_to_the_policy_guards_nothing() {
        let narrow = |field: &str, value: Value| {
            let mut bound = binding();
            bound.tree["spec"]["matchResources"][field] = value;
            bound
        };
        let not_these =
            json!({"matchExpressions": [{"key": TENANT, "operator": "NotIn", "values": ["a"]}]});
        let passes = "passes over some pods";
        for (bound, why) in [
            (
                with(binding(), "policyName", "other".into()),
                "another policy",
            ),
            (
                narrow("namespaceSelector", json!({"matchLabels": {"team": "a"}})),
                passes,
            ),
            (narrow("namespaceSelector", not_these), passes),
            (
                narrow("objectSelector", json!({"matchLabels": {"team": "a"}})),
                passes,
            ),
            (
                narrow("excludeResourceRules", json!([{"resources": ["pods"]}])),
                passes,
            ),
            (
                narrow("resourceRules", json!([{"resources": ["services"]}])),
                passes,
            ),
        ] {
            told(&Guard::judge(Some(&policy()), Some(&bound)), why);
        }
    }

    #[test]
    fn a_policy_that_was_emptied_guards_nothing() {
        let mut others = policy();
        others.tree["spec"]["matchConstraints"]["resourceRules"][0]["operations"] =
            json!(["DELETE"]);
        let mut some = policy();
        some.tree["spec"]["matchConstraints"]["namespaceSelector"] =
            json!({"matchLabels": {"team": "a"}});
        let always = json!([{"expression": "true"}]);
        let never = json!([{"name": "never", "expression": "false"}]);
        let asks_nothing = "asks for the credentials";
        for (policy, why) in [
            (
                with(policy(), "failurePolicy", "Ignore".into()),
                "failurePolicy is Ignore",
            ),
            (with(policy(), "validations", json!([])), asks_nothing),
            (with(policy(), "validations", always), asks_nothing),
            (
                with(policy(), "matchConditions", never),
                "passes over some pods",
            ),
            (others, "not about new pods"),
            (some, "passes over some pods"),
        ] {
            told(&Guard::judge(Some(&policy), Some(&binding())), why);
        }
    }
}
