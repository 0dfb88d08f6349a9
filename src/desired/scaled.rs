//! Of a template and an autoscaler only one can say how many pods there are: the autoscaler.

use crate::object::{Id, Object, State, scales};

/// Takes `spec.replicas` out of what an autoscaler of the state sets.
pub(super) fn leave_replicas(state: &mut State) {
    let targets: Vec<Id> = state
        .values()
        .filter(|object| scales(object.id()))
        .filter_map(target)
        .collect();
    for target in targets {
        let spec = state
            .get_mut(&target)
            .map(|object| &mut object.tree["spec"]);
        if let Some(spec) = spec.and_then(|spec| spec.as_object_mut()) {
            spec.shift_remove("replicas");
        }
    }
}

/// The kind may be left out of a `ScaledObject`: <https://keda.sh/docs/latest/reference/scaledobject-spec/>
fn target(scaler: &Object) -> Option<Id> {
    let reference = &scaler.tree["spec"]["scaleTargetRef"];
    let text = |field: &str, default| reference[field].as_str().unwrap_or(default);
    let version = text("apiVersion", "apps/v1");
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let name = reference["name"].as_str()?;
    let namespace = &scaler.id().namespace;
    Some(Id::new(group, text("kind", "Deployment"), namespace, name))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{acme, object};

    fn replicas(scaler: Value) -> Option<u64> {
        let mut state = acme(json!({"replicas": 3}));
        let scaler = object(scaler);
        state.insert(scaler.id().clone(), scaler);
        leave_replicas(&mut state);
        let deployment = state
            .values()
            .find(|object| object.id().kind == "Deployment");
        deployment?.tree["spec"]["replicas"].as_u64()
    }

    #[test]
    fn the_target_of_an_autoscaler_has_no_number_of_its_own() {
        let scaler = |api_version: &str, kind: &str, reference: Value| {
            json!({
                "apiVersion": api_version, "kind": kind,
                "metadata": {"name": "own", "namespace": "mcp-acme"},
                "spec": {"scaleTargetRef": reference},
            })
        };
        let hpa = |name: &str| {
            let reference = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": name});
            scaler("autoscaling/v2", "HorizontalPodAutoscaler", reference)
        };
        assert_eq!(replicas(hpa("mcp-server")), None);
        assert_eq!(replicas(hpa("other")), Some(3));
        let keda = scaler(
            "keda.sh/v1alpha1",
            "ScaledObject",
            json!({"name": "mcp-server"}),
        );
        assert_eq!(replicas(keda), None);
        let set = json!({"kind": "StatefulSet", "name": "mcp-server"});
        assert_eq!(
            replicas(scaler("keda.sh/v1alpha1", "ScaledObject", set)),
            Some(3)
        );
    }
}
