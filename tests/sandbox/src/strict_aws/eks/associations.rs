//! Pod Identity associations.
//!
//! Source unless noted: EKS API Reference, the page of the operation.

use std::collections::BTreeMap;

use k8s_openapi::jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::fault::Fault;
use super::super::form::page;
use super::super::policy::{self, Kind};
use super::super::resources::Association;
use super::super::rules;
use super::super::state::{Lingering, PAGE, State};
use super::{Reply, not_found};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    namespace: String,
    service_account: String,
    role_arn: String,
    client_request_token: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

/// What an update can change, and a create can set.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    client_request_token: Option<String>,
    role_arn: Option<String>,
    disable_session_tags: Option<bool>,
    target_role_arn: Option<String>,
    policy: Option<String>,
}

fn read<'a, T: Deserialize<'a>>(body: &'a Value) -> Result<T, Fault> {
    T::deserialize(body).map_err(|error| Fault::parameter(&error.to_string()))
}

pub(super) fn create(state: &mut State, cluster: &str, body: &Value) -> Reply {
    let input = read::<Created>(body)?;
    if let Some(made) = repeated(state, body, &input)? {
        return Ok(json!({"association": made}));
    }
    if input.namespace.is_empty() || input.service_account.is_empty() {
        let message = "Namespace and service account must not be empty";
        return Err(Fault::parameter(message));
    }
    rules::eks_tags(&input.tags).map_err(|message| Fault::parameter(&message))?;
    check_role(state, &input.role_arn)?;
    check_unique(state, cluster, &input)?;
    let (namespace, account) = (&input.namespace, &input.service_account);
    let mut made = state.new_association(cluster, namespace, account, &input.role_arn);
    made.tags = input.tags;
    configure(state, &mut made, read(body)?)?;
    let id = made.association_id.clone();
    if let Some(token) = input.client_request_token {
        state.tokens.insert(token, (body.clone(), id.clone()));
    }
    let answer = json!({"association": made});
    state.associations.insert(id, made);
    Ok(answer)
}

/// The association that the same request made before.
fn repeated(state: &State, body: &Value, input: &Created) -> Result<Option<Association>, Fault> {
    let token = input.client_request_token.as_ref();
    if !repeats(state, body, token)? {
        return Ok(None);
    }
    let made = token.and_then(|token| state.tokens.get(token));
    Ok(made.and_then(|(_, id)| state.associations.get(id).cloned()))
}

/// Whether the same request was carried out before.
///
/// Source: `clientRequestToken`, "to ensure the idempotency of the request". What another request with a used token
/// gets is not documented.
fn repeats(state: &State, body: &Value, token: Option<&String>) -> Result<bool, Fault> {
    match token.and_then(|token| state.tokens.get(token)) {
        None => Ok(false),
        Some((request, _)) if request == body => Ok(true),
        Some(_) => {
            let message = "The client request token was used for another request";
            Err(Fault::parameter(message))
        }
    }
}

/// The role must exist, be seen by EKS yet, be of this account, and trust Pod Identity.
///
/// Source: EKS User Guide, "Assign an IAM role to a Kubernetes service account". Not there, or not there yet:
/// hashicorp/terraform-provider-aws#34717, with the text. Trust: hashicorp/terraform-provider-aws#41483, and without
/// `sts:TagSession` too, as users of the CDK report. The ARN has the role's path:
/// hashicorp/terraform-provider-aws#34711. The text for a role of another account is not public.
fn check_role(state: &mut State, arn: &str) -> Result<(), Fault> {
    let unknown = || Fault::parameter("Role provided in the request does not exist.");
    let role = state.roles.values_mut().find(|role| role.arn == arn);
    let role = role.ok_or_else(unknown)?;
    if role.hidden_for > 0 {
        role.hidden_for -= 1;
        return Err(unknown());
    }
    if policy::trusts_pods(&role.trust) {
        return Ok(());
    }
    Err(Fault::parameter(
        "Trust policy of the role provided is invalid.",
    ))
}

/// One association for a service account.
///
/// Source: `ResourceInUseException`; the text as in awslabs/crossplane-on-eks#168. A deleted one can be in the way for
/// a while: aws-controllers-k8s/community#2684. That lists leave it out by then is assumed.
fn check_unique(state: &mut State, cluster: &str, input: &Created) -> Result<(), Fault> {
    let (namespace, account) = (&input.namespace, &input.service_account);
    let mut id = state
        .association(cluster, namespace, account)
        .map(|other| other.association_id.clone());
    if id.is_none() {
        let former = state.lingering.iter_mut().find(|former| {
            former.refusals > 0
                && former.cluster == cluster
                && former.namespace == *namespace
                && former.service_account == *account
        });
        id = former.map(|former| {
            former.refusals -= 1;
            former.id.clone()
        });
    }
    match id {
        None => Ok(()),
        Some(id) => Err(Fault::new(
            409,
            "ResourceInUseException",
            &format!("Association already exists: {id}"),
        )),
    }
}

