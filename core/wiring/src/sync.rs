//! The log as a person sees it: what waits, what was refused and what that was, and the proof of the whole.

use automerge::Change;
use kernel::entry::{Entry, Kind};
use kernel::log::{self, Refused};
use kernel::{Ctx, Error, ProjectId, Result, SpaceId, space};

use crate::Wiring;
use crate::device::{BadgeState, EntryRef, PauseSpace, RefusedEntry, SpacePart, SpaceParts, SpacePerson, SpaceRef, SpaceSync, VerifyCheck, VerifyReport, WaitingEntry};

/// What this device knows of a space's sync. The state is the best one that its data allow: only the shell, which holds
/// the connection, can say that it is proven, syncing or offline.
///
/// # Errors
/// `NotFound` when this device does not hold the space.
pub fn inspect(ctx: &mut Ctx<'_>, space: SpaceId) -> Result<SpaceSync> {
    let known = space::get(ctx.sql, space)?;
    // On this device alone nothing waits for anybody, however much there is.
    let (pending, refused) = if known.server.is_some() { (log::counts(ctx.sql, space)?.0, log::refused(ctx.sql, space)?) } else { (0, Vec::new()) };
    let refused: Vec<RefusedEntry> = refused.iter().map(|refused| describe(ctx, refused)).collect();
    let name = match project::ops::in_space(ctx, space)? {
        Some(project) => project::ops::get(ctx, project)?.name,
        // The project has not arrived yet.
        None => "…".to_owned(),
    };
    let people = space::people(ctx.sql, space)?
        .into_iter()
        .map(|person| SpacePerson {
            name: person.name,
            role: person.role,
            online: person.online,
            up_to_date: person.seen.map(|(seq, _)| seq >= known.seq),
            told_at: person.seen.map(|(_, at)| at),
        })
        .collect();
    let state = if known.server.is_none() {
        BadgeState::Local
    } else if !refused.is_empty() {
        BadgeState::Refused
    } else if known.paused {
        BadgeState::Paused
    } else if known.problem.is_some() {
        BadgeState::Error
    } else {
        BadgeState::Connecting
    };
    let pending = u32::try_from(pending).unwrap_or(u32::MAX);
    Ok(SpaceSync {
        space,
        name,
        role: known.role,
        state,
        paused: known.paused,
        local_seq: known.seq.to_string(),
        server_seq: known.head.map(|(seq, _)| seq.to_string()),
        local_chain: known.chain.to_string(),
        server_chain: known.head.map(|(_, chain)| chain.to_string()),
        pending,
        refused,
        people,
        proven_at: known.proven_at,
        last_error: known.problem.map(|words| ctx.say(words)),
        server: known.server,
    })
}

/// A refused entry in words: what was done, why it was refused, and the person's own words in it.
fn describe(ctx: &Ctx<'_>, refused: &Refused) -> RefusedEntry {
    let entry = &refused.entry;
    let (what, text, element) = told(ctx, entry);
    RefusedEntry {
        id: hex(&entry.id),
        what,
        reason: ctx.say(refused.reason.clone()),
        at: entry.at,
        // What is malformed or too large stays so; a role, a quota or a missing predecessor may change.
        can_retry: !matches!(refused.code.as_str(), "invalid" | "too_large" | "damaged"),
        text,
        element,
    }
}

/// What an entry does, and for a comment its words and what they are about.
fn told(ctx: &Ctx<'_>, entry: &Entry) -> (String, Option<String>, Option<String>) {
    match entry.kind {
        Kind::Change => (message(entry).unwrap_or_else(|| ctx.say(("The beginning of the project", "Начало проекта"))), None, None),
        Kind::Record => match rooms::ops::describe(entry).filter(|_| entry.subject == rooms::SUBJECT) {
            Some((element, text)) => (ctx.say(("Comment", "Комментарий")), Some(text), Some(element)),
            None => (ctx.say(("Something that a newer version of Scantling wrote", "Запись более новой версии Scantling")), None, None),
        },
    }
}

