//! Follows what a running process says.

use std::{
    io::{self, BufRead, BufReader},
    process::{Child, ChildStderr},
};

/// What a process says on stderr, line by line.
pub(crate) struct Lines(io::Lines<BufReader<ChildStderr>>);

impl Lines {
    /// Takes over the stderr of a process.
    pub(crate) fn of(child: &mut Child) -> Self {
        let stderr = child.stderr.take().expect("stderr");
        Self(BufReader::new(stderr).lines())
    }

    /// Reads until a line holds the text.
    pub(crate) fn until(&mut self, text: &str) {
        let mut said = Vec::new();
        for line in self.0.by_ref() {
            let line = line.expect("text");
            let found = line.contains(text);
            said.push(line);
            if found {
                return;
            }
        }
        panic!("nothing says `{text}`:\n{}", said.join("\n"));
    }
}
