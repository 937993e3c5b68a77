//! Who is connected, and what they are to hear. Every connection has an inbox of bounded size: news of one space replace
//! each other, so a slow connection costs neither memory nor anybody else's time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kernel::entry::Chain;
use kernel::protocol::BATCH_BYTES;
use kernel::sync::Row;
use kernel::{Event, PersonId, SpaceId, Words};
use tokio::sync::Notify;

use super::nodes::Out;

/// The most ephemeral messages that wait for one connection; the oldest go first.
const RELAYS: usize = 64;
/// The most connections of one network that have not said who they are: each may hold a message that is half there.
const SILENT: usize = 64;
/// The most entries of a space that are kept at hand.
const RECENT: usize = 512;
/// The most entries, and bytes of them, that are kept at hand of all spaces together; the oldest go first.
const AT_HAND: usize = 65_536;
const AT_HAND_BYTES: usize = 8 * 1024 * 1024;

/// What happens to people and devices that connections act on, on this node and on others.
pub const HEARD: [&str; 3] = ["MembersChanged", "SessionEnded", "DeviceRevoked"];

/// A node of the server, until it stops.
pub type Node = [u8; 16];

/// What a connection has not heard yet.
#[derive(Default)]
pub struct News {
    /// Logs that have grown.
    pub moved: BTreeMap<SpaceId, (u64, Chain)>,
    /// Spaces whose people or roles are otherwise than before.
    pub changed: BTreeSet<SpaceId>,
    /// Ephemeral messages.
    pub relayed: VecDeque<(SpaceId, PersonId, Vec<u8>)>,
    /// Why the connection is to end.
    pub end: Option<(&'static str, Words)>,
}

/// Where a connection looks for news.
#[derive(Default)]
pub struct Inbox {
    /// Rings when there are some.
    pub bell: Notify,
    news: Mutex<News>,
}

impl Inbox {
    /// Takes all news.
    pub fn take(&self) -> News {
        std::mem::take(&mut self.news())
    }

    fn news(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, change: impl FnOnce(&mut News)) {
        change(&mut self.news());
        self.bell.notify_one();
    }
}

struct Connection {
    inbox: Arc<Inbox>,
    network: String,
    who: Option<Who>,
}

/// Whose connection it is, once its device has shown its token.
struct Who {
    person: PersonId,
    session: String,
    device: String,
}

#[derive(Default)]
struct Here {
    connections: BTreeSet<u64>,
    recent: VecDeque<Row>,
    bytes: usize,
}

impl Here {
    /// Answers how many bytes went.
    fn drop_oldest(&mut self) -> usize {
        let bytes = self.recent.pop_front().map_or(0, |row| row.bytes.len());
        self.bytes -= bytes;
        bytes
    }
}

#[derive(Default)]
struct Connections {
    next: u64,
    closing: bool,
    all: BTreeMap<u64, Connection>,
    spaces: BTreeMap<SpaceId, Here>,
    /// The spaces of the entries at hand, oldest first; some of these may be gone already.
    order: VecDeque<SpaceId>,
    bytes: usize,
    /// Who follows a space on another node, and when that was said last.
    elsewhere: BTreeMap<SpaceId, BTreeMap<(PersonId, Node), Instant>>,
}

impl Connections {
    fn person(&self, id: u64) -> Option<PersonId> {
        self.all.get(&id)?.who.as_ref().map(|who| who.person)
    }

    /// Whose connections follow a space on this node.
    fn people(&self, space: SpaceId) -> impl Iterator<Item = PersonId> {
        self.in_space(space).filter_map(|(_, connection)| Some(connection.who.as_ref()?.person))
    }

    fn in_space(&self, space: SpaceId) -> impl Iterator<Item = (u64, &Connection)> {
        self.spaces.get(&space).into_iter().flat_map(|here| &here.connections).filter_map(|id| Some((*id, self.all.get(id)?)))
    }

    fn changed(&self, space: SpaceId) {
        for (_, connection) in self.in_space(space) {
            connection.inbox.put(|news| {
                        news.changed.insert(space);
                    });
        }
    }

    fn moved(&self, space: SpaceId, seq: u64, chain: Chain) {
        for (_, connection) in self.in_space(space) {
            connection.inbox.put(|news| {
                // What other nodes tell may come late.
                if news.moved.get(&space).is_none_or(|before| before.0 < seq) {
                    news.moved.insert(space, (seq, chain));
                }
            });
        }
    }

    fn relay(&self, from: Option<u64>, space: SpaceId, person: PersonId, body: &[u8]) {
        for (id, connection) in self.in_space(space) {
            if Some(id) != from {
                connection.inbox.put(|news| {
                    if news.relayed.len() >= RELAYS {
                        news.relayed.pop_front();
                    }
                    news.relayed.push_back((space, person, body.to_vec()));
                });
            }
        }
    }

