//! The account in which ACK carries out what it is given.

use crate::{
    error::{Error, Result},
    object::Object,
    spec::AccountId,
};

/// Refuses what ACK made in another account than that of the settings: the trust policy of such a role lets nobody in.
///
/// # Errors
/// Usage, with both accounts.
pub fn in_account(object: &Object, wanted: Option<&AccountId>) -> Result<()> {
    let own = object.text("/status/ackResourceMetadata/ownerAccountID");
    match wanted {
        Some(wanted) if !own.is_empty() && own != wanted.as_str() => Err(Error::usage(format!(
            "ACK carries {} out in account {own}, the settings say {wanted}",
            object.id()
        ))
        .detail("a role's trust policy names the account, so nobody could assume this one")
        .hint("mend cluster.accountId, or the account of ACK's controllers")),
        _ => Ok(()),
    }
}
