//! The server's side of one connection.
//!
//! The session holds no data: it asks its shell to authenticate, append and read, and tells it what to send.
//! A connection that reads slowly has at most one batch on its way; the rest stays in the log.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use minicbor::bytes::ByteVec;

use crate::entry::{Chain, DeviceKey, Entry};
use crate::log::Item;
use crate::protocol::{BATCH_COUNT, Cursor, MAX_SPACES, SpaceState, ToClient, ToServer, VERSION, decode};
use crate::{PersonId, SpaceId, Words};

/// The most appends that may wait before the shell should stop reading the socket.
const MAX_APPENDS: usize = 8;
/// The most asks that may wait before the shell should stop reading the socket, and others' ephemeral messages are dropped.
const MAX_ASKS: usize = 256;

/// What the session wants from its shell.
#[derive(Debug, PartialEq)]
pub enum Ask {
    /// Check the token and the cursors; answer with [`Session::admitted`] or [`Session::rejected`].
    Authenticate {
        /// The access token.
        token: String,
        /// The key that the token must name.
        device: DeviceKey,
        /// The spaces to follow; those that the person is no member of are left out of the answer.
        cursors: Vec<Cursor>,
    },
    /// Follow one more space; answer with [`Session::space`] or [`Session::closed`].
    Follow(Cursor),
    /// The device follows a space no longer.
    Leave(SpaceId),
    /// Append entries in order; answer with [`Session::appended`] after they are durable.
    Append {
        /// The log.
        space: SpaceId,
        /// As they came.
        entries: Vec<Vec<u8>>,
    },
    /// Read a batch of the log; answer with [`Session::rows`].
    Read {
        /// The log.
        space: SpaceId,
        /// The last entry that was sent.
        after: u64,
    },
    /// Send a message, and poll again when the socket has taken it.
    Send(ToClient),
    /// Relay to the others who follow the space.
    Relay {
        /// Whom it concerns.
        space: SpaceId,
        /// At most 1 KiB.
        body: Vec<u8>,
    },
    /// End the connection.
    Close,
}

/// The answer to [`Ask::Authenticate`].
pub struct Admission {
    /// Who the token stands for.
    pub person: PersonId,
    /// The spaces they may follow.
    pub spaces: Vec<SpaceState>,
    /// Those they may not, with the reason.
    pub closed: Vec<(SpaceId, Words)>,
}

/// What became of a pushed entry.
#[derive(Debug, PartialEq, Eq, Clone)]
pub enum Outcome {
    /// It has this place, and comes with the log.
    Accepted(u64),
    /// It had this place already.
    Known(u64),
    /// It is not accepted.
    Refused {
        /// A stable word.
        code: String,
        /// For the person.
        reason: Words,
    },
}

/// A row of the log.
#[derive(Debug, PartialEq, Eq, Clone)]
pub struct Row {
    /// Its place.
    pub seq: u64,
    /// The entry's id.
    pub id: Vec<u8>,
    /// The entry.
    pub bytes: Vec<u8>,
    /// The proof up to it.
    pub chain: Chain,
}

struct Followed {
    sent: u64,
    head: u64,
    head_chain: Chain,
    /// Pushed on this connection and not yet streamed, with the digest of their bytes: the device holds these.
    /// The log may hold other bytes under the same id, because two devices can begin one document.
    own: BTreeMap<Vec<u8>, [u8; 32]>,
}

/// One connection.
#[derive(Default)]
pub struct Session {
    greeted: bool,
    admitted: bool,
    ended: bool,
    appends: usize,
    waiting: Vec<(SpaceId, Vec<Vec<u8>>)>,
    followed: BTreeMap<SpaceId, Followed>,
    /// Subscribed and not yet answered: the place that the device holds.
    following: BTreeMap<SpaceId, u64>,
    /// Whose reads are not answered; they outlive an unsubscription.
    reading: BTreeSet<SpaceId>,
    asks: VecDeque<Ask>,
}

impl Session {
    /// The next thing to do, until there is none.
    pub fn poll(&mut self) -> Option<Ask> {
        self.asks.pop_front()
    }

    /// Whether the shell should leave the socket unread until appends are answered and asks are carried out.
    #[must_use]
    pub fn busy(&self) -> bool {
        self.appends >= MAX_APPENDS || self.asks.len() >= MAX_ASKS
    }

