//! Policies that grant more than a tenant needs, or that IAM would refuse. Pure: it knows documents, no files and no AWS.

use serde::Serialize;
use serde_json::Value;

mod actions;
mod arn;
mod condition;
mod escalation;
mod form;
mod grants;
mod listed;
mod managed;
mod names;
mod rules;
mod statement;
#[cfg(test)]
mod tests;

pub use rules::{Allowed, RULES, Rule, Severity};

use rules::TENANT_NOT_NAMED;
use statement::Statement;

/// What a role may do.
#[derive(Clone, Debug)]
pub struct Identity<'a> {
    /// Its own policy, with values in place of `{{ … }}`.
    pub policy: Option<&'a Value>,
    /// The same with what mcpctl adds for a target role, where there is one: it counts, and is nobody's to mend.
    pub with_target: Option<&'a Value>,
    /// ARNs of managed policies.
    pub managed: Vec<&'a str>,
    /// Texts that name the tenant: its name, its namespace.
    pub names: Vec<&'a str>,
}

/// A rule that is broken, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// The statement by its Sid or number, the managed policy, or the whole policy.
    pub place: String,
    /// What is wrong with it.
    pub why: String,
    /// What to write in its place.
    pub instead: String,
}

/// How a finding names the document itself.
const WHOLE: &str = "the whole policy";

impl Finding {
    fn new(rule: &'static Rule, place: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            rule,
            place: place.into(),
            why: why.into(),
            instead: rule.instead.into(),
        }
    }

    fn of_statement(
        rule: &'static Rule,
        statement: &Statement<'_>,
        why: impl Into<String>,
    ) -> Self {
        Self::new(rule, format!("statement {}", statement.label), why)
    }

    /// Whether it stops `tenant add`.
    pub fn is_error(&self) -> bool {
        self.rule.severity == Severity::Error
    }
}

/// As a program reads it.
impl Serialize for Finding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::json!({
            "rule": self.rule.id,
            "severity": self.rule.severity,
            "place": self.place,
            "why": self.why,
            "instead": self.instead,
        })
        .serialize(serializer)
    }
}

/// Every finding that is not allowed, in the order of the rules' table.
pub fn lint(identity: &Identity<'_>, allowed: &[Allowed]) -> Vec<Finding> {
    let mut found = Vec::new();
    managed::find(&identity.managed, &mut found);
    if let Some(document) = identity.policy {
        let statements = statement::statements(document, &identity.names);
        for statement in &statements {
            grants::find(statement, &mut found);
        }
        escalation::find(&statements, &mut found);
        form::find(document, &statements, &mut found);
        found.extend(form::too_long(document, identity.with_target));
        found.extend(tenant_not_named(&statements));
    }
    found.retain(|finding| !allowed.iter().any(|allowed| allowed.rule() == finding.rule));
    let rank = |finding: &Finding| RULES.iter().position(|rule| *rule == finding.rule);
    found.sort_by_key(rank);
    found
}

/// Only what takes a resource can be held to a tenant.
fn tenant_not_named(statements: &[Statement<'_>]) -> Option<Finding> {
    let allows = || statements.iter().filter(|statement| statement.allows);
    let could_name = allows().any(|statement| {
        statement.actions.is_all_but()
            || statement
                .actions
                .texts()
                .iter()
                .flat_map(|pattern| actions::covered(pattern))
                .any(|action| action.takes_resource)
    });
    let named = allows().any(|statement| statement.names_tenant);
    (could_name && !named).then(|| {
        let why = "no resource names the tenant, and no condition holds what is reached to the tenant's own: every tenant with this policy reaches the same";
        Finding::new(&TENANT_NOT_NAMED, WHOLE, why)
    })
}

/// The first names of a list, and how many more there are.
fn shown(names: &[String]) -> String {
    const FIRST: usize = 3;
    match names.get(..FIRST) {
        Some(first) if names.len() > FIRST => {
            format!("{} and {} more", first.join(", "), names.len() - FIRST)
        }
        _ => names.join(", "),
    }
}
