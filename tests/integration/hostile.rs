//! Surroundings that are not as they should be: homes, directories, terminals, locales, names that are not text.

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt, process::Command};

use crate::{
    desk::Desk,
    pty::{self, like},
    world::{Run, World, offline},
};

mod flags;
mod streams;

const DRY_RUN: [&str; 4] = ["tenant", "add", "acme", "--dry-run"];
/// Not UTF-8.
const NO_TEXT: &[u8] = b"na\xffme";

fn no_text() -> &'static OsStr {
    OsStr::from_bytes(NO_TEXT)
}

#[test]
fn a_home_that_is_missing_or_cannot_be_written() {
    let desk = Desk::new("home");
    let world = World::new("home");
    let stream = desk.stream(&[]);
    // Nothing can be made in /proc, not even by root.
    for home in ["/nowhere", "/proc", "/dev/null", ""] {
        let mut command = offline(&desk.dir, &DRY_RUN);
        let run = Run::of(command.env("HOME", home)).expect(0);
        assert_eq!((run.stdout, run.stderr), (stream.clone(), String::new()));
        let mut command = offline(&desk.dir, &["tenant", "list"]);
        let run = Run::of(command.env("HOME", home)).expect(6);
        let _ = run.says(&[
            "no kubeconfig has a current context",
            "no credentials found",
        ]);
        let mut command = world.command(&["tenant", "list"]);
        let _ = Run::of(command.env("HOME", home)).expect(0);
    }
    // Where it holds a kubeconfig, its name may be anything.
    let mut command = world.command(&["tenant", "list"]);
    let home = world.dir.join(no_text());
    fs::create_dir_all(home.join(".kube")).expect("a directory");
    fs::copy(&world.kubeconfig, home.join(".kube/config")).expect("a copy");
    command.env("HOME", home).env_remove("KUBECONFIG");
    let _ = Run::of(&mut command).expect(0);
}

#[test]
fn a_directory_that_cannot_be_written() {
    let desk = Desk::new("read-only");
    let config = desk.dir.join("mcpctl.yaml").display().to_string();
    let args = [&DRY_RUN[..], &["--config", &config]].concat();
    let run = Run::of(&mut offline("/proc".as_ref(), &args)).expect(0);
    assert_eq!(run.stdout, desk.stream(&[]));
    let run = Run::of(&mut offline("/proc".as_ref(), &["man", "pages"])).expect(2);
    let _ = run.says(&["cannot write into pages"]);
}

#[test]
fn a_directory_that_was_deleted() {
    let desk = Desk::new("deleted");
    let config = desk.dir.join("mcpctl.yaml").display().to_string();
    let there = |args: &[&str]| {
        let plain = offline(&desk.dir, args);
        let mut shell = like(&plain, Command::new("sh"));
        shell
            .args([
                "-c",
                "mkdir gone; cd gone; rmdir ../gone; exec \"$0\" \"$@\"",
            ])
            .arg(plain.get_program())
            .args(args);
        Run::of(&mut shell)
    };
    for args in [&["--version"][..], &["man"], &["completion", "bash"]] {
        let run = there(args).expect(0);
        assert_eq!(run.stdout, desk.mcpctl(args).stdout);
    }
    let run = there(&[&DRY_RUN[..], &["--config", &config]].concat()).expect(0);
    assert_eq!(run.stdout, desk.stream(&[]));
    for verb in [&DRY_RUN[..], &["tenant", "list"]] {
        let run = there(verb).expect(2);
        let _ = run.says(&["the working directory was deleted", "--config"]);
    }
    let run = there(&[&DRY_RUN[..], &["--config", "mcpctl.yaml"]].concat()).expect(2);
    let _ = run.says(&["cannot read settings mcpctl.yaml: No such file or directory"]);
}

