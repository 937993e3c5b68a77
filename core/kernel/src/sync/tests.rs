//! A small world: devices with real stores and a server with real sessions over a naive log.
//! Messages are delayed, connections are cut with what was on its way, the server forgets its connections.

use std::collections::VecDeque;

use automerge::transaction::Transactable;
use automerge::{ChangeHash, ROOT};
use proptest::prelude::*;

use super::harness::Nobody;
use super::*;
use crate::doc::Edit;
use crate::entry::{Chain, Entry, Kind};
use crate::log::Item;
use crate::protocol::{Cursor, SpaceState, ToClient, ToServer, decode, encode};
use crate::store::testing::Desk;
use crate::{Error, PersonId, Role, SpaceId, Words, space, values};

const SERVER: &str = "https://sync.test";
const DOC: &str = "doc_a";

fn the_space() -> SpaceId {
    SpaceId::from_bytes([9; 16])
}

struct Log {
    epoch: [u8; 16],
    rows: Vec<Row>,
    /// Devices whose writes are refused.
    muted: Vec<[u8; 32]>,
}

impl Log {
    fn chain(&self, seq: u64) -> Chain {
        seq.checked_sub(1).map_or_else(|| Chain::empty(the_space()), |at| self.rows[usize::try_from(at).unwrap()].chain)
    }

    fn head(&self) -> u64 {
        self.rows.len() as u64
    }

    fn state(&self, cursor: &crate::protocol::Cursor) -> SpaceState {
        let start = cursor.start(|seq| Ok((seq <= self.head()).then(|| self.chain(seq)))).unwrap();
        SpaceState {
            space: the_space(),
            role: Role::Editor,
            epoch: self.epoch,
            head: self.head(),
            chain: self.chain(self.head()),
            start,
            people: vec![],
        }
    }

    fn accept(&mut self, bytes: Vec<u8>) -> (Vec<u8>, Outcome) {
        let entry = Entry::parse(&bytes).unwrap();
        if let Some(row) = self.rows.iter().find(|row| row.id == entry.id) {
            return (entry.id, Outcome::Known(row.seq));
        }
        let refused = |code: &str| Outcome::Refused { code: code.to_owned(), reason: Words::from(code) };
        if self.muted.contains(&entry.device) {
            return (entry.id, refused("forbidden"));
        }
        if entry.kind == Kind::Change {
            let change = automerge::Change::from_bytes(entry.payload.clone()).unwrap();
            if !change.deps().iter().all(|ChangeHash(dep)| self.rows.iter().any(|row| row.id == dep)) {
                return (entry.id, refused("dependencies"));
            }
        }
        let chain = self.chain(self.head()).then(&bytes);
        let seq = self.head() + 1;
        self.rows.push(Row { seq, id: entry.id.clone(), bytes, chain });
        (entry.id, Outcome::Accepted(seq))
    }
}

struct Connection {
    client: Client,
    session: Session,
    up: VecDeque<Vec<u8>>,
    down: VecDeque<Vec<u8>>,
}

struct World {
    log: Log,
    desks: Vec<Desk>,
    connections: Vec<Option<Connection>>,
    key: usize,
}

impl World {
    fn new(devices: u64) -> Self {
        let mut desks: Vec<Desk> = (0..devices).map(|seed| Desk::new(seed, &[])).collect();
        for (at, desk) in desks.iter_mut().enumerate() {
            desk.run(|ctx| {
                space::create(ctx.sql, the_space())?;
                ctx.sql.execute("update kernel_space set server = $1", values![SERVER])?;
                if at == 0 { ctx.create_doc(the_space(), DOC, |_| Ok(())) } else { Ok(()) }
            })
            .unwrap();
        }
        let connections = desks.iter().map(|_| None).collect();
        Self { log: Log { epoch: [1; 16], rows: vec![], muted: vec![] }, desks, connections, key: 0 }
    }

    fn connect(&mut self, at: usize) {
        let mut client = Client::new(SERVER);
        let hello = self.desks[at].run(|ctx| client.hello(ctx, "token")).unwrap();
        self.connections[at] = Some(Connection { client, session: Session::default(), up: [encode(&hello)].into(), down: VecDeque::new() });
    }

    fn edit(&mut self, at: usize) {
        self.key += 1;
        let key = format!("{at}-{}", self.key);
        let edit = Edit { doc: DOC, label: "edit".into(), element: None, at: None };
        // A device that has not heard of the document cannot edit it.
        let edited = self.desks[at].run(|ctx| ctx.change(&edit, |tx| Ok(tx.put(ROOT, key.as_str(), 1)?)));
        if edited.is_ok()
            && let Some(connection) = &mut self.connections[at]
        {
            let more = self.desks[at].run(|ctx| connection.client.pump(ctx)).unwrap();
            connection.up.extend(more.iter().map(encode::<ToServer>));
        }
    }

    fn perform(&mut self, at: usize) {
        loop {
            let Some(connection) = &mut self.connections[at] else { return };
            let Some(ask) = connection.session.poll() else { return };
            match ask {
                Ask::Authenticate { cursors, .. } => {
                    let spaces = cursors.iter().map(|cursor| self.log.state(cursor)).collect();
                    connection.session.admitted(Admission { person: PersonId::from_bytes([at as u8; 16]), spaces, closed: vec![] });
                }
                Ask::Follow(cursor) => connection.session.space(self.log.state(&cursor)),
                Ask::Append { space, entries } => {
                    let outcomes = entries.into_iter().map(|bytes| self.log.accept(bytes)).collect();
                    connection.session.appended(space, outcomes);
                    let (head, chain) = (self.log.head(), self.log.chain(self.log.head()));
                    for other in self.connections.iter_mut().flatten() {
                        other.session.moved(space, head, chain);
                    }
                }
                Ask::Read { space, after } => {
                    let rows = self.log.rows.iter().skip(usize::try_from(after).unwrap()).take(3).cloned().collect();
                    connection.session.rows(space, rows);
                }
                Ask::Send(message) => connection.down.push_back(encode(&message)),
                Ask::Relay { .. } | Ask::Leave(_) => {}
                Ask::Close => {
                    self.connections[at] = None;
                }
            }
        }
    }

