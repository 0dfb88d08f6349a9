//! Who carries a tenant's role and association out.

use super::Look;
use crate::{
    ack,
    backend::Side,
    config::AwsMode,
    error::{Error, Result},
    object::{Id, Object},
    plan::aws_tag,
    record::AWS,
    session::Session,
};

impl Look {
    /// In the account that we are told, and by whom we are told: two that carry out one role would undo each other's
    /// changes, and a removal by one would be made good by the other, or pass over what it does not see.
    pub(super) fn carried_out_as_told(&self, session: &Session<'_>) -> Result<()> {
        let direct = matches!(session.identities(), Some(Side::Aws(_)));
        let by_ack = |object: &&Object| {
            direct && self.subject.owns(object) && aws_tag(object, ack::CONTROLLER).is_some()
        };
        let account = session.settings.cluster.account_id.as_ref();
        for object in self.identity.values() {
            ack::in_account(object, account)?;
        }
        if let Some(object) = self.identity.values().find(by_ack) {
            return Err(
                Error::conflict(format!("{} is carried out by ACK", object.id()))
                    .detail(format!("its tag {} says so", ack::CONTROLLER))
                    .hint("say aws: ack in the settings"),
            );
        }
        let recorded = self.record.as_ref().and_then(|record| record.aws);
        match recorded.filter(|_| session.identities().is_some()) {
            Some(mode) if mode != session.settings.aws => {
                Err(self.carried_out_otherwise(mode, session.settings.aws))
            }
            _ => Ok(()),
        }
    }

    fn carried_out_otherwise(&self, mode: AwsMode, told: AwsMode) -> Error {
        let who = match mode {
            AwsMode::Direct => "mcpctl itself",
            AwsMode::Ack => "ACK",
        };
        let name = &self.name;
        let (id, mode) = (Id::namespace(&self.names.namespace), mode.as_str());
        Error::conflict(format!(
            "role and association of tenant `{name}` are carried out by {who}"
        ))
        .detail(format!(
            "{id} has the annotation {AWS}: {mode}, the settings say aws: {}",
            told.as_str()
        ))
        .hint(format!(
            "say aws: {mode} in the settings; to change from one to the other, remove the tenant with that setting and add it anew: docs/ack.md"
        ))
    }

    /// Whether a whole add that makes the tenant records who carries role and association out: it does unless they may be
    /// somebody else's, which had them before the record said so.
    pub(super) fn is_ours_to_carry_out(&self, mode: AwsMode) -> bool {
        let mut identity = self.identity.values();
        let makes = mode == AwsMode::Direct && !identity.any(|one| self.subject.owns(one));
        self.record.is_none() || makes
    }
}
