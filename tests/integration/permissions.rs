//! What `docs/permissions.md` says the tool needs is what it needs: no less, and no more.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::world::Run;

mod admission;
mod aws;
mod cluster;
mod kubernetes;
mod own_templates;
mod restricted;
mod rules;

/// A file of `examples/permissions`.
fn example(name: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/permissions");
    std::fs::read_to_string(folder.join(name)).expect("an example")
}

/// Each statement of a policy, by its `Sid`, with each of its actions.
fn granted(policy: &str) -> BTreeSet<(String, String)> {
    let policy: Value = serde_json::from_str(policy).expect("a policy");
    let statements = policy["Statement"].as_array().expect("statements");
    let actions = statements.iter().flat_map(|statement| {
        let id = statement["Sid"].as_str().expect("a Sid");
        let one = &statement["Action"];
        let many = one.as_array().into_iter().flatten();
        let all = many.chain(one.is_string().then_some(one));
        all.map(move |action| {
            (
                id.to_string(),
                action.as_str().expect("an action").to_string(),
            )
        })
    });
    actions.collect()
}

/// The page's command, as somebody pastes it in `examples/`.
#[test]
fn the_page_fills_the_policy_in() {
    let page = include_str!("../../docs/permissions.md");
    let (_, rest) = page.split_once("```sh\nsed ").expect("a command");
    let (command, _) = rest.split_once("```").expect("an end");
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", &format!("sed {command}")]);
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let filled = Run::of(shell.current_dir(examples)).expect(0).stdout;
    for left in [
        "ACCOUNT",
        "REGION",
        "CLUSTER",
        "BOUNDARY",
        "MANAGED_POLICIES",
    ] {
        assert!(!filled.contains(left), "{left} is left: {filled}");
    }
    assert_eq!(granted(&filled), granted(&example("iam-policy.json")));
    // What IAM takes for a managed policy; it does not count white space.
    let size = filled.chars().filter(|c| !c.is_whitespace()).count();
    assert!(size <= 6144, "{size} characters");
}
