//! What the front does for EKS itself, because the emulator does it otherwise or not at all.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Response, StatusCode, Uri};
use serde_json::{Value, json};

use super::call::segments;
use super::{ACCOUNT, Associations, AwsCall, REGION, wire};
use crate::http::json_response;

/// The page that EKS gives when it is not told how much: the API Reference's maximum and default of
/// `ListPodIdentityAssociations`.
const PAGE: usize = 100;

/// How to reach the API server of an EKS cluster.
#[derive(Clone)]
pub(crate) struct Cluster {
    pub(crate) endpoint: String,
    /// The certificate of its authority, PEM in base64 as `DescribeCluster` gives it.
    pub(crate) authority: String,
}

pub(crate) struct Eks {
    /// By name; a cluster that a caller made through the API has no API server of ours.
    clusters: Mutex<BTreeMap<String, Option<Cluster>>>,
    /// What is wrong with the add-ons of a cluster, by its name.
    issues: Mutex<BTreeMap<String, Value>>,
    /// What is to be said otherwise about a cluster, by its name.
    changes: Mutex<BTreeMap<String, Value>>,
    associations: Associations,
}

impl Eks {
    pub(crate) fn new(associations: Associations) -> Self {
        Self {
            clusters: Mutex::default(),
            issues: Mutex::default(),
            changes: Mutex::default(),
            associations,
        }
    }

    /// From now on the add-ons of a cluster are degraded.
    pub(crate) fn degrade(&self, cluster: &str, code: &str, message: &str) {
        let issue = json!({"code": code, "message": message});
        self.issues().insert(cluster.to_owned(), issue);
    }

    /// From now on a cluster is described with this change.
    pub(crate) fn describe_as(&self, cluster: &str, change: Value) {
        self.changes().insert(cluster.to_owned(), change);
    }

