//! Wrong input: exit 2, and a message that says where, what was expected, and what was probably meant.

use std::fmt::Write as _;

use crate::{
    desk::{Desk, SETTINGS},
    world::offline,
};

/// What is said to each `tenant add acme --dry-run` with these flags.
fn flags(name: &str, cases: &[&[&str]]) -> String {
    let desk = Desk::new(name);
    let mut said = String::new();
    for case in cases {
        let args = [&["tenant", "add", "acme", "--dry-run"], *case].concat();
        _ = writeln!(said, "$ {}\n{}", case.join(" "), desk.refusal(&args));
    }
    said
}

/// What is said to each tenant file, whole.
fn files(name: &str, cases: &[&str]) -> String {
    let desk = Desk::new(name);
    let mut said = String::new();
    for case in cases {
        desk.write("acme.yaml", case);
        let refusal = desk.refusal(&["tenant", "add", "acme", "--dry-run", "-f", "acme.yaml"]);
        _ = writeln!(said, "{refusal}");
    }
    said
}

/// What is said to each tenant file with this `spec`, from line 5 on.
fn specs(name: &str, cases: &[&str]) -> String {
    let cases: Vec<String> = cases
        .iter()
        .map(|spec| format!("{HEAD}spec:\n{spec}\n"))
        .collect();
    files(name, &cases.iter().map(String::as_str).collect::<Vec<_>>())
}

const HEAD: &str = "apiVersion: mcpctl.dev/v1alpha1\nkind: Tenant\nmetadata: {name: acme}\n";

/// What is said to each settings file.
fn settings(name: &str, cases: &[&str]) -> String {
    let desk = Desk::new(name);
    let mut said = String::new();
    for case in cases {
        desk.write("mcpctl.yaml", case);
        _ = writeln!(
            said,
            "{}",
            desk.refusal(&["tenant", "add", "acme", "--dry-run"])
        );
    }
    said
}

