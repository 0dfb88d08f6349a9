//! What an object says of itself whose controller is not ours to know. Pure.
//!
//! The conditions are those that kstatus reads:
//! <https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md>

use serde_json::Value;

use super::{finding::message, workload::Rollout};
use crate::object::Object;

/// How far it is, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Done.
    Ready,
    /// Not yet, and why.
    NotYet(String),
    /// Its controller cannot go on, and why.
    Stalled(String),
    /// Nothing that tells.
    Nothing,
}

/// Reads the status: the counts of a `StatefulSet` or `DaemonSet`, else the conditions `Stalled`, `Ready` and `Available`.
pub fn said(object: &Object) -> Said {
    if object.id().group == "apps" {
        let rollout = Rollout::of(&object.tree);
        return if rollout.complete {
            Said::Ready
        } else {
            Said::NotYet(rollout.state)
        };
    }
    let (tree, kind) = (&object.tree, &object.id().kind);
    let generation = tree["metadata"]["generation"].as_i64();
    let is_old = |seen: &Value| seen.as_i64() < generation && !seen.is_null();
    let all = tree["status"]["conditions"].as_array();
    let condition = |name: &str| {
        let mut all = all.into_iter().flatten();
        all.find(|condition| condition["type"] == name)
    };
    if let Some(stalled) = condition("Stalled").filter(|found| found["status"] == "True") {
        return Said::Stalled(format!("{kind} is stalled{}", why(stalled)));
    }
    let Some(found) = condition("Ready").or_else(|| condition("Available")) else {
        return Said::Nothing;
    };
    let name = found["type"].as_str().unwrap_or_default();
    if is_old(&tree["status"]["observedGeneration"]) || is_old(&found["observedGeneration"]) {
        return Said::NotYet(format!(
            "the controller of {kind} has not seen what was applied"
        ));
    }
    match found["status"].as_str() {
        Some("True") => Said::Ready,
        Some(status) => Said::NotYet(format!("{kind} says {name}={status}{}", why(found))),
        None => Said::Nothing,
    }
}

/// Reason and message, as far as they are there.
fn why(condition: &Value) -> String {
    let mut said = String::new();
    for field in ["reason", "message"] {
        let text = message(condition[field].as_str().unwrap_or_default());
        if !text.is_empty() {
            said.push_str(": ");
            said.push_str(&text);
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::object;

    fn server(status: &Value) -> Said {
        said(&object(json!({
            "apiVersion": "mcp.x-k8s.io/v1alpha1", "kind": "MCPServer",
            "metadata": {"name": "mcp-server", "namespace": "mcp-acme", "generation": 2},
            "status": status,
        })))
    }

    #[test]
    fn conditions_count_for_the_newest_generation_alone() {
        let ready = json!({"type": "Ready", "status": "True"});
        assert_eq!(server(&json!({"conditions": [ready]})), Said::Ready);
        let seen = |generation| json!({"observedGeneration": generation, "conditions": [ready]});
        assert_eq!(server(&seen(2)), Said::Ready);
        assert!(matches!(server(&seen(1)), Said::NotYet(_)));
        let mut old = ready.clone();
        old["observedGeneration"] = 1.into();
        assert!(matches!(
            server(&json!({"conditions": [old]})),
            Said::NotYet(_)
        ));
    }

    #[test]
    fn the_reason_is_told() {
        let no = json!({"type": "Ready", "status": "False", "reason": "DeploymentUnavailable", "message": "no instance"});
        let available = json!({"type": "Available", "status": "True"});
        assert_eq!(
            server(&json!({"conditions": [available, no]})),
            Said::NotYet("MCPServer says Ready=False: DeploymentUnavailable: no instance".into())
        );
        let stalled = json!({"type": "Stalled", "status": "True", "reason": "Invalid"});
        assert_eq!(
            server(&json!({"conditions": [no, stalled]})),
            Said::Stalled("MCPServer is stalled: Invalid".into())
        );
    }

    #[test]
    fn without_a_condition_nothing_is_known() {
        assert_eq!(server(&Value::Null), Said::Nothing);
        assert_eq!(
            server(&json!({"conditions": [{"type": "Accepted", "status": "True"}]})),
            Said::Nothing
        );
    }

    #[test]
    fn a_stateful_set_has_counts() {
        let set = |available: u64| {
            said(&object(json!({
                "apiVersion": "apps/v1", "kind": "StatefulSet",
                "metadata": {"name": "mcp-server", "namespace": "mcp-acme", "generation": 1},
                "spec": {"replicas": 2},
                "status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": available},
            })))
        };
        assert_eq!(set(2), Said::Ready);
        assert_eq!(set(1), Said::NotYet("1 of 2 pods ready".into()));
    }
}
