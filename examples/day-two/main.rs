//! What comes after the first day: `cargo run --example day-two`, on a sandbox of its own.
//!
//! Every command is the real program against a real Kubernetes API server and an AWS emulator, and has to end with the
//! exit code that is written beside it.

#![expect(
    clippy::print_stdout,
    reason = "what it prints is what this example is for"
)]

use std::cell::RefCell;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

#[path = "../quickstart/program.rs"]
mod program;
#[path = "../quickstart/stage.rs"]
mod stage;

use stage::Stage;

fn main() -> Result<()> {
    let stage = Stage::set()?;
    heading("A cluster with a tenant, as the quickstart leaves it half-way");
    stage.mcpctl("platform apply", 0)?;
    stage.mcpctl("tenant add acme -f tenants/acme.yaml", 0)?;
    bring_out_a_new_version(&stage)?;
    bring_out_a_broken_one(&stage)?;
    add_a_template(&stage)?;
    wait_for_a_secret(&stage)?;
    look_at_the_edge(&stage)?;
    follow_the_events(&stage)?;
    remove_what_holds_more(&stage)?;
    remove_what_is_protected(&stage)
}

fn bring_out_a_new_version(stage: &Stage) -> Result<()> {
    heading("A new image by flag; the rest of what was said stays");
    stage.mcpctl(
        "tenant add acme --image ghcr.io/example/mcp-server:1.5.0",
        0,
    )?;
    heading("What was said, as a tenant file for Git");
    stage.mcpctl("tenant show acme", 0)
}

fn bring_out_a_broken_one(stage: &Stage) -> Result<()> {
    heading(
        "An image that is not there: found out at once, exit code 4; the version before still serves",
    );
    stage.mcpctl(
        "tenant add acme --image ghcr.io/example/does-not-exist:1.6.0",
        4,
    )?;
    stage.mcpctl("tenant status acme", 0)?;
    heading("Repaired");
    stage.mcpctl(
        "tenant add acme --image ghcr.io/example/mcp-server:1.5.1",
        0,
    )?;
    stage.mcpctl("tenant list", 0)
}

/// The folder that these settings name adds a map of configuration and an autoscaler to every tenant.
fn add_a_template(stage: &Stage) -> Result<()> {
    heading("Templates of one's own: what they add");
    stage.mcpctl("tenant diff acme --config own-templates/mcpctl.yaml", 1)?;
    stage.mcpctl("tenant add acme --config own-templates/mcpctl.yaml", 0)?;
    heading("Without them again, what they made goes");
    stage.mcpctl("tenant add acme", 0)
}

/// A person makes the Secret while `add` waits for it.
fn wait_for_a_secret(stage: &Stage) -> Result<()> {
    heading("A tenant whose Secret comes late: named, and waited for");
    let made = RefCell::new(None);
    let arguments = "tenant add globex -f tenants/globex.yaml";
    println!("$ mcpctl {arguments}");
    let (code, text) = program::run(stage.command(arguments), |line| {
        println!("{line}");
        if line.contains("secret \"database\"") && made.borrow().is_none() {
            println!("# meanwhile, in another shell:");
            made.replace(Some(stage.kubectl(
                "create secret generic database --namespace mcp-globex --from-literal=password=open-sesame",
            )));
        }
    })?;
    ensure!(code == 0, "add ended with exit code {code}:\n{text}");
    let made = made.into_inner();
    made.with_context(|| format!("add did not wait for the Secret:\n{text}"))??;
    Ok(())
}

fn look_at_the_edge(stage: &Stage) -> Result<()> {
    heading("Its tokens are checked by the load balancer");
    let annotation = r"{.metadata.annotations.alb\.ingress\.kubernetes\.io/jwt-validation}";
    let edge = stage.kubectl(&format!(
        r"get ingress mcp-server --namespace mcp-globex -o jsonpath={annotation}{{'\n'}}"
    ))?;
    ensure!(edge.contains("https://login.globex.example"), "{edge}");
    Ok(())
}

/// What a program makes of the events: here, how many of each type, and how it ended.
fn follow_the_events(stage: &Stage) -> Result<()> {
    heading("The events of a run as lines of JSON, for a program to read");
    let arguments = "tenant add acme --set replicas=3 -o json";
    println!("$ mcpctl {arguments} | reader");
    let (code, text) = program::run(stage.command(arguments), |line| {
        // Without -v stderr is silent here; what is no event is shown as it is.
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            return println!("{line}");
        };
        let told = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
        match event["kind"].as_str() {
            Some("Result") => println!("ended: {} ({})", told("outcome"), told("url")),
            _ => println!(
                "event: {} {}",
                told("type"),
                event["object"]["kind"].as_str().unwrap_or_default()
            ),
        }
    })?;
    ensure!(code == 0, "add ended with exit code {code}:\n{text}");
    Ok(())
}

fn remove_what_holds_more(stage: &Stage) -> Result<()> {
    heading(
        "Somebody put a workload of their own into the namespace: removal refuses, exit code 3",
    );
    stage
        .kubectl("create deployment tools --namespace mcp-acme --image=registry.example/tools:1")?;
    stage.mcpctl("tenant remove acme --yes", 3)?;
    heading("Unless it is to go as well");
    stage.mcpctl("tenant remove acme --yes --with-contents", 0)
}

fn remove_what_is_protected(stage: &Stage) -> Result<()> {
    heading("A protected tenant stays until somebody says otherwise");
    stage.mcpctl("tenant remove globex --yes", 3)?;
    stage.mcpctl("tenant add globex --set protected=false", 0)?;
    stage.mcpctl("tenant remove globex --yes", 0)
}

fn heading(text: &str) {
    println!("\n# {text}");
}
