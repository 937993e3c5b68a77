//! The nodes of one server tell each other what happened, so that people on different nodes see each other's edits at once.
//!
//! The database holds the truth, and every node looks at it from time to time and after each break; what is told here only
//! makes that unnecessary to wait for. News of logs, people and devices go through JetStream, which keeps them for nodes
//! that are away for a moment; presence and ephemeral messages go the fastest way and may be lost.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::push::OrderedConfig;
use async_nats::jetstream::{self, stream};
use async_nats::{Client, ConnectOptions};
use futures_util::StreamExt;
use kernel::entry::Chain;
use kernel::{Error, Event, PersonId, Result, SpaceId};
use minicbor::{Decode, Encode};
use tokio::sync::{Notify, watch};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::hub::{Hub, Node};
use super::store;
use crate::config::Config;
use crate::storage::Storage;

/// How often a node looks into the database: while it hears the others, and while it does not.
const LOOK: Duration = Duration::from_secs(10);
const LOOK_ALONE: Duration = Duration::from_secs(1);
/// How often a node says who is connected to it; who was not named for three times as long has gone.
const PRESENCE: Duration = Duration::from_secs(10);
/// How long JetStream keeps news.
const KEPT: Duration = Duration::from_secs(600);
/// How long JetStream may take to confirm.
const PATIENCE: Duration = Duration::from_secs(3);
/// The pause after something failed.
const PAUSE: Duration = Duration::from_secs(1);
/// The most tales of a kind that wait to be told, and the most bytes, about, of one letter.
const WAITING: usize = 8_192;
const LETTER: usize = 256 * 1024;
/// The most spaces that are looked at in one question.
const SPACES: usize = 64;

/// Something that the other nodes hear.
#[derive(Encode, Decode, Clone, Debug, PartialEq)]
enum Tale {
    /// A log has grown up to an entry.
    #[n(0)]
    Moved {
        #[n(0)]
        space: SpaceId,
        #[n(1)]
        seq: u64,
        #[n(2)]
        chain: Chain,
    },
    /// An event of people or devices.
    #[n(1)]
    Happened {
        #[n(0)]
        name: String,
        #[n(1)]
        subject: String,
    },
    /// An ephemeral message.
    #[n(2)]
    Relayed {
        #[n(0)]
        space: SpaceId,
        #[n(1)]
        person: PersonId,
        #[cbor(n(2), with = "minicbor::bytes")]
        body: Vec<u8>,
    },
    /// Someone follows a space on the node that tells, or no longer.
    #[n(3)]
    Here {
        #[n(0)]
        space: SpaceId,
        #[n(1)]
        person: PersonId,
        #[n(2)]
        here: bool,
    },
    /// Everyone is asked to say who is there.
    #[n(4)]
    WhoIsThere,
}

impl Tale {
    fn size(&self) -> usize {
        64 + match self {
            Self::Relayed { body, .. } => body.len(),
            Self::Happened { name, subject } => name.len() + subject.len(),
            _ => 0,
        }
    }
}

#[derive(Encode, Decode)]
struct Letter {
    #[cbor(n(0), with = "minicbor::bytes")]
    node: Node,
    #[n(1)]
    tales: Vec<Tale>,
}

/// Seals letters, so that whoever else can reach NATS can't end anyone's sessions: nodes of one server share its key.
struct Seal {
    key: [u8; 32],
    /// What tells this server's letters from those of another on the same NATS.
    name: String,
}

impl Seal {
    fn new(secret: &[u8; 32]) -> Self {
        let name = blake3::derive_key("scantling 2026 nodes of a server: name", secret);
        Self { key: blake3::derive_key("scantling 2026 nodes of a server: seal", secret), name: crate::secret::hex(&name[..8]) }
    }

    fn close(&self, letter: &Letter) -> Vec<u8> {
        let mut body = Vec::new();
        minicbor::encode(letter, &mut body).expect("writing to memory cannot fail");
        let mut sealed = blake3::keyed_hash(&self.key, &body).as_bytes().to_vec();
        sealed.extend(body);
        sealed
    }

