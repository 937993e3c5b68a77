//! Every statement about the log.

use kernel::entry::{Chain, Entry};
use kernel::protocol::{BATCH_BYTES, BATCH_COUNT, Epoch};
use kernel::sync::Row;
use kernel::{Result, SpaceId, Sql, pack, values};

/// The most entries that are sealed at once, and about the most bytes of them.
const SEALED_COUNT: u64 = 4_096;
const SEALED_BYTES: u64 = 16 * 1024 * 1024;

/// A log as it stands.
pub struct Log {
    /// Which life of it.
    pub epoch: Epoch,
    /// Its newest entry.
    pub head: u64,
    /// The proof up to it.
    pub chain: Chain,
    /// The bytes of its entries.
    pub bytes: u64,
    /// Its own quota, if it has one.
    pub quota: Option<u64>,
}

pub(super) fn log(sql: &mut dyn Sql, space: SpaceId) -> Result<Option<Log>> {
    sql.find("select epoch, head, chain, bytes, quota from sync_space where space = $1", values![space])?
        .map(|mut row| Ok(Log { epoch: row.take(0)?, head: row.take(1)?, chain: Chain(row.take(2)?), bytes: row.take(3)?, quota: row.take(4)? }))
        .transpose()
}

pub(super) fn begin(sql: &mut dyn Sql, space: SpaceId, epoch: &Epoch) -> Result<()> {
    sql.execute(
        "insert into sync_space (space, epoch, head, chain, bytes) values ($1, $2, 0, $3, 0) on conflict (space) do nothing",
        values![space, epoch, Chain::empty(space).0],
    )?;
    Ok(())
}

/// A log, and the place of an entry in it, if it has one.
pub(super) fn log_with(sql: &mut dyn Sql, space: SpaceId, id: &[u8]) -> Result<Option<(Log, Option<u64>)>> {
    sql.find(
        "select s.epoch, s.head, s.chain, s.bytes, s.quota, e.seq from sync_space s left join sync_entry e on e.space = s.space and e.id = $2 where s.space = $1",
        values![space, id],
    )?
    .map(|mut row| Ok((Log { epoch: row.take(0)?, head: row.take(1)?, chain: Chain(row.take(2)?), bytes: row.take(3)?, quota: row.take(4)? }, row.take(5)?)))
    .transpose()
}

pub(super) fn subject(sql: &mut dyn Sql, space: SpaceId, id: &[u8]) -> Result<Option<String>> {
    sql.find("select subject from sync_entry where space = $1 and id = $2", values![space, id])?.map(|mut row| row.take(0)).transpose()
}

pub(super) fn append(sql: &mut dyn Sql, entry: &Entry, seq: u64, chain: Chain, now: kernel::Timestamp) -> Result<()> {
    sql.put(
        "insert into sync_entry (space, seq, id, kind, subject, bytes, chain, device, at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        values![entry.space, seq, &entry.id, entry.kind as u32, &entry.subject, entry.bytes(), chain.0, entry.device, now],
    )?;
    sql.put("update sync_space set head = $2, chain = $3, bytes = bytes + $4 where space = $1", values![entry.space, seq, chain.0, entry.bytes().len()])?;
    sql.put("insert into sync_author (space, device) values ($1, $2) on conflict (space, device) do nothing", values![entry.space, entry.device])?;
    Ok(())
}

/// Notes that a space has a document.
pub(super) fn begin_document(sql: &mut dyn Sql, space: SpaceId, doc: &str) -> Result<()> {
    sql.put("insert into sync_document (space, doc) values ($1, $2) on conflict (space, doc) do nothing", values![space, doc])
}

/// The next documents of a space in the order of their ids, as many as asked for at most.
///
/// # Errors
/// Those of the database.
pub fn documents_after(sql: &mut dyn Sql, space: SpaceId, after: &str, most: usize) -> Result<Vec<String>> {
    sql.query("select doc from sync_document where space = $1 and doc > $2 order by doc limit $3", values![space, after, most])?.into_iter().map(|mut row| row.take(0)).collect()
}

/// A document as it was sealed, if it was, and a place of the log up to which nothing of it is missing there.
///
/// # Errors
/// Those of the database.
pub fn sealed_document(sql: &mut dyn Sql, space: SpaceId, doc: &str) -> Result<(Option<Vec<u8>>, u64)> {
    // The place first: a document that is sealed further meanwhile holds more, never less.
    let place = sql.find("select sealed from sync_space where space = $1", values![space])?.map_or(Ok(0), |mut row| row.take(0))?;
    Ok((snapshot(sql, space, doc)?, place))
}

