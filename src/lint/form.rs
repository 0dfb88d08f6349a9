//! What IAM itself refuses: names that are given twice, characters, length.

use serde_json::Value;

use super::{
    Finding, WHOLE,
    rules::{DUPLICATE_SID, POLICY_CHARACTERS, SID_CHARACTERS, TOO_LONG},
    statement::Statement,
};

/// Size of all inline policies of a role together, white space not counted.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const INLINE_LIMIT: usize = 10_240;

/// Finds all of it.
pub(super) fn find(document: &Value, statements: &[Statement<'_>], found: &mut Vec<Finding>) {
    for (index, statement) in statements.iter().enumerate() {
        let Some(sid) = statement.sid else { continue };
        if statements[..index]
            .iter()
            .any(|other| other.sid == Some(sid))
        {
            let why = format!("its Sid is that of another statement, #{}", index + 1);
            found.push(Finding::of_statement(&DUPLICATE_SID, statement, why));
        }
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html>
        if let Some(c) = sid.chars().find(|c| !c.is_ascii_alphanumeric()) {
            let why = format!("its Sid holds `{}`", c.escape_debug());
            found.push(Finding::of_statement(&SID_CHARACTERS, statement, why));
        }
    }
    let text = document.to_string();
    // The pattern of `policyDocumentType`. JSON writes control characters in letters that it has.
    // <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html>
    if let Some(c) = text.chars().find(|c| *c > '\u{ff}') {
        let why = format!("it holds `{c}` (U+{:04X})", u32::from(c));
        found.push(Finding::new(&POLICY_CHARACTERS, WHOLE, why));
    }
}

/// A document that is longer than IAM takes, with what is added to the policy.
pub(super) fn too_long(policy: &Value, with_target: Option<&Value>) -> Option<Finding> {
    let text = with_target.unwrap_or(policy).to_string();
    let size = text.chars().filter(|c| !c.is_whitespace()).count();
    let with = match with_target {
        Some(_) => ", with the statement for identity.targetRoleArn",
        None => "",
    };
    (size > INLINE_LIMIT).then(|| {
        let why = format!(
            "it has {size} characters{with}, and a role's inline policies take {INLINE_LIMIT}"
        );
        Finding::new(&TOO_LONG, WHOLE, why)
    })
}
