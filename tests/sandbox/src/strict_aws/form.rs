//! The fields of a query call, and lists in pages.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::fault::Fault;
use super::rules;
use super::state::{PAGE, State};
use super::wire::Xml;

/// The fields of a call of IAM.
pub(super) struct Form<'a>(&'a Value);

impl<'a> Form<'a> {
    pub(super) fn new(parameters: &'a Value) -> Self {
        Self(parameters)
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A field that the operation's reference calls required.
    pub(super) fn required(&self, name: &str) -> Result<&'a str, Fault> {
        self.get(name).ok_or_else(|| {
            rules::unsatisfied("null", &rules::lower_first(name), "Member must not be null")
        })
    }

    pub(super) fn role_name(&self) -> Result<&'a str, Fault> {
        let name = self.required("RoleName")?;
        rules::name("roleName", name, 64)?;
        Ok(name)
    }

    pub(super) fn policy_name(&self) -> Result<&'a str, Fault> {
        let name = self.required("PolicyName")?;
        rules::name("policyName", name, 128)?;
        Ok(name)
    }

    /// Source: IAM API Reference, `CreateRole`, `Path`: optional, a slash by default.
    pub(super) fn path(&self) -> Result<&'a str, Fault> {
        let path = self.get("Path").unwrap_or("/");
        rules::path(path)?;
        Ok(path)
    }

    /// The texts of a list: `TagKeys.member.1` and so on.
    pub(super) fn list(&self, name: &str) -> Vec<&'a str> {
        (1..)
            .map_while(|n| self.get(&format!("{name}.member.{n}")))
            .collect()
    }

    /// `Tags.member.1.Key` and so on, checked.
    pub(super) fn tags(&self) -> Result<BTreeMap<String, String>, Fault> {
        let tag = |n: usize| {
            let key = self.get(&format!("Tags.member.{n}.Key"))?;
            let value = self.get(&format!("Tags.member.{n}.Value"));
            Some((key.to_owned(), value.unwrap_or_default().to_owned()))
        };
        let tags = (1..).map_while(tag).collect::<Vec<_>>();
        rules::tags(&tags)?;
        Ok(tags.into_iter().collect())
    }

    /// One page of a list, whose items come with their keys and in their order.
    ///
    /// Source: IAM API Reference, `ListRoles`: `Marker`, `MaxItems` from 1 to 1000, 100 by default, and "IAM might
    /// return fewer than the `MaxItems` number of results, even when there are more results available".
    pub(super) fn page(
        &self,
        state: &State,
        name: &str,
        all: Vec<(String, Xml)>,
    ) -> Result<Xml, Fault> {
        let size = match self.get("MaxItems").map(str::parse::<usize>) {
            None => PAGE,
            Some(Ok(size)) if (1..=1000).contains(&size) => size,
            Some(_) => {
                let rule = "Member must have value between 1 and 1000";
                return Err(rules::unsatisfied("", "maxItems", rule));
            }
        };
        let size = size.min(state.page_size);
        let (items, next) = page(all, self.get("Marker"), size)
            .ok_or_else(|| Fault::validation("Invalid Marker."))?;
        Ok(Xml::new()
            .members(name, items)
            .text("IsTruncated", &next.is_some().to_string())
            .maybe("Marker", next.as_deref()))
    }
}

/// A page of a list and the marker of the next one; nothing if the marker is not one of ours.
pub(super) fn page<T>(
    all: Vec<(String, T)>,
    marker: Option<&str>,
    size: usize,
) -> Option<(Vec<T>, Option<String>)> {
    let first = match marker {
        None => String::new(),
        Some(marker) => String::from_utf8(URL_SAFE_NO_PAD.decode(marker).ok()?).ok()?,
    };
    let mut rest = all.into_iter().filter(|(key, _)| *key >= first);
    let items = rest.by_ref().take(size).map(|(_, item)| item).collect();
    let next = rest.next().map(|(key, _)| URL_SAFE_NO_PAD.encode(key));
    Some((items, next))
}
