//! What people add by hand beside what is wanted: seen, and taken out.

use serde_json::Value;

use crate::world::World;

/// A change by hand, and what `diff` says of it.
const ADDED_BY_HAND: [(&[&str], &str); 8] = [
    (
        &[
            "patch",
            "networkpolicy",
            "default-deny",
            "--type=merge",
            "-p",
            r#"{"spec":{"ingress":[{}],"egress":[{}]}}"#,
        ],
        "spec.ingress: [{}] -> removed",
    ),
    (
        &[
            "patch",
            "networkpolicy",
            "default-deny",
            "--type=merge",
            "-p",
            r#"{"spec":{"podSelector":{"matchLabels":{"a":"b"}}}}"#,
        ],
        "spec.podSelector",
    ),
    (
        &[
            "annotate",
            "serviceaccount",
            "mcp-server",
            "eks.amazonaws.com/role-arn=arn:aws:iam::1:role/x",
        ],
        "annotations[eks.amazonaws.com/role-arn]",
    ),
    (
        &[
            "set",
            "env",
            "deployment/mcp-server",
            "AWS_ROLE_ARN=arn:aws:iam::1:role/x",
        ],
        "containers[mcp-server].env[AWS_ROLE_ARN]: changed",
    ),
    (
        &[
            "patch",
            "deployment",
            "mcp-server",
            "-p",
            r#"{"spec":{"template":{"spec":{"shareProcessNamespace":true}}}}"#,
        ],
        "spec.template.spec.shareProcessNamespace: true -> removed",
    ),
    (
        &[
            "patch",
            "service",
            "mcp-server",
            "-p",
            r#"{"spec":{"selector":{"extra":"key"}}}"#,
        ],
        "spec.selector",
    ),
    (
        &[
            "patch",
            "service",
            "mcp-server",
            "-p",
            r#"{"spec":{"externalIPs":["10.9.9.9"]}}"#,
        ],
        "spec.externalIPs",
    ),
    (
        &[
            "patch",
            "resourcequota",
            "tenant",
            "-p",
            r#"{"spec":{"hard":{"configmaps":"1"}}}"#,
        ],
        "spec.hard.configmaps",
    ),
];

#[test]
fn what_was_added_by_hand_is_seen_and_taken_out() {
    let world = World::new("added");
    let _ = world.mcpctl(&["tenant", "add", "added"]).expect(0);
    for (change, named) in ADDED_BY_HAND {
        let mut args = vec!["-n", "mcp-added"];
        args.extend(change);
        world.kubectl(&args);
        let diff = world.mcpctl(&["tenant", "diff", "added"]).expect(1);
        assert!(
            diff.stdout.contains(named),
            "diff does not name `{named}`:\n{diff}"
        );
        let _ = world.mcpctl(&["tenant", "add", "added"]).expect(0);
        let clean = world.mcpctl(&["tenant", "diff", "added"]).expect(0);
        assert_eq!(clean.stdout, "", "{clean}");
    }
    // When pods were restarted concerns nobody.
    world.kubectl(&[
        "-n",
        "mcp-added",
        "rollout",
        "restart",
        "deployment/mcp-server",
    ]);
    let _ = world.mcpctl(&["tenant", "diff", "added"]).expect(0);
}

#[test]
fn the_platforms_policies_are_kept_as_they_are() {
    let sandbox = mcpctl_sandbox::Sandbox::start(&mcpctl_sandbox::Options {
        progress: false,
        ..Default::default()
    })
    .expect("a sandbox");
    let world = World::in_sandbox(&sandbox, "kept");
    let _ = world.mcpctl(&["platform", "apply"]).expect(0);
    let policy = "validatingadmissionpolicy/mcpctl-identity";
    let binding = "validatingadmissionpolicybinding/mcpctl-identity";
    let changes: [(&str, &str, &str); 5] = [
        (
            policy,
            r#"{"spec":{"matchConditions":[{"name":"x","expression":"false"}]}}"#,
            "spec.matchConditions",
        ),
        (
            binding,
            r#"{"spec":{"matchResources":{"objectSelector":{"matchLabels":{"a":"b"}}}}}"#,
            "objectSelector",
        ),
        (
            binding,
            r#"{"spec":{"matchResources":{"namespaceSelector":{"matchLabels":{"a":"b"}}}}}"#,
            "namespaceSelector",
        ),
        (
            binding,
            r#"{"spec":{"validationActions":["Warn"]}}"#,
            "spec.validationActions",
        ),
        (
            binding,
            r#"{"spec":{"validationActions":["Deny","Audit"]}}"#,
            "spec.validationActions",
        ),
    ];
    for (object, patch, named) in changes {
        world.kubectl(&["patch", object, "--type=merge", "-p", patch]);
        let diff = world.mcpctl(&["platform", "diff"]);
        assert_eq!(
            diff.code,
            1,
            "{patch}: {}",
            world.kubectl(&["get", object, "-o", "yaml", "--show-managed-fields"])
        );
        assert!(diff.stdout.contains(named), "{diff}");
        let _ = world.mcpctl(&["platform", "apply"]).expect(0);
        let clean = world.mcpctl(&["platform", "diff"]).expect(0);
        assert_eq!(clean.stdout, "", "{clean}");
    }
    // A class that tenants use does not go by being renamed.
    let _ = world.mcpctl(&["tenant", "add", "kept"]).expect(0);
    world.settings("maxPerGroup: 1000", "class: other, maxPerGroup: 1000");
    let _ = world
        .mcpctl(&["platform", "apply"])
        .expect(3)
        .says(&["tenants would lose their protection: kept"]);
    let classes: Value =
        serde_json::from_str(&world.kubectl(&["get", "ingressclass", "mcp", "-o", "json"]))
            .expect("a class");
    assert_eq!(classes["metadata"]["name"], "mcp");
}
