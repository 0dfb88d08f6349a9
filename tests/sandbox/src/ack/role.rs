//! Roles, on the emulator's IAM.

use anyhow::Result;
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use super::controller::Outcome;
use crate::aws::{self, ACCOUNT};
use crate::load_balancer::world::{list, text};

/// Makes a role or brings it to what its object says.
pub(super) async fn apply(iam: &str, object: &Value) -> Outcome {
    let name = text(&object["spec"]["name"]);
    let made = !object["status"]["ackResourceMetadata"]["arn"].is_null();
    let exists = call(iam, &[("Action", "GetRole"), ("RoleName", name)])
        .await
        .is_ok();
    if exists && !made {
        return Outcome::Terminal("Resource already exists".to_owned());
    }
    match write(iam, object, exists).await {
        Ok(()) => synced(object),
        Err(error) if format!("{error}").contains("MalformedPolicyDocument") => {
            Outcome::Terminal(format!("{error}"))
        }
        Err(error) => Outcome::Recoverable(format!("{error}")),
    }
}

fn synced(object: &Value) -> Outcome {
    let spec = &object["spec"];
    let (path, name) = (text(&spec["path"]), text(&spec["name"]));
    let mut status = json!({
        "ackResourceMetadata": {"arn": format!("arn:aws:iam::{ACCOUNT}:role{path}{name}")},
        "roleID": "AROASANDBOX",
    });
    // As long as the emulator is not asked, the time of the first reconciliation is that of its creation.
    let known = &object["status"]["createDate"];
    status["createDate"] = if known.is_null() {
        Timestamp::now()
            .strftime("%Y-%m-%dT%H:%M:%SZ")
            .to_string()
            .into()
    } else {
        known.clone()
    };
    let mut late = spec.clone();
    if late["maxSessionDuration"].is_null() {
        late["maxSessionDuration"] = 3600.into();
    }
    // What IAM answers goes back into the spec, in IAM's spelling.
    if let Ok(document) = serde_json::from_str::<Value>(text(&spec["assumeRolePolicyDocument"])) {
        late["assumeRolePolicyDocument"] = document.to_string().into();
    }
    Outcome::Synced { status, late }
}

async fn write(iam: &str, object: &Value, exists: bool) -> Result<()> {
    let spec = &object["spec"];
    let (name, trust) = (text(&spec["name"]), text(&spec["assumeRolePolicyDocument"]));
    let role = ("RoleName", name);
    if exists {
        let (action, document) = ("UpdateAssumeRolePolicy", ("PolicyDocument", trust));
        call(iam, &[("Action", action), role, document]).await?;
    } else {
        let document = ("AssumeRolePolicyDocument", trust);
        let path = ("Path", text(&spec["path"]));
        call(iam, &[("Action", "CreateRole"), role, path, document]).await?;
    }
    let boundary = text(&spec["permissionsBoundary"]);
    if !boundary.is_empty() {
        let action = ("Action", "PutRolePermissionsBoundary");
        call(iam, &[action, role, ("PermissionsBoundary", boundary)]).await?;
    }
    tag(iam, role, object).await?;
    policies(iam, role, spec).await
}

/// Its own tags besides those of the spec.
async fn tag(iam: &str, role: (&str, &str), object: &Value) -> Result<()> {
    let namespace = text(&object["metadata"]["namespace"]);
    let own = super::own_tags("iam", namespace);
    let wanted = list(&object["spec"]["tags"]);
    let wanted = wanted
        .iter()
        .map(|tag| (text(&tag["key"]), text(&tag["value"])));
    let own = own.iter().map(|(key, value)| (*key, value.as_str()));
    let mut names = Vec::new();
    for (index, (key, value)) in wanted.chain(own).enumerate() {
        let name = |field: &str| format!("Tags.member.{}.{field}", index + 1);
        names.extend([(name("Key"), key), (name("Value"), value)]);
    }
    let mut parameters = vec![("Action", "TagRole"), role];
    parameters.extend(names.iter().map(|(name, value)| (name.as_str(), *value)));
    call(iam, &parameters).await?;
    Ok(())
}

/// Makes those of the spec, and takes others away.
async fn policies(iam: &str, role: (&str, &str), spec: &Value) -> Result<()> {
    let inline = spec["inlinePolicies"].as_object();
    for (policy, document) in inline.into_iter().flatten() {
        let named = [
            ("PolicyName", policy.as_str()),
            ("PolicyDocument", text(document)),
        ];
        call(
            iam,
            &[("Action", "PutRolePolicy"), role, named[0], named[1]],
        )
        .await?;
    }
    for policy in inline_policies(iam, role.1).await? {
        if inline.is_none_or(|inline| !inline.contains_key(&policy)) {
            let named = ("PolicyName", policy.as_str());
            call(iam, &[("Action", "DeleteRolePolicy"), role, named]).await?;
        }
    }
    let wanted: Vec<&str> = list(&spec["policies"]).iter().map(text).collect();
    for arn in &wanted {
        let named = ("PolicyArn", *arn);
        call(iam, &[("Action", "AttachRolePolicy"), role, named]).await?;
    }
    for arn in attached_policies(iam, role.1).await? {
        if !wanted.contains(&arn.as_str()) {
            let named = ("PolicyArn", arn.as_str());
            call(iam, &[("Action", "DetachRolePolicy"), role, named]).await?;
        }
    }
    Ok(())
}

/// Policies first; a role that is gone already is deleted.
pub(super) async fn delete(iam: &str, object: &Value) -> Result<()> {
    let name = text(&object["spec"]["name"]);
    let role = ("RoleName", name);
    if call(iam, &[("Action", "GetRole"), role]).await.is_err() {
        return Ok(());
    }
    for policy in inline_policies(iam, name).await? {
        let delete = [
            ("Action", "DeleteRolePolicy"),
            role,
            ("PolicyName", &policy),
        ];
        call(iam, &delete).await?;
    }
    for arn in list(&object["spec"]["policies"]) {
        let detach = [
            ("Action", "DetachRolePolicy"),
            role,
            ("PolicyArn", text(arn)),
        ];
        call(iam, &detach).await?;
    }
    call(iam, &[("Action", "DeleteRole"), role]).await?;
    Ok(())
}

async fn inline_policies(iam: &str, role: &str) -> Result<Vec<String>> {
    listed(iam, ("ListRolePolicies", role), "member").await
}

async fn attached_policies(iam: &str, role: &str) -> Result<Vec<String>> {
    listed(iam, ("ListAttachedRolePolicies", role), "PolicyArn").await
}

/// What IAM's list about a role holds, by the element that names it.
async fn listed(iam: &str, (action, role): (&str, &str), element: &str) -> Result<Vec<String>> {
    let answer = call(iam, &[("Action", action), ("RoleName", role)]).await?;
    let (start, end) = (format!("<{element}>"), format!("</{element}>"));
    let members = answer.split(&start).skip(1);
    let names = members.filter_map(|rest| rest.split_once(&end));
    Ok(names.map(|(name, _)| name.to_owned()).collect())
}

async fn call(iam: &str, parameters: &[(&str, &str)]) -> Result<String> {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("Version", "2010-05-08")
        .extend_pairs(parameters)
        .finish();
    aws::query(iam, form).await
}
