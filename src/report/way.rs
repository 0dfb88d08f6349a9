//! How a run is told: chosen once, from the form that was asked for and from what stderr is.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use serde_json::json;

use super::{
    Ui,
    json::{self, Json},
    lines::Lines,
    markdown::Markdown,
    outcome, plan,
    terminal::Terminal,
};
use crate::{
    error::{Error, Kind, Result},
    execute::{Event, Outcome},
    orphans::Orphan,
    plan::Plan,
};

/// What a person or a program asks for with `-o`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
    /// A comment on a pull request.
    Markdown,
}

/// Tells a run: its plan, what happens, how it ends.
pub struct Report {
    ui: Rc<Ui>,
    way: Way,
    facts: RefCell<Vec<(&'static str, String)>>,
    /// Whether the run wrote anything besides what it prints.
    wrote: Cell<bool>,
}

enum Way {
    /// A line of text for each state change.
    Lines,
    /// A line of the screen for each object, drawn anew.
    Terminal,
    Json(Box<Json>),
    Markdown(Markdown),
}

impl Report {
    /// The way that fits the form and the streams. Where other lines go to stderr meanwhile, nothing is drawn anew.
    pub fn new(ui: Rc<Ui>, format: Format, verbose: bool) -> Self {
        let way = match format {
            Format::Text if ui.redraws && !verbose => Way::Terminal,
            Format::Text => Way::Lines,
            Format::Json => Way::Json(Box::default()),
            Format::Markdown => Way::Markdown(Markdown::default()),
        };
        Self {
            ui,
            way,
            facts: RefCell::default(),
            wrote: Cell::default(),
        }
    }

    /// Whether a program reads it, which answers no question.
    pub fn is_for_programs(&self) -> bool {
        matches!(self.way, Way::Json(_))
    }

    /// Whom it is about: `tenant`, `cluster`, `namespace` or `source`, and the name; empty where it is about none any more.
    pub fn about(&self, what: &'static str, name: &str) {
        match &self.way {
            Way::Json(json) => json.subject(what, name),
            Way::Markdown(markdown) => markdown.about(what, name),
            Way::Lines | Way::Terminal => {}
        }
    }

    /// A plan that is about to be carried out.
    pub fn plan(&self, title: &str, plan: &Plan) {
        match &self.way {
            Way::Json(json) => json.plan(&self.ui, plan),
            _ => self.ui.block(&plan::plan(title, plan)),
        }
    }

    /// A plan that is what was asked for.
    ///
    /// # Errors
    /// As [`Ui::data`].
    pub fn difference(&self, title: &str, plan: &Plan) -> Result<()> {
        match &self.way {
            Way::Json(json) => json.plan(&self.ui, plan),
            Way::Markdown(markdown) => markdown.plan(title, plan),
            Way::Lines | Way::Terminal => self.ui.data(&plan::plan(title, plan))?,
        }
        Ok(())
    }

    /// Something that a person should know.
    pub fn warning(&self, text: &str) {
        if let Way::Json(json) = &self.way {
            json.event(&self.ui, "warning", json!({"what": text}));
        }
        self.ui.warning(text);
    }

    /// A role or association of a tenant that has no namespace any more.
    ///
    /// # Errors
    /// As [`Ui::data`].
    pub fn leftover(&self, orphan: &Orphan) -> Result<()> {
        let Orphan {
            tenant,
            kind,
            name,
            why,
            command,
            ..
        } = orphan;
        let what = format!("{kind} {name} is left: {why}; put it right: {command}");
        match &self.way {
            Way::Json(json) => {
                let found = json!({"tenant": tenant, "what": what});
                json.event(&self.ui, "leftover", found);
            }
            Way::Markdown(markdown) => markdown.remark(&format!("tenant {tenant}"), &what),
            Way::Lines | Way::Terminal => {
                self.ui.data(&format!("tenant {tenant}\n  ! {what}\n"))?;
            }
        }
        Ok(())
    }

    /// A tenant that could not be looked at, while the others are.
    pub fn failed(&self, title: &str, error: &Error) {
        match &self.way {
            Way::Json(json) => {
                let mut fields = json!({"exitCode": error.kind.exit_code()});
                fields["error"] = json::error_data(error);
                json.event(&self.ui, "error", fields);
            }
            Way::Markdown(markdown) => markdown.failed(title, error),
            Way::Lines | Way::Terminal => {}
        }
        self.ui.error(error);
    }

