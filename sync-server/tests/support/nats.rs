//! A NATS of the tests' own, with JetStream.

use std::path::PathBuf;

use super::{Leashed, free_port, program, wait_until};

pub struct Nats {
    folder: PathBuf,
    port: u16,
    options: &'static [&'static str],
    running: Option<Leashed>,
}

impl Nats {
    pub fn start() -> Self {
        Self::with(&["-js", "-sd", "store"])
    }

    /// One that keeps nothing.
    pub fn without_jetstream() -> Self {
        Self::with(&[])
    }

    fn with(options: &'static [&'static str]) -> Self {
        let folder = tempfile::Builder::new().prefix("scantling-nats-").tempdir().expect("a folder").keep();
        let mut nats = Self { folder, port: free_port(), options, running: None };
        nats.up();
        nats
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub fn up(&mut self) {
        let arguments: Vec<String> = self.options.iter().copied().chain(["-a", "127.0.0.1", "-p"]).map(str::to_owned).chain([self.port.to_string()]).collect();
        self.running = Some(Leashed::start(&program("nats-server", "nats-server"), &arguments, None, &self.folder, "KILL"));
        let port = self.port;
        wait_until("NATS answers", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    }

    /// As if its machine had failed.
    pub fn down(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.end("KILL");
        }
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.down();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
