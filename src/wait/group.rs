//! Ingresses that share one load balancer: one bad member keeps the controller from building it, and so all others
//! from getting an address or from being let go. The events that say so go to the members that are not being deleted.
//! Pure.
//!
//! Source: `controllers/ingress/group_controller.go` and `pkg/ingress` of the AWS Load Balancer Controller.

use std::collections::BTreeMap;

use serde_json::Value;

use super::finding::{Finding, message};
use crate::marks::TENANT;

const ANNOTATIONS: &str = "alb.ingress.kubernetes.io/";
const ATTRIBUTES: &str = "alb.ingress.kubernetes.io/load-balancer-attributes";

/// What the newest events of the controller say of each Ingress.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    /// By the Ingress's uid.
    newest: BTreeMap<String, Said>,
}

#[derive(Debug)]
struct Said {
    /// `resourceVersion` of the event: it orders those of one Ingress, since it moves when an event is counted up.
    version: u64,
    /// When, as RFC 3339 in whole seconds.
    time: String,
    /// Reason and message, where it is a failure of the whole group.
    failure: Option<(String, String)>,
}

/// What the controller came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Word<'a> {
    Success,
    /// And why.
    Failure(&'a str),
}

impl Complaints {
    /// Takes in an event about an Ingress.
    pub(super) fn take(&mut self, event: &Value) {
        let (reason, said) = (text(event, "/reason"), text(event, "/message"));
        let fails = ["FailedBuildModel", "FailedDeployModel"].contains(&reason);
        if !fails && reason != "SuccessfullyReconciled" {
            return;
        }
        let version = text(event, "/metadata/resourceVersion")
            .parse()
            .unwrap_or(0);
        let times = ["/series/lastObservedTime", "/lastTimestamp", "/eventTime"];
        let time = times
            .into_iter()
            .map(|at| text(event, at))
            .find(|time| !time.is_empty());
        let uid = text(event, "/involvedObject/uid").to_string();
        let newest = self
            .newest
            .get(&uid)
            .is_none_or(|known| known.version <= version);
        if newest {
            let time = time.unwrap_or_default().to_string();
            let failure = fails.then(|| (reason.to_string(), message(said)));
            self.newest.insert(
                uid,
                Said {
                    version,
                    time,
                    failure,
                },
            );
        }
    }

    /// The failure that was said to this Ingress last, unless it was said before the Ingress was changed.
    pub(super) fn about(&self, ingress: &Value) -> Option<&str> {
        let said = self.newest.get(text(ingress, "/metadata/uid"))?;
        let (_, why) = said.failure.as_ref()?;
        let made = text(ingress, "/metadata/creationTimestamp");
        let applied = applied(ingress).unwrap_or(made);
        let fresh = applied == made || said.time.is_empty() || said.time.as_str() > applied;
        fresh.then_some(why)
    }

    /// What was said last to an Ingress that was changed since it was made, as far as it was said of the change. A
    /// failure is repeated, so one in the second of the change may be of before; a success is not.
    pub(super) fn on_change(&self, ingress: &Value) -> Option<Word<'_>> {
        let changed = changed(ingress)?;
        let said = self.newest.get(text(ingress, "/metadata/uid"))?;
        match &said.failure {
            Some((_, why)) => (said.time.as_str() > changed).then_some(Word::Failure(why)),
            None => (said.time.as_str() >= changed).then_some(Word::Success),
        }
    }

    /// The failure that was said to the members of an Ingress's group, itself included.
    pub(super) fn in_group(&self, ingress: &Value, members: &[Value]) -> Option<&str> {
        let of_group = members.iter().filter(|member| same_group(member, ingress));
        of_group
            .chain([ingress])
            .find_map(|member| self.about(member))
    }

    /// Every failure that stands as the last word to an Ingress.
    pub(super) fn failures(&self) -> impl Iterator<Item = &str> {
        let failures = self
            .newest
            .values()
            .filter_map(|said| said.failure.as_ref());
        failures.map(|(_, why)| why.as_str())
    }
}

/// When our fields were written last.
fn applied(ingress: &Value) -> Option<&str> {
    let entries = ingress["metadata"]["managedFields"].as_array()?;
    let ours = entries.iter().filter(|entry| {
        entry["operation"] == "Apply" && entry["manager"] == crate::managed::MANAGER
    });
    ours.filter_map(|entry| entry["time"].as_str()).max()
}

/// When we changed it last, if that was after it was made.
pub(super) fn changed(ingress: &Value) -> Option<&str> {
    let made = text(ingress, "/metadata/creationTimestamp");
    applied(ingress).filter(|applied| *applied > made)
}

/// Who keeps a group from being built, and what to do.
#[derive(Debug, PartialEq)]
pub(super) struct Diagnosis {
    /// Whether it is the Ingress itself.
    pub(super) own: bool,
    pub(super) finding: Finding,
}

