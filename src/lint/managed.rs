//! Managed policies of AWS that are not made for one tenant.

use super::{Finding, rules::BROAD_MANAGED_POLICY};

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_job-functions.html>
const BROAD: [&str; 6] = [
    "DatabaseAdministrator",
    "IAMFullAccess",
    "NetworkAdministrator",
    "PowerUserAccess",
    "ReadOnlyAccess",
    "SystemAdministrator",
];

/// Finds them among the ARNs of managed policies.
pub(super) fn find(arns: &[&str], found: &mut Vec<Finding>) {
    for arn in arns {
        let of_aws = arn.split(':').nth(4) == Some("aws");
        let name = arn.rsplit('/').next().unwrap_or_default();
        let broad = BROAD.contains(&name)
            || name.ends_with("FullAccess")
            || name.starts_with("AdministratorAccess");
        if of_aws && broad {
            let why = format!("{name} reaches far beyond one tenant");
            found.push(Finding::new(
                &BROAD_MANAGED_POLICY,
                format!("managed policy {arn}"),
                why,
            ));
        }
    }
}
