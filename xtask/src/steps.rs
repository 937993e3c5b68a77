//! Numbered steps: what is being done, for how long, and, if it fails, what it said last.

use std::fs::{self, File};
use std::io::{IsTerminal, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::project::Project;
use crate::{Failure, Result};

/// How often a running step is looked at.
const GLANCE: Duration = Duration::from_millis(20);
/// How long the asked may take to end before they are ended.
const GRACE: Duration = Duration::from_secs(5);
/// Long enough for the slowest build on two busy cores; what takes longer hangs.
const LIMIT: Duration = Duration::from_secs(40 * 60);
/// How much of a failed step's output is shown.
const LAST_LINES: usize = 60;

static STOP: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Turns Ctrl+C, a hang-up and a polite kill into a flag that every wait looks at.
pub fn listen() -> Result {
    let stop = STOP.get_or_init(Arc::default);
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        // The second of its kind ends this program at once: nobody is locked in.
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(stop))?;
        signal_hook::flag::register(signal, Arc::clone(stop))?;
    }
    Ok(())
}

/// Fails if someone asked to stop.
pub fn check() -> Result {
    if STOP.get().is_some_and(|stop| stop.load(Ordering::Relaxed)) { Err(Failure::interrupted()) } else { Ok(()) }
}

/// Waits until `look` sees what it looks for.
pub fn until<T>(time: Duration, what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let end = Instant::now() + time;
    loop {
        check()?;
        if let Some(found) = look()? {
            return Ok(found);
        }
        if Instant::now() > end {
            return Err(Failure::failed(format!("Waited {} s in vain for {what}.", time.as_secs())));
        }
        sleep(GLANCE);
    }
}

