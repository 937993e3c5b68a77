//! Processes that never outlive the test that started them.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use rustix::process::{Pid, Signal, kill_process_group};

/// A process and everything it started, ended together: at the end of the test, or when it panics.
pub struct Group(Child);

impl Group {
    /// A command that ends with the thread that starts it, even where the whole test run is killed.
    pub fn command(program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).arg(program);
        command
    }

    /// Starts the command at the head of a process group of its own.
    pub fn start(command: &mut Command) -> Group {
        let child = command.process_group(0).spawn();
        Group(child.unwrap_or_else(|failure| panic!("{:?} did not start: {failure}", command.get_program())))
    }

    /// The number of the group, which is that of its first process.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Ends all of it as a power cut would: no handler runs, nothing is flushed.
    pub fn kill(&mut self) {
        if let Some(group) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            // A group that is gone already is what was wanted.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.0.wait();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
