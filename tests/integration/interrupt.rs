//! Runs that end in the middle: the calls in flight end, what stands is said, and the same command completes.

use std::{process::Command, time::Duration};

use mcpctl_sandbox::AwsRule;

use crate::{
    lines::Lines,
    world::{Run, World},
};

const SOON: Duration = Duration::from_mins(1);

pub(crate) fn send(signal: &str, pid: u32) {
    let status = Command::new("kill")
        .args([signal, &pid.to_string()])
        .status()
        .expect("kill");
    assert!(status.success());
}

#[test]
fn an_interrupted_add_says_what_stands_and_completes_later() {
    let world = World::new("interrupted");
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let hold = world
            .sandbox
            .aws_fault(AwsRule::on("CreateRole").by(&world.access_key).once());
        let child = world.start(&["tenant", "add", "interrupted"]);
        assert!(hold.wait_for_hits(1, SOON), "the role is not created");
        send(signal, child.id());
        hold.release();
        let run = Run::from_output(child.wait_with_output().expect("an end")).expect(code);
        // The call that was in flight has ended, and its role stands.
        let run = run.says(&[
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
    let hold = world
        .sandbox
        .aws_fault(AwsRule::on("GetRole").by(&world.access_key).once());
    let child = world.start(&["tenant", "add", "early"]);
    assert!(hold.wait_for_hits(1, SOON), "the role is not read");
    send("-INT", child.id());
    let _ = Run::from_output(child.wait_with_output().expect("an end"))
        .expect(130)
        .says(&["nothing was written"]);
    hold.release();
}

#[test]
fn a_second_signal_does_not_wait() {
    let world = World::new("twice");
    let hold = world
        .sandbox
        .aws_fault(AwsRule::on("CreateRole").by(&world.access_key).once());
    let mut child = world.start(&["tenant", "add", "twice"]);
    assert!(hold.wait_for_hits(1, SOON), "the role is not created");
    send("-INT", child.id());
    wait_for_line(&mut child, "interrupted");
    send("-INT", child.id());
    let _ = Run::from_output(child.wait_with_output().expect("an end")).expect(130);
    hold.release();
}

/// Reads stderr until a line holds the text.
fn wait_for_line(child: &mut std::process::Child, text: &str) {
    use std::io::{BufRead, BufReader};
    let stderr = child.stderr.as_mut().expect("stderr is piped");
    let found = BufReader::new(stderr)
        .lines()
        .map_while(Result::ok)
        .any(|line| line.contains(text));
    assert!(found, "stderr never says {text}");
}

#[test]
fn killed_at_any_call_the_same_command_completes() {
    let world = World::new("killed");
    for operation in [
        "CreateRole",
        "PutRolePolicy",
        "CreatePodIdentityAssociation",
    ] {
        let hold = world
            .sandbox
            .aws_fault(AwsRule::on(operation).by(&world.access_key).once());
        let mut child = world.start(&["tenant", "add", "killed"]);
        assert!(hold.wait_for_hits(1, SOON), "{operation} is not called");
        send("-KILL", child.id());
        child.wait().expect("an end");
        hold.release();
        // Nobody is left to release the lock: it has to be waited for, or its holder declared dead as here.
        world.kubectl(&[
            "-n",
            "mcp-killed",
            "delete",
            "lease",
            "mcpctl",
            "--ignore-not-found",
        ]);
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
    let hold = world.sandbox.aws_fault(
        AwsRule::on("DeletePodIdentityAssociation")
            .by(&world.access_key)
            .once(),
    );
    let child = world.start(&["tenant", "remove", "halfgone", "--yes"]);
    assert!(
        hold.wait_for_hits(1, SOON),
        "the association is not deleted"
    );
    send("-INT", child.id());
    hold.release();
    let run = Run::from_output(child.wait_with_output().expect("an end")).expect(130);
    let _ = run.says(&[
        "stands: deleted ",
        "PodIdentityAssociation halfgone",
        "not begun: Role halfgone",
    ]);
    let _ = world
        .mcpctl(&["tenant", "remove", "halfgone", "--yes"])
        .expect(0);
    let _ = world
        .mcpctl(&["tenant", "remove", "halfgone", "--yes"])
        .expect(0)
        .says(&["nothing to remove"]);
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
