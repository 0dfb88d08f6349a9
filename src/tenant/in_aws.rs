//! What IAM and EKS themselves have of a tenant whose role and association ACK carries out.

use super::{Look, keep, shared_role};
use crate::{
    backend::Aws,
    cli::Only,
    config::{AwsMode, Settings},
    desired,
    error::Result,
    observe,
    plan::{self, Options, Plan},
    session::Session,
    spec::Resolved,
};

impl Look {
    /// What would have to change in AWS itself. Nobody here carries it out: ACK does, when it looks again.
    ///
    /// # Errors
    /// Usage, for a template or policy; else what AWS answered.
    pub async fn plan_in_aws(
        &self,
        resolved: &Resolved,
        session: &Session<'_>,
        aws: &Aws,
    ) -> Result<Plan> {
        let settings = Settings {
            aws: AwsMode::Direct,
            ..session.settings.clone()
        };
        let mut wanted = desired::tenant(resolved, &settings, self.record.as_ref())?;
        keep(&mut wanted, Some(Only::Aws));
        let live = observe::identity(aws, self.name.as_str(), &self.names, &settings).await?;
        let mut plan = plan::toward(&wanted, &live, &self.subject, &Options::default());
        plan.conflicts
            .extend(shared_role::conflicts(&settings, Some(aws)).await?);
        Ok(plan)
    }
}
