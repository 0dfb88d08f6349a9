//! The policy lint: by itself, and before a tenant is made.

use std::path::{Path, PathBuf};

use mcpctl::lint::{RULES, Severity};
use serde_json::Value;

use crate::{
    desk::Desk,
    world::{Run, World, offline},
};

mod others;

/// Policies of which each breaks the one rule that its file is named after.
fn bad() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/policies/bad")
}

fn bad_policy(rule: &str) -> String {
    std::fs::read_to_string(bad().join(format!("{rule}.json"))).expect("a bad policy")
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).expect("a directory");
    let mut names: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("text")
        })
        .collect();
    names.sort();
    names
}

#[test]
fn each_bad_policy_breaks_its_rule_and_no_other() {
    let files = names(&bad());
    let mut rules: Vec<String> = RULES
        .iter()
        .map(|rule| format!("{}.json", rule.id))
        .collect();
    rules.sort();
    assert_eq!(files, rules);
    for rule in RULES {
        let file = format!("{}.json", rule.id);
        let run = Run::of(&mut offline(
            &bad(),
            &["policy", "lint", &file, "-o", "json"],
        ));
        let found: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let found = found.as_array().expect("a list");
        let ids: Vec<&str> = found
            .iter()
            .filter_map(|finding| finding["rule"].as_str())
            .collect();
        assert_eq!(ids, [rule.id], "{run}");
        for key in ["file", "severity", "place", "why", "instead"] {
            assert!(!found[0][key].as_str().expect("text").is_empty(), "{run}");
        }
        let stops = rule.severity == Severity::Error;
        assert_eq!(run.code, if stops { 2 } else { 0 }, "{run}");
        if rule.allowable {
            let args = ["policy", "lint", &file, "--allow", rule.id];
            let run = Run::of(&mut offline(&bad(), &args)).expect(0);
            assert_eq!(run.stdout, "", "{run}");
        }
    }
}

#[test]
fn the_examples_are_clean() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for folder in ["policies", "tenants"] {
        let folder = examples.join(folder);
        let files = names(&folder);
        assert!(!files.is_empty());
        let mut args = vec!["policy", "lint"];
        args.extend(files.iter().map(String::as_str));
        let run = Run::of(&mut offline(&folder, &args)).expect(0);
        assert_eq!(run.stdout, "", "{run}");
    }
}

