//! What people feel and what operators pay for, measured on this machine: `cargo xtask bench [NAME]`.
//!
//! Every figure comes from real parts: the device's host with its encrypted store, the server's program, WebSockets.
//! The disk is measured beside them, in the same folder and at the same time, so that a figure from a slow disk can be
//! compared with one from a fast one.

mod device;
mod disk;
mod figures;
mod line;
mod logs;
mod relay;
mod server;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use figures::Table;

/// What a measurement can fail with; a failure ends the program.
type Result<T = (), E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// Something that is measured.
struct Bench {
    name: &'static str,
    run: fn(&Places, &mut Table) -> Result,
    needs_server: bool,
}

const BENCHES: &[Bench] = &[
    Bench { name: "keystroke", run: device::keystroke, needs_server: false },
    Bench { name: "open", run: device::open, needs_server: false },
    Bench { name: "relay", run: relay::relay, needs_server: true },
    Bench { name: "logs", run: logs::logs, needs_server: true },
];

/// Where things are.
pub struct Places {
    folder: PathBuf,
    server: PathBuf,
}

impl Places {
    /// An empty folder on the disk that is measured; it goes when it is dropped.
    fn folder(&self) -> Result<tempfile::TempDir> {
        Ok(tempfile::tempdir_in(&self.folder)?)
    }

    fn server(&self) -> &Path {
        &self.server
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result {
    let variable =
        |name: &str| std::env::var_os(name).map(PathBuf::from).ok_or_else(|| format!("Set {name}, or start this with `cargo xtask bench`."));
    let places = Places { folder: variable("SCANTLING_BENCH_DATA")?, server: variable("SCANTLING_SERVER_BIN")? };
    std::fs::create_dir_all(&places.folder)?;
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let names: Vec<&str> = BENCHES.iter().map(|bench| bench.name).collect();
    if let Some(unknown) = wanted.iter().find(|name| !names.contains(&name.as_str())) {
        return Err(format!("There is no benchmark `{unknown}`. There are: {}.", names.join(", ")).into());
    }
    let mut table = Table::default();
    for bench in BENCHES.iter().filter(|bench| wanted.is_empty() || wanted.iter().any(|name| name == bench.name)) {
        if bench.needs_server && !places.server.is_file() {
            return Err(format!("`{}` needs the sync server, and {} is not there.", bench.name, places.server.display()).into());
        }
        eprintln!("Measuring {} ...", bench.name);
        (bench.run)(&places, &mut table)?;
    }
    println!("{table}");
    Ok(())
}
