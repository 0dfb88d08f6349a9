//! Every verb explains itself: --help, examples, manual pages.

use std::fmt::Write as _;

use clap::{Command, CommandFactory};
use mcpctl::cli::Cli;

use crate::desk::Desk;

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
        &["tenant", "show"],
        &["tenant", "status"],
        &["template"],
        &["template", "export"],
        &["policy"],
        &["policy", "lint"],
        &["completion"],
        &["man"],
    ] {
        let run = desk.mcpctl(&[verb, &["--help"]].concat()).expect(0);
        assert_eq!(run.stderr, "", "{run}");
        let command = [verb, &["--help"]].concat().join(" ");
        _ = writeln!(whole, "$ mcpctl {command}\n{}", run.stdout);
    }
    insta::assert_snapshot!(whole);
}

/// Every command of the tree with the words that lead to it.
fn commands(command: &Command, path: &str, all: &mut Vec<(String, Command)>) {
    for verb in command.get_subcommands() {
        commands(verb, &format!("{path} {}", verb.get_name()), all);
    }
    all.push((path.into(), command.clone()));
}

fn every_command() -> Vec<(String, Command)> {
    let mut all = Vec::new();
    commands(&Cli::command(), "mcpctl", &mut all);
    all
}

/// The commands of mcpctl in a line as one would type it into a shell.
fn typed(line: &str) -> Vec<Vec<&str>> {
    let parts = line
        .split(['|', '(', ')', ';'])
        .filter(|part| !part.is_empty());
    let words = parts.map(|part| {
        let words = part.split_whitespace();
        words.take_while(|word| *word != ">").collect::<Vec<_>>()
    });
    words
        .filter(|words| words.first() == Some(&"mcpctl"))
        .collect()
}

#[test]
fn every_verb_has_examples_that_parse() {
    for (path, verb) in every_command() {
        if verb.has_subcommands() {
            continue;
        }
        let help = verb
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let examples = help.strip_prefix("Examples:\n");
        let examples = examples.unwrap_or_else(|| panic!("`{path}` has no examples"));
        assert!(
            examples.contains(&path),
            "`{path}` does not show itself: {examples}"
        );
        for line in examples.lines() {
            let commands = typed(line);
            assert!(!commands.is_empty(), "`{line}` does not call mcpctl");
            for words in commands {
                let parsed = Cli::command().try_get_matches_from(&words);
                assert!(parsed.is_ok(), "{words:?}: {}", parsed.unwrap_err());
            }
        }
    }
}

#[test]
fn every_verb_has_a_manual_page() {
    let desk = Desk::new("man");
    for _ in 0..2 {
        let run = desk.mcpctl(&["man", "share/man1"]).expect(0);
        assert_eq!(run.stdout, "", "{run}");
    }
    let commands = every_command();
    let pages = desk.dir.join("share/man1");
    for (path, verb) in &commands {
        let page = std::fs::read_to_string(pages.join(format!("{}.1", path.replace(' ', "-"))));
        let page = page.unwrap_or_else(|error| panic!("no page for `{path}`: {error}"));
        assert!(page.contains(".TH "), "{page}");
        for flag in verb.get_arguments().filter_map(clap::Arg::get_long) {
            let flag = flag.replace('-', "\\-");
            assert!(
                page.contains(&flag),
                "`{path}` does not say --{flag}: {page}"
            );
        }
    }
    assert_eq!(
        std::fs::read_dir(pages).expect("pages").count(),
        commands.len()
    );
    let top = desk.mcpctl(&["man"]).expect(0);
    let written = std::fs::read_to_string(desk.dir.join("share/man1/mcpctl.1")).expect("a page");
    assert_eq!(top.stdout, written);
    desk.write("file", "");
    assert_eq!(
        desk.refusal(&["man", "file"]),
        "error: cannot write into file: File exists\n"
    );
}
