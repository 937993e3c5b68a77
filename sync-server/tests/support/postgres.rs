//! A Postgres of the tests' own.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::{Leashed, as_user, free_port, program, wait_until};

pub struct Postgres {
    folder: PathBuf,
    port: u16,
    user: Option<u32>,
    running: Option<Leashed>,
}

/// The one of this test program, started when the first test asks for it.
pub fn shared() -> &'static Postgres {
    static SHARED: OnceLock<Postgres> = OnceLock::new();
    // Its client has a runtime of its own, which does not start inside another.
    SHARED.get_or_init(|| std::thread::spawn(Postgres::start).join().expect("Postgres"))
}

/// Postgres refuses to run as root.
fn other_user() -> Option<u32> {
    let output = Command::new("id").arg("-u").output().expect("id");
    if output.stdout.trim_ascii() != b"0" {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").expect("the users");
    let of = |name: &str| users.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":x:")?.split(':').next()?.parse().ok());
    Some(of("postgres").or_else(|| of("nobody")).expect("a user for Postgres"))
}

impl Postgres {
    pub fn start() -> Self {
        let user = other_user();
        let folder = tempfile::Builder::new().prefix("scantling-postgres-").tempdir().expect("a folder").keep();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).expect("permissions");
        if let Some(user) = user {
            chown(&folder, Some(user), None).expect("an owner");
        }
        let mut command = Command::new(program("initdb", "postgresql"));
        command.args(["--auth=trust", "--username=scantling", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "--pgdata"]).arg(folder.join("data")).current_dir(&folder);
        as_user(&mut command, user);
        let output = command.stdin(Stdio::null()).output().expect("initdb");
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        let mut postgres = Self { folder, port: free_port(), user, running: None };
        postgres.up();
        postgres
    }

    /// Starts it, again if need be at the same port, and waits until it answers.
    pub fn up(&mut self) {
        let set = |text: &str| ["-c".to_owned(), text.to_owned()];
        // The machine does not lose power during a test, so nothing is synced.
        let sockets = format!("unix_socket_directories={}", self.folder.display());
        let arguments: Vec<String> = [
            vec!["-D".to_owned(), self.folder.join("data").display().to_string(), "-p".to_owned(), self.port.to_string()],
            ["listen_addresses=127.0.0.1", &sockets, "fsync=off", "max_connections=400", "shared_buffers=64MB", "log_min_messages=warning"].iter().flat_map(|text| set(text)).collect(),
        ]
        .concat();
        self.running = Some(Leashed::start(&program("postgres", "postgresql"), &arguments, self.user, &self.folder, "QUIT"));
        wait_until("Postgres answers", || self.try_run("postgres", "select 1"));
    }

    /// Ends it as a crash would.
    pub fn down(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.end("QUIT");
        }
    }

    fn try_run(&self, database: &str, sql: &str) -> bool {
        let (url, sql) = (self.url(database), sql.to_owned());
        std::thread::spawn(move || ::postgres::Client::connect(&url, ::postgres::NoTls).and_then(|mut client| client.batch_execute(&sql)).is_ok()).join().expect("the thread")
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://scantling@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// An empty database that sorts texts by the habits of a country, as many do; the same again for a name that was
    /// used before.
    pub fn database(&self, name: &str) -> String {
        let plain = format!("create database \"{name}\" template template0");
        // Before version 15 there was but one kind of habits.
        if !self.try_make(&format!("{plain} locale_provider icu icu_locale 'en-US' locale 'C.UTF-8'")) {
            assert!(self.try_make(&plain), "{plain}");
        }
        self.url(name)
    }

    /// Whether there is the database now.
    fn try_make(&self, sql: &str) -> bool {
        let (url, sql) = (self.url("postgres"), sql.to_owned());
        let made = std::thread::spawn(move || ::postgres::Client::connect(&url, ::postgres::NoTls).and_then(|mut client| client.batch_execute(&sql))).join().expect("the thread");
        made.map_or_else(|error| error.code().map(::postgres::error::SqlState::code) == Some("42P04"), |()| true)
    }

    /// What a query answers, its first column as text.
    pub fn ask(&self, database: &str, sql: &str) -> Vec<String> {
        let (url, sql) = (self.url(database), sql.to_owned());
        std::thread::spawn(move || {
            let mut client = ::postgres::Client::connect(&url, ::postgres::NoTls).expect("a connection");
            client.query(&sql, &[]).expect("an answer").iter().map(|row| row.get::<_, String>(0)).collect()
        })
        .join()
        .expect("the thread")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.down();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
