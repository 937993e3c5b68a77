//! The use cases of comments.

use std::collections::BTreeMap;

use kernel::entry::{DeviceKey, Entry};
use kernel::log::{Standing, person_of};
use kernel::store::setting;
use kernel::{Ctx, Permission, ProjectId, Result, SpaceId, id, space};

use crate::model::{Comment, CommentState, Found, Thread, ThreadRef, WriteComment};
use crate::{SUBJECT, rules, store};

/// The comments on an element.
///
/// # Errors
/// `NotFound` when the project is not on this device.
pub fn thread(ctx: &mut Ctx<'_>, input: &ThreadRef) -> Result<Thread> {
    let space = ctx.space_of(&input.project.to_string())?;
    ctx.require(Permission::Read, space)?;
    let shared = space::get(ctx.sql, space)?.server.is_some();
    let own = own(ctx)?;
    let read = store::read_until(ctx.sql, input.project, &input.id)?;
    let mut comments = Vec::new();
    for stored in store::thread(ctx.sql, input.project, &input.id)? {
        let mine = own.contains(&stored.device);
        comments.push(Comment {
            id: comment_id(&stored.id),
            author: author(ctx, &stored.device, mine)?,
            mine,
            at: stored.at,
            text: stored.text,
            state: match (&stored.reason, stored.seq) {
                (Some(_), _) => CommentState::Refused,
                (None, None) if shared => CommentState::Pending,
                _ => CommentState::Sent,
            },
            reason: stored.reason.map(|reason| ctx.say(reason)),
            unread: !mine && stored.seq.is_some_and(|seq| seq > read),
        });
    }
    Ok(Thread { element: input.id.clone(), comments })
}

/// Writes a comment; it is in the thread at once and is sent when the server can be reached.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid`.
pub fn comment(ctx: &mut Ctx<'_>, input: &WriteComment) -> Result<Comment> {
    let space = ctx.space_of(&input.project.to_string())?;
    ctx.require(Permission::Comment, space)?;
    let (element, text) = (rules::element(&input.element)?, rules::text(&input.text)?);
    let entry = ctx.append_record(space, SUBJECT, rules::encode(input.project, &element, &text))?;
    store::save(ctx.sql, &entry, input.project, &element, &text, &Standing::Pending)?;
    ctx.emit("rooms", "CommentWritten", element);
    let shared = space::get(ctx.sql, space)?.server.is_some();
    Ok(Comment {
        id: comment_id(&entry.id),
        author: author(ctx, &entry.device, true)?,
        mine: true,
        at: entry.at,
        text,
        state: if shared { CommentState::Pending } else { CommentState::Sent },
        reason: None,
        unread: false,
    })
}

/// Notes that the person has read a thread to its end.
///
/// # Errors
/// `NotFound` when the project is not on this device.
pub fn mark_read(ctx: &mut Ctx<'_>, input: &ThreadRef) -> Result<()> {
    ctx.space_of(&input.project.to_string())?;
    if store::mark_read(ctx.sql, input.project, &input.id)? {
        ctx.emit("rooms", "ThreadRead", input.id.as_str());
    }
    Ok(())
}

/// By element of a project: how many comments there are, and how many are unread.
///
/// # Errors
/// Those of the store.
pub fn counts(ctx: &mut Ctx<'_>, project: ProjectId) -> Result<BTreeMap<String, (u32, u32)>> {
    let own = own(ctx)?;
    store::counts(ctx.sql, project, &own)
}

/// The comments of a project that hold all these words, each as a beginning; best first.
///
/// # Errors
/// Those of the store.
pub fn search(ctx: &mut Ctx<'_>, project: ProjectId, query: &str, limit: usize) -> Result<Vec<Found>> {
    // Quoted words are plain words to FTS5, whatever they hold.
    let words: Vec<String> = query.split_whitespace().take(16).map(|word| format!("\"{}\"*", word.replace('"', "\"\""))).collect();
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let own = own(ctx)?;
    store::search(ctx.sql, project, &words.join(" "), limit)?
        .into_iter()
        .map(|found| {
            Ok(Found {
                id: comment_id(&found.id),
                element: found.element,
                author: author(ctx, &found.device, own.contains(&found.device))?,
                excerpt: found.excerpt,
            })
        })
        .collect()
}

/// Follows a record of the log. Asking twice is the same as once.
///
/// # Errors
/// Those of the store.
pub fn record(ctx: &mut Ctx<'_>, entry: &Entry, standing: &Standing) -> Result<()> {
    let Some((project, element, text)) = rules::decode(&entry.payload) else { return Ok(()) };
    if *standing == Standing::Discarded {
        store::remove(ctx.sql, &entry.id)?;
    } else if project.space() == entry.space {
        store::save(ctx.sql, entry, project, &element, &text, standing)?;
    } else {
        // A comment that names a project of another space would show itself where its author has no rights.
        return Ok(());
    }
    ctx.emit("rooms", "CommentChanged", element);
    Ok(())
}

/// Draws the comments of a space anew from its log.
///
/// # Errors
/// Those of the store.
pub fn rebuild(ctx: &mut Ctx<'_>, space: SpaceId) -> Result<()> {
    store::clear(ctx.sql, space)?;
    let mut after = 0;
    loop {
        let page = kernel::log::records(ctx.sql, space, SUBJECT, after, 500)?;
        let Some((last, ..)) = page.last() else { return Ok(()) };
        after = *last;
        for (_, entry, standing) in &page {
            record(ctx, entry, standing)?;
        }
    }
}

/// What a refused comment says, and on which element.
#[must_use]
pub fn describe(entry: &Entry) -> Option<(String, String)> {
    rules::decode(&entry.payload).map(|(_, element, text)| (element, text))
}

/// A digest of what is drawn from a space's comments.
///
/// # Errors
/// Those of the store.
pub fn digest(ctx: &mut Ctx<'_>, space: SpaceId) -> Result<[u8; 32]> {
    Ok(*blake3::hash(format!("{:?}", store::rows(ctx.sql, space)?).as_bytes()).as_bytes())
}

fn comment_id(bytes: &[u8]) -> String {
    bytes.try_into().map_or_else(|_| "com_".to_owned(), |bytes| format!("com_{}", id::encode(bytes)))
}

fn own(ctx: &mut Ctx<'_>) -> Result<Vec<DeviceKey>> {
    let key = ctx.author()?.key.verifying_key().to_bytes();
    store::own_devices(ctx.sql, &key)
}

/// The author's name as the server tells it; at this device the person's own name, or simply "You".
fn author(ctx: &mut Ctx<'_>, device: &DeviceKey, mine: bool) -> Result<String> {
    if let Some((_, name)) = person_of(ctx.sql, device)? {
        return Ok(name);
    }
    let own = if mine { setting(ctx.sql, "person_name")?.filter(|name| !name.is_empty()) } else { None };
    Ok(own.unwrap_or_else(|| if mine { ctx.say(("You", "Вы")) } else { ctx.say(("Someone", "Кто-то")) }))
}
