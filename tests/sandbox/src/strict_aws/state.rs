//! What stands in the account.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

use super::resources::{Association, Cluster, InstanceProfile, ManagedPolicy, Role};

/// The account: what tests inspect and prepare, and what hooks change.
pub struct State {
    /// By name in lower case, since role names are unique whatever their case.
    pub roles: BTreeMap<String, Role>,
    /// By ARN.
    pub managed_policies: BTreeMap<String, ManagedPolicy>,
    /// By name in lower case.
    pub instance_profiles: BTreeMap<String, InstanceProfile>,
    /// By name.
    pub clusters: BTreeMap<String, Cluster>,
    /// By id.
    pub associations: BTreeMap<String, Association>,
    pub(super) page_size: usize,
    pub(super) role_hidden_for: u32,
    pub(super) tags_unseen_for: u32,
    pub(super) association_lingers_for: u32,
    /// Deleted associations that still refuse their successor.
    pub(super) lingering: Vec<Lingering>,
    /// What a client request token was used for: the request and the association that it made.
    pub(super) tokens: BTreeMap<String, (Value, String)>,
    account: String,
    region: String,
    serial: u64,
}

pub(super) struct Lingering {
    pub(super) cluster: String,
    pub(super) namespace: String,
    pub(super) service_account: String,
    pub(super) id: String,
    pub(super) refusals: u32,
}

/// The default page of IAM's and of EKS's lists.
///
/// Source: IAM API Reference, `ListRoles`, `MaxItems`; EKS API Reference, `ListPodIdentityAssociations`, `maxResults`.
pub(super) const PAGE: usize = 100;

impl State {
    pub(super) fn new(account: &str, region: &str) -> Self {
        let mut state = Self {
            roles: BTreeMap::new(),
            managed_policies: BTreeMap::new(),
            instance_profiles: BTreeMap::new(),
            clusters: BTreeMap::new(),
            associations: BTreeMap::new(),
            page_size: PAGE,
            role_hidden_for: 0,
            tags_unseen_for: 0,
            association_lingers_for: 0,
            lingering: Vec::new(),
            tokens: BTreeMap::new(),
            account: account.to_owned(),
            region: region.to_owned(),
            serial: 0,
        };
        // A few of AWS's own; others are added where a test needs them.
        for name in ["AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess"] {
            let arn = format!("arn:{}:iam::aws:policy/{name}", state.partition());
            state.add_managed_policy(&arn);
        }
        state
    }

    pub fn account(&self) -> &str {
        &self.account
    }

    pub fn region(&self) -> &str {
        &self.region
    }

