//! Fields of a tenant: unknown, of the wrong type, out of range, contradicting each other.

use super::{HEAD, to_files, to_specs};
use crate::desk::{Desk, SETTINGS};

#[test]
fn an_unknown_key_is_told_apart_from_the_nearest_known_one() {
    insta::assert_snapshot!(
        to_specs("keys", &[
            "  replica: 2",
            "  health: {pth: /x}",
            "  env:\n  - name: A\n    vlaue: x",
            "  resources:\n    limit: {cpu: 1}",
            "  auth: {audience: x}",
            "  identity: {policies: []}",
        ]),
        @"
    error: acme.yaml:5:3: spec.replica: unknown key `replica`
      5 |   replica: 2
      hint: did you mean `replicas`?

    error: acme.yaml:5:12: spec.health.pth: unknown key `pth`
      5 |   health: {pth: /x}
      hint: did you mean `path`?

    error: acme.yaml:7:5: spec.env[0].vlaue: unknown key `vlaue`
      hint: did you mean `value`?

    error: acme.yaml:6:5: spec.resources.limit: unknown key `limit`
      6 |     limit: {cpu: 1}
      hint: did you mean `limits`?

    error: acme.yaml:5:10: spec.auth.audience: unknown key `audience`
      5 |   auth: {audience: x}
      known: mode, issuer, jwksEndpoint, claims

    error: acme.yaml:5:14: spec.identity.policies: unknown key `policies`
      5 |   identity: {policies: []}
      hint: did you mean `policy`?
    "
    );
    insta::assert_snapshot!(
        to_files("keys-outside", &[&format!("{HEAD}specs: {{}}\n"), &HEAD.replace("name: acme", "name: acme, labels: {}")]),
        @"
    error: acme.yaml:4:1: specs: unknown key `specs`
      4 | specs: {}
      hint: did you mean `spec`?

    error: acme.yaml:3:24: metadata.labels: unknown key `labels`
      3 | metadata: {name: acme, labels: {}}
      expected `name`
    "
    );
}

#[test]
fn a_wrong_type() {
    insta::assert_snapshot!(
        to_specs("types", &[
            "  replicas: two",
            "  replicas: 70000",
            "  replicas: -1",
            "  replicas: 1.5",
            "  replicas: [1]",
            "  replicas:",
            "  protected: yes",
            "  image: [a]",
            "  args: --verbose",
            "  resources: 5",
            "  labels: {a: [x]}",
            "  env: {A: x}",
            "  security: {podSecurity: privileged}",
            "  auth: {mode: oidc}",
            "  disruption: {doNotDisrupt: [1]}",
            "  disruption: {doNotDisrupt: soon}",
            "  image: !secret x",
        ]),
        @"
    error: acme.yaml:5:13: spec.replicas: expected a whole number from 0 to 65535, found `two`
      5 |   replicas: two

    error: acme.yaml:5:13: spec.replicas: expected a whole number from 0 to 65535, found `70000`
      5 |   replicas: 70000

    error: acme.yaml:5:13: spec.replicas: expected a whole number from 0 to 65535, found `-1`
      5 |   replicas: -1

    error: acme.yaml:5:13: spec.replicas: expected a whole number from 0 to 65535, found `1.5`
      5 |   replicas: 1.5

    error: acme.yaml:5:13: spec.replicas: expected a single value, found a list
      5 |   replicas: [1]

    error: acme.yaml:5:11: spec.replicas: expected a whole number from 0 to 65535, found nothing
      5 |   replicas:

    error: acme.yaml:5:14: spec.protected: expected true or false, found `yes`
      5 |   protected: yes

    error: acme.yaml:5:10: spec.image: expected a single value, found a list
      5 |   image: [a]

    error: acme.yaml:5:9: spec.args: expected a list, found `--verbose`
      5 |   args: --verbose

    error: acme.yaml:5:14: spec.resources: expected a map, found `5`
      5 |   resources: 5

    error: acme.yaml:5:15: spec.labels.a: expected a single value, found a list
      5 |   labels: {a: [x]}

    error: acme.yaml:5:8: spec.env: expected a list, found a map

    error: acme.yaml:5:27: spec.security.podSecurity: unknown value `privileged`
      5 |   security: {podSecurity: privileged}
      known: restricted, baseline

    error: acme.yaml:5:16: spec.auth.mode: unknown value `oidc`
      5 |   auth: {mode: oidc}
      known: server, jwt

    error: acme.yaml:5:30: spec.disruption.doNotDisrupt: expected true, false or a duration such as 30m
      5 |   disruption: {doNotDisrupt: [1]}

    error: acme.yaml:5:30: spec.disruption.doNotDisrupt: `soon` is not a duration such as 30m
      5 |   disruption: {doNotDisrupt: soon}

    error: acme.yaml:5:18: spec: unsupported tag `!secret`
      5 |   image: !secret x
    "
    );
}

