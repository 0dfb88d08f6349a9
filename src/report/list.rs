//! The list of tenants as tables, and as names.

use super::table;
use crate::status::{Item, Rollout, TenantList};

const MISSING: &str = "missing";

/// Narrow enough for 80 columns: images without registry and path, digests shortened. Nothing for no tenants.
pub fn tenants(list: &TenantList) -> String {
    const HEAD: [&str; 5] = ["NAME", "HOST", "IMAGE", "READY", "STATE"];
    rows(list, &HEAD, |item| {
        let image = item.image.as_deref().map(short_image);
        vec![
            item.name.clone(),
            or_dash(item.host.clone()),
            or_dash(image),
            ready(item.rollout.as_ref()),
            item.state.to_string(),
        ]
    })
}

/// Everything. Nothing for no tenants.
pub fn tenants_wide(list: &TenantList) -> String {
    const HEAD: [&str; 8] = [
        "NAME",
        "NAMESPACE",
        "HOST",
        "IMAGE",
        "READY",
        "STATE",
        "ROLE",
        "ASSOCIATION",
    ];
    let or_missing = |cell: &Option<String>| cell.clone().unwrap_or_else(|| MISSING.into());
    rows(list, &HEAD, |item| {
        vec![
            item.name.clone(),
            or_missing(&item.namespace),
            or_dash(item.host.clone()),
            or_dash(item.image.clone()),
            ready(item.rollout.as_ref()),
            item.state.to_string(),
            or_missing(&item.role),
            or_missing(&item.association),
        ]
    })
}

/// One name a line.
pub fn names(list: &TenantList) -> String {
    list.items
        .iter()
        .flat_map(|item| [item.name.as_str(), "\n"])
        .collect()
}

fn rows(list: &TenantList, head: &[&str], cells: impl Fn(&Item) -> Vec<String>) -> String {
    if list.items.is_empty() {
        return String::new();
    }
    table(head, &list.items.iter().map(cells).collect::<Vec<_>>())
}

fn or_dash(cell: Option<String>) -> String {
    cell.filter(|cell| !cell.is_empty())
        .unwrap_or_else(|| "-".into())
}

fn ready(rollout: Option<&Rollout>) -> String {
    or_dash(rollout.map(|rollout| format!("{}/{}", rollout.available, rollout.wanted)))
}

/// `ghcr.io/acme/mcp:1.4@sha256:0123…` as `mcp:1.4@0123456789ab`: the first twelve digits name an image well enough.
fn short_image(image: &str) -> String {
    let (name, digest) = image.split_once('@').unwrap_or((image, ""));
    let name = name.rsplit('/').next().unwrap_or(name);
    let digits = digest.split_once(':').map_or(digest, |(_, digits)| digits);
    if digits.is_empty() {
        return name.into();
    }
    format!("{name}@{}", digits.chars().take(12).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::{short_image, tenants};
    use crate::status::{Item, Rollout, TenantList, TenantState};

    #[test]
    fn ordinary_names_fit_into_80_columns() {
        let item = Item {
            name: "acme".into(),
            state: TenantState::NoAssociation,
            namespace: Some("mcp-acme".into()),
            host: Some("acme.mcp.example.com".into()),
            image: Some("ghcr.io/example/mcp-server@sha256:0123456789abcdef".into()),
            rollout: Some(Rollout::default()),
            workloads: Vec::new(),
            role: None,
            association: None,
        };
        let mut list = TenantList {
            api_version: "mcpctl.dev/v1alpha1",
            kind: "TenantList",
            items: vec![item],
        };
        let shown = tenants(&list);
        assert!(
            shown.lines().all(|line| line.chars().count() <= 80),
            "{shown}"
        );
        list.items.clear();
        assert_eq!(tenants(&list), "");
    }

    #[test]
    fn images_are_shortened_to_what_tells_them_apart() {
        for (image, short) in [
            ("mcp", "mcp"),
            ("ghcr.io/acme/mcp:1.4", "mcp:1.4"),
            ("localhost:5000/mcp", "mcp"),
            (
                "ghcr.io/acme/mcp@sha256:0123456789abcdef",
                "mcp@0123456789ab",
            ),
            (
                "ghcr.io/acme/mcp:1.4@sha256:0123456789abcdef",
                "mcp:1.4@0123456789ab",
            ),
            ("mcp@sha256:01", "mcp@01"),
            ("@", ""),
        ] {
            assert_eq!(short_image(image), short, "{image}");
        }
    }
}
