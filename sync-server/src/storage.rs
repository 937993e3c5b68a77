//! The server's database: one thread writes, many jobs to a transaction; two threads read beside it.
//!
//! A writer's caller is answered only after the commit has reached the disk. Jobs speak [`Sql`] alone, so another engine
//! can stand behind this door.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use kernel::migrate::{Migration, migrate};
use kernel::sql::{Sqlite, from_rusqlite};
use kernel::{Code, Error, Result, Sql};
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// The most jobs that wait for the writer, and as many for the readers.
const QUEUE: usize = 1_024;
/// The most jobs of one commit.
const GROUP: usize = 256;
const READERS: usize = 2;
/// The most KiB of entries that wait for the writer.
const ROOM: usize = 64 * 1_024;
/// How long a patient caller waits for room in a queue.
const PATIENCE: Duration = Duration::from_secs(10);

/// A piece of work inside a transaction, and what follows its end.
trait Job: Send {
    /// Answers whether its effects shall stay.
    fn run(&mut self, sql: &mut dyn Sql) -> bool;
    /// The transaction is on disk, or was not written.
    fn finish(self: Box<Self>, committed: bool);
}

struct Work<T, F, A> {
    work: Option<F>,
    after: A,
    result: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T, F, A> Job for Work<T, F, A>
where
    T: Send,
    F: FnOnce(&mut dyn Sql) -> Result<T> + Send,
    A: FnOnce(&T) + Send,
{
    fn run(&mut self, sql: &mut dyn Sql) -> bool {
        let Some(work) = self.work.take() else { return false };
        // One defective job must not take the writer with it.
        let result = catch_unwind(AssertUnwindSafe(|| work(sql))).unwrap_or_else(|_| Err(Error::internal("a job panicked")));
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn finish(self: Box<Self>, committed: bool) {
        let result = match self.result {
            Some(Ok(value)) if committed => {
                (self.after)(&value);
                Ok(value)
            }
            Some(Err(error)) => Err(error),
            _ => Err(Error::internal("the transaction could not be written")),
        };
        // Whoever asked may be gone; what they wished is done all the same.
        let _ = self.reply.send(result);
    }
}

/// What the storage has done, for the metrics.
#[derive(Default)]
pub struct Counts {
    /// Transactions on disk.
    pub commits: AtomicU64,
    /// Jobs in them.
    pub jobs: AtomicU64,
    /// Jobs that wait for the writer.
    pub waiting: AtomicU64,
}

/// The door to the database. Clones share it; the last one closes it.
#[derive(Clone)]
pub struct Storage {
    write: mpsc::Sender<Box<dyn Job>>,
    read: mpsc::Sender<Box<dyn Job>>,
    room: Arc<Semaphore>,
    counts: Arc<Counts>,
}

/// The threads behind the door.
pub struct Threads(Vec<JoinHandle<()>>);

impl Threads {
    /// Waits until the last job is done and the database is closed; every [`Storage`] must have been dropped.
    pub fn join(self) {
        for thread in self.0 {
            let _ = thread.join();
        }
    }
}

/// A job that was queued.
pub struct Pending<T>(oneshot::Receiver<Result<T>>);

impl<T> Pending<T> {
    /// Its answer, after the commit.
    ///
    /// # Errors
    /// Those of the job.
    pub async fn answer(self) -> Result<T> {
        self.0.await.unwrap_or_else(|_| Err(closing()))
    }
}

/// The answer when a queue is full.
#[must_use]
pub fn busy() -> Error {
    Error::new(Code::Offline, ("The server has more to do than it can right now. Try again in a moment.", "Сервер сейчас перегружен. Повторите чуть позже."))
}

impl Storage {
    /// Opens the database, brings its tables to the newest shape and starts the threads.
    ///
    /// # Errors
    /// `Damaged` for a damaged or newer database, `Internal` when the folder can't be written.
    pub fn open(path: &Path, migrations: &[Migration]) -> Result<(Self, Threads)> {
        let connection = Connection::open(path).map_err(from_rusqlite)?;
        // A commit is answered after it reached the disk: with WAL that takes synchronous=FULL.
        connection
            .execute_batch("pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 5000; pragma temp_store = memory; pragma cache_size = -16000; pragma trusted_schema = off;")
            .map_err(from_rusqlite)?;
        connection.set_prepared_statement_cache_capacity(256);
        connection.execute_batch("begin immediate").map_err(from_rusqlite)?;
        migrate(&mut Sqlite(&connection), migrations)?;
        connection.execute_batch("commit").map_err(from_rusqlite)?;

        let counts = Arc::new(Counts::default());
        let (write, jobs) = mpsc::channel(QUEUE);
        let (read, questions) = mpsc::channel(QUEUE);
        let questions = Arc::new(Mutex::new(questions));
        let mut threads = Vec::new();
        for number in 0..READERS {
            let reader = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(from_rusqlite)?;
            reader.execute_batch("pragma busy_timeout = 5000; pragma cache_size = -8000; pragma query_only = on;").map_err(from_rusqlite)?;
            reader.set_prepared_statement_cache_capacity(256);
            let questions = questions.clone();
            threads.push(std::thread::Builder::new().name(format!("reader-{number}")).spawn(move || answer(&reader, &questions)).map_err(Error::internal)?);
        }
        let counted = counts.clone();
        threads.push(std::thread::Builder::new().name("writer".into()).spawn(move || commit(&connection, jobs, &counted)).map_err(Error::internal)?);
        Ok((Self { write, read, room: Arc::new(Semaphore::new(ROOM)), counts }, Threads(threads)))
    }

    /// Runs a job in the writer's transaction; answers after the commit.
    ///
    /// # Errors
    /// Those of the job; `Offline` at once when the queue is full.
    pub async fn write<T: Send + 'static>(&self, work: impl FnOnce(&mut dyn Sql) -> Result<T> + Send + 'static) -> Result<T> {
        let (job, reply) = job(work, |_| ());
        self.write.try_send(job).map_err(|_| busy())?;
        self.counts.waiting.fetch_add(1, Ordering::Relaxed);
        reply.await.unwrap_or_else(|_| Err(closing()))
    }

    /// Queues a job in order, waiting a while for room; its answer comes after the commit. `after` runs on the writer's
    /// thread, in the order of the commits.
    ///
    /// # Errors
    /// `Offline` when there is no room for long.
    pub async fn queue<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Sql) -> Result<T> + Send + 'static,
        after: impl FnOnce(&T) + Send + 'static,
    ) -> Result<Pending<T>> {
        let room = tokio::time::timeout(PATIENCE, self.write.reserve()).await.map_err(|_| busy())?.map_err(|_| closing())?;
        let (job, reply) = job(work, after);
        room.send(job);
        self.counts.waiting.fetch_add(1, Ordering::Relaxed);
        Ok(Pending(reply))
    }

    /// Asks in a transaction that only reads.
    ///
    /// # Errors
    /// Those of the question; `Offline` when there is no room for long.
    pub async fn read<T: Send + 'static>(&self, work: impl FnOnce(&mut dyn Sql) -> Result<T> + Send + 'static) -> Result<T> {
        let room = tokio::time::timeout(PATIENCE, self.read.reserve()).await.map_err(|_| busy())?.map_err(|_| closing())?;
        let (job, reply) = job(work, |_| ());
        room.send(job);
        reply.await.unwrap_or_else(|_| Err(closing()))
    }

    /// Room for so many bytes in the writer's queue, until what is returned is dropped.
    ///
    /// # Errors
    /// `Offline` when there is none for long.
    pub async fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit> {
        let wanted = u32::try_from(bytes.div_ceil(1_024).min(ROOM)).unwrap_or(u32::MAX);
        tokio::time::timeout(PATIENCE, self.room.clone().acquire_many_owned(wanted)).await.map_err(|_| busy())?.map_err(|_| closing())
    }

    /// What has been done.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }
}

