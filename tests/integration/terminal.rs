//! On a terminal: the question before a removal, colour, and the lines that follow a run.

use std::{collections::BTreeSet, io::Read, process::Command, time::Duration};

use crate::{
    pty::{self, Size},
    world::{Run, World},
};

const USUAL: Size = (24, 80);

/// Runs the binary on a terminal of its own, types a line, and gives back all that the terminal showed.
fn on_a_terminal(world: &World<'_>, args: &[&str], typed: &str) -> Run {
    on_a_screen(world, USUAL, &[], args, typed)
}

fn on_a_screen(
    world: &World<'_>,
    size: Size,
    environment: &[(&str, &str)],
    args: &[&str],
    typed: &str,
) -> Run {
    let mut command = of_a_terminal(world, args);
    command.envs(environment.iter().copied());
    pty::run(&command, size, typed)
}

fn of_a_terminal(world: &World<'_>, args: &[&str]) -> Command {
    let mut command = world.command(args);
    command.env("LANG", "C.UTF-8").env("TERM", "xterm");
    command
}

/// The rows that a screen shows at any time, and those that stand at the end.
struct Screen {
    ever: BTreeSet<String>,
    last: Vec<String>,
}

impl Screen {
    fn of(run: &Run, (rows, columns): Size) -> Self {
        let mut terminal = vt100::Parser::new(rows, columns, 1000);
        let mut ever = BTreeSet::new();
        let mut last = Vec::new();
        for piece in run.stdout.split_inclusive('\r') {
            terminal.process(piece.as_bytes());
            let shown = terminal.screen().rows(0, columns);
            last = shown.map(|row| row.trim_end().to_string()).collect();
            ever.extend(last.iter().cloned());
        }
        last.retain(|row| !row.is_empty());
        Self { ever, last }
    }

    fn ever(&self, begin: &str) -> bool {
        self.ever.iter().any(|row| row.starts_with(begin))
    }

    fn stands(&self, begin: &str) -> bool {
        self.last.iter().any(|row| row.starts_with(begin))
    }
}

#[test]
fn a_removal_asks_and_takes_yes_only() {
    let world = World::new("asked");
    let _ = world.mcpctl(&["tenant", "add", "asked"]).expect(0);
    for answer in ["no", "y", ""] {
        let refused = on_a_terminal(&world, &["tenant", "remove", "asked"], answer).expect(2);
        assert!(
            refused.stdout.contains("Role asked"),
            "it does not show what would go: {refused}"
        );
        assert!(refused.stdout.contains("Type yes to go on"), "{refused}");
        assert!(refused.stdout.contains("nothing was deleted"), "{refused}");
    }
    let _ = world.mcpctl(&["tenant", "diff", "asked"]).expect(0);
    let removed = on_a_terminal(&world, &["tenant", "remove", "asked"], "yes").expect(0);
    assert!(
        removed.stdout.contains("nothing of it is left"),
        "{removed}"
    );
}

#[test]
fn colour_is_for_terminals_and_can_be_switched_off() {
    let world = World::new("colour");
    let args = ["tenant", "diff", "colour"];
    let shown = on_a_terminal(&world, &args, "").expect(2);
    assert!(shown.stdout.contains("\u{1b}["), "{shown}");
    let piped = world.mcpctl(&args).expect(2);
    assert!(!piped.stderr.contains("\u{1b}["), "{piped}");
}

#[test]
fn a_run_has_a_line_for_each_object_and_leaves_a_summary() {
    let world = World::new("lines");
    world
        .sandbox
        .webhook_delay("mcp-lines", Duration::from_secs(3));
    let run = on_a_terminal(&world, &["tenant", "add", "lines"], "").expect(0);
    let screen = Screen::of(&run, USUAL);
    for line in [
        "  … Namespace mcp-lines  being created",
        "    Deployment mcp-lines/mcp-server  after Namespace mcp-lines",
        "  ✓ Namespace mcp-lines  created",
        "  ✓ Role lines  created",
        "  … Deployment mcp-lines/mcp-server  2 s  a pod would get no credentials yet",
    ] {
        assert!(screen.ever(line), "never `{line}`: {:#?}", screen.ever);
    }
    for line in ["  ✓", "  …"] {
        assert!(!screen.stands(line), "{:#?} is left", screen.last);
    }
    assert!(
        screen.stands("tenant `lines` is ready: "),
        "{:#?}",
        screen.last
    );
    assert!(screen.stands("url "), "{:#?}", screen.last);
}

