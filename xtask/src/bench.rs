//! `cargo xtask bench`: the released programs, measured on this machine.

use crate::project::Project;
use crate::steps::{self, Step, Steps};
use crate::{Result, machine};

/// What the device does alone, so that no server has to be built for it.
const ALONE: [&str; 2] = ["keystroke", "open"];

/// Builds for release and measures: what is felt in a released program is what counts, and a build for development
/// differs from it by a factor that differs from part to part. The first build takes minutes, the next ones seconds.
pub fn run(project: &Project, arguments: &[String]) -> Result {
    let mut steps = Steps::new(project);
    machine::prepare(&mut steps, project, machine::BARE)?;
    let mut build = |title: &str, package: &str| {
        let mut command = project.cargo();
        command.args(["build", "--release", "--package", package]);
        steps.add(Step::new(title, command));
    };
    // One after the other: the device and the server link different builds of SQLite.
    build("Building the benchmarks", "scantling-bench");
    if arguments.is_empty() || arguments.iter().any(|name| !ALONE.contains(&name.as_str())) {
        build("Building the sync server", "scantling-server");
    }
    steps.run()?;
    let mut command = std::process::Command::new(project.released("scantling-bench"));
    command
        .args(arguments)
        .env("SCANTLING_BENCH_DATA", project.target.join("bench"))
        .env("SCANTLING_SERVER_BIN", project.released("scantling-server"));
    steps::run_openly(command)
}
