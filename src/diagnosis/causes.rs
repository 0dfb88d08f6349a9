//! What the evidence means. Pure.

use serde_json::Value;

use super::{AGENT, Cause, Diagnosis, Evidence, Nodes, Patient, Seen, WEBHOOK, service_account_of};
use crate::{
    backend::Addon,
    injected,
    object::Object,
    spec::{OF_CONTAINERS, SERVICE_ACCOUNT},
    wait::Finding,
};

/// By this annotation roles are given to service accounts without Pod Identity (IRSA):
/// <https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html>
const IRSA: &str = "eks.amazonaws.com/role-arn";
/// Containers that the webhook is told to leave alone:
/// <https://github.com/aws/amazon-eks-pod-identity-webhook#eks-walkthrough>
const SKIP: &str = "eks.amazonaws.com/skip-containers";

/// Weighs all the evidence, the surest causes first.
pub fn judge(patient: &Patient<'_>, evidence: &Evidence) -> Diagnosis {
    let mut diagnosis = Diagnosis {
        causes: of_pod(patient.pod),
        ..Diagnosis::default()
    };
    service_account(patient, &evidence.service_account, &mut diagnosis);
    associations(patient, &evidence.associations, &mut diagnosis);
    webhook(patient, &evidence.webhook, &mut diagnosis);
    nodes(patient, &evidence.nodes, &mut diagnosis);
    addon(patient, evidence, &mut diagnosis);
    diagnosis
}

/// What is wrong with the pod itself: it is of another service account, the webhook leaves its containers alone, or other
/// credentials count first.
pub fn of_pod(pod: &Value) -> Vec<Cause> {
    let skipped = pod["metadata"]["annotations"][SKIP].as_str();
    let skipped: Vec<&str> = skipped
        .into_iter()
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .collect();
    let mut causes = Vec::new();
    let account = service_account_of(pod);
    if account != SERVICE_ACCOUNT {
        causes.push(lasting(
            format!("the pod's service account is {account}, and the tenant's role is bound to {SERVICE_ACCOUNT}"),
            "write serviceAccountName: {{ names.serviceAccount }} into the template",
        ));
    }
    for container in containers(pod) {
        let name = container["name"].as_str().unwrap_or_default();
        if skipped.contains(&name) {
            causes.push(lasting(
                format!("the annotation {SKIP} tells the webhook to leave container {name} alone"),
                format!("take {SKIP} out of the annotations of tenant or template"),
            ));
        }
        for variable in variables(container) {
            let why = if variable.starts_with(OF_CONTAINERS) {
                "and the webhook leaves such a container alone"
            } else if injected::counts_first(variable) {
                "which AWS SDKs look at before they ask for the tenant's role"
            } else {
                continue;
            };
            causes.push(lasting(
                format!("container {name} sets {variable} itself, {why}"),
                format!("take {variable} out of the template"),
            ));
        }
    }
    causes
}

fn service_account(patient: &Patient<'_>, seen: &Seen<Option<Object>>, into: &mut Diagnosis) {
    let (namespace, name) = (patient.namespace(), patient.service_account());
    match seen {
        Err(why) => into.unseen.push(why.clone()),
        Ok(None) => into.causes.push(lasting(
            format!("there is no ServiceAccount {namespace}/{name}, under which the pod would run"),
            "the templates must make it, or name another",
        )),
        Ok(Some(account)) => match account.annotation(IRSA) {
            Some(role) => into.causes.push(passing(
                format!("ServiceAccount {namespace}/{name} has the annotation {IRSA}, by which pods get role {role} instead"),
                format!("take it off: kubectl -n {namespace} annotate serviceaccount {name} {IRSA}-"),
            )),
            None => into.fine.push("service account".into()),
        },
    }
}

fn associations(patient: &Patient<'_>, seen: &Seen<Vec<Object>>, into: &mut Diagnosis) {
    let (namespace, account) = (patient.namespace(), patient.service_account());
    // Which is told of the pod itself.
    if account != SERVICE_ACCOUNT {
        return;
    }
    let all = match seen {
        Err(why) => return into.unseen.push(why.clone()),
        Ok(all) => all,
    };
    let own = |found: &&Object| found.text("/spec/serviceAccount") == account;
    let Some(found) = all.iter().find(own) else {
        let others: Vec<&str> = all
            .iter()
            .map(|other| other.text("/spec/serviceAccount"))
            .collect();
        into.causes.push(if others.is_empty() {
            lasting(
                format!("EKS has no association for service account {account} of {namespace}"),
                "somebody deleted it; the next run makes it again",
            )
        } else {
            lasting(
                format!(
                    "the pod's service account is {account}, and EKS has an association in {namespace} for {} only",
                    others.join(", ")
                ),
                "somebody deleted the tenant's own; the next run makes it again",
            )
        });
        return;
    };
    let (id, role) = (
        found.text("/status/associationID"),
        found.text("/spec/roleARN"),
    );
    match patient.role {
        Some(wanted) if wanted != role => into.causes.push(passing(
            format!("association {id} is for role {role}, not for the tenant's {wanted}"),
            "somebody changed it; the next run puts it right",
        )),
        // ACK's object refers to the role's.
        _ if role.is_empty() => into.fine.push(format!("association {id}")),
        _ => into.fine.push(format!("association {id} for role {role}")),
    }
}