/// The next changes of a document after a place of the log, about a batch of bytes, and the place that they lead to. When
/// there are no more, that is the head.
///
/// # Errors
/// Those of the database.
pub fn changes_after(sql: &mut dyn Sql, space: SpaceId, doc: &str, after: u64) -> Result<(Vec<Vec<u8>>, u64, bool)> {
    let head = log(sql, space)?.map_or(0, |log| log.head);
    let (mut place, mut total) = (after, 0);
    let rows = sql.query(
        "select seq, length(bytes) from sync_entry where space = $1 and seq > $2 and seq <= $3 and subject = $4 and kind = 1 order by seq limit $5",
        values![space, after, head, doc, BATCH_COUNT],
    )?;
    let mut whole = rows.len() < BATCH_COUNT;
    for mut row in rows {
        let (seq, length): (u64, u64) = (row.take(0)?, row.take(1)?);
        total += length;
        if total > BATCH_BYTES as u64 && place > after {
            whole = false;
            break;
        }
        place = seq;
    }
    let rows = sql.query("select bytes from sync_entry where space = $1 and seq > $2 and seq <= $3 and subject = $4 and kind = 1 order by seq", values![space, after, place, doc])?;
    Ok((rows.into_iter().map(|mut row| row.take(0)).collect::<Result<_>>()?, if whole { head } else { place }, whole))
}

/// The documents that have changed after a place of the log, and its head.
///
/// # Errors
/// Those of the database.
pub fn changed_after(sql: &mut dyn Sql, space: SpaceId, after: u64) -> Result<(std::collections::BTreeSet<String>, u64)> {
    let head = log(sql, space)?.map_or(0, |log| log.head);
    let rows = sql.query("select distinct subject from sync_entry where space = $1 and seq > $2 and seq <= $3 and kind = 1", values![space, after, head])?;
    Ok((rows.into_iter().map(|mut row| row.take(0)).collect::<Result<_>>()?, head))
}

/// An author of a document as it was met before: its device and its count.
type Author = Option<([u8; 32], u64)>;

/// An author of a document, and the document of another change.
pub(super) fn actor(sql: &mut dyn Sql, space: SpaceId, doc: &str, actor: &[u8], other: Option<&[u8]>) -> Result<(Author, Option<String>)> {
    let found = sql.find(
        "select (select device from sync_actor where space = $1 and doc = $2 and actor = $3), (select seq from sync_actor where space = $1 and doc = $2 and actor = $3), (select subject from sync_entry where space = $1 and id = $4)",
        values![space, doc, actor, other],
    )?;
    let Some(mut row) = found else { return Ok((None, None)) };
    Ok((row.take::<Option<[u8; 32]>>(0)?.zip(row.take::<Option<u64>>(1)?), row.take(2)?))
}

pub(super) fn set_actor(sql: &mut dyn Sql, space: SpaceId, doc: &str, actor: &[u8], device: &[u8; 32], seq: u64) -> Result<()> {
    sql.put(
        "insert into sync_actor (space, doc, actor, device, seq) values ($1, $2, $3, $4, $5) on conflict (space, doc, actor) do update set seq = $5",
        values![space, doc, actor, device, seq],
    )
}

/// The proof up to an entry.
pub(super) fn chain(sql: &mut dyn Sql, space: SpaceId, seq: u64) -> Result<Option<Chain>> {
    if seq == 0 {
        return Ok(Some(Chain::empty(space)));
    }
    sql.find("select chain from sync_entry where space = $1 and seq = $2", values![space, seq])?.map(|mut row| row.take(0).map(Chain)).transpose()
}

/// The devices that have written in a space.
pub(super) fn authors(sql: &mut dyn Sql, space: SpaceId) -> Result<Vec<[u8; 32]>> {
    sql.query("select device from sync_author where space = $1 order by device limit 5000", values![space])?.into_iter().map(|mut row| row.take(0)).collect()
}

