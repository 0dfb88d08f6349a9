//! What the README promises: its commands, its transcript, its exit codes.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use mcpctl_sandbox::{Options, Sandbox};

use super::{examples, quickstart};
use crate::world::{Run, offline};

const README: &str = include_str!("../../../README.md");

/// The lines of the README's code blocks of a language, by block.
fn blocks(language: &str) -> Vec<Vec<&'static str>> {
    let mut blocks = Vec::new();
    let mut lines = README.lines();
    while lines.by_ref().any(|line| line == format!("```{language}")) {
        blocks.push(lines.by_ref().take_while(|line| *line != "```").collect());
    }
    blocks
}

/// What a command of the README ends with, and what stderr then says: `# exit code 4: text`, or nothing for success.
fn promised(command: &str) -> (i32, &str) {
    let Some((_, promise)) = command.split_once("# exit code ") else {
        return (0, "");
    };
    let (code, said) = promise.split_once(": ").unwrap_or((promise, ""));
    (code.parse().expect("an exit code"), said)
}

/// In their order, in one shell each, on a cluster of their own.
#[test]
fn the_commands_of_the_readme_work() {
    let sandbox = Sandbox::start(&Options::default()).expect("the sandbox starts");
    sandbox
        .cluster("prod")
        .expect("the cluster of examples/mcpctl.yaml");
    let kubectl = PathBuf::from(sandbox.kubectl().get_program());
    let programs = [Path::new(env!("CARGO_BIN_EXE_mcpctl")), kubectl.as_path()];
    let path: Vec<String> = programs
        .iter()
        .filter_map(|program| Some(program.parent()?.display().to_string()))
        .chain(["/usr/bin".into(), "/bin".into()])
        .collect();
    let kubeconfig = sandbox.kubeconfig_for_cluster("prod", "reader", &["system:masters"]);
    let kubeconfig = kubeconfig.expect("a kubeconfig");
    let commands = blocks("sh").concat();
    let commands: Vec<_> = commands
        .iter()
        .filter(|line| {
            ["mcpctl", "kubectl"]
                .iter()
                .any(|name| line.split(' ').any(|word| word == *name))
        })
        .collect();
    assert!(commands.len() > 40, "{commands:?}");
    for command in commands {
        let mut shell = Command::new("bash");
        shell
            .args(["-o", "pipefail", "-c", command])
            .current_dir(examples())
            .env_clear()
            .env("PATH", path.join(":"))
            .env("KUBECONFIG", &kubeconfig)
            .env("KUBECACHEDIR", env!("CARGO_TARGET_TMPDIR"))
            .envs(sandbox.aws_env("README"));
        let run = Run::of(&mut shell);
        let (code, said) = promised(command);
        assert_eq!(run.code, code, "{command}\n{run}");
        assert!(run.stderr.contains(said), "{command}\n{run}");
    }
}

/// Each transcript, in order. `[...]` stands for lines left out; lines of things that happen at the same time may come
/// in any order, so others of them may lie between.
#[test]
fn the_transcript_of_the_readme_is_what_the_quickstart_prints() {
    let printed: Vec<String> = quickstart().stdout.lines().map(settled).collect();
    let blocks = blocks("console");
    assert!(!blocks.is_empty(), "the README has no transcript");
    for block in blocks {
        let mut rest = printed.as_slice();
        for piece in block.split(|line| *line == "[...]") {
            let piece: Vec<String> = piece.iter().map(|line| settled(line)).collect();
            let found = (0..rest.len()).find_map(|at| after(&rest[at..], &piece));
            rest = found.unwrap_or_else(|| {
                panic!(
                    "the README's transcript says\n{}\nbut the quickstart prints\n{}",
                    piece.join("\n"),
                    rest.join("\n")
                )
            });
        }
    }
}

/// What follows `piece` in `lines`, if they begin with it.
fn after<'a>(mut lines: &'a [String], piece: &[String]) -> Option<&'a [String]> {
    for (number, wanted) in piece.iter().enumerate() {
        while number > 0 && lines.first()? != wanted && is_event(&lines[0]) {
            lines = &lines[1..];
        }
        lines = lines.strip_prefix(std::slice::from_ref(wanted))?;
    }
    Some(lines)
}

fn is_event(line: &str) -> bool {
    line.starts_with("  ✓ ") || line.starts_with("  … ")
}

/// A line without what differs from run to run: ids of associations, and seconds.
fn settled(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let settle = |(at, word): (usize, &&str)| {
        let id = word
            .strip_prefix("a-")
            .is_some_and(|id| id.len() > 12 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        match words.get(at + 1) {
            _ if id => "a-ID".into(),
            Some(&"s") if word.parse::<f64>().is_ok() => "N".into(),
            _ => (*word).to_owned(),
        }
    };
    let settled: Vec<String> = words.iter().enumerate().map(settle).collect();
    settled.join(" ")
}

#[test]
fn the_exit_codes_of_the_readme_are_those_of_the_help() {
    let help = Run::of(&mut offline(&examples(), &["--help"]))
        .expect(0)
        .stdout;
    let (_, listed) = help
        .split_once("Exit codes:\n")
        .expect("a list of exit codes");
    let rows = |line: &str| {
        let (code, meaning) = line.trim().split_once("  ")?;
        Some(format!("| {code} | {} |", meaning.trim()))
    };
    let listed: Vec<String> = listed.lines().filter_map(rows).collect();
    let (_, table) = README
        .split_once("| code | meaning |\n|---|---|\n")
        .expect("a table");
    let table: Vec<&str> = table
        .lines()
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert_eq!(table, listed);
}
