//! `cargo xtask simulate`: as many worlds as asked for.

use crate::project::Project;
use crate::steps::{self, Step, Steps};
use crate::{Result, machine};

/// Builds the simulation, whose crates are optimised in a profile of their own, and passes everything else on to it.
pub fn run(project: &Project, arguments: &[String]) -> Result {
    let mut steps = Steps::new(project);
    machine::prepare(&mut steps, project, machine::COMPILER)?;
    steps.add(Step::new("Building the simulation", build(project)));
    steps.run()?;
    let mut command = std::process::Command::new(program(project));
    command.args(arguments).current_dir(&project.root);
    steps::run_openly(command)
}

/// Cargo that builds it, alone: the server's plain SQLite is what its devices use, too.
pub fn build(project: &Project) -> std::process::Command {
    let mut command = project.cargo();
    command.args(["build", "--profile", "simulation", "--package", "scantling-simulation"]);
    command
}

/// Where it is when it is built.
pub fn program(project: &Project) -> std::path::PathBuf {
    project.target.join("simulation/scantling-simulation")
}
