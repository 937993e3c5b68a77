//! The host: one thread that owns the store, the connections to servers, and `call`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::time::{SystemTime, UNIX_EPOCH};

use automerge::ActorId;
use ed25519_dalek::SigningKey;
use kernel::sql::from_rusqlite;
use kernel::store::{set_setting, setting};
use kernel::{Code, Ctx, Device, Error, Event, Language, Random, Result, Store, Timestamp};
use serde_json::Value;
use tokio::sync::{broadcast, oneshot};
use wiring::Problem;

use crate::key::{self, Home};
use crate::sync::Lines;
use crate::{identity, remote, sync, workspace};

/// How the host is opened.
pub struct Options {
    /// The folder of the store.
    pub data: PathBuf,
    /// Where the key of a new store should live; without a wish the keyring, else a file.
    pub key_home: Option<Home>,
    /// Opens the vault, where there is one.
    pub passphrase: Option<String>,
    /// Whether connections to servers are kept while the host is open.
    pub sync: bool,
}

/// The page of SQLCipher. What is shorter SQLite takes for a database that is not begun yet, and writes over it.
const PAGE: u64 = 4096;

type Job = Box<dyn FnOnce(&mut Store) + Send>;

pub(crate) struct Inner {
    jobs: Mutex<Option<mpsc::SyncSender<Job>>>,
    writer: Mutex<Option<std::thread::JoinHandle<()>>>,
    pub(crate) voice: Voice,
    pub(crate) lines: Lines,
    http: OnceLock<reqwest::Client>,
    /// One renewal of tokens at a time.
    pub(crate) renewing: tokio::sync::Mutex<()>,
    pub(crate) key_home: Home,
    language: Mutex<Language>,
    runtime: Mutex<Option<tokio::runtime::Runtime>>,
    handle: tokio::runtime::Handle,
    data: PathBuf,
    closed: AtomicBool,
    /// Held while the host is open: a store has one writer.
    lock: fs::File,
}

/// Tells screens and connections what happened.
#[derive(Clone)]
pub(crate) struct Voice {
    changes: broadcast::Sender<Vec<&'static str>>,
    pub(crate) wakes: tokio::sync::watch::Sender<sync::Wakes>,
}

impl Voice {
    pub(crate) fn tell(&self, events: &[Event]) {
        let mut topics: Vec<&'static str> = events.iter().map(|event| event.topic).collect();
        topics.sort_unstable();
        topics.dedup();
        for event in events {
            match event.name {
                "EntryAppended" => self.wakes.send_modify(|wakes| wakes.outbox += 1),
                "EntryRetried" => self.wakes.send_modify(|wakes| wakes.repush += 1),
                _ => {}
            }
        }
        if !topics.is_empty() {
            // Without a screen nobody listens.
            let _ = self.changes.send(topics);
        }
    }
}

/// A device's workspace, open. Clones are the same workspace.
#[derive(Clone)]
pub struct Host(pub(crate) Arc<Inner>);

impl Host {
    /// Opens the workspace of a folder, and makes it if there is none.
    ///
    /// # Errors
    /// A [`Problem`] when another program has it open, it is damaged, of a newer version, or can't be written.
    pub fn open(options: Options) -> Result<Self, Problem> {
        Self::open_inner(options).map_err(|error| {
            if error.code == Code::Internal || error.code == Code::Damaged {
                tracing::info!(%error, "the workspace was not opened");
            }
            Problem::of(&error, system_language())
        })
    }

