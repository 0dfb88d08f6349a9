//! Differences that the API server leaves as they are, or puts back at once.

use super::{
    custom::{define, widget},
    world,
};

#[test]
fn a_default_that_was_changed_by_hand_is_put_back_and_is_no_difference_then() {
    let (world, group) = (world("own-default"), "own-default.example.com");
    define(&world, group, "Namespaced");
    widget(&world, group, "{mode: manual}");
    let (add, diff) = (
        ["tenant", "add", "own-default"],
        ["tenant", "diff", "own-default"],
    );
    world.mcpctl(&add).expect(0);
    let name = format!("widgets.{group}");
    let patch = r#"{"spec": {"limit": {"rate": 9}}}"#;
    world.kubectl(&[
        "-n",
        "mcp-own-default",
        "patch",
        &name,
        "own",
        "--type=merge",
        "-p",
        patch,
    ]);
    insta::assert_snapshot!(world.mcpctl(&diff).expect(1).stdout, @r#"
    tenant own-default
      ~ Widget mcp-own-default/own
          spec.limit: {"rate":9} -> removed   (changed by kubectl-patch)
    0 to create, 1 to change, 0 to delete
    "#);
    world.mcpctl(&add).expect(0);
    let rate = [
        "-n",
        "mcp-own-default",
        "get",
        &name,
        "own",
        "-o",
        "jsonpath={.spec.limit.rate}",
    ];
    assert_eq!(world.kubectl(&rate), "5");
    world.mcpctl(&diff).expect(0);

    let since = world.audit().len();
    world.mcpctl(&add).expect(0).says(&["nothing to do"]);
    let wrote = |event: &mcpctl_sandbox::AuditEvent| event.verb == "patch" && !event.dry_run;
    assert!(!world.audit()[since..].iter().any(wrote));

    // Beside a change that is one, it is not told either.
    widget(&world, group, "{mode: auto}");
    insta::assert_snapshot!(world.mcpctl(&diff).expect(1).stdout, @r#"
    tenant own-default
      ~ Widget mcp-own-default/own
          spec.mode: "manual" -> "auto"
    0 to create, 1 to change, 0 to delete
    "#);
    world.mcpctl(&add).expect(0);
    world.mcpctl(&diff).expect(0);
}

#[test]
fn what_the_api_drops_or_spells_otherwise_is_no_difference() {
    let world = world("own-spelling");
    let built_in = include_str!("../../../templates/tenant/deployment.yaml.j2");
    let line = "      enableServiceLinks: false\n";
    let own = built_in.replace(line, &format!("{line}      hostNetwork: false\n"));
    assert_ne!(own, built_in);
    world.write("templates/tenant/deployment.yaml.j2", &own);
    let scaler = "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: mcp-server
  namespace: {{ names.namespace }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: mcp-server}
  maxReplicas: 3
  metrics:
    - type: Pods
      pods: {metric: {name: requests}, target: {type: AverageValue, averageValue: \"1.5\"}}
";
    world.write("templates/tenant/scaler.yaml.j2", scaler);
    let (add, diff) = (
        ["tenant", "add", "own-spelling"],
        ["tenant", "diff", "own-spelling"],
    );
    world.mcpctl(&add).expect(0);
    world.mcpctl(&diff).expect(0);
    world.mcpctl(&add).expect(0).says(&["nothing to do"]);
    // The status says what the diff says.
    let status = || {
        let run = world
            .mcpctl(&["tenant", "status", "own-spelling"])
            .expect(0);
        let lines = run.stdout.lines().map(str::to_string);
        let told = ["state ", "problem ", "kubernetes ", "  ~ "];
        let told = lines.filter(|line| told.iter().any(|start| line.starts_with(start)));
        told.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(status(), @"
    state        ok
    kubernetes   present, no drift
    ");
    world.write(
        "templates/tenant/scaler.yaml.j2",
        &scaler.replace("maxReplicas: 3", "maxReplicas: 4"),
    );
    insta::assert_snapshot!(world.mcpctl(&diff).expect(1).stdout, @"
    tenant own-spelling
      ~ HorizontalPodAutoscaler mcp-own-spelling/mcp-server
          spec.maxReplicas: 3 -> 4
    0 to create, 1 to change, 0 to delete
    ");
    insta::assert_snapshot!(status(), @"
    state        drift
    kubernetes   present, 1 change
      ~ update HorizontalPodAutoscaler mcp-own-spelling/mcp-server: spec.maxReplicas
    ");
}
