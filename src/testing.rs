//! What unit tests build on: settings, tenants, and objects as an API server would keep them.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::{
    config::{self, Overrides, Settings},
    desired, managed,
    object::{Object, State},
    spec::{self, Boundary, Input, Layer, Names, Resolved},
};

/// Settings of a cluster `prod` that a tenant needs nothing besides.
pub(crate) fn settings() -> Settings {
    let overrides = Overrides {
        config: None,
        cluster: Some("prod".into()),
        region: Some("eu-west-1".into()),
        account_id: Some("123456789012".into()),
        domain: Some("mcp.example.com".into()),
    };
    let mut settings = config::load(&overrides, Path::new("/")).expect("built-in settings");
    settings.ingress.alb_subnet_cidrs = vec!["10.0.0.0/20".parse().expect("a block")];
    settings.permissions_boundary = Some(Boundary::None);
    settings.policy = Some(policy(json!({
        "Sid": "Data", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data-{{ tenant.name }}/*"
    })));
    settings.defaults = map(json!({"image": "registry.example/mcp:1"}));
    settings
}

/// A policy of one statement.
#[expect(
    clippy::needless_pass_by_value,
    reason = "literals read better without a borrow"
)]
pub(crate) fn policy(statement: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

/// A map out of a literal.
pub(crate) fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("not a map: {other}"),
    }
}

/// A tenant whose file says `spec`.
pub(crate) fn resolved(name: &str, spec: Value, settings: &Settings) -> Resolved {
    let name: spec::TenantName = name.parse().expect("a tenant's name");
    let names = Names::derive(&name, settings).expect("names");
    let source = "tenant.yaml".to_string();
    let spec = map(spec);
    let input = Input {
        name,
        layer: Layer::new(source, spec),
    };
    spec::resolve(input, names, settings).expect("a tenant")
}

/// What tenant `acme` is to be.
pub(crate) fn acme(spec: Value) -> State {
    let settings = settings();
    desired::tenant(&resolved("acme", spec, &settings), &settings, None).expect("objects")
}

/// An object out of a literal.
pub(crate) fn object(tree: Value) -> Object {
    Object::new(tree).expect("an object")
}

/// The state as both sides would keep it after `mcpctl` made it.
pub(crate) fn made(state: &State) -> State {
    let made = state.iter().map(|(id, object)| {
        let live = if id.is_aws() {
            object.clone()
        } else {
            written(object, "mcpctl", "Apply")
        };
        (id.clone(), live)
    });
    made.collect()
}

/// The object with an entry in `managedFields` by which `manager` owns all that it holds now.
pub(crate) fn written(object: &Object, manager: &str, operation: &str) -> Object {
    let mut tree = object.tree.clone();
    let entries = tree["metadata"]
        .as_object_mut()
        .and_then(|metadata| metadata.remove("managedFields"));
    let mut entries = entries
        .and_then(|entries| entries.as_array().cloned())
        .unwrap_or_default();
    let mut owned = tree.clone();
    for key in ["apiVersion", "kind", "status"] {
        owned.as_object_mut().map(|map| map.remove(key));
    }
    for key in ["name", "namespace"] {
        owned["metadata"].as_object_mut().map(|map| map.remove(key));
    }
    entries.push(entry(manager, operation, &fields(&owned, "")));
    tree["metadata"]["managedFields"] = entries.into();
    self::object(tree)
}

/// An entry of `managedFields`.
pub(crate) fn entry(manager: &str, operation: &str, fields: &Value) -> Value {
    json!({
        "manager": manager, "operation": operation, "time": "2026-01-02T03:04:05Z",
        "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields,
    })
}

/// The field set of a tree, in the form of `fieldsV1`.
fn fields(tree: &Value, name: &str) -> Value {
    match tree {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (format!("f:{key}"), fields(value, key)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => {
            let Some(keys) = items
                .first()
                .and_then(|item| managed::merge_keys(name, item))
            else {
                return json!({});
            };
            let item = |item: &Value| {
                let key: Map<String, Value> = keys
                    .iter()
                    .filter_map(|key| Some(((*key).to_string(), managed::key_value(item, key)?)))
                    .collect();
                let mut inner = map(fields(item, ""));
                inner.insert(".".into(), json!({}));
                (format!("k:{}", Value::Object(key)), Value::Object(inner))
            };
            items.iter().map(item).collect::<Map<_, _>>().into()
        }
        _ => json!({}),
    }
}

/// The same cases on every run: a test that fails fails for everybody.
pub(crate) fn same_cases() -> proptest::test_runner::Config {
    proptest::test_runner::Config {
        rng_seed: proptest::test_runner::RngSeed::Fixed(2026),
        failure_persistence: None,
        ..proptest::test_runner::Config::default()
    }
}
