use proptest::{collection, prelude::*};
use serde_json::{Map, Value, json};

use super::{Input, Layer, Names, merge, resolve};
use crate::{
    config::Settings,
    error::Result,
    spec::{Resolved, TenantName},
    testing::{map, settings},
};

fn tenant(spec: Value, settings: &Settings) -> Result<Resolved> {
    let name: TenantName = "acme".parse().unwrap();
    let names = Names::derive(&name, settings)?;
    let source = "acme.yaml".to_string();
    let layer = Layer {
        source,
        spec: map(spec),
    };
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
fn everything_that_contradicts_itself_is_said_at_once() {
    insta::assert_snapshot!(findings(json!({
        "image": null,
        "mcpPath": "/healthz",
        "health": {"successCodes": "2xx"},
        "auth": {"mode": "jwt", "issuer": "https://issuer.example.com"},
        "egress": [{"ports": [5432]}, {"cidr": "10.0.0.0/8", "podSelector": {}, "ports": [1]}, {"cidr": "10.0.0.0/8", "ports": []}],
        "security": {"runAsUser": 0},
        "drainSeconds": 3601,
        "resources": {"requests": {"memory": "2Gi", "cpus": 1}, "limits": {"memory": "1Gi"}},
        "env": [{"name": "MCP_PUBLIC_URL", "value": "x"}],
        "labels": {"mcpctl.dev/tenant": "other", "team": "not a label", "a b": "c", "Example.com/x": "-"},
        "nodeSelector": {"kubernetes.io/arch": "arm 64"},
        "annotations": {"example.com/note": "any text at all", "": "x"},
    })), @"
    tenant `acme` is not complete or contradicts itself
      spec.image is missing: give --image, spec.image or defaults.image
      spec.health.path: the MCP path answers POST only; use a path of its own, or health.type: tcp
      spec.health.successCodes: expected codes from 200 to 499, such as 200, 200-299 or 200,204
      spec.auth: mode jwt needs issuer and jwksEndpoint
      spec.security.runAsUser: from 1, since 0 is root, to 2147483647
      spec.drainSeconds: at most 3600, the longest deregistration delay of a target group
      spec.egress: each entry has either cidr or namespaceSelector/podSelector
      spec.egress: an entry without ports
      spec.resources.requests.cpus: not a resource: did you mean `cpu`?
      spec.resources: request 2Gi of memory is over its limit 1Gi
      spec.env: variable `MCP_PUBLIC_URL` is set twice (publicUrlEnv and allowedHostsEnv count)
      spec.labels[Example.com/x]: not a key: an optional DNS name and `/`, then at most 63 of A-Z, a-z, 0-9, `-`, `_`, `.`, with a letter or digit at both ends
      spec.labels[Example.com/x]: `-` is not a value: at most 63 of A-Z, a-z, 0-9, `-`, `_`, `.`, with a letter or digit at both ends
      spec.labels[a b]: not a key: an optional DNS name and `/`, then at most 63 of A-Z, a-z, 0-9, `-`, `_`, `.`, with a letter or digit at both ends
      spec.labels[mcpctl.dev/tenant] is set by mcpctl
      spec.labels[team]: `not a label` is not a value: at most 63 of A-Z, a-z, 0-9, `-`, `_`, `.`, with a letter or digit at both ends
      spec.annotations[]: not a key: an optional DNS name and `/`, then at most 63 of A-Z, a-z, 0-9, `-`, `_`, `.`, with a letter or digit at both ends
      spec.nodeSelector[kubernetes.io/arch]: `arm 64` is not a value: at most 63 of A-Z, a-z, 0-9, `-`, `_`, `.`, with a letter or digit at both ends
      hint: its fields come from acme.yaml, built-in settings (tier small) and built-in settings (defaults)
    ");
    insta::assert_snapshot!(findings(json!({"auth": {"issuer": "https://issuer.example.com"}})), @"
    tenant `acme` is not complete or contradicts itself
      spec.auth: issuer, jwksEndpoint and claims belong to mode jwt
      hint: its fields come from acme.yaml, built-in settings (tier small) and built-in settings (defaults)
    ");
    insta::assert_snapshot!(findings(json!({"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]})), @"
    tenant `acme` is not complete or contradicts itself
      spec.env: variable `A` is set twice (publicUrlEnv and allowedHostsEnv count)
      hint: its fields come from acme.yaml, built-in settings (tier small) and built-in settings (defaults)
    ");
}

#[test]
fn only_codes_that_the_load_balancer_takes_count_as_healthy() {
    let with = |codes: &str| {
        let spec = json!({"image": "a:1", "health": {"successCodes": codes}});
        tenant(spec, &settings())
    };
    for codes in [
        "200",
        "200-499",
        "200,204",
        "200-299,404,410-418",
        "204-204",
    ] {
        assert!(with(codes).is_ok(), "{codes}");
    }
    for codes in [
        "",
        "2xx",
        "199",
        "500",
        "600",
        "200-500",
        "299-200",
        "200-300-400",
        "200,",
        "-200",
        "200 ",
        "200, 204",
        "+20",
        "0200",
    ] {
        let said = with(codes).expect_err(codes).to_string();
        assert!(
            said.contains("spec.health.successCodes: "),
            "{codes}: {said}"
        );
    }
}

#[test]
fn numbers_that_kubernetes_would_refuse_are_refused() {
    let with = |spec: Value| {
        let mut whole = json!({"image": "a:1"});
        merge(&mut whole, &spec);
        tenant(whole, &settings())
    };
    for spec in [
        json!({"security": {"runAsUser": 1, "runAsGroup": 0, "fsGroup": 0}}),
        json!({"security": {"runAsUser": 2_147_483_647, "runAsGroup": 2_147_483_647, "fsGroup": 2_147_483_647}}),
        json!({"resources": {"limits": {"memory": "9223372036854775807"}}}),
        json!({"resources": {"requests": {"example.com/gpu": 1}, "limits": {"example.com/gpu": "1000m"}}}),
        json!({"resources": {"limits": {"example.com/gpu": 2, "hugepages-2Mi": "4Mi"}}}),
    ] {
        assert!(with(spec.clone()).is_ok(), "{spec}");
    }
    let said: Vec<String> = [
        json!({"security": {"runAsUser": 2_147_483_648_i64, "runAsGroup": 2_147_483_648_i64, "fsGroup": 2_147_483_648_i64}}),
        json!({"security": {"runAsUser": -1, "runAsGroup": -1, "fsGroup": -1}}),
        json!({"resources": {"requests": {"memory": "8Ei"}, "limits": {"memory": "8Ei"}}}),
        json!({"resources": {"requests": {"example.com/gpu": 1, "hugepages-2Mi": "2Mi"}}}),
        json!({"resources": {"limits": {"hugepages-2Mi": "3Mi", "hugepages-big": "2Mi"}}}),
        json!({"resources": {"requests": {"example.com/gpu": 1}, "limits": {"example.com/gpu": "1500m"}}}),
    ]
    .into_iter()
    .map(|spec| with(spec).expect_err("out of range").details.join("\n"))
    .collect();
    insta::assert_snapshot!(said.join("\n\n"), @"
    spec.security.runAsUser: from 1, since 0 is root, to 2147483647
    spec.security.runAsGroup: from 0 to 2147483647
    spec.security.fsGroup: from 0 to 2147483647

    spec.security.runAsUser: from 1, since 0 is root, to 2147483647
    spec.security.runAsGroup: from 0 to 2147483647
    spec.security.fsGroup: from 0 to 2147483647

    spec.resources.requests.memory: 8Ei is above the largest quantity, 2^63-1
    spec.resources.limits.memory: 8Ei is above the largest quantity, 2^63-1

    spec.resources: request 1 of example.com/gpu has no limit: of this resource both must be the same
    spec.resources: request 2Mi of hugepages-2Mi has no limit: of this resource both must be the same

    spec.resources.limits.hugepages-2Mi: 3Mi is no multiple of a huge page of 2Mi
    spec.resources.limits.hugepages-big: 2Mi is no multiple of a huge page of big

    spec.resources.limits.example.com/gpu: 1500m is not a whole number
    spec.resources: request 1 of example.com/gpu is below its limit 1500m: of this resource both must be the same
    ");
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
