//! What can be set, and what holds when nothing is.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

/// The sync server of Scantling. It starts without configuration.
#[derive(Parser, Clone, Debug)]
#[command(name = "scantling-server", version)]
pub struct Config {
    /// Where everything is kept; made if need be, for its owner alone.
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
