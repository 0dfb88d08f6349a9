//! One expression is one whole YAML value. JSON escaping alone does not hold an expression inside a longer scalar, a
//! quoted text or a flow collection, so a tenant's value could break out of its place.

use crate::{
    error::{Error, Result},
    templates::Template,
};

/// What to write instead.
pub(super) const RECIPE: &str =
    "one expression is one whole value: host: {{ name ~ '.example.com' }}";

/// Refuses expressions that are part of something longer.
pub(super) fn check(template: &Template) -> Result<()> {
    if let Some(number) = unescaping(&template.source) {
        let why = "autoescape would print values as they are";
        return Err(refused(template, number, why));
    }
    for (number, line) in template.source.lines().enumerate() {
        let mut rest = line;
        let mut before = String::new();
        while let Some(start) = rest.find("{{") {
            before.push_str(&rest[..start]);
            let Some(length) = rest[start..].find("}}") else {
                return Err(refused(
                    template,
                    number,
                    "an expression goes over several lines",
                ));
            };
            let after = &rest[start + length + 2..];
            if before.trim().is_empty()
                && after.trim().is_empty()
                && !begins(&template.source, number)
            {
                let why = "an expression on a line of its own goes on with the line before";
                return Err(refused(template, number, why));
            }
            if !opens(&before) || !closes(after) {
                return Err(refused(
                    template,
                    number,
                    "an expression is part of a longer value",
                ));
            }
            before.push_str("{{}}");
            rest = after;
        }
    }
    Ok(())
}

/// Whether a value may begin on a line of its own: below a key or a dash, not within a quoted text, a block or a plain
/// text of several lines.
fn begins(source: &str, number: usize) -> bool {
    let lines: Vec<&str> = source.lines().take(number).map(str::trim).collect();
    let says = |line: &&&str| !(line.is_empty() || line.starts_with('#') || line.starts_with("{%"));
    lines.iter().rev().find(says).is_none_or(|line| {
        line.ends_with(':')
            || line.ends_with('-')
            || (line.starts_with("{{") && line.ends_with("}}"))
    })
}

/// The line, from 0, of a tag that would switch the escaping of values.
fn unescaping(source: &str) -> Option<usize> {
    let mut tags = source.match_indices("{%");
    let (at, _) = tags.find(|(at, tag)| {
        let name = source[at + tag.len()..].trim_start_matches(['-', '+']);
        name.trim_start().starts_with("autoescape")
    })?;
    Some(source[..at].matches('\n').count())
}

/// Whether a value may start after this text.
fn opens(before: &str) -> bool {
    let before = before.trim_end();
    before.chars().all(char::is_whitespace)
        || before.ends_with(':')
        || before.trim_start().chars().all(|c| c == '-' || c == ' ')
}

/// Whether a value may end before this text; a key ends at its colon.
fn closes(after: &str) -> bool {
    let after = after.trim_start();
    after.is_empty() || after.starts_with(": ") || after == ":" || after.starts_with('#')
}

fn refused(template: &Template, number: usize, why: &str) -> Error {
    Error::usage(format!("{}:{}: {why}", template.name, number + 1))
        .detail(
            template
                .source
                .lines()
                .nth(number)
                .unwrap_or_default()
                .trim(),
        )
        .hint(RECIPE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuses(source: &'static str) -> bool {
        let template = Template {
            name: "t".into(),
            source: source.into(),
        };
        check(&template).is_err()
    }

    #[test]
    fn a_whole_value_a_list_item_and_a_key_are_fine() {
        assert!(!refuses(
            "a: {{ x }}\n- {{ y }}\n{{ k }}: {{ v }}\n  - name: {{ n }}\n- - {{ z }} # why\nb:\n{{ block }}\n{{ block }}"
        ));
    }

    #[test]
    fn anything_that_a_value_could_break_out_of_is_refused() {
        for source in [
            "h: {{ x }}.com",
            "h: \"{{ x }}\"",
            "h: [{{ x }}]",
            "h: a{{ x }}",
            "h: {a: {{ x }}}",
            "h: {{ x\n}}",
            "h: {{ a }} {{ b }}",
            "h: '\n{{ a }}\n'",
            "h: \"x\n  {{ a }}\n\"",
            "h: |\n  {{ a }}",
            "h: x\n  {{ a }}",
            "h: x\n  # c\n{% if a %}\n  {{ a }}\n{% endif %}",
            "{% autoescape false %}\nh: {{ x }}\n{% endautoescape %}",
            "{%-\n autoescape false %}",
        ] {
            assert!(refuses(source), "{source}");
        }
    }
}
