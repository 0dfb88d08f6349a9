//! The main job, from an empty cluster to an empty cluster, on a sandbox of its own: `cargo run --example quickstart`.
//!
//! Every command is the real program against a real Kubernetes API server and an AWS emulator, and has to end with the
//! exit code that is written beside it.

#![expect(
    clippy::print_stdout,
    reason = "what it prints is what this example is for"
)]

use anyhow::{Result, ensure};
use serde_json::json;

mod aws;
mod program;
mod stage;

use stage::Stage;

fn main() -> Result<()> {
    let stage = Stage::set()?;
    prepare_the_cluster(&stage)?;
    add_a_tenant(&stage)?;
    disturb_it_by_hand(&stage)?;
    find_and_repair(&stage)?;
    refuse_too_much(&stage)?;
    lose_a_namespace(&stage)?;
    remove_the_tenant(&stage)?;
    look_for_leftovers(&stage)
}

fn prepare_the_cluster(stage: &Stage) -> Result<()> {
    heading(
        "Once per cluster: the ingress class, and a guard that refuses pods without credentials",
    );
    stage.mcpctl("platform apply", 0)
}

fn add_a_tenant(stage: &Stage) -> Result<()> {
    heading("A tenant as YAML, for Git: no call to the cluster or to AWS");
    stage.dry_run("tenant add acme -f tenants/acme.yaml --dry-run")?;
    heading("The tenant in both halves; its pods wait until they would come with credentials");
    stage.mcpctl("tenant add acme -f tenants/acme.yaml", 0)?;
    stage.mcpctl("tenant list", 0)?;
    heading("The same again: no write");
    stage.mcpctl("tenant add acme -f tenants/acme.yaml", 0)?;
    stage.mcpctl("tenant diff acme", 0)
}

/// Somebody scales down, takes the guard off the namespace, widens the policy and opens the role to another account.
fn disturb_it_by_hand(stage: &Stage) -> Result<()> {
    heading("Changes by hand, on both sides");
    stage.kubectl("scale deployment mcp-server --namespace mcp-acme --replicas=1")?;
    stage.kubectl("label namespace mcp-acme mcpctl.dev/identity-")?;
    let [role] = &stage.roles()?[..] else {
        anyhow::bail!("one tenant, and not one role");
    };
    println!("# IAM PutRolePolicy: one more statement, s3:* on everything");
    let wider = json!({"Sid": "Temporary", "Effect": "Allow", "Action": "s3:*", "Resource": "*"});
    stage.add_to_inline_policy(role, wider)?;
    println!("# IAM UpdateAssumeRolePolicy: another account may assume the role");
    let account = json!({"AWS": "arn:aws:iam::444455556666:root"});
    let open = json!({"Effect": "Allow", "Principal": account, "Action": "sts:AssumeRole"});
    stage.add_to_trust_policy(role, open)
}

fn find_and_repair(stage: &Stage) -> Result<()> {
    heading("Found, field by field; the exit code is 1, for CI");
    stage.mcpctl("tenant diff acme", 1)?;
    heading("Repaired: that and nothing else");
    stage.mcpctl("tenant add acme", 0)?;
    stage.mcpctl("tenant diff acme", 0)
}

/// A role is not made that could read what is another tenant's.
fn refuse_too_much(stage: &Stage) -> Result<()> {
    heading("A policy that grants too much is refused before anything is called");
    stage.mcpctl(
        "tenant add greedy --image ghcr.io/example/mcp-server:1.4.2 --policy quickstart/too-broad.json",
        2,
    )
}

/// Somebody deletes the namespace of a tenant; its role and association stay, and would be whose who makes it anew.
fn lose_a_namespace(stage: &Stage) -> Result<()> {
    heading("A tenant's namespace, deleted without mcpctl");
    stage.mcpctl(
        "tenant add initech --image ghcr.io/example/mcp-server:1.4.2 --policy policies/tenant.json",
        0,
    )?;
    stage.kubectl("delete namespace mcp-initech")?;
    heading("What is left of it in AWS, and the command that takes it away");
    stage.mcpctl("tenant list --orphans", 0)?;
    stage.mcpctl("tenant remove initech --yes", 0)?;
    stage.mcpctl("tenant list --orphans", 0)
}

fn remove_the_tenant(stage: &Stage) -> Result<()> {
    heading("The inverse of add");
    stage.mcpctl("tenant remove acme --yes", 0)
}

fn look_for_leftovers(stage: &Stage) -> Result<()> {
    heading("Both sides, asked without mcpctl");
    let namespaces = stage.kubectl("get namespaces --selector mcpctl.dev/tenant")?;
    ensure!(
        namespaces.contains("No resources found"),
        "a namespace is left: {namespaces}"
    );
    let roles = stage.roles()?;
    println!("# IAM ListRoles below /mcpctl/: {}", roles.len());
    ensure!(roles.is_empty(), "roles are left: {roles:?}");
    let associations = stage.associations()?;
    println!("# EKS ListPodIdentityAssociations: {}", associations.len());
    ensure!(
        associations.is_empty(),
        "associations are left: {associations:?}"
    );
    Ok(())
}

fn heading(text: &str) {
    println!("\n# {text}");
}
