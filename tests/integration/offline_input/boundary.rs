//! Who says which permissions boundary a tenant's role has: the settings, and a tenant among what they name.

use crate::desk::{Desk, SETTINGS};

const EDGE: &str = "arn:aws:iam::012345678901:policy/edge";
const WIDER: &str = "arn:aws:iam::012345678901:policy/wider";
const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// Settings with a boundary and a tier that has another.
fn bounded() -> String {
    let edge = format!("permissionsBoundary: '{EDGE}'");
    let settings = SETTINGS.replace("permissionsBoundary: none", &edge);
    format!("{settings}tiers: {{wide: {{identity: {{permissionsBoundary: '{WIDER}'}}}}}}\n")
}

fn ask(boundary: &str) -> String {
    format!("identity.permissionsBoundary={boundary}")
}

#[test]
fn a_tenant_may_not_bring_a_boundary_that_the_settings_do_not_name() {
    let desk = Desk::new("boundary-own");
    desk.write("mcpctl.yaml", &bounded());
    let file = format!(
        "{}spec: {{identity: {{permissionsBoundary: '{ADMIN}', allow: [broad-managed-policy]}}}}\n",
        super::HEAD
    );
    desk.write("acme.yaml", &file);
    let add = ["tenant", "add", "acme", "--dry-run"];
    insta::assert_snapshot!(desk.refusal(&[&add[..], &["-f", "acme.yaml"]].concat()), @"
    error: tenant `acme`: spec.identity.permissionsBoundary is arn:aws:iam::aws:policy/AdministratorAccess, which the settings do not name
      from acme.yaml:4:40
      mcpctl.yaml gives tenants the boundary arn:aws:iam::012345678901:policy/edge
      hint: leave it out; another one has to be named in the settings: tiers.NAME.identity.permissionsBoundary
    ");
    insta::assert_snapshot!(desk.refusal(&[&add[..], &["--set", &ask("none")]].concat()), @"
    error: tenant `acme`: spec.identity.permissionsBoundary is none, which would take off that of the settings
      from --set identity.permissionsBoundary
      mcpctl.yaml gives tenants the boundary arn:aws:iam::012345678901:policy/edge
      hint: leave it out; another one has to be named in the settings: tiers.NAME.identity.permissionsBoundary
    ");
    // What the settings give by default is no less theirs.
    let common = format!("defaults: {{identity: {{permissionsBoundary: '{EDGE}'}}, ");
    let by_default = SETTINGS.replace("permissionsBoundary: none, ", "");
    desk.write("mcpctl.yaml", &by_default.replace("defaults: {", &common));
    assert!(desk.stream(&[]).contains(EDGE));
    insta::assert_snapshot!(desk.refusal(&[&add[..], &["--set", &ask(ADMIN)]].concat()), @"
    error: tenant `acme`: spec.identity.permissionsBoundary is arn:aws:iam::aws:policy/AdministratorAccess, which the settings do not name
      from --set identity.permissionsBoundary
      mcpctl.yaml gives tenants the boundary arn:aws:iam::012345678901:policy/edge
      hint: leave it out; another one has to be named in the settings: tiers.NAME.identity.permissionsBoundary
    ");
}

#[test]
fn a_tenant_may_have_a_boundary_that_the_settings_name() {
    let desk = Desk::new("boundary-named");
    desk.write("mcpctl.yaml", &bounded());
    for (flags, boundary) in [
        (&[][..], EDGE),
        (&["--set", &ask(EDGE)], EDGE),
        (&["--tier", "wide"], WIDER),
        (&["--set", &ask(WIDER)], WIDER),
    ] {
        let stream = desk.stream(flags);
        let line = format!("permissionsBoundary: {boundary}\n");
        assert!(
            stream.contains(&line),
            "no `{line}` with {flags:?}: {stream}"
        );
    }
    // Where the settings want none, a tenant may have one of its own.
    desk.write("mcpctl.yaml", SETTINGS);
    assert!(desk.stream(&["--set", &ask(WIDER)]).contains(WIDER));
}
