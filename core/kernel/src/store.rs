//! A device's store: one connection, its open documents, its author; operations run in it one at a time.

use std::sync::Arc;

use rusqlite::Connection;

use crate::doc::Docs;
use crate::migrate::{Migration, migrate};
use crate::sql::{Sqlite, from_rusqlite};
use crate::{Ctx, Device, Event, Language, Random, Result, Sql, Timestamp, values};

/// Documents kept open at once.
const OPEN_DOCUMENTS: usize = 64;

/// A store and everything that lives as long as it is open. It belongs to one thread, so there are no locks to order.
pub struct Store {
    connection: Connection,
    docs: Docs,
    random: Random,
    device: Option<Arc<Device>>,
    /// The language of the person at this device.
    pub language: Language,
}

impl Store {
    /// Takes over an open connection and brings its tables to the newest shape.
    ///
    /// # Errors
    /// `Damaged` when the data is damaged, or of a newer version.
    pub fn open(connection: Connection, migrations: &[&[Migration]], random: Random) -> Result<Self> {
        connection.set_prepared_statement_cache_capacity(256);
        let mut store = Self { connection, docs: Docs::new(OPEN_DOCUMENTS), random, device: None, language: Language::En };
        store.transaction(|store| {
            let mut sql = Sqlite(&store.connection);
            let all: Vec<Migration> = migrations.iter().flat_map(|steps| steps.iter()).map(|step| Migration { context: step.context, number: step.number, sql: step.sql }).collect();
            migrate(&mut sql, &all)
        })?;
        Ok(store)
    }

    /// Names the author of what is done from now on.
    pub fn set_device(&mut self, device: Arc<Device>) {
        self.device = Some(device);
    }

    /// The author, once it is named.
    #[must_use]
    pub fn device(&self) -> Option<&Arc<Device>> {
        self.device.as_ref()
    }

    /// Runs an operation in one transaction: all of it is on disk when this returns `Ok`, none of it otherwise.
    ///
    /// # Errors
    /// Those of the operation, and those of the disk.
    pub fn run<T>(&mut self, now: Timestamp, work: impl FnOnce(&mut Ctx<'_>) -> Result<T>) -> Result<(T, Vec<Event>)> {
        self.transaction(|store| {
            let mut sql = Sqlite(&store.connection);
            let mut ctx = Ctx::new(&mut sql, &mut store.docs, &mut store.random, now, store.language);
            ctx.device = store.device.clone();
            let value = work(&mut ctx)?;
            Ok((value, ctx.into_events()))
        })
    }

    /// Makes the store usable again after an operation panicked in the middle of its transaction.
    pub fn recover(&mut self) {
        // Without an open transaction this fails, and there is nothing to undo.
        let _ = self.connection.execute_batch("rollback");
        self.docs = Docs::new(OPEN_DOCUMENTS);
    }

    /// Ends at once, as a process does that is killed, and leaves what is on disk.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn kill(self) -> Connection {
        let _ = self.connection.execute_batch("rollback");
        self.connection
    }

    fn transaction<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.connection.execute_batch("begin immediate").map_err(from_rusqlite)?;
        let result = work(self).and_then(|value| self.connection.execute_batch("commit").map_err(from_rusqlite).map(|()| value));
        match &result {
            Ok(_) => self.docs.committed(),
            Err(_) => {
                self.docs.rolled_back();
                // SQLite may have rolled back by itself (a full disk); then this fails, and that is all right.
                let _ = self.connection.execute_batch("rollback");
            }
        }
        result
    }
}

/// A setting of this store.
///
/// # Errors
/// Those of the store.
pub fn setting(sql: &mut dyn Sql, name: &str) -> Result<Option<String>> {
    sql.find("select value from kernel_setting where name = $1", values![name])?.map(|mut row| row.take(0)).transpose()
}

/// Writes a setting of this store.
///
/// # Errors
/// Those of the store.
pub fn set_setting(sql: &mut dyn Sql, name: &str, value: &str) -> Result<()> {
    sql.execute("insert into kernel_setting (name, value) values ($1, $2) on conflict (name) do update set value = $2", values![name, value])?;
    Ok(())
}

/// The kernel's own tables on a device.
pub const MIGRATIONS: &[Migration] = &[
    Migration { context: "kernel", number: 1, sql: include_str!("../../../migrations/local/kernel/0001_create.sql") },
    Migration { context: "kernel", number: 2, sql: include_str!("../../../migrations/local/kernel/0002_pack.sql") },
    Migration { context: "kernel", number: 3, sql: include_str!("../../../migrations/local/kernel/0003_seen.sql") },
    Migration { context: "kernel", number: 4, sql: include_str!("../../../migrations/local/kernel/0004_unreadable.sql") },
];

/// A store in memory with a seeded author, for tests of contexts.
#[cfg(any(test, feature = "testing"))]
pub mod testing {
    use super::{Arc, Connection, Ctx, Device, MIGRATIONS, Migration, Random, Result, Store, Timestamp};
    use automerge::ActorId;
    use ed25519_dalek::SigningKey;

    /// A device whose clock moves a second with every operation.
    pub struct Desk {
        /// Its store.
        pub store: Store,
        /// Its clock.
        pub now: Timestamp,
    }

    impl Desk {
        /// A device that replays with its seed.
        ///
        /// # Panics
        /// When SQLite can't make a store in memory.
        #[must_use]
        pub fn new(seed: u64, migrations: &[Migration]) -> Self {
            let connection = Connection::open_in_memory().expect("memory holds a store");
            let mut random = Random::seeded(seed);
            let device = Device { key: SigningKey::from_bytes(&random.bytes()), actor: ActorId::from(random.bytes::<16>()), name: format!("desk {seed}") };
            let mut store = Store::open(connection, &[MIGRATIONS, migrations], random).expect("migrations apply to an empty store");
            store.set_device(Arc::new(device));
            Self { store, now: Timestamp::from_millis(1_790_000_000_000) }
        }

        /// Runs an operation.
        ///
        /// # Errors
        /// Those of the operation.
        pub fn run<T>(&mut self, work: impl FnOnce(&mut Ctx<'_>) -> Result<T>) -> Result<T> {
            self.now = self.now.plus_millis(1_000);
            self.store.run(self.now, work).map(|(value, _)| value)
        }
    }
}
