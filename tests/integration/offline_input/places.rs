//! Fields that contradict each other: each with the line of its file, or the flag, that gives it.

use super::HEAD;
use crate::desk::{Desk, SETTINGS};

/// A desk with a tenant file of this `spec`, from line 5 on, and with more settings.
fn desk(name: &str, spec: &str, settings: &str) -> Desk {
    let desk = Desk::new(name);
    desk.write("acme.yaml", &format!("{HEAD}spec:\n{spec}\n"));
    let defaults = "defaults: {image: registry.example/mcp:1}\n";
    desk.write("mcpctl.yaml", &SETTINGS.replace(defaults, settings));
    desk
}

fn refusal(desk: &Desk, flags: &[&str]) -> String {
    let args = ["tenant", "add", "acme", "--dry-run", "-f", "acme.yaml"];
    desk.refusal(&[&args, flags].concat())
}

#[test]
fn every_layer_is_named() {
    let desk = desk(
        "places",
        "  tier: large
  mcpPath: /x
  resources: {requests: {cpu: 4}}
  env:
    - {name: A, value: secret-1}
    - name: A
      value: secret-2",
        "defaults:
  image: registry.example/mcp:1
  health: {path: /x}
  auth: {issuer: https://login.example.com}
tiers:
  large:
    drainSeconds: 4000
    nodeSelector: {disk: very fast}
",
    );
    let flags = ["--set", "security.runAsUser=0", "--set", "labels.team=a b"];
    let said = refusal(&desk, &flags);
    assert!(!said.contains("secret"), "{said}");
    insta::assert_snapshot!(said, @"
    error: tenant `acme` is not complete or contradicts itself
      spec.health.path: the MCP path answers POST only; use a path of its own, or health.type: tcp
        mcpPath from acme.yaml:6:12, health.path from mcpctl.yaml:7:18 (defaults)
      spec.auth: issuer, jwksEndpoint and claims belong to mode jwt
        auth.issuer from mcpctl.yaml:8:18 (defaults)
      spec.security.runAsUser: from 1, since 0 is root, to 2147483647
        from --set security.runAsUser
      spec.drainSeconds: at most 3600, the longest deregistration delay of a target group
        from mcpctl.yaml:11:19 (tier large)
      spec.resources: request 4 of cpu is over its limit 2
        resources.requests.cpu from acme.yaml:7:31, resources.limits.cpu from built-in tier large
      spec.env: variable `A` is set twice (publicUrlEnv and allowedHostsEnv count)
        env[0].name from acme.yaml:9:14, env[1].name from acme.yaml:10:13
      spec.labels[team]: `a b` is not a value: at most 63 of A-Z, a-z, 0-9, `-`, `_`, `.`, with a letter or digit at both ends
        from --set labels.team
      spec.nodeSelector[disk]: `very fast` is not a value: at most 63 of A-Z, a-z, 0-9, `-`, `_`, `.`, with a letter or digit at both ends
        from mcpctl.yaml:12:26 (tier large)
    ");
}

#[test]
fn the_last_word_counts() {
    let desk = desk(
        "places-last",
        "  drainSeconds: 4000\n  mcpPath: /a\n  auth: {mode: jwt}",
        "defaults: {image: registry.example/mcp:1, drainSeconds: 5000, auth: {issuer: x}}\n",
    );
    let both = ["--set", "drainSeconds=6000", "--set", "drainSeconds=7000"];
    let back = ["--set", "drainSeconds=null", "--set", "health={path: /a}"];
    let said = [refusal(&desk, &both), refusal(&desk, &back)].concat();
    insta::assert_snapshot!(said, @"
    error: tenant `acme` is not complete or contradicts itself
      spec.auth: mode jwt needs issuer and jwksEndpoint
        auth.mode from acme.yaml:7:16, auth.issuer from mcpctl.yaml:5:78 (defaults)
      spec.drainSeconds: at most 3600, the longest deregistration delay of a target group
        from --set drainSeconds
    error: tenant `acme` is not complete or contradicts itself
      spec.health.path: the MCP path answers POST only; use a path of its own, or health.type: tcp
        mcpPath from acme.yaml:6:12, health.path from --set health
      spec.auth: mode jwt needs issuer and jwksEndpoint
        auth.mode from acme.yaml:7:16, auth.issuer from mcpctl.yaml:5:78 (defaults)
      spec.drainSeconds: at most 3600, the longest deregistration delay of a target group
        from mcpctl.yaml:5:57 (defaults)
    ");
}

#[test]
fn what_contradicts_the_settings_has_its_place_too() {
    let desk = desk(
        "places-settings",
        "  identity:\n    permissionsBoundary: none\n    policy: bad.json",
        "defaults: {image: registry.example/mcp:1}\n",
    );
    desk.write("bad.json", r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::{{ tenant.nam }}"}}"#);
    let arn = "arn:aws:iam::012345678901:policy/b";
    let settings = std::fs::read_to_string(desk.dir.join("mcpctl.yaml")).expect("settings");
    let policy = refusal(&desk, &[]);
    let boundary = settings.replace(
        "permissionsBoundary: none",
        &format!("permissionsBoundary: '{arn}'"),
    );
    desk.write("mcpctl.yaml", &boundary);
    let boundary = refusal(&desk, &["--policy", "policy.json"]);
    desk.write(
        "mcpctl.yaml",
        &settings.replace(
            "permissionsBoundary: none",
            "scoping: session-policy, sharedRole: 'arn:aws:iam::012345678901:role/shared'",
        ),
    );
    let shared = refusal(&desk, &["--policy", "policy.json"]);
    let target = "identity.targetRoleArn=arn:aws-cn:iam::012345678901:role/x";
    desk.write("mcpctl.yaml", &settings);
    let target = refusal(&desk, &["--policy", "policy.json", "--set", target]);
    insta::assert_snapshot!([policy, boundary, shared, target].concat(), @"
    error: tenant `acme`: spec.identity.policy (acme.yaml:7:13): statement #1: `arn:aws:s3:::{{ tenant.nam }}`
      `tenant.nam` is undefined
      hint: a policy may name tenant.name, tenant.namespace, cluster.name, cluster.region, account, partition and values.*
    error: tenant `acme`: spec.identity.permissionsBoundary is none, which would take off that of the settings
      from acme.yaml:6:26
      mcpctl.yaml gives tenants the boundary arn:aws:iam::012345678901:policy/b
      hint: leave it out; another one has to be named in the settings: tiers.NAME.identity.permissionsBoundary
    error: tenant `acme`: spec.identity.permissionsBoundary has no place with iam.scoping: session-policy
      from acme.yaml:6:26
      the tenant has no role of its own that could carry it
      hint: iam.scoping: dedicated gives each tenant a role of its own
    error: tenant `acme`: spec.identity.targetRoleArn arn:aws-cn:iam::012345678901:role/x is of partition aws-cn, and eu-west-1 is of aws: no role can be assumed from one in the other
      from --set identity.targetRoleArn
    ");
}
