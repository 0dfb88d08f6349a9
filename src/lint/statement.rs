//! A statement of a policy, as the rules look at it.

use serde_json::Value;

use super::{
    arn,
    condition::{self, Bound},
    listed::Listed,
    names::{self, names_tenant, names_tenant_alone},
};
use crate::policy;

/// One statement.
pub(super) struct Statement<'a> {
    /// How messages name it.
    pub(super) label: String,
    pub(super) sid: Option<&'a str>,
    pub(super) allows: bool,
    pub(super) actions: Listed<'a>,
    pub(super) resources: Listed<'a>,
    /// The first resource that says no more than `*` does.
    pub(super) any_resource: Option<&'a str>,
    /// Whether its condition holds for nothing but what is the tenant's.
    pub(super) bound: Bound,
    /// Its condition or its resources name the tenant.
    pub(super) names_tenant: bool,
    /// What it is about of tenants whose names only begin or end like this one's: resources, or values of its condition.
    pub(super) fits_others: Vec<&'a str>,
}

/// The statements of a document. `names` are the texts that name the tenant.
pub(super) fn statements<'a>(document: &'a Value, names: &[&str]) -> Vec<Statement<'a>> {
    let read = |(index, statement): (usize, &'a Value)| {
        let resources = Listed::read(statement, "Resource", "NotResource");
        let actions = Listed::read(statement, "Action", "NotAction");
        let condition = &statement["Condition"];
        let bound = condition::binds(condition, &actions, names);
        let texts = resources.texts();
        let mut fits_others = Vec::new();
        if bound != Bound::Yes {
            fits_others.extend_from_slice(texts);
            fits_others.retain(|text| names::fits_others(text, names));
            // Where each resource is the tenant's, the condition has no say in what is whose.
            let own = |text: &&str| names_tenant_alone(text, names);
            if texts.is_empty() || !texts.iter().all(own) {
                fits_others.extend(condition::fits_others(condition, &actions, names));
            }
        }
        Statement {
            fits_others,
            label: policy::label(index, statement),
            sid: statement["Sid"].as_str(),
            allows: statement["Effect"] == "Allow",
            actions,
            names_tenant: bound != Bound::No || texts.iter().any(|text| names_tenant(text, names)),
            any_resource: texts.iter().copied().find(|text| arn::is_any(text)),
            resources,
            bound,
        }
    };
    policy::statements(document)
        .iter()
        .enumerate()
        .map(read)
        .collect()
}
