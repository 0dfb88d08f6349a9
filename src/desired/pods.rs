//! What templates may say of a tenant's pods.

use crate::{
    error::{Error, Result},
    object::{Object, spec_of_pods},
};

/// Pods of another service account than the association's would have no role, or somebody else's.
pub(super) fn check(object: &Object, account: &str, at: &str) -> Result<()> {
    let id = object.id();
    let Some(spec) = spec_of_pods(id) else {
        return Ok(());
    };
    let have = match object.text(&format!("{spec}/serviceAccountName")) {
        have if have == account => return Ok(()),
        "" => "missing, which means `default`".to_string(),
        have => format!("`{have}`"),
    };
    let field = spec.trim_start_matches('/').replace('/', ".");
    Err(Error::usage(format!(
        "{at}: {id}: {field}.serviceAccountName must be `{account}`, which the tenant's role is bound to; it is {have}"
    ))
    .detail("the cluster would refuse its pods")
    .hint("write serviceAccountName: {{ names.serviceAccount }}"))
}
