//! The tab key, in a real shell.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    desk::Desk,
    world::{Run, World, offline},
};

/// Sources the script, types a line and presses tab, in the surroundings of `command`. What is offered, sorted.
pub(crate) fn tab(command: &Command, line: &str) -> Run {
    const PRESS: &str = r#"
        source <(mcpctl completion bash)
        COMP_LINE="$1" COMP_POINT=${#1} COMP_TYPE=9
        read -ra COMP_WORDS <<<"$1"
        [[ "$1" == *' ' ]] && COMP_WORDS+=('')
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        last="${COMP_WORDS[COMP_CWORD]}"
        "$(complete -p mcpctl | sed 's/.*-F \([^ ]*\).*/\1/')" mcpctl "$last" "${COMP_WORDS[COMP_CWORD-1]}"
        printf '%s\n' "${COMPREPLY[@]}" | sort"#;
    let binary = Path::new(env!("CARGO_BIN_EXE_mcpctl"));
    let mut path = binary.parent().expect("a directory").as_os_str().to_owned();
    path.push(":/usr/bin:/bin");
    // Not by our own limit, which is what may fail.
    let mut shell = Command::new("timeout");
    shell
        .args(["10", "bash", "-c", PRESS, "bash", line])
        .env_clear();
    let vars = command.get_envs();
    shell.envs(vars.filter_map(|(name, value)| Some((name, value?))));
    shell.env("PATH", path).stdin(Stdio::null());
    if let Some(dir) = command.get_current_dir() {
        shell.current_dir(dir);
    }
    Run::of(&mut shell)
}

#[track_caller]
fn offers(command: &Command, line: &str, expected: &[&str]) {
    let run = tab(command, line);
    let offered: Vec<&str> = run.stdout.split_whitespace().collect();
    assert_eq!(offered, expected, "`{line}`: {run}");
    assert_eq!(run.stderr, "", "`{line}`: {run}");
}

#[test]
fn verbs_flags_values_and_what_the_settings_and_the_kubeconfig_hold() {
    let desk = Desk::new("tab");
    let settings = std::fs::read_to_string(desk.dir.join("mcpctl.yaml")).expect("settings");
    desk.write(
        "mcpctl.yaml",
        &format!("{settings}tiers: {{huge: {{replicas: 9}}}}\n"),
    );
    desk.write(
        "kubeconfig",
        r#"{"apiVersion": "v1", "kind": "Config", "contexts": [
            {"name": "staging", "context": {"cluster": "s", "user": "s"}},
            {"name": "production", "context": {"cluster": "p", "user": "p"}}]}"#,
    );
    let mut command = offline(&desk.dir, &[]);
    command.env("KUBECONFIG", "kubeconfig");
    offers(&command, "mcpctl tenant rem", &["remove"]);
    offers(
        &command,
        "mcpctl tenant add acme --identity-gate ",
        &["off", "required", "warn"],
    );
    offers(&command, "mcpctl tenant add acme --tier h", &["huge"]);
    offers(
        &command,
        "mcpctl tenant list --context ",
        &["production", "staging"],
    );
    offers(&command, "mcpctl tenant add acme --dry", &["--dry-run"]);
    offers(
        &command,
        "mcpctl tenant add acme -f policy",
        &["policy.json"],
    );
}

#[test]
fn tenants_of_the_cluster() {
    let world = World::new("tab-names");
    for name in ["tab-a1", "tab-a2"] {
        let _ = world
            .mcpctl(&["tenant", "add", name, "--wait", "applied"])
            .expect(0);
    }
    let (command, calls) = (world.command(&[]), world.aws_calls().len());
    for verb in ["add", "diff", "remove"] {
        let line = format!("mcpctl tenant {verb} tab-a");
        offers(&command, &line, &["tab-a1", "tab-a2"]);
    }
    // Not without what names the cluster; and by the line's own flags.
    let config = command.get_envs().find(|(name, _)| *name == "KUBECONFIG");
    let config = config
        .and_then(|(_, path)| path)
        .expect("a kubeconfig")
        .to_string_lossy();
    let bare = offline(&world.dir, &[]);
    offers(&bare, "mcpctl tenant remove tab-a", &[]);
    offers(
        &bare,
        &format!("mcpctl --kubeconfig {config} tenant remove tab-a"),
        &["tab-a1", "tab-a2"],
    );
    assert_eq!(
        world.aws_calls().len(),
        calls,
        "a tab key asks the cluster alone"
    );
}

