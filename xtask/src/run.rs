//! `cargo xtask run`: the real programs with an example, on a screen or, where there is none, in a picture.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::project::Project;
use crate::steps::{Process, Step, Steps, until};
use crate::{Failure, Result, machine, only};

/// The example's brief: a client's own words, also used to measure the translator.
const BRIEF: &str = "tests/data/briefs/01-bike-parts.md";
const PROJECT: &str = "Bike parts";
/// Where the server listens unless someone else does.
const PORT: u16 = 7340;
/// For accounts of a server that only this machine reaches, with nothing in it but the example.
const PASSWORD: &str = "from keel to masthead";

/// Builds, starts and shows; ends when the window closes or on Ctrl+C.
pub fn run(project: &Project, arguments: &[String]) -> Result {
    only(arguments, &["--two", "--fresh"])?;
    let asked = |word: &str| arguments.iter().any(|argument| argument == word);
    let screen = std::env::var_os("DISPLAY").is_some() || std::env::var_os("WAYLAND_DISPLAY").is_some();
    let mut steps = Steps::new(project);
    machine::prepare(&mut steps, project, if screen { machine::PROGRAMS } else { machine::HEADLESS })?;
    project.npm_packages(&mut steps)?;
    project.screens(&mut steps)?;
    let build = |arguments: &[&str]| {
        let mut command = project.cargo();
        command.arg("build").args(arguments);
        command
    };
    steps.add(Step::new("Building the sync server", build(&["--package", "scantling-server"])));
    steps.add(Step::new("Building the desktop app", build(&["--package", "scantling", "--features", "desktop"])));
    let place = Place::new(project);
    if asked("--fresh") || !place.is_ready() {
        place.clear()?;
    }
    let first = !place.is_ready();
    steps.announce(2 + usize::from(!screen));
    steps.run()?;

    let server = steps.by_hand("Starting the sync server", || Server::start(project, &place))?;
    let (ada, ben) = (Device::new(project, &place, "Ada"), Device::new(project, &place, "Ben"));
    let told = if first {
        steps.by_hand("Making an example of a client's brief, between two devices", || {
            let told = example(project, &server, &ada, &ben)?;
            place.mark_ready()?;
            Ok(told)
        })?
    } else {
        steps.by_hand("Syncing the example's two devices", || again(&ada, &ben))?
    };
    println!();
    told.iter().for_each(|line| println!("  {line}"));
    println!("\nSync server   {}   log: {}", server.address, place.short(&server.log));
    println!("Ada's device  {}", place.short(&ada.data));
    println!("Ben's device  {}", place.short(&ben.data));
    println!("Accounts      ada@example.org and ben@example.org, password: {PASSWORD}\n");
    if !screen {
        let picture = place.folder.join("screen.png");
        steps.by_hand("There is no screen here: taking a picture of Ada's window", || photograph(&ada, &place, &picture))?;
        println!("\nThe picture   {}", place.short(&picture));
        println!("\nOn a machine with a screen this opens the window. The command line shows the same; for example:");
        for words in [format!("show \"{PROJECT}\""), format!("why \"{PROJECT}\" R-3"), "verify".into(), "--help".into()] {
            println!("  {} --data {} {words}", place.short(&ada.program), place.short(&ada.data));
        }
        return Ok(());
    }
    println!("The window is open. Close it, or press Ctrl+C here, to end everything.");
    let mut windows = vec![ada.open(&place)?];
    if asked("--two") {
        windows.push(ben.open(&place)?);
    }
    windows.iter_mut().try_for_each(|window| match window.wait()? {
        true => Ok(()),
        false => Err(Failure::failed(format!("The window ended badly. Its log is beside its data, in {}.", place.short(&place.folder)))),
    })
}

/// Where the example lives. Cleaning the target folder removes it.
struct Place {
    root: PathBuf,
    folder: PathBuf,
}

impl Place {
    fn new(project: &Project) -> Self {
        Self { root: project.root.clone(), folder: project.target.join("run") }
    }

    fn is_ready(&self) -> bool {
        self.folder.join("ready").exists()
    }

    fn mark_ready(&self) -> Result {
        Ok(fs::write(self.folder.join("ready"), "")?)
    }

    fn clear(&self) -> Result {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder)?;
        }
        Ok(fs::create_dir_all(&self.folder)?)
    }

    /// A path as it is typed from the root.
    fn short(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}

/// The running server.
struct Server {
    address: String,
    /// The one-time link of the first start.
    set_up: Option<String>,
    log: PathBuf,
    _process: Process,
}

