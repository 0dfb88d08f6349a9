//! What happens to pods when EKS's webhook or the admission policy lets a tenant down. Of all pods that anybody asks for
//! in a tenant's namespace, none is admitted without the variable: that is read off the API server's audit log.

use std::{
    io::{BufRead, BufReader},
    time::Duration,
};

use mcpctl_sandbox::AuditEvent;

use crate::{pace::wait_until, world::World};

mod unhooked;
mod weakened;
mod whole_cluster;

const VARIABLE: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

/// The pods that anybody asked for, those that are not stored left out.
fn asked_for(world: &World<'_>, namespace: &str) -> Vec<AuditEvent> {
    let mut events = world
        .sandbox
        .pods_asked_for(namespace)
        .expect("the audit log");
    events.retain(|event| !event.dry_run);
    events
}

fn is_admitted(event: &AuditEvent) -> bool {
    (200..300).contains(&event.code)
}

/// Whoever made them: a controller, a person, we.
#[track_caller]
pub(crate) fn no_pod_lacks_credentials(world: &World<'_>, namespace: &str) {
    let events = asked_for(world, namespace);
    let admitted: Vec<_> = events.iter().filter(|event| is_admitted(event)).collect();
    assert!(!admitted.is_empty(), "no pod was made in {namespace}");
    for event in admitted {
        let pod = event.admitted.as_ref().expect("what was admitted");
        let spec = &pod["spec"];
        let containers = ["containers", "initContainers"].map(|list| spec[list].as_array());
        for container in containers.into_iter().flatten().flatten() {
            let env = container["env"].as_array().into_iter().flatten();
            let mut names = env.map(|variable| &variable["name"]);
            assert!(names.any(|name| name == VARIABLE), "{pod:#}");
        }
    }
}

fn is_refused_a_pod(world: &World<'_>, namespace: &str) -> bool {
    let events = asked_for(world, namespace);
    events.iter().any(|event| event.code == 403)
}

fn pods(world: &World<'_>, namespace: &str) -> Vec<String> {
    let names = world.kubectl(&["-n", namespace, "get", "pods", "-o", "name"]);
    names.lines().map(str::to_string).collect()
}

fn delete_pods(world: &World<'_>, namespace: &str) {
    world.kubectl(&["-n", namespace, "delete", "pods", "--all", "--wait=true"]);
}

#[test]
fn without_a_delay_nothing_is_waited_for() {
    let world = World::new("delay-none");
    let run = world.mcpctl(&["tenant", "add", "delay-none"]).expect(0);
    let _ = run.says(&["Deployment mcp-delay-none/mcp-server identity gate open\n"]);
    no_pod_lacks_credentials(&world, "mcp-delay-none");
    assert!(!is_refused_a_pod(&world, "mcp-delay-none"));
}

#[test]
fn a_long_delay_is_waited_for() {
    let world = World::new("delay-long");
    let delay = Duration::from_secs(20);
    world.sandbox.webhook_delay("mcp-delay-long", delay);
    let run = world.mcpctl(&["tenant", "add", "delay-long"]).expect(0);
    let _ = run.says(&[
        "a pod would get no credentials yet; waits at most ",
        "identity gate open after ",
    ]);
    no_pod_lacks_credentials(&world, "mcp-delay-long");
    assert!(!is_refused_a_pod(&world, "mcp-delay-long"));
}

#[test]
fn who_waits_for_long_hears_what_was_looked_at() {
    let world = World::new("delay-told");
    let namespace = "mcp-delay-told";
    let forever = Duration::from_hours(1);
    world.sandbox.webhook_delay(namespace, forever);
    let mut child = world.start(&["tenant", "add", "delay-told"]);
    let mut said = BufReader::new(child.stderr.take().expect("stderr")).lines();
    let told = said.find(|line| {
        let line = line.as_ref().expect("a line");
        line.contains("mcp-server: no credentials after ")
            && line.contains("nothing wrong is found: service account, association a-")
    });
    assert!(told.is_some(), "it does not say what it looked at");
    world.sandbox.webhook_delay(namespace, Duration::ZERO);
    // Who no longer reads would end it.
    said.for_each(drop);
    assert!(child.wait().expect("an end").success());
    no_pod_lacks_credentials(&world, namespace);
}

/// The API server gives up after the webhook's time limit and admits the pod as it is; the policy does not.
#[test]
fn a_webhook_that_hangs_lets_no_pod_through() {
    let world = World::new("hanging");
    world.sandbox.webhook_hangs("mcp-hanging", true);
    let args = ["tenant", "add", "hanging", "--timeout", "20s"];
    let _ = world.mcpctl(&args).expect(4).says(&[
        "no pod of it would get its credentials",
        "the webhook does not answer: the API server gives up after 5 s and lets the pod go without",
    ]);
    assert_eq!(asked_for(&world, "mcp-hanging").len(), 0);
    world.sandbox.webhook_hangs("mcp-hanging", false);
    let _ = world.mcpctl(&["tenant", "add", "hanging"]).expect(0);

    world.sandbox.webhook_hangs("mcp-hanging", true);
    delete_pods(&world, "mcp-hanging");
    wait_until(|| is_refused_a_pod(&world, "mcp-hanging"));
    wait_until(|| {
        let shown = world.mcpctl(&["tenant", "status", "hanging"]).expect(0);
        let says = |text: &str| shown.stdout.contains(text);
        says("state        not ready\n") && says("no Pod Identity credentials were injected")
    });
    world.sandbox.webhook_hangs("mcp-hanging", false);
    let _ = world.mcpctl(&["tenant", "add", "hanging"]).expect(0);
    no_pod_lacks_credentials(&world, "mcp-hanging");
}

/// Somebody deletes the association, and the webhook has not heard of it: pods come with variables that lead nowhere.
#[test]
fn a_webhook_that_is_behind_hides_no_missing_association() {
    let world = World::new("behind");
    let _ = world.mcpctl(&["tenant", "add", "behind"]).expect(0);
    world.sandbox.webhook_is_stale("mcp-behind", true);
    world.delete_association(&world.association_id());
    delete_pods(&world, "mcp-behind");
    wait_until(|| !pods(&world, "mcp-behind").is_empty());
    let made = pods(&world, "mcp-behind");

    let diff = world.mcpctl(&["tenant", "diff", "behind"]).expect(1);
    for line in [
        "  + PodIdentityAssociation behind",
        "  ! Deployment mcp-behind/mcp-server: pods restart, since their identity changes",
    ] {
        assert!(diff.stdout.contains(line), "{diff}");
    }
    let shown = world.mcpctl(&["tenant", "status", "behind"]).expect(0);
    assert!(
        shown.stdout.contains("state        no association\n"),
        "{shown}"
    );
    let added = world.mcpctl(&["tenant", "add", "behind"]).expect(0);
    assert_ne!(made, pods(&world, "mcp-behind"), "{added}");
    let _ = world.mcpctl(&["tenant", "diff", "behind"]).expect(0);
    no_pod_lacks_credentials(&world, "mcp-behind");
}
