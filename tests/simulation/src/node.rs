//! A server: its database, its hub and its connections, moved by hand as `sync-server/src/sync/http.rs` moves them.
//! The log, the judgement of entries, roles and revocations, the group commit, the hub and the sessions are the server's own.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use kernel::doc::Docs;
use kernel::entry::Entry;
use kernel::protocol::{Cursor, SpaceState, encode};
use kernel::sync::{Admission, Ask, Outcome, Row, Session};
use kernel::{Code, Ctx, Error, Event, Language, PersonId, Random, Result, SpaceId, Sql, Timestamp, Words};
use rusqlite::Connection;
use scantling_server::identity as people;
use scantling_server::storage::{Bench, Pending, Queued};
use scantling_server::sync::hub::{Hub, Inbox};
use scantling_server::sync::ops::{self, Identity, Verdict};
use scantling_server::sync::store;

use crate::device::{BEGIN, filled};
use crate::fault::Fault;
use crate::model::QUOTA;

/// What became of the entries of a push, by their ids.
type Answer = Result<Vec<(Vec<u8>, Outcome)>>;

/// The server's side of a connection, with the wire in both directions.
pub struct Line {
    pub device: usize,
    pub session: Session,
    inbox: Arc<Inbox>,
    /// The connection's number in the hub.
    id: u64,
    me: Option<PersonId>,
    /// The token was seen; the spaces are still to be looked at.
    admitting: Option<(PersonId, String, Vec<Cursor>)>,
    pub up: VecDeque<Vec<u8>>,
    pub down: VecDeque<Vec<u8>>,
    /// Appends that the writer has answered.
    answers: VecDeque<(SpaceId, Answer)>,
    pub device_gone: bool,
    pub server_gone: bool,
}

/// Something that waits for the writer.
pub enum Job {
    Append { line: u64, space: SpaceId, entries: Vec<Vec<u8>>, now: Timestamp, pending: Pending<Vec<Verdict>> },
    Operate { what: Operation, pending: Pending<Vec<Event>> },
}

/// What an operation does, for the model.
#[derive(Clone, Copy)]
pub enum Operation {
    Role { space: usize, person: PersonId, role: Option<kernel::Role> },
    Revoke { device: usize },
}

/// What the writer has done with a job.
pub enum Done {
    Appended { space: SpaceId, entries: Vec<Vec<u8>>, outcomes: Option<Vec<Outcome>>, now: Timestamp },
    Operated { what: Operation, done: bool },
}

/// A server.
pub struct Node {
    bench: Option<Bench>,
    hub: Arc<Hub>,
    pub lines: BTreeMap<u64, Line>,
    next: u64,
    queue: VecDeque<(Queued, Job)>,
    pub fault: Fault,
    pub dies_by_fault: bool,
    pub dies_after_commit: bool,
    pub skew: i64,
    copy: Option<Vec<u8>>,
    random: Random,
}

/// The name of the session of a device.
pub fn session_name(device: usize) -> String {
    format!("ses_{device}")
}

fn no_member() -> Words {
    "not a member".into()
}

impl Node {
    pub fn new(template: &[u8], seed: u64) -> Self {
        let mut node = Self {
            bench: None,
            hub: Arc::default(),
            lines: BTreeMap::new(),
            next: 0,
            queue: VecDeque::new(),
            fault: Fault::default(),
            dies_by_fault: false,
            dies_after_commit: false,
            skew: 0,
            copy: None,
            random: Random::seeded(seed),
        };
        node.open(filled(template));
        node
    }

    fn open(&mut self, mut connection: Connection) {
        self.fault.attach(&mut connection);
        let held = self.fault.hold();
        self.bench = Some(Bench::open(connection, &scantling_server::server::migrations()).expect("a database opens again"));
        self.fault.resume(held);
    }

    fn bench(&mut self) -> &mut Bench {
        self.bench.as_mut().expect("a server has a database")
    }

    pub fn now(&self, truth: i64) -> Timestamp {
        Timestamp::from_millis(BEGIN + truth + self.skew)
    }

    /// Looks at the database from outside the world.
    pub fn look<T>(&mut self, work: impl FnOnce(&mut dyn Sql) -> Result<T>) -> T {
        let held = self.fault.hold();
        let value = self.bench().read(work).expect("a database can be read");
        self.fault.resume(held);
        value
    }