    /// Keeps rows at hand for those who are about to ask for them.
    fn keep(&mut self, space: SpaceId, rows: &[Row]) {
        let Some(here) = self.spaces.get_mut(&space) else { return };
        self.bytes -= here.bytes;
        for row in rows {
            if here.recent.back().is_some_and(|before| before.seq + 1 != row.seq) {
                here.recent.clear();
                here.bytes = 0;
            }
            here.bytes += row.bytes.len();
            here.recent.push_back(row.clone());
            self.order.push_back(space);
            while here.recent.len() > RECENT || here.bytes > BATCH_BYTES {
                here.drop_oldest();
            }
        }
        self.bytes += here.bytes;
        while self.order.len() > AT_HAND || self.bytes > AT_HAND_BYTES {
            let Some(oldest) = self.order.pop_front() else { break };
            if let Some(here) = self.spaces.get_mut(&oldest) {
                self.bytes -= here.drop_oldest();
            }
        }
    }

    /// Answers who has gone from the space with this connection, as far as this node knows.
    fn unfollow(&mut self, id: u64, space: SpaceId) -> Option<PersonId> {
        let person = self.person(id);
        let here = self.spaces.get_mut(&space)?;
        if !here.connections.remove(&id) {
            return None;
        }
        if here.connections.is_empty() {
            // Nobody listens: what was kept at hand is read from the database when someone comes.
            self.bytes -= here.bytes;
            self.spaces.remove(&space);
        } else if self.people(space).any(|other| Some(other) == person) {
            return None;
        } else {
            self.changed(space);
        }
        person
    }

    /// Whether someone is in a space, on any node.
    fn is_here(&self, space: SpaceId, person: PersonId) -> bool {
        self.people(space).any(|other| other == person) || self.elsewhere.get(&space).is_some_and(|there| there.keys().any(|(who, _)| *who == person))
    }
}

/// All connections.
#[derive(Default)]
pub struct Hub {
    connections: Mutex<Connections>,
    /// The other nodes' ear, where there may be any.
    out: Option<Arc<Out>>,
    left: Notify,
    cut: Notify,
}

fn going_away() -> (&'static str, Words) {
    ("going_away", ("The server is restarting. The device connects again by itself.", "Сервер перезапускается. Устройство подключится само.").into())
}

impl Hub {
    /// A hub that tells other nodes, too.
    #[must_use]
    pub fn new(out: Option<Arc<Out>>) -> Self {
        Self { out, ..Self::default() }
    }