#[test]
fn findings_say_where_why_and_what_instead() {
    let args = [
        "policy",
        "lint",
        "any-resource.json",
        "unknown-action.json",
        "broad-managed-policy.json",
    ];
    let run = Run::of(&mut offline(&bad(), &args)).expect(2);
    insta::assert_snapshot!(format!("{}{}", run.stdout, run.stderr), @"
    any-resource.json: error any-resource: statement Secrets: `*` takes in what every tenant has: secretsmanager:GetSecretValue could be held to single resources
      instead: give the ARNs of what is the tenant's, with {{ tenant.name }} in them, or a condition on what is reached that only the tenant's own meets, such as StringEquals on aws:ResourceTag/tenant
    unknown-action.json: warning unknown-action: statement #1: there is no action `s3:GetObjects`
      instead: did you mean `s3:GetObject`? What IAM does not know it grants to nobody
    broad-managed-policy.json: error broad-managed-policy: managed policy arn:aws:iam::aws:policy/AmazonS3FullAccess: AmazonS3FullAccess reaches far beyond one tenant
      instead: write the few statements that the server needs into identity.policy
    broad-managed-policy.json: it gives no policy of its own
    2 errors, 1 warning
    ");
}

#[test]
fn the_rules_are_listed() {
    let text = Run::of(&mut offline(&bad(), &["policy", "lint", "--rules"])).expect(0);
    let json = Run::of(&mut offline(
        &bad(),
        &["policy", "lint", "--rules", "-o", "json"],
    ))
    .expect(0);
    let list: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(list.as_array().map(Vec::len), Some(RULES.len()));
    for (rule, entry) in RULES.iter().zip(list.as_array().expect("a list")) {
        assert_eq!(entry["id"], rule.id);
        assert!(text.stdout.contains(rule.id), "{text}");
    }
}

#[test]
fn what_cannot_be_looked_at() {
    let desk = Desk::new("lint-wrong");
    desk.write("none.json", r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Principal": "*"}]}"#);
    desk.write(
        "acme.yaml",
        "apiVersion: mcpctl.dev/v1alpha1\nkind: Tenant\nmetadata: {name: acme}\nspec: {identity: {allow: [whole-servce]}}\n",
    );
    let mut said = String::new();
    for args in [
        &["missing.json"][..],
        &["none.json"],
        &["acme.yaml"],
        &["policy.json", "--allow", "any-resorce"],
        &["policy.json", "--allow", "too-long"],
    ] {
        said.push_str(&desk.refusal(&[&["policy", "lint"], args].concat()));
    }
    insta::assert_snapshot!(said, @"
    error: cannot read policy missing.json: No such file or directory
    error: none.json: statement #1: Principal belongs to resource and trust policies
    error: acme.yaml:4:27: spec.identity.allow[0]: there is no rule `whole-servce`; did you mean `whole-service`?
      4 | spec: {identity: {allow: [whole-servce]}}
    error: invalid value 'any-resorce' for '--allow <RULE>': there is no rule `any-resorce`; did you mean `any-resource`?

    For more information, try '--help'.
    error: invalid value 'too-long' for '--allow <RULE>': rule `too-long` cannot be allowed: IAM refuses such a policy

    For more information, try '--help'.
    ");
}

#[test]
fn a_dry_run_stops_at_an_error_unless_its_rule_is_allowed() {
    let desk = Desk::new("lint-dry-run");
    desk.write("bad.json", &bad_policy("any-resource"));
    let dry_run = ["tenant", "add", "acme", "--dry-run", "--policy", "bad.json"];
    insta::assert_snapshot!(desk.refusal(&dry_run), @"
    error: tenant `acme` is refused by the policy lint
      any-resource: statement Secrets: `*` takes in what every tenant has: secretsmanager:GetSecretValue could be held to single resources
        instead: give the ARNs of what is the tenant's, with {{ tenant.name }} in them, or a condition on what is reached that only the tenant's own meets, such as StringEquals on aws:ResourceTag/tenant
      hint: mend the policy; or let it through, which is recorded with the tenant: --allow any-resource
    ");
    let stream = desk.stream(&["--policy", "bad.json", "--allow", "any-resource"]);
    let recorded = r#"\"identity\":{\"allow\":[\"any-resource\"]"#;
    assert!(stream.contains(recorded), "{stream}");
    // The other half is somebody else's.
    desk.stream(&["--policy", "bad.json", "--only", "kubernetes"]);
    // A warning is shown, and no more.
    desk.write("bad.json", &bad_policy("tenant-not-named"));
    let run = desk.mcpctl(&dry_run).expect(0);
    let _ = run.says(&["warning: tenant-not-named: the whole policy: "]);
}

#[test]
fn what_is_added_to_the_allowed_rules_stays() {
    let desk = Desk::new("lint-allow");
    desk.write("bad.json", &bad_policy("whole-service"));
    desk.write(
        "acme.yaml",
        "apiVersion: mcpctl.dev/v1alpha1\nkind: Tenant\nmetadata: {name: acme}\nspec:\n  identity: {policy: bad.json, allow: [any-action]}\n",
    );
    let refused = desk.refusal(&["tenant", "add", "acme", "-f", "acme.yaml", "--dry-run"]);
    assert!(
        refused.contains("whole-service: statement #1: "),
        "{refused}"
    );
    let stream = desk.stream(&[
        "-f",
        "acme.yaml",
        "--allow",
        "whole-service",
        "--allow",
        "any-action",
    ]);
    let recorded = r#"\"identity\":{\"allow\":[\"any-action\",\"whole-service\"]"#;
    assert!(stream.contains(recorded), "{stream}");
}

#[test]
fn a_tenant_is_refused_before_anything_is_called() {
    let world = World::new("lint-refused");
    world.write("bad.json", &bad_policy("escalation-pair"));
    world.write(
        "tenant.yaml",
        "apiVersion: mcpctl.dev/v1alpha1\nkind: Tenant\nmetadata: {name: lint-refused}\nspec: {identity: {policy: bad.json}}\n",
    );
    let add = ["tenant", "add", "lint-refused", "-f", "tenant.yaml"];
    let _ = world.mcpctl(&add).expect(2).says(&[
        "escalation-pair: statements Pass, Run: ",
        "--allow escalation-pair",
    ]);
    assert_eq!(world.audit().len(), 0);
    assert_eq!(world.aws_calls().len(), 0);
}

#[test]
fn an_allowed_rule_is_recorded_and_holds() {
    let tenant = "lint-allowed";
    let world = World::new(tenant);
    world.write("bad.json", &bad_policy("whole-service"));
    let add = ["tenant", "add", tenant, "--wait=applied"];
    // Without a file the record may allow it, so it is read first; nothing is written.
    let _ = world
        .mcpctl(&[&add[..], &["--policy", "bad.json"]].concat())
        .expect(2)
        .says(&["whole-service: statement #1: "]);
    let written = |event: &mcpctl_sandbox::AuditEvent| {
        !["get", "list", "watch"].contains(&event.verb.as_str())
    };
    assert!(!world.audit().iter().any(written));
    world
        .mcpctl(
            &[
                &add[..],
                &["--policy", "bad.json", "--allow", "whole-service"],
            ]
            .concat(),
        )
        .expect(0);
    let _ = world.mcpctl(&add).expect(0).says(&["nothing to do"]);
    let diff = world.mcpctl(&["tenant", "diff", tenant]).expect(0);
    assert_eq!(
        (diff.stdout.as_str(), diff.stderr.as_str()),
        ("", "no differences\n")
    );
    let status = ["tenant", "status", tenant];
    let shown = world.mcpctl(&status).expect(0).stdout;
    let line = "policy lint  lets through whole-service\n";
    assert!(shown.contains(line), "{shown}");
    let shown = world
        .mcpctl(&[&status[..], &["-o", "json"]].concat())
        .expect(0);
    let shown: serde_json::Value = serde_json::from_str(&shown.stdout).expect("JSON");
    assert_eq!(
        shown["spec"]["allowedRules"],
        serde_json::json!(["whole-service"])
    );
    // The difference decides the exit code; what is found is said.
    world.write("bad.json", &bad_policy("any-action"));
    let _ = world
        .mcpctl(&["tenant", "diff", tenant, "--policy", "bad.json"])
        .expect(1)
        .says(&["warning: tenant `lint-allowed`: any-action: statement #1: "]);
    let _ = world
        .mcpctl(&[&add[..], &["--policy", "bad.json"]].concat())
        .expect(2)
        .says(&["any-action"]);
}

/// What the lint looks at is what the role gets, whoever says it.
#[test]
fn what_a_template_adds_to_the_role_is_looked_at_too() {
    let world = World::new("lint-template");
    world.settings("domain:", "templates: own\ndomain:");
    let exported = world.dir.join("exported").display().to_string();
    let _ = world.mcpctl(&["template", "export", &exported]).expect(0);
    let role = std::fs::read_to_string(world.dir.join("exported/tenant/role.yaml.j2"))
        .expect("a template");
    let own = role.replace(
        "  inlinePolicies: {{ role.inlinePolicies }}",
        r#"  inlinePolicies:
    mcpctl:
      Version: "2012-10-17"
      Statement:
        - Sid: Widened
          Effect: Allow
          Action: ["s3:*"]
          Resource: "*""#,
    );
    let own = own.replace(
        "{% if role.boundary %}",
        "  policies: [\"arn:aws:iam::aws:policy/AdministratorAccess\"]\n{% if role.boundary %}",
    );
    world.write("own/tenant/role.yaml.j2", &own);
    let add = ["tenant", "add", "lint-template", "--dry-run"];
    let _ = world.mcpctl(&add).expect(2).says(&[
        "refused by the policy lint",
        "whole-service: statement Widened",
        "broad-managed-policy",
    ]);
    // With a target role mcpctl writes a statement of its own, which nobody can mend.
    std::fs::remove_dir_all(world.dir.join("own")).expect("the folder goes");
    std::fs::create_dir_all(world.dir.join("own/tenant")).expect("a folder");
    let target = "identity.targetRoleArn=arn:aws:iam::444455556666:role/reader";
    let run = world
        .mcpctl(&[&add[..], &["--set", target]].concat())
        .expect(0);
    assert!(!run.stderr.contains("McpctlTargetRole"), "{run}");
}
