//! Who is connected, and what they are to hear. Every connection has an inbox of bounded size: news of one space replace
//! each other, so a slow connection costs neither memory nor anybody else's time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::entry::Chain;
use kernel::protocol::BATCH_BYTES;
use kernel::sync::Row;
use kernel::{Event, PersonId, SpaceId, Words};
use tokio::sync::Notify;

/// The most ephemeral messages that wait for one connection; the oldest go first.
const RELAYS: usize = 64;
/// The most entries of a space that are kept at hand.
const RECENT: usize = 512;
/// The most entries, and bytes of them, that are kept at hand of all spaces together; the oldest go first.
const AT_HAND: usize = 65_536;
const AT_HAND_BYTES: usize = 8 * 1024 * 1024;

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
}

impl Connections {
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

    fn unfollow(&mut self, id: u64, space: SpaceId) {
        let person = self.all.get(&id).map(|connection| connection.person);
        let Some(here) = self.spaces.get_mut(&space) else { return };
        if !here.connections.remove(&id) {
            return;
        }
        if here.connections.is_empty() {
            // Nobody listens: what was kept at hand is read from the database when someone comes.
            self.bytes -= here.bytes;
            self.spaces.remove(&space);
        } else if !self.in_space(space).any(|(_, other)| Some(other.person) == person) {
            self.changed(space);
        }
    }
}

/// All connections.
#[derive(Default)]
pub struct Hub {
    connections: Mutex<Connections>,
    left: Notify,
}

fn going_away() -> (&'static str, Words) {
    ("going_away", ("The server is restarting. The device connects again by itself.", "Сервер перезапускается. Устройство подключится само.").into())
}

impl Hub {
    fn lock(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A device has shown its token.
    pub fn join(&self, inbox: Arc<Inbox>, person: PersonId, session: &str, device: &[u8; 32]) -> u64 {
        let mut connections = self.lock();
        connections.next += 1;
        let id = connections.next;
        if connections.closing {
            inbox.put(|news| news.end = Some(going_away()));
        }
        connections.all.insert(id, Connection { inbox, person, session: session.to_owned(), device: crate::secret::hex(device) });
        id
    }

    /// A connection has ended.
    pub fn leave(&self, id: u64) {
        let mut connections = self.lock();
        let spaces: Vec<SpaceId> = connections.spaces.iter().filter(|(_, here)| here.connections.contains(&id)).map(|(space, _)| *space).collect();
        for space in spaces {
            connections.unfollow(id, space);
        }
        connections.all.remove(&id);
        drop(connections);
        self.left.notify_waiters();
    }

    /// A connection wants the news of a space from now on.
    pub fn follow(&self, id: u64, space: SpaceId) {
        let mut connections = self.lock();
        let Some(person) = connections.all.get(&id).map(|connection| connection.person) else { return };
        let was_here = connections.in_space(space).any(|(_, other)| other.person == person);
        connections.spaces.entry(space).or_default().connections.insert(id);
        if !was_here {
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
        self.lock().unfollow(id, space);
    }

    /// Who is in a space now.
    pub fn online(&self, space: SpaceId) -> BTreeSet<PersonId> {
        self.lock().in_space(space).map(|(_, connection)| connection.person).collect()
    }

    /// A log has grown by these rows, which are on disk.
    pub fn moved(&self, space: SpaceId, rows: &[Row]) {
        let Some(last) = rows.last() else { return };
        let mut connections = self.lock();
        connections.keep(space, rows);
        for (_, connection) in connections.in_space(space) {
            connection.inbox.put(|news| {
                        news.moved.insert(space, (last.seq, last.chain));
                    });
        }
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
        let Some(person) = connections.all.get(&id).map(|connection| connection.person) else { return };
        for (other, connection) in connections.in_space(space) {
            if other != id {
                connection.inbox.put(|news| {
                    if news.relayed.len() >= RELAYS {
                        news.relayed.pop_front();
                    }
                    news.relayed.push_back((space, person, body.to_vec()));
                });
            }
        }
    }

    /// Tells the connections what an operation did.
    pub fn react(&self, event: &Event) {
        let connections = self.lock();
        match event.name {
            "MembersChanged" => {
                if let Ok(space) = event.subject.parse() {
                    connections.changed(space);
                }
            }
            "SessionEnded" | "DeviceRevoked" => {
                let revoked = event.name == "DeviceRevoked";
                let (code, words) = if revoked { ("device_revoked", identity::rules::device_revoked().words) } else { ("unauthorized", identity::rules::signed_out().words) };
                for connection in connections.all.values().filter(|connection| if revoked { connection.device == event.subject } else { connection.session == event.subject }) {
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
        for connection in connections.all.values() {
            connection.inbox.put(|news| news.end = Some(going_away()));
        }
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
