//! A device: its store, its clock, its disk and its connections, moved by hand as the shell of `app` moves them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use automerge::{ActorId, ChangeHash};
use ed25519_dalek::SigningKey;
use kernel::entry::{Chain, DeviceKey, Entry};
use kernel::log::Contexts;
use kernel::migrate::Migration;
use kernel::protocol::ToServer;
use kernel::sync::Client;
use kernel::{Ctx, Event, PersonId, Random, SpaceId, Store, Timestamp, space, values};
use rusqlite::Connection;
use wiring::Wiring;

use crate::fault::Fault;
use crate::plain::{self, Plain};
use crate::plan::{Level, NODES};
use crate::product;

/// Where the true time begins.
pub const BEGIN: i64 = 1_790_000_000_000;

/// The device's side of a connection.
pub struct Link {
    pub client: Client,
    /// The server's side of it.
    pub line: u64,
    /// There is something to push.
    pub wake: bool,
    /// What was refused is to be pushed again.
    pub repush: bool,
    /// A space was paused or resumed.
    pub follow: bool,
    /// What was pushed on it.
    pub pushed: BTreeSet<(SpaceId, Vec<u8>)>,
    /// What was on its way when the log turned out to be shorter: the first refusal says nothing, for it is pushed again.
    pub overtaken: BTreeSet<(SpaceId, Vec<u8>)>,
}

impl Link {
    /// Notes what messages push.
    pub fn pushes(&mut self, messages: &[ToServer]) {
        let pushes = messages.iter().flat_map(|message| match message {
            ToServer::Hello { push, .. } => push.as_slice(),
            ToServer::Push(push) => std::slice::from_ref(push),
            _ => &[],
        });
        for push in pushes {
            self.pushed.extend(push.entries.iter().filter_map(|bytes| Some((push.space, Entry::peek(bytes).ok()?.id))));
        }
    }
}

/// An entry's place, why it was refused, and its bytes.
pub type Stored = (Option<u64>, Option<String>, Vec<u8>);

/// Entries that were written, with their spaces.
pub type Written = Vec<(SpaceId, Vec<u8>)>;

/// What became of a transaction.
pub struct Ran<T> {
    pub value: kernel::Result<T>,
    pub events: Vec<Event>,
    /// The program has died; what it wanted to say was never said.
    pub died: bool,
    /// The disk has reported an error.
    pub struck: bool,
}

/// A device.
pub struct Device {
    pub n: usize,
    pub person: PersonId,
    pub key: DeviceKey,
    author: Arc<kernel::Device>,
    store: Option<Store>,
    level: Level,
    seed: u64,
    incarnation: u64,
    pub fault: Fault,
    pub dies_by_fault: bool,
    pub dies_after_commit: bool,
    pub full: bool,
    pub skew: i64,
    pub links: [Option<Link>; NODES],
    pub signed_out: [bool; NODES],
    pub texts: Vec<(String, Vec<ChangeHash>)>,
    pub screens: Vec<product::Seen>,
}

/// The migrations of a level.
pub fn migrations(level: Level) -> Vec<&'static [Migration]> {
    match level {
        Level::Kernel => vec![kernel::store::MIGRATIONS, plain::MIGRATIONS],
        Level::Commands => wiring::MIGRATIONS.to_vec(),
    }
}

/// The contexts of a level.
pub fn contexts(level: Level) -> &'static dyn Contexts {
    match level {
        Level::Kernel => &Plain,
        Level::Commands => &Wiring,
    }
}

/// The author of a device; the same in every world.
pub fn author(n: usize) -> Arc<kernel::Device> {
    let mut random = Random::seeded(0xde71ce + n as u64);
    Arc::new(kernel::Device { key: SigningKey::from_bytes(&random.bytes()), actor: ActorId::from(random.bytes::<16>()), name: format!("device {n}") })
}

/// A database in memory that holds these bytes.
pub fn filled(bytes: &[u8]) -> Connection {
    let mut connection = Connection::open_in_memory().expect("memory holds a database");
    connection.deserialize_read_exact("main", bytes, bytes.len(), false).expect("a copy is a database");
    connection
}

impl Device {
    pub fn new(n: usize, person: PersonId, level: Level, seed: u64, template: &[u8]) -> Self {
        let author = author(n);
        let mut connection = filled(template);
        let fault = Fault::default();
        fault.attach(&mut connection);
        let mut device = Self {
            n,
            person,
            key: author.key.verifying_key().to_bytes(),
            author,
            store: None,
            level,
            seed,
            incarnation: 0,
            fault,
            dies_by_fault: false,
            dies_after_commit: false,
            full: false,
            skew: 0,
            links: [const { None }; NODES],
            signed_out: [false; NODES],
            texts: Vec::new(),
            screens: Vec::new(),
        };
        device.start(connection);
        device
    }