#[test]
fn a_value_out_of_its_range() {
    insta::assert_snapshot!(
        to_specs("values", &[
            "  port: 0",
            "  port: 65536",
            "  resources: {limits: {memory: 512MB}}",
            "  resources: {requests: {cpu: -1}}",
            "  mcpPath: mcp",
            "  mcpPath: /mcp?x=1",
            "  host: acme",
            "  host: Acme.example.com",
            "  image: 'registry.example/mcp :1'",
            "  egress: [{cidr: 10.0.0.0, ports: [5432]}]",
            "  egress: [{cidr: 10.0.0.0/33, ports: [5432]}]",
            "  identity: {permissionsBoundary: boundary}",
            "  identity: {managedPolicyArns: [ReadOnlyAccess]}",
            "  publicUrlEnv: PUBLIC-URL",
            "  args: [\"a\\u0007\"]",
        ]),
        @r#"
    error: acme.yaml:5:9: spec.port: 0 is not a port: 1 to 65535
      5 |   port: 0

    error: acme.yaml:5:9: spec.port: 65536 is not a port: 1 to 65535
      5 |   port: 65536

    error: acme.yaml:5:32: spec.resources.limits.memory: `512MB` is not a quantity such as 250m, 1.5 or 512Mi
      5 |   resources: {limits: {memory: 512MB}}

    error: acme.yaml:5:31: spec.resources.requests.cpu: `-1` is not a quantity such as 250m, 1.5 or 512Mi
      5 |   resources: {requests: {cpu: -1}}

    error: acme.yaml:5:12: spec.mcpPath: path `mcp` does not start with `/`
      5 |   mcpPath: mcp

    error: acme.yaml:5:12: spec.mcpPath: path `/mcp?x=1` holds `?`
      5 |   mcpPath: /mcp?x=1

    error: acme.yaml:5:9: spec.host: host `acme` has no dot
      5 |   host: acme

    error: acme.yaml:5:9: spec.host: host `Acme.example.com`: `Acme` holds `A` at character 1: upper case is not allowed
      5 |   host: Acme.example.com

    error: acme.yaml:5:10: spec.image: `registry.example/mcp :1` is not an image reference: it holds U+0020
      5 |   image: 'registry.example/mcp :1'

    error: acme.yaml:5:19: spec.egress[0].cidr: `10.0.0.0` is not an address block such as 10.0.0.0/20
      5 |   egress: [{cidr: 10.0.0.0, ports: [5432]}]

    error: acme.yaml:5:19: spec.egress[0].cidr: `10.0.0.0/33` is not an address block such as 10.0.0.0/20
      5 |   egress: [{cidr: 10.0.0.0/33, ports: [5432]}]

    error: acme.yaml:5:35: spec.identity.permissionsBoundary: `boundary` is not an ARN such as arn:aws:iam::123456789012:policy/name
      5 |   identity: {permissionsBoundary: boundary}

    error: acme.yaml:5:34: spec.identity.managedPolicyArns[0]: `ReadOnlyAccess` is not an ARN such as arn:aws:iam::123456789012:policy/name
      5 |   identity: {managedPolicyArns: [ReadOnlyAccess]}

    error: acme.yaml:5:17: spec.publicUrlEnv: variable `PUBLIC-URL` holds `-`; letters, digits and `_` are allowed
      5 |   publicUrlEnv: PUBLIC-URL

    error: acme.yaml:5:10: spec.args[0]: a value holds U+0007, which YAML cannot carry
      5 |   args: ["a\u0007"]
    "#
    );
}

