//! Spaces as this device knows them: role, cursor, and what the server last said.

use crate::entry::Chain;
use crate::sql::{Row, Value};
use crate::{Error, PersonId, Result, Role, Sql, SpaceId, Timestamp, Words, values};

/// A space on this device.
#[derive(Clone, PartialEq, Debug)]
pub struct Space {
    /// Which.
    pub space: SpaceId,
    /// The server's address, or none while the space lives on this device alone.
    pub server: Option<String>,
    /// What the person may do.
    pub role: Role,
    /// The last entry of the server's log that this device holds.
    pub seq: u64,
    /// The proof of the log up to `seq`.
    pub chain: Chain,
    /// Which life of the server's log the cursor belongs to.
    pub epoch: Option<[u8; 16]>,
    /// The newest entry that the server named, with its proof.
    pub head: Option<(u64, Chain)>,
    /// Whether the person has paused its sync.
    pub paused: bool,
    /// When both chains were last seen equal with nothing waiting.
    pub proven_at: Option<Timestamp>,
    /// Why it can't sync, until it can.
    pub problem: Option<Words>,
    /// Up to here the entries of changes are not on this device, only what they made of the documents; and the proof.
    pub base: (u64, Chain),
}

const COLUMNS: &str = "select space, server, role, seq, chain, epoch, head, head_chain, paused, proven_at, problem_en, problem_ru, base, base_chain from kernel_space";

fn read(mut row: Row) -> Result<Space> {
    let head: Option<u64> = row.take(6)?;
    let head_chain: Option<[u8; 32]> = row.take(7)?;
    let problem: Option<String> = row.take(10)?;
    let space = row.take(0)?;
    let base: (u64, Option<[u8; 32]>) = (row.take(12)?, row.take(13)?);
    Ok(Space {
        space,
        server: row.take(1)?,
        role: Role::parse(&row.take::<String>(2)?)?,
        seq: row.take(3)?,
        chain: Chain(row.take(4)?),
        epoch: row.take(5)?,
        head: head.zip(head_chain.map(Chain)),
        paused: row.take(8)?,
        proven_at: row.take(9)?,
        problem: problem.map(|en| Ok::<_, Error>(Words { en, ru: row.take::<Option<String>>(11)?.unwrap_or_default() })).transpose()?,
        base: (base.0, base.1.map_or_else(|| Chain::empty(space), Chain)),
    })
}

/// Begins a space on this device, owned by its person.
///
/// # Errors
/// `Conflict` when it exists.
pub fn create(sql: &mut dyn Sql, space: SpaceId) -> Result<()> {
    sql.execute("insert into kernel_space (space, role, seq, chain) values ($1, 'owner', 0, $2)", values![space, Chain::empty(space).0])?;
    Ok(())
}

/// The space.
///
/// # Errors
/// `NotFound` when this device does not hold it.
pub fn get(sql: &mut dyn Sql, space: SpaceId) -> Result<Space> {
    find(sql, space)?.ok_or_else(|| Error::not_found(("This project is not on this device.", "Этого проекта нет на устройстве.")))
}

/// The space, if this device holds it.
///
/// # Errors
/// Those of the database.
pub fn find(sql: &mut dyn Sql, space: SpaceId) -> Result<Option<Space>> {
    sql.find(&format!("{COLUMNS} where space = $1"), values![space])?.map(read).transpose()
}

/// All spaces, or those of one server.
///
/// # Errors
/// Those of the database.
pub fn list(sql: &mut dyn Sql, server: Option<&str>) -> Result<Vec<Space>> {
    let rows = match server {
        None => sql.query(&format!("{COLUMNS} order by space"), &[])?,
        Some(server) => sql.query(&format!("{COLUMNS} where server = $1 order by space"), values![server])?,
    };
    rows.into_iter().map(read).collect()
}

