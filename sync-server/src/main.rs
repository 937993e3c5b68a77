//! `scantling-server`: starts, says where it listens, and stops in good order.

use std::io::Write;
use std::process::ExitCode;

use scantling_server::config::{Address, Task};
use scantling_server::server::migrations;
use scantling_server::storage::transfer::transfer;
use scantling_server::{Config, Server};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let config = Config::read();
    let filter = EnvFilter::try_from_env("SCANTLING_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if config.log_json { logs.json().init() } else { logs.init() }
    if let Some(Task::Move { from, to }) = &config.task {
        return match relocate(from, to) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => refuse(&error.words.en),
        };
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&error),
    };
    runtime.block_on(async {
        let server = match Server::start(config).await {
            Ok(server) => server,
            Err(error) => return refuse(&error.words.en),
        };
        // These two lines are for people and for programs that start the server; logs go to stderr.
        let mut out = std::io::stdout();
        let _ = writeln!(out, "Listening on http://{}", server.address);
        if let Some(link) = &server.setup_link {
            let _ = writeln!(out, "Set up: {link}");
        }
        let _ = out.flush();
        asked_to_stop().await;
        tracing::info!("stopping");
        server.stop().await;
        ExitCode::SUCCESS
    })
}

fn relocate(from: &Address, to: &Address) -> kernel::Result<()> {
    let mut out = std::io::stdout();
    let mut say = |line: &str| drop(writeln!(out, "{line}"));
    let moved = transfer(&from.place()?, &to.place()?, &migrations(), &mut say)?;
    say(&format!("Moved: {moved}.\nThe old database is as it was. Start the server on the new one, and put the old one away."));
    Ok(())
}

fn refuse(reason: &dyn std::fmt::Display) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "scantling-server: {reason}");
    ExitCode::FAILURE
}

async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
