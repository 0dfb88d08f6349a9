//! What people read: data on stdout, everything else on stderr.

use std::{
    cell::RefCell,
    io::{self, IsTerminal, Write},
    sync::{Arc, Mutex, PoisonError},
};

use anstream::{AutoStream, ColorChoice};

use crate::error::{Error, Result};

mod calls;
mod events;
mod plan;

pub use calls::show_calls;
pub use events::{failure, printer};
pub use plan::{conflicts, plan};

/// The two streams. Colour only on a terminal, never alone in meaning.
pub struct Ui {
    out: RefCell<io::BufWriter<AutoStream<io::Stdout>>>,
    err: Stderr,
}

impl Ui {
    /// Streams of this process.
    pub fn new(no_color: bool) -> Self {
        let choice = |terminal: bool| {
            if terminal && !no_color {
                ColorChoice::Always
            } else {
                ColorChoice::Never
            }
        };
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let (out, err) = (choice(stdout.is_terminal()), choice(stderr.is_terminal()));
        Self {
            out: RefCell::new(io::BufWriter::new(AutoStream::new(stdout, out))),
            err: Stderr(Arc::new(Mutex::new(AutoStream::new(stderr, err)))),
        }
    }

    /// Data, for a person or the next program in the pipe.
    ///
    /// # Errors
    /// `ClosedOutput` when nobody reads any more.
    pub fn data(&self, text: &str) -> Result<()> {
        Ok(self.out.borrow_mut().write_all(text.as_bytes())?)
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
    }

    /// Something that a person should know.
    pub fn warning(&self, text: &str) {
        self.status(&format!("{YELLOW}warning:{YELLOW:#} {text}"));
    }
}

/// The one way to stderr.
#[derive(Clone)]
struct Stderr(Arc<Mutex<AutoStream<io::Stderr>>>);

impl Stderr {
    /// A stderr that is closed is no reason to stop.
    fn line(&self, text: &str) {
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