fn webhook(patient: &Patient<'_>, seen: &Seen<Option<Object>>, into: &mut Diagnosis) {
    let configuration = match seen {
        Err(why) => return into.unseen.push(why.clone()),
        Ok(None) => {
            return into.causes.push(lasting(
                format!("the cluster has no MutatingWebhookConfiguration {WEBHOOK}, so nothing gives pods credentials"),
                "EKS makes it with every cluster: has somebody deleted it? then have AWS Support put it back",
            ));
        }
        Ok(Some(configuration)) => configuration,
    };
    let hooks = configuration.tree["webhooks"].as_array();
    let patience = hooks
        .into_iter()
        .flatten()
        .filter_map(|hook| hook["timeoutSeconds"].as_u64())
        .max();
    match patience {
        Some(seconds) if patient.took.as_secs() >= seconds => into.causes.push(passing(
            format!("the webhook does not answer: the API server gives up after {seconds} s and lets the pod go without"),
            "EKS runs it beside the API server: if it goes on, ask AWS Support; an outage may be on the AWS Health Dashboard",
        )),
        _ => into.fine.push("webhook configuration".into()),
    }
}

fn nodes(patient: &Patient<'_>, seen: &Seen<Nodes>, into: &mut Diagnosis) {
    let hint =
        "Pod Identity works on Linux nodes of EC2 only: change nodeSelector, or add such nodes";
    let selector = &patient.pod["spec"]["nodeSelector"];
    let unfit = [
        ("kubernetes.io/os", "windows"),
        ("eks.amazonaws.com/compute-type", "fargate"),
    ];
    if let Some((key, value)) = unfit.iter().find(|(key, value)| selector[key] == *value) {
        let line = format!(
            "the pod's nodeSelector asks for {key}={value}, where no Pod Identity agent runs"
        );
        return into.causes.push(lasting(line, hint));
    }
    match seen {
        Err(why) => into.unseen.push(why.clone()),
        Ok(nodes) if nodes.suitable => into.fine.push("nodes".into()),
        Ok(nodes) if nodes.any => into.causes.push(passing(
            "all nodes for the pod are Fargate or Windows, where no Pod Identity agent runs",
            hint,
        )),
        // An autoscaler makes the first one when a pod waits for it.
        Ok(_) => {}
    }
}

fn addon(patient: &Patient<'_>, evidence: &Evidence, into: &mut Diagnosis) {
    let cluster = patient.cluster;
    match &evidence.addon {
        Err(why) => into.unseen.push(why.clone()),
        Ok(None) if evidence.nodes.as_ref().is_ok_and(|nodes| nodes.auto) => {
            into.fine.push("agent of EKS Auto Mode".into());
        }
        Ok(None) => into.causes.push(passing(
            format!("cluster {cluster} has no add-on {AGENT}, which brings credentials to pods"),
            format!(
                "install it: aws eks create-addon --cluster-name {cluster} --addon-name {AGENT}"
            ),
        )),
        Ok(Some(Addon { status, issues })) if status != "ACTIVE" || !issues.is_empty() => {
            let issues: Vec<String> = issues.iter().map(|issue| format!(": {issue}")).collect();
            into.causes.push(passing(
                format!("the add-on {AGENT} is {status}{}", issues.concat()),
                format!("see what is wrong with it: aws eks describe-addon --cluster-name {cluster} --addon-name {AGENT}"),
            ));
        }
        Ok(Some(addon)) => into.fine.push(format!("add-on {AGENT} {}", addon.status)),
    }
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    ["initContainers", "containers"]
        .into_iter()
        .filter_map(|list| pod["spec"][list].as_array())
        .flatten()
}

fn variables(container: &Value) -> impl Iterator<Item = &str> {
    let env = container["env"].as_array().into_iter().flatten();
    env.filter_map(|variable| variable["name"].as_str())
}

fn lasting(line: impl Into<String>, hint: impl Into<String>) -> Cause {
    Cause {
        finding: Finding::new(line).hint(hint),
        lasts: true,
    }
}

fn passing(line: impl Into<String>, hint: impl Into<String>) -> Cause {
    Cause {
        lasts: false,
        ..lasting(line, hint)
    }
}