impl Server {
    /// Always at the same address: the example's devices remember it.
    fn start(project: &Project, place: &Place) -> Result<Self> {
        let remembered = place.folder.join("port");
        let port = match fs::read_to_string(&remembered).ok().and_then(|port| port.trim().parse().ok()) {
            Some(port) => port,
            None => free_port()?,
        };
        if TcpListener::bind(("127.0.0.1", port)).is_err() {
            return Err(Failure::failed(format!(
                "Something listens on port {port} already: perhaps another `cargo xtask run`. End it, or start afresh elsewhere with --fresh."
            )));
        }
        fs::write(&remembered, port.to_string())?;
        let log = place.folder.join("server.log");
        let file = File::create(&log)?;
        let mut command = Command::new(project.program("scantling-server"));
        command.arg("--data").arg(place.folder.join("server")).args(["--listen", &format!("127.0.0.1:{port}")]);
        let mut process = Process::start(command.stdout(file.try_clone()?).stderr(file))?;
        let said = until(Duration::from_secs(30), "the server to listen", || {
            let text = fs::read_to_string(&log)?;
            if process.ended()?.is_some() {
                return Err(Failure::failed(format!("The sync server ended at once:\n{text}")));
            }
            Ok(text.contains("Listening on ").then_some(text))
        })?;
        let after = |word: &str| said.lines().find_map(|line| Some(line.split_once(word)?.1.trim().to_owned()));
        // The link is printed beside the address; a line may still be on its way.
        let set_up = if place.is_ready() {
            None
        } else {
            Some(until(Duration::from_secs(5), "the server's link for the first account", || {
                Ok(fs::read_to_string(&log)?.lines().find_map(|line| Some(line.split_once("Set up: ")?.1.trim().to_owned())))
            })?)
        };
        let address = after("Listening on ").unwrap_or_default();
        Ok(Self { address, set_up, log, _process: process })
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", PORT)).or_else(|_| TcpListener::bind(("127.0.0.1", 0)))?;
    Ok(listener.local_addr()?.port())
}

/// One person's device: a data folder, and the program that works on it.
struct Device {
    name: String,
    program: PathBuf,
    data: PathBuf,
}

impl Device {
    fn new(project: &Project, place: &Place, name: &str) -> Self {
        Self { name: name.into(), program: project.program("scantling"), data: place.folder.join(name.to_lowercase()) }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        // An example needs no place in the developer's own keyring.
        command.arg("--data").arg(&self.data).env("SCANTLING_KEY_HOME", "file");
        command
    }

    /// What the command line answers, in JSON.
    fn ask(&self, words: &[&str]) -> Result<Value> {
        crate::steps::check()?;
        let answer = self.command().arg("--json").args(words).stdin(Stdio::null()).output()?;
        let failed = |why: &str| Failure::failed(format!("`{}` on {}'s device: {}", words.join(" "), self.name, why.trim()));
        if !answer.status.success() {
            return Err(failed(&format!("{}{}", String::from_utf8_lossy(&answer.stdout), String::from_utf8_lossy(&answer.stderr))));
        }
        serde_json::from_slice(&answer.stdout).map_err(|error| failed(&format!("the answer is not JSON: {error}")))
    }

    /// Carries out one command of the table.
    fn call(&self, name: &str, input: &Value) -> Result<Value> {
        self.ask(&["call", name, &input.to_string()])
    }

    /// Syncs until both sides hold the same log, which the badge says only when the hashes are equal.
    fn sync(&self) -> Result {
        let badge = self.ask(&["sync", "--timeout", "30"])?;
        if badge["state"] == "proven" { Ok(()) } else { Err(Failure::failed(format!("{}'s device is not in sync: {badge}", self.name))) }
    }

    /// What everybody in the project sees alike.
    fn shown(&self) -> Result<Value> {
        Ok(essence(&self.ask(&["show", PROJECT])?))
    }