#[test]
fn terminals_that_can_do_little() {
    let world = World::new("twenty");
    let add = [
        "tenant",
        "add",
        "twenty",
        "--image",
        "registry.example/mcp:2",
    ];
    let diff = [
        "tenant",
        "diff",
        "twenty",
        "--image",
        "registry.example/mcp:3",
    ];
    let shown = |args: &[&str], term: Option<&str>, code: i32| {
        let mut command = world.command(args);
        command.env("NO_COLOR", "1");
        if let Some(term) = term {
            command.env("TERM", term);
        }
        let run = pty::run(&command, (24, 20), "").expect(code);
        run.stdout.replace("\r\n", "\n")
    };
    let added = shown(&add, Some("dumb"), 0);
    assert!(added.contains("tenant `twenty` is ready"), "{added}");
    assert!(added.contains("namespace    mcp-twenty\n"), "{added}");
    let changes = world.mcpctl(&diff).expect(1).stdout;
    for term in [None, Some("dumb"), Some("xterm")] {
        let all = shown(&diff, term, 1);
        assert!(all.contains(&changes), "{term:?}: {all}");
        let all = shown(&["tenant", "list"], term, 0);
        assert!(
            row_of("twenty", &all).contains(&"twenty.twenty.example.com"),
            "{term:?}: {all}"
        );
    }
}

/// The cells of a tenant in a list, which other tests' tenants are in too.
fn row_of<'a>(tenant: &str, list: &'a str) -> Vec<&'a str> {
    let mut rows = list
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = rows.find(|cells| cells.first() == Some(&tenant));
    row.unwrap_or_default()
}

#[test]
fn a_locale_without_utf_8_changes_nothing_on_stdout() {
    let world = World::new("locale");
    let in_c = |args: &[&str]| Run::of(world.command(args).env("LC_ALL", "C").env("LANG", "C"));
    let added = in_c(&["tenant", "add", "locale"]).expect(0);
    assert!(
        added.stdout.contains("namespace    mcp-locale\n"),
        "{added}"
    );
    let diff = ["tenant", "diff", "locale", "--image", "b:2"];
    assert_eq!(
        in_c(&diff).expect(1).stdout,
        world.mcpctl(&diff).expect(1).stdout
    );
    let list = ["tenant", "list"];
    let (there, here) = (
        in_c(&list).expect(0).stdout,
        world.mcpctl(&list).expect(0).stdout,
    );
    assert_eq!(row_of("locale", &there), row_of("locale", &here));
}

#[test]
fn files_whose_names_are_not_text() {
    let desk = Desk::new("no-text");
    let stream = desk.stream(&[]);
    let dir = desk.dir.join(no_text());
    fs::create_dir(&dir).expect("a directory");
    for file in ["mcpctl.yaml", "policy.json"] {
        fs::copy(desk.dir.join(file), dir.join(file)).expect("a copy");
    }
    let tenant = "apiVersion: mcpctl.dev/v1alpha1\nkind: Tenant\nmetadata: {name: acme}\n";
    fs::write(dir.join("tenant.yaml"), tenant).expect("a file");
    let with = |flag: &str, path: &OsStr| {
        let mut command = offline(&desk.dir, &DRY_RUN);
        command.arg(flag).arg(path);
        command
    };
    let config = dir.join("mcpctl.yaml");
    let run = Run::of(&mut with("--config", config.as_os_str())).expect(0);
    assert_eq!(run.stdout, stream);
    let run = Run::of(offline(&desk.dir, &DRY_RUN).env("MCPCTL_CONFIG", &config)).expect(0);
    assert_eq!(run.stdout, stream);
    assert_eq!(
        Run::of(&mut offline(&dir, &DRY_RUN)).expect(0).stdout,
        stream
    );
    let _ = Run::of(&mut with("-f", dir.join("tenant.yaml").as_os_str())).expect(0);
    let _ = Run::of(&mut with("--policy", dir.join("policy.json").as_os_str())).expect(0);
    for flag in ["-f", "--config", "--policy"] {
        let run = Run::of(&mut with(flag, OsStr::from_bytes(b"no\xff"))).expect(2);
        let _ = run.says(&["no\u{fffd}: No such file or directory"]);
    }
    // What is no path must be text.
    let run = Run::of(&mut with("--cluster", no_text())).expect(2);
    let _ = run.says(&["invalid UTF-8"]);
}

