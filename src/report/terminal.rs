//! A plan that is carried out, on a terminal: one line of the screen for each object, and more for what one waits for,
//! drawn anew as it goes on, and nothing of it left at the end.

use std::{cell::RefCell, time::Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{
    GREEN, RED, Ui, YELLOW,
    lines::{came_of_it, line},
};
use crate::{
    execute::Event,
    plan::{Action, Plan, Step},
};

mod rows;

use rows::{Screen, Weight, visible};

/// Redraws a second at most.
const HERTZ: u8 = 15;

/// The lines, and the state of each step of the plan.
pub(crate) struct Terminal<'a> {
    ui: &'a Ui,
    plan: &'a Plan,
    /// All the lines, as one text: how many there are changes as what is waited for does.
    screen: ProgressBar,
    states: RefCell<Vec<State>>,
}

#[derive(Clone, Debug)]
enum State {
    Pending,
    Flying { since: Instant, what: String },
    Done(String),
    Failed,
}

impl<'a> Terminal<'a> {
    pub(super) fn new(ui: &'a Ui, plan: &'a Plan) -> Self {
        let target = ProgressDrawTarget::stderr_with_hz(HERTZ);
        let style = ProgressStyle::with_template("{msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        Self {
            ui,
            plan,
            screen: ProgressBar::with_draw_target(None, target).with_style(style),
            states: RefCell::new(vec![State::Pending; plan.steps.len()]),
        }
    }

    pub(super) fn hear(&self, event: &Event<'_>) {
        let set = |step: &Step, state| {
            let place = self
                .plan
                .steps
                .iter()
                .position(|other| std::ptr::eq(other, step));
            if let Some(place) = place {
                self.states.borrow_mut()[place] = state;
            }
        };
        let flying = |step: &Step, what: &str| {
            let since = match self.state(step) {
                State::Flying { since, .. } => since,
                _ => Instant::now(),
            };
            let what = what.to_string();
            set(step, State::Flying { since, what });
        };
        match event {
            Event::Begun(step) => flying(step, doing(&step.action)),
            Event::Waiting(step, what) => flying(step, what),
            Event::Done(step, text) => set(step, State::Done(came_of_it(step, text))),
            Event::Skipped(step) => set(step, State::Pending),
            Event::Failed(step, _) => set(step, State::Failed),
            Event::Interrupted | Event::Tick => {}
        }
        if let Event::Failed(..) | Event::Interrupted = event
            && let Some(text) = line(self.ui, event)
        {
            self.screen.suspend(|| self.ui.status(&text));
        }
        self.draw();
    }

    /// Takes the lines off the screen.
    pub(super) fn clear(&self) {
        self.screen.finish_and_clear();
        self.screen.set_draw_target(ProgressDrawTarget::hidden());
    }

    fn state(&self, step: &Step) -> State {
        let states = self.states.borrow();
        let found = self.plan.steps.iter().zip(states.iter());
        let mut found = found.filter(|(other, _)| std::ptr::eq(*other, step));
        found
            .next()
            .map_or(State::Pending, |(_, state)| state.clone())
    }

    fn draw(&self) {
        let marks = self.ui.marks;
        let width = marks.done.chars().count();
        let mark = |weight| {
            let (style, mark) = match weight {
                Weight::Active | Weight::More => (YELLOW, marks.waiting),
                Weight::Failed => (RED, marks.failed),
                Weight::Pending => (YELLOW, " "),
                Weight::Done => (GREEN, marks.done),
            };
            let text = format!("  {style}{mark:width$}{style:#} ");
            if self.ui.colour {
                text
            } else {
                anstream::adapter::strip_str(&text).to_string()
            }
        };
        // A window may change its size meanwhile.
        let (rows, columns) = console::Term::stderr().size();
        let screen = Screen {
            rows: usize::from(rows).saturating_sub(1).max(1),
            columns: usize::from(columns),
            margin: width + 3,
            mark,
        };
        let rows = visible(self.plan, &self.states.borrow(), &screen, Instant::now());
        let text = rows.join("\n");
        if self.screen.message() != text {
            self.screen.set_message(text);
        }
    }
}

/// What is said of a step from its beginning on.
fn doing(action: &Action) -> &'static str {
    match action {
        Action::Create(_) => "being created",
        Action::Update(_) => "being changed",
        Action::Delete(_) => "being deleted",
        Action::Release(_) => "being given back",
        Action::Gate(_) => "waits for the identity gate",
        Action::Settle => "waits until its change has spread",
        Action::Restart(_) => "pods restart",
        Action::KeepHost(_) => "its host is looked at once more",
        Action::AwaitGone => "waits until it is gone",
        Action::AwaitSynced => "waits for ACK",
        Action::AwaitReady => "waits until it is ready",
        Action::Verify(_) => "asks STS who it is",
        Action::GoesWithNamespace | Action::Lock => "",
    }
}
