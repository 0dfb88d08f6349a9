//! What the environment says about where output goes.

use super::environment;

/// Where output goes: a terminal and what it can do, or a job of a CI service.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is what one variable says"
)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Surroundings {
    /// `NO_COLOR` is set: <https://no-color.org>
    pub no_color: bool,
    /// `TERM=dumb`: no colour, and the cursor does not move.
    pub dumb: bool,
    /// The locale says another character set than UTF-8.
    pub ascii: bool,
    /// A job of GitHub Actions: `GITHUB_ACTIONS=true`.
    pub github_actions: bool,
}

impl Surroundings {
    /// From the environment of this process.
    pub fn of_this_process() -> Self {
        Self::read(environment::shown)
    }

    /// From variables; `get` gives those that are set and not empty.
    fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            no_color: get("NO_COLOR").is_some(),
            dumb: get("TERM").is_some_and(|term| term == "dumb"),
            ascii: locale(&get).is_some_and(|locale| !is_utf8(&locale)),
            github_actions: get("GITHUB_ACTIONS").is_some_and(|value| value == "true"),
        }
    }
}

/// The first that is set decides: <https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html>. Where
/// none is, as in most containers, UTF-8 is what everything else writes.
fn locale(get: impl Fn(&str) -> Option<String>) -> Option<String> {
    ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(get)
}

fn is_utf8(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::Surroundings;

    fn read(variables: &[(&str, &str)]) -> Surroundings {
        Surroundings::read(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_string())
        })
    }

    #[test]
    fn the_first_locale_variable_decides() {
        assert!(!read(&[]).ascii);
        assert!(!read(&[("LANG", "en_US.UTF-8")]).ascii);
        assert!(!read(&[("LC_CTYPE", "de_DE.utf8"), ("LANG", "C")]).ascii);
        assert!(read(&[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")]).ascii);
        assert!(read(&[("LANG", "de_DE.ISO-8859-1")]).ascii);
    }

    #[test]
    fn only_true_is_a_job() {
        assert!(read(&[("GITHUB_ACTIONS", "true")]).github_actions);
        assert!(!read(&[("GITHUB_ACTIONS", "false")]).github_actions);
    }
}
