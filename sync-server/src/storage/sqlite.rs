//! The embedded engine: one file, opened by this process alone.

use std::path::Path;

use kernel::sql::{Row, Sqlite, Value, from_rusqlite};
use kernel::{Result, Sql};
use rusqlite::{Connection, OpenFlags};

use super::Engine;

/// How a transaction begins that writes.
const WRITE: &str = "begin immediate";

/// A connection to the file.
pub(super) struct File {
    connection: Connection,
    begin: &'static str,
}

impl File {
    /// The one connection that writes.
    pub(super) fn writer(path: &Path) -> Result<Self> {
        let connection = Connection::open(path).map_err(from_rusqlite)?;
        // A commit is answered after it reached the disk: with WAL that takes synchronous=FULL.
        connection
            .execute_batch("pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 5000; pragma temp_store = memory; pragma cache_size = -16000; pragma trusted_schema = off;")
            .map_err(from_rusqlite)?;
        connection.set_prepared_statement_cache_capacity(256);
        Ok(Self { connection, begin: WRITE })
    }

    /// One that is open already, to write.
    pub(super) fn over(connection: Connection) -> Self {
        connection.set_prepared_statement_cache_capacity(256);
        Self { connection, begin: WRITE }
    }

    /// The connection itself.
    pub(super) fn into_connection(self) -> Connection {
        self.connection
    }

    /// One of those that read.
    pub(super) fn reader(path: &Path) -> Result<Self> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(from_rusqlite)?;
        connection.execute_batch("pragma busy_timeout = 5000; pragma cache_size = -8000; pragma query_only = on;").map_err(from_rusqlite)?;
        connection.set_prepared_statement_cache_capacity(256);
        Ok(Self { connection, begin: "begin" })
    }
}

impl Sql for File {
    fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64> {
        super::storable(parameters)?;
        Sqlite(&self.connection).execute(sql, parameters)
    }

    fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>> {
        super::storable(parameters)?;
        Sqlite(&self.connection).query(sql, parameters)
    }

    fn script(&mut self, sql: &str) -> Result<()> {
        Sqlite(&self.connection).script(sql)
    }
}

impl Engine for File {
    fn begin(&mut self) -> Result<()> {
        self.script(self.begin)
    }

    fn is_spoiled(&mut self) -> bool {
        false
    }

    fn sql(&mut self) -> &mut dyn Sql {
        self
    }

    fn others(&mut self) -> Result<u64> {
        // Whoever opens the file holds the lock of its folder.
        Ok(0)
    }

    fn close(&mut self) {
        // What is in the WAL goes into the file, so that a copy of the file alone is whole. The writer alone does it:
        // while a reader tries as well, neither may succeed.
        if self.begin != WRITE {
            return;
        }
        let _ = self.connection.execute_batch("pragma wal_checkpoint(truncate)");
    }
}
