//! What the documents and the examples say is what the program does.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use mcpctl::{cli, config, render, tenant};
use serde_json::Value;

use crate::world::{Run, offline};

mod readme;

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// Names of the files in a directory of `examples/`, without their extension.
fn stems(directory: &str) -> Vec<String> {
    let entries = std::fs::read_dir(examples().join(directory)).expect("a directory");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let stems = paths.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()));
    stems.collect()
}

/// An example as a person sees it.
fn example(name: &str) -> Run {
    let program = Path::new(env!("CARGO_BIN_EXE_mcpctl"))
        .with_file_name("examples")
        .join(name);
    assert!(
        program.exists(),
        "{} is not built: `cargo test` builds it, and so does `cargo build --examples`",
        program.display()
    );
    // Anywhere but in the repository.
    Run::of(Command::new(program).current_dir(env!("CARGO_TARGET_TMPDIR")))
}

/// The quickstart, run once.
fn quickstart() -> &'static Run {
    static QUICKSTART: OnceLock<Run> = OnceLock::new();
    QUICKSTART.get_or_init(|| example("quickstart"))
}

#[test]
fn the_quickstart_ends_well() {
    let run = quickstart();
    assert_eq!(run.code, 0, "{run}");
    for said in [
        "identity gate open after",
        "nothing to do",
        "no differences",
        "whole-service",
        "namespace mcp-initech is gone",
        "no orphans",
    ] {
        assert!(run.stdout.contains(said), "it does not say `{said}`: {run}");
    }
}

#[test]
fn the_second_day_ends_well() {
    let run = example("day-two");
    assert_eq!(run.code, 0, "{run}");
    for said in [
        "ErrImagePull",
        "still serve",
        "secret \"database\" not found",
        "ended: ready",
        "or give --with-contents",
        "the tenant is protected",
    ] {
        assert!(run.stdout.contains(said), "it does not say `{said}`: {run}");
    }
}

#[test]
fn every_example_is_planned() {
    let plan = |arguments: &str| {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let run = Run::of(&mut offline(&examples(), &arguments)).expect(0);
        assert_eq!(run.stderr, "", "{run}");
        run.stdout
    };
    assert!(plan("platform render").contains("kind: IngressClassParams"));
    for name in stems("tenants") {
        let objects = plan(&format!(
            "tenant add {name} -f tenants/{name}.yaml --dry-run"
        ));
        assert!(objects.contains(&format!("mcpctl.dev/tenant: {name}")));
    }
    for name in stems("policies") {
        let objects = plan(&format!(
            "tenant add any --image example/mcp:1 --policy policies/{name}.json --dry-run"
        ));
        assert!(
            objects.contains("inlinePolicies:\n    mcpctl: |-"),
            "{objects}"
        );
    }
    let printed = |config: &str| {
        plan(&format!(
            "tenant add any --image example/mcp:1 --config {config} --dry-run --only aws"
        ))
    };
    assert_eq!(printed("ack/mcpctl.yaml"), printed("mcpctl.yaml"));
    let own =
        plan("tenant add acme -f tenants/acme.yaml --config own-templates/mcpctl.yaml --dry-run");
    for kind in ["HorizontalPodAutoscaler", "ConfigMap"] {
        assert!(own.contains(&format!("kind: {kind}\n")), "{own}");
    }
    assert!(!own.contains("\n  replicas:"), "{own}");
    let mut known = stems(".");
    known.sort_unstable();
    assert_eq!(
        known,
        [
            "ack",
            "day-two",
            "debug",
            "mcpctl",
            "own-templates",
            "permissions",
            "policies",
            "quickstart",
            "sandbox",
            "tenants",
            "workflows"
        ],
        "an example that no test looks at"
    );
}

#[test]
fn the_links_of_the_documents_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for document in [
        "README.md",
        "CHANGELOG.md",
        "templates/README.md",
        "docs/json-events.md",
        "docs/ack.md",
        "docs/faults.md",
        "docs/permissions.md",
        "docs/policy-lint.md",
        "docs/scoping.md",
    ] {
        let path = root.join(document);
        let text = std::fs::read_to_string(&path).expect("the document");
        let links = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.starts_with("https://")) {
            let target = path.with_file_name(link);
            assert!(target.exists(), "{document} links to {link}");
        }
    }
}

/// The backend names each action where it calls it.
#[test]
fn every_action_that_is_called_is_described() {
    let described = include_str!("../../docs/permissions.md");
    let backend = [
        include_str!("../../src/backend/eks.rs"),
        include_str!("../../src/backend/eks/addon.rs"),
        include_str!("../../src/backend/eks/write.rs"),
        include_str!("../../src/backend/iam.rs"),
        include_str!("../../src/backend/iam/write.rs"),
    ];
    let texts = backend.iter().flat_map(|source| source.split('"'));
    let words = texts.filter_map(|text| text.split(' ').next());
    let actions: Vec<&str> = words
        .filter(|word| word.starts_with("eks:") || word.starts_with("iam:"))
        .collect();
    assert!(actions.len() > 20, "{actions:?}");
    for action in actions {
        assert!(described.contains(&format!("`{action}`")), "{action}");
    }
}

#[test]
fn the_changelog_says_what_is_not_released() {
    let changelog = include_str!("../../CHANGELOG.md");
    let (_, unreleased) = changelog
        .split_once("\n## [Unreleased]\n\n### ")
        .expect("a section");
    assert!(unreleased.lines().any(|line| line.starts_with("- ")));
}

#[test]
fn the_variables_of_templates_are_described() {
    let described = include_str!("../../templates/README.md");
    let settings = config::load(&config::Overrides::default(), &examples()).expect("settings");
    let name = tenant::parse_name("globex").expect("a name");
    let input = cli::Input {
        file: Some("tenants/globex.yaml".into()),
        image: None,
        policy: None,
        tier: None,
        set: Vec::new(),
        allow: Vec::new(),
    };
    let given = tenant::given(&input, &examples()).expect("an input");
    let (resolved, _) = tenant::offline(&name, &given, &settings).expect("a tenant");
    let context = render::tenant(&resolved, &settings).expect("the variables");
    for variable in variables(&context) {
        let row = described
            .lines()
            .find(|line| line.contains(&format!("`{variable}`")));
        assert!(
            row.is_some_and(|row| row.starts_with("| ")),
            "no row describes {variable}"
        );
    }
}

/// Names of the variables: those of maps with a dot, but for the spec and what has keys of the tenant's choice.
fn variables(context: &Value) -> Vec<String> {
    let map = context.as_object().expect("a map");
    let names = map.iter().flat_map(|(name, value)| match value {
        Value::Object(inner) if name != "spec" => {
            inner.keys().map(|key| format!("{name}.{key}")).collect()
        }
        _ => vec![name.clone()],
    });
    names.collect()
}