    fn tell(&self, what: impl FnOnce(&Out)) {
        if let Some(out) = &self.out {
            what(out);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Someone has connected, and has not said who; nothing when too many of their network have not.
    pub fn arrive(&self, inbox: Arc<Inbox>, network: String) -> Option<u64> {
        let mut connections = self.lock();
        if connections.all.values().filter(|other| other.who.is_none() && other.network == network).count() >= SILENT {
            return None;
        }
        connections.next += 1;
        let id = connections.next;
        if connections.closing {
            inbox.put(|news| news.end = Some(going_away()));
        }
        connections.all.insert(id, Connection { inbox, network, who: None });
        Some(id)
    }

    /// A device has shown its token.
    pub fn join(&self, id: u64, person: PersonId, session: &str, device: &[u8; 32]) {
        if let Some(connection) = self.lock().all.get_mut(&id) {
            connection.who = Some(Who { person, session: session.to_owned(), device: crate::secret::hex(device) });
        }
    }

    /// A connection has ended.
    pub fn leave(&self, id: u64) {
        let mut connections = self.lock();
        let spaces: Vec<SpaceId> = connections.spaces.iter().filter(|(_, here)| here.connections.contains(&id)).map(|(space, _)| *space).collect();
        for space in spaces {
            if let Some(person) = connections.unfollow(id, space) {
                self.tell(|out| out.here(space, person, false));
            }
        }
        connections.all.remove(&id);
        drop(connections);
        self.left.notify_waiters();
    }

    /// A connection wants the news of a space from now on.
    pub fn follow(&self, id: u64, space: SpaceId) {
        let mut connections = self.lock();
        let Some(person) = connections.person(id) else { return };
        let was_here = connections.people(space).any(|other| other == person);
        connections.spaces.entry(space).or_default().connections.insert(id);
        if !was_here {
            self.tell(|out| out.here(space, person, true));
            for (other, connection) in connections.in_space(space) {
                if other != id {
                    connection.inbox.put(|news| {
                        news.changed.insert(space);
                    });
                }
            }
        }
    }

    /// A connection wants them no longer.
    pub fn unfollow(&self, id: u64, space: SpaceId) {
        if let Some(person) = self.lock().unfollow(id, space) {
            self.tell(|out| out.here(space, person, false));
        }
    }

    /// Who is in a space now.
    pub fn online(&self, space: SpaceId) -> BTreeSet<PersonId> {
        let connections = self.lock();
        let there = connections.elsewhere.get(&space).into_iter().flat_map(BTreeMap::keys).map(|(person, _)| *person);
        connections.people(space).chain(there).collect()
    }

    /// Who is in which space on this node.
    pub fn present(&self) -> Vec<(SpaceId, PersonId)> {
        let connections = self.lock();
        let pairs: BTreeSet<_> = connections.spaces.keys().flat_map(|space| connections.people(*space).map(|person| (*space, person))).collect();
        pairs.into_iter().collect()
    }

    /// The spaces that someone follows on this node.
    pub fn spaces(&self) -> Vec<SpaceId> {
        self.lock().spaces.keys().copied().collect()
    }

    /// Another node says that someone is there, or no longer.
    pub fn heard_here(&self, space: SpaceId, person: PersonId, node: Node, here: bool) {
        let mut connections = self.lock();
        let before = connections.is_here(space, person);
        if here {
            connections.elsewhere.entry(space).or_default().insert((person, node), Instant::now());
        } else if let Some(there) = connections.elsewhere.get_mut(&space) {
            there.remove(&(person, node));
            if there.is_empty() {
                connections.elsewhere.remove(&space);
            }
        }
        if connections.is_here(space, person) != before {
            connections.changed(space);
        }
    }

    /// Forgets those whom no other node has named for so long: their node has stopped.
    pub fn forget_absent(&self, after: Duration) {
        let mut connections = self.lock();
        let mut gone = Vec::new();
        connections.elsewhere.retain(|space, there| {
            let before = there.len();
            there.retain(|_, named| named.elapsed() < after);
            if there.len() != before {
                gone.push(*space);
            }
            !there.is_empty()
        });
        gone.into_iter().for_each(|space| connections.changed(space));
    }

    /// A log has grown on another node.
    pub fn heard_moved(&self, space: SpaceId, seq: u64, chain: Chain) {
        self.lock().moved(space, seq, chain);
    }

    /// A log has grown by these rows, which are on disk.
    pub fn moved(&self, space: SpaceId, rows: &[Row]) {
        let Some(last) = rows.last() else { return };
        let mut connections = self.lock();
        connections.keep(space, rows);
        connections.moved(space, last.seq, last.chain);
        drop(connections);
        self.tell(|out| out.moved(space, last.seq, last.chain));
    }

    /// The rows after a place, if they are at hand.
    pub fn recent(&self, space: SpaceId, after: u64) -> Option<Vec<Row>> {
        let connections = self.lock();
        let recent = &connections.spaces.get(&space)?.recent;
        let first = recent.front()?.seq;
        (after + 1 >= first).then(|| recent.iter().filter(|row| row.seq > after).cloned().collect::<Vec<_>>()).filter(|rows| !rows.is_empty())
    }

    /// Hands an ephemeral message to the others in a space.
    pub fn relay(&self, id: u64, space: SpaceId, body: &[u8]) {
        let connections = self.lock();
        let Some(person) = connections.person(id) else { return };
        connections.relay(Some(id), space, person, body);
        self.tell(|out| out.relayed(space, person, body));
    }

    /// Hands on what someone said on another node.
    pub fn heard_relay(&self, space: SpaceId, person: PersonId, body: &[u8]) {
        self.lock().relay(None, space, person, body);
    }

    /// Tells the connections what an operation did, here and on other nodes.
    pub fn react(&self, event: &Event) {
        if HEARD.contains(&event.name) {
            self.heard(event.name, &event.subject);
            self.tell(|out| out.happened(event));
        }
    }

    /// Tells the connections of this node what happened. The same may be heard twice.
    pub fn heard(&self, name: &str, subject: &str) {
        let connections = self.lock();
        match name {
            "MembersChanged" => {
                if let Ok(space) = subject.parse() {
                    connections.changed(space);
                }
            }
            "SessionEnded" | "DeviceRevoked" => {
                let revoked = name == "DeviceRevoked";
                let (code, words) = if revoked { ("device_revoked", identity::rules::device_revoked().words) } else { ("unauthorized", identity::rules::signed_out().words) };
                let meant = |who: &Who| if revoked { who.device == subject } else { who.session == subject };
                for connection in connections.all.values().filter(|connection| connection.who.as_ref().is_some_and(meant)) {
                    connection.inbox.put(|news| news.end = Some((code, words.clone())));
                }
            }
            _ => {}
        }
    }

    /// The server stops.
    pub fn close(&self) {
        let mut connections = self.lock();
        connections.closing = true;
        drop(connections);
        self.end_all();
    }

    /// Asks all devices to connect again.
    pub fn end_all(&self) {
        for connection in self.lock().all.values() {
            connection.inbox.put(|news| news.end = Some(going_away()));
        }
    }

    /// Ends what did not end in good order: whoever reads nothing does not keep the server from stopping.
    pub fn cut(&self) {
        self.cut.notify_waiters();
    }

    /// Waits until the connections are cut.
    pub async fn is_cut(&self) {
        self.cut.notified().await;
    }

    /// Waits until nobody is connected.
    pub async fn empty(&self) {
        loop {
            let left = self.left.notified();
            tokio::pin!(left);
            // Armed before the look, so that a leave in between is not missed.
            left.as_mut().enable();
            if self.lock().all.is_empty() {
                return;
            }
            left.await;
        }
    }
}
