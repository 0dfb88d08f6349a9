//! The AWS half of a step: roles and associations.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::{Run, next_signal, progress::Progress};
use crate::{
    backend::{Aws, CallError, Reason},
    diff,
    error::{Error, Kind, Result},
    object::{EKS, IAM, Object},
    plan::Update,
    release,
};

/// Makes a role or an association. One that is there all the same may be what a call made whose answer was lost: if it
/// is ours it is brought to what is wanted, else it is reported.
pub(super) async fn create(
    object: &Object,
    aws: &Aws,
    (run, progress): (&Run<'_>, &Progress),
) -> Result<Object> {
    let id = object.id();
    let role = id.is(IAM, "Role");
    let made = if role {
        aws.iam.create(object).await
    } else {
        associate(object, aws, run).await
    };
    let error = match made {
        Ok(made) => return Ok(made),
        Err(error) => error,
    };
    // The role itself stands by now where a later call of its making failed.
    if role && !error.call.starts_with("iam:CreateRole") {
        progress.wrote.set(true);
        return Err(Error::from(error).detail(format!("{id} stands, without all of its policies")));
    }
    if error.reason != Reason::Conflict {
        return Err(error.into());
    }
    let text = |pointer| object.text(pointer);
    let other = if role {
        aws.iam.role(id, text("/spec/name")).await?
    } else {
        let (cluster, account) = (text("/spec/clusterName"), text("/spec/serviceAccount"));
        let found = aws
            .eks
            .associations(cluster, Some(text("/spec/namespace")))
            .await?;
        match found
            .into_iter()
            .find(|found| found.service_account == account)
        {
            Some(found) => aws.eks.describe(id, cluster, &found.id).await?,
            None => None,
        }
    };
    let Some(other) = other.filter(|other| run.subject.owns(other)) else {
        return Err(Error::from(error).detail("somebody made it since the plan was made"));
    };
    let changes = diff::changes(object, &other);
    if changes.is_empty() {
        return Ok(other);
    }
    change(
        &Update {
            wanted: object.clone(),
            live: other,
            changes,
            adopts: false,
        },
        aws,
    )
    .await
}

pub(super) async fn change(update: &Update, aws: &Aws) -> Result<Object> {
    let Update {
        wanted,
        live,
        changes,
        ..
    } = update;
    let only_tags = changes
        .iter()
        .all(|change| change.path.starts_with("spec.tags"));
    let changed = if wanted.id().is(IAM, "Role") {
        aws.iam.update(wanted, live, changes).await
    } else {
        aws.eks.update(wanted, live, only_tags).await
    };
    let changed = changed.map_err(|error| {
        let gone = is_gone(&error);
        let error = Error::from(error);
        if gone {
            error.hint(
                "it went away since the plan was made; run the same command again: it looks anew",
            )
        } else {
            error
        }
    })?;
    if wanted.id().is(EKS, "PodIdentityAssociation") {
        left_over(wanted, &changed)?;
    }
    Ok(changed)
}

/// What EKS kept of an association that was to go or to be otherwise, whatever it answered: pods would go on with another
/// identity than the tenant's.
fn left_over(wanted: &Object, now: &Object) -> Result<()> {
    let left = diff::changes(wanted, now);
    if left.is_empty() {
        return Ok(());
    }
    let said = |value: &Option<Value>| value.as_ref().map_or("nothing".into(), Value::to_string);
    let lines = left.iter().map(|change| {
        let (path, have, want) = (&change.path, said(&change.have), said(&change.want));
        format!("{path} is {have}, wanted is {want}")
    });
    let id = wanted.id();
    let mut error = Error::new(
        Kind::Incomplete,
        format!("{id} is not as it was told to be, though EKS took the change"),
    );
    error.after_writes = true;
    error.details.extend(lines);
    let arn = now.text("/status/ackResourceMetadata/arn");
    let region = arn.split(':').nth(3).unwrap_or_default();
    let (cluster, association) = (
        now.text("/spec/clusterName"),
        now.text("/status/associationID"),
    );
    Err(error.hint(format!(
        "delete it, and the same command makes it anew: aws eks delete-pod-identity-association --region {region} --cluster-name {cluster} --association-id {association}"
    )))
}

/// Whether what was to be changed is not there any more, rather than a policy that it was to get.
fn is_gone(error: &CallError) -> bool {
    let names_policy = ["iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"];
    error.reason == Reason::NotFound
        && !names_policy.iter().any(|call| error.call.starts_with(call))
}

/// A new role takes a few seconds to be visible to EKS, sometimes half a minute, and so does a deleted association:
/// <https://github.com/hashicorp/terraform-provider-aws/pull/34717>
async fn associate(
    object: &Object,
    aws: &Aws,
    run: &Run<'_>,
) -> std::result::Result<Object, CallError> {
    const PAUSE: Duration = Duration::from_secs(1);
    let mut signal = run.signal.clone();
    loop {
        let error = match aws.eks.create(object).await {
            Ok(made) => return Ok(made),
            Err(error) => error,
        };
        if error.reason != Reason::Busy || Instant::now() + PAUSE > run.deadline {
            return Err(error);
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            Some(_) = next_signal(&mut signal) => return Err(error),
        }
    }
}

/// Deletes a role or an association, if it is still ours. False when it was gone already.
pub(super) async fn delete(object: &Object, aws: &Aws, run: &Run<'_>) -> Result<bool> {
    let id = object.id();
    if id.is(IAM, "Role") {
        return match aws.iam.bare_role(id, object.text("/spec/name")).await? {
            Some(now) => Ok(still_ours(&now, run)? && aws.iam.delete(object).await?),
            None => Ok(false),
        };
    }
    let (cluster, association) = (
        object.text("/spec/clusterName"),
        object.text("/status/associationID"),
    );
    match aws.eks.describe(id, cluster, association).await? {
        Some(now) => Ok(still_ours(&now, run)? && aws.eks.delete(&now).await?),
        None => Ok(false),
    }
}

/// Takes our marks and our inline policy off a role or an association, if it is still ours. False when it was gone
/// already.
pub(super) async fn release(object: &Object, aws: &Aws, run: &Run<'_>) -> Result<bool> {
    let (id, text) = (object.id(), |pointer| object.text(pointer));
    let now = if id.is(IAM, "Role") {
        aws.iam.role(id, text("/spec/name")).await?
    } else {
        aws.eks
            .describe(id, text("/spec/clusterName"), text("/status/associationID"))
            .await?
    };
    let Some(now) = now else { return Ok(false) };
    still_ours(&now, run)?;
    let wanted = release::without_marks(&now);
    if id.is(IAM, "Role") {
        let changes = diff::changes(&wanted, &now);
        aws.iam.update(&wanted, &now, &changes).await?;
    } else {
        aws.eks.update(&wanted, &now, true).await?;
    }
    Ok(true)
}

/// The mark of ownership is read again before a delete.
fn still_ours(now: &Object, run: &Run<'_>) -> Result<bool> {
    if run.subject.owns(now) {
        return Ok(true);
    }
    Err(
        Error::conflict(format!("{} is not ours any more", now.id()))
            .detail("its tags changed since the plan was made"),
    )
}