#[test]
fn a_small_screen_shows_what_goes_on() {
    let world = World::new("small");
    let size = (8, 20);
    world
        .sandbox
        .webhook_delay("mcp-small", Duration::from_secs(1));
    let run = on_a_screen(&world, size, &[], &["tenant", "add", "small"], "").expect(0);
    let screen = Screen::of(&run, size);
    assert!(screen.ever("  … Deployment mcp-s"), "{:#?}", screen.ever);
    assert!(!screen.stands("  …"), "{:#?} is left", screen.last);
    let run = on_a_screen(
        &world,
        (1, 1),
        &[],
        &["tenant", "remove", "small", "--yes"],
        "",
    );
    let _ = run.expect(0);
}

/// Each screen shows the whole of what is waited for, on as many rows as that takes.
#[test]
fn a_secret_that_is_waited_for_can_be_read_on_any_screen() {
    let world = World::new("awaited");
    for (size, secret) in [(USUAL, "first"), ((24, 20), "second")] {
        let variable = format!(
            "env=[{{name: VALUE, valueFrom: {{secretKeyRef: {{name: {secret}, key: at}}}}}}]"
        );
        let add = ["tenant", "add", "awaited", "--set", &variable];
        let add = [&add[..], &["--timeout", "40s"]].concat();
        let mut child = pty::start(&of_a_terminal(&world, &add), size);
        // The terminal lasts as long as its keyboard.
        let keyboard = child.stdin.take();
        let mut shown = child.stdout.take().expect("stdout is piped");
        let mut terminal = vt100::Parser::new(size.0, size.1, 1000);
        let wanted = format!("waitsforwhatitrefersto:secret\"{secret}\"notfound");
        let mut piece = [0; 4096];
        loop {
            let contents = terminal.screen().contents();
            assert!(
                !contents.contains("error:"),
                "it never showed `{wanted}` while it waited:\n{contents}"
            );
            if contents.replace([' ', '\n'], "").contains(&wanted) {
                break;
            }
            let read = shown.read(&mut piece).expect("what the terminal shows");
            assert!(read > 0, "it ended:\n{contents}");
            terminal.process(&piece[..read]);
        }
        let create = ["-n", "mcp-awaited", "create", "secret", "generic", secret];
        world.kubectl(&[&create[..], &["--from-literal=at=x"]].concat());
        std::io::copy(&mut shown, &mut std::io::sink()).expect("the rest");
        assert!(child.wait().expect("an end").success());
        drop(keyboard);
    }
}

#[test]
fn what_failed_stays_on_the_screen() {
    let world = World::new("stays");
    let rule = mcpctl_sandbox::AwsRule::on("CreateRole").by(&world.access_key);
    let fault = world
        .sandbox
        .aws_fault(rule.fail(403, "AccessDenied", "no"));
    let run = on_a_terminal(&world, &["tenant", "add", "stays"], "").expect(5);
    fault.release();
    let screen = Screen::of(&run, USUAL);
    assert!(screen.stands("  ✗ Role stays: "), "{:#?}", screen.last);
    assert!(
        screen.stands("error: tenant `stays`: incomplete"),
        "{:#?}",
        screen.last
    );
    assert!(!screen.stands("  ✓"), "{:#?} is left", screen.last);
}

#[test]
fn a_dumb_terminal_and_a_locale_without_utf_8_get_plain_lines() {
    let world = World::new("dumb");
    let environment = [("TERM", "dumb"), ("LC_ALL", "C")];
    let add = ["tenant", "add", "dumb"];
    let run = on_a_screen(&world, USUAL, &environment, &add, "").expect(0);
    assert!(!run.stdout.contains('\u{1b}'), "{run}");
    assert!(
        run.stdout.contains("  ok Namespace mcp-dumb created"),
        "{run}"
    );
    assert!(run.stdout.is_ascii(), "{run}");

    let environment = [("NO_COLOR", "1"), ("LC_ALL", "C")];
    let remove = ["tenant", "remove", "dumb", "--yes"];
    let run = on_a_screen(&world, USUAL, &environment, &remove, "").expect(0);
    assert!(run.stdout.is_ascii(), "{run}");
    let codes = run.stdout.split("\u{1b}[").skip(1);
    let mut ends = codes.filter_map(|code| {
        code.find(|letter: char| letter.is_ascii_alphabetic())
            .map(|end| &code[end..=end])
    });
    assert!(ends.all(|end| end != "m"), "there is colour: {run}");
    let screen = Screen::of(&run, USUAL);
    assert!(screen.ever("  .. Namespace mcp-dumb"), "{:#?}", screen.ever);
    assert!(
        screen.stands("tenant `dumb` is removed"),
        "{:#?}",
        screen.last
    );
}