    fn script(&mut self, sql: &str) {
        let held = self.fault.hold();
        self.bench().script(sql).expect("a statement of the simulation");
        self.fault.resume(held);
    }

    /// The disk has room for so many pages more, or for everything.
    pub fn room(&mut self, pages: Option<u64>) {
        let now: u64 = self.look(|sql| sql.query("pragma page_count", &[])?[0].take(0));
        self.script(&format!("pragma max_page_count = {}", pages.map_or(1 << 30, |pages| now + pages)));
    }

    pub fn quota(&mut self, space: SpaceId, quota: Option<u64>) {
        self.script(&format!("update sync_space set quota = {} where space = '{space}'", quota.map_or("null".into(), |quota| quota.to_string())));
    }

    /// A device calls.
    pub fn accept(&mut self, device: usize, hello: Vec<u8>) -> u64 {
        self.next += 1;
        let inbox = Arc::new(Inbox::default());
        let id = self.hub.arrive(inbox.clone(), device.to_string()).expect("few have not said who they are");
        let line = Line {
            device,
            session: Session::default(),
            inbox,
            id,
            me: None,
            admitting: None,
            up: [hello].into(),
            down: VecDeque::new(),
            answers: VecDeque::new(),
            device_gone: false,
            server_gone: false,
        };
        self.lines.insert(self.next, line);
        self.next
    }

    /// The program is killed and starts again on what is on disk. What was sent may still arrive.
    pub fn crash(&mut self) {
        let connection = self.bench.take().expect("a server has a database").close();
        self.hub = Arc::default();
        self.queue.clear();
        for line in self.lines.values_mut() {
            line.server_gone = true;
            line.up.clear();
        }
        self.dies_after_commit = false;
        self.open(connection);
    }

    /// An admin copies the database.
    pub fn backup(&mut self) {
        let mut connection = self.bench.take().expect("a server has a database").close();
        self.copy = Some(connection.serialize("main").expect("a database can be copied").to_vec());
        self.open(connection);
    }

    /// The server starts from the copy; answers whether there was one.
    pub fn restore(&mut self, epoch: bool) -> bool {
        let Some(copy) = self.copy.clone() else { return false };
        self.crash();
        self.bench = None;
        self.open(filled(&copy));
        if epoch {
            let fresh: [u8; 16] = self.random.bytes();
            let hex: String = fresh.iter().map(|byte| format!("{byte:02x}")).collect();
            self.script(&format!("update sync_space set epoch = x'{hex}'"));
        }
        true
    }

    /// Whether a turn of this connection may do something.
    pub fn may_turn(&self, line: u64, reachable: bool) -> bool {
        self.lines.get(&line).is_some_and(|line| {
            !line.server_gone
                && (line.session.queued() > 0
                    || line.admitting.is_some()
                    || !line.answers.is_empty()
                    || (reachable && !line.up.is_empty() && !line.session.busy())
                    || line.me.is_some())
        })
    }

    pub fn writes_wait(&self) -> bool {
        !self.queue.is_empty()
    }

    /// One step of a connection; answers whether anything happened.
    pub fn turn(&mut self, id: u64, truth: i64, reachable: bool, salt: u64) -> bool {
        let Some(mut line) = self.lines.remove(&id) else { return false };
        let moved = self.step(id, &mut line, truth, reachable, salt);
        if line.server_gone {
            self.hub.leave(line.id);
        }
        self.lines.insert(id, line);
        moved
    }

    fn step(&mut self, id: u64, line: &mut Line, truth: i64, reachable: bool, salt: u64) -> bool {
        if line.server_gone {
            return false;
        }
        if let Some((person, session, cursors)) = line.admitting.take() {
            match self.admit(line, person, &session, cursors) {
                Ok(admission) => line.session.admitted(admission),
                Err(error) if error.code == Code::Unauthorized => line.session.rejected("unauthorized", error.words),
                Err(error) if error.code == Code::Forbidden => line.session.rejected("device_revoked", error.words),
                Err(error) => line.session.end("busy", error.words),
            }
            return true;
        }
        if let Some(ask) = line.session.poll() {
            self.perform(id, line, ask, truth);
            return true;
        }
        for choice in 0..3 {
            let moved = match (choice + salt) % 3 {
                0 if reachable && !line.session.busy() => line.up.pop_front().is_some_and(|frame| {
                    line.session.frame(&frame);
                    true
                }),
                1 => self.news(line),
                2 => line.answers.pop_front().is_some_and(|(space, answer)| {
                    match answer {
                        Ok(outcomes) => line.session.appended(space, outcomes),
                        Err(error) => trouble(line, error),
                    }
                    true
                }),
                _ => false,
            };
            if moved {
                return true;
            }
        }
        // The device has hung up, and all that it said was heard.
        if line.device_gone && line.up.is_empty() {
            line.server_gone = true;
            return true;
        }
        false
    }

