//! Every verb explains itself, and shells complete them.

use std::fmt::Write as _;

use crate::{desk::Desk, world::Run};

#[test]
fn the_help_of_every_verb() {
    let desk = Desk::new("help");
    let mut whole = String::new();
    for verb in [
        &[][..],
        &["platform"],
        &["platform", "render"],
        &["platform", "apply"],
        &["platform", "diff"],
        &["platform", "remove"],
        &["tenant"],
        &["tenant", "add"],
        &["tenant", "diff"],
        &["tenant", "remove"],
        &["tenant", "list"],
        &["completion"],
    ] {
        let run = desk.mcpctl(&[verb, &["--help"]].concat()).expect(0);
        assert_eq!(run.stderr, "", "{run}");
        let command = [verb, &["--help"]].concat().join(" ");
        _ = writeln!(whole, "$ mcpctl {command}\n{}", run.stdout);
    }
    insta::assert_snapshot!(whole);
}

#[test]
fn the_shells_complete_every_verb() {
    let desk = Desk::new("completion");
    for shell in ["bash", "zsh", "fish"] {
        let Run { stdout, .. } = desk.mcpctl(&["completion", shell]).expect(0);
        for word in [
            "mcpctl",
            "tenant",
            "platform",
            "completion",
            "add",
            "diff",
            "remove",
            "list",
            "dry-run",
            "policy",
        ] {
            assert!(stdout.contains(word), "{shell} does not complete {word}");
        }
    }
}
