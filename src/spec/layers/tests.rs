use proptest::{collection, prelude::*};
use serde_json::{Map, Value, json};

use super::{Input, Layer, Names, merge, resolve};
use crate::{
    config::Settings,
    error::Result,
    spec::{Resolved, TenantName},
    testing::{map, settings},
};

pub(in crate::spec) fn tenant(spec: Value, settings: &Settings) -> Result<Resolved> {
    let name: TenantName = "acme".parse().unwrap();
    let names = Names::derive(&name, settings)?;
    let source = "acme.yaml".to_string();
    let layer = Layer::new(source, map(spec));
    resolve(Input { name, layer }, names, settings)
}

#[test]
fn the_file_lies_over_the_tier_and_the_tier_over_the_defaults() {
    let mut settings = settings();
    settings.defaults = map(json!({
        "image": "default:1", "tier": "large", "replicas": 2, "drainSeconds": 30, "labels": {"from": "defaults", "kept": "1"},
    }));
    settings.tiers.insert(
        "large".into(),
        map(json!({"replicas": 3, "labels": {"from": "tier"}})),
    );
    let spec = tenant(
        json!({"drainSeconds": 60, "labels": {"from": "file"}}),
        &settings,
    )
    .unwrap()
    .spec;
    assert_eq!(spec.image.unwrap().as_str(), "default:1");
    assert_eq!((spec.replicas, spec.drain_seconds), (3, 60));
    let labels: Vec<_> = spec
        .labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    assert_eq!(labels, ["from=file", "kept=1"]);
}

#[test]
fn a_list_replaces_and_null_brings_the_built_in_value_back() {
    let mut settings = settings();
    settings.defaults =
        map(json!({"image": "default:1", "args": ["--a", "--b"], "priorityClassName": "high"}));
    let spec = tenant(
        json!({"args": ["--c"], "priorityClassName": null}),
        &settings,
    )
    .unwrap()
    .spec;
    assert_eq!(spec.args.len(), 1);
    assert!(spec.priority_class_name.is_none());
}

#[test]
fn a_policy_replaces_another_whole() {
    let mut settings = settings();
    let statement = |action: &str| json!({"Effect": "Allow", "Action": action, "Resource": "*"});
    let with = |statement: Value| json!({"identity": {"policy": {"Version": "2012-10-17", "Statement": statement}}});
    let mut below = statement("s3:*");
    below["Condition"] = json!({"Bool": {"aws:SecureTransport": "true"}});
    settings.tiers.insert("small".into(), map(with(below)));
    let own = with(statement("sqs:*"));
    let spec = tenant(own.clone(), &settings).unwrap().spec;
    assert_eq!(
        *spec.identity.policy.unwrap().document(),
        own["identity"]["policy"]
    );
}

fn findings(spec: Value) -> String {
    tenant(spec, &settings())
        .expect_err("contradictions")
        .to_string()
}

#[test]
fn an_unknown_tier_is_refused_with_those_that_are_known() {
    insta::assert_snapshot!(findings(json!({"tier": "smal"})), @"
    acme.yaml: spec.tier: there is no tier `smal`
      known tiers: large, medium, small
      hint: did you mean `small`?
    ");
}

fn layer() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<u8>().prop_map(Value::from),
        "[ab]".prop_map(Value::from)
    ];
    let inner = leaf.prop_recursive(3, 20, 3, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            collection::btree_map("[abc]", inner, 0..3)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    });
    collection::btree_map("[abc]", inner, 0..4)
        .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>()))
}

fn merged(base: &Value, over: &Value) -> Value {
    let mut result = base.clone();
    merge(&mut result, over);
    result
}

proptest! {
    #![proptest_config(crate::testing::same_cases())]

    #[test]
    fn an_empty_layer_changes_nothing(layer in layer()) {
        prop_assert_eq!(merged(&layer, &json!({})), layer.clone());
        prop_assert_eq!(merged(&json!({}), &layer), layer);
    }

    #[test]
    fn a_layer_laid_twice_is_laid_once(base in layer(), over in layer()) {
        let once = merged(&base, &over);
        prop_assert_eq!(merged(&once, &over), once);
    }

    #[test]
    fn every_leaf_of_the_upper_layer_holds(base in layer(), over in layer()) {
        fn holds(tree: &Value, over: &Value) -> bool {
            match over {
                Value::Object(over) => over.iter().all(|(key, value)| holds(&tree[key], value)),
                leaf => tree == leaf,
            }
        }
        prop_assert!(holds(&merged(&base, &over), &over));
    }
}
