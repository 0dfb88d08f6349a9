use serde_json::{Value, json};

use crate::{
    error::Result,
    spec::{Resolved, layers::tests::tenant, merge},
    testing::settings,
};

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
        from acme.yaml
      spec.health.path: the MCP path answers POST only; use a path of its own, or health.type: tcp
        mcpPath from acme.yaml
      spec.health.successCodes: expected codes from 200 to 499, such as 200, 200-299 or 200,204
        from acme.yaml
      spec.auth: mode jwt needs issuer and jwksEndpoint
        auth.mode from acme.yaml, auth.issuer from acme.yaml
      spec.security.runAsUser: from 1, since 0 is root, to 2147483647
        from acme.yaml
      spec.drainSeconds: at most 3600, the longest deregistration delay of a target group
        from acme.yaml
      spec.egress[0]: an entry has either cidr or namespaceSelector/podSelector
        from acme.yaml
      spec.egress[1]: an entry has either cidr or namespaceSelector/podSelector
        from acme.yaml
      spec.egress[2]: an entry without ports
        from acme.yaml
      spec.resources.requests.cpus: not a resource: did you mean `cpu`?
        from acme.yaml
      spec.resources: request 2Gi of memory is over its limit 1Gi
        resources.requests.memory from acme.yaml, resources.limits.memory from acme.yaml
      spec.env: variable `MCP_PUBLIC_URL` is set twice (publicUrlEnv and allowedHostsEnv count)
        env[0].name from acme.yaml
      spec.labels[Example.com/x]: not a key: an optional DNS name and `/`, then at most 63 of A-Z, a-z, 0-9, `-`, `_`, `.`, with a letter or digit at both ends
        from acme.yaml
      spec.labels[Example.com/x]: `-` is not a value: at most 63 of A-Z, a-z, 0-9, `-`, `_`, `.`, with a letter or digit at both ends
        from acme.yaml
      spec.labels[a b]: not a key: an optional DNS name and `/`, then at most 63 of A-Z, a-z, 0-9, `-`, `_`, `.`, with a letter or digit at both ends
        from acme.yaml
      spec.labels[mcpctl.dev/tenant] is set by mcpctl
        from acme.yaml
      spec.labels[team]: `not a label` is not a value: at most 63 of A-Z, a-z, 0-9, `-`, `_`, `.`, with a letter or digit at both ends
        from acme.yaml
      spec.annotations[]: not a key: an optional DNS name and `/`, then at most 63 of A-Z, a-z, 0-9, `-`, `_`, `.`, with a letter or digit at both ends
        from acme.yaml
      spec.nodeSelector[kubernetes.io/arch]: `arm 64` is not a value: at most 63 of A-Z, a-z, 0-9, `-`, `_`, `.`, with a letter or digit at both ends
        from acme.yaml
    ");
}

#[test]
fn what_belongs_together_or_apart_is_said() {
    insta::assert_snapshot!(findings(json!({"auth": {"issuer": "https://issuer.example.com"}})), @"
    tenant `acme` is not complete or contradicts itself
      spec.auth: issuer, jwksEndpoint and claims belong to mode jwt
        auth.issuer from acme.yaml
    ");
    insta::assert_snapshot!(findings(json!({"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]})), @"
    tenant `acme` is not complete or contradicts itself
      spec.env: variable `A` is set twice (publicUrlEnv and allowedHostsEnv count)
        env[0].name from acme.yaml, env[1].name from acme.yaml
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

/// A tenant with an image and this.
fn with(spec: &Value) -> Result<Resolved> {
    let mut whole = json!({"image": "a:1"});
    merge(&mut whole, spec);
    tenant(whole, &settings())
}

/// What is said against each.
fn refused(specs: &[Value]) -> String {
    let said = |spec| with(spec).expect_err("out of range").details.join("\n");
    specs.iter().map(said).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn users_and_groups_that_kubernetes_would_refuse_are_refused() {
    for spec in [
        json!({"security": {"runAsUser": 1, "runAsGroup": 0, "fsGroup": 0}}),
        json!({"security": {"runAsUser": 2_147_483_647, "runAsGroup": 2_147_483_647, "fsGroup": 2_147_483_647}}),
    ] {
        assert!(with(&spec).is_ok(), "{spec}");
    }
    let said = refused(&[
        json!({"security": {"runAsUser": 2_147_483_648_i64, "runAsGroup": 2_147_483_648_i64, "fsGroup": 2_147_483_648_i64}}),
        json!({"security": {"runAsUser": -1, "runAsGroup": -1, "fsGroup": -1}}),
    ]);
    insta::assert_snapshot!(said, @"
    spec.security.runAsUser: from 1, since 0 is root, to 2147483647
      from acme.yaml
    spec.security.runAsGroup: from 0 to 2147483647
      from acme.yaml
    spec.security.fsGroup: from 0 to 2147483647
      from acme.yaml

    spec.security.runAsUser: from 1, since 0 is root, to 2147483647
      from acme.yaml
    spec.security.runAsGroup: from 0 to 2147483647
      from acme.yaml
    spec.security.fsGroup: from 0 to 2147483647
      from acme.yaml
    ");
}

#[test]
fn amounts_that_kubernetes_would_refuse_are_refused() {
    for spec in [
        json!({"resources": {"limits": {"memory": "9223372036854775807"}}}),
        json!({"resources": {"requests": {"example.com/gpu": 1}, "limits": {"example.com/gpu": "1000m"}}}),
        json!({"resources": {"limits": {"example.com/gpu": 2, "hugepages-2Mi": "4Mi"}}}),
    ] {
        assert!(with(&spec).is_ok(), "{spec}");
    }
    let said = refused(&[
        json!({"resources": {"requests": {"memory": "8Ei"}, "limits": {"memory": "8Ei"}}}),
        json!({"resources": {"requests": {"example.com/gpu": 1, "hugepages-2Mi": "2Mi"}}}),
        json!({"resources": {"limits": {"hugepages-2Mi": "3Mi", "hugepages-big": "2Mi"}}}),
        json!({"resources": {"requests": {"example.com/gpu": 1}, "limits": {"example.com/gpu": "1500m"}}}),
    ]);
    insta::assert_snapshot!(said, @"
    spec.resources.requests.memory: 8Ei is above the largest quantity, 2^63-1
      from acme.yaml
    spec.resources.limits.memory: 8Ei is above the largest quantity, 2^63-1
      from acme.yaml

    spec.resources: request 1 of example.com/gpu has no limit: of this resource both must be the same
      resources.requests[example.com/gpu] from acme.yaml
    spec.resources: request 2Mi of hugepages-2Mi has no limit: of this resource both must be the same
      resources.requests[hugepages-2Mi] from acme.yaml

    spec.resources.limits.hugepages-2Mi: 3Mi is no multiple of a huge page of 2Mi
      from acme.yaml
    spec.resources.limits.hugepages-big: 2Mi is no multiple of a huge page of big
      from acme.yaml

    spec.resources.limits.example.com/gpu: 1500m is not a whole number
      from acme.yaml
    spec.resources: request 1 of example.com/gpu is below its limit 1500m: of this resource both must be the same
      resources.requests[example.com/gpu] from acme.yaml, resources.limits[example.com/gpu] from acme.yaml
    ");
}
