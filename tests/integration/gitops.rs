//! What `--dry-run` prints is what `add` makes.

use std::process::Command;

use crate::world::{Run, World};

#[test]
fn what_is_printed_and_applied_by_kubectl_leaves_nothing_to_report() {
    let world = World::new("gitops");
    let env = [
        "--set",
        "env=[{name: A, value: 1e3}, {name: B, value: \"yes\"}, {name: C, value: \"\"}]",
    ];
    let mut dry = vec![
        "tenant",
        "add",
        "gitops",
        "--dry-run",
        "--only",
        "kubernetes",
    ];
    dry.extend(env);
    let printed = world.mcpctl(&dry).expect(0);
    assert!(!printed.stdout.contains("services.k8s.aws"), "{printed}");
    let file = world
        .write("gitops.yaml", &printed.stdout)
        .display()
        .to_string();
    world.kubectl(&[
        "apply",
        "--server-side",
        "--field-manager=mcpctl",
        "-f",
        &file,
    ]);
    let diff = [
        "diff",
        "--server-side",
        "--field-manager=mcpctl",
        "-f",
        &file,
    ];
    let diff = Run::of(world.sandbox.kubectl().args(diff)).expect(0);
    assert_eq!(diff.stdout, "", "{diff}");
    let diff = world
        .mcpctl(&["tenant", "diff", "gitops", "--only", "kubernetes"])
        .expect(0);
    assert_eq!(diff.stdout, "", "{diff}");
    // The other half is made by mcpctl, and then the tenant is whole.
    let _ = world
        .mcpctl(&["tenant", "add", "gitops", "--only", "aws"])
        .expect(0);
    let _ = world.mcpctl(&["tenant", "diff", "gitops"]).expect(0);
    let _ = world
        .mcpctl(&["tenant", "add", "gitops"])
        .expect(0)
        .says(&["nothing to do"]);
}

#[test]
fn one_half_shows_in_the_list() {
    let world = World::new("halves");
    let _ = world
        .mcpctl(&["tenant", "add", "halves", "--only", "aws"])
        .expect(0);
    let row = |world: &World<'_>| {
        let list = world.mcpctl(&["tenant", "list", "-o", "wide"]).expect(0);
        let row = list
            .stdout
            .lines()
            .find(|line| line.starts_with("halves "))
            .map(str::to_string);
        row.unwrap_or_else(|| panic!("no row of the tenant: {list}"))
    };
    assert!(row(&world).contains("missing"), "{}", row(&world));
    let _ = world
        .mcpctl(&["tenant", "diff", "halves", "-f", "nowhere.yaml"])
        .expect(2);
    let _ = world.mcpctl(&["tenant", "add", "halves"]).expect(0);
    assert!(!row(&world).contains("missing"), "{}", row(&world));
    assert!(
        row(&world).contains("halves.halves.example.com") && row(&world).contains("1/1"),
        "{}",
        row(&world)
    );
    let _ = world
        .mcpctl(&[
            "tenant",
            "remove",
            "halves",
            "--yes",
            "--only",
            "kubernetes",
        ])
        .expect(0);
    assert!(row(&world).contains("missing"), "{}", row(&world));
    let _ = world
        .mcpctl(&["tenant", "remove", "halves", "--yes"])
        .expect(0);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let world = World::new("head");
    for verb in ["tenant add head --dry-run", "platform render"] {
        let script = format!(
            "{} {verb} | head -n 1; exit ${{PIPESTATUS[0]}}",
            env!("CARGO_BIN_EXE_mcpctl")
        );
        let run = Run::of(
            Command::new("bash")
                .args(["-c", &script])
                .current_dir(&world.dir),
        )
        .expect(0);
        assert_eq!(run.stdout, "---\n", "{run}");
        assert!(!run.stderr.contains("panic"), "{run}");
    }
}
