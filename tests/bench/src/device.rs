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

/// A device that works in this folder.
pub fn host(folder: &Path, sync: bool) -> Result<Host> {
    let options = Options { data: folder.to_owned(), key_home: Some(Home::File), passphrase: None, sync };
    Host::open(options).map_err(|problem| problem.message.into())
}

/// Carries out one command.
pub fn call(host: &Host, name: &str, input: Value) -> Result<Value> {
    host.wait(host.call(name, input)).map_err(|problem| format!("{name}: {}", problem.message).into())
}

/// From `Host::call("blueprint.edit_text")` to its answer, which comes after the commit and holds the patch for the
/// screen. Beside each, one write of as many bytes that waits for the disk.
pub fn keystroke(places: &Places, table: &mut Table) -> Result {
    for requirements in [50, 5_000] {
        let folder = places.folder()?;
        let host = host(&folder.path().join("device"), false)?;
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

/// One letter at the end of a requirement's text, from the state that the screen shows to the next.
pub fn press(host: &Host, requirement: &Value, state: &Value, letter: char) -> Result<Value> {
    let at = state["text"].as_str().unwrap_or_default().encode_utf16().count();
    let mut edit = requirement.clone();
    edit["heads"] = state["heads"].clone();
    edit["splices"] = json!([{ "at": at, "remove": 0, "insert": letter.to_string() }]);
    call(host, "blueprint.edit_text", edit)
}

/// Types at the ends of texts, one after the other; `press` is given the keystroke and decides what to measure of it.
fn type_in(host: &Host, project: &Value, ids: &[Value], keys: usize, mut each: impl FnMut(&mut dyn FnMut() -> Result) -> Result) -> Result {
    let letters = "and the shop tells why ";
    let mut typed = 0;
    for id in ids.iter().cycle() {
        let requirement = json!({ "project": project, "id": id });
        let mut state = call(host, "blueprint.text", requirement.clone())?;
        for letter in letters.chars().take(RUN) {
            if typed == keys {
                return Ok(());
            }
            typed += 1;
            each(&mut || {
                state = press(host, &requirement, &state, letter)?;
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// The projects of a workspace with much in it. A project is two documents: the project itself and its blueprint.
pub const MANY: usize = 5_000;
/// What the first of them holds.
const BRIEF: &str = include_str!("../../data/briefs/01-bike-parts.md");

/// Makes a workspace of so many projects, of which the first holds a translated brief.
pub fn fill(data: &Path, projects: usize) -> Result {
    let filled = host(data, false)?;
    for number in 0..projects {
        call(&filled, "project.create", json!({ "name": format!("Project {number}") }))?;
    }
    let first = &call(&filled, "project.list", json!({}))?[0]["id"];
    if first.is_string() {
        let proposal = call(&filled, "blueprint.propose", json!({ "project": first, "text": BRIEF }))?;
        let items: Vec<&Value> = proposal["items"].as_array().into_iter().flatten().map(|item| &item["id"]).collect();
        call(&filled, "blueprint.accept", json!({ "project": first, "title": "Brief", "text": BRIEF, "items": items }))?;
    }
    filled.close();
    Ok(())
}

/// What stands between the start of the program and the first screen: the store opens, the workspace, its projects and
/// the requirements of the first are read.
pub fn open(places: &Places, table: &mut Table) -> Result {
    for projects in [0, MANY] {
        let folder = places.folder()?;
        let data = folder.path().join("device");
        fill(&data, projects)?;
        let [mut whole, mut opened, mut status, mut list, mut read] = <[Times; 5]>::default();
        for _ in 0..20 {
            let started = Instant::now();
            let host = host(&data, false)?;
            let after_open = started.elapsed();
            call(&host, "workspace.status", json!({}))?;
            let after_status = started.elapsed();
            let answer = call(&host, "project.list", json!({}))?;
            let after_list = started.elapsed();
            if answer[0]["id"].is_string() {
                let shown = call(&host, "blueprint.requirements", json!({ "project": answer[0]["id"] }))?;
                if shown.as_array().is_none_or(Vec::is_empty) {
                    return Err("the first project shows no requirements".into());
                }
            }
            whole.add(started.elapsed());
            read.add(started.elapsed() - after_list);
            list.add(after_list - after_status);
            status.add(after_status - after_open);
            opened.add(after_open);
            if answer.as_array().map(Vec::len) != Some(projects) {
                return Err(format!("project.list does not show the {projects} projects that were made").into());
            }
            host.close();
        }
        let beside = format!(
            "open {}, status {}, {projects} projects {}, requirements {}",
            span(opened.median()),
            span(status.median()),
            span(list.median()),
            span(read.median())
        );
        table.times(format!("device's core from start to the first document, {} documents", projects * 2), &whole, beside);
    }
    Ok(())
}
