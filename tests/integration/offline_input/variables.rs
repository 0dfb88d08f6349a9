//! Environment variables: secrets, and what is not the tenant's to set.

use super::{to_flags, to_specs};
use crate::desk::Desk;

#[test]
fn whole_sources_that_may_bring_another_identity_are_named() {
    let desk = Desk::new("unseen");
    let said = |from: &str, more: &[&str]| {
        let from = format!("envFrom=[{from}]");
        let args = ["tenant", "add", "acme", "--dry-run", "--set", &from];
        desk.mcpctl(&[&args[..], more].concat()).expect(0).stderr
    };
    for from in [
        "{configMapRef: {name: a}}",
        "{prefix: AWS_, secretRef: {name: b}}",
        "{prefix: AWS_CONTAINER_CREDENTIALS_, secretRef: {name: c}}",
    ] {
        let said = said(from, &[]);
        let warns = said.contains("warning: envFrom takes in whatever ");
        assert!(warns && said.contains("give it a prefix"), "{said}");
    }
    assert_eq!(said("{prefix: MY_, configMapRef: {name: a}}", &[]), "");
    assert_eq!(said("{configMapRef: {name: a}}", &["--only", "aws"]), "");
    insta::assert_snapshot!(said("{secretRef: {name: keys}}", &[]), @"warning: envFrom takes in whatever Secret keys holds, which neither mcpctl nor the admission policy sees: a variable such as AWS_PROFILE would give pods other credentials than the tenant's; give it a prefix, or name the keys in env; --verify-identity tells whose credentials pods have");
}

#[test]
fn a_secret_as_a_literal_is_refused_and_never_printed() {
    let literal = |name: &str| format!("  env: [{{name: {name}, value: hunter2}}]");
    for name in ["API_KEY", "github_token", "MY_SECRET_1", "DbPassword"] {
        let said = to_specs("secrets", &[&literal(name)]);
        let expected = format!(
            "acme.yaml:5:9: spec.env[0]: variable `{name}` looks like a secret: give it by valueFrom.secretKeyRef, not as a literal value"
        );
        assert!(
            said.contains(&expected) && !said.contains("hunter2"),
            "{said}"
        );
    }
    // Nor where the text is not even YAML.
    for spec in [
        "  env: [{name: A, value: \"hunter2}]",
        "  env:\n  - name: A\n    value: \"hunter2",
        "  env:\n  - name: A\n    value: hunter2: x",
        "  env: {API_KEY: hunter2}",
        "  env: API_KEY=hunter2",
    ] {
        let said = to_specs("broken-secrets", &[spec]);
        assert!(!said.contains("hunter2"), "{said}");
    }
    let said = to_flags(
        "secret-flags",
        &[
            &["--set", "env=[{name: API_KEY, value: hunter2}]"],
            &["--set", "env=API_KEY=hunter2"],
            &["--set", "env=[{name: A, value: [hunter2]}]"],
        ],
    );
    let said: Vec<&str> = said.lines().filter(|line| !line.starts_with('$')).collect();
    insta::assert_snapshot!(said.join("\n"), @"
    error: --set env: env[0]: variable `API_KEY` looks like a secret: give it by valueFrom.secretKeyRef, not as a literal value

    error: --set env: expected a list

    error: --set env: env[0].value: expected a single value, found a list
    ");
}

#[test]
fn a_variable_that_is_not_the_tenants_to_set() {
    insta::assert_snapshot!(
        to_specs("variables", &[
            "  env: [{name: AWS_ROLE_ARN, value: x}]",
            "  env: [{name: AWS_CONTAINER_CREDENTIALS_FULL_URI, value: x}]",
            "  env: [{name: AWS_SECRET_KEY, valueFrom: {secretKeyRef: {name: a, key: b}}}]",
            "  env: [{name: HOME, value: x}]",
            "  env: [{name: 1A, value: x}]",
            "  env: [{name: A}]",
            "  env: [{name: A, value: x, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}]",
        ]),
        @"
    error: acme.yaml:5:9: spec.env[0]: variable `AWS_ROLE_ARN` would give the pod another identity than its role; it cannot be set

    error: acme.yaml:5:9: spec.env[0]: variable `AWS_CONTAINER_CREDENTIALS_FULL_URI` would give the pod another identity than its role; it cannot be set

    error: acme.yaml:5:9: spec.env[0]: variable `AWS_SECRET_KEY` would give the pod another identity than its role; it cannot be set

    error: acme.yaml:5:9: spec.env[0]: variable `HOME` is set by mcpctl

    error: acme.yaml:5:16: spec.env[0].name: variable `1A` holds `1`; letters, digits and `_` are allowed

    error: acme.yaml:5:9: spec.env[0]: variable `A` has neither value nor valueFrom

    error: acme.yaml:5:9: spec.env[0]: variable `A` has both value and valueFrom
    "
    );
}
