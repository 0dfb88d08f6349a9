//! What AWS calls its things: ARNs, accounts, clusters, regions. By form only: AWS is the judge of what there is.

use super::{checked::checked, types::shown};

/// What the parts of an ARN say, or of a pattern of ARNs. Nothing is checked but that all six are there.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
#[derive(Clone, Copy, Debug)]
pub struct ArnParts<'a> {
    /// `arn`
    pub start: &'a str,
    /// `aws`, `aws-cn`, …
    pub partition: &'a str,
    /// `iam`
    pub service: &'a str,
    /// Empty for what is of no region.
    pub region: &'a str,
    /// Empty for what needs none, such as a bucket.
    pub account: &'a str,
    /// `role/path/name`; may hold further colons.
    pub resource: &'a str,
}

impl<'a> ArnParts<'a> {
    /// The parts of a text; none where they are fewer.
    pub fn of(text: &'a str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [start, partition, service, region, account, resource] = parts[..] else {
            return None;
        };
        Some(Self {
            start,
            partition,
            service,
            region,
            account,
            resource,
        })
    }
}

checked!(
    /// An ARN, by form only: `arn:<partition>:<service>:<region>:<account>:<resource>`.
    Arn,
    |text| {
        let form = |arn: ArnParts<'_>| {
            arn.start == "arn" && !arn.partition.is_empty() && !arn.service.is_empty() && !arn.resource.is_empty()
        };
        if ArnParts::of(text).is_some_and(form) && text.chars().all(|c| c.is_ascii_graphic()) {
            Ok(())
        } else {
            Err(format!("`{text}` is not an ARN such as arn:aws:iam::123456789012:policy/name"))
        }
    }
);

checked!(
    /// The ARN of an IAM role: `arn:<partition>:iam::<account>:role/<path><name>`, with nothing in it that stands for several.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns>
    RoleArn,
    |text| {
        let form = |arn: &ArnParts<'_>| {
            arn.start == "arn" && arn.partition.starts_with("aws") && arn.service == "iam" && arn.region.is_empty()
                && arn.account.parse::<AccountId>().is_ok()
        };
        let name = |resource: &&str| {
            let of_name = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c);
            !resource.is_empty() && !resource.ends_with('/') && !resource.starts_with('/') && !resource.contains("//") && resource.chars().all(of_name)
        };
        let role = ArnParts::of(text).filter(form);
        if role.and_then(|arn| arn.resource.strip_prefix("role/")).as_ref().is_some_and(name) {
            Ok(())
        } else {
            Err(format!("`{text}` is not the ARN of a role such as arn:aws:iam::123456789012:role/name"))
        }
    }
);

impl RoleArn {
    /// `aws`, `aws-cn`, …
    pub fn partition(&self) -> &str {
        ArnParts::of(&self.0).map_or("", |arn| arn.partition)
    }

    /// The 12 digits of its account.
    pub fn account(&self) -> &str {
        ArnParts::of(&self.0).map_or("", |arn| arn.account)
    }

    /// Its path, from `/` to `/`.
    pub fn path(&self) -> &str {
        let resource = ArnParts::of(&self.0).map_or("", |arn| arn.resource);
        let path = resource.trim_start_matches("role");
        path.rfind('/').map_or("/", |end| &path[..=end])
    }

    /// Its name without path.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

checked!(
    /// A 12-digit account id. Kept as text: a leading zero counts.
    AccountId,
    |text| {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(())
        } else {
            Err(format!("`{text}` is not an account id: 12 digits"))
        }
    }
);

checked!(
    /// The name of an EKS cluster: 1 to 100 letters, digits, `-` and `_`, a letter or digit first.
    /// <https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html>
    ClusterName,
    |text| {
        let valid = |(at, c): (usize, char)| c.is_ascii_alphanumeric() || (at > 0 && matches!(c, '-' | '_'));
        match text.chars().enumerate().find(|item| !valid(*item)) {
            _ if text.is_empty() || text.len() > 100 => Err(format!("cluster name `{text}`: 1 to 100 characters")),
            Some((_, c)) => Err(format!("cluster name `{text}` holds {}", shown(c))),
            None => Ok(()),
        }
    }
);

checked!(
    /// An AWS region such as `eu-west-1`.
    Region,
    |text| {
        let number = text.rsplit('-').next().is_some_and(|last| last.parse::<u8>().is_ok());
        if number && text.matches('-').count() >= 2 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            Ok(())
        } else {
            Err(format!("`{text}` is not a region such as eu-west-1"))
        }
    }
);
