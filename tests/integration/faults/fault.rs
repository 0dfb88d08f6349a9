//! A row of the table: what AWS does, what the user sees, what stands, and what the same command does next.

use std::{panic::AssertUnwindSafe, thread};

use mcpctl_sandbox::strict_aws::State;

use crate::strict::Strict;

/// One fault, as `docs/faults.md` tells it and as the test carries it out.
#[derive(Clone, Copy)]
pub(super) struct Fault {
    /// What goes wrong.
    pub(super) name: &'static str,
    /// What AWS does.
    pub(super) aws: &'static str,
    /// The page that says so: title and address, or what was seen where no page says it.
    pub(super) source: Source,
    /// What stands before: the tenant, or nothing.
    pub(super) added: bool,
    /// Brings the fault about.
    pub(super) strike: fn(&Strict),
    /// The command, without `mcpctl tenant`.
    pub(super) command: &'static str,
    /// Its exit code.
    pub(super) code: i32,
    /// The first line of what it says: of the error, or how it ends.
    pub(super) first: &'static str,
    /// What else it says.
    pub(super) says: &'static [&'static str],
    /// What stands then, in words.
    pub(super) stands: &'static str,
    /// The same, as the account shows it.
    pub(super) holds: fn(&State) -> bool,
    /// Ends the fault, beyond what ends by itself.
    pub(super) mend: fn(&Strict),
    /// What the same command does then, in words.
    pub(super) again: &'static str,
    /// A line that it says then.
    pub(super) again_says: &'static str,
}

/// Title and address of a page.
pub(super) type Source = (&'static str, &'static str);

/// An `add` that meets a fault while nothing stands, which passes.
pub(super) const ADD: Fault = Fault {
    name: "",
    aws: "",
    source: ("", ""),
    added: false,
    strike: |_| {},
    command: "add acme",
    code: 0,
    first: "tenant `acme` is applied: 2 created, 0 changed, 0 deleted",
    says: &[],
    stands: "all",
    holds: whole,
    mend: |_| {},
    again: "writes nothing",
    again_says: "tenant `acme`: nothing to do",
};

/// A `remove` of a tenant that stands, which passes.
pub(super) const REMOVE: Fault = Fault {
    added: true,
    command: "remove acme --yes",
    first: "role and association of tenant `acme` are removed; its namespace was not looked at",
    stands: "nothing",
    holds: nothing,
    again_says: "cluster prod has no role and no association of tenant `acme`: nothing to remove",
    ..ADD
};

/// Role and association of the tenant, and nothing else.
pub(super) fn whole(state: &State) -> bool {
    role(state).is_some_and(|role| role.inline.contains_key("mcpctl"))
        && state
            .association("prod", "mcp-acme", "mcp-server")
            .is_some_and(|one| one.tags.contains_key("mcpctl.dev/tenant"))
}

pub(super) fn nothing(state: &State) -> bool {
    role(state).is_none()
        && state
            .association("prod", "mcp-acme", "mcp-server")
            .is_none()
}

/// The role, with its policy, and no association of the tenant.
pub(super) fn role_alone(state: &State) -> bool {
    role(state).is_some_and(|role| role.inline.contains_key("mcpctl"))
        && state
            .association("prod", "mcp-acme", "mcp-server")
            .is_none_or(|one| !one.tags.contains_key("mcpctl.dev/tenant"))
}

/// The tenant's role, under the name that derives from region, cluster, namespace and service account.
pub(super) const ROLE: &str = "acme-a9231ac3a2";

pub(super) fn role(state: &State) -> Option<&mcpctl_sandbox::strict_aws::Role> {
    let own =
        |role: &&mcpctl_sandbox::strict_aws::Role| role.tags.contains_key("mcpctl.dev/tenant");
    state.role(ROLE).filter(own)
}

impl Fault {
    fn words(&self) -> Vec<&'static str> {
        ["tenant"]
            .into_iter()
            .chain(self.command.split(' '))
            .collect()
    }

    fn is_removal(&self) -> bool {
        self.command.starts_with("remove")
    }

    /// The fault, then the same command without it, then a diff that finds nothing.
    pub(super) fn carry_out(&self) {
        let slug: String = self
            .name
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        let strict = Strict::new(&slug);
        if self.added {
            let _ = strict.add().expect(0);
        }
        (self.strike)(&strict);
        let run = strict.run(&self.words()).expect(self.code);
        let said = run
            .stderr
            .lines()
            .map(|line| line.trim_start_matches("error: "));
        let first = said.clone().any(|line| line == self.first);
        assert!(first, "no line is `{}`:\n{run}", self.first);
        let run = run.says(self.says);
        let stands = strict.aws.state(|state| (self.holds)(state));
        assert!(stands, "it does not hold: {}\n{run}", self.stands);
        strict.aws.heal();
        (self.mend)(&strict);
        let again = strict.run(&self.words()).expect(0);
        let _ = again.says(&[self.again_says]);
        if self.is_removal() {
            let _ = strict
                .run(&self.words())
                .expect(0)
                .says(&[REMOVE.again_says]);
            strict
                .aws
                .state(|state| assert!(nothing(state), "something is left"));
        } else {
            strict.is_clean();
            strict.differs_in_nothing();
        }
    }
}

/// Each on an account of its own, at the same time: most of what they do is wait.
pub(super) fn carry_out(rows: &[Fault]) {
    let failed: Vec<&str> = thread::scope(|scope| {
        let row = |fault: &'static Fault| {
            let run = AssertUnwindSafe(|| fault.carry_out());
            scope.spawn(move || std::panic::catch_unwind(run).is_err().then_some(fault.name))
        };
        let running: Vec<_> = rows
            .iter()
            .map(|fault| row(Box::leak(Box::new(*fault))))
            .collect();
        let ended = running.into_iter().map(|row| row.join().expect("a thread"));
        ended.flatten().collect()
    });
    assert!(failed.is_empty(), "failed, as told above: {failed:#?}");
}