/// The parts of a project, how far each has come, and what waits.
///
/// # Errors
/// `NotFound` when this device does not hold the space.
pub fn parts(ctx: &mut Ctx<'_>, input: SpaceRef) -> Result<SpaceParts> {
    let known = space::get(ctx.sql, input.space)?;
    let people = space::people(ctx.sql, input.space)?;
    let mut parts = Vec::new();
    for part in log::parts(ctx.sql, input.space)? {
        let name = match part.subject.split_once('_') {
            Some((blueprint::PREFIX, _)) => ("Requirements and data", "Требования и данные"),
            Some((ProjectId::PREFIX, _)) => ("Name of the project", "Название проекта"),
            _ if part.subject == rooms::SUBJECT => ("Comments", "Комментарии"),
            _ => ("Something that a newer version of Scantling wrote", "Записи более новой версии Scantling"),
        };
        let last = part.last.or((part.waiting == 0).then_some(known.base.0));
        let seen_by = people.iter().filter(|person| person.seen.is_some_and(|(seq, _)| last.is_some_and(|last| seq >= last))).map(|person| person.name.clone()).collect();
        parts.push(SpacePart { name: ctx.say(name), waiting: u32::try_from(part.waiting).unwrap_or(u32::MAX), last: part.last.map(|seq| seq.to_string()), seen_by, unreadable: u32::try_from(part.unreadable).unwrap_or(u32::MAX) });
    }
    let mut waiting = Vec::new();
    if known.server.is_some() {
        for (_, bytes) in log::outbox(ctx.sql, input.space, 0, 20, 1 << 20)? {
            let entry = Entry::trusted(&bytes)?;
            waiting.push(WaitingEntry { id: hex(&entry.id), what: told(ctx, &entry).0, at: entry.at });
        }
    }
    Ok(SpaceParts { parts, waiting })
}

/// What the history says of a change.
fn message(entry: &Entry) -> Option<String> {
    let change = Change::from_bytes(entry.payload.clone()).ok()?;
    change.message().filter(|message| !message.is_empty()).map(str::to_owned)
}

/// Pauses the sync of a space, or lets it go on.
///
/// # Errors
/// `NotFound` when this device does not hold the space.
pub fn pause(ctx: &mut Ctx<'_>, input: PauseSpace) -> Result<()> {
    let mut known = space::get(ctx.sql, input.space)?;
    if known.paused != input.paused {
        known.paused = input.paused;
        space::save(ctx.sql, &known)?;
        ctx.emit("sync", if input.paused { "SpacePaused" } else { "SpaceResumed" }, input.space.to_string());
    }
    Ok(())
}

/// Sends a refused entry again.
///
/// # Errors
/// `NotFound` when it is no longer refused.
pub fn retry(ctx: &mut Ctx<'_>, input: EntryRef) -> Result<()> {
    ctx.retry(&Wiring, input.space, &entry_id(&input.entry)?)
}

/// Gives a refused entry up.
///
/// # Errors
/// `NotFound` when it is no longer refused.
pub fn discard(ctx: &mut Ctx<'_>, input: EntryRef) -> Result<()> {
    ctx.discard(&Wiring, input.space, &entry_id(&input.entry)?)
}

/// Proves the workspace, and draws anew what differs.
///
/// # Errors
/// Those of the store; what is found wrong is in the report.
pub fn verify(ctx: &mut Ctx<'_>) -> Result<VerifyReport> {
    let checks = log::verify(ctx, &Wiring)?;
    let names = names(ctx)?;
    let checks: Vec<VerifyCheck> =
        checks.into_iter().map(|check| VerifyCheck { name: named(ctx.say(check.name), &names), ok: check.ok, detail: ctx.say(check.detail) }).collect();
    Ok(VerifyReport { ok: checks.iter().all(|check| check.ok), checks })
}

/// The findings of a comparison, as a report.
#[must_use]
pub fn report(ctx: &Ctx<'_>, checks: Vec<log::Check>) -> VerifyReport {
    let checks: Vec<VerifyCheck> = checks.into_iter().map(|check| VerifyCheck { name: ctx.say(check.name), ok: check.ok, detail: ctx.say(check.detail) }).collect();
    VerifyReport { ok: checks.iter().all(|check| check.ok), checks }
}

/// What people call the things that the log knows by number. A space without its project keeps its number.
fn names(ctx: &mut Ctx<'_>) -> Result<Vec<(String, String)>> {
    let mut names = Vec::new();
    for known in space::list(ctx.sql, None)? {
        let Some(project) = project::ops::in_space(ctx, known.space)? else { continue };
        let name = project::ops::get(ctx, project)?.name;
        names.push((blueprint::doc_of(project), ctx.say((format!("“{name}”, requirements and data"), format!("«{name}», требования и данные")))));
        names.push((project.to_string(), ctx.say((format!("“{name}”, name"), format!("«{name}», название")))));
        names.push((known.space.to_string(), ctx.say((format!("“{name}”"), format!("«{name}»")))));
    }
    Ok(names)
}

fn named(text: String, names: &[(String, String)]) -> String {
    names.iter().fold(text, |text, (number, name)| text.replace(number, name))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn entry_id(text: &str) -> Result<Vec<u8>> {
    let wrong =
        || Error::invalid("entry", ("An entry is named by 32 or 64 hexadecimal digits.", "Запись называют 32 или 64 шестнадцатеричные цифры."));
    if !matches!(text.len(), 32 | 64) || !text.is_ascii() {
        return Err(wrong());
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| wrong())).collect()
}