    /// Follows a plan that is carried out.
    pub(crate) fn follow<'a>(&'a self, plan: &'a Plan) -> Follower<'a> {
        match &self.way {
            Way::Json(json) => Follower::Json(json, &self.ui),
            Way::Terminal => Follower::Terminal(Terminal::new(&self.ui, plan)),
            Way::Lines | Way::Markdown(_) => Follower::Lines(Lines::new(&self.ui)),
        }
    }

    /// What can be said of the subject by now, empty values left out. Text has it at a good end, data at any.
    pub fn facts(&self, facts: impl IntoIterator<Item = (&'static str, String)>) {
        let known = facts.into_iter().filter(|(_, value)| !value.is_empty());
        self.facts.borrow_mut().extend(known);
    }

    /// What went wrong, what stands and what to do, or nothing if all went well.
    ///
    /// # Errors
    /// The failure that decides the exit code.
    pub fn outcome(&self, subject: &str, plan: &Plan, outcome: &Outcome) -> Result<()> {
        let mut done = outcome.done.iter();
        self.wrote
            .set(done.any(|index| plan.steps[*index].action.writes()));
        if let Way::Json(json) = &self.way {
            json.outcome(plan, outcome);
        }
        outcome::failure(subject, plan, outcome).map_or(Ok(()), Err)
    }

    /// A good end: one word for programs, lines for people, the facts as data.
    ///
    /// # Errors
    /// As [`Ui::data`].
    pub fn done(&self, outcome: &str, lines: &[String]) -> Result<()> {
        if let Way::Json(json) = &self.way {
            json.note("outcome", outcome);
            return Ok(());
        }
        for line in lines {
            self.ui.status(line);
        }
        let facts = self.facts.borrow();
        let rows = facts
            .iter()
            .map(|(label, value)| format!("{label:<13}{value}\n"));
        let printed = self.ui.data(&rows.collect::<String>());
        let printed = printed.and_then(|()| self.ui.flush());
        printed.map_err(|error| self.unprinted(error))
    }

    /// What could not be printed counts by what was done before.
    fn unprinted(&self, error: Error) -> Error {
        match error.kind {
            Kind::ClosedOutput => error,
            _ if self.wrote.get() => error.with_kind(Kind::Incomplete),
            _ => error,
        }
    }

    /// The end of a comparison, with its exit code.
    pub fn compared(&self, code: u8) {
        match &self.way {
            Way::Json(json) => {
                let outcome = match code {
                    0 => "same",
                    1 => "different",
                    _ => "failed",
                };
                json.note("exitCode", code);
                json.note("outcome", outcome);
            }
            Way::Markdown(markdown) => markdown.complete(),
            Way::Lines | Way::Terminal if code == 0 => self.ui.status("no differences"),
            Way::Lines | Way::Terminal => {}
        }
    }

    /// Ends the run: the last of the data, and the failure for people.
    ///
    /// # Errors
    /// The failure, where there is one.
    pub fn end<T>(&self, result: Result<T>) -> Result<T> {
        let result = match &self.way {
            Way::Json(json) => {
                for (key, value) in self.facts.borrow().iter() {
                    json.note(key, value.as_str());
                }
                json.end(&self.ui, result.as_ref().err());
                let printed = json.unprinted().map_or(Ok(()), Err);
                let printed = printed.map_err(|error| self.unprinted(error));
                result.and_then(|value| printed.map(|()| value))
            }
            Way::Markdown(markdown) => {
                let written = self
                    .ui
                    .data(&markdown.document())
                    .and_then(|()| self.ui.flush());
                result.and_then(|value| written.map(|()| value))
            }
            Way::Lines | Way::Terminal => {
                let flushed = self.ui.flush();
                result.and_then(|value| flushed.map(|()| value))
            }
        };
        if let Err(error) = &result
            && error.kind != Kind::ClosedOutput
        {
            self.ui.error(error);
        }
        result
    }
}

/// Hears what happens while a plan is carried out.
pub(crate) enum Follower<'a> {
    /// As lines of text.
    Lines(Lines<'a>),
    /// On the screen.
    Terminal(Terminal<'a>),
    /// As JSON lines.
    Json(&'a Json, &'a Ui),
}

impl Follower<'_> {
    /// Tells an event.
    pub(crate) fn hear(&self, event: &Event<'_>) {
        match self {
            Self::Lines(lines) => lines.hear(event),
            Self::Terminal(terminal) => terminal.hear(event),
            Self::Json(json, ui) => {
                if let Event::Interrupted = event {
                    Lines::new(ui).hear(event);
                }
                json.hear(ui, event);
            }
        }
    }

    /// Nothing more happens.
    pub(crate) fn end(&self) {
        if let Self::Terminal(terminal) = self {
            terminal.clear();
        }
    }
}
