//! The device alone: how long a keystroke and a start take.

use std::path::Path;
use std::time::Instant;

use scantling::key::Home;
use scantling::{Host, Options};
use serde_json::{Value, json};

use crate::disk::{Disk, written};
use crate::figures::{Table, Times, median, ratio, size, span};
use crate::{Places, Result};

/// Keystrokes that are measured in each project.
const KEYS: usize = 1_000;
/// Keystrokes in one requirement before the next is edited.
const RUN: usize = 20;

fn host(folder: &Path) -> Result<Host> {
    let options = Options { data: folder.to_owned(), key_home: Some(Home::File), passphrase: None, sync: false };
    Host::open(options).map_err(|problem| problem.message.into())
}

fn call(host: &Host, name: &str, input: Value) -> Result<Value> {
    host.wait(host.call(name, input)).map_err(|problem| format!("{name}: {}", problem.message).into())
}

/// From `Host::call("blueprint.edit_text")` to its answer, which comes after the commit and holds the patch for the
/// screen. Beside each, one write of as many bytes that waits for the disk.
pub fn keystroke(places: &Places, table: &mut Table) -> Result {
    for requirements in [50, 5_000] {
        let folder = places.folder()?;
        let host = host(&folder.path().join("device"))?;
        let project = call(&host, "project.create", json!({ "name": "Measured" }))?["id"].clone();
        let mut ids = Vec::new();
        for number in 0..requirements {
            let text = format!("A customer can find order {number} by its number, its date and the name of whoever placed it.");
            ids.push(call(&host, "blueprint.add_requirement", json!({ "project": project, "text": text }))?["id"].clone());
        }
        // How much a keystroke writes decides what it is compared with.
        let mut bytes = Vec::new();
        type_in(&host, &project, &ids[..1], RUN, |press| {
            let before = written();
            press()?;
            bytes.extend(written().zip(before).map(|(after, before)| after - before));
            Ok(())
        })?;
        let bytes = median(bytes).max(4_096);
        let mut disk = Disk::new(folder.path(), bytes)?;
        let (mut keys, mut writes) = (Times::default(), Times::default());
        let spread: Vec<Value> = ids.iter().step_by((requirements * RUN / KEYS).max(1)).cloned().collect();
        type_in(&host, &project, &spread, KEYS, |press| {
            let started = Instant::now();
            press()?;
            keys.add(started.elapsed());
            writes.add(disk.write()?);
            Ok(())
        })?;
        host.close();
        let beside = format!("{} times one durable write of {}", ratio(keys.median(), writes.median()), size(bytes));
        table.times(format!("keystroke to disk and patch, {requirements} requirements"), &keys, beside);
        table.times(format!("  one durable write of {}, in between", size(bytes)), &writes, "the disk alone");
    }
    Ok(())
}

/// Types at the ends of texts, one after the other; `press` is given the keystroke and decides what to measure of it.
fn type_in(host: &Host, project: &Value, ids: &[Value], keys: usize, mut each: impl FnMut(&mut dyn FnMut() -> Result) -> Result) -> Result {
    let letters = "and the shop tells why ";
    let mut typed = 0;
    for id in ids.iter().cycle() {
        let mut state = call(host, "blueprint.text", json!({ "project": project, "id": id }))?;
        for letter in letters.chars().take(RUN) {
            if typed == keys {
                return Ok(());
            }
            typed += 1;
            let at = state["text"].as_str().unwrap_or_default().encode_utf16().count();
            let edit = json!({ "project": project, "id": id, "heads": state["heads"], "splices": [{ "at": at, "remove": 0, "insert": letter.to_string() }] });
            let mut edit = Some(edit);
            each(&mut || {
                state = call(host, "blueprint.edit_text", edit.take().unwrap_or_default())?;
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// What stands between the start of the program and the first screen: the store opens, the workspace and its projects are read.
pub fn open(places: &Places, table: &mut Table) -> Result {
    // A project is two documents: the project itself and its blueprint.
    for projects in [0, 5_000] {
        let folder = places.folder()?;
        let data = folder.path().join("device");
        let filled = host(&data)?;
        for number in 0..projects {
            call(&filled, "project.create", json!({ "name": format!("Project {number}") }))?;
        }
        filled.close();
        let (mut whole, mut opened, mut status, mut list) = (Times::default(), Times::default(), Times::default(), Times::default());
        for _ in 0..20 {
            let started = Instant::now();
            let host = host(&data)?;
            let after_open = started.elapsed();
            call(&host, "workspace.status", json!({}))?;
            let after_status = started.elapsed();
            let answer = call(&host, "project.list", json!({}))?;
            whole.add(started.elapsed());
            list.add(started.elapsed() - after_status);
            status.add(after_status - after_open);
            opened.add(after_open);
            if answer.as_array().map(Vec::len) != Some(projects) {
                return Err(format!("project.list does not show the {projects} projects that were made").into());
            }
            host.close();
        }
        let beside = format!("of it open {}, status {}, list {}", span(opened.median()), span(status.median()), span(list.median()));
        table.times(format!("Host::open, workspace.status, project.list, {} documents", projects * 2), &whole, beside);
    }
    Ok(())
}
