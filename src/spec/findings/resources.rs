//! What Kubernetes refuses of a container's requests and limits.

use super::super::{
    Resources,
    origin::{Field, Finding},
};
use crate::{quantity::Quantity, yaml::nearest};

/// Resources with these names, or with a beginning of `hugepages-`, are Kubernetes' own; the others are devices and the
/// like, and have a domain in front.
const KNOWN: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
const PAGES: &str = "hugepages-";
/// The largest quantity: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.
const LARGEST: i128 = i64::MAX as i128;

/// Names that are no resource, quantities that are too large, and requests that do not go with their limits.
pub(super) fn findings(resources: &Resources) -> Vec<Finding> {
    let mut found = Vec::new();
    for (field, map) in [
        ("requests", &resources.requests),
        ("limits", &resources.limits),
    ] {
        for (name, quantity) in map {
            for why in alone(name, quantity) {
                let why = format!("spec.resources.{field}.{name}: {why}");
                found.push(Finding::of(
                    Field::of("resources").key(field).key(name),
                    why,
                ));
            }
        }
    }
    for (name, request) in &resources.requests {
        let why = beside_its_limit(name, request, resources.limits.get(name));
        let field = |map: &str| Field::of("resources").key(map).key(name);
        found.extend(why.map(|why| Finding {
            why: format!("spec.resources: request {request} of {name} {why}"),
            fields: vec![field("requests"), field("limits")],
        }));
    }
    found
}

/// What is wrong with a name or a quantity by itself.
fn alone(name: &str, quantity: &Quantity) -> Vec<String> {
    let mut found = Vec::new();
    if !is_known(name) {
        let near = nearest(name, KNOWN.into_iter());
        let instead = near.map_or_else(
            || KNOWN.join(", "),
            |near| format!("did you mean `{near}`?"),
        );
        found.push(format!("not a resource: {instead}"));
    }
    if quantity.units() > LARGEST {
        found.push(format!("{quantity} is above the largest quantity, 2^63-1"));
    }
    if let Some(size) = name.strip_prefix(PAGES)
        && !is_multiple(quantity, size)
    {
        found.push(format!(
            "{quantity} is no multiple of a huge page of {size}"
        ));
    }
    if is_extended(name) && quantity.milli() % 1000 != 0 {
        found.push(format!("{quantity} is not a whole number"));
    }
    found
}

/// What is wrong with a request. Of devices and huge pages nobody gets more than was set aside.
/// <https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#extended-resources>
fn beside_its_limit(name: &str, request: &Quantity, limit: Option<&Quantity>) -> Option<String> {
    let whole = is_extended(name) || name.starts_with(PAGES);
    match limit {
        Some(limit) if request.milli() > limit.milli() => {
            Some(format!("is over its limit {limit}"))
        }
        Some(limit) if whole && request.milli() < limit.milli() => Some(format!(
            "is below its limit {limit}: of this resource both must be the same"
        )),
        None if whole && is_known(name) => {
            Some("has no limit: of this resource both must be the same".into())
        }
        _ => None,
    }
}

fn is_known(name: &str) -> bool {
    KNOWN.contains(&name) || name.contains('/') || name.starts_with(PAGES)
}

/// A device or the like, which Kubernetes counts in whole pieces.
fn is_extended(name: &str) -> bool {
    name.contains('/') && !name.contains("kubernetes.io/")
}

fn is_multiple(quantity: &Quantity, size: &str) -> bool {
    let size = size.parse().map_or(0, |size: Quantity| size.units());
    let units = quantity.units();
    size > 0 && units > 0 && units % size == 0
}
