//! Who refuses a ReplicaSet's pods, by the API server's words. Pure.

use super::finding::{Finding, message};

/// Names the refuser. The words are those of the admission plugins in `k8s.io/apiserver` and `k8s.io/kubernetes`.
pub(super) fn finding(said: &str) -> Finding {
    let said = message(said);
    let line = |who: &str| Finding::new(format!("pods are refused by {who}: {said}"));
    if let Some(quota) = between(&said, "exceeded quota: ", ",") {
        // Ours is of the tier; any other was made by somebody who knows why.
        let hint = if quota == "tenant" {
            "choose a larger tier, or fewer or smaller replicas"
        } else {
            "that quota is not of mcpctl: have it raised, or ask for fewer or smaller replicas"
        };
        return line(&format!("ResourceQuota {quota}")).hint(hint);
    }
    if let Some(level) = between(&said, "violates PodSecurity \"", "\"") {
        return line(&format!("Pod Security {level}"))
            .hint("mend the pod, or set security.podSecurity=baseline");
    }
    if let Some(policy) = between(&said, "ValidatingAdmissionPolicy '", "'") {
        return line(&format!("ValidatingAdmissionPolicy {policy}"));
    }
    if let Some(webhook) = between(&said, "admission webhook \"", "\"") {
        return line(&format!("the admission webhook {webhook}"));
    }
    if let Some(class) = between(&said, "no PriorityClass with name ", " ") {
        return line("priority admission").hint(format!(
            "make the PriorityClass {class}, or change priorityClassName"
        ));
    }
    if said.contains(" usage per ") {
        return line("the namespace's LimitRange").hint("change resources");
    }
    Finding::new(format!("pods are refused: {said}"))
}

/// Whether the ReplicaSet gets its pods by trying again. `ending` says that pods are on their way out, which the
/// quota counts as long as they are there.
pub(super) fn heals(said: &str, ending: bool) -> bool {
    said.contains(crate::marks::IDENTITY_POLICY) || (ending && said.contains("exceeded quota: "))
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after).map_or(rest, |(found, _)| found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refuser_is_named() {
        let who = |said: &str| {
            let line = finding(said).line;
            line.split(": ").next().unwrap_or_default().to_string()
        };
        for (said, named) in [
            (
                r#"pods "a-1" is forbidden: exceeded quota: tenant, requested: pods=1, used: pods=3, limited: pods=3"#,
                "pods are refused by ResourceQuota tenant",
            ),
            (
                r#"pods "a-1" is forbidden: violates PodSecurity "restricted:v1.36": runAsNonRoot != true"#,
                "pods are refused by Pod Security restricted:v1.36",
            ),
            (
                r#"pods "a-1" is forbidden: ValidatingAdmissionPolicy 'no-latest' with binding 'all' denied request: no"#,
                "pods are refused by ValidatingAdmissionPolicy no-latest",
            ),
            (
                r#"admission webhook "check.example.com" denied the request: no"#,
                "pods are refused by the admission webhook check.example.com",
            ),
            (
                r#"pods "a-1" is forbidden: no PriorityClass with name high was found"#,
                "pods are refused by priority admission",
            ),
            (
                r#"pods "a-1" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi"#,
                "pods are refused by the namespace's LimitRange",
            ),
            ("something else", "pods are refused"),
        ] {
            assert_eq!(who(said), named, "{said}");
        }
    }

    #[test]
    fn a_quota_is_waited_for_only_while_pods_end() {
        let quota = "exceeded quota: tenant, requested: pods=1";
        assert!(heals(quota, true) && !heals(quota, false));
        assert!(heals(
            "ValidatingAdmissionPolicy 'mcpctl-identity' denied request",
            false
        ));
    }
}