/// A process and all that it starts, which end with this value.
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts it in a group of its own, without input.
    pub fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).process_group(0).spawn();
        Ok(Self { child: child.map_err(|error| Failure::failed(format!("{name} cannot be started: {error}")))? })
    }

    /// Whether it ended, and if so whether well.
    pub fn ended(&mut self) -> Result<Option<bool>> {
        Ok(self.child.try_wait()?.map(|status| status.success()))
    }

    /// Waits until it ends.
    pub fn wait(&mut self) -> Result<bool> {
        loop {
            check()?;
            if let Some(well) = self.ended()? {
                return Ok(well);
            }
            sleep(GLANCE);
        }
    }

    /// Asks the whole family to end, then ends it.
    fn stop(&mut self) {
        // Named before anybody ends: orphans of a group of their own could not be found any more.
        let mut family = descendants(self.child.id());
        family.push(format!("-{}", self.child.id()));
        signal(&family, "TERM");
        let end = Instant::now() + GRACE;
        while Instant::now() < end {
            let _ = self.child.try_wait();
            if !signal(&family, "0") {
                return;
            }
            sleep(GLANCE);
        }
        signal(&family, "KILL");
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Signals processes, and groups by their negative number; false if none of them is left.
fn signal(targets: &[String], name: &str) -> bool {
    // The shell's own `kill` is everywhere; the program of that name is not.
    let script = "n=$1; shift; left=1; for p; do kill -s $n -- $p && left=0; done; exit $left";
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh", name]).args(targets).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The children of a process, their children, and so on; nobody where there is no /proc.
fn descendants(ancestor: u32) -> Vec<String> {
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc").into_iter().flatten().filter_map(|entry| parent(&entry.ok()?.path())).collect();
    let mut family = vec![ancestor];
    let mut index = 0;
    while let Some(&one) = family.get(index) {
        family.extend(parents.iter().filter(|(_, parent)| *parent == one).map(|(process, _)| *process));
        index += 1;
    }
    family[1..].iter().map(u32::to_string).collect()
}

/// A process and its parent, from its folder under /proc.
fn parent(folder: &Path) -> Option<(u32, u32)> {
    let process = folder.file_name()?.to_str()?.parse().ok()?;
    let stat = fs::read_to_string(folder.join("stat")).ok()?;
    // The name in parentheses may itself hold parentheses and spaces; the state and the parent follow the last one.
    let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
    Some((process, parent))
}

/// Runs a command whose output is the point, and fails as it fails.
pub fn run_openly(mut command: Command) -> Result {
    match Process::start(&mut command)?.wait()? {
        true => Ok(()),
        false => Err(Failure::failed("It failed; the reason stands above.")),
    }
}

/// Carried out when a step's commands went well.
type Then = Box<dyn FnOnce() -> Result>;

/// Something to do, in one or more commands.
pub struct Step {
    title: String,
    commands: Vec<Command>,
    then: Option<Then>,
    advice: String,
    counted: bool,
}

impl Step {
    /// A step of one command.
    pub fn new(title: impl Into<String>, command: Command) -> Self {
        Self { title: title.into(), commands: vec![command], then: None, advice: String::new(), counted: false }
    }

    /// One more command, after the others.
    pub fn and(mut self, command: Command) -> Self {
        self.commands.push(command);
        self
    }

    /// What to do once the commands went well.
    pub fn then(mut self, then: impl FnOnce() -> Result + 'static) -> Self {
        self.then = Some(Box::new(then));
        self
    }

    /// What to say if they did not.
    pub fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }

    /// Its output reports tests; they are added up.
    pub fn counted(mut self) -> Self {
        self.counted = true;
        self
    }
}

/// A plan, and how it is shown.
pub struct Steps {
    steps: Vec<Step>,
    logs: PathBuf,
    root: PathBuf,
    show: Show,
    done: usize,
    by_hand: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Show {
    /// Everything the commands say.
    All,
    /// One line a step, with a clock.
    Clock,
}

impl Steps {
    /// An empty plan.
    pub fn new(project: &Project) -> Self {
        let clock = std::io::stdout().is_terminal() && std::env::var_os("XTASK_VERBOSE").is_none() && std::env::var_os("CI").is_none();
        let show = if clock { Show::Clock } else { Show::All };
        Self { steps: Vec::new(), logs: project.target.join("xtask"), root: project.root.clone(), show, done: 0, by_hand: 0 }
    }

    /// Plans one more step.
    pub fn add(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Announces steps that the caller will do itself, after the planned ones.
    pub fn announce(&mut self, count: usize) {
        self.by_hand += count;
    }

    /// Does an announced step.
    pub fn by_hand<T>(&mut self, title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.done += 1;
        self.by_hand = self.by_hand.saturating_sub(1);
        let head = format!("[{}/{}] {title} ...", self.done, self.done + self.by_hand);
        let started = Instant::now();
        show(&head, self.show, true);
        let outcome = work();
        let failed = if outcome.is_ok() { "" } else { "FAILED after " };
        show(&format!("{head} {failed}{}\n", elapsed(started)), self.show, true);
        outcome
    }

    /// Does one after the other and stops at the first that fails; says how many tests ran.
    pub fn run(&mut self) -> Result<Tests> {
        fs::create_dir_all(&self.logs)?;
        let total = self.done + self.steps.len() + self.by_hand;
        let mut tests = Tests::default();
        for step in std::mem::take(&mut self.steps) {
            self.done += 1;
            let head = format!("[{}/{total}] {} ...", self.done, step.title);
            let log = self.logs.join(format!("{}.log", slug(&step.title)));
            let started = Instant::now();
            show(&head, self.show, true);
            let file = File::create(&log)?;
            let mut outcome = Ok(true);
            for mut command in step.commands {
                command.envs([("CARGO_TERM_COLOR", "never"), ("NO_COLOR", "1")]).stdout(file.try_clone()?).stderr(file.try_clone()?);
                outcome = watch(&mut command, &log, &head, started, self.show);
                if !matches!(outcome, Ok(true)) {
                    break;
                }
            }
            let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
            if step.counted {
                tests.add(&text);
            }
            let well = outcome.inspect_err(|_| show("\n", self.show, false))?;
            if well && let Some(then) = step.then {
                then()?;
            }
            show(&format!("{head} {}{}\n", if well { "" } else { "FAILED after " }, elapsed(started)), self.show, true);
            if !well {
                let log = log.strip_prefix(&self.root).unwrap_or(&log).display().to_string();
                let said = if self.show == Show::All { String::new() } else { format!("{}\n", last_lines(&text)) };
                let counts = if step.counted { format!("\n{tests}") } else { String::new() };
                let advice = if step.advice.is_empty() { String::new() } else { format!("\n{}", step.advice) };
                return Err(Failure::failed(format!("{said}{} failed. Its whole output is in {log}.{advice}{counts}", step.title)));
            }
        }
        Ok(tests)
    }
}

/// Runs one command of a step, showing its log or the clock meanwhile. False if it failed or took too long.
fn watch(command: &mut Command, log: &Path, head: &str, started: Instant, how: Show) -> Result<bool> {
    let mut reader = File::open(log)?;
    let mut seen = Vec::new();
    reader.read_to_end(&mut seen)?;
    let mut process = Process::start(command)?;
    let begun = Instant::now();
    let mut second = u64::MAX;
    loop {
        check()?;
        let ended = process.ended()?;
        seen.clear();
        if reader.read_to_end(&mut seen)? > 0 && how == Show::All {
            std::io::stdout().write_all(&seen)?;
        }
        if let Some(well) = ended {
            return Ok(well);
        }
        if begun.elapsed() > LIMIT {
            drop(process);
            writeln!(File::options().append(true).open(log)?, "\nEnded after {} minutes: it hangs.", LIMIT.as_secs() / 60)?;
            return Ok(false);
        }
        if how == Show::Clock && second != started.elapsed().as_secs() {
            second = started.elapsed().as_secs();
            show(&format!("{head} {second} s"), how, true);
        }
        sleep(GLANCE);
    }
}

/// Writes a line that the clock may overwrite, or a line of its own.
fn show(text: &str, how: Show, from_start: bool) {
    let mut out = std::io::stdout().lock();
    let _ = match (how, from_start) {
        (Show::Clock, true) => write!(out, "\r\x1b[K{text}"),
        (Show::Clock, false) => write!(out, "{text}"),
        (Show::All, _) => writeln!(out, "{}", text.trim_end()),
    };
    let _ = out.flush();
}

/// A span as a person says it.
pub fn elapsed(since: Instant) -> String {
    let seconds = since.elapsed().as_secs_f64();
    if seconds < 100.0 { format!("{seconds:.1} s") } else { format!("{} min {} s", seconds as u64 / 60, seconds as u64 % 60) }
}

fn slug(title: &str) -> String {
    let words: Vec<String> =
        title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).take(6).map(str::to_lowercase).collect();
    words.join("-")
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}

/// How many tests ran, added up over the runners.
#[derive(Default, Clone, Copy, PartialEq, Debug)]
pub struct Tests {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Tests {
    /// Adds what the closing lines of Cargo's and Vitest's runners say.
    fn add(&mut self, output: &str) {
        for line in output.lines().map(str::trim) {
            let closing = line.starts_with("test result:") || (line.starts_with("Tests ") && line.ends_with(')'));
            if !closing {
                continue;
            }
            let words: Vec<&str> = line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
            for pair in words.windows(2) {
                let [count, word] = pair else { continue };
                let Ok(count) = count.parse::<u64>() else { continue };
                match *word {
                    "passed" => self.passed += count,
                    "failed" => self.failed += count,
                    "ignored" | "skipped" | "todo" => self.skipped += count,
                    _ => {}
                }
            }
        }
    }
}

impl std::fmt::Display for Tests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 { write!(f, ", {} skipped", self.skipped) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_of_both_runners_are_added_up() {
        let mut tests = Tests::default();
        tests.add("running 3 tests\ntest result: ok. 2 passed; 1 failed; 4 ignored; 0 measured; 9 filtered out; finished in 0.02s\n");
        tests.add(" Test Files  8 passed (8)\n      Tests  1 failed | 60 passed | 2 skipped (63)\n   Duration  3.20s\n");
        assert_eq!(tests, Tests { passed: 62, failed: 2, skipped: 6 });
        assert_eq!(tests.to_string(), "62 passed, 2 failed, 6 skipped");
    }

    #[test]
    fn a_process_ends_with_all_that_it_started() {
        let mut command = Command::new("sh");
        // One child in the same group, one that made a group of its own.
        command.args(["-c", "sleep 8611 & setsid sleep 8612 & wait"]);
        let process = Process::start(&mut command).expect("sh is everywhere");
        let until = Instant::now() + GRACE;
        let mut family = descendants(process.child.id());
        while family.len() < 2 && Instant::now() < until {
            sleep(GLANCE);
            family = descendants(process.child.id());
        }
        assert_eq!(family.len(), 2);
        drop(process);
        assert!(!signal(&family, "0"));
    }

    #[test]
    fn the_end_of_a_long_output_is_shown() {
        let text: String = (0..200).map(|line| format!("{line}\n")).collect();
        assert!(last_lines(&text).starts_with("140\n"));
        assert_eq!(last_lines("one"), "one");
    }
}