    fn changes(&self) -> MutexGuard<'_, BTreeMap<String, Value>> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn issues(&self) -> MutexGuard<'_, BTreeMap<String, Value>> {
        self.issues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add_cluster(&self, name: &str, cluster: Cluster) {
        self.clusters().insert(name.to_owned(), Some(cluster));
    }

    fn clusters(&self) -> MutexGuard<'_, BTreeMap<String, Option<Cluster>>> {
        self.clusters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers calls that the emulator must not see.
    pub(crate) fn answer(&self, call: &AwsCall, uri: &Uri) -> Option<Response<Bytes>> {
        let segments = segments(uri.path());
        let segments = segments.iter().map(AsRef::as_ref).collect::<Vec<_>>();
        match segments.as_slice() {
            ["clusters", name, ..] if !self.clusters().contains_key(*name) => {
                Some(not_found(&format!("No cluster found for name: {name}.")))
            }
            ["tags", arn @ ..] => {
                let arn = arn.join("/");
                let id = arn
                    .split_once(":podidentityassociation/")?
                    .1
                    .rsplit('/')
                    .next()?;
                Some(self.tags(call, uri, &arn, id))
            }
            _ => None,
        }
    }

    /// Tags of associations, which the emulator has, but not through the tag operations.
    fn tags(&self, call: &AwsCall, uri: &Uri, arn: &str, id: &str) -> Response<Bytes> {
        let found = match call.operation.as_str() {
            "TagResource" => {
                let tags = call.parameters["tags"]
                    .as_object()
                    .cloned()
                    .unwrap_or_default();
                self.associations.retag(id, |all| all.extend(tags))
            }
            "UntagResource" => {
                let keys = query(uri)
                    .into_iter()
                    .filter(|(name, _)| name == "tagKeys")
                    .map(|(_, key)| key);
                let keys = keys.collect::<Vec<_>>();
                self.associations
                    .retag(id, |all| all.retain(|key, _| !keys.contains(key)))
            }
            _ => {
                let tags = self.associations.tags(id);
                return match tags {
                    Some(tags) => json_response(StatusCode::OK, &json!({"tags": tags})),
                    None => not_found(&format!("No resource found for ARN: {arn}.")),
                };
            }
        };
        if found {
            json_response(StatusCode::OK, &json!({}))
        } else {
            not_found(&format!("No resource found for ARN: {arn}."))
        }
    }

    /// The path and query to send on: the emulator cuts a list at its page and gives no token, so it is asked for all.
    pub(crate) fn upstream_path(call: &AwsCall, uri: &Uri) -> String {
        if call.operation != "ListPodIdentityAssociations" {
            return call.path.clone();
        }
        let mut text = form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(
            query(uri)
                .iter()
                .filter(|(name, _)| name != "maxResults" && name != "nextToken"),
        );
        text.append_pair("maxResults", "1000000");
        format!("{}?{}", uri.path(), text.finish())
    }

    /// Learns from an answer of the emulator and corrects it.
    pub(crate) fn correct(
        &self,
        call: &AwsCall,
        uri: &Uri,
        answer: Response<Bytes>,
    ) -> Response<Bytes> {
        if !answer.status().is_success() {
            return answer;
        }
        let Ok(mut body) = serde_json::from_slice::<Value>(answer.body()) else {
            return answer;
        };
        let segments = segments(uri.path());
        let name = segments.get(1).map(AsRef::as_ref).unwrap_or_default();
        match call.operation.as_str() {
            "CreateCluster" => {
                let name = body["cluster"]["name"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                self.clusters().entry(name.clone()).or_default();
                self.describe(&name, &mut body["cluster"]);
            }
            "DescribeCluster" => self.describe(name, &mut body["cluster"]),
            // Source: EKS API Reference, `Addon` and `AddonHealth`.
            "DescribeAddon" => {
                if let Some(issue) = self.issues().get(name) {
                    body["addon"]["status"] = "DEGRADED".into();
                    body["addon"]["health"] = json!({"issues": [issue]});
                }
            }
            "DeleteCluster" => {
                self.clusters().remove(name);
                self.associations.remove_cluster(name);
            }
            "CreatePodIdentityAssociation" => self.associations.add(&body["association"]),
            "UpdatePodIdentityAssociation" => self.associations.update(&body["association"]),
            "DeletePodIdentityAssociation" => {
                self.complete(&mut body["association"]);
                self.associations
                    .remove(segments.last().map(AsRef::as_ref).unwrap_or_default());
            }
            "ListPodIdentityAssociations" => {
                if let Err(what) = page(&mut body, &query(uri)) {
                    let message = format!("Invalid {what}");
                    return wire::json_error(
                        StatusCode::BAD_REQUEST,
                        "InvalidParameterException",
                        &message,
                    );
                }
            }
            _ => {}
        }
        body.get_mut("association")
            .into_iter()
            .for_each(|association| self.complete(association));
        let listed = body.get_mut("associations").and_then(Value::as_array_mut);
        listed
            .into_iter()
            .flatten()
            .for_each(|association| self.complete(association));
        json_response(answer.status(), &body)
    }

    fn describe(&self, name: &str, description: &mut Value) {
        if let Some(Some(cluster)) = self.clusters().get(name) {
            description["arn"] = format!("arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{name}").into();
            description["certificateAuthority"] = json!({"data": cluster.authority});
            description["endpoint"] = cluster.endpoint.clone().into();
            description["status"] = "ACTIVE".into();
        }
        if let Some(change) = self.changes().get(name) {
            merge(description, change);
        }
    }

    /// The tags as they are now, and no owner where there is none: EKS gives `ownerArn` only for associations of
    /// add-ons.
    fn complete(&self, association: &mut Value) {
        let id = association["associationId"].as_str().unwrap_or_default();
        let tags = self.associations.tags(id);
        let Some(association) = association.as_object_mut() else {
            return;
        };
        if association.get("ownerArn").is_some_and(|owner| owner == "") {
            association.remove("ownerArn");
        }
        if let Some(tags) = tags
            && association.contains_key("tags")
        {
            association.insert("tags".to_owned(), json!(tags));
        }
    }
}

/// Source: RFC 7396, JSON Merge Patch.
fn merge(value: &mut Value, change: &Value) {
    let Some(fields) = change.as_object() else {
        *value = change.clone();
        return;
    };
    if !value.is_object() {
        *value = json!({});
    }
    for (name, change) in fields {
        if !change.is_null() {
            merge(&mut value[name], change);
        } else if let Some(map) = value.as_object_mut() {
            map.remove(name);
        }
    }
}

fn not_found(message: &str) -> Response<Bytes> {
    wire::json_error(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
}

fn query(uri: &Uri) -> Vec<(String, String)> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .into_owned()
        .collect()
}

/// Cuts the page out of a whole list; the token is the number of the first one that is left. The error names what is
/// invalid.
fn page(body: &mut Value, query: &[(String, String)]) -> Result<(), &'static str> {
    let get = |wanted: &str| {
        query
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.parse::<usize>())
    };
    let size = match get("maxResults") {
        None => PAGE,
        Some(Ok(size)) if (1..=PAGE).contains(&size) => size,
        Some(_) => return Err("maxResults"),
    };
    let start = get("nextToken").unwrap_or(Ok(0)).map_err(|_| "nextToken")?;
    let all = body["associations"].as_array().cloned().unwrap_or_default();
    if all.len() > start + size {
        body["nextToken"] = (start + size).to_string().into();
    }
    body["associations"] = all.into_iter().skip(start).take(size).collect();
    Ok(())
}