    fn deliver_up(&mut self, at: usize) -> bool {
        let Some(connection) = &mut self.connections[at] else { return false };
        let Some(frame) = connection.up.pop_front() else { return false };
        connection.session.frame(&frame);
        (0..self.connections.len()).for_each(|other| self.perform(other));
        (0..self.connections.len()).for_each(|other| self.perform(other));
        true
    }

    fn deliver_down(&mut self, at: usize) -> bool {
        let Some(connection) = &mut self.connections[at] else { return false };
        let Some(frame) = connection.down.pop_front() else { return false };
        let message: ToClient = decode(&frame).unwrap();
        let client = &mut connection.client;
        let answer = self.desks[at].run(|ctx| client.receive(ctx, &Nobody, message)).unwrap();
        connection.up.extend(answer.iter().map(encode::<ToServer>));
        true
    }

    fn settle(&mut self) {
        for at in 0..self.desks.len() {
            self.connect(at);
        }
        for _ in 0..10_000 {
            let moved = (0..self.desks.len()).fold(false, |moved, at| self.deliver_up(at) | self.deliver_down(at) | moved);
            if !moved {
                return;
            }
        }
        panic!("the world does not come to rest");
    }

    fn heads(&mut self, at: usize) -> Vec<ChangeHash> {
        self.desks[at].run(|ctx| Ok(ctx.doc(DOC)?.get_heads())).unwrap()
    }

    fn space(&mut self, at: usize) -> crate::space::Space {
        self.desks[at].run(|ctx| space::get(ctx.sql, the_space())).unwrap()
    }

