//! What the machine must have, how to tell, and how to get it.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::project::{Project, numbers};
use crate::steps::{Step, Steps};
use crate::{Failure, Result};

/// How a thing is recognised. Not by its package: other systems name packages differently.
enum Trace {
    Program(&'static str),
    /// A program that Debian keeps where only other programs look.
    Server(&'static str),
    Library(&'static str),
    /// A font with the letters of this language.
    Font(&'static str),
}

/// Something the machine must have, and the Debian package that brings it.
struct Need {
    package: &'static str,
    trace: Trace,
}

/// A purpose, and what it needs.
#[derive(Clone, Copy)]
pub struct Needs {
    lists: &'static [&'static [Need]],
    node: bool,
}

const fn program(name: &'static str, package: &'static str) -> Need {
    Need { package, trace: Trace::Program(name) }
}

const fn library(name: &'static str, package: &'static str) -> Need {
    Need { package, trace: Trace::Library(name) }
}

const COMPILING: &[Need] = &[program("cc", "build-essential"), program("make", "build-essential")];
const STORING: &[Need] = &[program("pkg-config", "pkg-config"), library("libcrypto", "libssl-dev")];
const SHOWING: &[Need] = &[library("webkit2gtk-4.1", "libwebkit2gtk-4.1-dev")];
/// A display where there is no screen, and letters to show on it.
const SEEING: &[Need] = &[program("Xvfb", "xvfb"), program("fc-list", "fontconfig"), Need { package: "fonts-dejavu-core", trace: Trace::Font("ru") }];
/// A bus for the window, and a camera.
const PICTURING: &[Need] = &[program("dbus-run-session", "dbus"), program("import", "imagemagick")];
/// Hands for the window, and a leash for everything that a test starts.
const DRIVING: &[Need] = &[program("WebKitWebDriver", "webkit2gtk-driver"), program("setpriv", "util-linux")];

/// What several nodes of the sync server share; the tests start their own.
const SHARING: &[Need] = &[
    Need { package: "postgresql", trace: Trace::Server("postgres") },
    Need { package: "nats-server", trace: Trace::Server("nats-server") },
    Need { package: "haproxy", trace: Trace::Server("haproxy") },
];

/// Pure Rust.
pub const COMPILER: Needs = Needs { lists: &[COMPILING], node: false };
/// The sync server and its tests.
pub const SERVER: Needs = Needs { lists: &[COMPILING, SHARING], node: false };
/// The programs without their screens.
pub const BARE: Needs = Needs { lists: &[COMPILING, STORING], node: false };
/// The tests of everything but the window.
pub const FAST: Needs = Needs { lists: &[COMPILING, STORING, SHARING], node: true };
/// The programs.
pub const PROGRAMS: Needs = Needs { lists: &[COMPILING, STORING, SHOWING], node: true };
/// The programs, on a machine without a screen.
pub const HEADLESS: Needs = Needs { lists: &[COMPILING, STORING, SHOWING, SEEING, PICTURING], node: true };
/// The programs and every test.
pub const TESTS: Needs = Needs { lists: &[COMPILING, STORING, SHARING, SHOWING, SEEING, DRIVING], node: true };
/// Whatever any command needs.
pub const ALL: Needs = Needs { lists: &[COMPILING, STORING, SHOWING, SEEING, PICTURING, DRIVING, SHARING], node: true };

/// Refuses tools that are too old, and plans the installation of packages that are missing.
pub fn prepare(steps: &mut Steps, project: &Project, needs: Needs) -> Result {
    rust(project)?;
    if needs.node {
        node()?;
    }
    let mut missing: Vec<&str> = needs.lists.iter().copied().flatten().filter(|need| !need.is_met()).map(|need| need.package).collect();
    missing.dedup();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !on_path("apt-get") {
        return Err(Failure::lacking(format!(
            "This machine lacks what Debian calls: {list}.\nInstall the same from your system's packages and repeat the command."
        )));
    }
    let root = output("id", &["-u"]).is_some_and(|id| id.trim() == "0");
    if !root && !succeeds("sudo", &["-n", "true"]) {
        return Err(Failure::lacking(format!(
            "This machine lacks packages that Scantling is built or tested with. Install them and repeat the command:\n\n    \
             sudo apt-get update && sudo apt-get install -y --no-install-recommends {list}"
        )));
    }
    let apt = |arguments: &[&str]| {
        let mut command = if root { Command::new("apt-get") } else { Command::new("sudo") };
        if !root {
            command.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        }
        command.env("DEBIAN_FRONTEND", "noninteractive").args(["-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0", "-q"]).args(arguments);
        command
    };
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(&missing);
    steps.add(
        Step::new(format!("Installing {list}"), apt(&["update"]))
            .and(apt(&install))
            .advice("Are Debian's packages within reach? `apt-get update` must work."),
    );
    Ok(())
}

impl Need {
    fn is_met(&self) -> bool {
        match self.trace {
            Trace::Program(name) => on_path(name),
            Trace::Server(name) => on_path(name) || is_program(&Path::new("/usr/sbin").join(name)) || of_postgres(name),
            Trace::Library(name) => succeeds("pkg-config", &["--exists", name]),
            Trace::Font(language) => output("fc-list", &[&format!(":lang={language}")]).is_some_and(|fonts| !fonts.trim().is_empty()),
        }
    }
}

fn rust(project: &Project) -> Result {
    let wanted = project.rust_version();
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let found = output(&rustc, &["--version"]).unwrap_or_default();
    if numbers(&found) < numbers(wanted) {
        return Err(Failure::lacking(format!("Scantling needs Rust {wanted} or newer; here is {}. With rustup: rustup update stable", found.trim())));
    }
    Ok(())
}

/// What `node --version` says.
pub fn node_version() -> Option<String> {
    output("node", &["--version"]).map(|version| version.trim().to_owned())
}

fn node() -> Result {
    let wanted = "Node.js 20.19 or newer (of version 22: 22.12), with npm";
    let Some(found) = node_version().filter(|_| on_path("npm")) else {
        return Err(Failure::lacking(format!(
            "Scantling's screens are built with {wanted}, and it is not installed. Get it from https://nodejs.org."
        )));
    };
    if !node_is_new_enough(&found) {
        return Err(Failure::lacking(format!("Scantling's screens need {wanted}; here is {found}. Get a newer one from https://nodejs.org.")));
    }
    Ok(())
}

/// The versions that Vite, the bundler, supports: odd and half-grown ones lack parts of the module loader.
fn node_is_new_enough(version: &str) -> bool {
    let found = numbers(version);
    match found.first() {
        Some(22) => found >= vec![22, 12],
        _ => found >= vec![20, 19],
    }
}

/// Whether a program of this name can be started.
pub fn on_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| is_program(&folder.join(name)))
}

/// Debian keeps the programs of each version of Postgres in a folder of their own.
fn of_postgres(name: &str) -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions.map(|version| version.path().join("bin").join(name)).any(|path| is_program(&path))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// Whether the program can be started and ends well.
pub fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let answer = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    answer.status.success().then(|| String::from_utf8_lossy(&answer.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_versions_that_the_bundler_refuses_are_refused_here() {
        for (version, fine) in
            [("v18.20.0", false), ("v20.18.1", false), ("v20.19.0", true), ("v22.11.0", false), ("v22.12.0", true), ("v24.0.0", true)]
        {
            assert_eq!(node_is_new_enough(version), fine, "{version}");
        }
    }
}
