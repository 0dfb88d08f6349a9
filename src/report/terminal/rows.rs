//! Which rows of the screen say what, for as many as there is room for. Pure.

use std::time::{Duration, Instant};

use console::{measure_text_width, truncate_str};

use super::{super::entries::has_line, State};
use crate::{
    object::Id,
    plan::{Plan, Step},
};

/// A wait that is longer says how long.
const SHORT: Duration = Duration::from_secs(2);
/// How much further in the rows begin on which a text goes on.
const INDENT: usize = 2;

/// One object's first row. The order is that in which rows are given up, last first, where the screen is too small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    Active,
    /// What an active one waits for, as far as it takes further rows.
    More,
    Failed,
    Pending,
    Done,
}

/// The size of the screen, and what stands before an object.
pub(super) struct Screen<M> {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// The columns of a mark, with the room around it.
    pub(super) margin: usize,
    /// A mark with the room around it.
    pub(super) mark: M,
}

/// The rows that there is room for: all that is active is told in full before anything else is.
pub(super) fn visible<M: Fn(Weight) -> String>(
    plan: &Plan,
    states: &[State],
    screen: &Screen<M>,
    now: Instant,
) -> Vec<String> {
    let width = screen.columns.saturating_sub(screen.margin).max(1);
    let mut rows: Vec<(usize, Weight, String)> = Vec::new();
    for (place, id) in objects(plan).into_iter().enumerate() {
        let (weight, what) = told(plan, states, id, now);
        let mut texts = match weight {
            Weight::Active => wrapped(&id.to_string(), &what, width),
            _ => vec![truncate_str(&format!("{id}  {what}"), width, "").into_owned()],
        }
        .into_iter();
        let first = texts.next().unwrap_or_default();
        let mark = (screen.mark)(weight);
        rows.push((place, weight, format!("{mark}{first}")));
        let margin = screen.margin;
        rows.extend(texts.map(|text| (place, Weight::More, format!("{:margin$}{text}", ""))));
    }
    // A stable sort: the rows of one object keep their order.
    rows.sort_by_key(|(place, weight, _)| (*weight, *place));
    rows.truncate(screen.rows);
    rows.sort_by_key(|(place, _, _)| *place);
    rows.into_iter().map(|(_, _, text)| text).collect()
}

/// The objects that have a row, in the plan's order.
fn objects(plan: &Plan) -> Vec<&Id> {
    let mut found: Vec<&Id> = Vec::new();
    for step in &plan.steps {
        if has_line(&step.id, &step.action) && !found.contains(&&step.id) {
            found.push(&step.id);
        }
    }
    found
}

/// A head, cut if it must be, and what is said of it, on as many rows as it takes.
fn wrapped(head: &str, what: &str, width: usize) -> Vec<String> {
    let indent = if INDENT < width { INDENT } else { 0 };
    let mut rows = Vec::new();
    let mut row = truncate_str(head, width, "").into_owned();
    let mut space = 2;
    for word in what.split(' ') {
        if measure_text_width(&row) + space + measure_text_width(word) <= width {
            row.push_str(&" ".repeat(space));
            row.push_str(word);
        } else {
            for piece in pieces(word, width - indent) {
                rows.push(std::mem::replace(
                    &mut row,
                    format!("{:indent$}{piece}", ""),
                ));
            }
        }
        space = 1;
    }
    rows.push(row);
    rows
}

/// A word that is wider than a row, in pieces that are not.
fn pieces(word: &str, width: usize) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = word;
    while !rest.is_empty() {
        let fits = truncate_str(rest, width, "").len();
        // A character of two columns on a row of one is written all the same.
        let least = rest.chars().next().map_or(0, char::len_utf8);
        let (piece, more) = rest.split_at(fits.max(least));
        found.push(piece);
        rest = more;
    }
    found
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

#[cfg(test)]
mod tests {
    use super::*;

    const LATE: &str = "12 s  0 of 1 pods ready (pod mcp-server-7d9c5b8f6-x2x4q: container mcp-server waits for what it refers to: secret \"upstream\" not found)";

    #[test]
    fn what_is_waited_for_is_told_in_full_at_any_width() {
        for width in 1..200 {
            let rows = wrapped("Deployment mcp-late/mcp-server", LATE, width);
            let wide = rows.iter().map(|row| measure_text_width(row)).max();
            assert!(wide <= Some(width), "{width}: {rows:#?}");
            let told = rows.concat().replace(' ', "");
            assert!(told.ends_with(&LATE.replace(' ', "")), "{width}: {rows:#?}");
        }
        assert_eq!(
            wrapped("Deployment mcp-late/mcp-server", LATE, 76),
            [
                "Deployment mcp-late/mcp-server  12 s  0 of 1 pods ready (pod",
                "  mcp-server-7d9c5b8f6-x2x4q: container mcp-server waits for what it refers",
                "  to: secret \"upstream\" not found)",
            ]
        );
    }

    #[test]
    fn a_word_that_is_wider_than_the_screen_goes_on_below() {
        assert_eq!(
            wrapped("äö", "漢字漢字", 5),
            ["äö", "  漢", "  字", "  漢", "  字"]
        );
        assert_eq!(wrapped("ab", "漢c", 1), ["a", "漢", "c"]);
    }
}