#[test]
fn a_number_that_nothing_counts() {
    insta::assert_snapshot!(
        to_specs("numbers", &[
            "  disruption: {doNotDisrupt: 9999999999999h}",
            "  security: {runAsUser: 99999999999999999999}",
        ]),
        @"
    error: acme.yaml:5:30: spec.disruption.doNotDisrupt: `9999999999999h` is longer than 292 years, the longest duration
      5 |   disruption: {doNotDisrupt: 9999999999999h}

    error: acme.yaml:5:25: spec.security.runAsUser: expected a whole number, found `1e+20`
      5 |   security: {runAsUser: 99999999999999999999}
    "
    );
}

#[test]
fn a_host_that_no_load_balancer_rule_takes() {
    let desk = Desk::new("hosts");
    let long = format!("host=acme.{}example.com", "a.".repeat(60));
    let said = desk.refusal(&["tenant", "add", "acme", "--dry-run", "--set", &long]);
    assert!(
        said.contains("has 136 characters; a load balancer rule takes 128"),
        "{said}"
    );
    desk.write(
        "mcpctl.yaml",
        &SETTINGS.replace(
            "mcp.example.com",
            &format!("{}example.com", "a.".repeat(60)),
        ),
    );
    let said = desk.refusal(&["tenant", "add", "acme", "--dry-run"]);
    assert!(
        said.contains("has 136 characters") && said.contains("set domain in mcpctl.yaml"),
        "{said}"
    );
}

#[test]
fn fields_that_contradict_each_other_are_listed_together() {
    insta::assert_snapshot!(
        to_specs("findings", &["  image:
  mcpPath: /healthz
  health: {successCodes: ok}
  auth: {mode: jwt}
  egress: [{ports: [1]}, {cidr: 10.0.0.0/8, ports: []}]
  security: {runAsUser: 0}
  drainSeconds: 4000
  resources: {requests: {cpu: 2}, limits: {cpu: 1, memroy: 1Gi}}
  env: [{name: A, value: x}, {name: A, value: y}]
  labels: {mcpctl.dev/tenant: x, team: a b}"]),
        @"
    error: tenant `acme` is not complete or contradicts itself
      spec.image is missing: give --image, spec.image or defaults.image
        from acme.yaml:5:8
      spec.health.path: the MCP path answers POST only; use a path of its own, or health.type: tcp
        mcpPath from acme.yaml:6:12
      spec.health.successCodes: expected codes from 200 to 499, such as 200, 200-299 or 200,204
        from acme.yaml:7:26
      spec.auth: mode jwt needs issuer and jwksEndpoint
        auth.mode from acme.yaml:8:16
      spec.security.runAsUser: from 1, since 0 is root, to 2147483647
        from acme.yaml:10:25
      spec.drainSeconds: at most 3600, the longest deregistration delay of a target group
        from acme.yaml:11:17
      spec.egress[0]: an entry has either cidr or namespaceSelector/podSelector
        from acme.yaml:9:12
      spec.egress[1]: an entry without ports
        from acme.yaml:9:52
      spec.resources.limits.memroy: not a resource: did you mean `memory`?
        from acme.yaml:12:60
      spec.resources: request 2 of cpu is over its limit 1
        resources.requests.cpu from acme.yaml:12:31, resources.limits.cpu from acme.yaml:12:49
      spec.env: variable `A` is set twice (publicUrlEnv and allowedHostsEnv count)
        env[0].name from acme.yaml:13:16, env[1].name from acme.yaml:13:37
      spec.labels[mcpctl.dev/tenant] is set by mcpctl
        from acme.yaml:14:31
      spec.labels[team]: `a b` is not a value: at most 63 of A-Z, a-z, 0-9, `-`, `_`, `.`, with a letter or digit at both ends
        from acme.yaml:14:40
    "
    );
}

#[test]
fn a_missing_image() {
    let desk = Desk::new("image");
    desk.write(
        "mcpctl.yaml",
        &SETTINGS.replace("defaults: {image: registry.example/mcp:1}", ""),
    );
    insta::assert_snapshot!(desk.refusal(&["tenant", "add", "acme", "--dry-run"]), @"
    error: tenant `acme` is not complete or contradicts itself
      spec.image is missing: give --image, spec.image or defaults.image
    ");
}
