//! A statement of a policy, as the rules look at it.

use serde_json::Value;

use super::{
    condition,
    listed::Listed,
    names::{self, names_tenant, names_tenant_alone},
};
use crate::policy;

/// Types that may stand before the name in an ARN: `table/*` is every table.
const TYPES: [&str; 24] = [
    "alias",
    "cluster",
    "db",
    "deliverystream",
    "domain",
    "event-bus",
    "function",
    "group",
    "index",
    "instance",
    "instance-profile",
    "key",
    "log-group",
    "parameter",
    "policy",
    "queue",
    "role",
    "rule",
    "secret",
    "stateMachine",
    "stream",
    "table",
    "topic",
    "user",
];

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
    /// Its condition holds for nothing but what is the tenant's.
    pub(super) bound: bool,
    /// It is bound, or its resources name the tenant.
    pub(super) names_tenant: bool,
    /// What it is about of tenants whose names only begin or end like this one's: resources, or values of its condition.
    pub(super) fits_others: Vec<&'a str>,
}

/// The statements of a document. `names` are the texts that name the tenant.
pub(super) fn statements<'a>(document: &'a Value, names: &[&str]) -> Vec<Statement<'a>> {
    let read = |(index, statement): (usize, &'a Value)| {
        let resources = Listed::read(statement, "Resource", "NotResource");
        let actions = Listed::read(statement, "Action", "NotAction");
        let bound = condition::binds(&statement["Condition"], &actions, names);
        let any_resource = resources.texts().iter().copied().find(|text| is_any(text));
        let mut fits_others = resources.texts().to_vec();
        fits_others.retain(|text| names::fits_others(text, names));
        // Where each resource is the tenant's, or anybody's, the condition has no say in it.
        let own = resources
            .texts()
            .iter()
            .all(|text| names_tenant_alone(text, names));
        if any_resource.is_none() && !own {
            let condition = &statement["Condition"];
            fits_others.extend(condition::fits_others(condition, &actions, names));
        }
        if bound {
            fits_others.clear();
        }
        Statement {
            fits_others,
            label: policy::label(index, statement),
            sid: statement["Sid"].as_str(),
            allows: statement["Effect"] == "Allow",
            actions,
            names_tenant: bound
                || resources
                    .texts()
                    .iter()
                    .any(|text| names_tenant(text, names)),
            any_resource,
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

/// Whether a resource says no more than `*`: nothing but wildcards where an ARN names the resource.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
fn is_any(resource: &str) -> bool {
    let wild =
        |text: &str| !text.is_empty() && text.chars().all(|c| matches!(c, '*' | '?' | '/' | ':'));
    if wild(resource) {
        return true;
    }
    let Some(name) = resource.splitn(6, ':').nth(5) else {
        // `arn:aws:s3*` covers what follows.
        return resource.ends_with('*');
    };
    let typed = name.split_once(['/', ':']);
    wild(name) || typed.is_some_and(|(kind, rest)| TYPES.contains(&kind) && wild(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_with_nothing_but_wildcards_for_a_name_is_any() {
        for any in [
            "*",
            "**",
            "arn:aws:s3:::*",
            "arn:aws:s3:::*/*",
            "arn:aws:sqs:*:*:*",
            "arn:aws:dynamodb:eu-west-1:111122223333:table/*",
            "arn:aws:lambda:eu-west-1:111122223333:function:*",
            "arn:*",
        ] {
            assert!(is_any(any), "{any}");
        }
        for one in [
            "arn:aws:s3:::bucket/*",
            "arn:aws:s3:::*-acme",
            "arn:aws:dynamodb:*:*:table/mcp-acme",
            "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3/*",
            "arn:aws:s3:::bucket",
        ] {
            assert!(!is_any(one), "{one}");
        }
    }
}
