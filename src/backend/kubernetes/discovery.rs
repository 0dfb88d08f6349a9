//! Kinds that are not in the table: the API server tells how to reach them.
//!
//! Format: <https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api>

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{MutexGuard, PoisonError},
};

use futures_util::future::try_join_all;
use serde_json::Value;

use super::{Answer, Kubernetes};
use crate::{
    backend::Reason,
    object::{KnownKind, known_kind},
};

/// What was learnt in this run.
#[derive(Debug, Default)]
pub(super) struct Discovered {
    /// By group and kind.
    kinds: BTreeMap<(String, String), KnownKind>,
    /// All kinds of a group and version, none where the cluster does not serve it.
    versions: BTreeMap<(String, String), Vec<KnownKind>>,
    /// The versions of a group, the preferred one first.
    groups: BTreeMap<String, Vec<String>>,
}

impl Kubernetes {
    /// How a kind is reached; none while nobody has asked, or where the cluster does not serve it.
    pub fn kind(&self, group: &str, kind: &str) -> Option<KnownKind> {
        if let Some(known) = known_kind(group, kind) {
            return Some(known.clone());
        }
        let key = (group.to_string(), kind.to_string());
        self.discovered().kinds.get(&key).cloned()
    }

    /// Learns of the kinds that are not in the table, by one request for each group and version. A kind may come with
    /// the version that is wanted; one without is looked for in all versions of its group.
    ///
    /// # Errors
    /// What the API server answered. That it does not serve a kind is no error.
    pub async fn discover(&self, kinds: &BTreeMap<(String, String), Option<String>>) -> Answer<()> {
        let unknown = kinds
            .iter()
            .filter(|((group, kind), _)| self.kind(group, kind).is_none());
        let unknown: Vec<_> = unknown.collect();
        let wanted: BTreeSet<(&str, &str)> = unknown
            .iter()
            .filter_map(|((group, _), version)| Some((group.as_str(), version.as_deref()?)))
            .collect();
        let learnt = wanted
            .into_iter()
            .map(|(group, version)| self.learn(group, version));
        try_join_all(learnt).await?;
        for ((group, kind), version) in unknown {
            let versions = match version {
                Some(version) => vec![version.clone()],
                None => self.versions(group).await?,
            };
            for version in versions {
                if let Some(found) = self.find(group, kind, &version).await? {
                    let key = (group.clone(), kind.clone());
                    self.discovered().kinds.insert(key, found);
                    break;
                }
            }
        }
        Ok(())
    }

    async fn find(&self, group: &str, kind: &str, version: &str) -> Answer<Option<KnownKind>> {
        self.learn(group, version).await?;
        let key = (group.to_string(), version.to_string());
        let discovered = self.discovered();
        let kinds = discovered.versions.get(&key).into_iter().flatten();
        Ok(kinds.into_iter().find(|known| known.kind == kind).cloned())
    }

    /// The versions of a group, the preferred one first; none where the cluster does not serve it.
    async fn versions(&self, group: &str) -> Answer<Vec<String>> {
        if group.is_empty() {
            return Ok(vec!["v1".into()]);
        }
        if let Some(known) = self.discovered().groups.get(group) {
            return Ok(known.clone());
        }
        let answer = self.ask(&root(group)).await?;
        let preferred = &answer["preferredVersion"]["version"];
        let listed = answer["versions"].as_array().into_iter().flatten();
        let mut versions = Vec::new();
        for version in [preferred]
            .into_iter()
            .chain(listed.map(|listed| &listed["version"]))
        {
            let version = version.as_str().unwrap_or_default().to_string();
            if !version.is_empty() && !versions.contains(&version) {
                versions.push(version);
            }
        }
        let key = group.to_string();
        self.discovered().groups.insert(key, versions.clone());
        Ok(versions)
    }

    /// Asks for the kinds of a version, once.
    async fn learn(&self, group: &str, version: &str) -> Answer<()> {
        let key = (group.to_string(), version.to_string());
        if self.discovered().versions.contains_key(&key) {
            return Ok(());
        }
        let answer = self.ask(&format!("{}/{version}", root(group))).await?;
        let resources = answer["resources"].as_array().into_iter().flatten();
        let kinds = resources.filter_map(|resource| kind(resource, group, version));
        self.discovered().versions.insert(key, kinds.collect());
        Ok(())
    }

    /// Null where the cluster has no such path.
    async fn ask(&self, path: &str) -> Answer<Value> {
        match self
            .send("GET", path, None, &format!("discover {path}"))
            .await
        {
            Err(error) if error.reason == Reason::NotFound => Ok(Value::Null),
            answer => answer,
        }
    }

    fn discovered(&self) -> MutexGuard<'_, Discovered> {
        self.discovered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn root(group: &str) -> String {
    if group.is_empty() {
        "/api".into()
    } else {
        format!("/apis/{group}")
    }
}

/// One that can be listed, applied and deleted: subresources and reviews cannot.
fn kind(resource: &Value, group: &str, version: &str) -> Option<KnownKind> {
    let verbs = resource["verbs"].as_array()?;
    let can = |verb: &str| verbs.iter().any(|known| known == verb);
    let plural = resource["name"].as_str()?;
    if plural.contains('/') || !["list", "patch", "delete"].into_iter().all(can) {
        return None;
    }
    Some(KnownKind {
        group: group.to_string().into(),
        version: version.to_string().into(),
        kind: resource["kind"].as_str()?.to_string().into(),
        plural: plural.to_string().into(),
        namespaced: resource["namespaced"].as_bool()?,
    })
}