    fn open_inner(options: Options) -> Result<Self> {
        let data = options.data;
        create_private(&data)?;
        let lock = fs::OpenOptions::new().create(true).truncate(false).write(true).open(data.join("lock")).map_err(|source| not_writable(&data).because(source))?;
        lock.try_lock().map_err(|source| {
            Error::conflict((
                format!("This workspace is open in another window or program already ({}).", data.display()),
                format!("Это рабочее место уже открыто в другом окне или программе ({}).", data.display()),
            ))
            .because(source)
        })?;
        let (key, key_home) = key::obtain(&data, options.key_home, options.passphrase.as_deref())?;
        let path = data.join("store.db");
        let made = lock.metadata().is_ok_and(|about| about.len() > 0);
        if made && fs::metadata(&path).map_or(true, |about| about.len() < PAGE) {
            return Err(emptied(&data));
        }
        let mut store = open_store(&path, &key)?;
        let language = prepare(&mut store)?;
        if !made {
            // From now on a store that is gone or empty was lost, and is not a new one.
            (&lock).write_all(b"made\n").and_then(|()| lock.sync_all()).map_err(|source| not_writable(&data).because(source))?;
        }

        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("host").enable_all().build().map_err(Error::internal)?;
        let handle = runtime.handle().clone();
        let (jobs, waiting) = mpsc::sync_channel::<Job>(1024);
        let writer = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || {
                for job in waiting {
                    job(&mut store);
                }
            })
            .map_err(Error::internal)?;
        let inner = Inner {
            jobs: Mutex::new(Some(jobs)),
            writer: Mutex::new(Some(writer)),
            voice: Voice { changes: broadcast::channel(256).0, wakes: tokio::sync::watch::channel(sync::Wakes::default()).0 },
            lines: Lines::default(),
            http: OnceLock::new(),
            renewing: tokio::sync::Mutex::new(()),
            key_home,
            language: Mutex::new(language),
            runtime: Mutex::new(Some(runtime)),
            handle,
            data,
            closed: AtomicBool::new(false),
            lock,
        };
        let host = Self(Arc::new(inner));
        if options.sync {
            host.0.handle.spawn(sync::supervise(host.clone()));
            host.0.handle.spawn(sync::put_away(host.clone()));
        }
        Ok(host)
    }

    /// Performs a command of the table, by its name.
    ///
    /// # Errors
    /// A [`Problem`] in the person's language.
    pub async fn call(&self, name: &str, payload: Value) -> Result<Value, Problem> {
        self.dispatch(name, payload).await.map_err(|error| {
            if error.code == Code::Internal || error.code == Code::Damaged {
                tracing::error!(command = name, %error, "a command failed");
            }
            Problem::of(&error, self.language())
        })
    }

    async fn dispatch(&self, name: &str, payload: Value) -> Result<Value> {
        let command = wiring::command(name).ok_or_else(|| Error::not_found((format!("There is no command {name}."), format!("Команды {name} нет."))))?;
        match command.home {
            wiring::Home::Local => {
                let name = command.name;
                self.run(move |ctx| wiring::call(ctx, name, payload)).await
            }
            _ => {
                // Device commands talk to servers, so they run where the host's own runtime drives the network.
                let (host, name) = (self.clone(), command.name);
                self.0.handle.spawn(async move { host.device(name, payload).await }).await.map_err(Error::internal)?
            }
        }
    }

    async fn device(&self, name: &'static str, payload: Value) -> Result<Value> {
        match name.split_once('.') {
            Some(("workspace", _)) => workspace::call(self, name, payload).await,
            Some(("sync", _)) => sync::call(self, name, payload).await,
            Some(("identity", _)) => identity::call(self, name, payload).await,
            Some(("project", _)) => crate::project::call(self, name, payload).await,
            _ => Err(Error::internal(format!("{name} has no home"))),
        }
    }

    /// Runs an operation on the store's own thread, in one transaction.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl FnOnce(&mut Ctx<'_>) -> Result<T> + Send + 'static) -> Result<T> {
        self.on_store(move |store, voice| {
            let (value, events) = store.run(now(), work)?;
            voice.tell(&events);
            Ok(value)
        })
        .await
    }

    /// Runs a piece of work on the store's own thread.
    pub(crate) async fn on_store<T: Send + 'static>(&self, work: impl FnOnce(&mut Store, &Voice) -> Result<T> + Send + 'static) -> Result<T> {
        let closed = || Error::conflict(("The workspace is closing.", "Рабочее место закрывается."));
        let jobs = self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(closed)?;
        let (answer, answered) = oneshot::channel();
        let voice = self.0.voice.clone();
        let job: Job = Box::new(move |store| {
            // A defect in one operation must not take the workspace down with it.
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(store, &voice))).unwrap_or_else(|_| {
                store.recover();
                Err(Error::internal("an operation panicked"))
            });
            // Whoever asked may have gone; the work is done all the same.
            let _ = answer.send(result);
        });
        // The queue is bounded: whoever floods it waits, here on a thread that may block.
        match jobs.try_send(job) {
            Ok(()) => {}
            Err(mpsc::TrySendError::Full(job)) => tokio::task::spawn_blocking(move || jobs.send(job)).await.map_err(Error::internal)?.map_err(|_| closed())?,
            Err(mpsc::TrySendError::Disconnected(_)) => return Err(closed()),
        }
        answered.await.map_err(|_| closed())?
    }

    /// Topics whose queries are to be asked again.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Vec<&'static str>> {
        self.0.voice.changes.subscribe()
    }

    /// The client of HTTP, made when it is first needed: it reads the system's certificates, which takes longer than all
    /// the rest of a start.
    pub(crate) fn http(&self) -> Result<&reqwest::Client> {
        if let Some(client) = self.0.http.get() {
            return Ok(client);
        }
        let client = remote::client()?;
        Ok(self.0.http.get_or_init(|| client))
    }

    /// The folder of the workspace.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.0.data
    }

    /// The person's language.
    #[must_use]
    pub fn language(&self) -> Language {
        *self.0.language.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn set_language(&self, language: Language) -> Result<()> {
        *self.0.language.lock().unwrap_or_else(PoisonError::into_inner) = language;
        self.on_store(move |store, _| {
            store.language = language;
            Ok(())
        })
        .await
    }

    /// Starts a future on the host's own threads.
    pub fn spawn<F>(&self, future: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        self.0.handle.spawn(future)
    }

    /// Waits for a future from a thread that may block, as the command line's does.
    pub fn wait<F: Future>(&self, future: F) -> F::Output {
        self.0.handle.block_on(future)
    }

    /// Ends the connections and closes the store. What was acknowledged to a caller is on disk already.
    pub fn close(&self) {
        if self.0.closed.swap(true, Ordering::SeqCst) {
            return;
        }
        self.0.voice.wakes.send_modify(|wakes| wakes.closing = true);
        drop(self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(runtime) = self.0.runtime.lock().unwrap_or_else(PoisonError::into_inner).take() {
            runtime.shutdown_background();
        }
        if let Some(writer) = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // It ends when the last job is done; a panic there has been reported already.
            let _ = writer.join();
        }
        let _ = self.0.lock.unlock();
    }
}

