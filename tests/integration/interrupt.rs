//! Runs that end in the middle: the calls in flight end, what stands is said, and the same command completes.

use crate::{
    lines::Lines,
    pace::{Held, send},
    world::World,
};

#[test]
fn an_interrupted_add_says_what_stands_and_completes_later() {
    let world = World::new("interrupted");
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let run = Held::at(&world, "CreateRole", &["tenant", "add", "interrupted"]);
        run.send(signal);
        // The call that was in flight has ended, and its role stands.
        let run = run.go_on().expect(code).says(&[
            "interrupted",
            "stands: created",
            "Role interrupted",
            "not begun:",
            "same command",
        ]);
        assert!(!run.stderr.contains("✓ PodIdentityAssociation"), "{run}");
        let leases = world.kubectl(&["-n", "mcp-interrupted", "get", "leases", "-o", "name"]);
        assert_eq!(leases, "", "the lock was not released");
        let _ = world.mcpctl(&["tenant", "add", "interrupted"]).expect(0);
        let _ = world.mcpctl(&["tenant", "diff", "interrupted"]).expect(0);
        let _ = world
            .mcpctl(&["tenant", "remove", "interrupted", "--yes"])
            .expect(0);
    }
}

#[test]
fn a_signal_before_the_first_write_ends_at_once() {
    let world = World::new("early");
    let run = Held::at(&world, "GetRole", &["tenant", "add", "early"]);
    run.send("-INT");
    let _ = run.end().expect(130).says(&["nothing was written"]);
}

#[test]
fn a_second_signal_does_not_wait() {
    let world = World::new("twice");
    let mut run = Held::at(&world, "CreateRole", &["tenant", "add", "twice"]);
    run.send("-INT");
    let mut said = Lines::of(&mut run.child);
    said.until("interrupted");
    run.send("-INT");
    let _ = run.end().expect(130);
}

#[test]
fn killed_at_any_call_the_same_command_completes() {
    let world = World::new("killed");
    for operation in [
        "CreateRole",
        "PutRolePolicy",
        "CreatePodIdentityAssociation",
    ] {
        Held::at(&world, operation, &["tenant", "add", "killed"]).kill("mcp-killed");
        let _ = world.mcpctl(&["tenant", "add", "killed"]).expect(0);
        let _ = world.mcpctl(&["tenant", "diff", "killed"]).expect(0);
        let _ = world
            .mcpctl(&["tenant", "remove", "killed", "--yes"])
            .expect(0);
    }
}

#[test]
fn an_interrupted_removal_is_completed_by_the_same_command() {
    let world = World::new("halfgone");
    let _ = world.mcpctl(&["tenant", "add", "halfgone"]).expect(0);
    let remove = ["tenant", "remove", "halfgone", "--yes"];
    let run = Held::at(&world, "DeletePodIdentityAssociation", &remove);
    run.send("-INT");
    let _ = run.go_on().expect(130).says(&[
        "stands: deleted ",
        "PodIdentityAssociation halfgone",
        "not begun: Role halfgone",
    ]);
    let _ = world.mcpctl(&remove).expect(0);
    let again = world.mcpctl(&remove).expect(0);
    let _ = again.says(&["nothing to remove"]);
}

/// Whoever hears of the signal first, the run or the step that waits, it is no good end.
#[test]
fn a_signal_while_something_is_awaited_is_no_good_end() {
    let world = World::new("waited-on");
    let unready = "annotations={sandbox.test/state: Unready}";
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let mut child = world.start(&["tenant", "add", "waited-on", "--set", unready]);
        let mut said = Lines::of(&mut child);
        said.until("Deployment mcp-waited-on/mcp-server: 0 of 1 pods ready");
        send(signal, child.id());
        said.until("error: tenant `waited-on`: interrupted");
        assert_eq!(child.wait().expect("an end").code(), Some(code));

        let mut child = world.start(&["tenant", "remove", "waited-on", "--yes"]);
        let mut said = Lines::of(&mut child);
        said.until("Namespace mcp-waited-on deleted");
        send(signal, child.id());
        said.until("error: tenant `waited-on`: interrupted");
        assert_eq!(child.wait().expect("an end").code(), Some(code));
        let _ = world
            .mcpctl(&["tenant", "remove", "waited-on", "--yes"])
            .expect(0);
    }
}