fn job<T, F, A>(work: F, after: A) -> (Box<dyn Job>, oneshot::Receiver<Result<T>>)
where
    T: Send + 'static,
    F: FnOnce(&mut dyn Sql) -> Result<T> + Send + 'static,
    A: FnOnce(&T) + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (Box::new(Work { work: Some(work), after, result: None, reply }), answer)
}

fn closing() -> Error {
    Error::new(Code::Offline, ("The server is closing. Try again in a moment.", "Сервер останавливается. Повторите чуть позже."))
}

fn commit(connection: &Connection, mut jobs: mpsc::Receiver<Box<dyn Job>>, counts: &Counts) {
    while let Some(first) = jobs.blocking_recv() {
        let mut group: Vec<Box<dyn Job>> = Vec::new();
        let begun = connection.execute_batch("begin immediate");
        let mut sound = begun.is_ok();
        let mut next = Some(first);
        while let Some(mut job) = next {
            if sound {
                // Each job stands or falls alone, whatever the others of its group do.
                sound = connection.execute_batch("savepoint job").is_ok();
                let keep = sound && job.run(&mut Sqlite(connection));
                let end = if keep { "release job" } else { "rollback to job; release job" };
                // A full disk may have ended the whole transaction; then nothing of the group is written.
                sound = sound && connection.execute_batch(end).is_ok();
            }
            group.push(job);
            next = if group.len() < GROUP { jobs.try_recv().ok() } else { None };
        }
        let ended = if sound { connection.execute_batch("commit") } else { connection.execute_batch("rollback") };
        let committed = sound && ended.is_ok();
        if !committed {
            tracing::error!(begun = ?begun.err(), ended = ?ended.as_ref().err(), jobs = group.len(), "a transaction was not written");
            if sound {
                let _ = connection.execute_batch("rollback");
            }
        }
        counts.commits.fetch_add(1, Ordering::Relaxed);
        counts.jobs.fetch_add(group.len() as u64, Ordering::Relaxed);
        counts.waiting.fetch_sub(group.len() as u64, Ordering::Relaxed);
        for job in group {
            job.finish(committed);
        }
    }
    // What is in the WAL goes into the file, so that a copy of the file alone is whole.
    let _ = connection.execute_batch("pragma wal_checkpoint(truncate)");
}

fn answer(connection: &Connection, questions: &Mutex<mpsc::Receiver<Box<dyn Job>>>) {
    loop {
        let question = questions.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(mut question) = question else { return };
        let begun = connection.execute_batch("begin").is_ok();
        if begun {
            question.run(&mut Sqlite(connection));
        }
        let _ = connection.execute_batch("rollback");
        question.finish(begun);
    }
}
