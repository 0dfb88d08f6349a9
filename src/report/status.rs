//! A tenant's status as text: what it is first, then what is wrong with it.

use std::fmt::Write;

use anstyle::Style;

use super::{GREEN, RED, YELLOW, entries::BARE, plan::postponed};
use crate::{
    config::AwsMode,
    spec::{AuthMode, Image, Issuer},
    status::{Drift, Half, Presence, Status, TenantState},
};

mod workload;

/// Colour never carries meaning alone: the words say the same.
pub fn status(status: &Status) -> String {
    let mut text = String::new();
    line(
        &mut text,
        "tenant",
        &format!("{} on cluster {}", status.metadata.name, status.cluster),
    );
    line(
        &mut text,
        "state",
        &paint(state_colour(status.state), &status.state.to_string()),
    );
    for problem in &status.problems {
        line(&mut text, "problem", &plain(problem));
    }
    said(&mut text, status);
    line(&mut text, "namespace", &status.names.namespace);
    identity(&mut text, status);
    half(&mut text, "kubernetes", &status.kubernetes);
    half(&mut text, "aws", &status.aws);
    if status.aws_mode == AwsMode::Ack && status.aws.presence != Presence::NotAsked {
        let said = "as ACK's objects say; IAM and EKS were not asked";
        line(&mut text, "", said);
    }
    if let Some(rollout) = &status.rollout {
        line(&mut text, "rollout", &plain(&workload::progress(rollout)));
    }
    workload::others(&mut text, &status.workloads);
    if let Some(ingress) = &status.ingress {
        let address = ingress
            .address
            .clone()
            .unwrap_or_else(|| paint(YELLOW, "no address yet"));
        line(
            &mut text,
            "ingress",
            &format!("{} -> {address}", ingress.hosts.join(", ")),
        );
        workload::targets(&mut text, &status.target_groups);
    }
    workload::pods(&mut text, &status.pods);
    workload::warnings(&mut text, &status.warnings);
    text
}

fn identity(text: &mut String, status: &Status) {
    let missing = |half: &Half| match half.presence {
        Presence::NotAsked => Presence::NotAsked.to_string(),
        Presence::NotOurs => "missing, or not ours".into(),
        _ => paint(RED, "missing"),
    };
    let or_missing =
        |found: Option<&String>| found.cloned().unwrap_or_else(|| missing(&status.aws));
    line(
        text,
        "role",
        &or_missing(status.role.as_ref().map(|role| &role.arn)),
    );
    let association = status
        .association
        .as_ref()
        .map(|association| &association.id);
    line(text, "association", &or_missing(association));
    if let Some(association) = &status.association {
        let told = [
            ("target role", &association.target_role_arn),
            ("external id", &association.external_id),
        ];
        for (label, value) in told {
            if let Some(value) = value {
                line(text, label, &plain(value));
            }
        }
    }
}

fn said(text: &mut String, status: &Status) {
    let Some(said) = &status.spec else { return };
    let spec = &said.spec;
    line(text, "url", &said.url);
    let auth = match spec.auth.mode {
        AuthMode::Server => "server: the MCP server authenticates clients".into(),
        AuthMode::Jwt => {
            let issuer = spec.auth.issuer.as_ref().map_or("?", Issuer::as_str);
            format!("jwt: the load balancer takes tokens of {issuer}")
        }
    };
    line(text, "auth", &plain(&auth));
    let image = spec.image.as_ref().map_or("-", Image::as_str);
    line(text, "image", image);
    let pods = if spec.replicas == 1 { "pod" } else { "pods" };
    let protected = if spec.protected { ", protected" } else { "" };
    let size = format!(
        "{}: {} {pods}, drain {} s{protected}",
        spec.tier, spec.replicas, spec.drain_seconds
    );
    line(text, "tier", &plain(&size));
    line(text, "spec", "all that is said of it: -o yaml");
    if !said.allowed_rules.is_empty() {
        let rules = said.allowed_rules.join(", ");
        line(text, "policy lint", &format!("lets through {rules}"));
    }
}

fn half(text: &mut String, name: &str, half: &Half) {
    let colour = match half.presence {
        Presence::Present => GREEN,
        Presence::NotAsked => Style::new(),
        _ => RED,
    };
    let presence = paint(colour, &half.presence.to_string());
    match &half.drift {
        Some(drift) if half.presence != Presence::NotAsked => {
            line(text, name, &format!("{presence}, {}", counts(drift)));
            findings(text, drift);
        }
        _ => line(text, name, &presence),
    }
}

fn counts(drift: &Drift) -> String {
    if drift.is_none() {
        return "no drift".into();
    }
    let count = |number: usize, one: &str, many: &str| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{number} {many}")),
    };
    let parts = [
        count(drift.changes.len(), "change", "changes"),
        count(drift.conflicts.len(), "conflict", "conflicts"),
        count(drift.foreign.len(), "foreign thing", "foreign things"),
        count(
            drift.without_credentials.len(),
            "pod without credentials",
            "pods without credentials",
        ),
        count(drift.postponed.len(), "role given up", "roles given up"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn findings(text: &mut String, drift: &Drift) {
    for change in &drift.changes {
        let fields = if change.fields.is_empty() {
            String::new()
        } else {
            format!(": {}", change.fields.join(", "))
        };
        let mark = paint(YELLOW, "~");
        _ = writeln!(
            text,
            "  {mark} {} {}{}",
            change.action,
            change.object,
            plain(&fields)
        );
    }
    for conflict in &drift.conflicts {
        let mark = paint(RED, "x");
        _ = writeln!(
            text,
            "  {mark} {}: {}",
            conflict.object,
            plain(&conflict.what)
        );
    }
    for foreign in &drift.foreign {
        let mark = paint(YELLOW, "!");
        let what = plain(&foreign.what);
        _ = writeln!(text, "  {mark} {}: {what} is not ours", foreign.object);
    }
    for role in &drift.postponed {
        let mark = paint(YELLOW, "!");
        _ = writeln!(text, "  {mark} {}", postponed(role));
    }
    for pod in &drift.without_credentials {
        let mark = paint(RED, "!");
        _ = writeln!(text, "  {mark} {pod}: {BARE}");
    }
}

fn line(text: &mut String, label: &str, value: &str) {
    _ = writeln!(text, "{label:<12} {value}");
}

fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

fn state_colour(state: TenantState) -> Style {
    match state {
        TenantState::Ok => GREEN,
        TenantState::Drift | TenantState::NotReady | TenantState::Removing => YELLOW,
        _ => RED,
    }
}

/// On one line, and nothing that steers a terminal: what others wrote is shown, not obeyed.
fn plain(text: &str) -> String {
    let text = text.trim_end();
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
