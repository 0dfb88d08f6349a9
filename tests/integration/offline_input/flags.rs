//! Flags.

use super::to_flags;
use crate::desk::Desk;

#[test]
fn a_path_that_is_none() {
    insta::assert_snapshot!(
        to_flags("flag-paths", &[
            &["--set", "replicas"],
            &["--set", "=2"],
            &["--set", "args[0]=x"],
            &["--set", "health..path=/x"],
        ]),
        @"
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
    "
    );
}

#[test]
fn a_wrong_value_of_a_flag() {
    insta::assert_snapshot!(
        to_flags("flag-values", &[
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
    error: --tier: spec.tier: there is no tier `smal`
      known tiers: large, medium, small
      hint: did you mean `small`?

    $ --tier huge
    error: --tier: spec.tier: there is no tier `huge`
      known tiers: large, medium, small
      hint: define it in mcpctl.yaml: tiers.huge
    "#
    );
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
