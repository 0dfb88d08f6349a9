//! What keeps pods without credentials out when nobody asks the gate: the platform's admission policy.

use futures_util::future::try_join;

use serde_json::Value;

use crate::{
    backend::{CallError, Kubernetes, Reason},
    error::{Error, Result},
    injected,
    marks::{IDENTITY, TENANT},
    object::{Id, Object},
};

/// The admission policy that refuses pods without credentials.
pub const POLICY: &str = "mcpctl-identity";
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
            Ok((policy, binding)) => Ok(Self::judge(policy.as_ref(), binding.as_ref())),
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

    fn judge(policy: Option<&Object>, binding: Option<&Object>) -> Self {
        let why = match (policy, binding) {
            (None, _) => format!("this cluster has no admission policy {POLICY}"),
            (_, None) => format!("nothing binds the admission policy {POLICY} on this cluster"),
            (Some(policy), Some(binding)) => match idle(policy).or_else(|| loose(binding)) {
                None => return Self::InPlace,
                Some(why) => {
                    format!("the admission policy {POLICY} guards nothing on this cluster: {why}")
                }
            },
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

/// Why a policy does not refuse each pod that would come without credentials.
fn idle(policy: &Object) -> Option<&'static str> {
    let spec = &policy.tree["spec"];
    let constraints = &spec["matchConstraints"];
    let rules = constraints["resourceRules"].as_array();
    let has = |list: &Value, one: &str| {
        let list = list.as_array();
        list.is_some_and(|list| list.iter().any(|item| item == one || item == "*"))
    };
    let on_pods = |rule: &Value| {
        let named = is_empty(&rule["resourceNames"]);
        named && has(&rule["operations"], "CREATE") && has(&rule["resources"], "pods")
    };
    let asks = |validation: &Value| {
        let expression = validation["expression"].as_str();
        expression.is_some_and(|expression| expression.contains(injected::URI))
    };
    let validations = spec["validations"].as_array();
    if spec["failurePolicy"] == "Ignore" {
        Some("its failurePolicy is Ignore")
    } else if !validations.is_some_and(|all| all.iter().any(asks)) {
        Some("none of its validations asks for the credentials")
    } else if !rules.is_some_and(|rules| rules.iter().any(on_pods)) {
        Some("it is not about new pods")
    } else if !takes_all(constraints) || !is_empty(&spec["matchConditions"]) {
        Some("it passes over some pods")
    } else {
        None
    }
}

/// Why a binding does not hold each tenant's namespace to the policy.
fn loose(binding: &Object) -> Option<&'static str> {
    let spec = &binding.tree["spec"];
    let actions = spec["validationActions"].as_array();
    let matches = &spec["matchResources"];
    if spec["policyName"] != POLICY {
        Some("its binding is to another policy")
    } else if !actions.is_some_and(|actions| actions.iter().any(|action| action == "Deny")) {
        Some("its binding does not deny")
    } else if !takes_all(matches) || !is_empty(&matches["resourceRules"]) {
        Some("its binding passes over some pods")
    } else {
        None
    }
}

/// Whether what is matched takes in all that tenants' namespaces hold.
fn takes_all(matches: &Value) -> bool {
    let namespaces = &matches["namespaceSelector"];
    let labels = namespaces["matchLabels"].as_object();
    let expressions = namespaces["matchExpressions"].as_array();
    let own = |key: &str| [IDENTITY, TENANT].contains(&key);
    let own_label = |(key, value): (&String, &Value)| key == IDENTITY && value == REQUIRED;
    let own_expression = |expression: &Value| {
        expression["operator"] == "Exists" && expression["key"].as_str().is_some_and(own)
    };
    labels.is_none_or(|labels| labels.iter().all(own_label))
        && expressions.is_none_or(|all| all.iter().all(own_expression))
        && is_empty(&matches["objectSelector"])
        && is_empty(&matches["excludeResourceRules"])
}

/// Whether a list or selector is left out or says nothing.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.values().all(is_empty),
        value => value.is_null(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{desired, testing::settings};

    /// The policy or binding of our template.
    fn own(kind: &str) -> Object {
        let platform = desired::platform(&settings()).expect("a platform");
        platform[&Id::new(GROUP, kind, "", POLICY)].clone()
    }

    fn policy() -> Object {
        own("ValidatingAdmissionPolicy")
    }

    fn binding() -> Object {
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
