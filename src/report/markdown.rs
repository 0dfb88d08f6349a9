//! Differences as a comment on a pull request, in GitHub's Markdown (<https://github.github.com/gfm/>).
//!
//! Names and values come from a cluster, so they stand in code only, behind fences that nothing in them can close.

use std::{cell::RefCell, fmt::Write};

use super::{
    entries::{EntryKind, Field, Values, bare, entries},
    plan::{counts, postponed},
};
use crate::{error::Error, plan::Plan};

/// Lines of a block that is shown at once; longer ones are folded.
const SHORT: usize = 12;
/// Characters of a document. A comment holds 65,536:
/// <https://github.com/orgs/community/discussions/27190>.
const LONGEST: usize = 60_000;

/// The parts of the document.
#[derive(Default)]
pub(super) struct Markdown {
    cluster: RefCell<String>,
    sections: RefCell<Vec<Section>>,
    complete: std::cell::Cell<bool>,
}

struct Section {
    differs: bool,
    text: String,
}

impl Markdown {
    pub(super) fn about(&self, what: &str, name: &str) {
        if what == "cluster" {
            self.cluster.replace(name.into());
        }
    }

    /// Notes that everything was looked at.
    pub(super) fn complete(&self) {
        self.complete.set(true);
    }

    pub(super) fn plan(&self, title: &str, plan: &Plan) {
        let text = if plan.is_clean() {
            String::new()
        } else {
            section(title, plan)
        };
        self.push(!plan.is_clean(), text);
    }

    pub(super) fn remark(&self, title: &str, what: &str) {
        let text = format!("#### {}\n\n{}", code(title), block("text", what));
        self.push(true, text);
    }

    pub(super) fn failed(&self, title: &str, error: &Error) {
        self.remark(title, &format!("error: {error}"));
    }

    fn push(&self, differs: bool, text: String) {
        self.sections.borrow_mut().push(Section { differs, text });
    }

    /// The whole; nothing where the run failed before anything was compared. The first line is the same for every
    /// comment on a cluster.
    pub(super) fn document(&self) -> String {
        let sections = self.sections.borrow();
        if sections.is_empty() && !self.complete.get() {
            return String::new();
        }
        let cluster = self.cluster.borrow();
        let differing: Vec<&Section> = sections.iter().filter(|section| section.differs).collect();
        let mut text = format!(
            "<!-- mcpctl diff {cluster} -->\n### mcpctl diff on {}\n\n",
            code(&cluster)
        );
        if differing.is_empty() {
            text.push_str("No differences.\n");
            return text;
        }
        let (count, all) = (differing.len(), sections.len());
        _ = writeln!(text, "**{count} of {all} differ.**");
        let mut left_out = 0;
        for section in differing {
            if text.len() + section.text.len() > LONGEST {
                left_out += 1;
            } else {
                _ = write!(text, "\n{}", section.text);
            }
        }
        if left_out > 0 {
            _ = writeln!(
                text,
                "\n{left_out} more are too long for a comment: run `mcpctl tenant diff`."
            );
        }
        text
    }
}

fn section(title: &str, plan: &Plan) -> String {
    let mut text = format!("#### {}\n\n{}\n", code(title), counts(plan));
    let mut whole = Vec::new();
    let mut changed = String::new();
    for entry in entries(plan) {
        let title = entry.title();
        match entry.kind {
            EntryKind::Create => whole.push(format!("+ {title}")),
            EntryKind::Delete | EntryKind::DeleteWithNamespace => whole.push(format!("- {title}")),
            EntryKind::Restart | EntryKind::Release => whole.push(format!("! {title}")),
            EntryKind::Change | EntryKind::TakeOver => {
                let loosened = entry.loosened.iter().map(|what| format!("! {what}"));
                let lines: Vec<String> = entry
                    .fields
                    .iter()
                    .flat_map(field)
                    .chain(loosened)
                    .collect();
                _ = write!(changed, "\n{}", folded(&title, &lines));
            }
        }
    }
    for foreign in &plan.foreign {
        whole.push(format!(
            "! {}: {} is not ours; it is left alone",
            foreign.id, foreign.what
        ));
    }
    for role in &plan.postponed {
        whole.push(format!("! {}", postponed(role)));
    }
    for unsynced in &plan.unsynced {
        whole.push(format!(
            "! {}: not carried out by ACK: {}",
            unsynced.id, unsynced.why
        ));
    }
    for pod in &plan.bare_pods {
        whole.push(format!("! {}", bare(pod)));
    }
    for guest in &plan.guests {
        whole.push(format!("- {guest} (not ours; goes with the namespace)"));
    }
    for conflict in &plan.conflicts {
        whole.push(format!("! conflict: {}: {}", conflict.id, conflict.why));
    }
    if !whole.is_empty() {
        _ = write!(text, "\n{}", folded("whole objects", &whole));
    }
    text + &changed
}

fn field(field: &Field<'_>) -> Vec<String> {
    let path = field.path;
    let by = if field.owners.is_empty() {
        String::new()
    } else {
        format!("   (changed by {})", field.owners.join(", "))
    };
    match &field.values {
        Values::Said(have, want) => {
            let have = have.as_ref().map(|have| format!("- {path}: {have}{by}"));
            let want = want.as_ref().map(|want| format!("+ {path}: {want}"));
            have.into_iter().chain(want).collect()
        }
        values => vec![format!("! {path}: {}{by}", values.line())],
    }
}

/// A block of a diff under its title, folded where it is long.
fn folded(title: &str, lines: &[String]) -> String {
    // A line of its own each: what a value holds begins no other one.
    let lines: Vec<String> = lines
        .iter()
        .map(|line| line.replace(['\n', '\r'], " "))
        .collect();
    let body = block("diff", &lines.join("\n"));
    let count = lines.len();
    if count > SHORT {
        let title = html(title);
        return format!(
            "<details><summary>{title}, {count} lines</summary>\n\n{body}\n</details>\n"
        );
    }
    format!("{}\n\n{body}", code(title))
}

/// A fenced block, with a fence longer than any in the text.
fn block(language: &str, text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    format!("{fence}{language}\n{text}\n{fence}\n")
}

/// Code within a line.
fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    let ticks = "`".repeat(longest_run(&text) + 1);
    if text.starts_with('`') || text.ends_with('`') {
        format!("{ticks} {text} {ticks}")
    } else {
        format!("{ticks}{text}{ticks}")
    }
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace(['\n', '\r'], " ")
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`')
        .map(str::len)
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests;
