//! Lines on stderr that say what is being done and how long it may take.

use std::io::{self, Write as _};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    pub(crate) shown: bool,
}

impl Progress {
    pub(crate) fn say(self, line: &str) {
        if self.shown {
            // A closed stderr is no reason to stop.
            let _ = writeln!(io::stderr().lock(), "sandbox: {line}");
        }
    }
}