#[test]
fn tenants_of_a_cluster_that_eks_names() {
    let world = World::new("tab-eks");
    let _ = world
        .mcpctl(&["tenant", "add", "tab-eks1", "--wait", "applied"])
        .expect(0);
    let bare = offline(&world.dir, &[]);
    offers(&bare, "mcpctl tenant remove tab-eks", &[]);
    let mut command = offline(&world.dir, &[]);
    command.envs(world.sandbox.aws_env(&world.access_key));
    offers(&command, "mcpctl tenant remove tab-eks", &["tab-eks1"]);
    // By the line's own flags.
    offers(
        &command,
        "mcpctl --cluster tab-nowhere tenant remove tab-eks",
        &[],
    );
    world.sandbox.no_access_entry("TAB-STRANGER");
    command.env("AWS_ACCESS_KEY_ID", "TAB-STRANGER");
    offers(&command, "mcpctl tenant remove tab-eks", &[]);
}

#[test]
fn a_cluster_that_cannot_be_asked_is_no_news() {
    let desk = Desk::new("tab-silent");
    // One refuses, one takes the connection and never answers, one is no kubeconfig.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address");
    for server in [
        "https://127.0.0.1:1".to_string(),
        format!("https://{address}"),
        "][".into(),
    ] {
        desk.write(
            "kubeconfig",
            &format!(
                r#"{{"apiVersion": "v1", "kind": "Config", "current-context": "x",
                    "clusters": [{{"name": "x", "cluster": {{"server": "{server}"}}}}],
                    "contexts": [{{"name": "x", "context": {{"cluster": "x", "user": "x"}}}}],
                    "users": [{{"name": "x", "user": {{"token": "t"}}}}]}}"#
            ),
        );
        let mut command = offline(&desk.dir, &[]);
        command.env("KUBECONFIG", "kubeconfig");
        offers(&command, "mcpctl tenant remove a", &[]);
    }
    // Neither does its plugin ask or tell anything, nor is it waited for.
    desk.write(
        "kubeconfig",
        r#"{"apiVersion": "v1", "kind": "Config", "current-context": "x",
            "clusters": [{"name": "x", "cluster": {"server": "https://127.0.0.1:1"}}],
            "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
            "users": [{"name": "x", "user": {"exec": {"apiVersion": "client.authentication.k8s.io/v1",
                "command": "sh", "args": ["-c", "echo log in >&2; sleep 60"], "interactiveMode": "IfAvailable"}}}]}"#,
    );
    let mut command = offline(&desk.dir, &[]);
    command.env("KUBECONFIG", "kubeconfig");
    offers(&command, "mcpctl tenant remove a", &[]);
    desk.write("kubeconfig", "][");
    desk.write("mcpctl.yaml", "][");
    let mut command = offline(&desk.dir, &[]);
    command.env("KUBECONFIG", "kubeconfig");
    offers(&command, "mcpctl tenant remove a", &[]);
    offers(&command, "mcpctl tenant remove a --context ", &[]);
    offers(&command, "mcpctl tenant add a --tier ", &[]);
}

#[test]
fn each_shell_gets_a_script_that_asks_at_the_tab_key() {
    let desk = Desk::new("completion");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = desk.mcpctl(&["completion", shell]).expect(0).stdout;
        let asks = script.contains("MCPCTL_COMPLETE") && script.contains("mcpctl");
        assert!(asks, "{shell}: {script}");
        assert!(
            !script.contains("target/"),
            "{shell} is told where the binary is: {script}"
        );
    }
    // An empty variable asks for nothing, and neither does an unknown shell get an answer.
    let run = Run::of(offline(&desk.dir, &["--version"]).env("MCPCTL_COMPLETE", "")).expect(0);
    assert!(run.stdout.starts_with("mcpctl "), "{run}");
    let run =
        Run::of(offline(&desk.dir, &["--version"]).env("MCPCTL_COMPLETE", "nushell")).expect(2);
    let _ = run.says(&["unknown shell `nushell`"]);
}