/// Explains what the controller said to the group of `own`, given the Ingresses of all namespaces.
pub(super) fn diagnose(said: &str, own: &Value, members: &[Value]) -> Diagnosis {
    let why = said
        .trim_start_matches("Failed build model due to ")
        .trim_start_matches("Failed deploy model due to ");
    let culprits = culprits(why, own, members);
    let [culprit] = culprits.as_slice() else {
        return unnamed(why, &culprits);
    };
    let name = full_name(culprit);
    let reason = why.trim_start_matches(&format!("ingress: {name}: "));
    let is_own = name == full_name(own);
    let tenant = culprit["metadata"]["labels"][TENANT].as_str();
    let of = tenant.map_or(String::new(), |tenant| format!(" of tenant `{tenant}`"));
    let line =
        format!("Ingress {name}{of} blocks the shared load balancer for all its members: {reason}");
    Diagnosis {
        own: is_own,
        finding: Finding::new(line).hint(remedy(culprit, why, tenant.filter(|_| !is_own))),
    }
}

fn unnamed(why: &str, suspects: &[&Value]) -> Diagnosis {
    let line = format!("the shared load balancer is blocked: {why}");
    let names: Vec<String> = suspects.iter().map(|suspect| full_name(suspect)).collect();
    let hint = if names.is_empty() {
        "the controller does not say which Ingress: its log may".to_string()
    } else {
        format!("it is one of these Ingresses: {}", names.join(", "))
    };
    Diagnosis {
        own: false,
        finding: Finding::new(line).hint(hint),
    }
}

fn remedy(culprit: &Value, why: &str, tenant: Option<&str>) -> String {
    let (namespace, name) = (
        text(culprit, "/metadata/namespace"),
        text(culprit, "/metadata/name"),
    );
    if goes(culprit) {
        let annotation = annotation_in(why).unwrap_or(ATTRIBUTES);
        return format!(
            "it is being deleted and cannot go: kubectl -n {namespace} annotate ingress {name} {annotation}-"
        );
    }
    match tenant {
        Some(tenant) => format!(
            "mend or remove that one: mcpctl tenant diff {tenant}, then mcpctl tenant add {tenant} or mcpctl tenant remove {tenant}"
        ),
        None => format!("mend or remove that one: kubectl -n {namespace} describe ingress {name}"),
    }
}

/// The Ingresses that a message means: the one that it names, else those that fit what it says.
fn culprits<'a>(why: &str, own: &'a Value, members: &'a [Value]) -> Vec<&'a Value> {
    let mut group: Vec<&Value> = members
        .iter()
        .filter(|member| same_group(member, own) && full_name(member) != full_name(own))
        .collect();
    group.push(own);
    if let Some(name) = why.split("ingress: ").nth(1) {
        let name = name.split([':', ',', ' ']).next().unwrap_or_default();
        let named = |ingress: &&&Value| {
            // A protected one is called by its name alone.
            full_name(ingress) == name
                || (text(ingress, "/metadata/name") == name && protects(ingress))
        };
        return group.iter().filter(named).copied().collect();
    }
    let Some(annotation) = annotation_in(why) else {
        return Vec::new();
    };
    let value = why
        .rsplit_once(&format!("{annotation}: "))
        .map(|(_, value)| value);
    let fits = |ingress: &&Value| {
        let has = ingress["metadata"]["annotations"][annotation].as_str();
        has.is_some_and(|has| value.is_none_or(|value| value.starts_with(has)))
    };
    group.into_iter().filter(fits).collect()
}

fn protects(ingress: &Value) -> bool {
    let attributes = ingress["metadata"]["annotations"][ATTRIBUTES].as_str();
    goes(ingress) && attributes.is_some_and(|text| text.contains("deletion_protection.enabled"))
}

/// The annotation that a message speaks of.
fn annotation_in(why: &str) -> Option<&str> {
    let start = why.find(ANNOTATIONS)?;
    let rest = &why[start..];
    let end = rest.find([':', ',', ' ']).unwrap_or(rest.len());
    Some(&rest[..end])
}

/// Of one class, or with a finalizer of one group.
fn same_group(one: &Value, other: &Value) -> bool {
    let class = text(one, "/spec/ingressClassName");
    let groups = |ingress: &Value| -> Vec<String> {
        let all = ingress["metadata"]["finalizers"]
            .as_array()
            .into_iter()
            .flatten();
        all.filter_map(Value::as_str)
            .filter(|finalizer| finalizer.starts_with("group.ingress.k8s.aws/"))
            .map(str::to_string)
            .collect()
    };
    let others = groups(other);
    (!class.is_empty() && class == text(other, "/spec/ingressClassName"))
        || groups(one).iter().any(|group| others.contains(group))
}

fn goes(ingress: &Value) -> bool {
    ingress["metadata"]["deletionTimestamp"].is_string()
}

fn full_name(ingress: &Value) -> String {
    format!(
        "{}/{}",
        text(ingress, "/metadata/namespace"),
        text(ingress, "/metadata/name")
    )
}

fn text<'a>(tree: &'a Value, pointer: &str) -> &'a str {
    tree.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
