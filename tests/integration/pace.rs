//! How far a run is: held at one of its calls to AWS, told to stop by a signal, or waited for.

use std::{
    process::{Child, Command},
    time::{Duration, Instant},
};

use mcpctl_sandbox::{AwsRule, AwsRuleHandle};

use crate::world::{Run, World};

/// How long what is sure to come may take.
const SOON: Duration = Duration::from_mins(1);

/// Asks again and again; each question is a call that takes its time.
pub(crate) fn wait_until(holds: impl Fn() -> bool) {
    let end = Instant::now() + SOON;
    while !holds() {
        assert!(Instant::now() < end, "it does not come to pass");
    }
}

/// Sends a signal, such as `-INT`.
pub(crate) fn send(signal: &str, pid: u32) {
    let status = Command::new("kill")
        .args([signal, &pid.to_string()])
        .status()
        .expect("kill");
    assert!(status.success());
}

/// A run that AWS has not answered yet.
pub(crate) struct Held<'a> {
    world: &'a World<'a>,
    pub(crate) child: Child,
    call: AwsRuleHandle,
}

impl<'a> Held<'a> {
    /// Starts a run and waits until it makes the call at which it is held.
    #[track_caller]
    pub(crate) fn at(world: &'a World<'a>, operation: &str, args: &[&str]) -> Self {
        let rule = AwsRule::on(operation).by(&world.access_key).once();
        let call = world.sandbox.aws_fault(rule);
        let child = world.start(args);
        assert!(call.wait_for_hits(1, SOON), "{operation} is not called");
        Self { world, child, call }
    }

    pub(crate) fn send(&self, signal: &str) {
        send(signal, self.child.id());
    }

    /// Lets the call go on; how the run ends.
    pub(crate) fn go_on(self) -> Run {
        self.call.release();
        Run::at_end_of(self.child)
    }

    /// How the run ends although its call is not answered.
    pub(crate) fn end(self) -> Run {
        let run = Run::at_end_of(self.child);
        self.call.release();
        run
    }

    /// Kills the run. Nobody is left to release the lock in the namespace: it would have to be waited for, or its holder
    /// declared dead as here.
    pub(crate) fn kill(mut self, namespace: &str) {
        self.child.kill().expect("a kill");
        self.child.wait().expect("an end");
        self.call.release();
        let lease = ["delete", "lease", "mcpctl", "--ignore-not-found"];
        self.world
            .kubectl(&[&["-n", namespace], &lease[..]].concat());
    }
}
