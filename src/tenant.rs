//! One tenant on the path: from what is said and what lives to a plan.

use std::{path::Path, rc::Rc};

use futures_util::future::{join, try_join};

use crate::{
    backend::Side,
    cli::{self, Only},
    config::Settings,
    desired::{self, Half},
    error::{Error, Result},
    input::{Flags, Given},
    object::{Id, Object, State},
    observe::{self, Holders},
    plan::Subject,
    record::{self, Record},
    session::Session,
    spec::{Names, Resolved, TenantName, resolve},
};

mod carried;
mod findings;
mod half;
mod hosts;
mod in_aws;
mod left;
mod planned;
mod pods;
mod shared_role;
mod wants;

pub use findings::{findings, unseen_variables};
pub use half::{NO_RECORD, give_file};
pub use left::{only_in_aws, orphans};
pub use planned::{How, existing};
pub use wants::wants_deployment;

/// A tenant as it is said to be and as it lives.
pub struct Look {
    /// Its name.
    pub name: TenantName,
    /// Whose objects are meant.
    pub subject: Subject,
    /// Derived or recorded names.
    pub names: Names,
    /// What was recorded, if it can be believed.
    pub record: Option<Record>,
    /// Its namespace, whoever made it.
    pub namespace: Option<Object>,
    /// What AWS has under its names.
    identity: State,
    /// Who holds hosts, if that was read already.
    holders: Option<Rc<Holders>>,
}

/// Checks a tenant's name.
///
/// # Errors
/// Usage, with the rule and the character.
pub fn parse_name(text: &str) -> Result<TenantName> {
    text.parse()
        .map_err(|why| Error::usage(format!("tenant name {why}")))
}

/// Reads what a verb says about a tenant.
///
/// # Errors
/// Usage, with file, line and key.
pub fn given(given: &cli::Input, cwd: &Path) -> Result<Given> {
    let flags = Flags {
        image: given.image.clone(),
        tier: given.tier.clone(),
        policy: given.policy.clone(),
        set: given.set.clone(),
        allow: given.allow.clone(),
    };
    Given::read(given.file.as_deref(), flags, cwd)
}

/// What a tenant would be, from files and flags alone: calls nothing.
///
/// # Errors
/// Usage.
pub fn offline(name: &TenantName, given: &Given, settings: &Settings) -> Result<(Resolved, State)> {
    let names = Names::derive(name, settings)?;
    let resolved = resolve(given.over(name, None)?, names, settings)?;
    let wanted = desired::tenant(&resolved, settings, None)?;
    Ok((resolved, wanted))
}

/// Keeps the half that is meant.
pub fn keep(state: &mut State, only: Option<Only>) {
    if let Some(only) = only {
        let half = if only == Only::Aws {
            Half::Aws
        } else {
            Half::Kubernetes
        };
        state.retain(|id, _| half.has(id));
    }
}

impl Look {
    /// Looks for the tenant's namespace and reads its record, and for its role and association: under the derived
    /// names meanwhile, which nearly always are the recorded ones.
    ///
    /// # Errors
    /// Conflict, for a record that was edited, and where somebody else carries role and association out than the settings
    /// say; else what the API server answered.
    pub async fn at(session: &Session<'_>, name: TenantName) -> Result<Self> {
        let (look, fault) = Self::with_fault(session, name).await?;
        look.believed(fault, session)
    }

    /// As [`Self::at`], for a tenant that is to be made: who holds hosts is read beside the search for a role that a lost
    /// record may have left, which takes a round trip of its own.
    ///
    /// # Errors
    /// As [`Self::at`].
    pub async fn to_make(session: &Session<'_>, name: TenantName) -> Result<Self> {
        // Where they may not be read, whoever needs them asks again and says so.
        let holders = async || match &session.kubernetes {
            Some(kubernetes) => observe::holders(kubernetes).await.ok(),
            None => None,
        };
        let (look, fault) = Self::with(session, name, holders).await?;
        look.believed(fault, session)
    }

    fn believed(self, fault: Option<Error>, session: &Session<'_>) -> Result<Self> {
        match fault {
            Some(fault) => Err(fault),
            None => self.carried_out_as_told(session).map(|()| self),
        }
    }

    /// As [`Self::at`], for a view that shows what there is: a record that cannot be believed is as none, and why.
    ///
    /// # Errors
    /// What the API server answered; conflict, when two namespaces say that they are this tenant's.
    pub async fn with_fault(
        session: &Session<'_>,
        name: TenantName,
    ) -> Result<(Self, Option<Error>)> {
        Self::with(session, name, async || None).await
    }

