//! What was said about a tenant, printed as a tenant file that says the same.

use serde_json::{Value, json};

use crate::world::World;

/// The printed file, given back, changes nothing.
fn comes_back(world: &World<'_>, tenant: &str, form: &str) -> String {
    let shown = world
        .mcpctl(&["tenant", "show", tenant, "-o", form])
        .expect(0);
    assert_eq!(shown.stderr, "", "{shown}");
    let file = format!("shown-{tenant}.{form}");
    world.write(&file, &shown.stdout);
    let _ = world
        .mcpctl(&["tenant", "diff", tenant, "-f", &file])
        .expect(0)
        .says(&["no differences"]);
    let _ = world
        .mcpctl(&["tenant", "add", tenant, "-f", &file])
        .expect(0)
        .says(&["nothing to do"]);
    let calls = world.aws_calls().len();
    let again = world.mcpctl(&["tenant", "show", tenant, "-o", form]);
    assert_eq!(again.expect(0).stdout, shown.stdout);
    // Is it the cluster that is meant? What was said is all in it.
    let asked = &world.aws_calls()[calls..];
    assert!(
        asked.len() == 1 && asked[0].operation == "DescribeCluster",
        "{asked:?}"
    );
    shown.stdout
}

#[test]
fn a_tenant_made_by_flags_is_shown_as_a_file_that_changes_nothing() {
    let world = World::new("shown");
    let add = |args: &[&str]| {
        let all = [&["tenant", "add"], args, &["--wait", "applied"]].concat();
        let _ = world.mcpctl(&all).expect(0);
    };
    add(&["bare"]);
    let bare = comes_back(&world, "bare", "yaml");
    assert_eq!(
        bare,
        "apiVersion: mcpctl.dev/v1alpha1\nkind: Tenant\nmetadata:\n  name: bare\nspec: {}\n"
    );
    add(&["image", "--image", "registry.example/mcp:1.10"]);
    let image = comes_back(&world, "image", "yaml");
    assert!(
        image.contains("\n  image: registry.example/mcp:1.10\n"),
        "{image}"
    );
    add(&["policy", "--policy", "policy.json"]);
    let policy = comes_back(&world, "policy", "yaml");
    assert!(policy.contains("data-{{ tenant.name }}/*"), "{policy}");
    let _ = comes_back(&world, "policy", "json");
}

#[test]
fn a_flag_changes_its_field_and_leaves_what_a_file_said() {
    let world = World::new("edited-file");
    let file = "\
apiVersion: mcpctl.dev/v1alpha1
kind: Tenant
metadata:
  name: edited-file
spec:
  image: registry.example/mcp:1
  replicas: 2
  env:
  - name: MODE
    value: quiet
  labels:
    team: a
  identity:
    policy: policy.json
";
    world.write("edited.yaml", file);
    let add = |args: &[&str]| {
        let all = [&["tenant", "add", "edited-file", "--wait", "applied"], args].concat();
        let _ = world.mcpctl(&all).expect(0);
        let shown = world.mcpctl(&["tenant", "show", "edited-file", "-o", "json"]);
        let shown: Value = serde_json::from_str(&shown.expect(0).stdout).expect("JSON");
        shown["spec"].clone()
    };
    let mut said = add(&["-f", "edited.yaml"]);
    assert_eq!(said["env"], json!([{"name": "MODE", "value": "quiet"}]));
    let sid = said["identity"]["policy"]["Statement"][0]["Sid"].clone();
    assert_eq!(sid, "Data");
    said["image"] = "registry.example/mcp:2".into();
    assert_eq!(add(&["--image", "registry.example/mcp:2"]), said);
    // A bare add keeps it too.
    assert_eq!(add(&[]), said);
    said["replicas"] = 1.into();
    said["labels"]["tier"] = "front".into();
    let more = ["--set", "replicas=1", "--set", "labels.tier=front"];
    assert_eq!(add(&more), said);
    let image = "jsonpath={.spec.template.spec.containers[0].image} {.spec.replicas}";
    let deployment = [
        "-n",
        "mcp-edited-file",
        "get",
        "deployment",
        "mcp-server",
        "-o",
    ];
    let live = world.kubectl(&[&deployment[..], &[image]].concat());
    assert_eq!(live, "registry.example/mcp:2 1");
    let _ = comes_back(&world, "edited-file", "yaml");
}

/// Texts that a reader of YAML 1.1 takes for something else, and numbers that a writer may spoil.
const TRAPS: [&str; 5] = [
    r#"env=[{name: A, value: "yes"}, {name: B, value: "0644"}, {name: C, value: "1_000"}, {name: D, value: "12:30:45"}, {name: E, value: "="}, {name: F, value: ""}, {name: G, value: " x "}, {name: H, value: "012345678901"}, {name: I, value: "1e3"}, {name: J, value: "null"}, {name: K, value: "~"}]"#,
    r#"args=["--on", "off", "2001-01-01", "a: b", "two\nlines\n", "a # b", "- x", "{x}"]"#,
    r#"annotations={on: "y", example.com/a: "no", empty: ""}"#,
    r#"values={float: 1e3, half: 0.5, big: 123456789012345678901, text: "1.10", nested: {list: [1, "1", true, "true", null]}}"#,
    "host=null",
];

#[test]
fn what_yaml_misreads_comes_back_as_it_was_said() {
    let world = World::new("misread");
    let mut args = vec!["tenant", "add", "misread", "--wait", "applied"];
    for trap in TRAPS {
        args.extend(["--set", trap]);
    }
    let _ = world.mcpctl(&args).expect(0);
    let yaml = comes_back(&world, "misread", "yaml");
    assert!(
        yaml.contains("value: \"yes\"") || yaml.contains("value: 'yes'"),
        "{yaml}"
    );
    let _ = comes_back(&world, "misread", "json");
}

#[test]
fn a_tenant_without_a_record_says_what_to_do() {
    let world = World::new("unrecorded");
    let _ = world
        .mcpctl(&["tenant", "show", "nobody"])
        .expect(2)
        .says(&[
            "`nobody` is not known on cluster unrecorded",
            "mcpctl tenant list",
        ]);
    let _ = world
        .mcpctl(&["tenant", "add", "unrecorded", "--wait", "applied"])
        .expect(0);
    let annotate = |change: &str| {
        world.kubectl(&[
            "annotate",
            "--overwrite",
            "namespace",
            "mcp-unrecorded",
            change,
        ])
    };
    annotate("mcpctl.dev/input={}");
    let edited = world.mcpctl(&["tenant", "show", "unrecorded"]).expect(3);
    assert_eq!(edited.stdout, "");
    let _ = edited.says(&["mcpctl.dev/input was edited by hand", "kubectl"]);
    annotate("mcpctl.dev/input-");
    let _ = world
        .mcpctl(&["tenant", "show", "unrecorded"])
        .expect(2)
        .says(&["has no record", "mcpctl tenant add unrecorded -f FILE"]);
}

#[test]
fn wrong_words_are_refused_before_any_call() {
    let world = World::new("show-words");
    let _ = world
        .mcpctl(&["tenant", "show", "x", "-o", "yml"])
        .expect(2)
        .says(&["yml", "yaml"]);
    let _ = world.mcpctl(&["tenant", "show", "No_Name"]).expect(2);
    let _ = world.mcpctl(&["tenant", "show"]).expect(2);
    assert!(world.aws_calls().is_empty() && world.audit().is_empty());
}
