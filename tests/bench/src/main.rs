//! What people feel and what operators pay for, measured on this machine: `cargo xtask bench [NAME]`.
//!
//! Every figure comes from real parts: the device's host with its encrypted store, the server's program, WebSockets.
//! The disk is measured beside them, in the same folder and at the same time, so that a figure from a slow disk can be
//! compared with one from a fast one.

mod device;
mod disk;
mod figures;
mod launch;
mod line;
mod logs;
mod relay;
mod server;
mod together;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use figures::Table;

/// What a measurement can fail with; a failure ends the program.
type Result<T = (), E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// Something that is measured.
struct Bench {
    name: &'static str,
    run: fn(&Places, &mut Table) -> Result,
    /// The programs that it drives.
    needs: &'static [&'static str],
}

const SERVER: &str = "SCANTLING_SERVER_BIN";
const WINDOW: &str = "SCANTLING_DESKTOP_BIN";

const BENCHES: &[Bench] = &[
    Bench { name: "keystroke", run: device::keystroke, needs: &[] },
    Bench { name: "open", run: device::open, needs: &[] },
    Bench { name: "launch", run: launch::launch, needs: &[WINDOW] },
    Bench { name: "relay", run: relay::relay, needs: &[SERVER] },
    Bench { name: "writers", run: relay::writers, needs: &[SERVER] },
    Bench { name: "together", run: together::together, needs: &[SERVER] },
    Bench { name: "logs", run: logs::logs, needs: &[SERVER] },
];

/// Where things are.
pub struct Places {
    folder: PathBuf,
    server: PathBuf,
    window: PathBuf,
}

impl Places {
    /// An empty folder on the disk that is measured; it goes when it is dropped.
    fn folder(&self) -> Result<tempfile::TempDir> {
        Ok(tempfile::tempdir_in(&self.folder)?)
    }

    fn server(&self) -> &Path {
        &self.server
    }

    fn window(&self) -> &Path {
        &self.window
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
    let places = Places { folder: variable("SCANTLING_BENCH_DATA")?, server: variable(SERVER)?, window: variable(WINDOW)? };
    std::fs::create_dir_all(&places.folder)?;
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let names: Vec<&str> = BENCHES.iter().map(|bench| bench.name).collect();
    if let Some(unknown) = wanted.iter().find(|name| !names.contains(&name.as_str())) {
        return Err(format!("There is no benchmark `{unknown}`. There are: {}.", names.join(", ")).into());
    }
    let mut table = Table::default();
    for bench in BENCHES.iter().filter(|bench| wanted.is_empty() || wanted.iter().any(|name| name == bench.name)) {
        for name in bench.needs {
            let program = variable(name)?;
            if !program.is_file() {
                return Err(format!("`{}` needs a program, and {} is not there.", bench.name, program.display()).into());
            }
        }
        eprintln!("Measuring {} ...", bench.name);
        (bench.run)(&places, &mut table)?;
    }
    println!("{}\n\n{table}", machine());
    Ok(())
}

/// Where the figures come from, as far as the system tells. What else runs at the same time makes the slowest of
/// everything slower, so the load belongs to it.
fn machine() -> String {
    let line = |file: &str, name: &str| {
        let text = std::fs::read_to_string(file).ok()?;
        Some(text.lines().find_map(|line| line.strip_prefix(name))?.trim_start_matches([' ', '\t', ':']).to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let model = line("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let memory = line("/proc/meminfo", "MemTotal").and_then(|size| size.split(' ').next()?.parse::<u64>().ok());
    let memory = memory.map_or_else(String::new, |kilobytes| format!(", {} GB of memory", kilobytes / 1_000_000));
    let system = line("/proc/sys/kernel/osrelease", "").map_or_else(String::new, |release| format!(", {} {release}", std::env::consts::OS));
    let load = line("/proc/loadavg", "").and_then(|load| load.split(' ').next().map(str::to_owned));
    let load = load.map_or_else(String::new, |load| format!(", load {load}"));
    format!("{cores} cores ({model}){memory}{system}{load}")
}
