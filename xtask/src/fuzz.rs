//! `cargo xtask fuzz`: the long form of the harnesses that `cargo test` runs as properties.

use std::fs;
use std::process::Command;

use crate::project::Project;
use crate::steps::{Step, Steps};
use crate::{Failure, Result, machine};

/// Long enough to leave the seeds behind, short enough to wait for.
const SECONDS: u32 = 180;
/// What a target may allocate at once; a claimed length must not become memory.
const MEGABYTES: u32 = 512;
/// An input that takes longer hangs.
const PATIENCE: u32 = 10;

/// Runs one target, or all of them in turn. What is found stays in `fuzz/artifacts`, and the last lines of the output
/// tell how to repeat it; the corpus that grows stays outside the repository.
pub fn run(project: &Project, arguments: &[String]) -> Result {
    let folder = project.root.join("fuzz");
    let known = targets(project)?;
    let (mut wanted, mut seconds) = (Vec::new(), SECONDS);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => {
                let number = arguments.next().and_then(|text| text.parse().ok()).filter(|seconds| *seconds > 0);
                seconds = number.ok_or_else(|| Failure::usage("`--seconds` is followed by a number of seconds."))?;
            }
            name if known.iter().any(|target| target == name) => wanted.push(name.to_owned()),
            name => return Err(Failure::usage(format!("There is no fuzz target `{name}`. There are: {}.", known.join(", ")))),
        }
    }
    if wanted.is_empty() {
        wanted = known;
    }
    tools()?;
    let mut steps = Steps::new(project);
    machine::prepare(&mut steps, project, machine::COMPILER)?;
    steps.run()?;
    // Cargo, called by the rustup proxy that started this program, would otherwise insist on that toolchain.
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new("rustup");
        command.args(["run", "nightly", "cargo", "fuzz"]).args(arguments).current_dir(&project.root);
        for name in ["CARGO", "RUSTUP_TOOLCHAIN", "RUSTC", "RUSTC_WRAPPER", "CARGO_TARGET_DIR"] {
            command.env_remove(name);
        }
        command.env("CARGO_TARGET_DIR", project.target.join("fuzz"));
        command
    };
    let mut steps = Steps::new(project);
    steps.add(Step::new("Building the fuzz targets", cargo(&["build", "--release", "--debug-assertions"])));
    for target in &wanted {
        let grown = project.target.join("fuzz-corpus").join(target);
        fs::create_dir_all(&grown)?;
        let seeds = folder.join("corpus").join(target);
        let limits =
            [format!("-max_total_time={seconds}"), format!("-malloc_limit_mb={MEGABYTES}"), format!("-timeout={PATIENCE}"), "-max_len=4096".into()];
        let mut command = cargo(&["run", "--release", "--debug-assertions", target]);
        command.arg(&grown).arg(&seeds).arg("--").args(&limits);
        steps.add(
            Step::new(format!("Fuzzing {target} for {seconds} s"), command)
                .advice("The input stands in fuzz/artifacts. Mend it, and keep the input under fuzz/corpus: `cargo test` replays that."),
        );
    }
    steps.run()?;
    println!("\nNothing was found in {} of {} s each.", wanted.join(", "), seconds);
    Ok(())
}

/// The targets are the programs of `fuzz/Cargo.toml`.
fn targets(project: &Project) -> Result<Vec<String>> {
    let mut targets: Vec<String> = fs::read_dir(project.root.join("fuzz/fuzz_targets"))?
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned()))
        .collect();
    targets.sort();
    Ok(targets)
}

/// Names what is missing; fuzzing is for those who ask for it, so nothing is installed in passing.
fn tools() -> Result {
    if !machine::succeeds("rustup", &["run", "nightly", "rustc", "--version"]) {
        return Err(Failure::lacking("Fuzzing needs a nightly compiler. With rustup: rustup toolchain install nightly"));
    }
    if !machine::on_path("cargo-fuzz") {
        return Err(Failure::lacking("Fuzzing needs cargo-fuzz: cargo install cargo-fuzz --locked"));
    }
    Ok(())
}
