//! In a CI job: annotations of GitHub Actions, and a comparison as a comment.

use serde_json::Value;

use crate::world::{Run, World};

fn in_actions(world: &World<'_>, args: &[&str]) -> Run {
    Run::of(world.command(args).env("GITHUB_ACTIONS", "true"))
}

#[test]
fn a_failure_is_an_annotation_of_the_run() {
    let world = World::new("annotated");
    world.kubectl(&["create", "namespace", "mcp-annotated"]);
    let run = in_actions(&world, &["tenant", "add", "annotated"]).expect(3);
    let commands: Vec<&str> = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("::"))
        .collect();
    assert_eq!(commands.len(), 1, "{run}");
    let title = "::error title=tenant `annotated`%3A 1 conflict; nothing was written::";
    assert!(commands[0].starts_with(title), "{run}");
    assert!(
        commands[0].contains("Namespace mcp-annotated: exists"),
        "{run}"
    );
    assert!(commands[0].contains("%0A  hint: "), "{run}");
    assert_eq!(run.stdout, "", "{run}");
    let plain = world.mcpctl(&["tenant", "add", "annotated"]).expect(3);
    assert!(!plain.stderr.contains("::error"), "{plain}");

    let args = ["tenant", "add", "annotated-b", "--dry-run"];
    let _ = in_actions(&world, &args)
        .expect(0)
        .says(&["::warning title=mcpctl::the account is not known"]);
}

#[test]
fn differences_make_a_comment() {
    let world = World::new("comment");
    let _ = world.mcpctl(&["tenant", "add", "comment"]).expect(0);
    let none = world
        .mcpctl(&["tenant", "diff", "comment", "-o", "markdown"])
        .expect(0);
    assert_eq!(
        none.stdout,
        "<!-- mcpctl diff comment -->\n### mcpctl diff on `comment`\n\nNo differences.\n"
    );
    let args = [
        "tenant",
        "diff",
        "comment",
        "-o",
        "markdown",
        "--set",
        "image=a`b<c>|d",
        "--set",
        "env=[{name: X, value: hunter2}]",
    ];
    let some = world.mcpctl(&args).expect(1);
    assert!(
        some.stdout.starts_with("<!-- mcpctl diff comment -->\n"),
        "{some}"
    );
    assert!(some.stdout.contains("**1 of 1 differ.**"), "{some}");
    assert!(
        some.stdout
            .contains("+ spec.template.spec.containers[mcp-server].image: \"a`b<c>|d\"\n"),
        "{some}"
    );
    assert!(!some.stdout.contains("hunter2"), "{some}");
    // What the failure is goes to stderr; nothing was compared.
    let unknown = world
        .mcpctl(&["tenant", "diff", "nobody", "-o", "markdown"])
        .expect(2);
    assert_eq!(unknown.stdout, "", "{unknown}");
}

/// A wait of which nothing new can be said for half a minute: both worlds wait for a pod that does not become ready.
#[test]
fn a_long_wait_is_not_a_silent_one() {
    let worlds = ["patient", "patient-json"].map(World::new);
    let unready = [
        "--set",
        "annotations={sandbox.test/state: Unready}",
        "--timeout",
        "35s",
    ];
    let children = worlds.each_ref().map(|world| {
        let form = if world.cluster.ends_with("json") {
            "json"
        } else {
            "text"
        };
        let add = ["tenant", "add", &world.cluster, "-o", form];
        world.start(&[&add, &unready[..]].concat())
    });
    let [text, json] = children.map(|child| Run::at_end_of(child).expect(4));
    let said = "still waiting: Deployment mcp-patient/mcp-server";
    let beat = text.stderr.lines().find(|line| line.contains(said));
    let beat = beat.unwrap_or_else(|| panic!("nothing says `{said}`: {text}"));
    assert!(beat.contains("0 of 1 pods ready"), "{beat}");

    let lines = json.stdout.lines();
    let events = lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let mut waits = events.filter(|event| event["action"] == "awaitReady");
    assert!(
        waits.any(|event| event["type"] == "waiting" && event["seconds"].as_u64() >= Some(30)),
        "{json}"
    );
}
