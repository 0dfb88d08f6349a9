//! A policy that is there, asks for the variable by name, and lets pods through all the same.

use serde_json::{Value, json};

use super::whole_cluster::says_what_is_missing;
use crate::world::World;

const POLICY: &str = "validatingadmissionpolicy/mcpctl-identity";
const BINDING: &str = "validatingadmissionpolicybinding/mcpctl-identity";

/// The account, which the settings do not say, is in the cluster's ARN.
pub(super) fn is_compared_where_an_own_template_names_the_account(world: &World<'_>) {
    let own = "templates/platform/identity.yaml.j2";
    let built_in = include_str!("../../../templates/platform/identity.yaml.j2");
    let line = "message: no Pod Identity credentials were injected";
    assert!(built_in.contains(line));
    world.write(own, &built_in.replace(line, "message: {{ cluster.arn }}"));
    world.settings("defaults:", "templates: templates\ndefaults:");
    // It was applied by kubectl last.
    world.kubectl(&["delete", POLICY]);
    let _ = world.mcpctl(&["platform", "apply"]).expect(0);
    let policy = world.kubectl(&["get", POLICY, "-o", "yaml"]);
    assert!(policy.contains(":111122223333:cluster/"), "{policy}");
    for verb in ["add", "diff"] {
        let run = world.mcpctl(&["tenant", verb, "unguarded"]).expect(0);
        assert!(!run.stderr.contains("warning"), "{run}");
    }
    world.settings("templates: templates\n", "");
    let _ = world.mcpctl(&["platform", "apply"]).expect(0);
}

const DIFFERS: &str = "the admission policy mcpctl-identity of this cluster is not as this version of mcpctl makes it: ";

/// What a version of mcpctl made that asked for less.
const OLDER: &str = r#"
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: mcpctl-identity}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  variables:
    - name: containers
      expression: object.spec.containers
  validations:
    - expression: >-
        variables.containers.all(c, has(c.env) && c.env.exists(e, e.name == 'AWS_CONTAINER_CREDENTIALS_FULL_URI'))
      message: no Pod Identity credentials were injected
"#;

/// Each way is told by each verb, and `platform apply` is what puts it right.
pub(super) fn is_told_and_put_right(world: &World<'_>) {
    put_right(world);
    by_a_patch(world);
    by_an_older_version(world);
    // Whoever applies it, it is the same.
    let rendered = world.mcpctl(&["platform", "render"]).expect(0).stdout;
    let file = world
        .write("rendered.yaml", &rendered)
        .display()
        .to_string();
    world.kubectl(&["apply", "--server-side", "--force-conflicts", "-f", &file]);
    nothing_is_said(world);
}

fn by_a_patch(world: &World<'_>) {
    let rule = "/spec/matchConstraints/resourceRules/0";
    let always = "'AWS_CONTAINER_CREDENTIALS_FULL_URI' != ''";
    let cases = [
        (
            POLICY,
            json!({"op": "replace", "path": "/spec/validations/1/expression", "value": always}),
            format!("{DIFFERS}spec.validations[1].expression (changed by kubectl-patch)"),
        ),
        (
            POLICY,
            json!({"op": "replace", "path": format!("{rule}/scope"), "value": "Cluster"}),
            "it is not about new pods".into(),
        ),
        (
            POLICY,
            json!({"op": "add", "path": format!("{rule}/resourceNames"), "value": ["other"]}),
            "it is not about new pods".into(),
        ),
        (
            POLICY,
            json!({"op": "remove", "path": "/spec/matchConstraints/resourceRules/1"}),
            format!("{DIFFERS}spec.matchConstraints.resourceRules (changed by kubectl-patch)"),
        ),
        (
            BINDING,
            json!({"op": "add", "path": "/spec/matchResources/namespaceSelector/matchLabels/team", "value": "a"}),
            "its binding passes over some pods".into(),
        ),
    ];
    for (object, patch, said) in cases {
        let patch = Value::from(vec![patch]).to_string();
        world.kubectl(&["patch", object, "--type=json", "-p", &patch]);
        says_what_is_missing(world, &said);
        put_right(world);
    }
}

fn by_an_older_version(world: &World<'_>) {
    let file = world.write("older.yaml", OLDER).display().to_string();
    let apply = [
        "apply",
        "--server-side",
        "--force-conflicts",
        "--field-manager=mcpctl",
        "-f",
        &file,
    ];
    world.kubectl(&apply);
    says_what_is_missing(world, DIFFERS);
    let refused = ["tenant", "add", "unguarded", "--set", "replicas=2"];
    let _ = world.mcpctl(&refused).expect(6).says(&[
        "another version of mcpctl made it, or somebody changed it",
        "hint: bring the cluster what this version makes: mcpctl platform apply",
    ]);
    put_right(world);
}

fn put_right(world: &World<'_>) {
    let _ = world.mcpctl(&["platform", "apply"]).expect(0);
    nothing_is_said(world);
}

fn nothing_is_said(world: &World<'_>) {
    let run = world.mcpctl(&["tenant", "diff", "unguarded"]).expect(0);
    assert!(!run.stderr.contains("warning"), "{run}");
}