/// The next batch of a log, bounded by number and by bytes.
///
/// # Errors
/// Those of the database.
pub fn read(sql: &mut dyn Sql, space: SpaceId, after: u64) -> Result<Vec<Row>> {
    // Lengths first: a batch of the largest entries must not be read to be thrown away.
    let (mut last, mut total) = (after, 0);
    for mut row in sql.query("select seq, length(bytes) from sync_entry where space = $1 and seq > $2 order by seq limit $3", values![space, after, BATCH_COUNT])? {
        let (seq, length): (u64, u64) = (row.take(0)?, row.take(1)?);
        total += length;
        if total > BATCH_BYTES as u64 && last > after {
            break;
        }
        last = seq;
    }
    sql.query("select seq, id, bytes, chain from sync_entry where space = $1 and seq > $2 and seq <= $3 order by seq", values![space, after, last])?
        .into_iter()
        .map(|mut row| Ok(Row { seq: row.take(0)?, id: row.take(1)?, bytes: row.take(2)?, chain: Chain(row.take(3)?) }))
        .collect()
}

/// How many news are kept for nodes that were away.
const NEWS: u64 = 10_000;
/// The most news that are read at once.
const NEWS_AT_ONCE: u64 = 500;

/// The number of the newest of the news; 0 when there are none.
///
/// # Errors
/// Those of the database.
pub fn newest_news(sql: &mut dyn Sql) -> Result<u64> {
    sql.find("select coalesce(max(n), 0) from sync_news", &[])?.map_or(Ok(0), |mut row| row.take(0))
}

/// Writes what happened for the other nodes. Writers pass one after the other, so numbers are seen in their order.
///
/// # Errors
/// Those of the database.
pub fn tell(sql: &mut dyn Sql, name: &str, subject: &str) -> Result<()> {
    let n = newest_news(sql)? + 1;
    sql.execute("insert into sync_news (n, name, subject) values ($1, $2, $3)", values![n, name, subject])?;
    sql.execute("delete from sync_news where n <= $1", values![n.saturating_sub(NEWS)])?;
    Ok(())
}

/// What happened after a number, in order.
pub(super) fn news(sql: &mut dyn Sql, after: u64) -> Result<Vec<(u64, String, String)>> {
    sql.query("select n, name, subject from sync_news where n > $1 order by n limit $2", values![after, NEWS_AT_ONCE])?
        .into_iter()
        .map(|mut row| Ok((row.take(0)?, row.take(1)?, row.take(2)?)))
        .collect()
}

/// Where these logs stand.
pub(super) fn heads(sql: &mut dyn Sql, spaces: &[SpaceId]) -> Result<Vec<(SpaceId, u64, Chain)>> {
    let mut heads = Vec::new();
    for space in spaces {
        if let Some(mut row) = sql.find("select head, chain from sync_space where space = $1", values![*space])? {
            heads.push((*space, row.take(0)?, Chain(row.take(1)?)));
        }
    }
    Ok(heads)
}

/// How far a log is sealed.
pub struct Sealed {
    /// Which life of it.
    pub epoch: Epoch,
    /// Up to this entry.
    pub seq: u64,
    /// The proof up to it.
    pub chain: Chain,
}

pub(super) fn sealed(sql: &mut dyn Sql, space: SpaceId) -> Result<Option<Sealed>> {
    let Some(mut row) = sql.find("select epoch, sealed from sync_space where space = $1", values![space])? else { return Ok(None) };
    let (epoch, seq) = (row.take(0)?, row.take(1)?);
    Ok(chain(sql, space, seq)?.map(|chain| Sealed { epoch, seq, chain }))
}

/// The part of a log that comes next to be sealed.
pub struct Unsealed {
    /// Whose.
    pub space: SpaceId,
    /// After this entry,
    pub from: u64,
    /// up to this one.
    pub to: u64,
    /// Their bytes.
    pub entries: Vec<Vec<u8>>,
}

/// The beginning of what a log has grown by since it was sealed, if that is at least so much.
pub(super) fn unsealed(sql: &mut dyn Sql, grown: u64) -> Result<Option<Unsealed>> {
    let Some(mut row) = sql.find("select space, sealed from sync_space where head - sealed >= $1 order by head - sealed desc limit 1", values![grown.max(1)])? else { return Ok(None) };
    let (space, from): (SpaceId, u64) = (row.take(0)?, row.take(1)?);
    let (mut to, mut total) = (from, 0);
    for mut row in sql.query("select seq, length(bytes) from sync_entry where space = $1 and seq > $2 order by seq limit $3", values![space, from, SEALED_COUNT])? {
        let (seq, length): (u64, u64) = (row.take(0)?, row.take(1)?);
        total += length;
        if total > SEALED_BYTES && to > from {
            break;
        }
        to = seq;
    }
    let rows = sql.query("select bytes from sync_entry where space = $1 and seq > $2 and seq <= $3 order by seq", values![space, from, to])?;
    Ok(Some(Unsealed { space, from, to, entries: rows.into_iter().map(|mut row| row.take(0)).collect::<Result<_>>()? }))
}

