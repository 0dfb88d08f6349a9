//! Names, keys and values as the API server takes them.

use super::super::checked::checked;

checked!(
    /// The key of a label, a taint or a node's label: an optional DNS name and `/`, then a name.
    LabelKey,
    |text| {
        let (prefix, name) = text.rsplit_once('/').unwrap_or(("example.com", text));
        if name.is_empty() || !is_label_value(name) || !is_dns_name(prefix) {
            return Err(format!("`{text}` is not a key: an optional DNS name and `/`, then {LABEL_VALUE}"));
        }
        Ok(())
    }
);

checked!(
    /// The value of a label or a taint; may be empty.
    LabelValue,
    |text| {
        if is_label_value(text) {
            Ok(())
        } else {
            Err(format!("`{text}` is not a value: {LABEL_VALUE}"))
        }
    }
);

checked!(
    /// The name of an object of Kubernetes, such as a Secret: a DNS name of at most 253 characters.
    ObjectName,
    |text| {
        if is_dns_name(text) {
            Ok(())
        } else {
            Err(format!("`{text}` is not a name: at most 253 of a-z, 0-9, `-`, `.`, with a letter or digit at both ends of each part"))
        }
    }
);

checked!(
    /// A key of a Secret or of a `ConfigMap`.
    DataKey,
    |text| {
        let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let path = text == "." || text.starts_with("..");
        if text.is_empty() || text.len() > 253 || path || !text.chars().all(valid) {
            return Err(format!("`{text}` is not a key of a Secret or ConfigMap: at most 253 of A-Z, a-z, 0-9, `-`, `_`, `.`"));
        }
        Ok(())
    }
);

pub(in crate::spec) const LABEL_VALUE: &str =
    "at most 63 of A-Z, a-z, 0-9, `-`, `_`, `.`, with a letter or digit at both ends";

/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set>
pub(in crate::spec) fn is_label_value(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    text.len() <= 63
        && edge(text.chars().next())
        && edge(text.chars().last())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

pub(in crate::spec) fn is_dns_name(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    text.len() <= 253 && text.split('.').all(label)
}