    fn assert_equal(&mut self) {
        let heads = self.heads(0);
        for at in 0..self.desks.len() {
            let known = self.space(at);
            assert_eq!(known.seq, self.log.head(), "device {at} holds the whole log");
            assert_eq!(known.chain, self.log.chain(self.log.head()));
            assert!(known.proven_at.is_some());
            assert_eq!(self.heads(at), heads, "device {at} has the same document");
            let checks = self.desks[at].run(|ctx| crate::log::verify(ctx, &Nobody)).unwrap();
            assert!(checks.iter().all(|check| check.ok));
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Edit(usize),
    Connect(usize),
    Cut(usize),
    Up(usize),
    Down(usize),
    ServerRestarts,
    /// From a copy that lacks so many of the newest entries.
    ServerIsRestored(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let device = 0..3_usize;
    let step = prop_oneof![
        4 => device.clone().prop_map(Step::Edit),
        2 => device.clone().prop_map(Step::Connect),
        1 => device.clone().prop_map(Step::Cut),
        6 => device.clone().prop_map(Step::Up),
        6 => device.prop_map(Step::Down),
        1 => Just(Step::ServerRestarts),
        1 => (0..6_usize).prop_map(Step::ServerIsRestored),
    ];
    prop::collection::vec(step, 0..80)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_network_does_all_devices_end_equal_and_proven(steps in steps()) {
        let mut world = World::new(3);
        for step in steps {
            match step {
                Step::Edit(at) => world.edit(at),
                Step::Connect(at) => world.connect(at),
                Step::Cut(at) => world.connections[at] = None,
                Step::Up(at) => { world.deliver_up(at); }
                Step::Down(at) => { world.deliver_down(at); }
                Step::ServerRestarts => world.connections.iter_mut().for_each(|connection| *connection = None),
                Step::ServerIsRestored(lost) => {
                    world.connections.iter_mut().for_each(|connection| *connection = None);
                    world.log.rows.truncate(world.log.rows.len().saturating_sub(lost));
                    world.log.epoch[0] += 1;
                }
            }
        }
        world.settle();
        world.assert_equal();
    }
}

#[test]
fn what_was_refused_stays_visible_and_is_accepted_when_sent_again() {
    let mut world = World::new(2);
    world.settle();
    let muted = world.desks[1].store.device().unwrap().key.verifying_key().to_bytes();
    world.log.muted.push(muted);
    world.edit(1);
    world.edit(1);
    world.settle();
    let refused = world.desks[1].run(|ctx| crate::log::refused(ctx.sql, the_space())).unwrap();
    assert_eq!(refused.iter().map(|refused| refused.code.as_str()).collect::<Vec<_>>(), ["forbidden", "forbidden"]);
    world.desks[1]
        .run(|ctx| {
            assert_eq!(crate::log::outbox(ctx.sql, the_space(), 0, 10, 1 << 20)?, [], "quarantine is not sent again by itself");
            Ok(())
        })
        .unwrap();
    world.log.muted.clear();
    world.desks[1].run(|ctx| ctx.retry(&Nobody, the_space(), &refused[0].entry.id)).unwrap();
    world.settle();
    world.assert_equal();
}

#[test]
fn a_discarded_change_takes_those_built_on_it_and_leaves_the_rest() {
    let mut world = World::new(2);
    world.settle();
    let before = world.heads(0);
    let muted = world.desks[1].store.device().unwrap().key.verifying_key().to_bytes();
    world.log.muted.push(muted);
    world.edit(1);
    world.edit(1);
    world.settle();
    let refused = world.desks[1].run(|ctx| crate::log::refused(ctx.sql, the_space())).unwrap();
    world.desks[1].run(|ctx| ctx.discard(&Nobody, the_space(), &refused[0].entry.id)).unwrap();
    assert_eq!(world.heads(1), before);
    world.log.muted.clear();
    world.edit(1);
    world.settle();
    world.assert_equal();
}

#[test]
fn a_server_restored_from_an_old_copy_gets_back_what_it_lost() {
    let mut world = World::new(3);
    world.settle();
    (0..6).for_each(|at| world.edit(at % 3));
    world.settle();
    world.assert_equal();
    world.log.rows.truncate(3);
    world.log.epoch = [2; 16];
    world.settle();
    assert_eq!(world.log.head(), 7);
    world.assert_equal();
}

#[test]
fn a_log_that_differs_is_noticed_and_nothing_of_it_is_taken_over() {
    let mut world = World::new(2);
    world.settle();
    let known = world.space(1);
    let key = ed25519_dalek::SigningKey::from_bytes(&[3; 32]);
    let entry = Entry::sign(&key, the_space(), Kind::Record, &[5; 16], "rooms.comment", crate::Timestamp::from_millis(5), b"x".to_vec());
    let forged = ToClient::Entries {
        space: the_space(),
        first: known.seq + 1,
        items: vec![crate::log::Item::Entry(entry.bytes().to_vec())],
        chain: Chain([0; 32]),
        head: known.seq + 1,
        head_chain: Chain([0; 32]),
    };
    let client = &mut world.connections[1].as_mut().unwrap().client;
    let error: Error = world.desks[1].run(|ctx| client.receive(ctx, &Nobody, forged)).unwrap_err();
    assert_eq!(error.code, crate::Code::Damaged);
    assert_eq!(world.space(1), known);
}

/// Both devices begin the same document before either has heard of the other.
#[test]
fn a_document_that_two_devices_began_is_one_document() {
    let mut world = World::new(2);
    world.desks[1].run(|ctx| ctx.create_doc(the_space(), DOC, |_| Ok(()))).unwrap();
    world.settle();
    world.edit(1);
    world.settle();
    world.assert_equal();
}

fn admitted(state: SpaceState) -> Session {
    let mut session = Session::default();
    let cursor = Cursor { space: state.space, epoch: None, seq: state.start, chain: Chain::empty(state.space), marks: None };
    session.frame(&encode(&ToServer::Hello {
        version: crate::protocol::VERSION,
        token: String::new(),
        device: [0; 32],
        cursors: vec![cursor],
        push: vec![],
    }));
    assert!(matches!(session.poll(), Some(Ask::Authenticate { .. })));
    session.admitted(Admission { person: PersonId::from_bytes([1; 16]), spaces: vec![state], closed: vec![] });
    assert!(matches!(session.poll(), Some(Ask::Send(ToClient::Welcome { .. }))));
    session
}

fn state(head: u64, start: u64) -> SpaceState {
    SpaceState { space: the_space(), role: Role::Editor, epoch: [1; 16], head, chain: Chain([7; 32]), start, people: vec![] }
}

fn row(seq: u64) -> Row {
    Row { seq, id: vec![seq as u8; 16], bytes: vec![0; 9], chain: Chain([seq as u8; 32]) }
}

#[test]
fn answers_that_come_after_the_end_lead_nowhere() {
    let mut session = admitted(state(3, 0));
    assert_eq!(session.poll(), Some(Ask::Read { space: the_space(), after: 0 }));
    session.end("going_away", "soon".into());
    session.rows(the_space(), vec![row(1)]);
    session.space(state(4, 0));
    session.relayed(the_space(), PersonId::from_bytes([1; 16]), vec![]);
    session.appended(the_space(), vec![(vec![1], Outcome::Known(0))]);
    assert!(matches!(session.poll(), Some(Ask::Send(ToClient::Problem { .. }))));
    assert_eq!(session.poll(), Some(Ask::Close));
    assert_eq!(session.poll(), None);
}

#[test]
fn a_space_that_is_left_and_followed_again_is_read_once_at_a_time_from_where_the_device_is() {
    let mut session = admitted(state(9, 0));
    assert_eq!(session.poll(), Some(Ask::Read { space: the_space(), after: 0 }));
    let cursor = Cursor { space: the_space(), epoch: None, seq: 4, chain: Chain([4; 32]), marks: None };
    session.frame(&encode(&ToServer::Unsubscribe(the_space())));
    session.frame(&encode(&ToServer::Subscribe(cursor.clone())));
    assert_eq!(session.poll(), Some(Ask::Leave(the_space())));
    assert_eq!(session.poll(), Some(Ask::Follow(cursor)));
    session.space(state(9, 4));
    assert!(matches!(session.poll(), Some(Ask::Send(ToClient::Space(SpaceState { start: 4, .. })))));
    assert_eq!(session.poll(), None, "the first read is still on its way");
    session.rows(the_space(), vec![row(1)]);
    assert_eq!(session.poll(), Some(Ask::Read { space: the_space(), after: 4 }));
}

#[test]
fn a_device_that_subscribes_again_is_believed_about_its_place() {
    let mut session = admitted(state(2, 0));
    session.poll();
    session.rows(the_space(), vec![row(1), row(2)]);
    assert!(matches!(session.poll(), Some(Ask::Send(ToClient::Entries { .. }))));
    session.frame(&encode(&ToServer::Subscribe(Cursor { space: the_space(), epoch: None, seq: 1, chain: Chain([1; 32]), marks: None })));
    assert!(matches!(session.poll(), Some(Ask::Follow(_))));
    session.space(state(2, 1));
    assert!(matches!(session.poll(), Some(Ask::Send(ToClient::Space(SpaceState { start: 1, .. })))));
    assert_eq!(session.poll(), Some(Ask::Read { space: the_space(), after: 1 }));
}

#[test]
fn a_subscription_is_answered_with_a_mark_and_by_its_answer_alone() {
    let mut session = admitted(state(0, 0));
    session.frame(&encode(&ToServer::Unsubscribe(the_space())));
    let mark = crate::protocol::Mark { seq: 3, chain: Chain([3; 32]) };
    session.frame(&encode(&ToServer::Subscribe(Cursor { space: the_space(), epoch: None, seq: 4, chain: Chain([4; 32]), marks: Some(vec![mark]) })));
    while session.poll().is_some() {}
    session.changed(state(9, 0));
    assert_eq!(session.poll(), None, "news of people say nothing about where to begin");
    session.space(state(9, 3));
    assert!(matches!(session.poll(), Some(Ask::Send(ToClient::Space(SpaceState { start: 3, .. })))));
    assert_eq!(session.poll(), Some(Ask::Read { space: the_space(), after: 3 }));
}

#[test]
fn others_presence_costs_a_slow_connection_bounded_memory() {
    let mut session = admitted(state(0, 0));
    for at in 0..100_000_u64 {
        session.relayed(the_space(), PersonId::from_bytes([1; 16]), vec![0; 1000]);
        session.space(state(at, 0));
    }
    assert!(session.busy());
    assert!(session.queued() < 300, "{} asks wait", session.queued());
}

#[test]
fn a_connection_that_follows_too_much_ends() {
    let mut session = Session::default();
    let cursors = vec![Cursor { space: the_space(), epoch: None, seq: 0, chain: Chain([0; 32]), marks: None }; crate::protocol::MAX_SPACES + 1];
    session.frame(&encode(&ToServer::Hello { version: crate::protocol::VERSION, token: String::new(), device: [0; 32], cursors, push: vec![] }));
    assert!(matches!(session.poll(), Some(Ask::Send(ToClient::Problem { .. }))));
}

/// A device that is connected and holds the whole log, with one entry that waits.
fn waiting() -> (World, Vec<u8>) {
    let mut world = World::new(1);
    world.settle();
    world.edit(0);
    let id = world.desks[0].run(|ctx| Ok(Entry::parse(&crate::log::outbox(ctx.sql, the_space(), 0, 1, 1)?[0].1)?.id)).unwrap();
    (world, id)
}

fn say(world: &mut World, message: ToClient) -> crate::Result<Vec<ToServer>> {
    let client = &mut world.connections[0].as_mut().unwrap().client;
    world.desks[0].run(|ctx| client.receive(ctx, &Nobody, message))
}

#[test]
fn who_signed_is_named_and_that_the_server_did_is_said() {
    let (mut world, _) = waiting();
    let head = world.log.head();
    let mut told = state(head, head);
    let keys = [[5; 32], [6; 32]].map(|key: [u8; 32]| minicbor::bytes::ByteVec::from(key.to_vec()));
    told.people =
        vec![crate::protocol::Person { person: PersonId::from_bytes([1; 16]), name: "Ada".into(), role: Some(Role::Editor), online: true, devices: keys.to_vec(), doors: Some(keys[1..].to_vec()) }];
    say(&mut world, ToClient::Space(told)).unwrap();
    let mut name = |key: u8| world.desks[0].run(|ctx| crate::log::person_of(ctx.sql, &[key; 32])).unwrap().unwrap().1;
    assert_eq!((name(5), name(6)), ("Ada".to_owned(), "Ada (signed by the server)".to_owned()));
}

#[test]
fn an_acknowledgement_without_proof_is_refused() {
    let (mut world, id) = waiting();
    let error = say(&mut world, ToClient::Known { space: the_space(), id, seq: 1 }).unwrap_err();
    assert_eq!(error.code, crate::Code::Damaged);
    assert_eq!(world.desks[0].run(|ctx| crate::log::counts(ctx.sql, the_space())).unwrap(), (1, 0));
    world.settle();
    world.assert_equal();
}

#[test]
fn what_has_a_place_is_not_refused_any_more() {
    struct Strict;
    impl crate::log::Contexts for Strict {
        fn merged(&self, _: &mut crate::Ctx<'_>, _: &str, _: &[automerge::Patch]) -> crate::Result<()> {
            Ok(())
        }
        fn rebuild(&self, _: &mut crate::Ctx<'_>, _: &str) -> crate::Result<()> {
            Ok(())
        }
        fn record(&self, _: &mut crate::Ctx<'_>, _: &Entry, standing: &crate::log::Standing) -> crate::Result<()> {
            assert!(!matches!(standing, crate::log::Standing::Refused(_)));
            Ok(())
        }
        fn digest(&self, _: &mut crate::Ctx<'_>, _: SpaceId) -> crate::Result<[u8; 32]> {
            Ok([0; 32])
        }
    }
    let mut world = World::new(1);
    let entry = world.desks[0].run(|ctx| ctx.append_record(the_space(), "rooms.comment", b"x".to_vec())).unwrap();
    world.settle();
    world.desks[0].run(|ctx| ctx.refuse(&Strict, the_space(), &entry.id, "forbidden", &"no".into())).unwrap();
    assert_eq!(world.desks[0].run(|ctx| crate::log::counts(ctx.sql, the_space())).unwrap(), (0, 0));
    world.assert_equal();
}

#[test]
fn a_paused_space_keeps_its_place_whatever_is_still_on_its_way() {
    let mut world = World::new(1);
    world.settle();
    let mut known = world.space(0);
    known.paused = true;
    world.desks[0].run(|ctx| space::save(ctx.sql, &known)).unwrap();
    let client = &mut world.connections[0].as_mut().unwrap().client;
    assert_eq!(world.desks[0].run(|ctx| client.refollow(ctx)).unwrap(), [ToServer::Unsubscribe(the_space())]);
    let late = SpaceState { start: 5, head: 6, ..state(6, 5) };
    say(&mut world, ToClient::Space(late)).unwrap();
    assert_eq!(world.space(0), known);
}

#[test]
fn what_was_on_its_way_when_a_space_was_left_is_no_gap_after_it_is_followed_again() {
    let mut world = World::new(1);
    world.settle();
    for paused in [true, false] {
        let mut known = world.space(0);
        known.paused = paused;
        world.desks[0].run(|ctx| space::save(ctx.sql, &known)).unwrap();
        let client = &mut world.connections[0].as_mut().unwrap().client;
        assert_eq!(world.desks[0].run(|ctx| client.refollow(ctx)).unwrap().len(), 1);
    }
    let known = world.space(0);
    let (record, late) = (signed(Kind::Record, &[5; 16], vec![]), signed(Kind::Record, &[6; 16], vec![]));
    let entries = |first: u64, chain: Chain, entry: &Entry| ToClient::Entries {
        space: the_space(),
        first,
        items: vec![Item::Entry(entry.bytes().to_vec())],
        chain: chain.then(entry.bytes()),
        head: first,
        head_chain: chain.then(entry.bytes()),
    };
    say(&mut world, entries(known.seq + 2, known.chain.then(record.bytes()), &late)).unwrap();
    assert_eq!(world.space(0), known, "the stream that was left is not heard");
    let news = SpaceState { epoch: known.epoch.unwrap(), ..state(known.seq + 1, known.seq) };
    say(&mut world, ToClient::Space(news)).unwrap();
    say(&mut world, entries(known.seq + 1, known.chain, &record)).unwrap();
    assert_eq!(world.space(0).seq, known.seq + 1);
}

#[test]
fn a_stream_that_begins_neither_here_nor_at_the_start_is_asked_for_anew() {
    let mut world = World::new(1);
    world.settle();
    let known = world.space(0);
    let elsewhere = SpaceState { epoch: known.epoch.unwrap(), ..state(known.seq + 5, known.seq + 3) };
    let cursor = Cursor { space: the_space(), epoch: known.epoch, seq: known.seq, chain: known.chain, marks: None };
    assert_eq!(say(&mut world, ToClient::Space(elsewhere.clone())).unwrap(), [ToServer::Subscribe(cursor)]);
    assert_eq!(say(&mut world, ToClient::Space(elsewhere)).unwrap(), [], "one question at a time");
    assert_eq!(world.space(0), known);
}

#[test]
fn an_entry_that_was_given_up_and_yet_accepted_is_asked_for_in_full_once() {
    let (mut world, id) = waiting();
    let entry = world.desks[0].run(|ctx| Ok(crate::log::find(ctx.sql, the_space(), &id)?.unwrap())).unwrap();
    world.desks[0].run(|ctx| ctx.refuse(&Nobody, the_space(), &id, "dependencies", &"no".into())).unwrap();
    world.desks[0].run(|ctx| ctx.discard(&Nobody, the_space(), &id)).unwrap();
    let known = world.space(0);
    let (head, chain) = (known.seq + 1, known.chain.then(entry.bytes()));
    let entries = |item| ToClient::Entries { space: the_space(), first: head, items: vec![item], chain, head, head_chain: chain };
    let cursor = Cursor { space: the_space(), epoch: known.epoch, seq: known.seq, chain: known.chain, marks: None };
    assert_eq!(say(&mut world, entries(Item::Own(id.clone()))).unwrap(), [ToServer::Subscribe(cursor)]);
    assert_eq!(world.space(0), known);
    let news = SpaceState { epoch: known.epoch.unwrap(), ..state(head, known.seq) };
    say(&mut world, ToClient::Space(news)).unwrap();
    assert_eq!(say(&mut world, entries(Item::Own(id))).unwrap_err().code, crate::Code::Damaged);
    say(&mut world, entries(Item::Entry(entry.bytes().to_vec()))).unwrap();
    assert_eq!(world.space(0).seq, head);
}

#[test]
fn what_is_written_after_the_newest_was_given_up_is_pushed_at_once() {
    let (mut world, id) = waiting();
    let client = &mut world.connections[0].as_mut().unwrap().client;
    assert_eq!(world.desks[0].run(|ctx| client.pump(ctx)).unwrap(), [], "it is on its way");
    world.desks[0].run(|ctx| ctx.refuse(&Nobody, the_space(), &id, "quota", &"full".into())).unwrap();
    world.desks[0].run(|ctx| ctx.discard(&Nobody, the_space(), &id)).unwrap();
    let entry = world.desks[0].run(|ctx| ctx.append_record(the_space(), "rooms.comment", b"next".to_vec())).unwrap();
    let client = &mut world.connections[0].as_mut().unwrap().client;
    let pushed = world.desks[0].run(|ctx| client.pump(ctx)).unwrap();
    let [ToServer::Push(push)] = pushed.as_slice() else { panic!("{pushed:?}") };
    assert_eq!(Entry::parse(&push.entries[0]).unwrap().id, entry.id);
}

fn forge(world: &mut World, entries: &[Entry]) -> crate::Result<()> {
    let mut known = world.space(0);
    let items: Vec<Item> = entries.iter().map(|entry| Item::Entry(entry.bytes().to_vec())).collect();
    let (first, chain) = (known.seq + 1, entries.iter().fold(known.chain, |chain, entry| chain.then(entry.bytes())));
    world.desks[0].run(|ctx| ctx.receive(&Nobody, &mut known, first, &items, chain))
}

fn signed(kind: Kind, id: &[u8], payload: Vec<u8>) -> Entry {
    Entry::sign(&ed25519_dalek::SigningKey::from_bytes(&[3; 32]), the_space(), kind, id, DOC, crate::Timestamp::from_millis(5), payload)
}

#[test]
fn entries_that_would_break_the_log_or_memory_are_refused() {
    let mut world = World::new(1);
    world.settle();
    let record = signed(Kind::Record, &[5; 16], vec![]);
    let mine = world.desks[0].run(|ctx| ctx.append_record(the_space(), "rooms.comment", b"mine".to_vec())).unwrap();
    let change = world.desks[0].run(|ctx| ctx.doc(DOC).map(|doc| doc.get_changes(&[])[0].clone())).unwrap();
    let mut zeros = automerge::Automerge::new();
    let mut tx = zeros.transaction();
    tx.put(ROOT, "bomb", "0".repeat(100_000)).unwrap();
    tx.commit();
    let mut bomb = zeros.get_changes(&[])[0].clone();
    let hash = bomb.hash();
    assert!(bomb.bytes().len() < 1_000);
    for (what, entries) in [
        ("twice in one message", vec![record.clone(), record]),
        ("another record under the id of one that waits", vec![signed(Kind::Record, &mine.id, b"theirs".to_vec())]),
        ("ordered already", vec![signed(Kind::Change, &change.hash().0, change.raw_bytes().to_vec())]),
        ("an id that is not the hash of the change", vec![signed(Kind::Change, &[6; 32], change.raw_bytes().to_vec())]),
        ("a compressed change", vec![signed(Kind::Change, &hash.0, bomb.bytes().to_vec())]),
        ("no change", vec![signed(Kind::Change, &[6; 32], vec![0; 40])]),
    ] {
        assert_eq!(forge(&mut world, &entries).expect_err(what).code, crate::Code::Damaged, "{what}");
    }
    world.settle();
    world.assert_equal();
}

#[test]
fn a_gap_and_an_entry_of_another_space_are_refused() {
    let mut world = World::new(1);
    world.settle();
    let mut known = world.space(0);
    let record = signed(Kind::Record, &[5; 16], vec![]);
    let (item, chain) = (Item::Entry(record.bytes().to_vec()), known.chain.then(record.bytes()));
    let error = world.desks[0].run(|ctx| ctx.receive(&Nobody, &mut known.clone(), known.seq + 2, &[item], chain)).unwrap_err();
    assert_eq!(error.code, crate::Code::Damaged);
    let key = ed25519_dalek::SigningKey::from_bytes(&[3; 32]);
    let foreign = Entry::sign(&key, SpaceId::from_bytes([8; 16]), Kind::Record, &[5; 16], DOC, crate::Timestamp::from_millis(5), vec![]);
    let (item, first, chain) = (Item::Entry(foreign.bytes().to_vec()), known.seq + 1, known.chain.then(foreign.bytes()));
    let error = world.desks[0].run(|ctx| ctx.receive(&Nobody, &mut known, first, &[item], chain)).unwrap_err();
    assert_eq!(error.code, crate::Code::Damaged);
}

#[test]
fn a_busy_server_is_given_everything_once_more() {
    let (mut world, id) = waiting();
    let busy = ToClient::Problem { code: "busy".into(), reason: "later".into(), retry_after: Some(100) };
    assert_eq!(say(&mut world, busy).unwrap(), []);
    let client = &mut world.connections[0].as_mut().unwrap().client;
    let again = world.desks[0].run(|ctx| client.pump(ctx)).unwrap();
    let [ToServer::Push(push)] = again.as_slice() else { panic!("{again:?}") };
    assert_eq!(Entry::parse(&push.entries[0]).unwrap().id, id);
}

#[test]
fn a_closed_space_stays_readable_and_takes_no_more_writing() {
    let (mut world, _) = waiting();
    let heads = world.heads(0);
    assert_eq!(say(&mut world, ToClient::Closed { space: the_space(), reason: "gone".into() }).unwrap(), []);
    assert_eq!((world.space(0).role, world.space(0).problem), (Role::Viewer, Some("gone".into())));
    assert_eq!(world.heads(0), heads);
    let client = &mut world.connections[0].as_mut().unwrap().client;
    assert_eq!(world.desks[0].run(|ctx| client.repush(ctx)).unwrap(), []);
}

#[test]
fn nothing_is_proven_while_something_waits_or_the_proofs_differ() {
    let (mut world, _) = waiting();
    let mut known = world.space(0);
    known.proven_at = None;
    world.desks[0].run(|ctx| space::save(ctx.sql, &known)).unwrap();
    let news = SpaceState { epoch: known.epoch.unwrap(), chain: known.chain, ..state(known.seq, known.seq) };
    say(&mut world, ToClient::Space(news.clone())).unwrap();
    assert_eq!(world.space(0).proven_at, None, "an entry waits");
    let mut world = World::new(1);
    world.settle();
    let mut known = world.space(0);
    known.proven_at = None;
    world.desks[0].run(|ctx| space::save(ctx.sql, &known)).unwrap();
    say(&mut world, ToClient::Space(SpaceState { chain: Chain([1; 32]), ..news.clone() })).unwrap();
    assert_eq!(world.space(0).proven_at, None, "the proofs differ");
    say(&mut world, ToClient::Space(news)).unwrap();
    assert!(world.space(0).proven_at.is_some());
}

#[test]
fn a_device_that_is_behind_reads_before_it_pushes() {
    let (mut world, _) = waiting();
    let known = world.space(0);
    let news = SpaceState { epoch: known.epoch.unwrap(), ..state(known.seq + 1, known.seq) };
    say(&mut world, ToClient::Space(news)).unwrap();
    let client = &mut world.connections[0].as_mut().unwrap().client;
    assert_eq!(world.desks[0].run(|ctx| client.repush(ctx)).unwrap(), []);
}

#[test]
fn a_full_outbox_goes_up_window_by_window() {
    let mut world = World::new(1);
    world.settle();
    world.desks[0].run(|ctx| (0..1_600).try_for_each(|_| ctx.append_record(the_space(), "rooms.comment", vec![]).map(drop))).unwrap();
    let client = &mut world.connections[0].as_mut().unwrap().client;
    let mut flying = 0;
    for _ in 0..6 {
        for message in world.desks[0].run(|ctx| client.pump(ctx)).unwrap() {
            let ToServer::Push(push) = message else { panic!("{message:?}") };
            assert!(push.entries.len() <= crate::protocol::BATCH_COUNT);
            flying += push.entries.len();
        }
    }
    assert_eq!(flying, 1_024);
}

/// What a session says to frames that break a rule.
fn problem(session: &mut Session, frame: &ToServer) -> String {
    session.frame(&encode(frame));
    let Some(Ask::Send(ToClient::Problem { code, retry_after: None, .. })) = session.poll() else { panic!("no problem") };
    assert_eq!((session.poll(), session.poll()), (Some(Ask::Close), None));
    code
}

#[test]
fn frames_that_break_a_rule_end_the_connection_with_its_word() {
    let hello = |version| ToServer::Hello { version, token: String::new(), device: [0; 32], cursors: vec![], push: vec![] };
    let push = |space| ToServer::Push(crate::protocol::Push { space, entries: vec![signed(Kind::Record, &[5; 16], vec![]).bytes().to_vec().into()] });
    assert_eq!(problem(&mut Session::default(), &push(the_space())), "unauthorized");
    assert_eq!(problem(&mut Session::default(), &hello(2)), "version");
    assert_eq!(problem(&mut admitted(state(0, 0)), &hello(1)), "malformed");
    assert_eq!(problem(&mut admitted(state(0, 0)), &push(SpaceId::from_bytes([1; 16]))), "malformed");
}

#[test]
fn what_the_device_has_read_already_is_answered_with_known() {
    let mut session = admitted(state(2, 2));
    session.appended(the_space(), vec![(vec![1; 16], Outcome::Known(2)), (vec![2; 16], Outcome::Known(3))]);
    assert_eq!(session.poll(), Some(Ask::Send(ToClient::Known { space: the_space(), id: vec![1; 16], seq: 2 })));
    assert_eq!(session.poll(), None, "the other one comes with the log");
}

#[test]
fn only_short_ephemeral_messages_are_relayed() {
    let mut session = admitted(state(0, 0));
    for (length, relayed) in [(1_024, true), (1_025, false)] {
        session.frame(&encode(&ToServer::Ephemeral { space: the_space(), body: vec![0; length].into() }));
        assert_eq!(session.poll().is_some(), relayed);
    }
}

#[test]
fn an_entry_that_could_be_written_shorter_is_refused() {
    let entry = signed(Kind::Record, &[5; 16], vec![]);
    let longer = [&[0x98, 0x09], &entry.bytes()[1..]].concat();
    assert!(Entry::peek(&longer).is_ok());
    assert!(Entry::parse(&longer).is_err());
}

#[test]
fn a_log_that_was_cut_in_the_same_epoch_is_healed_by_the_start_alone() {
    let mut world = World::new(2);
    world.settle();
    (0..6).for_each(|at| world.edit(at % 2));
    world.settle();
    world.log.rows.truncate(3);
    world.settle();
    assert_eq!(world.log.head(), 7);
    world.assert_equal();
}

#[test]
fn a_server_that_lost_its_newest_entries_is_healed_by_them_alone() {
    let mut world = World::new(2);
    world.settle();
    for at in 0..400 {
        world.edit(at % 2);
        if at % 7 == 0 {
            world.settle();
        }
    }
    world.settle();
    // It was restored from a copy that is five entries older, and began another life.
    world.log.rows.truncate(396);
    world.log.epoch = [2; 16];
    world.connect(0);
    world.connect(1);
    world.deliver_up(0);
    let connection = world.connections[0].as_ref().unwrap();
    let sent: usize = connection.down.iter().map(|frame| match decode(frame).unwrap() {
        ToClient::Entries { items, .. } => items.len(),
        ToClient::Welcome { spaces, .. } => {
            assert!(spaces[0].start > 380, "the start is {}", spaces[0].start);
            0
        }
        _ => 0,
    }).sum();
    assert!(sent < 20, "{sent} entries were sent again");
    world.settle();
    assert_eq!(world.log.head(), 401);
    world.assert_equal();
}

#[test]
fn marks_are_few_and_never_far_apart() {
    let mut desk = Desk::new(1, &[]);
    desk.run(|ctx| {
        space::create(ctx.sql, the_space())?;
        let mut known = space::get(ctx.sql, the_space())?;
        let mut random = crate::Random::seeded(3);
        for _ in 0..3_000 {
            known.seq += if random.bytes::<1>()[0] < 8 { 512 } else { 1 };
            space::mark(ctx.sql, &known)?;
        }
        let marks = space::marks(ctx.sql, the_space())?;
        assert!(marks.len() < crate::protocol::MAX_MARKS / 2, "{}", marks.len());
        // Whatever the server lost, it need not be sent more than four times as much, and a message.
        for near in marks.windows(2) {
            let (newer, older) = (known.seq - near[0].0, known.seq - near[1].0);
            assert!(older <= newer * 4 + 1_024, "from {newer} to {older}");
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_comparison_reads_the_whole_log_and_finds_what_differs() {
    let mut world = World::new(2);
    world.settle();
    (0..9).for_each(|at| world.edit(at % 2));
    world.settle();
    let rows: Vec<Item> = world.log.rows.iter().map(|row| Item::Entry(row.bytes.clone())).collect();
    let compare = |desk: &mut Desk, rows: &[Item]| -> Vec<bool> {
        desk.run(|ctx| {
            let mut comparison = crate::log::Comparison::new(&space::get(ctx.sql, the_space())?);
            for (at, some) in rows.chunks(4).enumerate() {
                comparison.take(ctx, at as u64 * 4 + 1, some)?;
            }
            Ok(comparison.report().into_iter().map(|check| check.ok).collect())
        })
        .unwrap()
    };
    assert_eq!(compare(&mut world.desks[0], &rows), [true, true, true]);
    // Also where the entries were put away.
    world.desks[0].run(|ctx| crate::pack::seal(ctx, the_space(), 2, 100)).unwrap();
    assert_eq!(compare(&mut world.desks[0], &rows), [true, true, true]);
    // A server that holds less, holds another entry, or was believed about a document that its log does not make.
    assert_eq!(compare(&mut world.desks[0], &rows[..8]), [false, true, true]);
    let mut other = rows.clone();
    other[3] = Item::Entry(signed(Kind::Record, &[5; 16], vec![]).bytes().to_vec());
    assert_eq!(compare(&mut world.desks[0], &other), [false, true, false]);
    world.desks[0].run(|ctx| ctx.sql.execute("update kernel_doc set base = $1, snapshot = null, snapshot_n = 0", values![automerge::Automerge::new().save()])).unwrap();
    world.desks[0].run(|ctx| {
        ctx.docs.forget(DOC);
        Ok(())
    }).unwrap();
    assert_eq!(compare(&mut world.desks[0], &rows), [true, true, false]);
    assert!(world.desks[0].run(|ctx| crate::log::Comparison::new(&space::get(ctx.sql, the_space())?).take(ctx, 2, &rows)).is_err());
}

#[test]
fn who_has_read_how_far_is_told_once_and_again_to_whoever_comes() {
    let mut world = World::new(2);
    world.settle();
    (0..4).for_each(|at| world.edit(at % 2));
    world.settle();
    let (first, second) = world.connections.split_at_mut(1);
    let (client, listener) = (&mut first[0].as_mut().unwrap().client, &mut second[0].as_mut().unwrap().client);
    let told = world.desks[0].run(|ctx| client.tell(ctx)).unwrap();
    let [ToServer::Ephemeral { space, body }] = told.as_slice() else { panic!("{told:?}") };
    assert!(world.desks[0].run(|ctx| client.tell(ctx)).unwrap().is_empty());
    let heard = ToClient::Ephemeral { space: *space, person: PersonId::from_bytes([7; 16]), body: body.clone() };
    world.desks[1].run(|ctx| listener.receive(ctx, &Nobody, heard)).unwrap();
    let seen: u64 = world.desks[1].run(|ctx| ctx.sql.find("select seq from kernel_seen", &[])?.unwrap().take(0)).unwrap();
    assert_eq!(seen, world.log.head());
    let state = world.log.state(&Cursor { space: the_space(), epoch: None, seq: seen, chain: world.log.chain(seen), marks: None });
    world.desks[0].run(|ctx| client.receive(ctx, &Nobody, ToClient::Space(state))).unwrap();
    assert_eq!(world.desks[0].run(|ctx| client.tell(ctx)).unwrap().len(), 1);
    // What nobody here understands is no reason to stop.
    let noise = ToClient::Ephemeral { space: the_space(), person: PersonId::from_bytes([7; 16]), body: vec![0xff, 1].into() };
    world.desks[0].run(|ctx| client.receive(ctx, &Nobody, noise)).unwrap();
}

#[test]
fn a_device_that_can_not_go_back_stops_this_space_alone_and_goes_on_when_others_have_healed_the_server() {
    let mut world = World::new(2);
    world.settle();
    // What one wrote before and sends after the other, who reads first, has another order here than in the log.
    for _ in 0..5 {
        world.connections = vec![None, None];
        (0..6).for_each(|at| world.edit(at % 2));
        world.settle();
    }
    let (head, chain) = (world.log.head(), world.log.chain(world.log.head()));
    world.desks[1].run(|ctx| crate::pack::seal(ctx, the_space(), 0, 100)).unwrap();
    world.log.rows.truncate(9);
    world.log.epoch = [2; 16];
    world.connect(1);
    while world.deliver_up(1) | world.deliver_down(1) {}
    let stopped = world.space(1);
    assert!(stopped.problem.is_some());
    assert_eq!((stopped.seq, stopped.chain), (head, chain));
    world.settle();
    assert_eq!((world.log.head(), world.log.chain(world.log.head())), (head, chain), "the log is what it was");
    (0..4).for_each(|at| world.edit(at % 2));
    world.settle();
    world.assert_equal();
}

#[test]
fn a_device_can_go_back_to_where_it_has_put_entries_away() {
    for keep in [1, 5, 20, 50, 90] {
        let mut world = World::new(1);
        world.settle();
        for _ in 0..100 {
            world.edit(0);
            world.settle();
        }
        let base = world.desks[0].run(|ctx| crate::pack::seal(ctx, the_space(), keep, 1_000)).unwrap();
        world.log.rows.truncate(usize::try_from(base).unwrap());
        world.settle();
        assert_eq!(world.log.head(), 101);
        world.assert_equal();
    }
}

#[test]
fn going_back_again_and_again_keeps_what_waits_behind_what_was_ordered() {
    let mut world = World::new(2);
    world.settle();
    for round in 0..30_usize {
        (0..7).for_each(|at| world.edit(at % 2));
        if round % 2 == 0 {
            world.settle();
        }
        world.connections = vec![None, None];
        (0..3).for_each(|at| world.edit(at % 2));
        world.log.rows.truncate(world.log.rows.len().saturating_sub(round));
        world.log.epoch = [u8::try_from(round).unwrap(); 16];
        world.settle();
    }
    assert_eq!(world.log.head(), 301);
    world.assert_equal();
    let top: i64 = world.desks[0].run(|ctx| ctx.sql.find("select max(n) from kernel_entry", &[])?.unwrap().take(0)).unwrap();
    assert!(top < 20_000, "{top}");
}

#[test]
fn a_comparison_is_about_what_was_here_when_it_began() {
    let mut world = World::new(1);
    world.settle();
    (0..5).for_each(|_| world.edit(0));
    world.settle();
    let mut comparison = crate::log::Comparison::new(&world.space(0));
    world.edit(0);
    world.settle();
    let rows: Vec<Item> = world.log.rows.iter().map(|row| Item::Entry(row.bytes.clone())).collect();
    world.desks[0].run(|ctx| comparison.take(ctx, 1, &rows[..6])).unwrap();
    assert!(comparison.done() && comparison.report().iter().all(|check| check.ok));
}

#[test]
fn what_was_refused_is_discarded_undone_and_sent_again_although_it_builds_on_what_was_put_away() {
    let mut world = World::new(2);
    world.settle();
    (0..6).for_each(|at| world.edit(at % 2));
    world.settle();
    let before = world.heads(1);
    let muted = world.desks[1].store.device().unwrap().key.verifying_key().to_bytes();
    world.log.muted.push(muted);
    (0..3).for_each(|_| world.edit(1));
    world.settle();
    (0..3).for_each(|_| world.edit(0));
    world.settle();
    let refused = world.desks[1].run(|ctx| crate::log::refused(ctx.sql, the_space())).unwrap();
    assert_eq!(refused.len(), 3);
    let head = world.log.head();
    assert_eq!(world.desks[1].run(|ctx| crate::pack::seal(ctx, the_space(), 0, 1_000)).unwrap(), head);
    assert_eq!(world.desks[1].run(|ctx| crate::log::refused(ctx.sql, the_space())).unwrap().len(), 3);
    world.desks[1].run(|ctx| ctx.discard(&Nobody, the_space(), &refused[2].entry.id)).unwrap();
    world.log.muted.clear();
    world.desks[1].run(|ctx| ctx.retry(&Nobody, the_space(), &refused[0].entry.id)).unwrap();
    world.settle();
    assert_eq!(world.log.head(), head + 2);
    world.assert_equal();
    assert_ne!(world.heads(1), before);
    world.edit(1);
    assert!(world.desks[1].run(|ctx| ctx.step(DOC, crate::undo::Way::Undo)).unwrap().is_some());
    world.settle();
    world.assert_equal();
}
