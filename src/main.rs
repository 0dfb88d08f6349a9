//! Parses, runs, exits with the code.

use std::process::ExitCode;

use clap::Parser;
use mcpctl::{
    cli::{Cli, Command},
    commands, complete,
    error::{Error, Kind, Result, Signal},
    report::{self, Ui},
    session::Context,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

fn main() -> ExitCode {
    match complete::answer() {
        Ok(false) => {}
        Ok(true) => return ExitCode::SUCCESS,
        Err(error) => {
            drop(error.print());
            return ExitCode::from(Kind::Usage.exit_code());
        }
    }
    let cli = Cli::parse();
    let (sender, signal) = watch::channel(None);
    let context = match Context::new(cli.global, signal) {
        Ok(context) => context,
        Err(error) => {
            Ui::new(true).error(&error);
            return ExitCode::from(error.kind.exit_code());
        }
    };
    report::show_calls(&context.ui, context.global.verbose);
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            context
                .ui
                .error(&Error::unreachable("cannot start").detail(error.to_string()));
            return ExitCode::from(Kind::Unreachable.exit_code());
        }
    };
    let code = runtime.block_on(run(&context, cli.command, sender));
    // A prompt that nobody answered must not hold the exit up.
    runtime.shutdown_background();
    code
}

async fn run(
    context: &Context,
    command: Command,
    signals: watch::Sender<Option<Signal>>,
) -> ExitCode {
    tokio::spawn(listen(signals));
    finish(context, commands::run(context, command).await)
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
