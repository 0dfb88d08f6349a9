//! Whether a policy and what binds it refuse pods without credentials at all, whoever wrote them. Pure.

use serde_json::Value;

use super::REQUIRED;
use crate::{
    injected,
    marks::{IDENTITY, IDENTITY_POLICY, TENANT},
    object::Object,
};

/// Why a policy does not refuse each pod that would come without credentials.
pub(super) fn idle(policy: &Object) -> Option<&'static str> {
    let spec = &policy.tree["spec"];
    let constraints = &spec["matchConstraints"];
    let rules = constraints["resourceRules"].as_array();
    let has = |list: &Value, one: &str| {
        let list = list.as_array();
        list.is_some_and(|list| list.iter().any(|item| item == one || item == "*"))
    };
    let on_pods = |rule: &Value| {
        let all = is_empty(&rule["resourceNames"]);
        let far = rule["scope"] == "Cluster";
        all && !far && has(&rule["operations"], "CREATE") && has(&rule["resources"], "pods")
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
pub(super) fn loose(binding: &Object) -> Option<&'static str> {
    let spec = &binding.tree["spec"];
    let actions = spec["validationActions"].as_array();
    let matches = &spec["matchResources"];
    if spec["policyName"] != IDENTITY_POLICY {
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
