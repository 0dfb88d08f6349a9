//! What the documents and the examples say is what the program does.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use mcpctl::{cli, config, render, tenant};
use mcpctl_sandbox::{Options, Sandbox};
use serde_json::Value;

use crate::world::{Run, offline};

const README: &str = include_str!("../../README.md");

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

/// The lines of the README's code blocks of a language, by block.
fn blocks(language: &str) -> Vec<Vec<&'static str>> {
    let mut blocks = Vec::new();
    let mut lines = README.lines();
    while lines.by_ref().any(|line| line == format!("```{language}")) {
        blocks.push(lines.by_ref().take_while(|line| *line != "```").collect());
    }
    blocks
}

/// What a command of the README ends with, and what stderr then says: `# exit code 4: text`, or nothing for success.
fn promised(command: &str) -> (i32, &str) {
    let Some((_, promise)) = command.split_once("# exit code ") else {
        return (0, "");
    };
    let (code, said) = promise.split_once(": ").unwrap_or((promise, ""));
    (code.parse().expect("an exit code"), said)
}

/// In their order, in one shell each, on a cluster of their own.
#[test]
fn the_commands_of_the_readme_work() {
    let sandbox = Sandbox::start(&Options::default()).expect("the sandbox starts");
    sandbox
        .cluster("prod")
        .expect("the cluster of examples/mcpctl.yaml");
    let kubectl = PathBuf::from(sandbox.kubectl().get_program());
    let programs = [Path::new(env!("CARGO_BIN_EXE_mcpctl")), kubectl.as_path()];
    let path: Vec<String> = programs
        .iter()
        .filter_map(|program| Some(program.parent()?.display().to_string()))
        .chain(["/usr/bin".into(), "/bin".into()])
        .collect();
    let kubeconfig = sandbox.kubeconfig_for_cluster("prod", "reader", &["system:masters"]);
    let kubeconfig = kubeconfig.expect("a kubeconfig");
    let commands = blocks("sh").concat();
    let commands: Vec<_> = commands
        .iter()
        .filter(|line| {
            ["mcpctl", "kubectl"]
                .iter()
                .any(|name| line.split(' ').any(|word| word == *name))
        })
        .collect();
    assert!(commands.len() > 40, "{commands:?}");
    for command in commands {
        let mut shell = Command::new("bash");
        shell
            .args(["-o", "pipefail", "-c", command])
            .current_dir(examples())
            .env_clear()
            .env("PATH", path.join(":"))
            .env("KUBECONFIG", &kubeconfig)
            .env("KUBECACHEDIR", env!("CARGO_TARGET_TMPDIR"))
            .envs(sandbox.aws_env("README"));
        let run = Run::of(&mut shell);
        let (code, said) = promised(command);
        assert_eq!(run.code, code, "{command}\n{run}");
        assert!(run.stderr.contains(said), "{command}\n{run}");
    }
}

/// Each transcript, in order. `[...]` stands for lines left out; lines of things that happen at the same time may come
/// in any order, so others of them may lie between.
#[test]
fn the_transcript_of_the_readme_is_what_the_quickstart_prints() {
    let printed: Vec<String> = quickstart().stdout.lines().map(settled).collect();
    let blocks = blocks("console");
    assert!(!blocks.is_empty(), "the README has no transcript");
    for block in blocks {
        let mut rest = printed.as_slice();
        for piece in block.split(|line| *line == "[...]") {
            let piece: Vec<String> = piece.iter().map(|line| settled(line)).collect();
            let found = (0..rest.len()).find_map(|at| after(&rest[at..], &piece));
            rest = found.unwrap_or_else(|| {
                panic!(
                    "the README's transcript says\n{}\nbut the quickstart prints\n{}",
                    piece.join("\n"),
                    rest.join("\n")
                )
            });
        }
    }
}

/// What follows `piece` in `lines`, if they begin with it.
fn after<'a>(mut lines: &'a [String], piece: &[String]) -> Option<&'a [String]> {
    for (number, wanted) in piece.iter().enumerate() {
        while number > 0 && lines.first()? != wanted && is_event(&lines[0]) {
            lines = &lines[1..];
        }
        lines = lines.strip_prefix(std::slice::from_ref(wanted))?;
    }
    Some(lines)
}

fn is_event(line: &str) -> bool {
    line.starts_with("  ✓ ") || line.starts_with("  … ")
}

/// A line without what differs from run to run: ids of associations, and seconds.
fn settled(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let settle = |(at, word): (usize, &&str)| {
        let id = word
            .strip_prefix("a-")
            .is_some_and(|id| id.len() > 12 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        match words.get(at + 1) {
            _ if id => "a-ID".into(),
            Some(&"s") if word.parse::<f64>().is_ok() => "N".into(),
            _ => (*word).to_owned(),
        }
    };
    let settled: Vec<String> = words.iter().enumerate().map(settle).collect();
    settled.join(" ")
}

#[test]
fn the_exit_codes_of_the_readme_are_those_of_the_help() {
    let help = Run::of(&mut offline(&examples(), &["--help"]))
        .expect(0)
        .stdout;
    let (_, listed) = help
        .split_once("Exit codes:\n")
        .expect("a list of exit codes");
    let rows = |line: &str| {
        let (code, meaning) = line.trim().split_once("  ")?;
        Some(format!("| {code} | {} |", meaning.trim()))
    };
    let listed: Vec<String> = listed.lines().filter_map(rows).collect();
    let (_, table) = README
        .split_once("| code | meaning |\n|---|---|\n")
        .expect("a table");
    let table: Vec<&str> = table
        .lines()
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert_eq!(table, listed);
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
