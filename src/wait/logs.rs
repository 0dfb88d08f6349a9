//! The last lines of a container's log, for a person.

use std::time::Duration;

use super::finding::{LogOf, printable};
use crate::backend::Kubernetes;

/// Lines shown at most.
const LINES: usize = 20;
/// Columns of a line at most.
const WIDTH: usize = 200;
/// A log is a help, not worth a long wait: the kubelet may be what hangs.
const PATIENCE: Duration = Duration::from_secs(5);

/// One text of several lines: whose log it is, and its last lines. Says in one line when there are none.
pub async fn excerpt(kubernetes: &Kubernetes, namespace: &str, of: &LogOf) -> String {
    let whose = format!(
        "{} of container {} in pod {}",
        if of.previous {
            "log of the last instance"
        } else {
            "log"
        },
        of.container,
        of.pod
    );
    let log = kubernetes.log(namespace, &of.pod, &of.container, (of.previous, LINES));
    match tokio::time::timeout(PATIENCE, log).await {
        Ok(Ok(log)) => show(&whose, &log),
        Ok(Err(error)) => format!("{whose}: not shown: {}", printable(&error.message, WIDTH)),
        Err(_) => format!(
            "{whose}: not shown: no answer within {} s",
            PATIENCE.as_secs()
        ),
    }
}

fn show(whose: &str, log: &str) -> String {
    let mut lines: Vec<String> = log
        .lines()
        .map(|line| printable(line, WIDTH))
        .filter(|line| !line.is_empty())
        .collect();
    if lines.is_empty() {
        return format!("{whose}: empty");
    }
    let last = lines.split_off(lines.len().saturating_sub(LINES));
    format!("{whose}:\n  | {}", last.join("\n  | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_shown_without_what_moves_a_terminal() {
        let lines: Vec<String> = (1..=30)
            .map(|number| format!("\u{1b}[32mline {number}\r"))
            .collect();
        let log = lines.join("\n");
        let shown = show("log", &log);
        assert_eq!(shown.lines().count(), 1 + LINES, "{shown}");
        assert!(
            shown.starts_with("log:\n  | line 11\n") && shown.ends_with("\n  | line 30"),
            "{shown}"
        );
        assert!(!shown.contains(['\u{1b}', '\r']), "{shown}");
        let wide = show("log", &"x".repeat(1000));
        assert!(wide.chars().count() < WIDTH + 20, "{wide}");
    }

    #[test]
    fn a_log_that_says_nothing_is_said_in_one_line() {
        assert_eq!(show("log", "\n\u{1b}[0m\n"), "log: empty");
    }
}
