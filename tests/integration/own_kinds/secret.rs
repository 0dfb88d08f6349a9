//! A Secret of a user's template: what it holds is written, compared, and told by nothing that mcpctl prints.

use super::world;
use crate::world::{Run, World};

const TENANT: &str = "own-secret";
const NAMESPACE: &str = "mcp-own-secret";

/// Writes the template; each value is in the text of the `data` or `stringData` that is given.
fn template(world: &World<'_>, contents: &str) {
    let text = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: own\n  namespace: {{{{ names.namespace }}}}\n{contents}"
    );
    world.write("templates/tenant/own.yaml.j2", &text);
}

/// Asserts that a run tells of the Secret and not what it holds, as it is or encoded.
#[track_caller]
fn discreet(run: &Run, tells: &str) {
    let all = format!("{}{}", run.stdout, run.stderr);
    assert!(all.contains(tells), "it does not tell `{tells}`: {run}");
    for value in ["hush", "aHVza"] {
        assert!(!all.contains(value), "it tells `{value}`: {run}");
    }
}

/// All that tells of differences, in each form.
fn every_form(world: &World<'_>, field: &str) {
    for (form, tells) in [
        (
            &[][..],
            format!("      {field}: changed (values are not shown)"),
        ),
        (
            &["-o", "markdown"],
            format!("{field}: changed (values are not shown)"),
        ),
        (&["-o", "json"], format!("\"path\":\"{field}\"")),
        (&["-vv"], field.into()),
    ] {
        let run = world.mcpctl(&[&["tenant", "diff", TENANT], form].concat());
        discreet(&run.expect(1), &tells);
    }
    let status = world.mcpctl(&["tenant", "status", TENANT, "-o", "json"]);
    discreet(&status.expect(0), field);
}

#[test]
fn what_it_holds_is_never_told() {
    let world = world(TENANT);
    let (add, diff) = (["tenant", "add", TENANT], ["tenant", "diff", TENANT]);
    let value = |key: &str| {
        let path = format!("jsonpath={{.data.{key}}}");
        world.kubectl(&["-n", NAMESPACE, "get", "secret", "own", "-o", &path])
    };
    // `hush1`, in both ways to write it.
    template(
        &world,
        "data:\n  token: aHVzaDE=\nstringData:\n  plain: hush1\n",
    );
    let made = world.mcpctl(&[&add[..], &["-vv"]].concat()).expect(0);
    discreet(&made, "+ Secret mcp-own-secret/own");
    assert_eq!(
        (value("token"), value("plain")),
        ("aHVzaDE=".into(), "aHVzaDE=".into())
    );
    let _ = world.mcpctl(&diff).expect(0);

    // Changed in the template, one way and the other.
    template(
        &world,
        "data:\n  token: aHVzaDI=\nstringData:\n  plain: hush1\n",
    );
    every_form(&world, "data.token");
    template(
        &world,
        "data:\n  token: aHVzaDE=\nstringData:\n  plain: hush2\n",
    );
    every_form(&world, "data.plain");
    let changed = world.mcpctl(&[&add[..], &["-o", "json"]].concat());
    discreet(&changed.expect(0), "\"path\":\"data.plain\"");
    assert_eq!(value("plain"), "aHVzaDI=");
    let _ = world.mcpctl(&diff).expect(0);

    // Changed in the cluster, by hand and by a controller that goes on holding it.
    let patch = |manager: &str| {
        let manager = format!("--field-manager={manager}");
        let patch = r#"{"data":{"token":"aHVzaGh1c2g=","more":"aHVzaGh1c2g="}}"#;
        world.kubectl(&[
            "-n", NAMESPACE, "patch", "secret", "own", &manager, "-p", patch,
        ]);
    };
    patch("kubectl-edit");
    every_form(&world, "data.token");
    let mended = world.mcpctl(&add).expect(0);
    discreet(&mended, "data.token: changed (values are not shown)");
    patch("rotator");
    for form in [&[][..], &["-o", "json"], &["-o", "markdown"]] {
        let held = world.mcpctl(&[&diff[..], form].concat()).expect(3);
        discreet(
            &held,
            "data.token is set by rotator: it lives as a value that is not shown, wanted is a value that is not shown",
        );
    }

    no_longer_wanted(&world);
}

/// A value that was applied, all of them, and the Secret.
fn no_longer_wanted(world: &World<'_>) {
    let add = ["tenant", "add", TENANT];
    world.kubectl(&["-n", NAMESPACE, "delete", "secret", "own"]);
    let _ = world.mcpctl(&add).expect(0);
    template(world, "data:\n  token: aHVzaDE=\n");
    every_form(world, "data.plain");
    template(world, "type: Opaque\n");
    every_form(world, "data");
    std::fs::remove_file(world.dir.join("templates/tenant/own.yaml.j2")).expect("the template");
    let gone = world
        .mcpctl(&[&add[..], &["-o", "json", "-vv"]].concat())
        .expect(0);
    discreet(&gone, "\"kind\":\"Secret\"");
}

/// What the API server says of a value would repeat it.
#[test]
fn one_that_is_no_text_is_refused_without_its_value() {
    let world = world("own-secret-wrong");
    for (contents, what) in [
        ("stringData:\n  pin: 471147\n", "stringData.pin is no text"),
        ("data:\n  pin: 471147\n", "data.pin is no text"),
        ("data:\n  pin: hush4711!\n", "data.pin is no base64"),
    ] {
        template(&world, contents);
        let what = format!("own.yaml.j2: Secret mcp-own-secret-wrong/own: {what}");
        let run = world.mcpctl(&["tenant", "add", "own-secret-wrong"]);
        let run = run.expect(2).says(&[&what]);
        assert!(!run.stderr.contains("4711"), "{run}");
    }
}
