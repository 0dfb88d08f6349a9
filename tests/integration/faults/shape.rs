//! A tenant's role and association, in words.

use std::collections::BTreeMap;

use mcpctl_sandbox::strict_aws::State;

use super::fault::ROLE;
use crate::strict::ACCOUNT;

/// What of role and association is as it was asked for.
pub(super) fn shape(state: &State) -> String {
    let edge = format!("arn:aws:iam::{ACCOUNT}:policy/edge");
    let tagged = |tags: &BTreeMap<String, String>| {
        let namespace = tags.get("mcpctl.dev/namespace").map(String::as_str);
        namespace == Some("mcp-acme") && !tags.contains_key("mcpctl.dev/more")
    };
    let role = state.role(ROLE).map(|role| {
        let policy = role.inline.get("mcpctl");
        listed(&[
            ("boundary", role.boundary.as_ref() == Some(&edge)),
            ("trust policy", role.trust.contains("sts:TagSession")),
            (
                "policy",
                policy.is_some_and(|text| text.contains("GetObject")),
            ),
            ("managed policy", role.attached.iter().eq([&edge])),
            ("tags", tagged(&role.tags)),
        ])
    });
    let one = state
        .association("prod", "mcp-acme", "mcp-server")
        .map(|one| {
            let own = state
                .role(ROLE)
                .is_some_and(|role| role.arn == one.role_arn);
            listed(&[("role", own), ("tags", tagged(&one.tags))])
        });
    let said = |kind: &str, has: Option<String>| match has {
        Some(has) => format!("{kind} with {has}"),
        None => format!("no {kind}"),
    };
    format!("{}; {}", said("role", role), said("association", one))
}

fn listed(parts: &[(&str, bool)]) -> String {
    let there: Vec<&str> = parts
        .iter()
        .filter(|(_, is)| *is)
        .map(|(name, _)| *name)
        .collect();
    match there.len() {
        0 => "nothing".into(),
        all if all == parts.len() => "all".into(),
        _ => there.join(", "),
    }
}
