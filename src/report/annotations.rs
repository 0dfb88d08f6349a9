//! Errors and warnings as workflow commands of GitHub Actions, which shows them beside the run:
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>.

use crate::error::Error;

/// `::error title=…::…`
pub(super) fn error(error: &Error) -> String {
    let text = error.to_string();
    let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    let message = if rest.is_empty() { &error.what } else { rest };
    command("error", &error.what, message)
}

/// `::warning title=…::…`
pub(super) fn warning(text: &str) -> String {
    command("warning", "mcpctl", text)
}

fn command(name: &str, title: &str, message: &str) -> String {
    let message = escaped(message);
    // These two end a property: <https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts>.
    let title = escaped(title).replace(':', "%3A").replace(',', "%2C");
    format!("::{name} title={title}::{message}")
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Text for the log in which the runner finds no command: what a server or a tenant's pod said is no order. It looks
/// for `::` at the beginning of a line, blanks left out, and for `##[` anywhere:
/// <https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs>.
pub(super) fn defused(text: &str) -> String {
    let lines = text.split(['\n', '\r']).map(|line| {
        let line = line.replace("##[", "## [");
        let begin = line.len() - line.trim_start().len();
        match line[begin..].strip_prefix("::") {
            Some(rest) => format!("{}: :{rest}", &line[..begin]),
            None => line,
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{defused, error, warning};
    use crate::error::Error;

    #[test]
    fn what_would_end_a_command_is_escaped() {
        let failed = Error::usage("a: b, 100%").detail("first\r\nsecond: x, y");
        assert_eq!(
            error(&failed),
            "::error title=a%3A b%2C 100%25::  first%0A  second: x, y"
        );
        assert_eq!(error(&Error::usage("alone")), "::error title=alone::alone");
        assert_eq!(warning("10%\n::x"), "::warning title=mcpctl::10%25%0A::x");
    }

    #[test]
    fn what_others_said_is_no_command() {
        let log = "pod:\n  ::add-mask::e\n::stop-commands::x\r::error::y ##[group]z a::b";
        let safe = defused(log);
        assert_eq!(
            safe,
            "pod:\n  : :add-mask::e\n: :stop-commands::x\n: :error::y ## [group]z a::b"
        );
    }
}
