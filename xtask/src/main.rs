//! `cargo xtask`: everything a developer does with Scantling, each in one command.
//!
//! A command first finds what the machine lacks and gets it, then does its work in numbered steps. Nothing is done
//! twice: npm packages follow their lock file, the screens follow their sources, Cargo follows the rest.

mod bench;
mod fuzz;
mod machine;
mod project;
mod run;
mod simulate;
mod steps;
mod test;

use std::fmt;
use std::process::ExitCode;

use project::Project;
use steps::Steps;

/// Why a command stopped, and the exit code that says so.
#[derive(Debug)]
pub struct Failure {
    /// 1: a step failed. 2: the command line is wrong. 3: the machine lacks something. 130: interrupted.
    code: u8,
    message: String,
}

/// What every fallible step returns.
pub type Result<T = ()> = std::result::Result<T, Failure>;

impl Failure {
    /// A step did not do what it should.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { code: 1, message: message.into() }
    }

    /// The command line asks for what does not exist.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, message: message.into() }
    }

    /// The machine lacks something that only its owner can give.
    pub fn lacking(message: impl Into<String>) -> Self {
        Self { code: 3, message: message.into() }
    }

    /// Someone asked to stop.
    pub fn interrupted() -> Self {
        Self { code: 130, message: "Stopped; everything that was started has ended.".into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::failed(error.to_string())
    }
}

/// One word of the command line and what it does.
struct Task {
    name: &'static str,
    usage: &'static str,
    about: &'static str,
    run: fn(&Project, &[String]) -> Result,
}

const TASKS: &[Task] = &[
    Task { name: "setup", usage: "setup", about: "install what the machine lacks, fetch the screens' packages, build the screens", run: setup },
    Task { name: "test", usage: "test [--fast]", about: "check and test everything; --fast leaves out the window and what needs it", run: test::run },
    Task {
        name: "run",
        usage: "run [--two] [--fresh]",
        about: "start a server, an example project and the app; --two opens a colleague's window as well",
        run: run::run,
    },
    Task {
        name: "fuzz",
        usage: "fuzz [TARGET] [--seconds N]",
        about: "throw arbitrary input at everything that reads what others wrote",
        run: fuzz::run,
    },
    Task {
        name: "bench",
        usage: "bench [NAME]",
        about: "measure the released programs: keystroke, open, launch, relay, writers, together, logs",
        run: bench::run,
    },
    Task {
        name: "kill",
        usage: "kill [ROUNDS]",
        about: "kill the sync server in a stream of edits, 1,000 times unless said, on SQLite and on Postgres",
        run: kill,
    },
    Task {
        name: "simulate",
        usage: "simulate [--seeds N] [--seed S]",
        about: "run worlds of devices and servers on failing networks and disks, 10,000 unless told",
        run: simulate::run,
    },
    Task { name: "types", usage: "types", about: "write the screens' types from the command table", run: types },
    Task { name: "briefs", usage: "briefs [--miss NAME]", about: "measure the translator against the evaluation briefs", run: briefs },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = Project::find().and_then(|project| {
        steps::listen()?;
        match arguments.first().map(String::as_str) {
            None | Some("help" | "--help" | "-h") => {
                print!("{}", usage());
                Ok(())
            }
            Some(name) => match TASKS.iter().find(|task| task.name == name) {
                Some(task) => (task.run)(&project, &arguments[1..]),
                None => Err(Failure::usage(format!("There is no command `{name}`.\n\n{}", usage()))),
            },
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\n{failure}");
            ExitCode::from(failure.code)
        }
    }
}

fn usage() -> String {
    let width = TASKS.iter().map(|task| task.usage.len()).max().unwrap_or(0);
    let lines: String = TASKS.iter().map(|task| format!("  {:width$}   {}\n", task.usage, task.about)).collect();
    format!("Usage: cargo xtask <command>\n\n{lines}\nSet XTASK_VERBOSE=1 to see the whole output of every step.\n")
}

/// Refuses every argument that is not among `known`.
pub fn only(arguments: &[String], known: &[&str]) -> Result {
    match arguments.iter().find(|argument| !known.contains(&argument.as_str())) {
        Some(unknown) => Err(Failure::usage(format!("`{unknown}` is not understood here.\n\n{}", usage()))),
        None => Ok(()),
    }
}

fn setup(project: &Project, arguments: &[String]) -> Result {
    only(arguments, &[])?;
    let mut steps = Steps::new(project);
    machine::prepare(&mut steps, project, machine::ALL)?;
    project.npm_packages(&mut steps)?;
    project.screens(&mut steps)?;
    if steps.is_empty() {
        println!("Everything is here already.");
    }
    steps.run()?;
    println!("Ready. Next: cargo xtask run, or cargo xtask test.");
    Ok(())
}

fn briefs(project: &Project, arguments: &[String]) -> Result {
    let mut steps = Steps::new(project);
    machine::prepare(&mut steps, project, machine::COMPILER)?;
    steps.run()?;
    let mut command = project.cargo();
    command.args(["run", "--quiet", "--package", "blueprint", "--example", "briefs", "--"]).args(arguments);
    steps::run_openly(command)
}

fn kill(project: &Project, arguments: &[String]) -> Result {
    let rounds = arguments.first().map_or("1000", String::as_str);
    if arguments.len() > 1 || rounds.parse::<u32>().is_err() {
        return Err(Failure::usage("`kill` is followed by a number of rounds, or by nothing."));
    }
    let mut steps = Steps::new(project);
    machine::prepare(&mut steps, project, machine::SERVER)?;
    steps.run()?;
    let mut command = project.cargo();
    let tests = ["--test", "server", "--test", "server_on_postgres"];
    command.args(["test", "--package", "scantling-server"]).args(tests).args(["--", "any_number_of_kills", "--nocapture"]).env("SCANTLING_KILLS", rounds);
    steps::run_openly(command)
}

fn types(project: &Project, arguments: &[String]) -> Result {
    only(arguments, &[])?;
    let mut steps = Steps::new(project);
    machine::prepare(&mut steps, project, machine::COMPILER)?;
    steps.run()?;
    let mut command = project.cargo();
    command.args(["run", "--quiet", "--package", "wiring", "--example", "types"]);
    steps::run_openly(command)
}