pub(super) fn snapshot(sql: &mut dyn Sql, space: SpaceId, doc: &str) -> Result<Option<Vec<u8>>> {
    sql.find("select bytes from sync_snapshot where space = $1 and doc = $2", values![space, doc])?.map(|mut row| row.take(0)).transpose()
}

pub(super) fn set_snapshot(sql: &mut dyn Sql, space: SpaceId, doc: &str, bytes: &[u8]) -> Result<()> {
    sql.execute("insert into sync_snapshot (space, doc, bytes) values ($1, $2, $3) on conflict (space, doc) do update set bytes = $3", values![space, doc, bytes])?;
    Ok(())
}

pub(super) fn set_sealed(sql: &mut dyn Sql, space: SpaceId, from: u64, to: u64) -> Result<()> {
    sql.execute("update sync_space set sealed = $3 where space = $1 and sealed = $2", values![space, from, to])?;
    Ok(())
}

/// How many documents and records are after a place, up to an entry.
pub(super) fn count(sql: &mut dyn Sql, space: SpaceId, doc: &str, record: u64, end: u64) -> Result<u64> {
    let documents: u64 = sql.find("select count(*) from sync_snapshot where space = $1 and doc > $2", values![space, doc])?.map_or(Ok(0), |mut row| row.take(0))?;
    let records: u64 = sql
        .find("select count(*) from sync_entry where space = $1 and kind = 2 and seq > $2 and seq <= $3", values![space, record, end])?
        .map_or(Ok(0), |mut row| row.take(0))?;
    Ok(documents + records)
}

/// A document of a pack: its id, as Automerge saved it, and whose its actors are.
pub type Document = (String, Vec<u8>, Vec<pack::Author>);

/// The next documents of a pack, about a batch of bytes, or a single larger one.
pub(super) fn documents(sql: &mut dyn Sql, space: SpaceId, after: &str) -> Result<Vec<Document>> {
    let (mut last, mut total) = (None, 0);
    for mut row in sql.query("select doc, length(bytes) from sync_snapshot where space = $1 and doc > $2 order by doc limit $3", values![space, after, BATCH_COUNT])? {
        let (doc, length): (String, u64) = (row.take(0)?, row.take(1)?);
        total += length;
        if total > BATCH_BYTES as u64 && last.is_some() {
            break;
        }
        last = Some(doc);
    }
    let Some(last) = last else { return Ok(Vec::new()) };
    let mut authors: std::collections::BTreeMap<String, Vec<pack::Author>> = std::collections::BTreeMap::new();
    for mut row in sql.query("select doc, actor, device from sync_actor where space = $1 and doc > $2 and doc <= $3", values![space, after, &last])? {
        authors.entry(row.take(0)?).or_default().push(pack::Author { actor: row.take::<Vec<u8>>(1)?.into(), device: row.take(2)? });
    }
    sql.query("select doc, bytes from sync_snapshot where space = $1 and doc > $2 and doc <= $3 order by doc", values![space, after, &last])?
        .into_iter()
        .map(|mut row| {
            let doc: String = row.take(0)?;
            let authors = authors.remove(&doc).unwrap_or_default();
            Ok((doc, row.take(1)?, authors))
        })
        .collect()
}

/// The next records of a pack, about a batch of bytes.
pub(super) fn records(sql: &mut dyn Sql, space: SpaceId, after: u64, end: u64) -> Result<Vec<(u64, Vec<u8>)>> {
    let mut total = 0;
    let rows = sql.query("select seq, bytes from sync_entry where space = $1 and kind = 2 and seq > $2 and seq <= $3 order by seq limit 64", values![space, after, end])?;
    let mut records: Vec<(u64, Vec<u8>)> = Vec::new();
    for mut row in rows {
        let bytes: Vec<u8> = row.take(1)?;
        total += bytes.len();
        if total > BATCH_BYTES && !records.is_empty() {
            break;
        }
        records.push((row.take(0)?, bytes));
    }
    Ok(records)
}
