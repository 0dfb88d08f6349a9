//! The load balancer that a group would get, or why it cannot be built.
//!
//! Source: `pkg/ingress/model_builder.go`, `model_build_listener.go`, `model_build_load_balancer.go`,
//! `model_build_load_balancer_attributes.go`. One bad member keeps the whole group from being built.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::group::{Group, Members, class};
use super::world::{World, annotation, full_name, is_terminating, key, list, text};
use crate::aws::REGION;
use crate::files::digest;

/// The load balancer's DNS name; none for a group without active members.
pub(crate) fn build(
    world: &World,
    group: &Group,
    members: &Members<'_>,
) -> Result<Option<String>, String> {
    for ingress in members
        .leaving
        .iter()
        .filter(|ingress| is_terminating(ingress))
    {
        refuse_protected(ingress)?;
    }
    if members.active.is_empty() {
        return Ok(None);
    }
    for ingress in &members.active {
        check_listen_ports(ingress)
            .map_err(|why| format!("ingress: {}: {why}", full_name(ingress)))?;
    }
    let scheme = scheme(world, members)?;
    check_attributes(members)?;
    for ingress in &members.active {
        check_backends(ingress).map_err(|why| format!("ingress: {}: {why}", full_name(ingress)))?;
    }
    Ok(Some(host_name(group, &scheme)))
}

/// `k8s-<group>-<hash>`, as `pkg/ingress/model_build_load_balancer.go` names it, in ELB's DNS form.
fn host_name(group: &Group, scheme: &str) -> String {
    let plain = group
        .to_string()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(17)
        .collect::<String>();
    let hash = digest(&[&group.to_string()]);
    let number = u32::from_str_radix(&hash[..8], 16).unwrap_or_default();
    let prefix = if scheme == "internal" {
        "internal-"
    } else {
        ""
    };
    format!(
        "{prefix}k8s-{plain}-{}-{number}.{REGION}.elb.amazonaws.com",
        &hash[..10]
    )
}

/// An Ingress that protects the load balancer cannot leave, nor can one whose attributes nobody can read.
fn refuse_protected(ingress: &Value) -> Result<(), String> {
    let attributes = attributes(ingress)?;
    let Some(value) = attributes.get("deletion_protection.enabled") else {
        return Ok(());
    };
    match value.as_str() {
        "true" => {
            let (_, name) = key(ingress);
            Err(format!(
                "deletion_protection is enabled, cannot delete the ingress: {name}"
            ))
        }
        "false" => Ok(()),
        other => Err(format!(
            "strconv.ParseBool: parsing {other:?}: invalid syntax"
        )),
    }
}

/// `load-balancer-attributes`, a string map. The error does not say whose it is.
fn attributes(ingress: &Value) -> Result<BTreeMap<String, String>, String> {
    let raw = annotation(ingress, "load-balancer-attributes").unwrap_or_default();
    let pairs = raw
        .split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.trim().to_owned())),
            _ => Err(format!(
                "failed to parse stringMap annotation, alb.ingress.kubernetes.io/load-balancer-attributes: {raw}"
            )),
        })
        .collect()
}

fn check_attributes(members: &Members<'_>) -> Result<(), String> {
    let mut all = BTreeMap::<String, String>::new();
    for ingress in &members.active {
        for (name, value) in attributes(ingress)? {
            if let Some(other) = all.insert(name.clone(), value.clone())
                && other != value
            {
                return Err(format!("conflicting attributes {name}: {other} | {value}"));
            }
        }
    }
    Ok(())
}

fn scheme(world: &World, members: &Members<'_>) -> Result<String, String> {
    let mut explicit = BTreeSet::new();
    for ingress in &members.active {
        let params = class(world, ingress)?.and_then(|class| class.params);
        let of_class = params.and_then(|params| params["spec"]["scheme"].as_str());
        explicit.extend(of_class.or_else(|| annotation(ingress, "scheme")));
    }
    if explicit.len() > 1 {
        return Err(format!("conflicting scheme: {explicit:?}"));
    }
    match explicit.first().copied().unwrap_or("internal") {
        known @ ("internal" | "internet-facing") => Ok(known.to_owned()),
        unknown => Err(format!("unknown scheme: {unknown}")),
    }
}

fn check_listen_ports(ingress: &Value) -> Result<(), String> {
    let annotation_name = "alb.ingress.kubernetes.io/listen-ports";
    let Some(raw) = annotation(ingress, "listen-ports") else {
        return Ok(());
    };
    let ports = serde_json::from_str::<Vec<BTreeMap<String, u16>>>(raw).map_err(|error| {
        format!("failed to parse json annotation, {annotation_name}: {raw}: {error}")
    })?;
    if ports.is_empty() {
        return Err(format!("empty {annotation_name} configuration"));
    }
    match ports
        .iter()
        .flat_map(BTreeMap::keys)
        .find(|protocol| !matches!(protocol.as_str(), "HTTP" | "HTTPS"))
    {
        Some(protocol) => Err(format!("listen protocol must be HTTP or HTTPS: {protocol}")),
        None => Ok(()),
    }
}

/// A backend `use-annotation` needs its action, and actions and conditions must be JSON.
fn check_backends(ingress: &Value) -> Result<(), String> {
    for backend in backends(ingress) {
        let service = text(&backend["service"]["name"]);
        if backend["service"]["port"]["name"] == "use-annotation"
            && annotation(ingress, &format!("actions.{service}")).is_none()
        {
            return Err(format!("missing actions.{service} configuration"));
        }
        for kind in ["actions", "conditions"] {
            let suffix = format!("{kind}.{service}");
            if let Some(raw) = annotation(ingress, &suffix)
                && let Err(error) = serde_json::from_str::<Value>(raw)
            {
                return Err(format!(
                    "failed to parse json annotation, alb.ingress.kubernetes.io/{suffix}: {raw}: {error}"
                ));
            }
        }
    }
    Ok(())
}

/// The backends of all rules.
pub(crate) fn backends(ingress: &Value) -> impl Iterator<Item = &Value> {
    let rules = list(&ingress["spec"]["rules"]).iter();
    rules
        .flat_map(|rule| list(&rule["http"]["paths"]))
        .map(|path| &path["backend"])
}
