//! The server's database: one thread writes, many jobs to a transaction; others read beside it.
//!
//! A writer's caller is answered only after the commit has reached the disk. Jobs speak [`Sql`] alone, and two engines
//! stand behind this door: SQLite embedded in the process, and Postgres, which several nodes share.

mod postgres;
mod sqlite;
pub mod transfer;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kernel::migrate::{Migration, migrate};
use kernel::{Code, Error, Result, Sql};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// The most jobs that wait for the writer, and as many for the readers.
const QUEUE: usize = 1_024;
/// The most jobs of one commit.
const GROUP: usize = 256;
/// How long jobs may join a commit: what waits for it includes, with Postgres, the other nodes.
const GATHERING: Duration = Duration::from_millis(100);
/// The most KiB of entries that wait for the writer.
const ROOM: usize = 64 * 1_024;
/// How long a patient caller waits for room in a queue.
const PATIENCE: Duration = Duration::from_secs(10);

/// A piece of work inside a transaction, and what follows its end.
trait Job: Send {
    /// Answers whether its effects shall stay.
    fn run(&mut self, sql: &mut dyn Sql) -> bool;
    /// Its effects do not stay after all.
    fn undo(&mut self, error: Error);
    /// The transaction is on disk, or was not written, and why.
    fn finish(self: Box<Self>, committed: Result<(), &Outage>);
}

/// Why a transaction was not written, told to each of its jobs.
enum Outage {
    /// Nothing has changed.
    Failed,
    /// The database can't be reached.
    Unreachable,
    /// The connection broke during the commit, so nobody here knows.
    Unknown,
}

impl Outage {
    fn error(&self) -> Error {
        match self {
            Self::Failed => Error::internal("the transaction could not be written"),
            Self::Unreachable => unreachable(),
            Self::Unknown => Error::new(
                Code::Offline,
                ("The server lost its database while it was saving, and can't tell whether this was saved. Look, and repeat it if it was not.", "Сервер потерял базу данных во время записи и не знает, сохранено ли это. Проверьте и повторите, если нет."),
            ),
        }
    }
}

/// A connection to a database, as the threads behind the door use it.
trait Engine: Sql + Send {
    /// Begins a transaction, after connecting anew if need be. One that writes waits for those of other nodes.
    fn begin(&mut self) -> Result<()>;
    /// Whether a statement failed since this was last asked, after which the transaction takes no more before a rollback.
    fn is_spoiled(&mut self) -> bool;
    /// Ends the transaction so that it is on disk; its last savepoint has been released.
    fn commit(&mut self) -> Result<(), Outage> {
        self.script("commit").map_err(|error| {
            tracing::error!(%error, "a transaction was not written");
            Outage::Failed
        })
    }
    /// The same as statements.
    fn sql(&mut self) -> &mut dyn Sql;
    /// How many other nodes are connected to the database.
    fn others(&mut self) -> Result<u64>;
    /// The last job is done.
    fn close(&mut self);
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

    fn undo(&mut self, error: Error) {
        self.result = Some(Err(error));
    }

