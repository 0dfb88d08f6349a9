//! The actions that IAM knows, from a copy of AWS's service reference in `actions.txt`.
//!
//! AWS publishes the list for programs, anew on each working day; `.ci/actions` writes the copy.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/service-reference.html>

use wildmatch::WildMatch;

const LIST: &str = include_str!("actions.txt");

/// One action of a service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Action {
    /// Prefix, such as `s3`.
    pub(super) service: &'static str,
    /// Such as `GetObject`.
    pub(super) name: &'static str,
    /// It changes something.
    pub(super) writes: bool,
    /// It changes who may do what.
    pub(super) permissions: bool,
    /// It takes an ARN; the others take `*` only.
    pub(super) takes_resource: bool,
}

impl Action {
    fn parse(service: &'static str, word: &'static str) -> Self {
        let name = word.trim_end_matches(['+', '!', '*']);
        let marks = &word[name.len()..];
        Self {
            service,
            name,
            writes: marks.contains(['+', '!']),
            permissions: marks.contains('!'),
            takes_resource: !marks.contains('*'),
        }
    }

    /// `service:Name`
    pub(super) fn full(&self) -> String {
        format!("{}:{}", self.service, self.name)
    }
}

fn lines() -> impl Iterator<Item = &'static str> {
    LIST.lines().filter(|line| !line.starts_with('#'))
}

/// Every service prefix.
pub(super) fn services() -> impl Iterator<Item = &'static str> {
    lines().filter_map(|line| line.split(' ').next())
}

/// The actions of the services that a pattern fits.
pub(super) fn of(service: &str) -> impl Iterator<Item = Action> {
    let pattern = WildMatch::new_case_insensitive(service);
    lines().flat_map(move |line| {
        let (service, names) = line.split_once(' ').unwrap_or((line, ""));
        let names = Some(names).filter(|_| pattern.matches(service));
        names
            .into_iter()
            .flat_map(|names| names.split(' '))
            .filter(|word| !word.is_empty())
            .map(move |word| Action::parse(service, word))
    })
}

/// The actions that `service:Name` with wildcards covers. IAM looks at no case in it.
pub(super) fn covered(pattern: &str) -> Vec<Action> {
    let (service, name) = pattern.split_once(':').unwrap_or((pattern, "*"));
    let name = WildMatch::new_case_insensitive(name);
    of(service)
        .filter(|action| name.matches(action.name))
        .collect()
}

/// Whether a pattern covers `service:Name`.
pub(super) fn covers(pattern: &str, action: &str) -> bool {
    WildMatch::new_case_insensitive(pattern).matches(action)
}
