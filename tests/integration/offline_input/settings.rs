//! Settings.

use super::to_settings;
use crate::{
    desk::{Desk, SETTINGS},
    world::{Run, offline},
};

#[test]
fn settings_of_the_cluster() {
    insta::assert_snapshot!(
        to_settings("settings", &[
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
    "
    );
}

#[test]
fn a_setting_of_the_wrong_kind() {
    insta::assert_snapshot!(
        to_settings("kinds", &[
            &SETTINGS.replace("policy.json", "none.json"),
            &SETTINGS.replace("ingress: {", "ingress: {class: My class, "),
            &format!("{SETTINGS}networkPolicy: {{engine: calico}}"),
            &format!("{SETTINGS}namespacePrefix: Mcp-"),
            &format!("{SETTINGS}podSecurity: {{version: 1.33}}"),
            &format!("{SETTINGS}podSecurity: {{version: v1.033}}"),
            &format!("{SETTINGS}tiers: {{small: {{replica: 2}}}}"),
            &format!("{SETTINGS}tiers:\n  small:\n    resources: {{limits: {{memory: 1GB}}}}"),
            &SETTINGS.replace("defaults: {", "defaults: {tier: tiny, "),
            &SETTINGS.replace("defaults: {", "defaults: {port: 0, "),
        ]),
        @"
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

    error: mcpctl.yaml:6:24: podSecurity.version: `v1.033` is not a Pod Security version: latest or v1.<minor>
      6 | podSecurity: {version: v1.033}

    error: mcpctl.yaml:6:17: tiers.small.replica: unknown key `replica`
      6 | tiers: {small: {replica: 2}}
      hint: did you mean `replicas`?

    error: mcpctl.yaml:8:34: tiers.small.resources.limits.memory: `1GB` is not a quantity such as 250m, 1.5 or 512Mi
      8 |     resources: {limits: {memory: 1GB}}

    error: mcpctl.yaml:5:18 (defaults): spec.tier: there is no tier `tiny`
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
        Run::of(&mut command).expect(2).stderr
    };
    insta::assert_snapshot!(run("MCPCTL_REGION", "europe"), @"error: --region or MCPCTL_REGION: `europe` is not a region such as eu-west-1");
    insta::assert_snapshot!(run("MCPCTL_ACCOUNT_ID", "12"), @"error: --account-id or MCPCTL_ACCOUNT_ID: `12` is not an account id: 12 digits");
}
