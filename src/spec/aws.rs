//! What AWS calls its things: ARNs, accounts, clusters, regions. By form only: AWS is the judge of what there is.

use super::{checked::checked, types::shown};

checked!(
    /// An ARN, by form only: `arn:<partition>:<service>:<region>:<account>:<resource>`.
    Arn,
    |text| {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        if parts.len() == 6 && parts[0] == "arn" && !parts[1].is_empty() && !parts[2].is_empty() && !parts[5].is_empty()
            && text.chars().all(|c| c.is_ascii_graphic())
        {
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
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let form = parts.len() == 6 && parts[0] == "arn" && parts[1].starts_with("aws") && parts[2] == "iam" && parts[3].is_empty()
            && parts[4].parse::<AccountId>().is_ok();
        let name = |resource: &&str| {
            let of_name = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c);
            !resource.is_empty() && !resource.ends_with('/') && !resource.starts_with('/') && !resource.contains("//") && resource.chars().all(of_name)
        };
        if form && parts[5].strip_prefix("role/").as_ref().is_some_and(name) {
            Ok(())
        } else {
            Err(format!("`{text}` is not the ARN of a role such as arn:aws:iam::123456789012:role/name"))
        }
    }
);

impl RoleArn {
    /// `aws`, `aws-cn`, …
    pub fn partition(&self) -> &str {
        self.0.split(':').nth(1).unwrap_or_default()
    }

    /// The 12 digits of its account.
    pub fn account(&self) -> &str {
        self.0.split(':').nth(4).unwrap_or_default()
    }

    /// Its path, from `/` to `/`.
    pub fn path(&self) -> &str {
        let resource = self.0.splitn(6, ':').nth(5).unwrap_or_default();
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
