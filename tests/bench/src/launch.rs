//! The window: how long it takes from the start of the program until the first screen takes words.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reqwest::Client;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};

use crate::device;
use crate::figures::{Table, Times};
use crate::{Places, Result};

const LAUNCHES: usize = 10;
/// How long a window may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Launches with an empty workspace, each the first on its machine, and with a full one.
pub fn launch(places: &Places, table: &mut Table) -> Result {
    let runtime = tokio::runtime::Runtime::new()?;
    let display = Display::start()?;
    let folder = places.folder()?;
    let mut times = Times::default();
    for number in 0..LAUNCHES {
        let data = folder.path().join(format!("empty-{number}"));
        times.add(runtime.block_on(time(places.window(), &data, &display, "sheet"))?);
    }
    table.times("first launch until the empty sheet takes words", &times, "from the start of the program; the window on a display without a screen");

    let data = folder.path().join("full");
    device::fill(&data, device::MANY)?;
    let mut times = Times::default();
    for _ in 0..LAUNCHES {
        times.add(runtime.block_on(time(places.window(), &data, &display, "requirements"))?);
    }
    table.times(format!("launch until the requirements are there, {} documents", device::MANY * 2), &times, "");
    Ok(())
}

/// From the start of the program until the page has left this mark, on the clock of the system.
async fn time(program: &Path, data: &Path, display: &Display, mark: &str) -> Result<Duration> {
    let home = tempfile::tempdir()?;
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let mut driver = Command::new("WebKitWebDriver");
    for (name, place) in [("HOME", ""), ("XDG_CONFIG_HOME", "config"), ("XDG_CACHE_HOME", "cache"), ("XDG_DATA_HOME", "share")] {
        driver.env(name, home.path().join(place));
    }
    driver
        .args([format!("--port={port}"), "--host=127.0.0.1".into()])
        .envs([("DISPLAY", display.name.as_str()), ("NO_AT_BRIDGE", "1"), ("WEBKIT_DISABLE_DMABUF_RENDERER", "1")])
        // Without an address GTK would start a bus of its own that outlives the window.
        .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
        .envs([("TAURI_WEBVIEW_AUTOMATION", "true"), ("SCANTLING_AUTOMATION", "allow"), ("SCANTLING_KEY_HOME", "file")])
        .env("SCANTLING_DATA", data)
        .env_remove("WAYLAND_DISPLAY")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let group = Group::start(&mut driver)?;
    let http = Client::builder().timeout(PATIENCE).build()?;
    let address = format!("http://127.0.0.1:{port}");
    let end = Instant::now() + PATIENCE;
    while !http.get(format!("{address}/status")).send().await.is_ok_and(|answer| answer.status().is_success()) {
        patience(end)?;
    }
    let wishes = json!({ "capabilities": { "alwaysMatch": { "webkitgtk:browserOptions": { "binary": program, "args": [] } } } });
    let session = post(&http, &format!("{address}/session"), &wishes).await?;
    let session = format!("{address}/session/{}", session["sessionId"].as_str().ok_or("the window does not let itself be driven")?);
    let script = json!({
        "script": "const [mark] = performance.getEntriesByName(arguments[0]); return mark ? performance.timeOrigin + mark.startTime : null",
        "args": [mark]
    });
    let shown = loop {
        if let Some(at) = post(&http, &format!("{session}/execute/sync"), &script).await?.as_f64() {
            break Duration::from_secs_f64(at / 1_000.0);
        }
        patience(end)?;
    };
    Ok(shown.checked_sub(started(group.0.id(), program)?).ok_or("the page comes after the program")?)
}

fn patience(end: Instant) -> Result {
    if Instant::now() > end {
        return Err("the window shows nothing".into());
    }
    std::thread::sleep(Duration::from_millis(20));
    Ok(())
}

async fn post(http: &Client, url: &str, input: &Value) -> Result<Value> {
    let mut answer: Value = http.post(url).json(input).send().await?.json().await?;
    let value = answer["value"].take();
    if value["error"].is_string() { Err(format!("the window's driver: {value}").into()) } else { Ok(value) }
}

/// When the program of a process group was started, since 1970, to a hundredth of a second: that is how the system counts.
fn started(group: u32, program: &Path) -> Result<Duration> {
    let name: String = program.file_name().unwrap_or_default().to_string_lossy().chars().take(15).collect();
    let ticks = std::fs::read_dir("/proc")?.filter_map(|entry| {
        let stat = std::fs::read_to_string(entry.ok()?.path().join("stat")).ok()?;
        // The name in parentheses may hold anything; after it come the state, the parent and the group.
        let (before, after) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = after.split_whitespace().collect();
        let own = before.ends_with(&format!("({name}")) && fields.get(2)?.parse() == Ok(group);
        own.then(|| fields.get(19)?.parse::<u64>().ok()).flatten()
    });
    let ticks = ticks.min().ok_or("the window's process is not there")?;
    let uptime = std::fs::read_to_string("/proc/uptime")?;
    let uptime: f64 = uptime.split_whitespace().next().unwrap_or_default().parse()?;
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)? + Duration::from_millis(ticks * 10) - Duration::from_secs_f64(uptime))
}

/// A display that nobody looks at.
struct Display {
    name: String,
    _server: Group,
}

impl Display {
    fn start() -> Result<Self> {
        let mut command = Command::new("Xvfb");
        // It chooses a free number itself and says so once it answers.
        command.args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = Group::start(&mut command)?;
        let mut number = String::new();
        BufReader::new(server.0.stdout.take().ok_or("Xvfb has an output")?).read_line(&mut number)?;
        Ok(Self { name: format!(":{}", number.trim()), _server: server })
    }
}

/// A process and all that it starts, which end with this value.
struct Group(Child);

impl Group {
    fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        Ok(Self(command.stdin(Stdio::null()).process_group(0).spawn().map_err(|error| format!("{name} cannot be started: {error}"))?))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            // A group that is gone already is what was wanted.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.0.wait();
    }
}
