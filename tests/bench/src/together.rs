//! Two devices and a server: how long until what one types is on the other's screen, and how fast the other catches up.

use std::time::{Duration, Instant};

use scantling::Host;
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;

use crate::device::{call, host, press};
use crate::figures::{Table, Times, span};
use crate::server::{PASSWORD, Server};
use crate::{Places, Result};

const KEYS: usize = 300;
/// What is typed while the other is away.
const MISSED: usize = 1_000;
const PATIENCE: Duration = Duration::from_secs(60);

/// Everything is real: two encrypted stores, a server, sockets. All share this machine.
pub fn together(places: &Places, table: &mut Table) -> Result {
    let runtime = tokio::runtime::Runtime::new()?;
    let folder = places.folder()?;
    let server = runtime.block_on(Server::start(places.server(), &folder.path().join("server")))?;
    let (ada, ben) = (host(&folder.path().join("ada"), true)?, host(&folder.path().join("ben"), true)?);

    let sign_up = |host: &Host, link: &Value, name: &str| {
        let email = format!("{}@example.org", name.to_lowercase());
        call(host, "identity.sign_up", json!({ "link": link, "name": name, "email": email, "password": PASSWORD }))
    };
    sign_up(&ada, &json!(server.set_up_link()?), "Ada")?;
    let project = &call(&ada, "project.create", json!({ "name": "Measured" }))?["id"];
    let text = "A customer can find an order by its number, its date and the name of whoever placed it.";
    let id = &call(&ada, "blueprint.add_requirement", json!({ "project": project, "text": text }))?["id"];
    call(&ada, "project.share", json!({ "project": project, "server": server.address }))?;
    let link = &call(&ada, "project.invite", json!({ "project": project, "role": "editor" }))?["link"];
    sign_up(&ben, link, "Ben")?;
    call(&ben, "project.join", json!({ "link": link }))?;

    let requirement = json!({ "project": project, "id": id });
    let mut news = ben.changes();
    let mut state = call(&ada, "blueprint.text", requirement.clone())?;
    shown(&ben, &mut news, &requirement, &state["text"])?;

    let (mut committed, mut seen) = (Times::default(), Times::default());
    for letter in "and the shop tells why ".chars().cycle().take(KEYS) {
        let started = Instant::now();
        state = press(&ada, &requirement, &state, letter)?;
        committed.add(started.elapsed());
        shown(&ben, &mut news, &requirement, &state["text"])?;
        seen.add(started.elapsed());
    }
    table.times(
        "keystroke of one until another's screen has read it",
        &seen,
        format!("of it {} until the one's own screen has it", span(committed.median())),
    );

    let space = project.as_str().unwrap_or_default().to_owned();
    let space = call(&ben, "sync.inspect", json!({}))?["spaces"][0]["space"].as_str().map_or(space, str::to_owned);
    call(&ben, "sync.pause", json!({ "space": space, "paused": true }))?;
    for letter in "and the shop tells why ".chars().cycle().take(MISSED) {
        state = press(&ada, &requirement, &state, letter)?;
    }
    let end = Instant::now() + PATIENCE;
    while call(&ada, "sync.badge", json!({}))?["state"] != "proven" {
        if Instant::now() > end {
            return Err("the server does not take what was typed".into());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let started = Instant::now();
    call(&ben, "sync.pause", json!({ "space": space, "paused": false }))?;
    shown(&ben, &mut news, &requirement, &state["text"])?;
    let caught_up = started.elapsed();
    table.figure(
        format!("another comes back and catches up on {MISSED} keystrokes"),
        span(caught_up),
        format!("{} for each change, applied, drawn and on disk", span(caught_up / u32::try_from(MISSED)?)),
    );
    ada.close();
    ben.close();
    Ok(())
}

/// Reads whenever the device says that something changed, until the text is this.
fn shown(host: &Host, news: &mut Receiver<Vec<&'static str>>, requirement: &Value, text: &Value) -> Result {
    let end = Instant::now() + PATIENCE;
    loop {
        // Before the project has come there is nothing to read.
        if call(host, "blueprint.text", requirement.clone()).is_ok_and(|state| state["text"] == *text) {
            return Ok(());
        }
        if Instant::now() > end {
            return Err("the other device does not show what was typed".into());
        }
        // Whoever was too slow to hear everything reads again at once.
        let _ = host.wait(async { tokio::time::timeout(Duration::from_secs(1), news.recv()).await });
    }
}