#[test]
fn a_wrong_name() {
    let desk = Desk::new("names");
    let mut said = String::new();
    let long = "a".repeat(41);
    for name in [
        "Acme", "ac_me", "acme.com", "9acme", "acme-", "", "a b", "ä", "a\n", &long,
    ] {
        said.push_str(&desk.refusal(&["tenant", "add", name, "--dry-run"]));
    }
    // Whatever the verb, before anything is called.
    for verb in ["remove", "diff"] {
        said.push_str(&desk.refusal(&["tenant", verb, "Acme"]));
    }
    insta::assert_snapshot!(said, @"
    error: tenant name `Acme` holds `A` at character 1: upper case is not allowed
    error: tenant name `ac_me` holds `_` at character 3: use a-z, 0-9 and `-`
    error: tenant name `acme.com` holds `.` at character 5: use a-z, 0-9 and `-`
    error: tenant name `9acme` starts with `9`: it must start with a letter
    error: tenant name `acme-` ends with `-`
    error: tenant name `` is empty
    error: tenant name `a b` holds U+0020 at character 2: use a-z, 0-9 and `-`
    error: tenant name `ä` holds `ä` at character 1: use a-z, 0-9 and `-`
    error: tenant name `a
    ` holds U+000A at character 2: use a-z, 0-9 and `-`
    error: tenant name `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` has 41 characters; at most 40 are allowed
    error: tenant name `Acme` holds `A` at character 1: upper case is not allowed
    error: tenant name `Acme` holds `A` at character 1: upper case is not allowed
    ");
}

#[test]
fn a_name_whose_namespace_is_reserved() {
    let desk = Desk::new("reserved");
    for (prefix, name) in [
        ("kube-", "acme"),
        ("''", "default"),
        ("mcpctl-", "system"),
        ("''", "kube-system"),
    ] {
        desk.write(
            "mcpctl.yaml",
            &format!("{SETTINGS}namespacePrefix: {prefix}\n"),
        );
        let said = desk.refusal(&["tenant", "add", name, "--dry-run"]);
        let namespace = format!("{}{name}", prefix.replace('\'', ""));
        assert!(
            said.contains(&format!("the reserved namespace `{namespace}`")),
            "{said}"
        );
        assert!(
            said.contains("hint: choose another name, or set namespacePrefix"),
            "{said}"
        );
    }
}

#[test]
fn a_name_of_forty_characters_is_fine() {
    let desk = Desk::new("forty");
    desk.mcpctl(&["tenant", "add", &"a".repeat(40), "--dry-run"])
        .expect(0);
}

#[test]
fn an_unknown_key_is_told_apart_from_the_nearest_known_one() {
    insta::assert_snapshot!(
        specs("keys", &[
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
        files("keys-outside", &[&format!("{HEAD}specs: {{}}\n"), &HEAD.replace("name: acme", "name: acme, labels: {}")]),
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
        specs("types", &[
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

    error: acme.yaml:5:30: spec.disruption.doNotDisrupt: data did not match any variant of untagged enum DoNotDisrupt
      5 |   disruption: {doNotDisrupt: [1]}

    error: acme.yaml:5:18: spec: unsupported tag `!secret`
      5 |   image: !secret x
    "
    );
}

#[test]
fn a_value_out_of_its_range() {
    insta::assert_snapshot!(
        specs("values", &[
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
fn a_secret_as_a_literal_is_refused_and_never_printed() {
    let literal = |name: &str| format!("  env: [{{name: {name}, value: hunter2}}]");
    for name in ["API_KEY", "github_token", "MY_SECRET_1", "DbPassword"] {
        let said = specs("secrets", &[&literal(name)]);
        let expected = format!(
            "acme.yaml:5:9: spec.env[0]: variable `{name}` looks like a secret: give it by valueFrom.secretKeyRef, not as a literal value"
        );
        assert!(
            said.contains(&expected) && !said.contains("hunter2"),
            "{said}"
        );
    }
    let said = flags(
        "secret-flags",
        &[
            &["--set", "env=[{name: API_KEY, value: hunter2}]"],
            &["--set", "env=API_KEY=hunter2"],
            &["--set", "env=[{name: A, value: [hunter2]}]"],
        ],
    );
    let said: Vec<&str> = said.lines().filter(|line| !line.starts_with('$')).collect();
    insta::assert_snapshot!(said.join("\n"), @"
    error: --set env: env[0]: variable `API_KEY` looks like a secret: give it by valueFrom.secretKeyRef, not as a literal value

    error: --set env: expected a list

    error: --set env: env[0].value: expected a single value, found a list
    ");
}

#[test]
fn a_variable_that_is_not_the_tenants_to_set() {
    insta::assert_snapshot!(
        specs("variables", &[
            "  env: [{name: AWS_ROLE_ARN, value: x}]",
            "  env: [{name: AWS_CONTAINER_CREDENTIALS_FULL_URI, value: x}]",
            "  env: [{name: HOME, value: x}]",
            "  env: [{name: 1A, value: x}]",
            "  env: [{name: A}]",
            "  env: [{name: A, value: x, valueFrom: {}}]",
        ]),
        @"
    error: acme.yaml:5:9: spec.env[0]: variable `AWS_ROLE_ARN` would give the pod another identity than its role; it cannot be set

    error: acme.yaml:5:9: spec.env[0]: variable `AWS_CONTAINER_CREDENTIALS_FULL_URI` would give the pod another identity than its role; it cannot be set

    error: acme.yaml:5:9: spec.env[0]: variable `HOME` is set by mcpctl

    error: acme.yaml:5:16: spec.env[0].name: variable `1A` holds `1`; letters, digits and `_` are allowed

    error: acme.yaml:5:9: spec.env[0]: variable `A` has neither value nor valueFrom

    error: acme.yaml:5:9: spec.env[0]: variable `A` has both value and valueFrom
    "
    );
}

#[test]
fn fields_that_contradict_each_other_are_listed_together() {
    insta::assert_snapshot!(
        specs("findings", &["  image:
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
      spec.health.path: the MCP path answers POST only; use a path of its own, or health.type: tcp
      spec.health.successCodes: expected codes such as 200, 200-299 or 200,204
      spec.auth: mode jwt needs issuer and jwksEndpoint
      spec.egress: each entry has either cidr or namespaceSelector/podSelector
      spec.egress: an entry without ports
      spec.security: runAsUser must be above 0, groups must not be negative
      spec.drainSeconds: at most 3600, the longest deregistration delay of a target group
      spec.resources.limits.memroy: not a resource: did you mean `memory`?
      spec.resources: request 2 of cpu is over its limit 1
      spec.env: variable `A` is set twice (publicUrlEnv and allowedHostsEnv count)
      spec.labels[mcpctl.dev/tenant] is set by mcpctl
      spec.labels[team]: `a b` is not a value: at most 63 of A-Z, a-z, 0-9, `-`, `_`, `.`, with a letter or digit at both ends
      hint: its fields come from acme.yaml, mcpctl.yaml (tier small) and mcpctl.yaml (defaults)
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
      hint: its fields come from flags, mcpctl.yaml (tier small) and mcpctl.yaml (defaults)
    ");
}

#[test]
fn a_file_that_is_no_tenant_file() {
    insta::assert_snapshot!(
        files("files", &[
            "",
            "# only a comment\n",
            "[]\n",
            "hello\n",
            "kind: Tenant\n",
            &HEAD.replace("mcpctl.dev/v1alpha1", "mcpctl.dev/v1"),
            &HEAD.replace("kind: Tenant", "kind: Tenants"),
            &HEAD.replace("name: acme", "name: Acme"),
            &HEAD.replace("name: acme", "name: globex"),
            &format!("{HEAD}---\n{HEAD}"),
            &format!("{HEAD}spec:\n\treplicas: 1\n"),
            &format!("{HEAD}spec:\n  replicas: 1\n  replicas: 2\n"),
            &format!("{HEAD}spec:\n  image: \"a\n"),
            &format!("{HEAD}spec:\n  image: a: b\n"),
            &format!("{HEAD}spec: *nothing\n"),
        ]),
        @r#"
    error: acme.yaml:1:1: there is nothing in it

    error: acme.yaml:2:1: there is nothing in it

    error: acme.yaml:1:1: expected a map, found a list
      1 | []

    error: acme.yaml:1:1: expected a map, found `hello`
      1 | hello

    error: acme.yaml:1:1: `apiVersion` is missing
      1 | kind: Tenant

    error: acme.yaml:1:13: apiVersion: unknown value `mcpctl.dev/v1`
      1 | apiVersion: mcpctl.dev/v1
      hint: did you mean `mcpctl.dev/v1alpha1`?

    error: acme.yaml:2:7: kind: unknown value `Tenants`
      2 | kind: Tenants
      hint: did you mean `Tenant`?

    error: acme.yaml:3:18: metadata.name: `Acme` holds `A` at character 1: upper case is not allowed
      3 | metadata: {name: Acme}

    error: acme.yaml is of tenant `globex`, not `acme`

    error: acme.yaml:5:1: a second document starts; one file holds one
      5 | apiVersion: mcpctl.dev/v1alpha1

    error: acme.yaml:5:2: a tab in the indentation; YAML is indented with spaces
      5 | 	replicas: 1

    error: acme.yaml:6:3: spec: key `replicas` is given twice
      6 |   replicas: 2

    error: acme.yaml:5:10: spec: unclosed quote
      5 |   image: "a

    error: acme.yaml:5:11: spec: mapping values are not allowed in this context
      5 |   image: a: b

    error: acme.yaml:4:7: alias references unknown anchor
      4 | spec: *nothing
    "#
    );
}

#[test]
fn a_file_that_cannot_be_read() {
    let desk = Desk::new("unreadable");
    std::fs::create_dir(desk.dir.join("tenants")).expect("a directory");
    std::fs::write(desk.dir.join("latin1.yaml"), b"image: \xe4\n").expect("a file");
    let mut said = String::new();
    for file in ["none.yaml", "tenants", "latin1.yaml"] {
        said.push_str(&desk.refusal(&["tenant", "add", "acme", "--dry-run", "-f", file]));
    }
    said.push_str(&desk.refusal(&[
        "tenant",
        "add",
        "acme",
        "--dry-run",
        "--policy",
        "none.json",
    ]));
    said.push_str(&desk.refusal(&[
        "tenant",
        "add",
        "acme",
        "--dry-run",
        "--config",
        "none.yaml",
    ]));
    desk.write(
        "acme.yaml",
        &format!("{HEAD}spec: {{identity: {{policy: policies/none.json}}}}\n"),
    );
    said.push_str(&desk.refusal(&["tenant", "add", "acme", "--dry-run", "-f", "acme.yaml"]));
    insta::assert_snapshot!(said, @"
    error: cannot read tenant file none.yaml: No such file or directory
    error: cannot read tenant file tenants: Is a directory
    error: cannot read tenant file latin1.yaml: stream did not contain valid UTF-8
    error: cannot read policy [DIR]/none.json: No such file or directory
      named by --policy
    error: cannot read settings none.yaml: No such file or directory
    error: cannot read policy [DIR]/policies/none.json: No such file or directory
      named by acme.yaml: identity.policy
    ");
}

#[test]
fn a_wrong_set() {
    insta::assert_snapshot!(
        flags("set", &[
            &["--set", "replicas"],
            &["--set", "=2"],
            &["--set", "args[0]=x"],
            &["--set", "health..path=/x"],
            &["--set", "replica=2"],
            &["--set", "health.pth=/x"],
            &["--set", "replicas=two"],
            &["--set", "port=0"],
            &["--set", "resources.limits.memory=512MB"],
            &["--set", "args=--verbose"],
            &["--set", "args=[--verbose"],
            &["--set", "image=a: b"],
            &["--set", "nodeSelector.kubernetes.io/arch=arm64"],
            &["--image", "Mcp server"],
            &["--image", ""],
            &["--tier", "smal"],
            &["--tier", "huge"],
        ]),
        @r#"
    $ --set replicas
    error: --set replicas: expected path=value, such as replicas=2

    $ --set =2
    error: --set : not a path such as resources.limits.memory
      hint: a list is set whole: --set 'args=[--verbose]'

    $ --set args[0]=x
    error: --set args[0]: not a path such as resources.limits.memory
      hint: a list is set whole: --set 'args=[--verbose]'

    $ --set health..path=/x
    error: --set health..path: not a path such as resources.limits.memory
      hint: a list is set whole: --set 'args=[--verbose]'

    $ --set replica=2
    error: --set replica: unknown key `replica`
      hint: did you mean `replicas`?

    $ --set health.pth=/x
    error: --set health.pth: unknown key `pth`
      hint: did you mean `path`?

    $ --set replicas=two
    error: --set replicas: expected a whole number from 0 to 65535, found `two`

    $ --set port=0
    error: --set port: 0 is not a port: 1 to 65535

    $ --set resources.limits.memory=512MB
    error: --set resources.limits.memory: `512MB` is not a quantity such as 250m, 1.5 or 512Mi

    $ --set args=--verbose
    error: --set args: expected a list, found `--verbose`

    $ --set args=[--verbose
    error: --set args: unclosed bracket '['

    $ --set image=a: b
    error: --set image: mapping values are not allowed in this context
      hint: the value is YAML: text with `: ` in it goes in quotes, --set 'image="…"'

    $ --set nodeSelector.kubernetes.io/arch=arm64
    error: --set nodeSelector.kubernetes.io/arch: nodeSelector.kubernetes: expected a single value, found a map
      hint: a key that holds dots is set with its map: --set 'nodeSelector={kubernetes.io/arch: …}'

    $ --image Mcp server
    error: --image: `Mcp server` is not an image reference: it holds U+0020

    $ --image 
    error: --image: an image reference is empty

    $ --tier smal
    error: flags: spec.tier: there is no tier `smal`
      known tiers: large, medium, small
      hint: did you mean `small`?

    $ --tier huge
    error: flags: spec.tier: there is no tier `huge`
      known tiers: large, medium, small
      hint: define it in mcpctl.yaml: tiers.huge
    "#
    );
}

#[test]
fn a_policy_that_is_none() {
    let desk = Desk::new("policies");
    let mut said = String::new();
    for text in [
        "",
        "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\"Effect\": \"Allow\",}\n  ]\n}\n",
        "[]",
        r#"{"Version": "2012-10-17"}"#,
        r#"{"Version": "2008-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}"#,
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Actions": "s3:*", "Resource": "*"}]}"#,
        r#"{"Version": "2012-10-17", "Statement": [{"Sid": "Own", "Effect": "Allow", "Action": "s3:*"}]}"#,
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "bucket"}]}"#,
    ] {
        desk.write("own.json", text);
        said.push_str(&desk.refusal(&[
            "tenant",
            "add",
            "acme",
            "--dry-run",
            "--policy",
            "own.json",
        ]));
    }
    insta::assert_snapshot!(said, @r#"
    error: [DIR]/own.json:1:0: not JSON: EOF while parsing a value
      1 | 
      named by --policy
    error: [DIR]/own.json:4:24: not JSON: trailing comma
      4 |     {"Effect": "Allow",}
      named by --policy
    error: [DIR]/own.json: a policy is an object with Version and Statement
      named by --policy
      hint: a policy looks like {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:…"}]}
    error: [DIR]/own.json: a policy's Statement is missing or empty
      named by --policy
      hint: a policy looks like {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:…"}]}
    error: [DIR]/own.json: a policy's Version is "2012-10-17"
      named by --policy
      hint: a policy looks like {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:…"}]}
    error: [DIR]/own.json: statement #1: has no key `Actions`; did you mean `Action`?
      named by --policy
      hint: a policy looks like {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:…"}]}
    error: [DIR]/own.json: statement Own: needs exactly one of Resource and NotResource
      named by --policy
      hint: a policy looks like {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:…"}]}
    error: [DIR]/own.json: statement #1: Resource `bucket` is neither an ARN nor `*`
      named by --policy
      hint: a policy looks like {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:…"}]}
    "#);
}

#[test]
fn a_policy_written_in_the_tenant_file_is_refused_at_its_line() {
    insta::assert_snapshot!(
        specs("inline-policies", &[
            "  identity:\n    policy: [1]",
            "  identity:\n    policy:\n      Version: 2012-10-17\n      Statement:\n      - {Effect: Allow, Action: s3:*}",
        ]),
        @"
    error: acme.yaml:6:13: spec.identity.policy: a policy is an object with Version and Statement
      6 |     policy: [1]

    error: acme.yaml:7:7: spec.identity.policy: statement #1: needs exactly one of Resource and NotResource
      7 |       Version: 2012-10-17
    "
    );
}

#[test]
fn a_policy_over_the_limit() {
    let desk = Desk::new("long-policy");
    let resources: Vec<String> = (0..400)
        .map(|number| format!("\"arn:aws:s3:::bucket-{number:03}/*\""))
        .collect();
    let text = |resources: &[String]| {
        format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": [{}]}}]}}"#,
            resources.join(",\n")
        )
    };
    desk.write("own.json", &text(&resources[..300]));
    desk.stream(&["--policy", "own.json"]);
    desk.write("own.json", &text(&resources));
    insta::assert_snapshot!(desk.refusal(&["tenant", "add", "acme", "--dry-run", "--policy", "own.json"]), @r#"
    error: [DIR]/own.json: 11294 characters, and a role's inline policies take 10240; move statements into managed policies and list them in identity.managedPolicyArns
      named by --policy
      hint: a policy looks like {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:…"}]}
    "#);
}

#[test]
fn an_expanded_value_that_iam_would_read_as_more_than_text() {
    let desk = Desk::new("expanded");
    let policy = |resource: &str| {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Sid": "Own", "Effect": "Allow", "Action": "s3:*", "Resource": "{resource}"}}]}}"#
        );
        desk.write("own.json", &text);
    };
    let refusal = |value: &str| {
        let value = format!("values.bucket={value}");
        desk.refusal(&[
            "tenant",
            "add",
            "acme",
            "--dry-run",
            "--policy",
            "own.json",
            "--set",
            &value,
        ])
    };
    policy("arn:aws:s3:::{{ values.bucket }}/*");
    let mut said: String = ["'*'", "data?", "${aws:PrincipalTag/x}", "'a\",\"b'"]
        .map(refusal)
        .concat();
    for resource in [
        "arn:aws:s3:::data-{{ tenant.name }}*",
        "arn:aws:s3:::{{ values.bukcet }}",
        "arn:aws:s3:::{{ tenant.name",
    ] {
        policy(resource);
        said.push_str(&refusal("data"));
    }
    insta::assert_snapshot!(said, @r#"
    error: tenant `acme`: spec.identity.policy: statement Own: `arn:aws:s3:::{{ values.bucket }}/*`
      the value `*` holds `*`; values hold letters, digits and `._/-` only
      hint: give a plain value, and write wildcards and ${…} in the policy itself
    error: tenant `acme`: spec.identity.policy: statement Own: `arn:aws:s3:::{{ values.bucket }}/*`
      the value `data?` holds `?`; values hold letters, digits and `._/-` only
      hint: give a plain value, and write wildcards and ${…} in the policy itself
    error: tenant `acme`: spec.identity.policy: statement Own: `arn:aws:s3:::{{ values.bucket }}/*`
      the value `${aws:PrincipalTag/x}` holds `$`; values hold letters, digits and `._/-` only
      hint: give a plain value, and write wildcards and ${…} in the policy itself
    error: tenant `acme`: spec.identity.policy: statement Own: `arn:aws:s3:::{{ values.bucket }}/*`
      the value `a","b` holds `"`; values hold letters, digits and `._/-` only
      hint: give a plain value, and write wildcards and ${…} in the policy itself
    error: tenant `acme`: spec.identity.policy: statement Own: `arn:aws:s3:::data-{{ tenant.name }}*`
      a `*` right after a tenant's value also matches tenants whose names only begin like it
      hint: put a separator between: `{{ tenant.name }}/*` or `{{ tenant.name }}-*`
    error: tenant `acme`: spec.identity.policy: statement Own: `arn:aws:s3:::{{ values.bukcet }}`
      `values.bukcet` is undefined
      hint: a policy may name tenant.name, tenant.namespace, cluster.name, cluster.region, account, partition and values.*
    error: tenant `acme`: spec.identity.policy: statement Own: `arn:aws:s3:::{{ tenant.name`
      unexpected end of input, expected end of variable block
    "#);
}

#[test]
fn wrong_settings() {
    insta::assert_snapshot!(
        settings("settings", &[
            "",
            "cluster: {name: prod, region: eu-west-1}",
            &format!("{SETTINGS}clusters: 1"),
            &SETTINGS.replace("albSubnetCidrs", "albSubnetsCidrs"),
            &SETTINGS.replace("ingress: {albSubnetCidrs: [10.0.0.0/20]}\n", ""),
            &SETTINGS.replace("permissionsBoundary: none, ", ""),
            &SETTINGS.replace("012345678901", "12345678901"),
            &SETTINGS.replace("eu-west-1", "europe"),
            &SETTINGS.replace("name: prod", "name: my cluster"),
            &SETTINGS.replace("domain: mcp.example.com", "domain: Mcp.example.com"),
            &SETTINGS.replace("policy.json", "none.json"),
            &SETTINGS.replace("ingress: {", "ingress: {class: My class, "),
            &format!("{SETTINGS}networkPolicy: {{engine: calico}}"),
            &format!("{SETTINGS}namespacePrefix: Mcp-"),
            &format!("{SETTINGS}podSecurity: {{version: 1.33}}"),
            &format!("{SETTINGS}tiers: {{small: {{replica: 2}}}}"),
            &format!("{SETTINGS}tiers:\n  small:\n    resources: {{limits: {{memory: 1GB}}}}"),
            &SETTINGS.replace("defaults: {", "defaults: {tier: tiny, "),
            &SETTINGS.replace("defaults: {", "defaults: {port: 0, "),
        ]),
        @"
    error: mcpctl.yaml: cluster.name is missing
      hint: set it there, or give --cluster

    error: mcpctl.yaml: domain is missing
      hint: set it there, or give --domain

    error: mcpctl.yaml:6:1: clusters: unknown key `clusters`
      6 | clusters: 1
      hint: did you mean `cluster`?

    error: mcpctl.yaml:3:11: ingress.albSubnetsCidrs: unknown key `albSubnetsCidrs`
      3 | ingress: {albSubnetsCidrs: [10.0.0.0/20]}
      hint: did you mean `albSubnetCidrs`?

    error: mcpctl.yaml: ingress.albSubnetCidrs is missing
      network policies would let no request in from the load balancer
      hint: list the address blocks of its subnets, or set networkPolicy.engine: none

    error: mcpctl.yaml: iam.permissionsBoundary is missing
      without a boundary a tenant's policy may grant anything that this account allows
      hint: give the ARN of a managed policy, or say `none`

    error: mcpctl.yaml:1:53: cluster.accountId: `12345678901` is not an account id: 12 digits
      1 | cluster: {name: prod, region: eu-west-1, accountId: 12345678901}

    error: mcpctl.yaml:1:31: cluster.region: `europe` is not a region such as eu-west-1
      1 | cluster: {name: prod, region: europe, accountId: 012345678901}

    error: mcpctl.yaml:1:17: cluster.name: cluster name `my cluster` holds U+0020
      1 | cluster: {name: my cluster, region: eu-west-1, accountId: 012345678901}

    error: tenant `acme`: host `acme.Mcp.example.com`: `Mcp` holds `M` at character 1: upper case is not allowed
      hint: set domain in mcpctl.yaml

    error: cannot read policy [DIR]/none.json: No such file or directory
      named by mcpctl.yaml: iam.policy

    error: mcpctl.yaml:3:18: ingress.class: `My class` holds `M` at character 1: upper case is not allowed
      3 | ingress: {class: My class, albSubnetCidrs: [10.0.0.0/20]}

    error: mcpctl.yaml:6:25: networkPolicy.engine: unknown value `calico`
      6 | networkPolicy: {engine: calico}
      known: vpc-cni, cilium, none

    error: mcpctl.yaml:6:18: namespacePrefix: `Mcp-` is not a prefix: at most 20 of a-z, 0-9 and `-`
      6 | namespacePrefix: Mcp-

    error: mcpctl.yaml:6:24: podSecurity.version: `1.33` is not a Pod Security version: latest or v1.<minor>
      6 | podSecurity: {version: 1.33}

    error: mcpctl.yaml:6:17: tiers.small.replica: unknown key `replica`
      6 | tiers: {small: {replica: 2}}
      hint: did you mean `replicas`?

    error: mcpctl.yaml:8:34: tiers.small.resources.limits.memory: `1GB` is not a quantity such as 250m, 1.5 or 512Mi
      8 |     resources: {limits: {memory: 1GB}}

    error: mcpctl.yaml (defaults): spec.tier: there is no tier `tiny`
      known tiers: large, medium, small
      hint: define it in mcpctl.yaml: tiers.tiny

    error: mcpctl.yaml:5:18: defaults.port: 0 is not a port: 1 to 65535
      5 | defaults: {port: 0, image: registry.example/mcp:1}
    "
    );
}

#[test]
fn no_settings_at_all() {
    let desk = Desk::new("no-settings");
    std::fs::remove_file(desk.dir.join("mcpctl.yaml")).expect("settings");
    let add = ["tenant", "add", "acme", "--dry-run"];
    insta::assert_snapshot!(desk.refusal(&add), @"
    error: cluster.name is not set
      there is no mcpctl.yaml in this directory or above
      hint: write one, name one with --config, or give --cluster
    ");
    let run = |variable: &str, value: &str| {
        let mut command = offline(&desk.dir, &add);
        command
            .env("MCPCTL_CLUSTER", "prod")
            .env("MCPCTL_REGION", "eu-west-1")
            .env(variable, value);
        crate::world::Run::of(&mut command).expect(2).stderr
    };
    insta::assert_snapshot!(run("MCPCTL_REGION", "europe"), @"error: --region or MCPCTL_REGION: `europe` is not a region such as eu-west-1");
    insta::assert_snapshot!(run("MCPCTL_ACCOUNT_ID", "12"), @"error: --account-id or MCPCTL_ACCOUNT_ID: `12` is not an account id: 12 digits");
}

#[test]
fn wrong_usage_is_exit_2_too() {
    let desk = Desk::new("usage");
    for args in [
        &["tenant"][..],
        &["tenant", "ad", "acme"],
        &["tenant", "add"],
        &["tenant", "add", "acme", "--dryrun"],
        &["tenant", "add", "acme", "--timeout", "5"],
        &["tenant", "add", "acme", "--only", "gcp"],
        &["tenant", "diff", "--all", "acme"],
        &["completion", "tcsh"],
    ] {
        let said = desk.refusal(args);
        assert!(said.contains("--help"), "{args:?}: {said}");
    }
}
