//! What can be set, and what holds when nothing is.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use kernel::{Error, Result};

use crate::storage::Place;

/// The sync server of Scantling. It starts without configuration.
#[derive(Parser, Clone, Debug)]
#[command(name = "scantling-server", version, args_conflicts_with_subcommands = true)]
pub struct Config {
    /// Something else than to serve.
    #[command(subcommand)]
    pub task: Option<Task>,
    /// Where everything is kept; made if need be, for its owner alone. With Postgres nothing is.
    #[arg(long, env = "SCANTLING_DATA", default_value = "scantling-data")]
    pub data: PathBuf,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, env = "SCANTLING_LISTEN", default_value = "127.0.0.1:7340")]
    pub listen: SocketAddr,
    /// How people reach the server; links begin with it.
    #[arg(long, env = "SCANTLING_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// What people call the server.
    #[arg(long, env = "SCANTLING_NAME", default_value = "Scantling")]
    pub name: String,
    /// Keep everything in Postgres, which several nodes may share: postgres://USER@HOST/NAME, or file:PATH of a file that
    /// holds it. A password stands in that file or in the environment.
    #[arg(long, env = "SCANTLING_DATABASE_URL", hide_env_values = true)]
    pub database: Option<Address>,
    /// Tell the other nodes at once what happened here: nats://HOST:PORT, or file:PATH.
    #[arg(long, env = "SCANTLING_NATS_URL", hide_env_values = true, requires = "database")]
    pub nats: Option<Address>,
    /// The file of credentials for NATS.
    #[arg(long, env = "SCANTLING_NATS_CREDENTIALS")]
    pub nats_credentials: Option<PathBuf>,
    /// The most bytes in the log of one space.
    #[arg(long, env = "SCANTLING_SPACE_QUOTA", default_value_t = 1 << 30)]
    pub space_quota: u64,
    /// Requests a second that one address may make for long; ten times as many at once.
    #[arg(long, env = "SCANTLING_RATE", default_value_t = 30)]
    pub rate: u32,
    /// Believe the last address of X-Forwarded-For: only behind a proxy that sets it.
    #[arg(long, env = "SCANTLING_BEHIND_PROXY")]
    pub behind_proxy: bool,
    /// Write logs as JSON.
    #[arg(long, env = "SCANTLING_LOG_JSON")]
    pub log_json: bool,
}

/// What the program does besides serving.
#[derive(Subcommand, Clone, Debug)]
pub enum Task {
    /// Copy everything into another, empty database and prove that it is the same. Stop the server first.
    Move {
        /// sqlite:PATH of scantling.db, postgres://USER@HOST/NAME, or file:PATH of a file that holds it.
        #[arg(long)]
        from: Address,
        /// The same for the database that is filled.
        #[arg(long)]
        to: Address,
    },
}

/// The address of a service, which may hold a password and is therefore never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// The address itself; `file:PATH` is read now, so that a changed password needs a restart only.
    ///
    /// # Errors
    /// `Invalid` when the file can't be read.
    pub fn reveal(&self) -> Result<String> {
        let Some(path) = self.0.strip_prefix("file:") else { return Ok(self.0.clone()) };
        let text = std::fs::read_to_string(path).map_err(|source| Error::invalid("database", (format!("{path} can't be read: {source}."), format!("{path} не читается: {source}."))))?;
        Ok(text.trim().to_owned())
    }

    /// The database that it names.
    ///
    /// # Errors
    /// `Invalid` for what names none.
    pub fn place(&self) -> Result<Place> {
        self.reveal()?.parse()
    }

    fn has_password(&self) -> bool {
        let host = self.0.split_once("://").and_then(|(_, rest)| rest.split(['/', '?']).next());
        host.and_then(|host| host.rsplit_once('@')).is_some_and(|(user, _)| user.contains(':')) || self.0.contains("password=")
    }
}

impl From<&str> for Address {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl std::str::FromStr for Address {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.into())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

impl Config {
    /// What holds when nothing is set, for a folder.
    #[must_use]
    pub fn in_folder(data: &std::path::Path) -> Self {
        Self {
            task: None,
            data: data.to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            public_url: None,
            name: "Scantling".to_owned(),
            database: None,
            nats: None,
            nats_credentials: None,
            space_quota: 1 << 30,
            rate: 30,
            behind_proxy: false,
            log_json: false,
        }
    }

    /// Reads the command line and the environment. A password on the command line is refused: every user of the machine
    /// could read it there.
    #[must_use]
    pub fn read() -> Self {
        let mut command = Self::command();
        let matches = command.get_matches_mut();
        let config = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        let typed = |name: &str| matches.value_source(name) == Some(clap::parser::ValueSource::CommandLine);
        let spoken = [("database", &config.database), ("nats", &config.nats)].into_iter().filter(|(name, _)| typed(name)).filter_map(|(_, address)| address.as_ref());
        let moved = config.task.iter().flat_map(|Task::Move { from, to }| [from, to]);
        if spoken.chain(moved).any(Address::has_password) {
            command
                .error(clap::error::ErrorKind::ValueValidation, "a password on the command line can be read by every user of the machine. Put the address into a file and pass file:PATH, or use the environment (SCANTLING_DATABASE_URL, SCANTLING_NATS_URL)")
                .exit();
        }
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_recognised_and_never_shown() {
        for (address, has) in [
            ("postgres://ada:secret@host/name", true),
            ("postgres://ada@host/name?password=secret", true),
            ("postgres://ada@host:5432/name", false),
            ("nats://user:secret@host:4222", true),
            ("nats://host:4222", false),
            ("sqlite:/a/b@c:d", false),
            ("file:/run/secrets/database", false),
        ] {
            assert_eq!(Address::from(address).has_password(), has, "{address}");
            assert!(!format!("{:?}", Address::from(address)).contains("secret"));
        }
        let place = Address::from("postgres://ada:secret@host/name").place().unwrap().to_string();
        assert!(place.contains("name at host") && !place.contains("secret"), "{place}");
    }
}
