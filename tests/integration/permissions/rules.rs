//! Rules of `ClusterRoles`, and which of them requests made use of.

use std::collections::BTreeSet;

use mcpctl_sandbox::AuditEvent;
use serde_json::Value;

use crate::world::World;

/// API group, resource and verb.
pub(super) type Rule = (String, String, String);

/// What a `ClusterRole` allows.
pub(super) fn granted(world: &World<'_>, role: &str) -> BTreeSet<Rule> {
    let text = world.kubectl(&["get", "clusterrole", role, "-o", "json"]);
    let role: Value = serde_json::from_str(&text).expect("JSON");
    let texts = |value: &Value| -> Vec<String> {
        let all = value.as_array().into_iter().flatten();
        all.map(|text| text.as_str().expect("a text").to_string())
            .collect()
    };
    let mut rules = BTreeSet::new();
    for rule in role["rules"].as_array().expect("rules") {
        for group in texts(&rule["apiGroups"]) {
            for resource in texts(&rule["resources"]) {
                for verb in texts(&rule["verbs"]) {
                    rules.insert((group.clone(), resource.clone(), verb));
                }
            }
        }
    }
    rules
}

/// What requests were allowed by. An apply that made something was allowed to create it too.
pub(super) fn used(requests: &[AuditEvent]) -> BTreeSet<Rule> {
    let mut rules = BTreeSet::new();
    for request in requests
        .iter()
        .filter(|request| !request.resource.is_empty())
    {
        let rule = |verb: &str| {
            (
                group(&request.uri),
                request.resource.clone(),
                verb.to_string(),
            )
        };
        rules.insert(rule(&request.verb));
        if (request.verb.as_str(), request.code) == ("patch", 201) {
            rules.insert(rule("create"));
        }
    }
    rules
}

/// `/apis/GROUP/VERSION/…`, or `/api/v1/…` for the core group.
fn group(uri: &str) -> String {
    match uri.strip_prefix("/apis/") {
        Some(rest) => rest.split('/').next().unwrap_or_default().into(),
        None => String::new(),
    }
}
