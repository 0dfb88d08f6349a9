//! Whether policy and binding are as `platform apply` would make them, by the comparison of `platform diff`.

use futures_util::future::join;

use crate::{
    backend::Kubernetes,
    diff::{self, Change},
    object::{Id, Object, State},
    observe,
    plan::Update,
};

/// The fields in which they are not, each with who changed it, if that is known. What is not wanted by any template is
/// not compared.
pub(super) async fn differences(
    wanted: &State,
    (policy, binding): (&Object, &Object),
    kubernetes: &Kubernetes,
) -> Vec<String> {
    let of = async |live: &Object| match wanted.get(live.id()) {
        Some(wanted) => real(wanted, live, kubernetes).await,
        None => Vec::new(),
    };
    let (mut found, more) = join(of(policy), of(binding)).await;
    found.extend(more);
    found
}

/// Without those that the API server says it would leave as they are, where it may be asked.
async fn real(wanted: &Object, live: &Object, kubernetes: &Kubernetes) -> Vec<String> {
    let mut found = changes(wanted, live);
    if !found.is_empty() {
        let update = Update {
            wanted: wanted.clone(),
            live: live.clone(),
            changes: found.clone(),
            adopts: false,
        };
        let idle = observe::idle(&update, kubernetes).await;
        found.retain(|change| !idle.contains(change));
    }
    found.iter().map(|change| said(live.id(), change)).collect()
}

/// Labels say whose it is, and refuse no pod.
fn changes(wanted: &Object, live: &Object) -> Vec<Change> {
    let mut found = diff::changes(wanted, live);
    found.retain(|change| change.path == "spec" || change.path.starts_with("spec."));
    // What decides when the rest counts, whoever added it.
    for key in ["matchConditions", "paramKind", "paramRef"] {
        let (want, have) = (&wanted.tree["spec"][key], &live.tree["spec"][key]);
        let path = format!("spec.{key}");
        let told = found.iter().any(|change| change.path.starts_with(&path));
        if want.is_null() && !have.is_null() && !told {
            found.push(Change::new(path, Some(have.clone()), None));
        }
    }
    found
}

fn said(id: &Id, change: &Change) -> String {
    let binding = if id.kind.ends_with("Binding") {
        " of its binding"
    } else {
        ""
    };
    let mut hands: Vec<&str> = change
        .owners
        .iter()
        .map(|owner| owner.manager.as_str())
        .collect();
    hands.dedup();
    let by = if hands.is_empty() {
        String::new()
    } else {
        format!(" (changed by {})", hands.join(", "))
    };
    format!("{}{binding}{by}", change.path)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::written;

    fn paths(wanted: &Object, live: &Object) -> Vec<String> {
        let found = changes(wanted, live);
        found.into_iter().map(|change| change.path).collect()
    }

    /// The wanted one with what the API server fills in, under another platform's label.
    fn filled(wanted: &Object) -> Object {
        let mut live = written(wanted, "mcpctl", "Apply");
        live.tree["metadata"]["labels"]["mcpctl.dev/platform"] = "other".into();
        let matches = ["/spec/matchConstraints", "/spec/matchResources"];
        for place in matches {
            if let Some(Value::Object(matches)) = live.tree.pointer_mut(place) {
                matches.insert("matchPolicy".into(), "Equivalent".into());
                matches.insert("objectSelector".into(), json!({}));
                matches.entry("namespaceSelector").or_insert(json!({}));
            }
        }
        let rules = live
            .tree
            .pointer_mut("/spec/matchConstraints/resourceRules");
        for rule in rules.and_then(Value::as_array_mut).into_iter().flatten() {
            rule["scope"] = "*".into();
        }
        live
    }

    #[test]
    fn what_the_api_server_fills_in_is_no_difference() {
        for wanted in [
            super::super::tests::policy(),
            super::super::tests::binding(),
        ] {
            assert_eq!(paths(&wanted, &filled(&wanted)), Vec::<String>::new());
        }
    }

    #[test]
    fn whatever_weakens_it_is_a_difference() {
        let wanted = super::super::tests::policy();
        let validation = "/spec/validations/1/expression";
        let cases = [
            ("/spec/failurePolicy", json!("Ignore"), "spec.failurePolicy"),
            (validation, json!("true"), "spec.validations[1].expression"),
            ("/spec/validations", json!([]), "spec.validations"),
            (
                "/spec/variables/0/expression",
                json!("object.spec.containers"),
                "spec.variables[containers].expression",
            ),
            (
                "/spec/matchConstraints/resourceRules/1/operations",
                json!(["DELETE"]),
                "spec.matchConstraints.resourceRules[1].operations",
            ),
        ];
        for (place, value, path) in cases {
            let mut live = filled(&wanted);
            *live.tree.pointer_mut(place).expect("a place") = value;
            assert_eq!(paths(&wanted, &live), [path]);
        }
        for (wanted, key) in [
            (wanted, "paramKind"),
            (super::super::tests::binding(), "paramRef"),
        ] {
            let mut live = filled(&wanted);
            live.tree["spec"][key] = json!({"name": "a"});
            assert_eq!(paths(&wanted, &live), [format!("spec.{key}")]);
        }
    }
}