/// The clock of the system.
pub(crate) fn now() -> Timestamp {
    let millis = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

pub(crate) fn fresh_random() -> Result<Random> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|source| Error::internal(source.to_string()))?;
    Ok(Random::new(seed))
}

/// The language of the system, before the person has chosen one.
#[must_use]
pub fn system_language() -> Language {
    let wish = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    if wish.is_some_and(|wish| wish.starts_with("ru")) { Language::Ru } else { Language::En }
}

fn not_writable(folder: &Path) -> Error {
    Error::new(Code::Internal, (format!("The folder {} can't be written. Check its permissions and the free space.", folder.display()), format!("В папку {} нельзя писать. Проверьте права и свободное место.", folder.display())))
}

fn emptied(folder: &Path) -> Error {
    Error::damaged((
        format!("The store in {} was cut off, emptied or removed. Restore store.db from a backup, or remove the whole folder to begin anew; nothing was changed.", folder.display()),
        format!("Хранилище в {} обрезано, опустело или удалено. Восстановите store.db из резервной копии или удалите всю папку, чтобы начать заново; ничего не изменено.", folder.display()),
    ))
}

fn create_private(folder: &Path) -> Result<()> {
    if folder.exists() && !folder.is_dir() {
        return Err(Error::new(Code::Invalid, (format!("{} is a file. A workspace needs a folder.", folder.display()), format!("{} — это файл, а рабочему месту нужна папка.", folder.display()))));
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|source| not_writable(folder).because(source))
}

fn open_store(path: &Path, key: &[u8; 32]) -> Result<Store> {
    let connection = rusqlite::Connection::open(path).map_err(from_rusqlite)?;
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    // The key goes to SQLCipher as a pragma, which takes no parameters; it is 64 hex digits and nothing else.
    connection.execute_batch(&format!("pragma cipher_log_level = none; pragma key = \"x'{hex}'\";")).map_err(from_rusqlite)?;
    connection
        .execute_batch("pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma cache_size = -65536; pragma busy_timeout = 5000;")
        .map_err(from_rusqlite)?;
    Store::open(connection, &[wiring::MIGRATIONS, &[crate::identity::MIGRATIONS]].concat(), fresh_random()?)
}

/// Gives the store its author, once, and reads the person's language.
fn prepare(store: &mut Store) -> Result<Language> {
    let ((device, language), _) = store.run(now(), |ctx| {
        let key = match setting(ctx.sql, "device_key")? {
            Some(hex) => SigningKey::from_bytes(&unhex(&hex)?),
            None => {
                let key = SigningKey::from_bytes(&ctx.random.bytes());
                set_setting(ctx.sql, "device_key", &hex(key.as_bytes()))?;
                key
            }
        };
        let actor = match setting(ctx.sql, "actor")? {
            Some(hex) => unhex::<16>(&hex)?,
            None => {
                let actor = ctx.random.bytes();
                set_setting(ctx.sql, "actor", &hex(&actor))?;
                actor
            }
        };
        let name = match setting(ctx.sql, "device_name")? {
            Some(name) => name,
            None => {
                let name = workspace::host_name();
                set_setting(ctx.sql, "device_name", &name)?;
                name
            }
        };
        let language = match setting(ctx.sql, "language")?.as_deref() {
            Some("ru") => Language::Ru,
            Some("en") => Language::En,
            _ => system_language(),
        };
        Ok((Device { key, actor: ActorId::from(actor), name }, language))
    })?;
    store.set_device(Arc::new(device));
    store.language = language;
    Ok(language)
}

/// Bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex<const N: usize>(text: &str) -> Result<[u8; N]> {
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(|at| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok())).collect();
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| Error::damaged(("A key in the store is damaged. Restore the store from a backup.", "Ключ в хранилище повреждён. Восстановите хранилище из резервной копии.")))
}
