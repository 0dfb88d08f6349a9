//! In a CI job: annotations of GitHub Actions, and a comparison as a comment.

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