    /// Nothing for what was not sealed by this server.
    fn open(&self, bytes: &[u8]) -> Option<Letter> {
        let (seal, body) = bytes.split_first_chunk::<32>()?;
        // Compared in constant time.
        if blake3::Hash::from_bytes(*seal) != blake3::keyed_hash(&self.key, body) {
            tracing::warn!("a letter of a stranger was thrown away");
            return None;
        }
        minicbor::decode(body).ok()
    }
}

/// What waits to be told; in bounded memory, for what is lost is read from the database or said again.
#[derive(Default)]
struct Tray {
    bell: Notify,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    moved: BTreeMap<SpaceId, (u64, Chain)>,
    others: VecDeque<Tale>,
}

impl Tray {
    fn put(&self, tale: Tale) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match tale {
            // Of a log only the newest head is of interest.
            Tale::Moved { space, seq, chain } => {
                if waiting.moved.get(&space).is_none_or(|before| before.0 < seq) && (waiting.moved.len() < WAITING || waiting.moved.contains_key(&space)) {
                    waiting.moved.insert(space, (seq, chain));
                }
            }
            tale => {
                if waiting.others.len() >= WAITING {
                    waiting.others.pop_front();
                }
                waiting.others.push_back(tale);
            }
        }
        self.bell.notify_one();
    }

    /// About a letter full; empty when there is nothing.
    fn take(&self) -> Vec<Tale> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut tales, mut size) = (Vec::new(), 0);
        while size < LETTER {
            let tale = match waiting.others.pop_front() {
                Some(tale) => tale,
                None => match waiting.moved.pop_first() {
                    Some((space, (seq, chain))) => Tale::Moved { space, seq, chain },
                    None => break,
                },
            };
            size += tale.size();
            tales.push(tale);
        }
        tales
    }

    fn is_empty(&self) -> bool {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.moved.is_empty() && waiting.others.is_empty()
    }

    /// The next letter's content, as soon as there is any.
    async fn next(&self) -> Vec<Tale> {
        loop {
            let tales = self.take();
            if !tales.is_empty() {
                return tales;
            }
            self.bell.notified().await;
        }
    }
}

/// What this node has to tell the others.
#[derive(Default)]
pub struct Out {
    news: Tray,
    fleeting: Tray,
}

impl Out {
    /// A log has grown.
    pub fn moved(&self, space: SpaceId, seq: u64, chain: Chain) {
        self.news.put(Tale::Moved { space, seq, chain });
    }

    /// An operation did something that other nodes act on.
    pub fn happened(&self, event: &Event) {
        self.news.put(Tale::Happened { name: event.name.to_owned(), subject: event.subject.clone() });
    }

    /// An ephemeral message.
    pub fn relayed(&self, space: SpaceId, person: PersonId, body: &[u8]) {
        self.fleeting.put(Tale::Relayed { space, person, body: body.to_vec() });
    }

    /// Someone came to a space here, or the last of their connections left it.
    pub fn here(&self, space: SpaceId, person: PersonId, here: bool) {
        self.fleeting.put(Tale::Here { space, person, here });
    }

