//! One bad Ingress blocks the load balancer that all share. Whoever waits for it is told whose it is.

use mcpctl_sandbox::{Options, Sandbox};

use crate::{
    lines::Lines,
    world::{Run, World},
};

/// An Ingress of somebody else's in the group.
const GUEST: &str = r"
apiVersion: v1
kind: Namespace
metadata: {name: team-x, labels: {mcpctl.dev/ingress-class: mcp}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: team-x}
spec:
  ingressClassName: mcp
  rules:
  - host: web.example.com
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
";

/// Changes an annotation of the guest: `name=value`, or `name-` to take it off.
fn annotate(world: &World<'_>, change: &str) {
    let change = format!("alb.ingress.kubernetes.io/{change}");
    world.kubectl(&[
        "-n",
        "team-x",
        "annotate",
        "ingress",
        "web",
        &change,
        "--overwrite",
    ]);
}

/// Makes the guest one that the controller complains of, and waits until it has done so.
fn spoil(world: &World<'_>, change: &str) {
    world.kubectl(&["-n", "team-x", "delete", "events", "--all"]);
    annotate(world, change);
    let about = "--field-selector=reason=FailedBuildModel";
    let seen = || {
        let found = world.kubectl(&["-n", "team-x", "get", "events", about, "-o", "name"]);
        !found.is_empty()
    };
    crate::pace::wait_until(seen);
}

#[test]
fn a_bad_ingress_of_another_is_named_and_waited_for_and_an_own_one_fails() {
    let sandbox = Sandbox::start(&Options::default()).expect("a sandbox of its own");
    let world = World::in_sandbox(&sandbox, "group");
    let _ = world.mcpctl(&["platform", "apply"]).expect(0);
    let _ = world.mcpctl(&["tenant", "add", "first"]).expect(0);
    let guest = world.write("guest.yaml", GUEST);
    world.kubectl(&["apply", "-f", &guest.display().to_string()]);
    added_when_the_other_is_mended(&world);
    changed_while_another_is_bad(&world);
    not_added_in_time(&world);
    removed_when_the_other_is_gone(&world);
    without_policy(&world);
    changed_for_the_worse(&world);
    an_own_one(&world);
}

fn added_when_the_other_is_mended(world: &World<'_>) {
    spoil(world, r#"listen-ports=[{"FTP": 21}]"#);
    let mut child = world.start(&["tenant", "add", "second"]);
    let mut said = Lines::of(&mut child);
    said.until("Ingress team-x/web blocks the shared load balancer for all its members: listen protocol must be HTTP or HTTPS: FTP");
    annotate(world, "listen-ports-");
    said.until("tenant `second` is ready");
    let _ = Run::at_end_of(child).expect(0);
}

const HEALTH: [&str; 5] = ["tenant", "add", "second", "--set", "health.path=/live"];

/// The tenant is ready as it was, but what was changed does not hold, which no rollout shows.
fn changed_while_another_is_bad(world: &World<'_>) {
    spoil(world, r#"listen-ports=[{"FTP": 21}]"#);
    for add in [&HEALTH[..], &HEALTH[..3]] {
        let _ = world.mcpctl(add).expect(0).says(&[
            "warning: what was changed at Ingress mcp-second/mcp-server has no effect yet: Ingress team-x/web blocks the shared load balancer for all its members: listen protocol must be HTTP or HTTPS: FTP; mend or remove that one",
        ]);
    }
    annotate(world, "listen-ports-");
    let quiet = || {
        let run = world.mcpctl(&HEALTH[..3]).expect(0);
        !run.stderr.contains("warning: what was changed")
    };
    crate::pace::wait_until(quiet);
}

/// The Ingress has an address already, and a template makes one of it that the controller refuses.
fn changed_for_the_worse(world: &World<'_>) {
    let own = "templates/tenant/ingress.yaml.j2";
    let built_in = include_str!("../../templates/tenant/ingress.yaml.j2");
    let line = "    alb.ingress.kubernetes.io/target-type: ip\n";
    let bad = format!("{line}    alb.ingress.kubernetes.io/conditions.mcp-server: nonsense\n");
    world.settings("defaults:", "templates: templates\ndefaults:");
    world.write(own, &built_in.replace(line, &bad));
    let why = "Ingress mcp-second/mcp-server of tenant `second` blocks the shared load balancer for all its members: failed to parse json annotation";
    // Said once more by the run after it, which has nothing to write.
    for _ in 0..2 {
        let add = world.mcpctl(&HEALTH[..3]).expect(4);
        let _ = add.says(&[
            "Deployment mcp-second/mcp-server does not become ready",
            why,
        ]);
    }
    world.write(own, built_in);
    let _ = world
        .mcpctl(&HEALTH[..3])
        .expect(0)
        .says(&["tenant `second` is ready"]);
    world.settings("templates: templates\n", "");
}

fn not_added_in_time(world: &World<'_>) {
    spoil(world, "load-balancer-attributes=nonsense");
    let _ = world
        .mcpctl(&["tenant", "add", "third", "--timeout", "10s"])
        .expect(4)
        .says(&[
            "Ingress has no address yet",
            "Ingress team-x/web blocks the shared load balancer",
            "hint: mend or remove that one: kubectl -n team-x describe ingress web",
        ]);
}

fn removed_when_the_other_is_gone(world: &World<'_>) {
    let mut child = world.start(&["tenant", "remove", "first", "--yes"]);
    let mut said = Lines::of(&mut child);
    said.until(
        "finalizer group.ingress.k8s.aws/mcp; Ingress team-x/web blocks the shared load balancer",
    );
    annotate(world, "load-balancer-attributes-");
    said.until("nothing of it is left");
    let _ = Run::at_end_of(child).expect(0);
}

/// The policy keeps tenants from all that follows.
fn without_policy(world: &World<'_>) {
    world.kubectl(&[
        "delete",
        "validatingadmissionpolicybinding",
        "mcpctl-ingress",
    ]);
    let attributes = "alb.ingress.kubernetes.io/load-balancer-attributes=nonsense";
    let annotate = [
        "annotate",
        "ingress",
        "mcp-server",
        attributes,
        "--dry-run=server",
    ];
    // The API server forgets a policy a moment after it is gone.
    crate::pace::wait_until(|| {
        let mut kubectl = world.sandbox.kubectl();
        Run::of(kubectl.args(["-n", "mcp-second"]).args(annotate)).code == 0
    });
}

fn an_own_one(world: &World<'_>) {
    world.sandbox.hold_ingress("mcp-fourth", true);
    let _ = world
        .mcpctl(&["tenant", "add", "fourth", "--wait", "applied"])
        .expect(0);
    let attributes = "alb.ingress.kubernetes.io/load-balancer-attributes=nonsense";
    let manager = "--field-manager=some-controller";
    let annotate = ["annotate", "ingress", "mcp-server", attributes, manager];
    world.kubectl(&[&["-n", "mcp-fourth"], &annotate[..]].concat());
    world.sandbox.hold_ingress("mcp-fourth", false);
    let own = "Ingress mcp-fourth/mcp-server of tenant `fourth` blocks the shared load balancer";
    let _ = world
        .mcpctl(&["tenant", "add", "fourth"])
        .expect(4)
        .says(&[own]);
    let _ = world
        .mcpctl(&["tenant", "remove", "fourth", "--yes"])
        .expect(4)
        .says(&[
            "Ingress mcp-fourth/mcp-server cannot go",
            own,
            "hint: it is being deleted and cannot go: kubectl -n mcp-fourth annotate ingress mcp-server alb.ingress.kubernetes.io/load-balancer-attributes-",
        ]);
}