    fn start(&mut self, connection: Connection) {
        let random = Random::seeded(self.seed.wrapping_mul(1_000_003) + (self.n as u64) * 1_009 + self.incarnation);
        let mut store = Store::open(connection, &migrations(self.level), random).expect("a store opens again");
        store.set_device(self.author.clone());
        self.store = Some(store);
    }

    /// The program is killed and starts again; nothing of its memory is left.
    pub fn crash(&mut self) {
        let held = self.fault.hold();
        let connection = self.store.take().expect("a device has a store").kill();
        self.incarnation += 1;
        self.start(connection);
        self.fault.resume(held);
        self.links = [const { None }; NODES];
        self.dies_after_commit = false;
        self.screens.clear();
        self.texts.clear();
    }

    pub fn now(&self, truth: i64) -> Timestamp {
        Timestamp::from_millis(BEGIN + truth + self.skew)
    }

    /// An operation in a transaction.
    pub fn run<T>(&mut self, truth: i64, work: impl FnOnce(&mut Ctx<'_>) -> kernel::Result<T>) -> Ran<T> {
        let now = self.now(truth);
        let ran = self.store.as_mut().expect("a device has a store").run(now, work);
        let struck = self.fault.struck();
        let died = (struck && self.dies_by_fault) || (ran.is_ok() && self.dies_after_commit);
        if died {
            self.crash();
        }
        match ran {
            Ok((value, events)) => Ran { value: Ok(value), events, died, struck },
            Err(error) => Ran { value: Err(error), events: Vec::new(), died, struck },
        }
    }

    /// Looks at the store from outside the world: nothing fails, and nobody dies of it.
    pub fn look<T>(&mut self, work: impl FnOnce(&mut Ctx<'_>) -> kernel::Result<T>) -> T {
        let held = self.fault.hold();
        let now = self.now(0);
        let value = self.store.as_mut().expect("a device has a store").run(now, work).expect("a store can be read").0;
        self.fault.resume(held);
        value
    }

    /// The disk has room for so many pages more, or for everything.
    pub fn room(&mut self, pages: Option<u64>) {
        self.full = pages.is_some();
        self.look(|ctx| {
            let now: u64 = ctx.sql.query("pragma page_count", &[])?[0].take(0)?;
            let most = pages.map_or(1 << 30, |pages| now + pages);
            ctx.sql.query(&format!("pragma max_page_count = {most}"), &[]).map(drop)
        });
    }

    /// Where the device stands in a space, and how many entries it has, with a place, in quarantine.
    pub fn standing(&mut self, space: SpaceId) -> (u64, Chain, (u64, u64, u64)) {
        self.look(|ctx| {
            let known = space::get(ctx.sql, space)?;
            let mut row = ctx
                .sql
                .find(
                    "select count(*), count(seq), count(refused_code) filter (where seq is null) from kernel_entry where space = $1",
                    values![space],
                )?
                .expect("a count has a row");
            Ok((known.seq, known.chain, (row.take(0)?, row.take(1)?, row.take(2)?)))
        })
    }

    /// Every entry's place, with its id and bytes.
    pub fn entries(&mut self, space: SpaceId) -> BTreeMap<Vec<u8>, Stored> {
        self.look(|ctx| {
            ctx.sql
                .query("select id, seq, refused_code, bytes from kernel_entry where space = $1", values![space])?
                .into_iter()
                .map(|mut row| Ok((row.take(0)?, (row.take(1)?, row.take(2)?, row.take(3)?))))
                .collect()
        })
    }
}

/// Runs local work and answers what it wrote: the spaces and the bytes of its entries.
pub fn writing<T>(ctx: &mut Ctx<'_>, work: impl FnOnce(&mut Ctx<'_>) -> kernel::Result<T>) -> kernel::Result<(T, Written)> {
    let last: i64 = ctx.sql.query("select coalesce(max(n), 0) from kernel_entry", &[])?[0].take(0)?;
    let value = work(ctx)?;
    let written = ctx
        .sql
        .query("select space, bytes from kernel_entry where n > $1 order by n", values![last])?
        .into_iter()
        .map(|mut row| Ok((row.take(0)?, row.take(1)?)))
        .collect::<kernel::Result<_>>()?;
    Ok((value, written))
}
