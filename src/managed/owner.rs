//! Field managers: which are ours, behind which a person sits, and which apply what stands in a repository.

/// Our field manager.
pub const MANAGER: &str = "mcpctl";
/// Takes out what others put in, which an apply cannot. An Update manager, and as such a hand.
pub const REPAIR_MANAGER: &str = "mcpctl-repair";
/// Restarts pods without touching our own entry.
pub const RESTART_MANAGER: &str = "mcpctl-restart";
/// Holds the number of pods between us and the autoscaler that is to set it.
pub const HANDOVER_MANAGER: &str = "mcpctl-handover";
/// Managers that apply, from a repository, what `--dry-run` printed.
const GITOPS: [&str; 3] = ["argocd-controller", "flux", "kustomize-controller"];
/// Managers behind which a person sits.
const HANDS: [&str; 8] = [
    "kubectl",
    "k9s",
    "Lens",
    "Mozilla",
    "headlamp",
    "rancher",
    "dashboard",
    "edit",
];

/// A manager as it owns something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Name of the field manager.
    pub manager: String,
    /// Whether it applies, and so means to keep the field.
    pub applies: bool,
    /// When it last wrote.
    pub time: String,
}

impl Owner {
    /// Whether this is us.
    pub fn is_us(&self) -> bool {
        self.manager == MANAGER && self.applies
    }

    /// Whether what it applied may be what we printed.
    pub fn may_carry_our_record(&self) -> bool {
        self.applies && (self.manager == MANAGER || GITOPS.contains(&self.manager.as_str()))
    }

    /// Whether it applies what stands in a repository.
    pub fn is_gitops(&self) -> bool {
        self.applies && GITOPS.contains(&self.manager.as_str())
    }

    /// Whether a person edited by hand, whose change is drift and not a claim.
    pub fn is_a_hand(&self) -> bool {
        !self.applies && HANDS.iter().any(|hand| self.manager.starts_with(hand))
            || [RESTART_MANAGER, REPAIR_MANAGER, HANDOVER_MANAGER].contains(&self.manager.as_str())
    }
}
