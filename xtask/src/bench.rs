//! `cargo xtask bench`: the released programs, measured on this machine.

use crate::project::Project;
use crate::steps::{self, Step, Steps};
use crate::{Result, machine};

/// What drives the server's program, and what the window's.
const SERVER: [&str; 4] = ["relay", "writers", "together", "logs"];
const WINDOW: [&str; 1] = ["launch"];

/// Builds for release and measures: what is felt in a released program is what counts, and a build for development
/// differs from it by a factor that differs from part to part. The first build takes minutes, the next ones seconds.
pub fn run(project: &Project, arguments: &[String]) -> Result {
    let wanted = |names: &[&str]| arguments.is_empty() || arguments.iter().any(|name| names.contains(&name.as_str()));
    let mut steps = Steps::new(project);
    machine::prepare(&mut steps, project, if wanted(&WINDOW) { machine::TESTS } else { machine::BARE })?;
    if wanted(&WINDOW) {
        project.npm_packages(&mut steps)?;
        project.screens(&mut steps)?;
    }
    let mut build = |title: &str, package: &[&str]| {
        let mut command = project.cargo();
        command.args(["build", "--release", "--package"]).args(package);
        steps.add(Step::new(title, command));
    };
    // One after the other: the device and the server link different builds of SQLite.
    build("Building the benchmarks", &["scantling-bench"]);
    if wanted(&SERVER) {
        build("Building the sync server", &["scantling-server"]);
    }
    if wanted(&WINDOW) {
        build("Building the desktop app", &["scantling", "--features", "desktop"]);
    }
    steps.run()?;
    let mut command = std::process::Command::new(project.released("scantling-bench"));
    command
        .args(arguments)
        .env("SCANTLING_BENCH_DATA", project.target.join("bench"))
        .env("SCANTLING_SERVER_BIN", project.released("scantling-server"));
    command.env("SCANTLING_DESKTOP_BIN", project.released("scantling"));
    steps::run_openly(command)
}
