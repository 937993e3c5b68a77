//! Real servers for the tests: Postgres and NATS from the system's packages, in a folder of their own.

#![allow(dead_code, reason = "each test program uses its part")]

pub mod balancer;
pub mod nats;
pub mod postgres;

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

/// Starts a program and ends it when the tests end, however they end: it stands on a leash of a pipe that breaks with them.
pub struct Leashed {
    shell: Child,
    leash: Option<ChildStdin>,
}

impl Leashed {
    /// Runs `program` in `folder`, as `user` if one is given. When the tests are gone, it ends by the signal `last`, and
    /// the folder is removed.
    pub fn start(program: &Path, arguments: &[String], user: Option<u32>, folder: &Path, last: &str) -> Self {
        let script = r#"last=$1; shift; "$@" >>log 2>&1 & child=$!; read -r how; kill -"${how:-$last}" $child 2>/dev/null; wait $child; test -n "$how" || { cd /; rm -rf "$folder"; }"#;
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh", last]).arg(program).args(arguments);
        command.env("folder", folder).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        as_user(&mut command, user);
        // Ctrl+C of whoever runs the tests must not reach the shell, which has yet to clean up.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut shell = command.spawn().expect("a shell");
        let leash = shell.stdin.take();
        Self { shell, leash }
    }

    /// Ends the program by a signal and waits until it is gone.
    pub fn end(&mut self, signal: &str) {
        if let Some(mut leash) = self.leash.take() {
            let _ = std::io::Write::write_all(&mut leash, format!("{signal}\n").as_bytes());
        }
        let _ = self.shell.wait();
    }
}

impl Drop for Leashed {
    fn drop(&mut self) {
        self.end("KILL");
    }
}

pub fn as_user(command: &mut Command, user: Option<u32>) {
    if let Some(user) = user {
        std::os::unix::process::CommandExt::uid(command, user);
    }
}

/// A port that is free now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port()
}

/// The path of a program, also where the packages of Debian put what only other programs call.
pub fn program(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.push("/usr/sbin".into());
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin")).collect();
    versions.sort();
    // A server of Debian first: a wrapper on the path may lack its other parts.
    folders.splice(0..0, versions.into_iter().rev());
    folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file()).unwrap_or_else(|| panic!("{name} is not installed; on Debian: apt-get install {package}"))
}

/// Asks until the answer is yes, for half a minute.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The same, without holding up what else runs.
pub async fn wait_for<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let until = Instant::now() + Duration::from_secs(60);
    while !holds().await {
        assert!(Instant::now() < until, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The server as its own process; killed when dropped.
pub struct Process {
    pub child: Child,
    pub address: String,
    /// The rest of what it prints.
    lines: BufReader<std::process::ChildStdout>,
}

impl Process {
    pub fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::at("127.0.0.1:0", arguments, environment)
    }

    pub fn at(listen: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        // Another build can be put to the test, say the released one.
        let mut command = Command::new(std::env::var_os("SCANTLING_SERVER_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_scantling-server").into()));
        command.args(["--listen", listen, "--rate", "100000"]).args(arguments).envs(environment.iter().copied());
        let log = std::env::var_os("SCANTLING_TEST_LOG").and_then(|path| std::fs::File::options().create(true).append(true).open(path).ok());
        let mut child = command.stdout(Stdio::piped()).stderr(log.map_or_else(Stdio::null, Stdio::from)).spawn().expect("the server");
        let mut lines = BufReader::new(child.stdout.take().expect("its output"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("Listening on http://").unwrap_or_else(|| panic!("the server did not start: {line}")).to_owned();
        Self { child, address, lines }
    }

    /// The link that is printed while nobody has an account.
    pub fn setup_link(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        line.trim().strip_prefix("Set up: ").expect("the link").to_owned()
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "kill -{name}");
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let mut rest = String::new();
        let _ = self.lines.read_to_string(&mut rest);
    }
}
