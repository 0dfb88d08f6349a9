//! What AWS has of a world's cluster: looked at, and changed behind mcpctl's back.

use serde_json::Value;

use super::World;

/// A policy that anybody may have made.
const SOME_POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;

impl World<'_> {
    /// The associations of the cluster, as a list shows them.
    pub(crate) fn associations(&self) -> Vec<Value> {
        let list = self.eks_associations("GET", "", None);
        list["associations"].as_array().expect("a list").clone()
    }

    /// The id of the cluster's first association, which mostly is the only one.
    pub(crate) fn association_id(&self) -> String {
        let all = self.associations();
        let id = all.first().and_then(|one| one["associationId"].as_str());
        id.expect("an association").to_string()
    }

    /// The same association with all its fields.
    pub(crate) fn association(&self) -> Value {
        self.eks_associations("GET", &self.association_id(), None)["association"].clone()
    }

    /// Makes an association; its id.
    pub(crate) fn associate(&self, body: Value) -> String {
        let made = self.eks_associations("POST", "", Some(body));
        let id = made["association"]["associationId"].as_str();
        id.expect("an id").to_string()
    }

    /// Changes the cluster's first association.
    pub(crate) fn change_association(&self, change: Value) {
        self.eks_associations("POST", &self.association_id(), Some(change));
    }

    /// Deletes an association.
    pub(crate) fn delete_association(&self, id: &str) {
        self.eks_associations("DELETE", id, None);
    }

    fn eks_associations(&self, method: &str, id: &str, body: Option<Value>) -> Value {
        let path = format!("/clusters/{}/pod-identity-associations/{id}", self.cluster);
        let answer = self
            .sandbox
            .aws_eks(method, path.trim_end_matches('/'), body);
        answer.unwrap_or_else(|why| panic!("{method} {path}: {why}"))
    }

    /// Makes a managed policy; its ARN.
    pub(crate) fn managed_policy(&self, name: &str) -> String {
        let call = [
            ("Action", "CreatePolicy"),
            ("PolicyName", name),
            ("PolicyDocument", SOME_POLICY),
        ];
        self.sandbox.aws_iam(&call).expect("CreatePolicy");
        format!("arn:aws:iam::{}:policy/{name}", self.sandbox.account_id())
    }
}
