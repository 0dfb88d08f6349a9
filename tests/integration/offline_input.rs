//! Wrong input: exit 2, and a message that says where, what was expected, and what was probably meant.

use std::fmt::Write as _;

use crate::desk::{Desk, SETTINGS};

mod boundary;
mod fields;
mod files;
mod flags;
mod places;
mod policies;
mod settings;
mod shapes;
mod variables;

/// What is said to each `tenant add acme --dry-run` with these flags.
fn to_flags(name: &str, cases: &[&[&str]]) -> String {
    let desk = Desk::new(name);
    let mut said = String::new();
    for case in cases {
        let args = [&["tenant", "add", "acme", "--dry-run"], *case].concat();
        _ = writeln!(said, "$ {}\n{}", case.join(" "), desk.refusal(&args));
    }
    said
}

/// What is said to each tenant file, whole.
fn to_files(name: &str, cases: &[&str]) -> String {
    let desk = Desk::new(name);
    let mut said = String::new();
    for case in cases {
        desk.write("acme.yaml", case);
        let refusal = desk.refusal(&["tenant", "add", "acme", "--dry-run", "-f", "acme.yaml"]);
        _ = writeln!(said, "{refusal}");
    }
    said
}

/// What is said to each tenant file with this `spec`, from line 5 on.
fn to_specs(name: &str, cases: &[&str]) -> String {
    let cases: Vec<String> = cases
        .iter()
        .map(|spec| format!("{HEAD}spec:\n{spec}\n"))
        .collect();
    to_files(name, &cases.iter().map(String::as_str).collect::<Vec<_>>())
}

const HEAD: &str = "apiVersion: mcpctl.dev/v1alpha1\nkind: Tenant\nmetadata: {name: acme}\n";

/// What is said to each settings file.
fn to_settings(name: &str, cases: &[&str]) -> String {
    let desk = Desk::new(name);
    let mut said = String::new();
    for case in cases {
        desk.write("mcpctl.yaml", case);
        _ = writeln!(
            said,
            "{}",
            desk.refusal(&["tenant", "add", "acme", "--dry-run"])
        );
    }
    said
}

#[test]
fn a_wrong_name() {
    let desk = Desk::new("names");
    let mut said = String::new();
    let long = "a".repeat(41);
    for name in [
        "Acme", "ac_me", "acme.com", "9acme", "acme-", "", "a b", "ä", "a\n", &long,
    ] {
        said.push_str(&desk.refusal(&["tenant", "add", name, "--dry-run"]));
    }
    // Whatever the verb, before anything is called.
    for verb in ["remove", "diff"] {
        said.push_str(&desk.refusal(&["tenant", verb, "Acme"]));
    }
    insta::assert_snapshot!(said, @r"
    error: tenant name `Acme` holds `A` at character 1: upper case is not allowed
    error: tenant name `ac_me` holds `_` at character 3: use a-z, 0-9 and `-`
    error: tenant name `acme.com` holds `.` at character 5: use a-z, 0-9 and `-`
    error: tenant name `9acme` starts with `9`: it must start with a letter
    error: tenant name `acme-` ends with `-`
    error: tenant name `` is empty
    error: tenant name `a b` holds U+0020 at character 2: use a-z, 0-9 and `-`
    error: tenant name `ä` holds `ä` at character 1: use a-z, 0-9 and `-`
    error: tenant name `a\n` holds U+000A at character 2: use a-z, 0-9 and `-`
    error: tenant name `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` has 41 characters; at most 40 are allowed
    error: tenant name `Acme` holds `A` at character 1: upper case is not allowed
    error: tenant name `Acme` holds `A` at character 1: upper case is not allowed
    ");
}

#[test]
fn a_name_whose_namespace_is_reserved() {
    let desk = Desk::new("reserved");
    for (prefix, name) in [
        ("kube-", "acme"),
        ("''", "default"),
        ("mcpctl-", "system"),
        ("''", "kube-system"),
    ] {
        desk.write(
            "mcpctl.yaml",
            &format!("{SETTINGS}namespacePrefix: {prefix}\n"),
        );
        let said = desk.refusal(&["tenant", "add", name, "--dry-run"]);
        let namespace = format!("{}{name}", prefix.replace('\'', ""));
        assert!(
            said.contains(&format!("the reserved namespace `{namespace}`")),
            "{said}"
        );
        assert!(
            said.contains("hint: choose another name, or set namespacePrefix"),
            "{said}"
        );
    }
}

#[test]
fn a_name_of_forty_characters_is_fine() {
    let desk = Desk::new("forty");
    desk.mcpctl(&["tenant", "add", &"a".repeat(40), "--dry-run"])
        .expect(0);
}
