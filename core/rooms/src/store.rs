//! The SQL of comments.

use std::collections::BTreeMap;

use kernel::entry::{DeviceKey, Entry};
use kernel::log::Standing;
use kernel::sql::{Row, Value};
use kernel::{ProjectId, Result, SpaceId, Sql, Timestamp, Words, values};

/// A comment as it is stored.
pub(crate) struct Stored {
    pub id: Vec<u8>,
    pub device: DeviceKey,
    pub at: Timestamp,
    pub text: String,
    pub seq: Option<u64>,
    pub reason: Option<Words>,
}

pub(crate) fn save(sql: &mut dyn Sql, entry: &Entry, project: ProjectId, element: &str, text: &str, standing: &Standing) -> Result<()> {
    let (seq, en, ru) = match standing {
        Standing::Ordered(seq) => (Value::from(*seq), Value::Null, Value::Null),
        Standing::Refused(reason) => (Value::Null, (&reason.en).into(), (&reason.ru).into()),
        Standing::Pending | Standing::Discarded => (Value::Null, Value::Null, Value::Null),
    };
    let known = sql.find("select 1 from rooms_comment where comment = $1", values![&entry.id])?.is_some();
    if known {
        sql.execute("update rooms_comment set seq = $2, reason_en = $3, reason_ru = $4 where comment = $1", &[(&entry.id).into(), seq, en, ru])?;
    } else {
        sql.execute(
            "insert into rooms_comment (comment, space, project, element, device, at, text, seq, reason_en, reason_ru) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &[(&entry.id).into(), entry.space.into(), project.into(), element.into(), entry.device.into(), entry.at.into(), text.into(), seq, en, ru],
        )?;
        sql.execute("insert into rooms_text (text, comment, project, element) values ($1, $2, $3, $4)", values![text, &entry.id, project, element])?;
    }
    Ok(())
}

pub(crate) fn remove(sql: &mut dyn Sql, id: &[u8]) -> Result<()> {
    sql.execute("delete from rooms_comment where comment = $1", values![id])?;
    sql.execute("delete from rooms_text where comment = $1", values![id])?;
    Ok(())
}

pub(crate) fn clear(sql: &mut dyn Sql, space: SpaceId) -> Result<()> {
    sql.execute("delete from rooms_text where comment in (select comment from rooms_comment where space = $1)", values![space])?;
    sql.execute("delete from rooms_comment where space = $1", values![space])?;
    Ok(())
}

/// The comments of a thread: the server's order first, then the waiting ones as they were written. At most 2,000, the newest.
pub(crate) fn thread(sql: &mut dyn Sql, project: ProjectId, element: &str) -> Result<Vec<Stored>> {
    let mut comments = sql
        .query(
            "select comment, device, at, text, seq, reason_en, reason_ru from rooms_comment where project = $1 and element = $2 order by seq is null desc, seq desc, at desc, comment desc limit 2000",
            values![project, element],
        )?
        .into_iter()
        .map(|mut row| {
            let reason = row.take::<Option<String>>(5)?.zip(row.take::<Option<String>>(6)?).map(Words::from);
            Ok(Stored { id: row.take(0)?, device: row.take(1)?, at: row.take(2)?, text: row.take(3)?, seq: row.take(4)?, reason })
        })
        .collect::<Result<Vec<_>>>()?;
    comments.reverse();
    Ok(comments)
}

/// The place of the last comment that was read, 0 for none.
pub(crate) fn read_until(sql: &mut dyn Sql, project: ProjectId, element: &str) -> Result<u64> {
    sql.find(
        "select coalesce(c.seq, 0) from rooms_read r join rooms_comment c on c.comment = r.comment where r.project = $1 and r.element = $2",
        values![project, element],
    )?
    .map_or(Ok(0), |mut row| row.take(0))
}

/// Answers whether the mark moved.
pub(crate) fn mark_read(sql: &mut dyn Sql, project: ProjectId, element: &str) -> Result<bool> {
    let moved = sql.execute(
        "insert into rooms_read (project, element, comment)
         select project, element, comment from rooms_comment where project = $1 and element = $2 and seq is not null order by seq desc limit 1
         on conflict (project, element) do update set comment = excluded.comment where comment <> excluded.comment",
        values![project, element],
    )?;
    Ok(moved > 0)
}

/// By element: how many comments, and how many of other people's since the thread was last read.
pub(crate) fn counts(sql: &mut dyn Sql, project: ProjectId, mine: &[DeviceKey]) -> Result<BTreeMap<String, (u32, u32)>> {
    let mut counts: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let rows = sql.query(
        "select c.element, c.device, c.seq > coalesce(last.seq, 0) as fresh, count(*) from rooms_comment c
         left join rooms_read r on r.project = c.project and r.element = c.element
         left join rooms_comment last on last.comment = r.comment
         where c.project = $1 group by c.element, c.device, fresh",
        values![project],
    )?;
    for mut row in rows {
        let (element, device, fresh, count): (String, DeviceKey, Option<bool>, u64) = (row.take(0)?, row.take(1)?, row.take(2)?, row.take(3)?);
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let entry = counts.entry(element).or_default();
        entry.0 = entry.0.saturating_add(count);
        if fresh == Some(true) && !mine.contains(&device) {
            entry.1 = entry.1.saturating_add(count);
        }
    }
    Ok(counts)
}

/// The device keys of the person who uses this one.
pub(crate) fn own_devices(sql: &mut dyn Sql, device: &DeviceKey) -> Result<Vec<DeviceKey>> {
    let mut keys = vec![*device];
    for mut row in
        sql.query("select o.device from kernel_device d join kernel_device o on o.person = d.person where d.device = $1", values![device])?
    {
        keys.push(row.take(0)?);
    }
    Ok(keys)
}

/// A comment that a search found, with the words around the find.
pub(crate) struct Match {
    pub id: Vec<u8>,
    pub element: String,
    pub device: DeviceKey,
    pub excerpt: String,
}

pub(crate) fn search(sql: &mut dyn Sql, project: ProjectId, query: &str, limit: usize) -> Result<Vec<Match>> {
    sql.query(
        "select t.comment, t.element, c.device, snippet(rooms_text, 0, '', '', '…', 16) from rooms_text t join rooms_comment c on c.comment = t.comment where rooms_text match $1 and t.project = $2 order by rank limit $3",
        values![query, project, limit],
    )?
    .into_iter()
    .map(|mut row| Ok(Match { id: row.take(0)?, element: row.take(1)?, device: row.take(2)?, excerpt: row.take(3)? }))
    .collect()
}

pub(crate) fn rows(sql: &mut dyn Sql, space: SpaceId) -> Result<Vec<Row>> {
    sql.query(
        "select comment, project, element, device, at, text, seq, reason_en from rooms_comment where space = $1 order by comment",
        values![space],
    )
}
