//! Every statement about the log.

use kernel::entry::{Chain, Entry};
use kernel::protocol::{BATCH_BYTES, BATCH_COUNT, Epoch};
use kernel::sync::Row;
use kernel::{Result, SpaceId, Sql, values};

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

pub(super) fn seq(sql: &mut dyn Sql, space: SpaceId, id: &[u8]) -> Result<Option<u64>> {
    sql.find("select seq from sync_entry where space = $1 and id = $2", values![space, id])?.map(|mut row| row.take(0)).transpose()
}

pub(super) fn subject(sql: &mut dyn Sql, space: SpaceId, id: &[u8]) -> Result<Option<String>> {
    sql.find("select subject from sync_entry where space = $1 and id = $2", values![space, id])?.map(|mut row| row.take(0)).transpose()
}

pub(super) fn append(sql: &mut dyn Sql, entry: &Entry, seq: u64, chain: Chain, now: kernel::Timestamp) -> Result<()> {
    sql.execute(
        "insert into sync_entry (space, seq, id, kind, subject, bytes, chain, device, at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        values![entry.space, seq, &entry.id, entry.kind as u32, &entry.subject, entry.bytes(), chain.0, entry.device, now],
    )?;
    sql.execute("update sync_space set head = $2, chain = $3, bytes = bytes + $4 where space = $1", values![entry.space, seq, chain.0, entry.bytes().len()])?;
    sql.execute("insert into sync_author (space, device) values ($1, $2) on conflict (space, device) do nothing", values![entry.space, entry.device])?;
    Ok(())
}

pub(super) fn actor(sql: &mut dyn Sql, space: SpaceId, doc: &str, actor: &[u8]) -> Result<Option<([u8; 32], u64)>> {
    sql.find("select device, seq from sync_actor where space = $1 and doc = $2 and actor = $3", values![space, doc, actor])?
        .map(|mut row| Ok((row.take(0)?, row.take(1)?)))
        .transpose()
}

pub(super) fn set_actor(sql: &mut dyn Sql, space: SpaceId, doc: &str, actor: &[u8], device: &[u8; 32], seq: u64) -> Result<()> {
    sql.execute(
        "insert into sync_actor (space, doc, actor, device, seq) values ($1, $2, $3, $4, $5) on conflict (space, doc, actor) do update set seq = $5",
        values![space, doc, actor, device, seq],
    )?;
    Ok(())
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
pub(super) fn read(sql: &mut dyn Sql, space: SpaceId, after: u64) -> Result<Vec<Row>> {
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
