//! Migrations: numbered SQL per context, applied once and in order, never edited afterwards.

use crate::{Code, Error, Result, Sql, values};

/// One step of a context's tables.
pub struct Migration {
    /// The context that owns the tables.
    pub context: &'static str,
    /// From 1, without gaps within a context.
    pub number: u32,
    /// The statements.
    pub sql: &'static str,
}

/// Brings a database to the newest shape; answers how many steps it took.
///
/// # Errors
/// `Damaged` when the database was written by a newer version, or an applied step was edited since.
pub fn migrate(sql: &mut dyn Sql, migrations: &[Migration]) -> Result<usize> {
    sql.script("create table if not exists kernel_migration (context text not null, number bigint not null, hash text not null, primary key (context, number));")?;
    let mut applied = std::collections::BTreeMap::new();
    for mut row in sql.query("select context, number, hash from kernel_migration", &[])? {
        applied.insert((row.take::<String>(0)?, row.take::<i64>(1)?), row.take::<String>(2)?);
    }
    let mut steps = 0;
    for migration in migrations {
        let hash = blake3::hash(migration.sql.as_bytes()).to_hex().to_string();
        match applied.remove(&(migration.context.to_owned(), i64::from(migration.number))) {
            Some(found) if found == hash => {}
            Some(_) => return Err(Error::internal(format!("migration {} {} was edited after it was applied", migration.context, migration.number))),
            None => {
                sql.script(migration.sql)?;
                sql.execute("insert into kernel_migration (context, number, hash) values ($1, $2, $3)", values![migration.context, migration.number, hash])?;
                steps += 1;
            }
        }
    }
    if let Some(((context, number), _)) = applied.into_iter().next() {
        return Err(Error::new(Code::Damaged, ("This data was written by a newer version of Scantling. Update the program to open it; nothing was changed.", "Эти данные записаны более новой версией Scantling. Обновите программу, чтобы открыть их; ничего не изменено.")).because(format!("{context} {number} is unknown here")));
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::Sqlite;

    const FIRST: Migration = Migration { context: "a", number: 1, sql: "create table a (x text);" };
    const SECOND: Migration = Migration { context: "a", number: 2, sql: "alter table a add column y text;" };

    #[test]
    fn steps_run_once_and_a_newer_store_is_refused() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let mut sql = Sqlite(&connection);
        assert_eq!(migrate(&mut sql, &[FIRST]).unwrap(), 1);
        assert_eq!(migrate(&mut sql, &[FIRST, SECOND]).unwrap(), 1);
        assert_eq!(migrate(&mut sql, &[FIRST, SECOND]).unwrap(), 0);
        assert_eq!(migrate(&mut sql, &[FIRST]).unwrap_err().code, Code::Damaged);
        assert!(migrate(&mut sql, &[Migration { sql: "create table b (x text);", ..FIRST }, SECOND]).is_err());
    }
}
