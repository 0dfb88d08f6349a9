//! Parses, runs, exits with the code.

use std::process::ExitCode;

use clap::Parser;
use mcpctl::{
    cli::Cli,
    commands,
    config::Environment,
    error::{Error, Kind, Result, Signal},
    report::Ui,
    session::Context,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let environment = Environment::read();
    let ui = Ui::new(environment.no_color);
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            ui.error(&Error::unreachable("cannot start").detail(error.to_string()));
            return ExitCode::from(Kind::Unreachable.exit_code());
        }
    };
    let code = runtime.block_on(run(cli, environment, ui));
    // A prompt that nobody answered must not hold the exit up.
    runtime.shutdown_background();
    code
}

async fn run(cli: Cli, environment: Environment, ui: Ui) -> ExitCode {
    let (sender, receiver) = watch::channel(None);
    tokio::spawn(listen(sender));
    let context = match std::env::current_dir() {
        Ok(working_directory) => Context {
            global: cli.global,
            environment,
            working_directory,
            ui,
            signal: receiver,
        },
        Err(error) => {
            ui.error(&Error::usage("cannot tell the working directory").detail(error.to_string()));
            return ExitCode::from(Kind::Usage.exit_code());
        }
    };
    let result = commands::run(&context, cli.command).await;
    finish(&context, result)
}

fn finish(context: &Context, result: Result<ExitCode>) -> ExitCode {
    let flushed = context.ui.flush();
    match result.and_then(|code| flushed.map(|()| code)) {
        Ok(code) => code,
        Err(error) => {
            if error.kind != Kind::ClosedOutput {
                context.ui.error(&error);
            }
            ExitCode::from(error.kind.exit_code())
        }
    }
}

/// The first signal ends the run in good order, the second at once.
#[expect(clippy::exit, reason = "the second signal means: now")]
async fn listen(sender: watch::Sender<Option<Signal>>) {
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return;
    };
    loop {
        let came = tokio::select! {
            _ = interrupt.recv() => Signal::Interrupt,
            _ = terminate.recv() => Signal::Terminate,
        };
        if sender.send_replace(Some(came)).is_some() {
            std::process::exit(Kind::Interrupted(came).exit_code().into());
        }
    }
}
