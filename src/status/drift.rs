//! What `tenant diff` would say, without values.

use serde::Serialize;

use crate::plan::{Action, Plan, Step};

/// How what lives differs from what was said.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Drift {
    /// What `add` would write.
    pub changes: Vec<Alteration>,
    /// What stands in its way.
    pub conflicts: Vec<Finding>,
    /// What is not ours on or beside our objects; it is left alone.
    pub foreign: Vec<Finding>,
    /// Pods that run without the tenant's credentials: `Pod mcp-acme/mcp-server-5d8f`.
    pub without_credentials: Vec<String>,
    /// Roles that the tenant gives up and its pods may still have: `Role acme`.
    pub postponed: Vec<String>,
}

/// One object that `add` would write.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alteration {
    /// `Deployment mcp-acme/mcp-server`
    pub object: String,
    /// `create`, `update`, `delete`, `release` or `restart`.
    pub action: &'static str,
    /// The fields of an update, without their values.
    pub fields: Vec<String>,
}

/// Something about an object that people have to see to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// `Role acme`
    pub object: String,
    /// What is found there.
    pub what: String,
}

impl Drift {
    /// What a plan says about one half.
    pub fn of(plan: &Plan, aws: bool) -> Self {
        let findings = plan.conflicts.iter();
        let findings = findings.filter(|conflict| conflict.id.is_aws() == aws);
        let foreign = plan.foreign.iter();
        let foreign = foreign.filter(|foreign| foreign.id.is_aws() == aws);
        Self {
            changes: plan
                .steps
                .iter()
                .filter(|step| step.id.is_aws() == aws)
                .filter_map(alteration)
                .collect(),
            conflicts: findings
                .map(|conflict| Finding {
                    object: conflict.id.to_string(),
                    what: conflict.why.clone(),
                })
                .collect(),
            foreign: foreign
                .map(|foreign| Finding {
                    object: foreign.id.to_string(),
                    what: foreign.what.clone(),
                })
                .collect(),
            without_credentials: plan
                .bare_pods
                .iter()
                .filter(|pod| pod.id.is_aws() == aws)
                .map(|pod| pod.id.to_string())
                .collect(),
            postponed: plan
                .postponed
                .iter()
                .filter(|id| id.is_aws() == aws)
                .map(ToString::to_string)
                .collect(),
        }
    }

    /// What a plan says about both halves.
    pub fn whole(plan: &Plan) -> Self {
        let (mut all, aws) = (Self::of(plan, false), Self::of(plan, true));
        all.changes.extend(aws.changes);
        all.conflicts.extend(aws.conflicts);
        all.foreign.extend(aws.foreign);
        all.without_credentials.extend(aws.without_credentials);
        all.postponed.extend(aws.postponed);
        all
    }

    /// Whether nothing differs.
    pub fn is_none(&self) -> bool {
        self.changes.is_empty()
            && self.conflicts.is_empty()
            && self.foreign.is_empty()
            && self.without_credentials.is_empty()
            && self.postponed.is_empty()
    }
}

fn alteration(step: &Step) -> Option<Alteration> {
    let mut fields = Vec::new();
    let action = match &step.action {
        Action::Create(_) => "create",
        Action::Update(update) => {
            fields.extend(update.changes.iter().map(|change| change.path.clone()));
            "update"
        }
        Action::Delete(_) | Action::GoesWithNamespace => "delete",
        Action::Release(_) => "release",
        Action::Restart(_) => "restart",
        Action::Lock
        | Action::Gate(_)
        | Action::Settle
        | Action::KeepHost(_)
        | Action::AwaitGone
        | Action::AwaitSynced
        | Action::AwaitReady
        | Action::Verify(_) => return None,
    };
    Some(Alteration {
        object: step.id.to_string(),
        action,
        fields,
    })
}