    fn perform(&mut self, id: u64, line: &mut Line, ask: Ask, truth: i64) {
        match ask {
            Ask::Send(message) => line.down.push_back(encode(&message)),
            Ask::Close => line.server_gone = true,
            Ask::Authenticate { token, device, cursors } => {
                // The token of this world is the name of its session.
                let known = self.bench().read(|sql| people::store::session(sql, &token));
                match known {
                    Ok(Some(session)) => {
                        self.hub.join(line.id, session.person.id, &token, &device);
                        line.me = Some(session.person.id);
                        line.admitting = Some((session.person.id, token, cursors));
                    }
                    Ok(None) => line.session.rejected("unauthorized", "who?".into()),
                    Err(error) => line.session.end("busy", error.words),
                }
            }
            Ask::Follow(cursor) => {
                let Some(person) = line.me else { return };
                self.hub.follow(line.id, cursor.space);
                match self.state(person, cursor.space, Some(&cursor)) {
                    Ok(Some(state)) => line.session.space(state),
                    Ok(None) => self.closed(line, cursor.space),
                    Err(error) => trouble(line, error),
                }
            }
            Ask::Leave(space) => self.hub.unfollow(line.id, space),
            Ask::Append { space, entries } => {
                let (now, hub) = (self.now(truth), self.hub.clone());
                let owned: Vec<ops::Read> = entries.iter().map(|bytes| ops::read(bytes)).collect();
                let (queued, pending) = Queued::new(
                    move |sql| owned.iter().map(|entry| ops::accept(sql, &Identity, space, entry, QUOTA, now)).collect::<Result<Vec<Verdict>>>(),
                    move |verdicts| {
                        let rows: Vec<Row> = verdicts
                            .iter()
                            .filter_map(|verdict| if let Verdict::Accepted(row) = verdict { Some(row.clone()) } else { None })
                            .collect();
                        hub.moved(space, &rows);
                    },
                );
                self.queue.push_back((queued, Job::Append { line: id, space, entries, now, pending }));
            }
            Ask::Read { space, after } => {
                let rows = match self.hub.recent(space, after) {
                    Some(rows) => Ok(rows),
                    None => self.bench().read(|sql| store::read(sql, space, after)),
                };
                self.news(line);
                match rows {
                    Ok(rows) => line.session.rows(space, rows),
                    Err(error) => trouble(line, error),
                }
            }
            Ask::Relay { space, body } => {
                self.hub.relay(line.id, space, &body);
            }
        }
    }

    fn admit(&mut self, line: &Line, person: PersonId, session: &str, cursors: Vec<Cursor>) -> Result<Admission> {
        let known = self.bench().read(|sql| people::store::session(sql, session))?.ok_or_else(identity::rules::signed_out)?;
        if known.revoked {
            return Err(identity::rules::device_revoked());
        }
        if known.ended {
            return Err(identity::rules::signed_out());
        }
        let (mut spaces, mut closed) = (Vec::new(), Vec::new());
        for cursor in cursors {
            self.hub.follow(line.id, cursor.space);
            match self.state(person, cursor.space, Some(&cursor))? {
                Some(state) => spaces.push(state),
                None => {
                    self.hub.unfollow(line.id, cursor.space);
                    closed.push((cursor.space, no_member()));
                }
            }
        }
        Ok(Admission { person, spaces, closed })
    }

    fn state(&mut self, person: PersonId, space: SpaceId, cursor: Option<&Cursor>) -> Result<Option<SpaceState>> {
        let online = self.hub.online(space);
        self.bench().read(|sql| ops::state(sql, &Identity, space, person, cursor, &online))
    }