    fn finish(self: Box<Self>, committed: Result<(), &Outage>) {
        let result = match (self.result, committed) {
            (Some(Ok(value)), Ok(())) => {
                (self.after)(&value);
                Ok(value)
            }
            (Some(Err(error)), Ok(())) => Err(error),
            // A refusal of an operation holds whether or not the others of its group were written; a failed statement
            // may have failed because everything did.
            (Some(Err(error)), Err(_)) if error.code != Code::Internal => Err(error),
            (_, Err(outage)) => Err(outage.error()),
            (None, Ok(())) => Err(Outage::Failed.error()),
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

/// Where a database is.
#[derive(Clone)]
pub enum Place {
    /// A file of SQLite, for one process.
    File(PathBuf),
    /// Postgres, for any number of nodes.
    Postgres(Box<tokio_postgres::Config>),
}

impl Place {
    /// Whether other nodes may use the database at the same time.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    fn readers(&self) -> usize {
        // A question to Postgres waits for the network most of its time.
        if self.is_shared() { 6 } else { 2 }
    }

    fn writer(&self) -> Result<Box<dyn Engine>> {
        Ok(match self {
            Self::File(path) => Box::new(sqlite::File::writer(path)?),
            Self::Postgres(config) => Box::new(postgres::Link::writer(config)?),
        })
    }

    fn reader(&self) -> Result<Box<dyn Engine>> {
        Ok(match self {
            Self::File(path) => Box::new(sqlite::File::reader(path)?),
            Self::Postgres(config) => Box::new(postgres::Link::reader(config)?),
        })
    }
}

impl FromStr for Place {
    type Err = Error;

    /// `postgres://...` as libpq writes it, or `sqlite:PATH`.
    fn from_str(text: &str) -> Result<Self> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            return Ok(Self::File(path.into()));
        }
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(Error::invalid("database", ("A database is postgres://USER@HOST/NAME or sqlite:PATH.", "База данных — postgres://USER@HOST/NAME или sqlite:PATH.")));
        }
        // The cause is kept back: it may quote the password.
        let config = text.parse().map_err(|_| Error::invalid("database", ("The address of the database can't be read. It is postgres://USER:PASSWORD@HOST:PORT/NAME, with special characters of the password as %XX.", "Адрес базы данных нечитаем. Его вид: postgres://USER:PASSWORD@HOST:PORT/NAME, особые символы пароля — как %XX.")))?;
        Ok(Self::Postgres(Box::new(config)))
    }
}

