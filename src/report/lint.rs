//! Findings of the policy lint as text.

use std::fmt::Write;

use super::{RED, YELLOW, table};
use crate::{
    error::Error,
    lint::{Finding, RULES},
};

/// Why a tenant is refused; none where there are warnings only.
pub fn refusal(subject: &str, findings: &[Finding]) -> Option<Error> {
    let errors: Vec<&Finding> = findings
        .iter()
        .filter(|finding| finding.is_error())
        .collect();
    let mut error = Error::usage(format!("{subject} is refused by the policy lint"));
    let mut flags = Vec::new();
    for finding in &errors {
        let (id, place, why, instead) = parts(finding);
        error = error.detail(format!("{id}: {place}: {why}\n  instead: {instead}"));
        let flag = format!("--allow {id}");
        if finding.rule.allowable && !flags.contains(&flag) {
            flags.push(flag);
        }
    }
    if !flags.is_empty() {
        let flags = flags.join(" ");
        error = error.hint(format!(
            "mend the policy; or let it through, which is recorded with the tenant: {flags}"
        ));
    }
    (!errors.is_empty()).then_some(error)
}

/// How many findings there are.
pub fn tally(errors: usize, warnings: usize) -> String {
    let many = |number: usize, what: &str| {
        format!("{number} {what}{}", if number == 1 { "" } else { "s" })
    };
    format!("{}, {}", many(errors, "error"), many(warnings, "warning"))
}

/// A finding on one line.
pub fn finding(finding: &Finding) -> String {
    let (id, place, why, instead) = parts(finding);
    format!("{id}: {place}: {why}; {instead}")
}

fn parts(finding: &Finding) -> (&str, &str, &str, &str) {
    (
        finding.rule.id,
        &finding.place,
        &finding.why,
        &finding.instead,
    )
}

/// The findings in one file.
pub fn findings(file: &str, findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let (id, place, why, instead) = parts(finding);
        let colour = if finding.is_error() { RED } else { YELLOW };
        let severity = finding.rule.severity;
        _ = writeln!(
            text,
            "{file}: {colour}{severity}{colour:#} {id}: {place}: {why}"
        );
        _ = writeln!(text, "  instead: {instead}");
    }
    text
}

/// Every rule of the lint.
pub fn rules() -> String {
    let rows: Vec<Vec<String>> = RULES
        .iter()
        .map(|rule| vec![rule.id.into(), rule.severity.to_string(), rule.finds.into()])
        .collect();
    table(&["RULE", "SEVERITY", "FINDS"], &rows)
}
