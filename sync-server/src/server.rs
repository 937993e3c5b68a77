//! The running server: its folder, its parts, its beginning and its end.

use std::fs::File;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::serve::ListenerExt;
use kernel::doc::Docs;
use kernel::migrate::Migration;
use kernel::{Code, Ctx, Error, Language, Result, Timestamp};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::routes::{Asked, Caller, Failure};
use crate::secret::{Passwords, Signer};
use crate::storage::{Place, Storage, Threads};
use crate::sync::hub::{HEARD, Hub};
use crate::sync::nodes::{Nats, Nodes, Out};
use crate::throttle::Throttle;
use crate::{door, identity, routes, secret, sync};

/// How long open requests and connections have to end.
const DRAIN: Duration = Duration::from_secs(5);

/// Numbers for the metrics.
#[derive(Default)]
pub struct Metrics {
    /// Answers by the first digit of their status.
    pub answers: [AtomicU64; 6],
    /// Entries that joined a log.
    pub accepted: AtomicU64,
    /// Entries that were refused.
    pub refused: AtomicU64,
    /// Connections that are open.
    pub connections: AtomicU64,
    /// Those of them that came through the door of automerge-repo.
    pub guests: AtomicU64,
}

/// Everything that requests share.
pub struct Parts {
    /// As started.
    pub config: Config,
    /// What links begin with.
    pub public_url: String,
    /// The database.
    pub storage: Storage,
    /// Access tokens.
    pub signer: Signer,
    /// Password hashes.
    pub passwords: Passwords,
    /// Who is connected.
    pub hub: Arc<Hub>,
    /// What other nodes are told, where there may be any.
    pub out: Option<Arc<Out>>,
    /// Documents that clients of the door have open.
    pub door: door::cache::Cache,
    /// Counts.
    pub metrics: Metrics,
    /// Requests of one address.
    pub requests: Throttle,
    by_address: Throttle,
    by_account: Throttle,
    by_both: Throttle,
}

/// A handle to the parts.
#[derive(Clone)]
pub struct App(Arc<Parts>);

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Tokens that a sign-in took, to be given back when it was right.
pub struct Taken(String, String, String);

impl Taken {
    /// A right password costs nothing.
    pub fn give_back(self, app: &App) {
        app.by_address.give_back(&self.0);
        app.by_account.give_back(&self.1);
        app.by_both.give_back(&self.2);
    }
}

impl App {
    /// The clock: the shell's, for the core has none.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        now()
    }

    /// Counts an attempt at an account, and refuses too many: from one address, at one account, and of the two together.
    ///
    /// # Errors
    /// `TooOften`.
    pub fn sign_in_throttle(&self, asked: &Asked, account: &str) -> Result<Taken, Failure> {
        let (address, now) = (asked.network(), self.now());
        let taken = Taken(address.clone(), account.to_owned(), format!("{address} {account}"));
        self.by_address.take(&taken.0, now).and_then(|()| self.by_both.take(&taken.2, now)).and_then(|()| self.by_account.take(&taken.1, now)).map_err(Failure::TooOften)?;
        Ok(taken)
    }

    /// Runs an operation in the writer's transaction, and tells the connections what happened after the commit.
    ///
    /// # Errors
    /// Those of the operation.
    pub async fn operate<T: Send + 'static>(&self, asked: &Asked, caller: Option<&Caller>, work: impl FnOnce(&mut Ctx<'_>) -> Result<T> + Send + 'static) -> Result<T> {
        let (language, person, mut random) = (asked.language, caller.map(|caller| caller.person.id), secret::random()?);
        let shared = self.out.is_some();
        // Told on the writer's thread: a removal is heard before the next entry is, even if whoever asked for it hung up.
        let hub = self.hub.clone();
        let (value, _) = self
            .storage
            .write_then(move |sql| {
                let mut docs = Docs::new(0);
                let mut ctx = Ctx::new(sql, &mut docs, &mut random, now(), language);
                ctx.person = person;
                let value = work(&mut ctx)?;
                let events = ctx.into_events();
                // In the same transaction, so that no other node can miss it.
                for event in events.iter().filter(|event| shared && HEARD.contains(&event.name)) {
                    sync::store::tell(sql, event.name, &event.subject)?;
                }
                Ok((value, events))
            }, move |(_, events)| events.iter().for_each(|event| hub.react(event)))
            .await?;
        Ok(value)
    }

    /// Runs an operation that only reads.
    ///
    /// # Errors
    /// Those of the operation.
    pub async fn look<T: Send + 'static>(&self, work: impl FnOnce(&mut Ctx<'_>) -> Result<T> + Send + 'static) -> Result<T> {
        let mut random = secret::random()?;
        self.storage.read(move |sql| work(&mut Ctx::new(sql, &mut Docs::new(0), &mut random, now(), Language::En))).await
    }
}

fn now() -> Timestamp {
    let millis = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_millis());
    Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

/// The tables of the server.
#[must_use]
pub fn migrations() -> Vec<Migration> {
    identity::MIGRATIONS.iter().chain(sync::MIGRATIONS).chain(door::MIGRATIONS).map(|step| Migration { context: step.context, number: step.number, sql: step.sql }).collect()
}

/// A server that listens.
pub struct Server {
    /// Where.
    pub address: SocketAddr,
    /// The one-time link, while nobody has an account.
    pub setup_link: Option<String>,
    app: App,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    sealing: JoinHandle<()>,
    sharing: Option<JoinHandle<()>>,
    threads: Threads,
    /// Of the folder, where there is one.
    _lock: Option<File>,
}