    /// Source: AWS General Reference, "Amazon Resource Names (ARNs)".
    pub fn partition(&self) -> &'static str {
        match self.region.as_str() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }

    pub(super) fn iam_arn(&self, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.partition(), self.account)
    }

    pub(super) fn eks_arn(&self, resource: &str) -> String {
        format!(
            "arn:{}:eks:{}:{}:{resource}",
            self.partition(),
            self.region,
            self.account
        )
    }

    /// A role by its name, in any case.
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.get(&name.to_lowercase())
    }

    /// A role by its name, in any case.
    pub fn role_mut(&mut self, name: &str) -> Option<&mut Role> {
        self.roles.get_mut(&name.to_lowercase())
    }

    /// The association of a service account.
    pub fn association(
        &self,
        cluster: &str,
        namespace: &str,
        account: &str,
    ) -> Option<&Association> {
        self.associations.values().find(|association| {
            association.cluster_name == cluster
                && association.namespace == namespace
                && association.service_account == account
        })
    }

    /// Puts a role there, with nothing on it but its trust policy. Nothing is checked.
    pub fn add_role(&mut self, path: &str, name: &str, trust: &str) -> &mut Role {
        let role = Role {
            name: name.to_owned(),
            path: path.to_owned(),
            id: self.iam_id("AROA"),
            arn: self.iam_arn(&format!("role{path}{name}")),
            trust: trust.to_owned(),
            description: None,
            max_session_duration: 3600,
            boundary: None,
            tags: BTreeMap::new(),
            inline: BTreeMap::new(),
            attached: BTreeSet::new(),
            created: now(),
            hidden_for: 0,
            tags_unseen_for: 0,
        };
        let entry = self.roles.entry(name.to_lowercase());
        entry.insert_entry(role).into_mut()
    }

    /// Puts a managed policy there: a boundary, or one to attach.
    pub fn add_managed_policy(&mut self, arn: &str) -> &mut ManagedPolicy {
        let (_, resource) = arn.split_once(":policy/").unwrap_or(("", arn));
        let (path, name) = match resource.rsplit_once('/') {
            Some((path, name)) => (format!("/{path}/"), name),
            None => ("/".to_owned(), resource),
        };
        let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        let policy = ManagedPolicy {
            name: name.to_owned(),
            path,
            id: self.iam_id("ANPA"),
            document: document.to_owned(),
            created: now(),
        };
        let entry = self.managed_policies.entry(arn.to_owned());
        entry.insert_entry(policy).into_mut()
    }

    pub(super) fn add_cluster(&mut self, name: &str, endpoint: &str, authority: &str) {
        let cluster = Cluster {
            arn: self.eks_arn(&format!("cluster/{name}")),
            endpoint: endpoint.to_owned(),
            authority: authority.to_owned(),
            status: "ACTIVE".to_owned(),
            addons: BTreeMap::from([("eks-pod-identity-agent".to_owned(), "ACTIVE".to_owned())]),
            tags: BTreeMap::new(),
            auto_mode: false,
            created: Timestamp::now().as_second(),
        };
        self.clusters.insert(name.to_owned(), cluster);
    }

    /// Puts an association there, without tags. Nothing is checked, not even that it is the only one.
    pub fn add_association(
        &mut self,
        cluster: &str,
        namespace: &str,
        account: &str,
        role_arn: &str,
    ) -> &mut Association {
        let association = self.new_association(cluster, namespace, account, role_arn);
        let entry = self.associations.entry(association.association_id.clone());
        entry.insert_entry(association).into_mut()
    }

    pub(super) fn new_association(
        &mut self,
        cluster: &str,
        namespace: &str,
        account: &str,
        role_arn: &str,
    ) -> Association {
        // An id is `a-` and 17 letters or digits: aws-samples/eks-workshop-v2#882.
        let id = format!("a-{}", self.unique(17).to_lowercase());
        let now = Timestamp::now().as_second();
        Association {
            cluster_name: cluster.to_owned(),
            namespace: namespace.to_owned(),
            service_account: account.to_owned(),
            role_arn: role_arn.to_owned(),
            association_arn: self.eks_arn(&format!("podidentityassociation/{cluster}/{id}")),
            association_id: id,
            tags: BTreeMap::new(),
            created_at: now,
            modified_at: now,
            owner_arn: None,
            disable_session_tags: false,
            target_role_arn: None,
            external_id: None,
            policy: None,
        }
    }

    /// Somebody replaces the association of a service account by one of theirs: another id and role, no tags of ours.
    pub fn swap_association(
        &mut self,
        cluster: &str,
        namespace: &str,
        account: &str,
        role_arn: &str,
    ) {
        self.associations.retain(|_, association| {
            association.cluster_name != cluster
                || association.namespace != namespace
                || association.service_account != account
        });
        self.add_association(cluster, namespace, account, role_arn);
    }

    /// Somebody deletes a role with all that is on it.
    pub fn delete_role_under_us(&mut self, name: &str) {
        self.roles.remove(&name.to_lowercase());
        for profile in self.instance_profiles.values_mut() {
            profile.role.take_if(|role| role.eq_ignore_ascii_case(name));
        }
    }

    /// A unique id of IAM: a prefix for the kind and 17 letters or digits.
    ///
    /// Source: IAM User Guide, "IAM identifiers", unique identifiers.
    pub(super) fn iam_id(&mut self, prefix: &str) -> String {
        format!("{prefix}{}", self.unique(17))
    }

    fn unique(&mut self, width: usize) -> String {
        self.serial += 1;
        format!("{:0width$X}", self.serial)
    }
}

pub(super) fn now() -> String {
    Timestamp::now().to_string()
}
