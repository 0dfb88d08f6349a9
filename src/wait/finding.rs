//! What the evidence says, in words.

use anstream::adapter::strip_str;

/// Columns of a message of the cluster at most; pull errors repeat themselves for thousands.
const MESSAGE_WIDTH: usize = 400;

/// One thing that keeps a tenant from being ready.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// What is the matter, on what.
    pub line: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whose log tells more.
    pub log: Option<LogOf>,
}

/// The log of one container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogOf {
    /// Name of the pod.
    pub pod: String,
    /// Name of the container.
    pub container: String,
    /// That of the instance that ended, not of the one that runs.
    pub previous: bool,
}

/// What is waited for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// How far it is, on one line.
    pub state: String,
    /// What it waits for, and what is wrong so far.
    pub findings: Vec<Finding>,
}

impl Waiting {
    /// All of it on one line.
    pub fn line(&self) -> String {
        let findings: Vec<&str> = self
            .findings
            .iter()
            .map(|finding| finding.line.as_str())
            .collect();
        match (self.state.as_str(), findings.join("; ")) {
            (state, findings) if findings.is_empty() => state.into(),
            ("", findings) => findings,
            (state, findings) => format!("{state} ({findings})"),
        }
    }
}

impl Finding {
    /// A finding that says what is the matter.
    pub(crate) fn new(line: impl Into<String>) -> Self {
        Self {
            line: line.into(),
            ..Self::default()
        }
    }

    /// What is the matter and what to do about it, on one line.
    pub(crate) fn told(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{}; {hint}", self.line),
            None => self.line.clone(),
        }
    }

    /// With what to do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With whose log tells more.
    pub(super) fn log(mut self, log: LogOf) -> Self {
        self.log = Some(log);
        self
    }
}

/// A message of the cluster, on one line and harmless for a terminal: parts of it are written by the tenant.
pub(super) fn message(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| printable(line.trim(), MESSAGE_WIDTH))
        .filter(|line| !line.is_empty())
        .collect();
    cut(&lines.join(" "), MESSAGE_WIDTH)
}

/// A line without terminal escapes, control characters and characters that reorder text, cut to a width.
pub(super) fn printable(line: &str, width: usize) -> String {
    let line: String = strip_str(line)
        .to_string()
        .chars()
        .map(|c| if c == '\t' { ' ' } else { c })
        .filter(|c| !c.is_control() && !reorders(*c))
        .collect();
    cut(line.trim_end(), width)
}

/// Bidirectional controls: <https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>
fn reorders(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn cut(line: &str, width: usize) -> String {
    match line.char_indices().nth(width) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tenant_writes_does_nothing_to_a_terminal() {
        let said = "\u{1b}[2J\u{1b}]0;title\u{7}in\u{8}\trow \u{202e}desrever\u{1b}[31m!\r";
        assert_eq!(printable(said, 80), "in row desrever!");
        assert_eq!(
            message("one\n\n\u{1b}[1mtwo\u{1b}[0m\r\nthree"),
            "one two three"
        );
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        assert_eq!(printable("äöü", 2), "äö…");
        assert_eq!(
            message(&"x".repeat(1000)).chars().count(),
            MESSAGE_WIDTH + 1
        );
    }
}
