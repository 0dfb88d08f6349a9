//! What a verb is given before any side is asked: flags, environment, output, and the signal that ends it.

use std::{path::PathBuf, rc::Rc};

use tokio::sync::watch;

use crate::{
    backend::Access,
    cli::Global,
    config::{self, Environment, Overrides, Settings},
    error::{Error, Kind, Result, Signal},
    report::{Format, Report, Ui},
};

/// Everything that a verb is given.
pub struct Context {
    /// Flags of every verb.
    pub global: Global,
    /// The environment.
    pub environment: Environment,
    /// Where it was started; empty where that cannot be told, since not every verb needs it.
    pub working_directory: PathBuf,
    /// Output.
    pub ui: Rc<Ui>,
    /// Tells a run in the form that was asked for.
    pub report: Report,
    /// Carries a signal, once there is one.
    pub signal: watch::Receiver<Option<Signal>>,
}

impl Context {
    /// What a verb that was started here is given.
    ///
    /// # Errors
    /// Usage, for a variable that cannot be read.
    pub fn new(
        global: Global,
        format: Format,
        signal: watch::Receiver<Option<Signal>>,
    ) -> Result<Self> {
        let environment = Environment::read()?;
        let ui = Rc::new(Ui::new(environment.surroundings));
        Ok(Self {
            report: Report::new(Rc::clone(&ui), format, global.verbose > 0),
            ui,
            global,
            environment,
            working_directory: std::env::current_dir().unwrap_or_default(),
            signal,
        })
    }

    /// The settings, with flags and variables over them.
    ///
    /// # Errors
    /// Usage.
    pub fn settings(&self) -> Result<Settings> {
        let flags = Overrides {
            config: self.global.config.clone(),
            cluster: self.global.cluster.clone(),
            region: self.global.region.clone(),
            account_id: self.global.account_id.clone(),
            domain: self.global.domain.clone(),
        };
        config::load(
            &flags.over(self.environment.overrides.clone()),
            &self.working_directory,
        )
    }

    /// The kubeconfig that is named, else those that the environment names.
    pub fn kubeconfigs(&self) -> Vec<PathBuf> {
        match &self.global.kubeconfig {
            Some(path) => vec![self.working_directory.join(path)],
            None => self.environment.kubeconfigs.clone(),
        }
    }

    /// The cluster that flags and variables name.
    pub fn access(&self) -> Access {
        let named = self.global.context.clone();
        Access {
            kubeconfigs: self.kubeconfigs(),
            context: named.or_else(|| self.environment.context.clone()),
            attended: true,
        }
    }

    /// Ends a phase that writes nothing as soon as a signal comes.
    ///
    /// # Errors
    /// Interrupted.
    pub async fn until_signal<T>(&self, phase: impl Future<Output = Result<T>>) -> Result<T> {
        let mut signal = self.signal.clone();
        let came = async {
            match signal.wait_for(Option::is_some).await.map(|came| *came) {
                Ok(Some(came)) => came,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            result = phase => result,
            came = came => Err(Error::new(Kind::Interrupted(came), "interrupted; nothing was written")),
        }
    }
}
