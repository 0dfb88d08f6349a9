//! What a single statement allows too much of, and what in it IAM does not know.

use super::{
    Finding,
    actions::{self, Action, covered, covers},
    condition::Bound,
    rules::{
        ANY_ACTION, ANY_RESOURCE, ASSUME_ANY_ROLE, FITS_OTHER_TENANTS, NOT_ACTION, NOT_RESOURCE,
        PASS_ANY_ROLE, Rule, UNKNOWN_ACTION, UNKNOWN_SERVICE, WHOLE_IAM, WHOLE_SERVICE,
        WILDCARD_PERMISSIONS, WILDCARD_WRITES,
    },
    shown,
    statement::Statement,
};
use crate::yaml::nearest;

/// Finds everything that one statement shows.
pub(super) fn find(statement: &Statement<'_>, found: &mut Vec<Finding>) {
    unknown(statement, found);
    if !statement.allows {
        return;
    }
    let mut add = |rule: &'static Rule, why: &str| {
        found.push(Finding::of_statement(rule, statement, why));
    };
    if statement.actions.is_all_but() {
        add(&NOT_ACTION, "allows every action but those that it lists");
    }
    if statement.resources.is_all_but() {
        add(
            &NOT_RESOURCE,
            "allows every resource but those that it lists",
        );
    }
    wide_actions(statement, found);
    any_resource(statement, found);
    fits_others(statement, found);
}

fn fits_others(statement: &Statement<'_>, found: &mut Vec<Finding>) {
    if statement.fits_others.is_empty() {
        return;
    }
    let texts = statement.fits_others.iter();
    let texts: Vec<String> = texts.map(|text| format!("`{text}`")).collect();
    let why = format!(
        "{}: what belongs to other tenants, whose names only begin or end like this one's, fits too",
        shown(&texts)
    );
    found.push(Finding::of_statement(&FITS_OTHER_TENANTS, statement, why));
}

/// How much a pattern of actions takes in.
enum Width {
    Everything,
    Service,
    Wildcard,
    One,
}

fn width(pattern: &str) -> Width {
    let (service, name) = pattern.split_once(':').unwrap_or((pattern, "*"));
    let all = |text: &str| !text.is_empty() && text.chars().all(|c| c == '*');
    match (all(service), all(name)) {
        (true, true) => Width::Everything,
        (false, true) => Width::Service,
        _ if pattern.contains(['*', '?']) => Width::Wildcard,
        _ => Width::One,
    }
}

fn wide_actions(statement: &Statement<'_>, found: &mut Vec<Finding>) {
    let (mut services, mut permissions, mut writes) = (Vec::new(), Vec::new(), Vec::new());
    for pattern in statement.actions.texts() {
        match width(pattern) {
            Width::Everything => found.push(Finding::of_statement(
                &ANY_ACTION,
                statement,
                format!("`{pattern}` allows every action of every service"),
            )),
            Width::Service if pattern.eq_ignore_ascii_case("iam:*") => {
                found.push(Finding::of_statement(
                    &WHOLE_IAM,
                    statement,
                    format!(
                        "`{pattern}` allows to change roles and policies, the tenant's own included"
                    ),
                ));
            }
            Width::Service => services.push(format!("`{pattern}`")),
            Width::Wildcard => {
                let some = |is: fn(&Action) -> bool| {
                    let names: Vec<String> = covered(pattern)
                        .iter()
                        .filter(|action| is(action))
                        .map(Action::full)
                        .collect();
                    (!names.is_empty()).then(|| format!("`{pattern}` covers {}", shown(&names)))
                };
                if let Some(text) = some(|action| action.permissions) {
                    permissions.push(text);
                } else {
                    writes.extend(some(|action| action.writes));
                }
            }
            Width::One => {}
        }
    }
    let mut add = |rule: &'static Rule, texts: &[String], what: &str| {
        if !texts.is_empty() {
            let why = format!("{}{what}", texts.join("; "));
            found.push(Finding::of_statement(rule, statement, why));
        }
    };
    add(
        &WHOLE_SERVICE,
        &services,
        " allows every action of the service",
    );
    add(
        &WILDCARD_PERMISSIONS,
        &permissions,
        ": they change who may do what",
    );
    add(&WILDCARD_WRITES, &writes, ": they write");
}

/// Roles that are passed or assumed have rules of their own; every action of every service has one too. Where a condition
/// binds but for a wildcard, that is what to mend, and not the resource.
fn any_resource(statement: &Statement<'_>, found: &mut Vec<Finding>) {
    let unbound = statement.bound == Bound::No;
    let Some(resource) = statement.any_resource.filter(|_| unbound) else {
        return;
    };
    let patterns: Vec<&str> = statement
        .actions
        .texts()
        .iter()
        .copied()
        .filter(|pattern| {
            !matches!(width(pattern), Width::Everything) && !pattern.eq_ignore_ascii_case("iam:*")
        })
        .collect();
    let special = [
        ("iam:PassRole", &PASS_ANY_ROLE),
        ("sts:AssumeRole", &ASSUME_ANY_ROLE),
    ];
    for (action, rule) in special {
        if patterns.iter().any(|pattern| covers(pattern, action)) {
            let why = format!("allows {action} for `{resource}`");
            found.push(Finding::of_statement(rule, statement, why));
        }
    }
    let mut names: Vec<String> = patterns
        .iter()
        .flat_map(|pattern| covered(pattern))
        .filter(|action| action.takes_resource)
        .map(|action| action.full())
        .filter(|name| special.iter().all(|(action, _)| action != name))
        .collect();
    names.sort();
    names.dedup();
    if !names.is_empty() {
        let why = format!(
            "`{resource}` takes in what every tenant has: {} could be held to single resources",
            shown(&names)
        );
        found.push(Finding::of_statement(&ANY_RESOURCE, statement, why));
    }
}

fn unknown(statement: &Statement<'_>, found: &mut Vec<Finding>) {
    for pattern in statement.actions.texts() {
        if !covered(pattern).is_empty() || matches!(width(pattern), Width::Everything) {
            continue;
        }
        let (service, name) = pattern.split_once(':').unwrap_or((pattern, "*"));
        let lower = service.to_ascii_lowercase();
        let known: Vec<Action> = actions::of(service).collect();
        let (rule, why, near) = if known.is_empty() {
            let near = nearest(&lower, actions::services()).map(|near| format!("{near}:{name}"));
            (
                &UNKNOWN_SERVICE,
                format!("there is no service `{service}`"),
                near,
            )
        } else {
            let near = nearest(name, known.iter().map(|action| action.name))
                .map(|near| format!("{lower}:{near}"));
            (
                &UNKNOWN_ACTION,
                format!("there is no action `{pattern}`"),
                near,
            )
        };
        let mut finding = Finding::of_statement(rule, statement, why);
        if let Some(near) = near {
            finding.instead =
                format!("did you mean `{near}`? What IAM does not know it grants to nobody");
        }
        found.push(finding);
    }
}
