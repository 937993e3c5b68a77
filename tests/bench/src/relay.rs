//! One person types, fifty watch: how long until the server holds an edit for good, and until the others have it.

use std::time::Instant;

use kernel::protocol::ToClient;
use kernel::{Random, SpaceId};
use tokio::sync::mpsc;

use crate::disk::Disk;
use crate::figures::{Table, Times, ratio, size, span};
use crate::line::{Document, Line, beginning, now};
use crate::server::Server;
use crate::{Places, Result};

const SUBSCRIBERS: usize = 50;
/// Edits that are measured, after a few that are not.
const EDITS: usize = 500;
const WARMING: usize = 20;

/// Edits go one at a time, each when everybody has the one before.
pub fn relay(places: &Places, table: &mut Table) -> Result {
    tokio::runtime::Runtime::new()?.block_on(measure(places, table))
}

async fn measure(places: &Places, table: &mut Table) -> Result {
    let folder = places.folder()?;
    let server = Server::start(places.server(), &folder.path().join("server")).await?;
    let ada = server.set_up("Ada").await?;
    let space = SpaceId::new(now(), &mut Random::seeded(1));
    server.share(&ada, space, "Measured").await?;
    let ben = server.invite(&ada, space, "viewer", "Ben").await?;

    let mut line = Line::connect(&server, &ada, vec![beginning(space)]).await?;
    let (mut document, first) = Document::new(&ada, space, "measured", "Orders are shipped on the day they are paid.")?;
    line.push(space, vec![first]).await?;
    let (arrived, mut arrivals) = mpsc::unbounded_channel::<Result<(u64, Instant), String>>();
    for _ in 0..SUBSCRIBERS {
        let mut subscriber = Line::connect(&server, &ben, vec![beginning(space)]).await?;
        let arrived = arrived.clone();
        tokio::spawn(async move {
            loop {
                let news = match subscriber.next().await {
                    Ok(ToClient::Entries { first, items, .. }) => Ok((first - 1 + items.len() as u64, Instant::now())),
                    Ok(_) => continue,
                    Err(error) => Err(error.to_string()),
                };
                // When the measurement is over nobody listens.
                if arrived.send(news).is_err() {
                    return;
                }
            }
        });
    }
    let mut head = 1;
    wait(&mut arrivals, head, |_| ()).await?;

    let (mut acknowledged, mut received, mut last) = (Times::default(), Times::default(), Times::default());
    let (mut disk, mut writes, mut bytes) = (None, Times::default(), 0);
    let mut computed = server.computed()?;
    for edit in 0..WARMING + EDITS {
        if edit == WARMING {
            computed = server.computed()?;
        }
        let entry = document.press(&ada)?;
        bytes = entry.len() as u64;
        let started = Instant::now();
        line.push(space, vec![entry]).await?;
        let answered = started.elapsed();
        head += 1;
        let mut slowest = started;
        let mut each = Vec::new();
        wait(&mut arrivals, head, |at| {
            slowest = slowest.max(at);
            each.push(at - started);
        })
        .await?;
        if edit >= WARMING {
            acknowledged.add(answered);
            each.into_iter().for_each(|time| received.add(time));
            last.add(slowest - started);
            // As much as a commit of the log writes: two pages and their headers at the least.
            let disk = match &mut disk {
                Some(disk) => disk,
                None => disk.insert(Disk::new(folder.path(), PAGES)?),
            };
            writes.add(disk.write()?);
        }
    }
    let computed = server.computed()? - computed;
    table.times(
        format!("edit of {} to the server's durable acknowledgement", size(bytes)),
        &acknowledged,
        format!("{} times one durable write", ratio(acknowledged.median(), writes.median())),
    );
    table.times(format!("  the same edit at each of {SUBSCRIBERS} subscribers"), &received, "subscribers, server and sender share this machine");
    table.times("  the same edit at the last of them", &last, "");
    table.figure(
        "  what the server computes for each delivery",
        span(computed / u32::try_from(EDITS * SUBSCRIBERS)?),
        "taking the edit in and writing it down included",
    );
    table.times(format!("  one durable write of {}, in between", size(PAGES)), &writes, "the disk alone");
    Ok(())
}

/// The pages that a commit of one entry writes to the server's database at the least.
const PAGES: u64 = 2 * 4_120;

/// Waits until every subscriber has the log up to `head`.
async fn wait(arrivals: &mut mpsc::UnboundedReceiver<Result<(u64, Instant), String>>, head: u64, mut each: impl FnMut(Instant)) -> Result {
    let mut there = 0;
    while there < SUBSCRIBERS {
        let (seq, at) = arrivals.recv().await.ok_or("the subscribers are gone")??;
        if seq >= head {
            there += 1;
            each(at);
        }
    }
    Ok(())
}

const WRITERS: usize = 10;
/// Edits of each writer.
const SHARE: usize = 2_000;
/// How many edits of a writer are on their way at once.
const WINDOW: usize = 64;

/// Many write at once, each as fast as the server takes it: a device that comes back from a long day offline.
pub fn writers(places: &Places, table: &mut Table) -> Result {
    tokio::runtime::Runtime::new()?.block_on(async {
        let folder = places.folder()?;
        let server = Server::start(places.server(), &folder.path().join("server")).await?;
        let ada = server.set_up("Ada").await?;
        let mut lines = Vec::new();
        for number in 0..WRITERS {
            let space = SpaceId::new(now(), &mut Random::seeded(number as u64));
            server.share(&ada, space, "Measured").await?;
            // Signed beforehand: what the devices compute is not what is measured.
            let (mut document, first) = Document::new(&ada, space, "measured", "Orders are shipped on the day they are paid.")?;
            let edits = (0..SHARE).map(|_| document.press(&ada)).collect::<Result<Vec<_>>>()?;
            let mut line = Line::connect(&server, &ada, vec![beginning(space)]).await?;
            line.push(space, vec![first]).await?;
            lines.push((line, space, edits));
        }
        let (computed, started) = (server.computed()?, Instant::now());
        let mut tasks = tokio::task::JoinSet::new();
        for (mut line, space, edits) in lines {
            tasks.spawn(async move { line.stream(space, edits, WINDOW).await.map_err(|error| error.to_string()) });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        let (took, computed) = (started.elapsed(), server.computed()? - computed);
        let edits = WRITERS * SHARE;
        table.figure(
            format!("durable edits from {WRITERS} writers at once"),
            format!("{:.0}/s", edits as f64 / took.as_secs_f64()),
            format!("{edits} edits, each a message of its own; the server computes {} for each", span(computed / u32::try_from(edits)?)),
        );
        Ok(())
    })
}
