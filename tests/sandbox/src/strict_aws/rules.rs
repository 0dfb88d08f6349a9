//! What IAM and EKS accept as a name, a path or a tag.

use std::collections::HashSet;

use super::fault::Fault;

/// How IAM words a value that breaks its model, as in NixOS/nixops#328.
pub(super) fn unsatisfied(value: &str, field: &str, rule: &str) -> Fault {
    let value = match value {
        "" => String::new(),
        "null" => " null".to_owned(),
        _ => format!(" '{value}'"),
    };
    Fault::validation(&format!(
        "1 validation error detected: Value{value} at '{field}' failed to satisfy constraint: {rule}"
    ))
}

pub(super) fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}

fn length(field: &str, value: &str, longest: usize) -> Result<(), Fault> {
    if value.chars().count() <= longest {
        return Ok(());
    }
    let rule = format!("Member must have length less than or equal to {longest}");
    Err(unsatisfied(value, field, &rule))
}

/// The name of a role, a policy or an instance profile.
///
/// Source: IAM API Reference, `CreateRole`, `RoleName`: 1 to 64 characters of `[\w+=,.@-]+`; `PutRolePolicy`,
/// `PolicyName`: 1 to 128.
pub(super) fn name(field: &str, value: &str, longest: usize) -> Result<(), Fault> {
    if value.is_empty() {
        let rule = "Member must have length greater than or equal to 1";
        return Err(unsatisfied("", field, rule));
    }
    length(field, value, longest)?;
    if value
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))
    {
        return Ok(());
    }
    Err(Fault::validation(&format!(
        "The specified value for {field} is invalid. It must contain only alphanumeric characters and/or the \
         following: +=,.@_-"
    )))
}

/// Source: IAM API Reference, `CreateRole`, `Path`: 1 to 512 characters, `/` or `/…/` of `!` to `~`.
pub(super) fn path(value: &str) -> Result<(), Fault> {
    length("path", value, 512)?;
    let inside = value.strip_prefix('/').map(|rest| rest.strip_suffix('/'));
    match inside {
        Some(None) if value == "/" => Ok(()),
        Some(Some(inside)) if !inside.is_empty() && printable(inside) => Ok(()),
        _ => Err(Fault::validation(
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric \
             characters and/or / characters.",
        )),
    }
}

/// Source: IAM API Reference, `ListRoles`, `PathPrefix`: begins with `/`, up to 512 characters.
pub(super) fn path_prefix(value: &str) -> Result<(), Fault> {
    length("pathPrefix", value, 512)?;
    if value.starts_with('/') && printable(value) {
        return Ok(());
    }
    Err(Fault::validation(
        "The specified value for pathPrefix is invalid. It must begin with / and contain only alphanumeric \
         characters and/or / characters.",
    ))
}

fn printable(text: &str) -> bool {
    text.chars().all(|c| ('!'..='~').contains(&c))
}

/// Source: IAM API Reference, `CreateRole`, `Description`: up to 1000 characters.
pub(super) fn description(value: &str) -> Result<(), Fault> {
    length("description", value, 1000)?;
    let allowed = |c| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}');
    if value.chars().all(allowed) {
        return Ok(());
    }
    let rule = "Member must satisfy regular expression pattern: \
                [\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]*";
    Err(unsatisfied(value, "description", rule))
}

/// The tags of one call of IAM.
///
/// Source: IAM API Reference, `CreateRole`: up to 50 tags, and one bad tag fails the whole call; `Tag`: key 1 to 128
/// characters of `[\p{L}\p{Z}\p{N}_.:/=+\-@]+`, value up to 256 of the same. Keys are equal whatever their case:
/// IAM User Guide, "Tagging IAM resources", and the text of kubernetes/kops#11727.
pub(super) fn tags(tags: &[(String, String)]) -> Result<(), Fault> {
    if tags.len() > TAGS {
        let rule = "Member must have length less than or equal to 50";
        return Err(unsatisfied("", "tags", rule));
    }
    for (n, (key, value)) in (1..).zip(tags) {
        let field = format!("tags.{n}.member.key");
        if key.is_empty() {
            let rule = "Member must have length greater than or equal to 1";
            return Err(unsatisfied("", &field, rule));
        }
        tag_text(&field, key, 128)?;
        tag_text(&format!("tags.{n}.member.value"), value, 256)?;
        if reserved(key) {
            // The text is not documented.
            let message = "Tag keys that start with aws: are reserved";
            return Err(Fault::new(400, "InvalidInput", message));
        }
    }
    let keys = tags.iter().map(|(key, _)| key.to_lowercase());
    if keys.collect::<HashSet<_>>().len() < tags.len() {
        let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
        return Err(Fault::new(400, "InvalidInput", message));
    }
    Ok(())
}

/// Source: IAM User Guide, "IAM and AWS STS quotas": 50 tags on a role.
pub(super) const TAGS: usize = 50;

fn tag_text(field: &str, value: &str, longest: usize) -> Result<(), Fault> {
    length(field, value, longest)?;
    // Letters, separators and numbers, as near as the standard library comes to `\p{L}\p{Z}\p{N}`.
    let allowed =
        |c: char| c.is_alphanumeric() || c == ' ' || c == '\u{a0}' || "_.:/=+-@".contains(c);
    if value.chars().all(allowed) {
        return Ok(());
    }
    let rule = "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]";
    Err(unsatisfied(value, field, rule))
}

fn reserved(key: &str) -> bool {
    key.to_lowercase().starts_with("aws:")
}

/// Whether EKS takes these tags.
///
/// Source: EKS API Reference, `CreatePodIdentityAssociation`, `tags`: up to 50, key 1 to 128 and value up to 256
/// characters, no `aws:` in front.
pub(super) fn eks_tags<'a>(
    tags: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> Result<(), String> {
    let mut count = 0;
    for (key, value) in tags {
        count += 1;
        if !(1..=128).contains(&key.chars().count()) {
            return Err(format!("Tag key must have 1 to 128 characters: {key}"));
        }
        if value.chars().count() > 256 {
            return Err(format!("Tag value must have at most 256 characters: {key}"));
        }
        if reserved(key) {
            return Err(format!("Tag key must not start with aws:: {key}"));
        }
    }
    if count > TAGS {
        return Err("At most 50 tags are allowed".to_owned());
    }
    Ok(())
}
