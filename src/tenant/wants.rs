//! What a tenant is to have, by its record alone.

use crate::{config::Settings, desired, object::Object, record::Record, spec::resolve};

/// Whether the templates make a Deployment of the tenant that a namespace is of. Calls nothing; false where that cannot be
/// told, which the verbs of that tenant say why.
pub fn wants_deployment(namespace: &Object, settings: &Settings) -> bool {
    let Ok(Some(record)) = Record::read(namespace) else {
        return false;
    };
    let resolved = resolve(record.input.clone(), record.names.clone(), settings);
    let wanted = resolved.and_then(|resolved| desired::tenant(&resolved, settings, Some(&record)));
    wanted.is_ok_and(|wanted| wanted.keys().any(|id| id.is("apps", "Deployment")))
}
