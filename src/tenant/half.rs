//! The AWS half alone: the record is in the cluster, so nothing that it says is known.

use super::Look;
use crate::{
    cli::Only,
    error::{Error, Result},
    input::Given,
    marks::PROTECTED,
    plan::{Action, Plan, Step, aws_tag},
    spec::{Resolved, TenantName},
};

/// Why so little is known.
pub const NO_RECORD: &str =
    "with --only aws the record of the tenant, which is in the cluster, is not read";

/// How to say what the record would.
pub fn give_file(name: &TenantName) -> String {
    format!("give the tenant file: -f FILE; mcpctl tenant show {name} prints it")
}

impl Look {
    /// Whether enough is said for a change of the AWS half alone: what only the record says must not go by silence.
    ///
    /// # Errors
    /// Usage, without the tenant file where something that stands would change; conflict, where the tenant would not be
    /// protected any more and nothing says so.
    pub fn said_enough(
        &self,
        (given, resolved): (&Given, &Resolved),
        plan: &Plan,
        only: Option<Only>,
    ) -> Result<()> {
        if only != Some(Only::Aws) {
            return Ok(());
        }
        let name = &self.name;
        if given.tenant().is_none() && plan.steps.iter().any(takes_away) {
            return Err(Error::usage(format!(
                "tenant `{name}`: its role or association would change, and no tenant file is given"
            ))
            .detail(NO_RECORD)
            .hint(give_file(name)));
        }
        let tagged = self
            .identity
            .values()
            .any(|object| self.subject.owns(object) && aws_tag(object, PROTECTED) == Some("true"));
        let silent = !resolved.input.layer.spec.contains_key("protected");
        if tagged && silent && !resolved.spec.protected {
            return Err(Error::conflict(format!(
                "tenant `{name}` is protected, and nothing says that it is not to be any more"
            ))
            .detail(format!("the tag {PROTECTED} says so; {NO_RECORD}"))
            .hint(
                "say protected: true to keep it, protected: false to take it off, in the tenant file or with --set",
            ));
        }
        Ok(())
    }
}

/// Whether a step changes or takes away what is there already. What was begun and lacks something is completed.
fn takes_away(step: &Step) -> bool {
    match &step.action {
        Action::Update(update) => {
            !update.adopts && update.changes.iter().any(|change| change.have.is_some())
        }
        Action::Delete(_) => true,
        _ => false,
    }
}