    fn closed(&self, line: &mut Line, space: SpaceId) {
        self.hub.unfollow(line.id, space);
        line.session.closed(space, no_member());
    }

    fn news(&mut self, line: &mut Line) -> bool {
        let news = line.inbox.take();
        if let Some((code, reason)) = news.end {
            line.session.end(code, reason);
            return true;
        }
        let Some(person) = line.me else { return false };
        let some = !news.moved.is_empty() || !news.changed.is_empty() || !news.relayed.is_empty();
        for (space, (head, chain)) in news.moved {
            line.session.moved(space, head, chain);
        }
        for space in news.changed {
            match self.state(person, space, None) {
                Ok(Some(state)) => line.session.changed(state),
                Ok(None) => self.closed(line, space),
                Err(error) => {
                    trouble(line, error);
                    return true;
                }
            }
        }
        for (space, person, body) in news.relayed {
            line.session.relayed(space, person, body);
        }
        some
    }

    /// Someone asks over HTTP.
    pub fn operate(&mut self, truth: i64, asked_by: PersonId, what: Operation, work: impl FnOnce(&mut Ctx<'_>) -> Result<()> + Send + 'static) {
        let (now, hub, mut random) = (self.now(truth), self.hub.clone(), Random::new(self.random.bytes()));
        let (queued, pending) = Queued::new(
            move |sql| {
                let mut docs = Docs::new(0);
                let mut ctx = Ctx::new(sql, &mut docs, &mut random, now, Language::En);
                ctx.person = Some(asked_by);
                work(&mut ctx)?;
                Ok(ctx.into_events())
            },
            move |events| events.iter().for_each(|event| hub.react(event)),
        );
        self.queue.push_back((queued, Job::Operate { what, pending }));
    }

    /// The writer takes so many jobs into one transaction; answers what it says of each, and whether the program died of it.
    pub fn write(&mut self, most: usize) -> (Vec<Done>, bool) {
        let count = most.min(self.queue.len());
        let (group, jobs): (Vec<Queued>, Vec<Job>) = self.queue.drain(..count).unzip();
        self.bench().write(group);
        let mut done = Vec::new();
        for job in jobs {
            match job {
                Job::Append { line, space, entries, now, mut pending } => {
                    let answer = pending.now().expect("the writer answers every job");
                    let outcomes = answer.as_ref().ok().map(|verdicts| verdicts.iter().map(Verdict::outcome).collect::<Vec<_>>());
                    if let Some(line) = self.lines.get_mut(&line) {
                        let ids = entries.iter().map(|bytes| Entry::peek(bytes).map(|entry| entry.id).unwrap_or_default());
                        let named = answer.map(|verdicts| ids.zip(verdicts.iter().map(Verdict::outcome)).collect());
                        line.answers.push_back((space, named));
                    }
                    done.push(Done::Appended { space, entries, outcomes, now });
                }
                Job::Operate { what, mut pending } => {
                    let answer = pending.now().expect("the writer answers every job");
                    done.push(Done::Operated { what, done: answer.is_ok() });
                }
            }
        }
        let died = (self.fault.struck() && self.dies_by_fault) || self.dies_after_commit;
        if died {
            self.crash();
        }
        (done, died)
    }

    /// The head of a log, and its proof.
    pub fn head(&mut self, space: SpaceId) -> (u64, [u8; 32]) {
        self.look(|sql| {
            let mut row = sql.find("select head, chain from sync_space where space = $1", kernel::values![space])?.expect("a log that was begun");
            Ok((row.take(0)?, row.take(1)?))
        })
    }

    /// Every entry of a log.
    pub fn log(&mut self, space: SpaceId) -> Vec<(u64, Vec<u8>, [u8; 32])> {
        self.look(|sql| {
            sql.query("select seq, bytes, chain from sync_entry where space = $1 order by seq", kernel::values![space])?
                .into_iter()
                .map(|mut row| Ok((row.take(0)?, row.take(1)?, row.take(2)?)))
                .collect()
        })
    }
}

/// The server could not do something now. The connection ends, and the device connects again.
fn trouble(line: &mut Line, error: Error) {
    line.session.end("busy", error.words);
}
