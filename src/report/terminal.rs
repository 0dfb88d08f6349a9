//! A plan that is carried out, on a terminal: one line of the screen for each object, drawn anew as it goes on, and
//! nothing of it left at the end.

use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{
    GREEN, RED, Ui, YELLOW,
    entries::has_line,
    lines::{came_of_it, line},
};
use crate::{
    execute::Event,
    object::Id,
    plan::{Action, Plan, Step},
};

/// Redraws a second at most.
const HERTZ: u8 = 15;
/// A wait that is longer says how long.
const SHORT: Duration = Duration::from_secs(2);

/// The lines, and the state of each step of the plan.
pub(crate) struct Terminal<'a> {
    ui: &'a Ui,
    plan: &'a Plan,
    screen: MultiProgress,
    /// Places for lines, as many as the screen has room for.
    slots: Vec<ProgressBar>,
    states: RefCell<Vec<State>>,
}

#[derive(Clone, Debug)]
enum State {
    Pending,
    Flying { since: Instant, what: String },
    Done(String),
    Failed,
}

/// One object's line. The order is that in which lines are given up where the screen is too small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Active,
    Failed,
    Pending,
    Done,
}

impl<'a> Terminal<'a> {
    pub(super) fn new(ui: &'a Ui, plan: &'a Plan) -> Self {
        let target = ProgressDrawTarget::stderr_with_hz(HERTZ);
        let screen = MultiProgress::with_draw_target(target);
        let (rows, _) = console::Term::stderr().size();
        let room = usize::from(rows).saturating_sub(1).max(1);
        let count = objects(plan).len().min(room);
        let style = ProgressStyle::with_template("{wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let slot = |_| screen.add(ProgressBar::new_spinner().with_style(style.clone()));
        Self {
            ui,
            plan,
            slots: (0..count).map(slot).collect(),
            screen,
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
        // A terminal that cannot be written to shows nothing anyway.
        drop(self.screen.clear());
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
        let now = Instant::now();
        let states = self.states.borrow();
        let texts = visible(
            self.plan,
            &states,
            self.slots.len(),
            |id, weight, what| {
                let marks = self.ui.marks;
                let (style, mark) = match weight {
                    Weight::Active => (YELLOW, marks.waiting),
                    Weight::Failed => (RED, marks.failed),
                    Weight::Pending => (YELLOW, " "),
                    Weight::Done => (GREEN, marks.done),
                };
                let width = marks.done.chars().count();
                let text = format!("  {style}{mark:width$}{style:#} {id}  {what}");
                if self.ui.colour {
                    text
                } else {
                    anstream::adapter::strip_str(&text).to_string()
                }
            },
            now,
        );
        for (slot, text) in self.slots.iter().zip(texts) {
            if slot.message() != text {
                slot.set_message(text);
            }
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
        Action::Restart(_) => "pods restart",
        Action::KeepHost(_) => "its host is looked at once more",
        Action::AwaitGone => "waits until it is gone",
        Action::AwaitSynced => "waits for ACK",
        Action::AwaitReady => "waits until it is ready",
        Action::Verify(_) => "asks STS who it is",
        Action::GoesWithNamespace | Action::Lock => "",
    }
}

/// The objects that have a line, in the plan's order.
fn objects(plan: &Plan) -> Vec<&Id> {
    let mut found: Vec<&Id> = Vec::new();
    for step in &plan.steps {
        if has_line(&step.id, &step.action) && !found.contains(&&step.id) {
            found.push(&step.id);
        }
    }
    found
}

/// The lines that there is room for.
fn visible(
    plan: &Plan,
    states: &[State],
    room: usize,
    render: impl Fn(&Id, Weight, &str) -> String,
    now: Instant,
) -> Vec<String> {
    let mut lines: Vec<(usize, Weight, &Id, String)> = objects(plan)
        .into_iter()
        .enumerate()
        .map(|(place, id)| {
            let (weight, what) = told(plan, states, id, now);
            (place, weight, id, what)
        })
        .collect();
    lines.sort_by_key(|(place, weight, _, _)| (*weight, *place));
    lines.truncate(room);
    lines.sort_by_key(|(place, _, _, _)| *place);
    let render = |(_, weight, id, what): &(usize, Weight, &Id, String)| render(id, *weight, what);
    lines.iter().map(render).collect()
}

/// What is said of an object: of its steps the one that fails or goes on, else the next, else the last.
fn told(plan: &Plan, states: &[State], id: &Id, now: Instant) -> (Weight, String) {
    let mut own = plan
        .steps
        .iter()
        .zip(states)
        .filter(|(step, _)| step.id == *id && has_line(&step.id, &step.action));
    let mut end = (Weight::Done, String::new());
    let mut next = None;
    let found = own.find_map(|(step, state)| match state {
        State::Failed => Some((Weight::Failed, "failed".to_string())),
        State::Flying { since, what } => {
            let time = now.duration_since(*since);
            let seconds = if time < SHORT {
                String::new()
            } else {
                format!("{} s  ", time.as_secs())
            };
            Some((Weight::Active, format!("{seconds}{what}")))
        }
        State::Pending => {
            next.get_or_insert_with(|| (Weight::Pending, awaited(plan, states, step)));
            None
        }
        State::Done(text) => {
            if !text.is_empty() {
                end.1.clone_from(text);
            }
            None
        }
    });
    found.or(next).unwrap_or(end)
}

/// The first object that a step has to wait for.
fn awaited(plan: &Plan, states: &[State], step: &Step) -> String {
    let before = step.after.iter().find(|before| {
        let other = &plan.steps[**before];
        !matches!(states[**before], State::Done(_))
            && other.id != step.id
            && !other.id.name.is_empty()
    });
    before.map_or_else(String::new, |before| {
        format!("after {}", plan.steps[*before].id)
    })
}