/// Writes a space as it now is.
///
/// # Errors
/// Those of the database.
pub fn save(sql: &mut dyn Sql, space: &Space) -> Result<()> {
    let (head, head_chain) = space.head.map_or((Value::Null, Value::Null), |(seq, chain)| (seq.into(), chain.0.into()));
    let (en, ru) = space.problem.as_ref().map_or((Value::Null, Value::Null), |words| ((&words.en).into(), (&words.ru).into()));
    sql.execute(
        "insert into kernel_space (space, server, role, seq, chain, epoch, head, head_chain, paused, proven_at, problem_en, problem_ru, base, base_chain) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         on conflict (space) do update set server = $2, role = $3, seq = $4, chain = $5, epoch = $6, head = $7, head_chain = $8, paused = $9, proven_at = $10, problem_en = $11, problem_ru = $12, base = $13, base_chain = $14",
        &[space.space.into(), space.server.clone().into(), space.role.word().into(), space.seq.into(), space.chain.0.into(), space.epoch.into(), head, head_chain, space.paused.into(), space.proven_at.into(), en, ru, space.base.0.into(), space.base.1.0.into()],
    )?;
    Ok(())
}

/// Someone in a space, as the server last said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether one of their devices is connected.
    pub online: bool,
    /// How far one of their devices had read, and when it said so.
    pub seen: Option<(u64, Timestamp)>,
}

/// Who is in a space, by name.
///
/// # Errors
/// Those of the database.
pub fn people(sql: &mut dyn Sql, space: SpaceId) -> Result<Vec<Person>> {
    sql.query("select m.name, m.role, m.online, s.seq, s.at from kernel_member m left join kernel_seen s on s.space = m.space and s.person = m.person where m.space = $1 order by m.name, m.person limit 1000", values![space])?
        .into_iter()
        .map(|mut row| Ok(Person { name: row.take(0)?, role: Role::parse(&row.take::<String>(1)?)?, online: row.take(2)?, seen: row.take::<Option<u64>>(3)?.zip(row.take(4)?) }))
        .collect()
}

/// A device of this person has told that it has read up to here.
///
/// # Errors
/// Those of the database.
pub(crate) fn saw(sql: &mut dyn Sql, space: SpaceId, person: PersonId, seq: u64, at: Timestamp) -> Result<()> {
    sql.execute(
        "insert into kernel_seen (space, person, seq, at) values ($1, $2, $3, $4) on conflict (space, person) do update set seq = $3, at = $4",
        values![space, person, seq, at],
    )?;
    Ok(())
}

/// Notes the proof at the space's cursor. Marks grow thinner with their age: about two for each doubling of the distance.
///
/// # Errors
/// Those of the database.
pub(crate) fn mark(sql: &mut dyn Sql, space: &Space) -> Result<()> {
    sql.execute("insert into kernel_mark (space, seq, chain) values ($1, $2, $3) on conflict (space, seq) do update set chain = $3", values![space.space, space.seq, space.chain.0])?;
    let marks = marks(sql, space.space)?;
    let bucket = |seq: u64| space.seq.saturating_sub(seq).checked_ilog2().unwrap_or(0);
    for near in marks.windows(3) {
        // The oldest of a bucket moves on into the next one, the newest takes its place in time; those between are not needed.
        if bucket(near[0].0) == bucket(near[2].0) {
            sql.execute("delete from kernel_mark where space = $1 and seq = $2", values![space.space, near[1].0])?;
        }
    }
    Ok(())
}

/// The marks of a space, the newest first. The base is one, so that whatever is still here can be sent again.
///
/// # Errors
/// Those of the database.
pub(crate) fn marks(sql: &mut dyn Sql, space: SpaceId) -> Result<Vec<(u64, Chain)>> {
    sql.query("select seq, chain from kernel_mark where space = $1 union select base, base_chain from kernel_space where space = $1 and base > 0 order by 1 desc", values![space])?.into_iter().map(|mut row| Ok((row.take(0)?, Chain(row.take(1)?)))).collect()
}
