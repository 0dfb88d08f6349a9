//! The AWS emulator: `ministack`, a Python program.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http::Request;

use super::{ACCOUNT, REGION};
use crate::engine::Engine;
use crate::http::Loopback;
use crate::ports;
use crate::process::Process;

const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Ministack {
    process: Process,
    url: String,
}

impl Ministack {
    /// Starts the emulator without waiting for it.
    pub(crate) fn start(environment: &Path, dir: &Path) -> Result<Self> {
        let [port] = ports::free()?;
        let env = [
            ("GATEWAY_PORT", port.to_string()),
            ("BIND_HOST", "127.0.0.1".to_owned()),
            // These two would open ports of fixed numbers, on which a second sandbox would collide.
            ("IOT_MTLS_ENABLED", "0".to_owned()),
            ("SFTP_ENABLED", "0".to_owned()),
            ("MINISTACK_ACCOUNT_ID", ACCOUNT.to_owned()),
            ("MINISTACK_REGION", REGION.to_owned()),
            // It is not asked to start containers.
            ("DOCKER_HOST", "unix:///nonexistent".to_owned()),
            ("LOG_LEVEL", "WARNING".to_owned()),
            ("TMPDIR", dir.display().to_string()),
        ];
        let program = environment.join("bin/python");
        let process = Process::start("ministack", &program, ["-m", "ministack"], &env, dir)?;
        Ok(Self {
            process,
            url: format!("http://127.0.0.1:{port}"),
        })
    }

    /// Waits until it answers; starts it again if its port was taken meanwhile.
    pub(crate) fn await_ready(
        &mut self,
        engine: &Engine,
        environment: &Path,
        dir: &Path,
    ) -> Result<()> {
        for _ in 0..ports::ATTEMPTS {
            match self.await_answer(engine) {
                Err(error) if ports::was_taken(&error) => *self = Self::start(environment, dir)?,
                outcome => return outcome,
            }
        }
        bail!("no port stayed free for the AWS emulator")
    }

    fn await_answer(&mut self, engine: &Engine) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let health =
                Request::get(format!("{}/_ministack/health", self.url)).body(Bytes::new())?;
            let answered = engine.run(async move {
                let answer = Loopback::new().send(health).await;
                if answer.is_err() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Ok(answer.is_ok_and(|answer| answer.status().is_success()))
            })?;
            if answered {
                return Ok(());
            }
            if let Some(end) = self.process.exited() {
                bail!("{end}");
            }
            if Instant::now() > deadline {
                bail!(
                    "the AWS emulator was not ready after {PATIENCE:?}:\n{}",
                    self.process.tail()
                );
            }
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// A call that goes past the front, unsigned: the emulator finds the service by the operation.
pub(crate) async fn query(url: &str, form: String) -> Result<String> {
    let request = Request::post(format!("{url}/"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(form))?;
    let answer = Loopback::new()
        .send(request)
        .await
        .context("the AWS emulator did not answer")?;
    let text = String::from_utf8_lossy(answer.body()).into_owned();
    if !answer.status().is_success() {
        bail!("{}: {text}", answer.status());
    }
    Ok(text)
}
