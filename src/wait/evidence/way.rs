//! What is known about the way to the tenant: its Ingress, and what the load balancer controller says to it. Pure.

use std::time::Duration;

use serde_json::Value;

use super::{
    super::{
        finding::Finding,
        group::{self, Complaints, Diagnosis, Word},
    },
    SILENCE, text,
};
use crate::object::Object;

/// The newest known state of the Ingress.
#[derive(Debug, Default)]
pub(super) struct Way {
    ingress: Option<Value>,
    /// Whether it led somewhere and was changed just now.
    changed: bool,
    complaints: Complaints,
    /// The Ingresses of all namespaces, once the load balancer's group has to be looked at.
    pub(super) members: Vec<Value>,
}

impl Way {
    pub(super) fn new(ingress: Option<&Object>, changed: bool) -> Self {
        let ingress = ingress.map(|object| object.tree.clone());
        Self {
            changed: changed && ingress.as_ref().is_some_and(has_address),
            ingress,
            ..Self::default()
        }
    }

    pub(super) fn present(&mut self, tree: Value) {
        let name = text(&tree, "/metadata/name").to_string();
        let own = self.ingress.as_mut();
        if let Some(own) = own.filter(|own| text(own, "/metadata/name") == name) {
            *own = tree;
        }
    }

    pub(super) fn event(&mut self, event: &Value) {
        self.complaints.take(event);
    }

    /// Whether it leads somewhere, or nothing is to lead there.
    pub(super) fn is_open(&self) -> bool {
        self.ingress.as_ref().is_none_or(has_address)
    }

    /// Whether it leads somewhere and was changed since it was made: what the controller says to that is worth asking.
    pub(super) fn was_changed(&self) -> bool {
        let ingress = self.ingress.as_ref();
        ingress.is_some_and(|ingress| has_address(ingress) && group::changed(ingress).is_some())
    }

    /// What the controller said last: while there is no address, and of a change while there is one.
    pub(super) fn complaint(&self) -> Option<&str> {
        let ingress = self.ingress.as_ref()?;
        if !has_address(ingress) {
            return self.complaints.about(ingress);
        }
        match self.complaints.on_change(ingress)? {
            Word::Failure(why) => Some(why),
            Word::Success => None,
        }
    }

    pub(super) fn diagnosis(&self) -> Option<Diagnosis> {
        let (ingress, said) = (self.ingress.as_ref()?, self.complaint()?);
        Some(group::diagnose(said, ingress, &self.members))
    }

    /// Whether the controller has said nothing to the change, and may be expected to.
    pub(super) fn is_unanswered(&self, at: Duration) -> bool {
        self.patience().is_some_and(|end| at < end)
    }

    /// Until when an answer of the controller is waited for.
    pub(super) fn patience(&self) -> Option<Duration> {
        let ingress = self.ingress.as_ref()?;
        (self.changed && self.complaints.on_change(ingress).is_none()).then_some(SILENCE)
    }

    /// What is to be said of a way that is open: that a change of it has no effect yet, and why, or that nobody knows.
    pub(super) fn reservation(&self) -> Option<Finding> {
        let ingress = self
            .ingress
            .as_ref()
            .filter(|ingress| has_address(ingress))?;
        let name = format!(
            "{}/{}",
            text(ingress, "/metadata/namespace"),
            text(ingress, "/metadata/name")
        );
        if let Some(diagnosis) = self.diagnosis() {
            let mut finding = diagnosis.finding;
            finding.line = format!(
                "what was changed at Ingress {name} has no effect yet: {}",
                finding.line
            );
            return Some(finding);
        }
        self.patience().map(|_| {
            let seconds = SILENCE.as_secs();
            Finding::new(format!(
                "whether what was changed at Ingress {name} has an effect is not known: the load balancer controller has said nothing to it for {seconds} s"
            ))
            .hint("look at its log and at the events of the Ingress")
        })
    }
}

fn has_address(ingress: &Value) -> bool {
    !text(ingress, "/status/loadBalancer/ingress/0/hostname").is_empty()
}