/// Gives an association what the request says about its sessions.
///
/// Source: `policy`: "`disableSessionTags` must be set to `true`"; its 2048 characters: AWS Containers Blog, "Session
/// policies for Amazon EKS Pod Identity", and reports of it. `externalId`: EKS User Guide, "Access AWS Resources using
/// EKS Pod Identity Target IAM Roles". That an empty text takes the policy or the target away is assumed.
fn configure(state: &State, one: &mut Association, session: Session) -> Result<(), Fault> {
    if let Some(disabled) = session.disable_session_tags {
        one.disable_session_tags = disabled;
    }
    if let Some(policy) = session.policy {
        one.policy = Some(policy).filter(|policy| !policy.is_empty());
    }
    if let Some(policy) = &one.policy {
        if !one.disable_session_tags {
            let message = "disableSessionTags must be true when a policy is specified";
            return Err(Fault::parameter(message));
        }
        if policy.chars().count() > 2048 {
            let message = "The policy must have at most 2048 characters";
            return Err(Fault::parameter(message));
        }
        policy::parse(policy, Kind::Permissions).map_err(|message| Fault::parameter(&message))?;
    }
    if let Some(target) = session.target_role_arn {
        one.target_role_arn = Some(target).filter(|target| !target.is_empty());
    }
    if let Some(target) = &one.target_role_arn
        && !(target.starts_with("arn:") && target.contains(":role/"))
    {
        return Err(Fault::parameter("The target role ARN is not valid"));
    }
    one.external_id = one.target_role_arn.as_ref().map(|_| {
        if !one.disable_session_tags {
            return format!("external-{}", one.association_id);
        }
        let place = [state.region(), state.account(), &one.cluster_name];
        let account = [one.namespace.as_str(), &one.service_account];
        format!("{}/{}", place.join("/"), account.join("/"))
    });
    Ok(())
}

/// Source: the text for a wrong length as in aws-samples/eks-workshop-v2#882; that for an unknown id is not public.
fn find(state: &State, cluster: &str, id: &str) -> Result<Association, Fault> {
    if id.chars().count() != 19 {
        let message = "The parameter associationId should be 19 characters long.";
        return Err(Fault::parameter(message));
    }
    let found = state.associations.get(id);
    found
        .filter(|association| association.cluster_name == cluster)
        .cloned()
        .ok_or_else(|| not_found(&format!("Association not found: {id}")))
}

pub(super) fn describe(state: &State, cluster: &str, id: &str) -> Reply {
    Ok(json!({"association": find(state, cluster, id)?}))
}

/// An add-on's association is changed through the add-on.
///
/// Source: `ownerArn`, "owned by an Amazon EKS add-on"; EKS User Guide, "Remove Pod Identity associations from an
/// Amazon EKS add-on". Code and text are not public.
fn check_owner(association: &Association) -> Result<(), Fault> {
    match &association.owner_arn {
        None => Ok(()),
        Some(owner) => Err(Fault::new(
            400,
            "InvalidRequestException",
            &format!("The association is owned by {owner}"),
        )),
    }
}

/// Source: "You must change at least one of these in an update"; that a repeated value is no change is the strict
/// reading of it.
pub(super) fn update(state: &mut State, cluster: &str, id: &str, body: &Value) -> Reply {
    let before = find(state, cluster, id)?;
    check_owner(&before)?;
    let session = read::<Session>(body)?;
    if repeats(state, body, session.client_request_token.as_ref())? {
        return Ok(json!({"association": before}));
    }
    let mut after = before.clone();
    if let Some(role) = &session.role_arn {
        check_role(state, role)?;
        role.clone_into(&mut after.role_arn);
    }
    let token = session.client_request_token.clone();
    configure(state, &mut after, session)?;
    if after == before {
        let message =
            "An update must change the role, the target role, the policy or disableSessionTags";
        return Err(Fault::parameter(message));
    }
    after.modified_at = Timestamp::now().as_second();
    if let Some(token) = token {
        state.tokens.insert(token, (body.clone(), id.to_owned()));
    }
    let answer = json!({"association": after});
    state.associations.insert(id.to_owned(), after);
    Ok(answer)
}

pub(super) fn delete(state: &mut State, cluster: &str, id: &str) -> Reply {
    let association = find(state, cluster, id)?;
    check_owner(&association)?;
    state.associations.remove(id);
    state.lingering.push(Lingering {
        cluster: cluster.to_owned(),
        namespace: association.namespace.clone(),
        service_account: association.service_account.clone(),
        id: id.to_owned(),
        refusals: state.association_lingers_for,
    });
    Ok(json!({"association": association}))
}

/// Summaries have neither role nor tags nor dates: `PodIdentityAssociationSummary`. `maxResults` is 1 to 100.
pub(super) fn list(state: &State, cluster: &str, query: &[(String, String)]) -> Reply {
    let get = |wanted: &str| {
        let found = query.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str())
    };
    let size = match get("maxResults").map(str::parse::<usize>) {
        None => PAGE,
        Some(Ok(size)) if (1..=PAGE).contains(&size) => size,
        Some(_) => return Err(Fault::parameter("maxResults must be from 1 to 100")),
    };
    let fits = |wanted: &str, value: &str| get(wanted).is_none_or(|wanted| wanted == value);
    let all = state
        .associations
        .iter()
        .filter(|(_, one)| one.cluster_name == cluster)
        .filter(|(_, one)| fits("namespace", &one.namespace))
        .filter(|(_, one)| fits("serviceAccount", &one.service_account))
        .map(|(id, one)| (id.clone(), summary(one)))
        .collect();
    let (items, next) = page(all, get("nextToken"), size.min(state.page_size))
        .ok_or_else(|| Fault::parameter("Invalid nextToken"))?;
    let mut answer = json!({"associations": items});
    if let Some(next) = next {
        answer["nextToken"] = next.into();
    }
    Ok(answer)
}

fn summary(one: &Association) -> Value {
    let mut summary = json!({
        "clusterName": one.cluster_name,
        "namespace": one.namespace,
        "serviceAccount": one.service_account,
        "associationArn": one.association_arn,
        "associationId": one.association_id,
    });
    if let Some(owner) = &one.owner_arn {
        summary["ownerArn"] = owner.as_str().into();
    }
    summary
}
