//! The programs under test, and a sync server that can be cut off and brought back.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::PATIENCE;
use super::group::Group;

/// The window: `scantling` built with the feature `desktop`.
pub fn desktop() -> PathBuf {
    program("SCANTLING_DESKTOP_BIN", "cargo build -p scantling --features desktop")
}

/// The sync server.
pub fn server() -> PathBuf {
    program("SCANTLING_SERVER_BIN", "cargo build -p scantling-server")
}

fn program(variable: &str, how: &str) -> PathBuf {
    let path = std::env::var_os(variable).map(PathBuf::from);
    let path = path.unwrap_or_else(|| panic!("set {variable} to the program that `{how}` makes"));
    assert!(path.is_file(), "{variable} names {}, which is no file", path.display());
    path
}

/// When the window of this process group was started, since the epoch, to a hundredth of a second.
pub fn started(group: u32) -> Duration {
    let name = desktop().file_name().expect("a program has a name").to_string_lossy().chars().take(15).collect::<String>();
    let ticks = std::fs::read_dir("/proc").expect("/proc is there").filter_map(|entry| {
        let stat = std::fs::read_to_string(entry.ok()?.path().join("stat")).ok()?;
        // The name stands in parentheses and may hold anything; after it come the state and 49 numbers.
        let (before, after) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = after.split_whitespace().collect();
        let own = before.ends_with(&format!("({name}")) && fields.get(2)?.parse() == Ok(group);
        own.then(|| fields.get(19)?.parse::<u64>().ok()).flatten()
    });
    let ticks = ticks.min().expect("the window belongs to the group of its driver");
    let uptime = std::fs::read_to_string("/proc/uptime").expect("/proc is there");
    let uptime = uptime.split_whitespace().next().and_then(|text| text.parse().ok()).expect("seconds since the start of the system");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("the clock is right");
    now - Duration::from_secs_f64(uptime) + Duration::from_millis(ticks * 10)
}

/// A sync server with a folder of its own.
pub struct Server {
    data: TempDir,
    running: Option<Group>,
    /// `http://127.0.0.1:PORT`, the same after every restart.
    pub address: String,
    /// The one-time link that the first start printed.
    pub setup: String,
}

impl Server {
    /// Starts a fresh server on a free port and reads what it says of itself.
    pub fn start() -> Server {
        let data = tempfile::tempdir().expect("a folder for the server");
        let mut server = Server { data, running: None, address: String::new(), setup: String::new() };
        server.run("127.0.0.1:0", &["Listening on ", "Set up: "]);
        server
    }

    /// Cuts the power: nothing is flushed, no connection is closed in order.
    pub fn kill(&mut self) {
        self.running.take().expect("the server runs").kill();
    }

    /// Brings the server back on the same address and the same data.
    pub fn restart(&mut self) {
        assert!(self.running.is_none(), "the server runs already");
        let listen = self.address.trim_start_matches("http://").to_owned();
        self.run(&listen, &["Listening on "]);
    }

    fn run(&mut self, listen: &str, wanted: &[&str]) {
        let mut group = Group::start(
            Group::command(server()).arg("--data").arg(self.data.path()).args(["--listen", listen]).stdout(Stdio::piped()).stderr(Stdio::inherit()),
        );
        let said = group.child().stdout.take().expect("the output is piped");
        let (tell, told) = mpsc::channel();
        // The pipe is read to its end, or a talkative server would stop at a full one.
        std::thread::spawn(move || {
            for line in BufReader::new(said).lines().map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        let mut missing = wanted.to_vec();
        while !missing.is_empty() {
            let line = told.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("the server never said {missing:?}"));
            missing.retain(|word| match line.split_once(word) {
                Some((_, rest)) if *word == "Set up: " => {
                    self.setup = rest.trim().to_owned();
                    false
                }
                Some((_, rest)) => {
                    self.address = rest.trim().trim_end_matches('/').to_owned();
                    false
                }
                None => true,
            });
        }
        self.running = Some(group);
    }
}