impl fmt::Display for Place {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "SQLite {}", path.display()),
            Self::Postgres(config) => {
                let hosts: Vec<String> = config
                    .get_hosts()
                    .iter()
                    .map(|host| match host {
                        tokio_postgres::config::Host::Tcp(name) => name.clone(),
                        tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
                    })
                    .collect();
                write!(f, "Postgres {} at {}", config.get_dbname().unwrap_or("(the user's)"), hosts.join(", "))
            }
        }
    }
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
    /// Its answer, if the job has ended.
    pub fn now(&mut self) -> Option<Result<T>> {
        match self.0.try_recv() {
            Ok(answer) => Some(answer),
            Err(oneshot::error::TryRecvError::Empty) => None,
            Err(oneshot::error::TryRecvError::Closed) => Some(Err(closing())),
        }
    }

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
    /// `Damaged` for a damaged or newer database, `Internal` when the folder can't be written, `Offline` when Postgres
    /// can't be reached.
    pub fn open(place: &Place, migrations: &[Migration]) -> Result<(Self, Threads)> {
        let mut writer = place.writer()?;
        writer.begin()?;
        migrate(writer.sql(), migrations)?;
        writer.script("commit")?;

        let counts = Arc::new(Counts::default());
        let (write, jobs) = mpsc::channel(QUEUE);
        let (read, questions) = mpsc::channel(QUEUE);
        let questions = Arc::new(Mutex::new(questions));
        let mut threads = Vec::new();
        for number in 0..place.readers() {
            let mut reader = place.reader()?;
            let questions = questions.clone();
            threads.push(std::thread::Builder::new().name(format!("reader-{number}")).spawn(move || answer(&mut *reader, &questions)).map_err(Error::internal)?);
        }
        let counted = counts.clone();
        threads.push(std::thread::Builder::new().name("writer".into()).spawn(move || commit(&mut *writer, jobs, &counted)).map_err(Error::internal)?);
        Ok((Self { write, read, room: Arc::new(Semaphore::new(ROOM)), counts }, Threads(threads)))
    }

    /// Runs a job in the writer's transaction; answers after the commit.
    ///
    /// # Errors
    /// Those of the job; `Offline` at once when the queue is full.
    pub async fn write<T: Send + 'static>(&self, work: impl FnOnce(&mut dyn Sql) -> Result<T> + Send + 'static) -> Result<T> {
        self.write_then(work, |_| ()).await
    }

    /// [`Storage::write`], and then `after` on the writer's thread: in the order of the commits, and also when the caller
    /// has gone away meanwhile.
    ///
    /// # Errors
    /// As there.
    pub async fn write_then<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Sql) -> Result<T> + Send + 'static,
        after: impl FnOnce(&T) + Send + 'static,
    ) -> Result<T> {
        let room = self.write.try_reserve().map_err(|_| busy())?;
        let (job, reply) = job(work, after);
        self.counts.waiting.fetch_add(1, Ordering::Relaxed);
        room.send(job);
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
        let (job, pending) = Queued::new(work, after);
        self.counts.waiting.fetch_add(1, Ordering::Relaxed);
        room.send(job.0);
        Ok(pending)
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

/// Postgres keeps no text with a zero in it, so the other engine keeps none either.
fn storable(values: &[kernel::sql::Value]) -> Result<()> {
    let broken = values.iter().any(|value| matches!(value, kernel::sql::Value::Text(text) if text.contains('\0')));
    if broken { Err(Error::new(Code::Invalid, ("A text holds a character that can't be stored.", "В тексте есть символ, который нельзя сохранить."))) } else { Ok(()) }
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

/// Said while the database can't be reached; nothing was changed.
fn unreachable() -> Error {
    Error::new(Code::Offline, ("The server can't reach its database. Nothing was changed; try again in a moment.", "Сервер не может связаться с базой данных. Ничего не изменено; повторите чуть позже."))
}

fn commit(engine: &mut dyn Engine, mut jobs: mpsc::Receiver<Box<dyn Job>>, counts: &Counts) {
    while let Some(first) = jobs.blocking_recv() {
        let began = Instant::now();
        let mut next = Some(first);
        let jobs = std::iter::from_fn(|| next.take().or_else(|| if began.elapsed() < GATHERING { jobs.try_recv().ok() } else { None })).take(GROUP);
        commit_group(engine, jobs, |jobs| {
            counts.commits.fetch_add(1, Ordering::Relaxed);
            counts.jobs.fetch_add(jobs as u64, Ordering::Relaxed);
            counts.waiting.fetch_sub(jobs as u64, Ordering::Relaxed);
        });
    }
    engine.close();
}

fn given_up(error: &Error) -> Outage {
    tracing::error!(%error, "a transaction was given up");
    if error.code == Code::Offline { Outage::Unreachable } else { Outage::Failed }
}

/// Ends the savepoint of the job before, and goes on with `then`. What an engine held back of that job is sent with it; if
/// it fails, that job alone is taken back. An error is one of the whole transaction, as a full disk or a broken connection
/// ends it.
fn settle(engine: &mut dyn Engine, before: &str, then: &str, last: Option<&mut Box<dyn Job>>) -> Result<()> {
    if before.is_empty() && then.is_empty() {
        return Ok(());
    }
    match (engine.script(&format!("{before} {then}")), last) {
        (Ok(()), _) => Ok(()),
        (Err(error), Some(last)) if !before.is_empty() => {
            engine.script("rollback to savepoint job; release savepoint job")?;
            last.undo(error);
            engine.script(then)
        }
        (Err(error), _) => Err(error),
    }
}

/// Runs jobs in one transaction, says how many there were, and answers each.
fn commit_group(engine: &mut dyn Engine, jobs: impl Iterator<Item = Box<dyn Job>>, ended: impl FnOnce(usize)) {
    let mut group: Vec<Box<dyn Job>> = Vec::new();
    let mut written = engine.begin().map_err(|error| {
        tracing::error!(%error, "a transaction could not begin");
        if error.code == Code::Offline { Outage::Unreachable } else { Outage::Failed }
    });
    // What ends the job before is said together with the beginning of the next.
    let mut before = "";
    for mut job in jobs {
        if written.is_ok() {
            match settle(engine, before, "savepoint job", group.last_mut()).and_then(|()| take(engine, &mut *job)) {
                Ok(end) => before = end,
                Err(error) => {
                    let _ = engine.script("rollback");
                    written = Err(given_up(&error));
                }
            }
        }
        group.push(job);
    }
    if written.is_ok() {
        written = settle(engine, before, "", group.last_mut()).map_err(|error| given_up(&error)).and_then(|()| engine.commit());
        if written.is_err() {
            let _ = engine.script("rollback");
        }
    }
    ended(group.len());
    for job in group {
        job.finish(written.as_ref().copied());
    }
}

/// A job that waits to be put into a group.
pub struct Queued(Box<dyn Job>);

impl Queued {
    /// A job, and where its answer will be.
    pub fn new<T: Send + 'static>(work: impl FnOnce(&mut dyn Sql) -> Result<T> + Send + 'static, after: impl FnOnce(&T) + Send + 'static) -> (Self, Pending<T>) {
        let (job, reply) = job(work, after);
        (Self(job), Pending(reply))
    }
}

/// A database of SQLite without threads and without a clock: whoever holds it decides when a group is written, as the
/// simulation does.
pub struct Bench(sqlite::File);

impl Bench {
    /// Takes over an open connection and brings its tables to the newest shape.
    ///
    /// # Errors
    /// As [`Storage::open`].
    pub fn open(connection: rusqlite::Connection, migrations: &[Migration]) -> Result<Self> {
        let mut file = sqlite::File::over(connection);
        file.begin()?;
        migrate(file.sql(), migrations)?;
        file.script("commit")?;
        Ok(Self(file))
    }

    /// Writes these jobs in one transaction, as the writer's thread does.
    pub fn write(&mut self, jobs: Vec<Queued>) {
        commit_group(&mut self.0, jobs.into_iter().map(|job| job.0), |_| ());
    }

    /// Asks as the readers' threads do.
    ///
    /// # Errors
    /// Those of the question.
    pub fn read<T>(&mut self, work: impl FnOnce(&mut dyn Sql) -> Result<T>) -> Result<T> {
        self.0.script("begin")?;
        let answer = work(self.0.sql());
        let _ = self.0.script("rollback");
        answer
    }

    /// Statements outside of any transaction, as an admin may make them.
    ///
    /// # Errors
    /// Those of the database.
    pub fn script(&mut self, sql: &str) -> Result<()> {
        self.0.script(sql)
    }

    /// Ends, and leaves what is on disk.
    #[must_use]
    pub fn close(self) -> rusqlite::Connection {
        self.0.into_connection()
    }
}

/// Runs a job on its own: it stands or falls alone, whatever the others of its group do. Answers what ends it.
fn take(engine: &mut dyn Engine, job: &mut dyn Job) -> Result<&'static str> {
    let _ = engine.is_spoiled();
    let keep = job.run(engine.sql());
    let spoiled = engine.is_spoiled();
    if keep && spoiled {
        job.undo(Error::internal("a job went on after one of its statements had failed"));
    }
    if keep && !spoiled {
        return Ok("release savepoint job;");
    }
    // Done at once, so that a transaction that is no more is noticed here.
    engine.script("rollback to savepoint job; release savepoint job")?;
    Ok("")
}

fn answer(engine: &mut dyn Engine, questions: &Mutex<mpsc::Receiver<Box<dyn Job>>>) {
    loop {
        let question = questions.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(mut question) = question else { return engine.close() };
        let begun = engine.begin();
        if begun.is_ok() {
            question.run(engine.sql());
            let _ = engine.is_spoiled();
            let _ = engine.script("rollback");
        }
        question.finish(begun.as_ref().copied().map_err(|_| &Outage::Unreachable));
    }
}
