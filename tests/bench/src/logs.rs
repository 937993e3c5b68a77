//! Many documents on the server: what a device pays that comes back, and what the server pays that holds them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use kernel::protocol::{Cursor, ToClient};
use kernel::{Random, SpaceId};
use rustix::process::Signal;

use crate::figures::{Table, Times, median, size};
use crate::line::{Document, Line, beginning, now};
use crate::server::{Person, Server};
use crate::{Places, Result};

const SPACES: usize = 100;
/// Spaces that changed while the device was away.
const CHANGED: usize = 10;
/// Letters of a document, of which each takes a byte on disk.
const LETTERS: usize = 20_000;
/// Entries in one message.
const BATCH: usize = 40;
const IDLE: usize = 200;
/// Spaces that an idle device follows.
const FOLLOWED: usize = 10;
const RETURNS: usize = 30;
const RESTARTS: usize = 5;

pub fn logs(places: &Places, table: &mut Table) -> Result {
    tokio::runtime::Runtime::new()?.block_on(measure(places, table))
}

async fn measure(places: &Places, table: &mut Table) -> Result {
    let folder = places.folder()?;
    let mut server = Server::start(places.server(), &folder.path().join("server")).await?;
    let mut ada = server.set_up("Ada").await?;
    let mut random = Random::seeded(2);
    let spaces: Vec<SpaceId> = (0..SPACES).map(|_| SpaceId::new(now(), &mut random)).collect();
    for space in &spaces {
        server.share(&ada, *space, "Measured").await?;
    }
    let mut held: Held = spaces.iter().map(|space| (*space, beginning(*space))).collect();

    let mut documents = 0;
    for goal in [1_000, 10_000] {
        fill(&server, &mut ada, &mut held, documents..goal).await?;
        documents = goal;
        reconnect(&server, &mut ada, &mut held, documents, table).await?;
    }
    table.figure(
        format!("server's memory after {documents} documents of {} came in", size(LETTERS as u64)),
        size(server.memory()?),
        format!("{} on disk", size(server.disk()?)),
    );

    let mut starts = [Times::default(), Times::default()];
    for (signal, times) in [Signal::TERM, Signal::KILL].into_iter().zip(&mut starts) {
        for _ in 0..RESTARTS {
            // Something that only the log beside the database holds, so that a restart has something to take over.
            held.append(&mut change(&server, &mut ada, &held).await?);
            server = server.restart(signal).await?;
            times.add(server.ready_after);
        }
    }
    table.times(format!("server's start to ready with {documents} documents, after it was asked to stop"), &starts[0], "");
    table.times("  the same after it was killed", &starts[1], "");

    server.renew(&mut ada).await?;
    let before = server.memory()?;
    let mut idle = Vec::new();
    for number in 0..IDLE {
        let followed = (0..FOLLOWED).filter_map(|step| held.get(&spaces[(number * 7 + step * 11) % SPACES]).cloned()).collect();
        idle.push(Line::connect(&server, &ada, followed).await?);
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let after = server.memory()?;
    table.figure(
        format!("server's memory with {documents} documents on disk and {IDLE} idle connections"),
        size(after),
        format!("{} before they came, {} for each; each follows {FOLLOWED} spaces", size(before), size(after.saturating_sub(before) / IDLE as u64)),
    );
    for line in idle {
        line.close().await?;
    }
    Ok(())
}

/// What a device that has read everything holds of each space.
type Held = BTreeMap<SpaceId, Cursor>;

async fn connect(server: &Server, person: &mut Person, held: &Held) -> Result<Line> {
    server.renew(person).await?;
    Line::connect(server, person, held.values().cloned().collect()).await
}

/// Pushes documents of one change each, spread over the spaces.
async fn fill(server: &Server, ada: &mut Person, held: &mut Held, numbers: std::ops::Range<usize>) -> Result {
    let mut random = Random::seeded(numbers.start as u64);
    let spaces: Vec<SpaceId> = held.keys().copied().collect();
    let mut line = connect(server, ada, held).await?;
    let (mut made, mut waiting) = (0, Vec::new());
    for (at, space) in spaces.iter().enumerate() {
        // One space after the other: who collects for all of them is silent for so long that the server hangs up.
        for number in numbers.clone().filter(|number| number % spaces.len() == at) {
            // Letters by chance, so that nothing on the way can make them shorter.
            let text: String = (0..LETTERS).map(|_| char::from(b'a' + u8::try_from(random.below(26)).unwrap_or(0))).collect();
            waiting.push(Document::new(ada, *space, &format!("doc-{number}"), &text)?.1);
            if waiting.len() == BATCH {
                line.push(*space, std::mem::take(&mut waiting)).await?;
            }
            made += 1;
            if made % 1_000 == 0 {
                eprintln!("  {made} of {} documents", numbers.len());
            }
        }
        if !waiting.is_empty() {
            line.push(*space, std::mem::take(&mut waiting)).await?;
        }
    }
    held.clone_from(&line.cursors);
    line.close().await
}

/// Writes one letter in a new document of each of some spaces; what is held of them afterwards.
async fn change(server: &Server, person: &mut Person, held: &Held) -> Result<Held> {
    let places: Held = held.iter().take(CHANGED).map(|(space, cursor)| (*space, cursor.clone())).collect();
    let mut line = connect(server, person, &places).await?;
    for (space, cursor) in &places {
        let (_, entry) = Document::new(person, *space, &format!("new-{}", cursor.seq), "a")?;
        line.push(*space, vec![entry]).await?;
    }
    let after = line.cursors.clone();
    line.close().await?;
    Ok(after)
}

/// A device that holds everything goes, a few spaces change, and it comes back.
async fn reconnect(server: &Server, ada: &mut Person, held: &mut Held, documents: usize, table: &mut Table) -> Result {
    let mut times = Times::default();
    let (mut up, mut down) = (Vec::new(), Vec::new());
    let (mut sent, mut heard) = (0, 0);
    for _ in 0..RETURNS {
        change(server, ada, held).await?;
        server.renew(ada).await?;
        let started = Instant::now();
        let mut line = connect(server, ada, held).await?;
        let mut missing = CHANGED;
        while missing > 0 {
            if let ToClient::Entries { items, .. } = line.next().await? {
                missing = missing.saturating_sub(items.len());
            }
        }
        times.add(started.elapsed());
        up.push(line.up.bytes);
        down.push(line.down.bytes);
        (sent, heard) = (line.up.messages, line.down.messages);
        held.clone_from(&line.cursors);
        line.close().await?;
    }
    let beside = format!("up {sent} message, {}; down {heard} messages, {}", size(median(up)), size(median(down)));
    table.times(format!("reconnect, {documents} documents in {SPACES} spaces of which {CHANGED} changed"), &times, beside);
    Ok(())
}
