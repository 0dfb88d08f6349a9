//! What went wrong, for whom, and the exit code that says so.

use std::fmt;

/// The outcome of anything in this crate that can fail for the user.
pub type Result<T> = std::result::Result<T, Error>;

/// The signal that ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// What a CI runner or an init system sends.
    Terminate,
}

/// The classes of failure that a caller or a script tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A flag, a setting, a template or a tenant file is wrong; nothing was called.
    Usage,
    /// Not ours, held by another manager, or locked; nothing was written.
    Conflict,
    /// Written, but a wait ran out or the identity was not verified.
    Wait,
    /// A step failed after the first write.
    Incomplete,
    /// A side could not be reached or did not allow the call; nothing was written.
    Unreachable,
    /// A signal ended the run after the calls in flight had ended.
    Interrupted(Signal),
    /// The reader of stdout went away. Not a failure of ours.
    ClosedOutput,
}

impl Kind {
    /// The process exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::ClosedOutput => 0,
            Self::Usage => 2,
            Self::Conflict => 3,
            Self::Wait => 4,
            Self::Incomplete => 5,
            Self::Unreachable => 6,
            Self::Interrupted(Signal::Interrupt) => 130,
            Self::Interrupted(Signal::Terminate) => 143,
        }
    }
}

/// A failure as the user reads it: what was tried and why it failed, line by line, what stands now, what to do next.
#[derive(Debug)]
pub struct Error {
    /// Decides the exit code.
    pub kind: Kind,
    /// What was tried, on what.
    pub what: String,
    /// What the server answered, or each finding on a line of its own.
    pub details: Vec<String>,
    /// What exists now because of this run.
    pub stands: Vec<String>,
    /// What to do next.
    pub hints: Vec<String>,
    /// Whether a call got no answer, so that nobody knows what came of it.
    pub unanswered: bool,
    /// Whether other calls of the same change were carried out before the one that failed.
    pub after_writes: bool,
}

impl Error {
    /// An error of `kind` about `what`.
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            details: Vec::new(),
            stands: Vec::new(),
            hints: Vec::new(),
            unanswered: false,
            after_writes: false,
        }
    }

    /// Wrong input; nothing was called.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Kind::Usage, what)
    }

    /// Something that is not ours to change.
    pub fn conflict(what: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, what)
    }

    /// A side that did not answer or did not allow the call.
    pub fn unreachable(what: impl Into<String>) -> Self {
        Self::new(Kind::Unreachable, what)
    }

    /// Adds a line on why.
    #[must_use]
    pub fn detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    /// Adds a line on what to do next.
    #[must_use]
    pub fn hint(mut self, line: impl Into<String>) -> Self {
        self.hints.push(line.into());
        self
    }

    /// The same failure, of another kind.
    #[must_use]
    pub fn with_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// The message on one line, for a report that lists several failures. What takes several lines, such as a log, is
    /// left out.
    pub fn line(&self) -> String {
        let details: Vec<&str> = self
            .details
            .iter()
            .map(String::as_str)
            .filter(|detail| !detail.contains('\n'))
            .collect();
        if details.is_empty() {
            self.what.clone()
        } else {
            format!("{}: {}", self.what, details.join("; "))
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        for (label, lines) in [
            ("", &self.details),
            ("stands: ", &self.stands),
            ("hint: ", &self.hints),
        ] {
            for line in lines {
                for (number, part) in line.lines().enumerate() {
                    write!(f, "\n  {}{part}", if number == 0 { label } else { "" })?;
                }
            }
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Why the operating system refused, in its words but without its number.
pub fn os_reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().into()
}

/// Writing to stdout failed: silence for a closed pipe, an error otherwise. Of a verb that had written nothing else.
impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Self::new(Kind::ClosedOutput, "stdout was closed")
        } else {
            Self::unreachable(format!("cannot write to stdout: {}", os_reason(&error)))
        }
    }
}