fn refused(en: String, ru: String) -> Error {
    Error::new(Code::Conflict, (en, ru))
}

/// Makes the folder for its owner alone, and takes hold of it.
fn folder(data: &Path) -> Result<File> {
    let shown = data.display();
    let unusable = |source: std::io::Error| refused(format!("The data folder {shown} can't be used: {source}."), format!("Папку данных {shown} нельзя использовать: {source}."));
    std::fs::create_dir_all(data).map_err(unusable)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(data, std::fs::Permissions::from_mode(0o700)).map_err(unusable)?;
    }
    let lock = File::create(data.join("lock")).map_err(unusable)?;
    lock.try_lock().map_err(|_| refused(format!("Another server uses the data folder {shown}. Stop it, or choose another folder with --data."), format!("Папкой данных {shown} пользуется другой сервер. Остановите его или выберите другую папку через --data.")))?;
    Ok(lock)
}

impl Server {
    /// Opens the folder and listens.
    ///
    /// # Errors
    /// With what to do about it: a folder or an address that is taken or forbidden, data of a newer version.
    pub async fn start(config: Config) -> Result<Self> {
        let (place, lock) = match &config.database {
            Some(address) => (address.place()?, None),
            None => (Place::File(config.data.join("scantling.db")), Some(folder(&config.data)?)),
        };
        if config.database.is_some() && !place.is_shared() {
            return Err(refused("A server takes Postgres with --database, and a folder with --data.".to_owned(), "Postgres задаётся через --database, папка — через --data.".to_owned()));
        }
        tracing::info!(%place, "opening the database");
        let nats = Nats::connect(&config).await?;
        let out = place.is_shared().then(Arc::<Out>::default);
        let (storage, threads) = tokio::task::spawn_blocking(move || Storage::open(&place, &migrations())).await.map_err(Error::internal)??;
        let listener = TcpListener::bind(config.listen).await.map_err(|source| {
            let place = config.listen;
            refused(format!("{place} can't be listened on: {source}. Choose another address with --listen."), format!("Не удаётся слушать {place}: {source}. Выберите другой адрес через --listen."))
        })?;
        let address = listener.local_addr().map_err(Error::internal)?;
        // Many small messages follow each other; held back until the one before is confirmed, each would cost 40 ms.
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection will be slow");
            }
        });
        let public_url = config.public_url.as_deref().map_or_else(|| format!("http://{address}"), |url| url.trim_end_matches('/').to_owned());
        let mut random = secret::random()?;
        let (key, setup) = storage.write(move |sql| identity::ops::prepare(&mut Ctx::new(sql, &mut Docs::new(0), &mut random, now(), Language::En))).await?;
        let rate = config.rate.clamp(1, 1_000_000);
        let app = App(Arc::new(Parts {
            public_url,
            storage,
            signer: Signer::new(&key),
            passwords: Passwords::new(2)?,
            hub: Arc::new(Hub::new(out.clone())),
            out,
            door: door::cache::Cache::default(),
            metrics: Metrics::default(),
            requests: Throttle::new(rate.saturating_mul(10), (1_000 / rate).max(1)),
            by_address: Throttle::new(60, 2_000),
            by_account: Throttle::new(100, 10_000),
            by_both: Throttle::new(10, 15_000),
            config,
        }));
        // What happens from now on is heard; connections come later.
        let nodes = match &app.out {
            Some(out) => Some(Nodes::new(app.hub.clone(), app.storage.clone(), out.clone(), &key).await?),
            None => None,
        };
        let (stop, mut stopped) = watch::channel(false);
        let service = routes::router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let serving = tokio::spawn(async move {
            let ended = axum::serve(listener, service).with_graceful_shutdown(async move { drop(stopped.wait_for(|stop| *stop).await) }).await;
            if let Err(error) = ended {
                tracing::error!(%error, "serving ended");
            }
        });
        let sharing = nodes.map(|nodes| tokio::spawn(nodes.keep(nats)));
        let sealing = tokio::spawn(sync::pack::keep(app.storage.clone()));
        let setup_link = setup.map(|token| format!("{}/#/setup/{token}", app.public_url));
        tracing::info!(%address, public_url = %app.public_url, "listening");
        Ok(Self { address, setup_link, app, stop, serving, sealing, sharing, threads, _lock: lock })
    }

    /// Stops: no more requests, the open ones end, connections are told, the WAL goes into the file.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        // Its work is never half done: a place is written with the last of its documents.
        self.sealing.abort();
        let _ = self.sealing.await;
        self.app.hub.close();
        let hub = self.app.hub.clone();
        let drained = async {
            let _ = self.serving.await;
            hub.empty().await;
        };
        if tokio::time::timeout(DRAIN, drained).await.is_err() {
            tracing::warn!("some connections did not end in time, and are cut");
            self.app.hub.cut();
            let _ = tokio::time::timeout(DRAIN, self.app.hub.empty()).await;
        }
        if let (Some(sharing), Some(out)) = (self.sharing, &self.app.out) {
            out.told().await;
            sharing.abort();
            let _ = sharing.await;
        }
        drop(self.app);
        let joined = tokio::task::spawn_blocking(|| self.threads.join());
        if tokio::time::timeout(DRAIN, joined).await.is_err() {
            tracing::warn!("the database did not close in time; nothing that was acknowledged is lost");
        }
    }

    /// Seals every log up to its head; for tests and benchmarks.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn seal(&self) -> Result<()> {
        while sync::pack::step(&self.app.storage, 1).await? {}
        Ok(())
    }

    /// How many entries were accepted; for tests and benchmarks.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.app.metrics.accepted.load(Ordering::Relaxed)
    }
}
