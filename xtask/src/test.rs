//! `cargo xtask test`: the whole gate.

use std::time::Instant;

use crate::project::Project;
use crate::steps::{Step, Steps, elapsed};
use crate::{Result, machine, only, simulate};

/// Checks the form, then the parts, then the whole; what fails soonest comes first.
///
/// The device's store needs SQLCipher and the server's plain SQLite, and Cargo gives all packages of one invocation
/// the union of their features. So neither side is ever named together with the other: one would get the other's
/// library, and each combination would compile SQLite once more.
pub fn run(project: &Project, arguments: &[String]) -> Result {
    only(arguments, &["--fast"])?;
    let fast = arguments.iter().any(|argument| argument == "--fast");
    let started = Instant::now();
    let mut steps = Steps::new(project);
    machine::prepare(&mut steps, project, if fast { machine::FAST } else { machine::TESTS })?;
    project.npm_packages(&mut steps)?;
    project.peer_packages(&mut steps)?;
    let npm = |script: &str| {
        let mut command = project.npm();
        command.args(["run", "--silent", script]);
        command
    };
    steps.add(Step::new("Checking the screens' types", npm("lint")));
    steps.add(Step::new("Testing the screens", npm("test")).counted());
    project.screens(&mut steps)?;

    let mut device = project.packages("core");
    device.extend(project.packages("app"));
    device.extend(project.packages("xtask"));
    let mut server = project.packages("sync-server");
    let benches = project.packages("tests/bench");
    let mut whole = project.packages("tests");
    let simulation = project.packages("tests/simulation");
    whole.retain(|package| !benches.contains(package) && !simulation.contains(package));
    let window: &[&str] = if fast || project.packages("app").is_empty() { &[] } else { &["--features", "scantling/desktop"] };
    let cargo = |verb: &str, packages: &[&str], rest: &[&[&str]]| {
        let mut command = project.cargo();
        command.arg(verb).args(packages.iter().flat_map(|package| ["--package", package])).args(rest.concat());
        command
    };
    let strict: &[&str] = &["--all-targets", "--", "-D", "warnings"];
    // The benchmarks hold the device as a library, so checking them costs little here and much anywhere else.
    let checked = [device.as_slice(), &benches].concat();
    steps.add(Step::new("Checking the core and the app", cargo("clippy", &checked, &[window, strict])));
    steps.add(Step::new("Testing the core and the app", cargo("test", &device, &[window])).counted());
    if !server.is_empty() {
        steps.add(Step::new("Testing the sync server", cargo("test", &server, &[])).counted());
        steps.add(Step::new("Building the sync server", cargo("build", &server, &[])));
    }
    server.extend(&whole);
    if !server.is_empty() {
        steps.add(Step::new("Checking the sync server and the tests", cargo("clippy", &server, &[strict])));
    }
    if !simulation.is_empty() {
        let checked: &[&str] = &["--profile", "simulation", "--", "-D", "warnings"];
        steps.add(Step::new("Checking the simulation", cargo("clippy", &simulation, &[checked])));
        steps.add(Step::new("Building the simulation", simulate::build(project)));
        let mut worlds = std::process::Command::new(simulate::program(project));
        worlds.args(["--seeds", if fast { "1000" } else { "10000" }]).current_dir(&project.root);
        steps.add(
            Step::new(if fast { "Simulating 1,000 worlds" } else { "Simulating 10,000 worlds" }, worlds)
                .advice("The last line repeats the shortened run. Mend what it shows, and name a test of the crate after it."),
        );
    }
    if !project.packages("app").is_empty() {
        steps.add(Step::new(if fast { "Building the command line" } else { "Building the desktop app" }, cargo("build", &["scantling"], &[window])));
    }
    if !whole.is_empty() {
        let mut command = cargo("test", &whole, &[if fast { &["--", "--skip", "journeys"] } else { &[] }]);
        command.env("SCANTLING_BIN", project.program("scantling")).env("SCANTLING_SERVER_BIN", project.program("scantling-server"));
        if !fast {
            command.env("SCANTLING_DESKTOP_BIN", project.program("scantling"));
        }
        steps.add(Step::new("Testing the whole system", command).counted());
    }
    let tests = steps.run()?;
    println!("\nAll is well, after {}.\n{tests}", elapsed(started));
    Ok(())
}
