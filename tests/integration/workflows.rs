//! The example workflows: what they may do, and that their commands work.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use mcpctl::yaml;
use mcpctl_sandbox::{Options, Sandbox};
use serde_json::Value;

use crate::world::Run;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/workflows")
}

/// Name and contents of each.
fn workflows() -> Vec<(String, Value)> {
    let entries = std::fs::read_dir(directory()).expect("the workflows");
    let mut found: Vec<(String, Value)> = entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").display().to_string();
            let text = std::fs::read_to_string(&path).expect("a workflow");
            let workflow = yaml::read::<Value>(&name, &text).expect("YAML").value;
            (name, workflow)
        })
        .collect();
    found.sort_by(|(left, _), (right, _)| left.cmp(right));
    found
}

/// Job and step of each script.
fn scripts(workflow: &Value) -> Vec<(&Value, &Value)> {
    let jobs = workflow["jobs"].as_object().expect("jobs");
    let steps = jobs.values().flat_map(|job| {
        let steps = job["steps"].as_array().expect("steps");
        steps.iter().map(move |step| (job, step))
    });
    steps
        .filter(|(_, step)| step.get("run").is_some())
        .collect()
}

#[test]
fn a_workflow_may_do_little_and_runs_nothing_that_was_typed() {
    let allowed = [
        (
            "add-tenant.yaml",
            vec![("contents", "read"), ("id-token", "write")],
        ),
        (
            "diff-tenants.yaml",
            vec![
                ("contents", "read"),
                ("id-token", "write"),
                ("pull-requests", "write"),
            ],
        ),
    ];
    let workflows = workflows();
    assert_eq!(workflows.len(), allowed.len());
    for ((name, workflow), (known, allowed)) in workflows.iter().zip(allowed) {
        assert_eq!(name, known);
        let permissions = workflow["permissions"].as_object().expect("permissions");
        let permissions: Vec<(&str, &str)> = permissions
            .iter()
            .map(|(name, access)| (name.as_str(), access.as_str().expect("an access")))
            .collect();
        assert_eq!(permissions, allowed, "{name}");
        // With -o pipefail.
        assert_eq!(workflow["defaults"]["run"]["shell"], "bash", "{name}");
        for (job, step) in scripts(workflow) {
            assert!(job.get("permissions").is_none(), "{name}");
            let script = step["run"].as_str().expect("a script");
            assert!(
                !script.contains("${{"),
                "{name} puts values into a script: {script}"
            );
        }
    }
}

/// A machine on which scripts run as GitHub runs them: with AWS credentials, and without a kubeconfig.
struct Runner<'a> {
    sandbox: &'a Sandbox,
    temporary: PathBuf,
}

impl<'a> Runner<'a> {
    fn of(sandbox: &'a Sandbox) -> Self {
        let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("workflows-{}", std::process::id()));
        std::fs::create_dir_all(&temporary).expect("a directory");
        Self { sandbox, temporary }
    }

    fn run(&self, script: &str, environment: &[(&str, &str)]) -> Run {
        let bin = Path::new(env!("CARGO_BIN_EXE_mcpctl"))
            .parent()
            .expect("a directory");
        let mut shell = Command::new("bash");
        shell
            .args([
                "--noprofile",
                "--norc",
                "-e",
                "-o",
                "pipefail",
                "-c",
                script,
            ])
            .current_dir(directory().with_file_name(""))
            .env_clear()
            .env(
                "PATH",
                format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display()),
            )
            .env("GITHUB_ACTIONS", "true")
            .env("RUNNER_TEMP", &self.temporary)
            .env("GITHUB_OUTPUT", self.temporary.join("output"))
            .env("GITHUB_STEP_SUMMARY", self.temporary.join("summary.md"))
            .envs(self.sandbox.aws_env("CI"))
            .envs(environment.iter().copied());
        Run::of(&mut shell)
    }
}

#[test]
fn the_commands_of_the_workflows_work() {
    let sandbox = Sandbox::start(&Options::default()).expect("the sandbox starts");
    sandbox
        .cluster("prod")
        .expect("the cluster of examples/mcpctl.yaml");
    let runner = Runner::of(&sandbox);
    let run = |script: &str, typed: &[(&str, &str)]| runner.run(script, typed);
    let read =
        |name: &str| std::fs::read_to_string(runner.temporary.join(name)).unwrap_or_default();
    let _ = run("mcpctl platform apply", &[]).expect(0);
    for (name, workflow) in workflows() {
        let calls = |script: &str| {
            script
                .lines()
                .any(|line| line.trim().starts_with("mcpctl "))
        };
        let scripts = scripts(&workflow);
        let scripts = scripts.iter().filter_map(|(_, step)| step["run"].as_str());
        let scripts: Vec<&str> = scripts.filter(|script| calls(script)).collect();
        assert_eq!(scripts.len(), 1, "{name}");
        let typed = [
            ("TENANT", "initech"),
            ("IMAGE", "ghcr.io/example/mcp-server:1.4.2"),
        ];
        let _ = run(scripts[0], &typed).expect(0);
        if name == "add-tenant.yaml" {
            assert_eq!(read("output"), "url=https://initech.mcp.example.com/mcp\n");
            // What is typed is a name, whatever it looks like.
            let typed = [("TENANT", "--help"), ("IMAGE", "$(touch oops)")];
            let _ = run(scripts[0], &typed)
                .expect(2)
                .says(&["::error title=", "tenant name"]);
        }
    }
    let comment = read("comment.md");
    assert!(
        comment.starts_with("<!-- mcpctl diff prod -->\n"),
        "{comment}"
    );
    assert!(comment.contains("+ Namespace mcp-acme\n"), "{comment}");
    assert!(comment.contains("+ Namespace mcp-globex\n"), "{comment}");
    assert_eq!(read("summary.md"), comment);
    drop(std::fs::remove_dir_all(&runner.temporary));
}
