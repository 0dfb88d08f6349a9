//! `-v`: the lines about calls, on stderr between all others.

use std::fmt::{self, Write as _};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
};

use super::{Stderr, Ui};
use crate::backend::CALLS;

/// Shows the calls of this process from now on: `-v` each call, `-vv` also query, request id and size of the answer.
pub fn show_calls(ui: &Ui, verbosity: u8) {
    let level = match verbosity {
        0 => return,
        1 => Level::DEBUG,
        _ => Level::TRACE,
    };
    let calls = Calls {
        level,
        err: ui.err.clone(),
    };
    // There is one for each process, set here.
    drop(tracing::subscriber::set_global_default(calls));
}

/// Prints what has our target; what the libraries say about themselves may hold anything, and is not even made.
struct Calls {
    level: Level,
    err: Stderr,
}

impl Subscriber for Calls {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == CALLS && *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level.into())
    }

    fn event(&self, event: &Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        self.err.line(&format!("trace: {}", message.0));
    }

    // Calls have no spans.
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            _ = write!(self.0, "{value:?}");
        }
    }
}
