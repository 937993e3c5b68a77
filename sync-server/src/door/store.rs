//! Every statement about the keys that the server signs with.

use kernel::{PersonId, Result, Sql, Timestamp, values};

/// A key as it is kept.
pub(super) struct Key {
    /// Its public half.
    pub device: [u8; 32],
    /// What its private half is made from.
    pub seed: [u8; 32],
}

/// A person's newest key.
pub(super) fn newest(sql: &mut dyn Sql, person: PersonId) -> Result<Option<Key>> {
    sql.find("select device, seed from door_key where person = $1 order by created desc limit 1", values![person])?.map(|mut row| Ok(Key { device: row.take(0)?, seed: row.take(1)? })).transpose()
}

/// The key with this public half, if it is one of the server's.
pub(super) fn key(sql: &mut dyn Sql, device: &[u8; 32]) -> Result<Option<Key>> {
    sql.find("select device, seed from door_key where device = $1", values![device])?.map(|mut row| Ok(Key { device: row.take(0)?, seed: row.take(1)? })).transpose()
}

/// The public halves of a person's keys.
///
/// # Errors
/// Those of the database.
pub fn of_person(sql: &mut dyn Sql, person: PersonId) -> Result<Vec<[u8; 32]>> {
    sql.query("select device from door_key where person = $1 order by created limit 1000", values![person])?.into_iter().map(|mut row| row.take(0)).collect()
}

pub(super) fn insert(sql: &mut dyn Sql, key: &Key, person: PersonId, now: Timestamp) -> Result<()> {
    sql.execute("insert into door_key (device, person, seed, created) values ($1, $2, $3, $4)", values![key.device, person, key.seed, now])?;
    Ok(())
}