#[test]
fn a_kubeconfig_whose_name_is_not_text() {
    let world = World::new("kube-name");
    let mut command = world.command(&["tenant", "list"]);
    let copy = world.dir.join(no_text());
    fs::copy(&world.kubeconfig, &copy).expect("a copy");
    let _ = Run::of(command.env("KUBECONFIG", &copy)).expect(0);
    command.env_remove("KUBECONFIG");
    let _ = Run::of(command.arg("--kubeconfig").arg(&copy)).expect(0);
    let mut missing = offline(&world.dir, &["tenant", "list", "--kubeconfig"]);
    let run = Run::of(missing.arg(OsStr::from_bytes(b"no\xff"))).expect(6);
    let run = run.says(&["no\u{fffd}\n  No such file or directory\n"]);
    assert!(!run.stderr.contains("os error"), "{run}");
}

#[test]
fn a_variable_that_is_not_text_is_not_passed_over() {
    let desk = Desk::new("variables");
    for name in [
        "MCPCTL_CLUSTER",
        "MCPCTL_REGION",
        "MCPCTL_ACCOUNT_ID",
        "MCPCTL_DOMAIN",
        "MCPCTL_CONTEXT",
    ] {
        for args in [&DRY_RUN[..], &["tenant", "list"]] {
            let run = Run::of(offline(&desk.dir, args).env(name, no_text())).expect(2);
            assert_eq!(run.stdout, "");
            let _ = run.says(&[&format!("the variable {name} is not UTF-8 text")]);
        }
    }
    // Those that only say where somebody sits are for people to read.
    for name in ["USER", "HOSTNAME", "HOME", "TERM", "LANG", "NO_COLOR"] {
        let _ = Run::of(offline(&desk.dir, &DRY_RUN).env(name, no_text())).expect(0);
    }
}

#[test]
fn files_that_are_none() {
    let desk = Desk::new("no-files");
    // The directory below must not fall back to the settings above it.
    fs::create_dir_all(desk.dir.join("below/mcpctl.yaml")).expect("a directory");
    let run = Run::of(&mut offline(&desk.dir.join("below"), &DRY_RUN)).expect(2);
    let _ = run.says(&["cannot read settings mcpctl.yaml: Is a directory"]);
    for flag in ["--config", "-f", "--policy"] {
        let said = desk.refusal(&[&DRY_RUN[..], &[flag, "below"]].concat());
        assert!(said.contains("below: Is a directory"), "{flag}: {said}");
        let said = desk.refusal(&[&DRY_RUN[..], &[flag, "/dev/zero"]].concat());
        assert!(said.contains("it is longer than 1 MiB"), "{flag}: {said}");
    }
    let settings = fs::read_to_string(desk.dir.join("mcpctl.yaml")).expect("settings");
    let filler = "# nothing\n".repeat(1_000_000);
    desk.write("ten-megabytes.yaml", &format!("{settings}{filler}"));
    let said = desk.refusal(&[&DRY_RUN[..], &["--config", "ten-megabytes.yaml"]].concat());
    let expected = "cannot read settings ten-megabytes.yaml: it is longer than 1 MiB";
    assert!(said.contains(expected), "{said}");
    let tiers = (0..7_000).map(|number| format!("  t{number}: {{replicas: 1}}\n"));
    desk.write(
        "many.yaml",
        &format!("{settings}tiers:\n{}", tiers.collect::<String>()),
    );
    let said = desk.refusal(&[&DRY_RUN[..], &["--config", "many.yaml"]].concat());
    assert!(said.contains("holds more than 20000 values"), "{said}");
}
