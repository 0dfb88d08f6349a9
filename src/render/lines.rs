//! From a line of a rendered text back to the line of the template that made it.
//!
//! The template is rendered once more with a mark before the first text of each of its lines. A mark stands beside text
//! that is no white space, so whatever white space tags take away, they take away with it as without it.

use std::borrow::Cow;

use super::Template;

/// Around the number of a template and of its line, in private-use characters that [`super::values`] does not use.
const START: char = '\u{E002}';
const END: char = '\u{E003}';

/// The templates with marks.
pub(super) fn marked(templates: &[Template]) -> Vec<Template> {
    let mark = |(index, template): (usize, &Template)| Template {
        name: template.name.clone(),
        source: Cow::Owned(mark(&template.source, index)),
    };
    templates.iter().enumerate().map(mark).collect()
}

/// Template and line, both by number, of a line of a text that was rendered with marks. Nothing where the text differs
/// from the one that was rendered without, and where the line holds no text of a template.
pub(super) fn origin(marked: &str, plain: &str, line: usize) -> Option<(usize, usize)> {
    if unmarked(marked) != plain {
        return None;
    }
    let text = marked.lines().nth(line.checked_sub(1)?)?;
    let (_, rest) = text.split_once(START)?;
    let (index, line) = rest.split_once(END)?.0.split_once(':')?;
    index.parse().ok().zip(line.parse().ok())
}

fn mark(source: &str, index: usize) -> String {
    let mut marked = String::with_capacity(source.len());
    let (mut rest, mut line) = (source, 1);
    let mut unmarked = true;
    while let Some(c) = rest.chars().next() {
        let length = tag(rest).unwrap_or(c.len_utf8());
        let (part, after) = rest.split_at(length);
        if unmarked && length == c.len_utf8() && !c.is_whitespace() {
            marked.extend([
                START.to_string(),
                format!("{index}:{line}"),
                END.to_string(),
            ]);
            unmarked = false;
        }
        let breaks = part.matches('\n').count();
        unmarked |= breaks > 0;
        line += breaks;
        marked.push_str(part);
        rest = after;
    }
    marked
}

/// How long the tag is that a text begins with.
fn tag(text: &str) -> Option<usize> {
    let end = match text.get(..2)? {
        "{{" => "}}",
        "{%" => "%}",
        "{#" => return text.find("#}").map(|at| at + 2),
        _ => return None,
    };
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(2) {
        match quote {
            None if text[at..].starts_with(end) => return Some(at + end.len()),
            None if matches!(c, '"' | '\'') => quote = Some(c),
            Some(open) if c == open && !escaped => quote = None,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

fn unmarked(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(START) {
        plain.push_str(before);
        rest = after.split_once(END).map_or("", |(_, after)| after);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Marks as people read them.
    fn shown(source: &str) -> String {
        mark(source, 0).replace(START, "<").replace(END, ">")
    }

    #[test]
    fn the_first_text_of_a_line_is_marked() {
        for (source, expected) in [
            ("a: 1\n\n  b: 2\n", "<0:1>a: 1\n\n  <0:3>b: 2\n"),
            (
                "{% if x %}\na\n{%- endif %}\n",
                "{% if x %}\n<0:2>a\n{%- endif %}\n",
            ),
            ("{{ key }}: {{ value }}\n", "{{ key }}<0:1>: {{ value }}\n"),
            ("{{ {'a': '}}'} }}\nb", "{{ {'a': '}}'} }}\n<0:2>b"),
            (
                "{% set a =\n  'x\\'%}' %}\nb",
                "{% set a =\n  'x\\'%}' %}\n<0:3>b",
            ),
            ("{# a\nb #}\nc: {x: y}", "{# a\nb #}\n<0:3>c: {x: y}"),
            ("a {{ open", "<0:1>a {{ open"),
        ] {
            assert_eq!(shown(source), expected, "{source}");
            assert_eq!(unmarked(&mark(source, 0)), source);
        }
    }
}