    /// Waits a moment until everything was told.
    pub async fn told(&self) {
        for _ in 0..50 {
            if self.news.is_empty() && self.fleeting.is_empty() {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// The part of a node that tells and hears.
pub(crate) struct Nodes {
    me: Node,
    seal: Seal,
    hub: Arc<Hub>,
    storage: Storage,
    out: Arc<Out>,
    /// The newest of the news that were read from the database.
    read: u64,
    /// Whether JetStream brings what the others do.
    hearing: AtomicBool,
}

impl Nodes {
    /// # Errors
    /// Those of the database, and `Internal` when the system has no randomness.
    pub(crate) async fn new(hub: Arc<Hub>, storage: Storage, out: Arc<Out>, secret: &[u8; 32]) -> Result<Self> {
        let read = storage.read(store::newest_news).await?;
        Ok(Self { me: crate::secret::random()?.bytes(), seal: Seal::new(secret), hub, storage, out, read, hearing: AtomicBool::new(false) })
    }

    /// Tells, hears, and looks into the database, for as long as the server runs.
    pub(crate) async fn keep(self, nats: Option<Nats>) {
        let Nats { client, connected, look_now, name } = match nats {
            Some(nats) => nats,
            // Nobody is told anything; looking is all.
            None => return self.look(&watch::channel(false).1, &Notify::new()).await,
        };
        tracing::info!(server = self.seal.name, nats = name, "telling other nodes");
        let js = jetstream::new(client.clone());
        let ask = Notify::new();
        let parts = &self;
        let mut hearing_now = connected.clone();
        tokio::join!(
            parts.look(&connected, &look_now),
            parts.tell_news(&js, connected.clone()),
            parts.tell_now(&client, &connected),
            parts.tell_presence(&ask, connected.clone()),
            parts.hear_news(&js, &client, connected.clone(), &look_now),
            async {
                loop {
                    let _ = hearing_now.wait_for(|connected| *connected).await;
                    parts.hear_now(&client, &ask).await;
                    sleep(PAUSE).await;
                }
            },
        );
    }

    fn subject(&self, kind: &str) -> String {
        format!("scantling.{}.{kind}", self.seal.name)
    }

    fn letter(&self, tales: Vec<Tale>) -> Vec<u8> {
        self.seal.close(&Letter { node: self.me, tales })
    }

    /// News are kept by JetStream, and told once more if it does not confirm.
    async fn tell_news(&self, js: &jetstream::Context, mut connected: watch::Receiver<bool>) {
        loop {
            let tales = self.out.news.next().await;
            if connected.wait_for(|connected| *connected).await.is_err() {
                return;
            }
            let sent = async {
                let confirmed = js.publish(self.subject("news"), self.letter(tales.clone()).into()).await?;
                confirmed.await
            };
            match timeout(PATIENCE, sent).await {
                Ok(Ok(_)) => {}
                failed => {
                    tracing::debug!(?failed, "news were not confirmed");
                    tales.into_iter().for_each(|tale| self.out.news.put(tale));
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// What is worth nothing a second later is dropped while nobody hears it.
    async fn tell_now(&self, client: &Client, connected: &watch::Receiver<bool>) {
        loop {
            let tales = self.out.fleeting.next().await;
            if *connected.borrow()
                && let Err(error) = client.publish(self.subject("now"), self.letter(tales).into()).await
            {
                tracing::debug!(%error, "a message was not sent");
            }
        }
    }

    async fn tell_presence(&self, ask: &Notify, mut connected: watch::Receiver<bool>) {
        let mut beat = interval(PRESENCE);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = beat.tick() => {}
                () = ask.notified() => {}
                Ok(()) = connected.changed() => self.out.fleeting.put(Tale::WhoIsThere),
            }
            for (space, person) in self.hub.present() {
                self.out.here(space, person, true);
            }
            self.hub.forget_absent(PRESENCE * 3);
        }
    }

    async fn hear_now(&self, client: &Client, ask: &Notify) {
        let mut letters = match client.subscribe(self.subject("now")).await {
            Ok(letters) => letters,
            Err(error) => return tracing::warn!(%error, "messages of other nodes can't be heard"),
        };
        while let Some(message) = letters.next().await {
            self.hear(&message.payload, ask);
        }
    }

    async fn hear_news(&self, js: &jetstream::Context, client: &Client, mut connected: watch::Receiver<bool>, look: &Notify) {
        let (ask, mut told) = (Notify::new(), false);
        loop {
            if connected.wait_for(|connected| *connected).await.is_err() {
                return;
            }
            match self.news(js, client).await {
                Ok(mut letters) => {
                    told = false;
                    self.hearing.store(true, Ordering::Relaxed);
                    // What was told before the first letter is in the database.
                    look.notify_one();
                    while let Some(Ok(message)) = letters.next().await {
                        self.hear(&message.payload, &ask);
                    }
                    self.hearing.store(false, Ordering::Relaxed);
                    look.notify_one();
                    tracing::debug!("the news of other nodes broke off");
                }
                Err(error) if !told => {
                    told = true;
                    tracing::warn!(%error, "JetStream can't be used; what other nodes do is read from the database");
                }
                Err(error) => tracing::debug!(%error, "JetStream can't be used"),
            }
            sleep(PAUSE).await;
        }
    }

    async fn news(&self, js: &jetstream::Context, client: &Client) -> Result<jetstream::consumer::push::Ordered> {
        // Where an admin has made the stream, with replicas say, it is taken as it is.
        let stream = stream::Config {
            name: format!("scantling-{}", self.seal.name),
            subjects: vec![self.subject("news")],
            max_age: KEPT,
            max_bytes: 64 * 1024 * 1024,
            discard: stream::DiscardPolicy::Old,
            ..stream::Config::default()
        };
        let stream = js.get_or_create_stream(stream).await.map_err(Error::internal)?;
        let consumer = OrderedConfig { deliver_subject: client.new_inbox(), deliver_policy: DeliverPolicy::New, ..OrderedConfig::default() };
        let consumer = stream.create_consumer(consumer).await.map_err(Error::internal)?;
        consumer.messages().await.map_err(Error::internal)
    }

    fn hear(&self, bytes: &[u8], ask: &Notify) {
        let Some(letter) = self.seal.open(bytes).filter(|letter| letter.node != self.me) else { return };
        for tale in letter.tales {
            match tale {
                Tale::Moved { space, seq, chain } => self.hub.heard_moved(space, seq, chain),
                Tale::Happened { name, subject } => self.hub.heard(&name, &subject),
                Tale::Relayed { space, person, body } => self.hub.heard_relay(space, person, &body),
                Tale::Here { space, person, here } => self.hub.heard_here(space, person, letter.node, here),
                Tale::WhoIsThere => ask.notify_one(),
            }
        }
    }

    /// Looks for what this node did not hear.
    async fn look(&self, connected: &watch::Receiver<bool>, now: &Notify) {
        let mut read = self.read;
        loop {
            let hears = *connected.borrow() && self.hearing.load(Ordering::Relaxed);
            let pause = if hears { LOOK } else { LOOK_ALONE };
            let _ = timeout(pause, now.notified()).await;
            if let Err(error) = self.look_once(&mut read).await {
                tracing::debug!(%error, "the database could not be looked at");
            }
        }
    }

    async fn look_once(&self, read: &mut u64) -> Result<()> {
        loop {
            let after = *read;
            let news = self.storage.read(move |sql| store::news(sql, after)).await?;
            let Some((last, ..)) = news.last() else { break };
            if news.first().is_some_and(|(first, ..)| *first != after + 1) {
                // Too much was missed; whoever connects again is looked at anew.
                tracing::warn!("this node was away for long; its devices are asked to connect again");
                self.hub.end_all();
            }
            *read = *last;
            for (_, name, subject) in news {
                self.hub.heard(&name, &subject);
            }
        }
        let spaces = self.hub.spaces();
        for some in spaces.chunks(SPACES) {
            let some = some.to_vec();
            for (space, seq, chain) in self.storage.read(move |sql| store::heads(sql, &some)).await? {
                self.hub.heard_moved(space, seq, chain);
            }
        }
        Ok(())
    }
}

/// A connection to NATS that comes back by itself.
pub(crate) struct Nats {
    client: Client,
    connected: watch::Receiver<bool>,
    look_now: Arc<Notify>,
    name: String,
}

impl Nats {
    /// Connects if NATS is there, and otherwise as soon as it is.
    ///
    /// # Errors
    /// `Invalid` for an address or a file of credentials that can't be used.
    pub(crate) async fn connect(config: &Config) -> Result<Option<Self>> {
        let Some(address) = &config.nats else { return Ok(None) };
        let refused = |source: String| Error::invalid("nats", (format!("NATS can't be used: {source}."), format!("NATS использовать нельзя: {source}.")));
        let address = address.reveal()?;
        let servers = address.split(',').map(|one| one.trim().parse::<async_nats::ServerAddr>()).collect::<Result<Vec<_>, _>>().map_err(|_| refused("its address is nats://HOST:PORT, several with commas between".to_owned()))?;
        let (told, connected) = watch::channel(false);
        let look_now = Arc::new(Notify::new());
        let look = look_now.clone();
        let mut options = ConnectOptions::new()
            .name("scantling")
            .no_echo()
            .retry_on_initial_connect()
            .ping_interval(Duration::from_secs(10))
            .reconnect_delay_callback(|attempts| Duration::from_millis((100 << attempts.min(5)).min(2_000)))
            .event_callback(move |event| {
                match event {
                    async_nats::Event::Connected => {
                        let _ = told.send(true);
                        look.notify_one();
                        tracing::info!("NATS is there");
                    }
                    async_nats::Event::Disconnected | async_nats::Event::Closed => {
                        let _ = told.send(false);
                        // From now on looking is the only way, and often.
                        look.notify_one();
                        tracing::warn!("NATS is gone; what other nodes do is read from the database");
                    }
                    other => tracing::debug!(event = %other, "nats"),
                }
                std::future::ready(())
            });
        if let Some(path) = &config.nats_credentials {
            let credentials = std::fs::read_to_string(path).map_err(|source| refused(format!("{} can't be read: {source}", path.display())))?;
            options = options.credentials(&credentials).map_err(|_| refused(format!("{} holds no credentials", path.display())))?;
        }
        let name = servers.iter().map(|server| format!("{}:{}", server.host(), server.port())).collect::<Vec<_>>().join(", ");
        let client = options.connect(servers).await.map_err(|source| refused(source.to_string()))?;
        Ok(Some(Self { client, connected, look_now, name }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(seq: u64) -> Tale {
        let space = SpaceId::from_bytes([1; 16]);
        Tale::Moved { space, seq, chain: Chain::empty(space) }
    }

    #[test]
    fn letters_are_read_by_nodes_of_the_same_server_alone() {
        let (ours, other) = (Seal::new(&[1; 32]), Seal::new(&[2; 32]));
        let tales = vec![
            moved(7),
            Tale::Happened { name: "MembersChanged".into(), subject: "spc".into() },
            Tale::Relayed { space: SpaceId::from_bytes([2; 16]), person: PersonId::from_bytes([3; 16]), body: vec![1, 2] },
            Tale::Here { space: SpaceId::from_bytes([2; 16]), person: PersonId::from_bytes([3; 16]), here: false },
            Tale::WhoIsThere,
        ];
        let sealed = ours.close(&Letter { node: [9; 16], tales: tales.clone() });
        let letter = ours.open(&sealed).unwrap();
        assert_eq!((letter.node, letter.tales), ([9; 16], tales));
        assert!(other.open(&sealed).is_none() && ours.name != other.name);
        for (at, length) in [(0, sealed.len()), (31, sealed.len()), (40, sealed.len()), (0, 31), (0, 0)] {
            let mut broken = sealed[..length].to_vec();
            if let Some(byte) = broken.get_mut(at) {
                *byte ^= 1;
            }
            assert!(ours.open(&broken).is_none(), "{at} {length}");
        }
    }

    #[test]
    fn of_a_log_only_the_newest_head_waits_and_the_rest_is_bounded() {
        let tray = Tray::default();
        [3, 5, 4].into_iter().for_each(|seq| tray.put(moved(seq)));
        assert_eq!(tray.take(), [moved(5)]);
        (0..WAITING * 2).for_each(|_| tray.put(Tale::WhoIsThere));
        let mut count = 0;
        while !tray.is_empty() {
            count += tray.take().len();
        }
        assert_eq!(count, WAITING);
    }
}
