//! Actions with which a role gets more than its policy says.
//!
//! From Rhino Security Labs' list and from pathfinding.cloud, without those that lead to roles which are there anyway
//! and which a policy may well be about, such as starting an existing build:
//! <https://github.com/RhinoSecurityLabs/AWS-IAM-Privilege-Escalation>, <https://pathfinding.cloud/paths>.

use super::{
    Finding,
    actions::covers,
    rules::{ESCALATION_ACTION, ESCALATION_PAIR},
    shown,
    statement::Statement,
};

/// Each is enough by itself.
const SINGLE: [&str; 22] = [
    "cloudformation:UpdateStack",
    "ec2-instance-connect:SendSSHPublicKey",
    "eks:AssociateAccessPolicy",
    "eks:CreateAccessEntry",
    "glue:UpdateDevEndpoint",
    "iam:AddUserToGroup",
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:CreatePolicyVersion",
    "iam:DeleteRolePermissionsBoundary",
    "iam:PutGroupPolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:SetDefaultPolicyVersion",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateLoginProfile",
    "lambda:UpdateFunctionCode",
    "ssm:SendCommand",
];

/// Each gives the rights of another role to whoever may do all of it.
const TOGETHER: [&[&str]; 26] = [
    &["iam:PassRole", "apprunner:CreateService"],
    &["iam:PassRole", "bedrock-agentcore:CreateCodeInterpreter"],
    &["iam:PassRole", "cloudformation:CreateStack"],
    &["iam:PassRole", "cloudformation:CreateStackSet"],
    &["iam:PassRole", "cloudformation:UpdateStackSet"],
    &["iam:PassRole", "codebuild:CreateProject"],
    &["iam:PassRole", "datapipeline:CreatePipeline"],
    &["iam:PassRole", "ec2:RequestSpotInstances"],
    &["iam:PassRole", "ec2:RunInstances"],
    &[
        "iam:PassRole",
        "ecs:RegisterTaskDefinition",
        "ecs:CreateService",
    ],
    &[
        "iam:PassRole",
        "ecs:RegisterTaskDefinition",
        "ecs:StartTask",
    ],
    &["iam:PassRole", "ecs:RunTask"],
    &["iam:PassRole", "eks:CreatePodIdentityAssociation"],
    &["iam:PassRole", "eks:UpdatePodIdentityAssociation"],
    &["iam:PassRole", "glue:CreateDevEndpoint"],
    &["iam:PassRole", "glue:CreateJob"],
    &["iam:PassRole", "glue:UpdateJob"],
    &[
        "iam:PassRole",
        "lambda:CreateFunction",
        "lambda:AddPermission",
    ],
    &[
        "iam:PassRole",
        "lambda:CreateFunction",
        "lambda:CreateEventSourceMapping",
    ],
    &[
        "iam:PassRole",
        "lambda:CreateFunction",
        "lambda:InvokeFunction",
    ],
    &["iam:PassRole", "sagemaker:CreateNotebookInstance"],
    &["iam:PassRole", "sagemaker:CreateProcessingJob"],
    &["iam:PassRole", "sagemaker:CreateTrainingJob"],
    &["iam:PassRole", "states:CreateStateMachine"],
    &[
        "cloudformation:CreateChangeSet",
        "cloudformation:ExecuteChangeSet",
    ],
    &[
        "ec2:ModifyInstanceAttribute",
        "ec2:StopInstances",
        "ec2:StartInstances",
    ],
];

/// Finds both kinds.
pub(super) fn find(statements: &[Statement<'_>], found: &mut Vec<Finding>) {
    for statement in statements {
        let granted = SINGLE
            .into_iter()
            .filter(|action| grants(statement, action));
        let granted: Vec<String> = granted.map(str::to_string).collect();
        if !granted.is_empty() {
            found.push(Finding::of_statement(
                &ESCALATION_ACTION,
                statement,
                format!(
                    "{} can give the role more than this policy says",
                    shown(&granted)
                ),
            ));
        }
    }
    let by = |action: &str| {
        statements
            .iter()
            .find(|statement| grants(statement, action))
    };
    let complete: Vec<_> = TOGETHER
        .iter()
        .filter_map(|path| {
            path.iter()
                .map(|action| by(action))
                .collect::<Option<Vec<_>>>()
                .zip(Some(path))
        })
        .collect();
    if complete.is_empty() {
        return;
    }
    let mut labels: Vec<&str> = Vec::new();
    for statement in complete.iter().flat_map(|(by, _)| by) {
        if !labels.contains(&statement.label.as_str()) {
            labels.push(&statement.label);
        }
    }
    let place = match labels.as_slice() {
        [one] => format!("statement {one}"),
        several => format!("statements {}", several.join(", ")),
    };
    let paths: Vec<String> = complete.iter().map(|(_, path)| path.join(" + ")).collect();
    let why = format!("gives the rights of another role: {}", shown(&paths));
    found.push(Finding::new(&ESCALATION_PAIR, place, why));
}

/// What every action of IAM or of all services contains has a rule of its own.
fn grants(statement: &Statement<'_>, action: &str) -> bool {
    let whole = |pattern: &str| {
        pattern.trim_end_matches('*').is_empty()
            || pattern.eq_ignore_ascii_case("iam:*")
            || pattern == "*:*"
    };
    statement.allows
        && statement
            .actions
            .texts()
            .iter()
            .any(|pattern| !whole(pattern) && covers(pattern, action))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::actions::covered;

    #[test]
    fn every_action_of_the_lists_is_known() {
        let all = TOGETHER.iter().flat_map(|path| path.iter()).chain(&SINGLE);
        for action in all {
            assert_eq!(covered(action).len(), 1, "{action}");
        }
    }
}