    /// Reads who holds hosts as well, where nothing of the tenant lives under the derived names.
    async fn with(
        session: &Session<'_>,
        name: TenantName,
        holders: impl AsyncFnOnce() -> Option<Holders>,
    ) -> Result<(Self, Option<Error>)> {
        let settings = &session.settings;
        let derived = Names::derive(&name, settings)?;
        let namespace = async {
            match &session.kubernetes {
                Some(kubernetes) => {
                    observe::namespace(kubernetes, name.as_str(), &derived.namespace).await
                }
                None => Ok(None),
            }
        };
        let (namespace, mut identity) =
            try_join(namespace, identity(session, &name, &derived)).await?;
        let (record, fault) = match namespace.as_ref().map(Record::read) {
            Some(Ok(record)) => (record.filter(|record| record.input.name == name), None),
            Some(Err(fault)) => (None, Some(fault)),
            None => (None, None),
        };
        // Without a record a role of ours may still tell which names the tenant was given.
        let told = |role: &Object| observe::names_of(role, settings, &derived);
        let recorded = record.as_ref().map(|record| record.names.clone());
        let mut names = recorded.or_else(|| identity.values().find_map(told));
        let mut held = None;
        if let (None, Some(Side::Aws(aws))) = (&names, session.identities()) {
            let search = observe::names_in_aws(aws, name.as_str(), settings, &derived);
            let holders = async {
                match &namespace {
                    Some(_) => None,
                    None => holders().await,
                }
            };
            let (found, read) = join(search, holders).await;
            (names, held) = (found?, read);
        }
        let names = names.unwrap_or_else(|| derived.clone());
        if names != derived && session.ack.is_none() {
            identity = self::identity(session, &name, &names).await?;
        }
        let subject = Subject::Tenant {
            name: name.to_string(),
            cluster: settings.cluster.name.to_string(),
            namespace: names.namespace.clone(),
        };
        let look = Self {
            name,
            subject,
            names,
            record,
            namespace,
            identity,
            holders: held.map(Rc::new),
        };
        Ok((look, fault))
    }

    /// Whether the namespace is the tenant's.
    pub fn owns_namespace(&self) -> bool {
        self.namespace
            .as_ref()
            .is_some_and(|namespace| self.subject.owns(namespace))
    }

    /// Whether the namespace is being deleted.
    pub fn is_going(&self) -> bool {
        self.namespace
            .as_ref()
            .is_some_and(|namespace| !namespace.text("/metadata/deletionTimestamp").is_empty())
    }

    /// What the tenant is to be.
    ///
    /// # Errors
    /// Usage.
    pub fn resolve(&self, given: &Given, session: &Session<'_>) -> Result<Resolved> {
        let recorded = self.record.as_ref().map(|record| &record.input);
        let resolved = resolve(
            given.over(&self.name, recorded)?,
            self.names.clone(),
            &session.settings,
        );
        let unread = session.kubernetes.is_none() && given.tenant().is_none();
        resolved.map_err(|error| {
            if unread {
                error.detail(NO_RECORD).hint(give_file(&self.name))
            } else {
                error
            }
        })
    }

    /// Everything of the tenant that lives, and what else has one of the wanted names.
    ///
    /// # Errors
    /// What a side answered.
    pub async fn live(&self, session: &Session<'_>, wanted: &State) -> Result<State> {
        let mut live = self.objects(session, wanted).await?;
        live.extend(self.identity.clone());
        Ok(observe::relevant(live, wanted, &self.subject))
    }

    /// The half in the cluster.
    async fn objects(&self, session: &Session<'_>, wanted: &State) -> Result<State> {
        let Some(kubernetes) = &session.kubernetes else {
            return Ok(State::new());
        };
        // Without a record, the kinds of our own templates.
        let recorded = self.record.as_ref().map(|record| record.kinds.clone());
        let mut kinds = recorded.unwrap_or_else(record::own_kinds);
        kinds.extend(
            wanted
                .keys()
                .filter(|id| !id.is_aws() && !id.namespace.is_empty())
                .map(|id| (id.group.clone(), id.kind.clone())),
        );
        observe::discover(kubernetes, wanted, &kinds).await?;
        let Some(namespace) = &self.namespace else {
            return Ok(State::new());
        };
        // In a namespace that is not the tenant's there is nothing to remove, but there may be what is in the way.
        let mut live = if self.owns_namespace() || !wanted.is_empty() {
            observe::objects(kubernetes, &kinds, &namespace.id().name).await?
        } else {
            State::new()
        };
        live.insert(namespace.id().clone(), namespace.clone());
        Ok(live)
    }

    /// What the templates make of the tenant, both halves.
    ///
    /// # Errors
    /// Usage, for a template or policy.
    pub fn wanted(&self, resolved: &Resolved, session: &Session<'_>) -> Result<State> {
        desired::tenant(resolved, &session.settings, self.record.as_ref())
    }

    /// The namespace of this name is somebody else's.
    pub fn foreign_namespace(&self) -> Option<Id> {
        self.namespace
            .as_ref()
            .filter(|namespace| !self.subject.owns(namespace))
            .map(|namespace| namespace.id().clone())
    }
}

/// Role and association under some names; nothing where AWS is left out.
async fn identity(session: &Session<'_>, tenant: &TenantName, names: &Names) -> Result<State> {
    match session.identities() {
        Some(Side::Aws(aws)) => {
            observe::identity(aws, tenant.as_str(), names, &session.settings).await
        }
        Some(Side::Kubernetes(kubernetes)) => observe::carried(kubernetes, tenant.as_str()).await,
        None => Ok(State::new()),
    }
}

/// Names of all tenants of the cluster, those whose namespace lost its label included.
///
/// # Errors
/// What the API server answered.
pub async fn all(session: &Session<'_>) -> Result<Vec<TenantName>> {
    let kind = crate::object::own_kind("", "Namespace");
    let namespaces = session.kubernetes()?.list(kind, "", "").await?;
    let prefix = session.settings.namespace_prefix.as_str();
    let mut names: Vec<TenantName> = namespaces
        .iter()
        .filter_map(|namespace| record::tenant(namespace, prefix)?.parse().ok())
        .collect();
    names.sort();
    names.dedup();
    Ok(names)
}