    fn open(&self, place: &Place) -> Result<Process> {
        let log = File::create(place.folder.join(format!("{}.log", self.name.to_lowercase())))?;
        Process::start(self.command().stdout(log.try_clone()?).stderr(log))
    }
}

/// Ada reads a brief and shares the project, Ben joins, both work at the same time, and both end up with the same. Tells
/// what was done.
fn example(project: &Project, server: &Server, ada: &Device, ben: &Device) -> Result<Vec<String>> {
    let Some(set_up) = &server.set_up else { return Err(Failure::failed("The server is set up already; start afresh with --fresh.")) };
    let mut told = Vec::new();
    let brief = project.root.join(BRIEF);
    let proposal = ada.ask(&["translate", &brief.to_string_lossy(), "--into", PROJECT])?;
    let count = |kind: &str| proposal["items"].as_array().into_iter().flatten().filter(|item| item["kind"] == kind).count();
    told.push(format!(
        "Ada read {BRIEF} into \"{PROJECT}\": {} requirements, {} entities, {} attributes, {} relations.",
        count("requirement"),
        count("entity"),
        count("attribute"),
        count("relation")
    ));
    ada.call("identity.sign_up", &json!({ "link": set_up, "name": "Ada", "email": "ada@example.org", "password": PASSWORD }))?;
    let id = &ada.call("project.list", &json!({}))?[0]["id"];
    ada.call("project.share", &json!({ "project": id, "server": server.address }))?;
    ada.sync()?;
    let invitation = ada.call("project.invite", &json!({ "project": id, "role": "editor" }))?;
    let link = &invitation["link"];
    ben.call("identity.sign_up", &json!({ "link": link, "name": "Ben", "email": "ben@example.org", "password": PASSWORD }))?;
    let joined = ben.call("project.join", &json!({ "link": link }))?;
    ben.sync()?;
    told.push("She signed up on the server and shared the project; Ben joined by her invitation.".into());
    ada.call("blueprint.add_requirement", &json!({ "project": id, "text": "A part can be found by its article number." }))?;
    ben.call("blueprint.add_requirement", &json!({ "project": joined["id"], "text": "An order can be cancelled until it is packed." }))?;
    told.push("Both wrote a requirement before either heard of the other.".into());
    ada.sync()?;
    ben.sync()?;
    ada.sync()?;
    let shown = ada.shown()?;
    if shown != ben.shown()? {
        return Err(Failure::failed("Ada and Ben see different projects after both have synced."));
    }
    let length = |list: &Value| list.as_array().map_or(0, Vec::len);
    told.push(format!(
        "Both synced, their logs are equal by hash, and both see the same: {} requirements, {} entities.",
        length(&shown["requirements"]),
        length(&shown["model"]["entities"])
    ));
    for device in [ada, ben] {
        let report = device.ask(&["verify"])?;
        told.push(format!("{}'s store was rebuilt from its log and is the same: all {} checks hold.", device.name, length(&report["checks"])));
    }
    Ok(told)
}

/// The example of an earlier run, perhaps edited since: whatever became of it is told and stops nobody.
fn again(ada: &Device, ben: &Device) -> Result<Vec<String>> {
    let mut told = vec!["The example of an earlier run is kept; --fresh makes a new one.".to_owned()];
    for device in [ada, ben] {
        let state = device.sync().map_or_else(|failure| failure.to_string(), |()| format!("{}'s device is in sync with the server.", device.name));
        crate::steps::check()?;
        told.push(state);
    }
    Ok(told)
}

/// What everyone sees alike: what is unread differs by person.
fn essence(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(essence).collect(),
        Value::Object(fields) => fields.iter().filter(|(name, _)| *name != "unread").map(|(name, value)| (name.clone(), essence(value))).collect(),
        other => other.clone(),
    }
}

/// Opens the window on a display of its first size that nobody sees, waits until it shows something and no longer changes, and saves it.
fn photograph(device: &Device, place: &Place, picture: &Path) -> Result {
    let said = place.folder.join("display.log");
    let file = File::create(&said)?;
    let mut command = Command::new("Xvfb");
    command.args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"]);
    let _display = Process::start(command.stdout(file).stderr(Stdio::null()))?;
    let number = until(Duration::from_secs(20), "Xvfb to offer a display", || Ok(fs::read_to_string(&said)?.trim().parse::<u32>().ok()))?;
    let display = format!(":{number}");

    let log = place.folder.join(format!("{}.log", device.name.to_lowercase()));
    let file = File::create(&log)?;
    let mut window = Command::new("dbus-run-session");
    let app = device.command();
    window.arg("--").arg(app.get_program()).args(app.get_args());
    window.envs(app.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("DISPLAY", &display);
    let mut window = Process::start(window.stdout(file.try_clone()?).stderr(file))?;
    // A caret may blink for ever, so after a while the picture counts as finished even though it moves.
    let (mut before, mut still, mut looks) = (Vec::new(), 0, 0);
    until(Duration::from_secs(60), "the window to show something", || {
        if window.ended()?.is_some() {
            return Err(Failure::failed(format!("The window ended at once; see {}.", place.short(&log))));
        }
        std::thread::sleep(Duration::from_millis(250));
        let shot = Command::new("import").args(["-display", &display, "-window", "root", "rgb:-"]).output()?;
        let painted = shot.stdout.chunks(3).any(|pixel| Some(pixel) != shot.stdout.chunks(3).next());
        looks += usize::from(painted);
        still = if painted && shot.stdout == before { still + 1 } else { 0 };
        before = shot.stdout;
        Ok((still >= 4 || looks >= 40).then_some(()))
    })?;
    let shot = Command::new("import").args(["-display", &display, "-window", "root"]).arg(picture).status()?;
    if shot.success() { Ok(()) } else { Err(Failure::failed("ImageMagick could not take the picture.")) }
}
