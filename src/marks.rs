//! The labels and tags by which we know what is ours.

/// Label and tag that say whose tenant an object is.
pub const TENANT: &str = "mcpctl.dev/tenant";
/// Label by which the identity policy finds the namespaces of tenants.
pub const IDENTITY: &str = "mcpctl.dev/identity";
/// Admission policy that refuses pods of tenants without their credentials.
pub const IDENTITY_POLICY: &str = "mcpctl-identity";
/// Annotation with the host that the ingress policy lets a tenant's Ingress serve.
pub const HOST: &str = "mcpctl.dev/host";
/// Label with the ingress class of a tenant.
pub const INGRESS_CLASS: &str = "mcpctl.dev/ingress-class";
/// Label of the platform's own objects.
pub const PLATFORM: &str = "mcpctl.dev/platform";
/// Tag that says which cluster a role or association belongs to.
pub const CLUSTER: &str = "mcpctl.dev/cluster";
/// Tag with the namespace.
pub const NAMESPACE: &str = "mcpctl.dev/namespace";
/// Tag with the hash of the role's inline policy.
pub const POLICY_HASH: &str = "mcpctl.dev/policy-sha256";
/// Tag with the managed policies that were asked for, each by the first eight digits of its ARN's SHA-256.
pub const MANAGED_POLICIES: &str = "mcpctl.dev/managed-policies";
/// Tag that refuses removal of a tenant of which only the AWS half is looked at.
pub const PROTECTED: &str = "mcpctl.dev/protected";
/// Annotation and tag on what was taken over, which a removal gives back.
pub const ADOPTED: &str = "mcpctl.dev/adopted";
/// Label on everything that we make; information only.
pub const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "mcpctl");
