//! What people read: data on stdout, everything else on stderr.

use std::{
    cell::RefCell,
    io::{self, IsTerminal, Write},
    sync::{Arc, Mutex, PoisonError},
};

use anstream::{AutoStream, ColorChoice};

use crate::{
    config::Surroundings,
    error::{Error, Result},
};

mod annotations;
mod calls;
mod document;
mod entries;
mod heartbeat;
mod json;
mod lines;
mod lint;
mod list;
mod markdown;
mod orphans;
mod outcome;
mod plan;
mod status;
mod terminal;
mod way;

pub use calls::show_calls;
pub use document::{json, json_line, yaml};
pub use lint::{finding, findings, refusal, rules, tally};
pub use list::{names, tenants, tenants_wide};
pub use orphans::{orphan_names, orphans, orphans_wide};
pub use plan::conflicts;
pub use status::status;
pub use way::{Format, Report};

/// Empties a terminal and starts at its top.
const CLEAR: &str = "\u{1b}[2J\u{1b}[H";

/// The two streams. Colour only on a terminal, never alone in meaning.
pub struct Ui {
    out: RefCell<io::BufWriter<AutoStream<io::Stdout>>>,
    err: Stderr,
    marks: Marks,
    /// Whether stderr is a terminal whose cursor can be moved.
    redraws: bool,
    /// The same of stdout.
    out_redraws: bool,
    colour: bool,
}

/// What stands before a line about a step.
#[derive(Clone, Copy, Debug)]
struct Marks {
    done: &'static str,
    waiting: &'static str,
    failed: &'static str,
}

impl Marks {
    const UTF8: Self = Self {
        done: "✓",
        waiting: "…",
        failed: "✗",
    };
    const ASCII: Self = Self {
        done: "ok",
        waiting: "..",
        failed: "!!",
    };
}

impl Ui {
    /// Streams of this process.
    pub fn new(surroundings: Surroundings) -> Self {
        let colourful = |terminal: bool| terminal && !surroundings.no_color && !surroundings.dumb;
        let choice = |colourful: bool| {
            if colourful {
                ColorChoice::Always
            } else {
                ColorChoice::Never
            }
        };
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let terminal = stderr.is_terminal();
        let colour = colourful(terminal);
        let out_terminal = stdout.is_terminal();
        let out = choice(colourful(out_terminal));
        Self {
            out: RefCell::new(io::BufWriter::new(AutoStream::new(stdout, out))),
            err: Stderr {
                stream: Arc::new(Mutex::new(AutoStream::new(stderr, choice(colour)))),
                github_actions: surroundings.github_actions,
            },
            marks: if surroundings.ascii {
                Marks::ASCII
            } else {
                Marks::UTF8
            },
            redraws: terminal && !surroundings.dumb,
            out_redraws: out_terminal && !surroundings.dumb,
            colour,
        }
    }

    /// Data, for a person or the next program in the pipe.
    ///
    /// # Errors
    /// `ClosedOutput` when nobody reads any more.
    pub fn data(&self, text: &str) -> Result<()> {
        Ok(self.out.borrow_mut().write_all(text.as_bytes())?)
    }

    /// Makes room where what was printed can be drawn over: on a terminal that takes escape sequences, in colour or not.
    /// False where nothing can.
    ///
    /// # Errors
    /// As [`Self::data`].
    pub fn clear(&self) -> Result<bool> {
        if self.out_redraws {
            self.flush()?;
            // Past the stream, which takes out all sequences where it takes out colour.
            let out = self.out.borrow();
            out.get_ref().as_inner().write_all(CLEAR.as_bytes())?;
        }
        Ok(self.out_redraws)
    }

    /// Writes out what is buffered.
    ///
    /// # Errors
    /// As [`Self::data`].
    pub fn flush(&self) -> Result<()> {
        Ok(self.out.borrow_mut().flush()?)
    }

    /// A line for people.
    pub fn status(&self, text: &str) {
        self.err.line(text);
    }

    /// Lines for people; nothing for an empty text.
    pub fn block(&self, text: &str) {
        if !text.is_empty() {
            self.status(text.trim_end());
        }
    }

    /// A failure for people.
    pub fn error(&self, error: &Error) {
        self.status(&format!("{RED}error:{RED:#} {error}"));
        self.err.command(|| annotations::error(error));
    }

    /// Something that a person should know.
    pub fn warning(&self, text: &str) {
        self.status(&format!("{YELLOW}warning:{YELLOW:#} {text}"));
        self.err.command(|| annotations::warning(text));
    }
}

/// The one way to stderr.
#[derive(Clone)]
struct Stderr {
    stream: Arc<Mutex<AutoStream<io::Stderr>>>,
    /// The runner takes some lines for commands.
    github_actions: bool,
}

impl Stderr {
    /// Text in which a runner finds no command.
    fn line(&self, text: &str) {
        if self.github_actions {
            self.write(&annotations::defused(text));
        } else {
            self.write(text);
        }
    }

    /// A command to a runner that hears it.
    fn command(&self, command: impl Fn() -> String) {
        if self.github_actions {
            self.write(&command());
        }
    }

    /// A stderr that is closed is no reason to stop.
    fn write(&self, text: &str) {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        drop(writeln!(stream, "{text}"));
    }
}

const RED: anstyle::Style = anstyle::AnsiColor::Red.on_default().bold();
const GREEN: anstyle::Style = anstyle::AnsiColor::Green.on_default();
const YELLOW: anstyle::Style = anstyle::AnsiColor::Yellow.on_default();

/// Rows under a head, in columns as wide as their widest cell.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells
            .chain([head[column].chars().count()])
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        format!("{}\n", padded.join("   ").trim_end())
    };
    let mut text = line(&mut head.iter().copied());
    for row in rows {
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
}