    /// How many asks wait.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.asks.len()
    }

    /// The spaces that are followed now.
    pub fn followed(&self) -> impl Iterator<Item = SpaceId> {
        self.followed.keys().copied()
    }

    /// A frame arrived.
    pub fn frame(&mut self, bytes: &[u8]) {
        if self.ended {
            return;
        }
        match decode::<ToServer>(bytes) {
            Err(error) => self.end("malformed", error.words),
            Ok(ToServer::Hello { version, token, device, cursors, push }) => {
                if self.greeted {
                    return self.end("malformed", ("A connection begins once.".to_owned(), "Соединение начинается один раз.".to_owned()).into());
                }
                if version != VERSION {
                    return self.end(
                        "version",
                        (
                            format!("This server speaks version {VERSION} of the protocol, the device {version}. Update the older one."),
                            format!("Сервер говорит на версии {VERSION} протокола, устройство — на {version}. Обновите то, что старее."),
                        )
                            .into(),
                    );
                }
                if cursors.len() > MAX_SPACES {
                    return self.too_many();
                }
                // The answer describes each space with all of its people: one small message must not ask for many of them.
                if cursors.iter().map(|cursor| cursor.space).collect::<BTreeSet<_>>().len() < cursors.len() {
                    return self.end("malformed", ("A space is named twice.", "Пространство названо дважды.").into());
                }
                self.greeted = true;
                self.waiting = push.into_iter().map(|push| (push.space, plain(push.entries))).collect();
                self.ask(Ask::Authenticate { token, device, cursors });
            }
            Ok(_) if !self.admitted => self.end("unauthorized", ("Sign in first.", "Сначала войдите.").into()),
            Ok(ToServer::Push(push)) => self.append(push.space, plain(push.entries)),
            Ok(ToServer::Subscribe(cursor)) => {
                // A space that is followed already begins anew: the device says where it really is.
                self.followed.remove(&cursor.space);
                self.following.insert(cursor.space, cursor.seq);
                if self.followed.len() + self.following.len() > MAX_SPACES {
                    return self.too_many();
                }
                self.ask(Ask::Follow(cursor));
            }
            Ok(ToServer::Unsubscribe(space)) => {
                if self.followed.remove(&space).is_some() | self.following.remove(&space).is_some() {
                    self.ask(Ask::Leave(space));
                }
            }
            Ok(ToServer::Ephemeral { space, body }) => {
                if body.len() <= 1024 && self.followed.contains_key(&space) {
                    self.ask(Ask::Relay { space, body: body.into() });
                }
            }
        }
    }

    /// The token is good.
    pub fn admitted(&mut self, admission: Admission) {
        if self.ended || self.admitted || !self.greeted {
            return;
        }
        self.admitted = true;
        self.ask(Ask::Send(ToClient::Welcome { person: admission.person, spaces: admission.spaces.clone() }));
        for (space, reason) in admission.closed {
            self.ask(Ask::Send(ToClient::Closed { space, reason }));
        }
        for state in &admission.spaces {
            self.follow(state);
        }
        for (space, entries) in std::mem::take(&mut self.waiting) {
            self.append(space, entries);
        }
        for state in &admission.spaces {
            self.read(state.space);
        }
    }

    /// The token is not good, or the device is revoked.
    pub fn rejected(&mut self, code: &str, reason: Words) {
        self.end(code, reason);
    }

    /// A followed space is otherwise than before; `start` says nothing.
    pub fn changed(&mut self, state: SpaceState) {
        // One that is about to be followed brings its news with the answer, and this is none: it would begin anywhere.
        if let Some(followed) = self.followed.get(&state.space) {
            // The log goes on where this connection is; only people and roles are news.
            let state = SpaceState { start: followed.sent, ..state };
            let (space, head, chain) = (state.space, state.head, state.chain);
            self.tell(state);
            self.moved(space, head, chain);
        }
    }

    /// The answer to [`Ask::Follow`].
    pub fn space(&mut self, state: SpaceState) {
        if self.followed.contains_key(&state.space) {
            self.changed(state);
        } else if self.following.get(&state.space).is_some_and(|&seq| state.start <= seq) {
            self.following.remove(&state.space);
            self.follow(&state);
            let space = state.space;
            self.ask(Ask::Send(ToClient::Space(state)));
            self.read(space);
        }
    }

    /// The person is no member of a space, or no longer.
    pub fn closed(&mut self, space: SpaceId, reason: Words) {
        if self.followed.remove(&space).is_some() | self.following.remove(&space).is_some() {
            self.ask(Ask::Send(ToClient::Closed { space, reason }));
        }
    }

    /// A log has grown.
    pub fn moved(&mut self, space: SpaceId, head: u64, chain: Chain) {
        if let Some(followed) = self.followed.get_mut(&space)
            && head > followed.head
        {
            followed.head = head;
            followed.head_chain = chain;
            self.read(space);
        }
    }

    /// The answer to [`Ask::Append`], one outcome for each entry.
    pub fn appended(&mut self, space: SpaceId, outcomes: Vec<(Vec<u8>, Outcome)>) {
        self.appends = self.appends.saturating_sub(1);
        for (id, outcome) in outcomes {
            let sent = self.followed.get(&space).map_or(0, |followed| followed.sent);
            match outcome {
                Outcome::Known(seq) if seq > sent => {}
                Outcome::Accepted(_) => {}
                Outcome::Known(seq) => {
                    self.disown(space, &id);
                    self.ask(Ask::Send(ToClient::Known { space, id, seq }));
                }
                Outcome::Refused { code, reason } => {
                    self.disown(space, &id);
                    self.ask(Ask::Send(ToClient::Refused { space, id, code, reason }));
                }
            }
        }
    }

    /// The answer to [`Ask::Read`].
    pub fn rows(&mut self, space: SpaceId, rows: Vec<Row>) {
        self.reading.remove(&space);
        let Some(followed) = self.followed.get_mut(&space) else { return };
        let Some((first, last)) = rows.first().map(|row| row.seq).zip(rows.last().map(|row| (row.seq, row.chain))) else { return };
        if followed.sent.checked_add(1) != Some(first) {
            // The rows belong to a position that this connection has left; ask again from where it is.
            return self.read(space);
        }
        followed.sent = last.0;
        if last.0 >= followed.head {
            followed.head = last.0;
            followed.head_chain = last.1;
        }
        let items = rows
            .into_iter()
            .map(|row| {
                if followed.own.remove(&row.id).is_some_and(|digest| digest == *blake3::hash(&row.bytes).as_bytes()) {
                    Item::Own(row.id)
                } else {
                    Item::Entry(row.bytes)
                }
            })
            .collect();
        let message = ToClient::Entries { space, first, items, chain: last.1, head: followed.head, head_chain: followed.head_chain };
        self.ask(Ask::Send(message));
        self.read(space);
    }

    /// Someone else's ephemeral message.
    pub fn relayed(&mut self, space: SpaceId, person: PersonId, body: Vec<u8>) {
        // Nobody misses what was here a moment ago, so a slow connection is spared it.
        if self.followed.contains_key(&space) && self.asks.len() < MAX_ASKS {
            self.ask(Ask::Send(ToClient::Ephemeral { space, person, body: ByteVec::from(body) }));
        }
    }

    /// Ends the connection with a problem.
    pub fn end(&mut self, code: &str, reason: Words) {
        if !self.ended {
            self.ask(Ask::Send(ToClient::Problem { code: code.to_owned(), reason, retry_after: None }));
            self.ask(Ask::Close);
            self.ended = true;
            self.waiting.clear();
            self.followed.clear();
            self.following.clear();
        }
    }

    /// Answers that come after the end lead nowhere.
    fn ask(&mut self, ask: Ask) {
        if !self.ended {
            self.asks.push_back(ask);
        }
    }

    /// Sends news of a followed space; what the socket has not taken yet is brought up to date instead,
    /// so that a slow connection holds one message of people for each space.
    fn tell(&mut self, state: SpaceState) {
        let queued = self.asks.iter_mut().rev().find_map(|ask| match ask {
            Ask::Send(ToClient::Space(queued)) if queued.space == state.space => Some(queued),
            _ => None,
        });
        match queued {
            Some(queued) => *queued = SpaceState { start: queued.start, ..state },
            None => self.ask(Ask::Send(ToClient::Space(state))),
        }
    }

    fn too_many(&mut self) {
        self.end(
            "malformed",
            (
                format!("A connection follows at most {MAX_SPACES} projects."),
                format!("Одно соединение следит не более чем за {MAX_SPACES} проектами."),
            )
                .into(),
        );
    }

    fn follow(&mut self, state: &SpaceState) {
        self.followed.insert(state.space, Followed { sent: state.start, head: state.head, head_chain: state.chain, own: BTreeMap::new() });
    }

    fn append(&mut self, space: SpaceId, entries: Vec<Vec<u8>>) {
        // Others wait for the writer while it judges a push, so one push is small.
        if entries.len() > BATCH_COUNT {
            let words = (format!("A push has at most {BATCH_COUNT} entries."), format!("В одной отправке не более {BATCH_COUNT} записей."));
            return self.end("malformed", words.into());
        }
        let mut read = Vec::new();
        for bytes in &entries {
            match Entry::peek(bytes) {
                Ok(entry) if entry.space == space => read.push((entry.id, *blake3::hash(bytes).as_bytes())),
                Ok(_) => {
                    return self.end(
                        "malformed",
                        ("An entry belongs to another space than it was pushed to.", "Запись принадлежит другому пространству.").into(),
                    );
                }
                Err(error) => return self.end("malformed", error.words),
            }
        }
        if let Some(followed) = self.followed.get_mut(&space) {
            followed.own.extend(read);
        }
        if !entries.is_empty() {
            self.appends += 1;
            self.ask(Ask::Append { space, entries });
        }
    }

    fn read(&mut self, space: SpaceId) {
        if let Some(followed) = self.followed.get(&space)
            && followed.sent < followed.head
            && self.reading.insert(space)
        {
            let after = followed.sent;
            self.ask(Ask::Read { space, after });
        }
    }

    fn disown(&mut self, space: SpaceId, id: &[u8]) {
        if let Some(followed) = self.followed.get_mut(&space) {
            followed.own.remove(id);
        }
    }
}

fn plain(entries: Vec<ByteVec>) -> Vec<Vec<u8>> {
    entries.into_iter().map(Into::into).collect()
}
