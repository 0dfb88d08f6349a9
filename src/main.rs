//! Parses, runs, exits with the code.

use std::{
    io::{self, Write},
    process::ExitCode,
    rc::Rc,
};

use clap::Parser;
use mcpctl::{
    cli::{Cli, Command},
    commands, complete,
    config::Surroundings,
    error::{Error, Kind, Result, Signal},
    report::{self, Format, Report, Ui},
    session::Context,
};
use tokio::{
    signal::unix::{self, SignalKind, signal},
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
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(said) => return print(&said),
    };
    let (sender, signal) = watch::channel(None);
    let format = cli.command.format();
    let context = match Context::new(cli.global, format, signal) {
        Ok(context) => context,
        Err(error) => {
            let ui = Ui::new(Surroundings::of_this_process());
            return exit_code(Report::new(Rc::new(ui), format, false).end(Err(error)));
        }
    };
    report::show_calls(&context.ui, context.global.verbose);
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            let error = Error::unreachable("cannot start").detail(error.to_string());
            return exit_code(context.report.end(Err(error)));
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
    // Before anything is begun that a signal should end.
    if let (Ok(interrupt), Ok(terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) {
        tokio::spawn(listen((interrupt, terminate), signals));
    }
    let result = commands::run(context, command).await;
    exit_code(context.report.end(result))
}

fn exit_code(result: Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| ExitCode::from(error.kind.exit_code()))
}

/// Help and version are data; what is wrong with the command line is for people.
fn print(said: &clap::Error) -> ExitCode {
    match said.print().and_then(|()| io::stdout().flush()) {
        Err(error) if !said.use_stderr() => {
            let ui = Ui::new(Surroundings::of_this_process());
            exit_code(Report::new(Rc::new(ui), Format::Text, false).end(Err(error.into())))
        }
        _ if said.use_stderr() => ExitCode::from(Kind::Usage.exit_code()),
        _ => ExitCode::SUCCESS,
    }
}

/// The first signal ends the run in good order, the second at once.
#[expect(clippy::exit, reason = "the second signal means: now")]
async fn listen(
    (mut interrupt, mut terminate): (unix::Signal, unix::Signal),
    sender: watch::Sender<Option<Signal>>,
) {
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
