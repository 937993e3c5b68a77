//! What must hold for any input. The fuzzer and the properties run the same functions; each panics when it does not hold.

use std::collections::{BTreeMap, BTreeSet};

use automerge::transaction::Transactable;
use automerge::{ChangeHash, Patch, ROOT};
use ed25519_dalek::SigningKey;
use minicbor::bytes::ByteVec;

use super::{Admission, Ask, Outcome, Row, Session};
use crate::doc::Edit;
use crate::entry::{Chain, Entry, Kind};
use crate::log::{Contexts, Item, Standing};
use crate::protocol::{Cursor, Push, SpaceState, ToClient, ToServer, VERSION, decode, encode};
use crate::store::testing::Desk;
use crate::{Ctx, PersonId, Result, Role, SpaceId, Timestamp, space};

/// The contexts of a store that has none.
pub struct Nobody;

impl Contexts for Nobody {
    fn merged(&self, _: &mut Ctx<'_>, _: &str, _: &[Patch]) -> Result<()> {
        Ok(())
    }
    fn rebuild(&self, _: &mut Ctx<'_>, _: &str) -> Result<()> {
        Ok(())
    }
    fn record(&self, _: &mut Ctx<'_>, _: &Entry, _: &Standing) -> Result<()> {
        Ok(())
    }
    fn digest(&self, _: &mut Ctx<'_>, _: SpaceId) -> Result<[u8; 32]> {
        Ok([0; 32])
    }
}

/// Choices that come from the input; zeros when it is used up.
struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound.max(1)
    }

    /// Mostly small, sometimes at the edges of what fits.
    fn number(&mut self) -> u64 {
        match self.byte() {
            255 => u64::MAX,
            254 => i64::MAX as u64,
            253 => i64::MAX as u64 + 1,
            small => u64::from(small % 24),
        }
    }

    fn bytes(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte()).min(self.0.len());
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }
}

/// Whatever is read as an entry is its only encoding, and shorter bytes are not an entry.
///
/// # Panics
/// When that does not hold.
pub fn entry(bytes: &[u8]) {
    let peeked = Entry::peek(bytes);
    let Ok(entry) = Entry::parse(bytes) else { return };
    assert_eq!(entry.bytes(), bytes);
    assert_eq!(peeked.expect("what is read whole is read without its signature"), entry);
    assert!(Entry::parse(&bytes[..bytes.len() - 1]).is_err());
    let _ = entry.change();
}

/// Whatever is read as a message is written as one that reads the same and is hardly longer.
///
/// # Panics
/// When that does not hold.
pub fn protocol(bytes: &[u8]) {
    if let Ok(message) = decode::<ToServer>(bytes) {
        let written = encode(&message);
        assert!(written.len() <= bytes.len() * 2 + 64, "a message grew from {} to {}", bytes.len(), written.len());
        assert_eq!(decode::<ToServer>(&written).expect("what was written is read"), message);
    }
    if let Ok(message) = decode::<ToClient>(bytes) {
        let written = encode(&message);
        assert!(written.len() <= bytes.len() * 2 + 64, "a message grew from {} to {}", bytes.len(), written.len());
        assert_eq!(decode::<ToClient>(&written).expect("what was written is read"), message);
    }
}

const SPACES: usize = 3;
/// More asks than this never wait: those at which the socket is left unread, and what one frame and one answer add.
const MOST_ASKS: usize = 512;

fn some_space(choices: &mut Choices<'_>) -> SpaceId {
    SpaceId::from_bytes([u8::try_from(choices.below(SPACES)).unwrap_or(0); 16])
}

fn some_state(choices: &mut Choices<'_>) -> SpaceState {
    let space = some_space(choices);
    SpaceState {
        space,
        role: Role::Editor,
        epoch: [1; 16],
        head: choices.number(),
        chain: Chain([choices.byte(); 32]),
        start: choices.number(),
        people: vec![],
    }
}

fn some_cursor(choices: &mut Choices<'_>) -> Cursor {
    let space = some_space(choices);
    Cursor { space, epoch: Some([choices.byte(); 16]), seq: choices.number(), chain: Chain([choices.byte(); 32]), marks: None }
}

fn some_push(choices: &mut Choices<'_>) -> Push {
    let space = some_space(choices);
    let entries = (0..choices.below(4)).map(|_| ByteVec::from(some_entry(choices, space))).collect();
    Push { space, entries }
}

/// A session does not look at signatures, so one key and few ids are enough.
fn some_entry(choices: &mut Choices<'_>, space: SpaceId) -> Vec<u8> {
    match choices.byte() % 8 {
        0 => choices.bytes().to_vec(),
        id => {
            Entry::sign(&SigningKey::from_bytes(&[1; 32]), space, Kind::Record, &[id; 16], "a.b", Timestamp::from_millis(1), vec![choices.byte() % 2])
                .bytes()
                .to_vec()
        }
    }
}

/// A session between arbitrary frames and a shell that answers arbitrarily, but only what was asked, and that leaves
/// the socket unread while the session is busy: it never asks for anything after `Close`, has at most one `Read` on
/// its way for each space, and its memory stays bounded.
///
/// # Panics
/// When that does not hold.
pub fn session(bytes: &[u8]) {
    let choices = &mut Choices(bytes);
    let mut session = Session::default();
    let mut asked: Vec<Ask> = Vec::new();
    let mut reading = BTreeSet::new();
    let mut closed = false;
    while !choices.0.is_empty() {
        match choices.byte() % 16 {
            0 if !session.busy() => session.frame(choices.bytes()),
            1 | 2 if !session.busy() => {
                let cursors = (0..choices.below(4)).map(|_| some_cursor(choices)).collect();
                let push = (0..choices.below(3)).map(|_| some_push(choices)).collect();
                session.frame(&encode(&ToServer::Hello { version: VERSION, token: String::new(), device: [0; 32], cursors, push }));
            }
            3 | 4 if !session.busy() => session.frame(&encode(&ToServer::Push(some_push(choices)))),
            5 if !session.busy() => session.frame(&encode(&ToServer::Subscribe(some_cursor(choices)))),
            6 if !session.busy() => session.frame(&encode(&ToServer::Unsubscribe(some_space(choices)))),
            7 if !session.busy() => {
                session.frame(&encode(&ToServer::Ephemeral { space: some_space(choices), body: choices.bytes().to_vec().into() }))
            }
            8 => session.moved(some_space(choices), choices.number(), Chain([choices.byte(); 32])),
            9 => match choices.below(8) {
                0 => session.closed(some_space(choices), "gone".into()),
                1 => session.end("going_away", "soon".into()),
                2 | 3 => session.space(some_state(choices)),
                _ => session.relayed(some_space(choices), PersonId::from_bytes([0; 16]), vec![0; 8]),
            },
            10 | 11 if !asked.is_empty() => {
                let ask = asked.remove(choices.below(asked.len()));
                answer(choices, &mut session, &mut reading, ask);
            }
            _ => {
                if let Some(ask) = session.poll() {
                    assert!(!closed, "{ask:?} was asked for after the connection was to be closed");
                    match &ask {
                        Ask::Close => closed = true,
                        Ask::Read { space, .. } => assert!(reading.insert(*space), "a second read of one space was asked for"),
                        Ask::Relay { body, .. } => assert!(body.len() <= 1024),
                        Ask::Append { entries, .. } => assert!(entries.len() <= crate::protocol::BATCH_COUNT),
                        _ => {}
                    }
                    if !matches!(ask, Ask::Close | Ask::Send(_) | Ask::Relay { .. } | Ask::Leave(_)) {
                        asked.push(ask);
                    }
                }
            }
        }
        assert!(session.queued() <= MOST_ASKS, "{} asks wait", session.queued());
        assert!(session.followed().count() <= SPACES);
    }
}

fn answer(choices: &mut Choices<'_>, session: &mut Session, reading: &mut BTreeSet<SpaceId>, ask: Ask) {
    match ask {
        Ask::Authenticate { .. } if choices.below(8) == 0 => session.rejected("unauthorized", "who?".into()),
        Ask::Authenticate { cursors, .. } => {
            let spaces = cursors.iter().map(|cursor| SpaceState { space: cursor.space, ..some_state(choices) }).collect();
            session.admitted(Admission { person: PersonId::from_bytes([0; 16]), spaces, closed: vec![(some_space(choices), "no".into())] });
        }
        Ask::Follow(cursor) if choices.below(4) == 0 => session.closed(cursor.space, "no".into()),
        Ask::Follow(cursor) => {
            let start = if choices.below(4) == 0 { choices.number() } else { cursor.seq };
            session.space(SpaceState { space: cursor.space, start, ..some_state(choices) });
        }
        Ask::Append { space, entries } => {
            let outcomes = entries.iter().map(|bytes| {
                let outcome = match choices.below(3) {
                    0 => Outcome::Accepted(choices.number()),
                    1 => Outcome::Known(choices.number()),
                    _ => Outcome::Refused { code: "forbidden".into(), reason: "no".into() },
                };
                (Entry::peek(bytes).map(|entry| entry.id).unwrap_or_default(), outcome)
            });
            session.appended(space, outcomes.collect());
        }
        Ask::Read { space, after } => {
            reading.remove(&space);
            let first = if choices.below(8) == 0 { choices.number() } else { after.saturating_add(1) };
            let rows = (0..choices.below(4) as u64).filter_map(|at| first.checked_add(at)).map(|seq| {
                let bytes = some_entry(choices, space);
                Row { seq, id: Entry::peek(&bytes).map(|entry| entry.id).unwrap_or_default(), bytes, chain: Chain([2; 32]) }
            });
            session.rows(space, rows.collect());
        }
        Ask::Send(_) | Ask::Relay { .. } | Ask::Leave(_) | Ask::Close => {}
    }
}

const DOC: &str = "doc_a";

fn the_space() -> SpaceId {
    SpaceId::from_bytes([9; 16])
}

/// A log that a device wrote: a document, two changes of it, and a record between them.
fn honest() -> &'static [Entry] {
    static LOG: std::sync::OnceLock<Vec<Entry>> = std::sync::OnceLock::new();
    LOG.get_or_init(write_log)
}

fn write_log() -> Vec<Entry> {
    let mut desk = Desk::new(7, &[]);
    let edit = Edit { doc: DOC, label: "edit".into(), element: None, at: None };
    desk.run(|ctx| {
        space::create(ctx.sql, the_space())?;
        ctx.create_doc(the_space(), DOC, |_| Ok(()))?;
        ctx.change(&edit, |tx| Ok(tx.put(ROOT, "a", 1)?))?;
        ctx.append_record(the_space(), "rooms.comment", b"a comment".to_vec())?;
        ctx.change(&edit, |tx| Ok(tx.put(ROOT, "b", "text")?))?;
        crate::log::outbox(ctx.sql, the_space(), 0, 100, 1 << 20)?.iter().map(|(_, bytes)| Entry::parse(bytes)).collect()
    })
    .expect("a device writes a log")
}

/// Every row of the store and the heads of its documents, as text.
fn dump(desk: &mut Desk) -> Vec<String> {
    desk.run(|ctx| {
        let mut all = Vec::new();
        for (table, columns) in [
            ("kernel_entry", "n, space, id, kind, subject, device, at, seq, bytes, refused_code, refused_en, refused_ru"),
            ("kernel_space", "space, server, role, seq, chain, epoch, head, head_chain, paused, proven_at, problem_en, problem_ru"),
            ("kernel_doc", "doc, space, snapshot, snapshot_n, base"),
            ("kernel_pack", "space, epoch, seq, chain, doc, record, done, total"),
            ("kernel_actor", "doc, actor, device"),
        ] {
            let quoted = columns.split(", ").map(|column| format!("quote({column})")).collect::<Vec<_>>().join(" || '|' || ");
            for mut row in ctx.sql.query(&format!("select {quoted} from {table} order by 1"), &[])? {
                all.push(row.take::<String>(0)?);
            }
        }
        for mut row in ctx.sql.query("select doc from kernel_doc order by doc", &[])? {
            let doc: String = row.take(0)?;
            let heads: std::result::Result<Vec<ChangeHash>, crate::Code> = ctx.doc(&doc).map(automerge::Automerge::get_heads).map_err(|error| error.code);
            all.push(format!("{doc} {heads:?}"));
        }
        Ok(all)
    })
    .expect("a store can be read")
}

/// A device that receives arbitrary entries: what it takes over is proven by `verify`; when it refuses, its store is
/// as before, and it still takes over what an honest server sends.
///
/// # Panics
/// When that does not hold.
pub fn receive(bytes: &[u8]) {
    let choices = &mut Choices(bytes);
    let honest = honest();
    let mut desk = Desk::new(8, &[]);
    let own: Vec<Entry> = desk
        .run(|ctx| {
            space::create(ctx.sql, the_space())?;
            // Both devices began the document, and this one also wrote a record.
            ctx.create_doc(the_space(), DOC, |_| Ok(()))?;
            ctx.append_record(the_space(), "rooms.comment", b"mine".to_vec())?;
            crate::log::outbox(ctx.sql, the_space(), 0, 100, 1 << 20)?.iter().map(|(_, bytes)| Entry::parse(bytes)).collect()
        })
        .expect("a device writes a log");
    let held: BTreeMap<&[u8], &Entry> = own.iter().map(|entry| (entry.id.as_slice(), entry)).collect();
    let mut next = 0;
    while !choices.0.is_empty() {
        let mut known = desk.run(|ctx| space::get(ctx.sql, the_space())).expect("the space is there");
        let mut proof = known.chain;
        let mut taken = next;
        let items: Vec<Item> = (0..1 + choices.below(4))
            .map(|_| {
                let item = some_item(choices, honest, &own, &mut taken);
                proof = proof.then(match &item {
                    Item::Entry(bytes) => bytes,
                    Item::Own(id) => held.get(id.as_slice()).map_or(&[], |entry| entry.bytes()),
                });
                item
            })
            .collect();
        let first = if choices.below(16) == 0 { choices.number() } else { known.seq + 1 };
        let chain = if choices.below(16) == 0 { Chain([choices.byte(); 32]) } else { proof };
        let before = dump(&mut desk);
        let result = desk.run(|ctx| {
            ctx.receive(&Nobody, &mut known, first, &items, chain)?;
            space::save(ctx.sql, &known)
        });
        match result {
            Err(_) => assert_eq!(dump(&mut desk), before, "a refusal left traces"),
            Ok(()) => {
                next = taken;
                let checks = desk.run(|ctx| crate::log::verify(ctx, &Nobody)).expect("a store can be verified");
                for check in checks {
                    assert!(check.ok, "{}: {}", check.name.en, check.detail.en);
                }
            }
        }
    }
    let mut known = desk.run(|ctx| space::get(ctx.sql, the_space())).expect("the space is there");
    let fresh = Entry::sign(
        &SigningKey::from_bytes(&[4; 32]),
        the_space(),
        Kind::Record,
        b"the last of all ",
        "rooms.comment",
        Timestamp::from_millis(9),
        b"last".to_vec(),
    );
    let (first, chain) = (known.seq + 1, known.chain.then(fresh.bytes()));
    desk.run(|ctx| ctx.receive(&Nobody, &mut known, first, &[Item::Entry(fresh.bytes().to_vec())], chain)).expect("an honest entry is taken over");
}

/// A device that receives an arbitrary pack: it is taken over and the log goes on from there, or the store is as before,
/// and what a cut pack has left is no hindrance to the log.
///
/// # Panics
/// When that does not hold.
pub fn pack(bytes: &[u8]) {
    let choices = &mut Choices(bytes);
    let honest = honest();
    let mut desk = Desk::new(8, &[]);
    desk.run(|ctx| space::create(ctx.sql, the_space())).expect("a device begins a space");
    let mut stream = Vec::new();
    for _ in 0..choices.below(8) {
        some_piece(choices, honest, &mut stream);
    }
    stream.extend_from_slice(choices.bytes());
    let mut reader = crate::pack::Reader::default();
    let mut unpacking = crate::pack::Unpacking::new(the_space());
    let mut whole = false;
    for part in stream.chunks(1 + choices.below(200)) {
        let before = dump(&mut desk);
        let taken = reader.take(part).and_then(|pieces| desk.run(|ctx| unpacking.take(ctx, &Nobody, pieces)));
        match taken {
            Ok(end) => whole |= end,
            Err(_) => {
                assert_eq!(dump(&mut desk), before, "a refusal left traces");
                break;
            }
        }
    }
    if !whole {
        desk.run(|ctx| crate::pack::leave(ctx, &Nobody, the_space())).expect("a pack can be left");
        let mut known = desk.run(|ctx| space::get(ctx.sql, the_space())).expect("the space is there");
        let chain = honest.iter().fold(known.chain, |chain, entry| chain.then(entry.bytes()));
        let items: Vec<Item> = honest.iter().map(|entry| Item::Entry(entry.bytes().to_vec())).collect();
        let received = desk.run(|ctx| {
            ctx.receive(&Nobody, &mut known, 1, &items, chain)?;
            space::save(ctx.sql, &known)
        });
        assert!(received.is_ok(), "the log brings what it always does: {received:?}");
    }
}

fn some_piece(choices: &mut Choices<'_>, honest: &[Entry], stream: &mut Vec<u8>) {
    use crate::pack::{Author, Piece, document, write};
    match choices.byte() % 6 {
        0 | 1 => {
            let seq = choices.below(5) as u64;
            let chain = honest.iter().take(seq as usize).fold(Chain::empty(the_space()), |chain, entry| chain.then(entry.bytes()));
            write(stream, &Piece::Begin { space: the_space(), epoch: [choices.byte(); 16], seq, chain, total: choices.number() });
        }
        2 | 3 => {
            let mut saved = automerge::Automerge::new();
            let changes = honest.iter().filter(|entry| entry.kind == Kind::Change).take(choices.below(4)).filter_map(|entry| entry.change().ok());
            let _ = saved.apply_changes(changes);
            let mut bytes = saved.save();
            if choices.below(4) == 0 {
                let at = choices.below(bytes.len());
                bytes[at] = choices.byte();
            }
            let authors = vec![Author { actor: choices.bytes().to_vec().into(), device: [choices.byte(); 32] }];
            let doc = if choices.below(4) == 0 { "doc_b" } else { DOC };
            document(doc, &bytes, authors).iter().for_each(|piece| write(stream, piece));
        }
        4 => {
            let entry = &honest[choices.below(honest.len())];
            write(stream, &Piece::Record { seq: choices.below(6) as u64, entry: entry.bytes().to_vec().into() });
        }
        _ => write(stream, &Piece::End),
    }
}

fn some_item(choices: &mut Choices<'_>, honest: &[Entry], own: &[Entry], next: &mut usize) -> Item {
    let key = SigningKey::from_bytes(&[3; 32]);
    match choices.byte() % 12 {
        // The next entry of an honest log.
        0..=3 => {
            let entry = &honest[*next % honest.len()];
            *next += 1;
            Item::Entry(entry.bytes().to_vec())
        }
        4 => Item::Entry(honest[choices.below(honest.len())].bytes().to_vec()),
        5 => Item::Own(own[choices.below(own.len())].id.clone()),
        6 => Item::Own(choices.bytes().to_vec()),
        7 => Item::Entry(choices.bytes().to_vec()),
        // A change whose bytes, and with them checksum and hash, are another.
        8 | 9 => {
            let entry = &honest[[0, 1, 3][choices.below(3)]];
            let mut payload = entry.payload.clone();
            for _ in 0..choices.below(4) {
                let at = 12 + choices.below(payload.len().saturating_sub(12));
                if let Some(byte) = payload.get_mut(at) {
                    *byte = choices.byte();
                }
            }
            let hash = seal(&mut payload);
            let doc = if choices.below(4) == 0 { "doc_b" } else { DOC };
            Item::Entry(Entry::sign(&key, the_space(), Kind::Change, &hash, doc, Timestamp::from_millis(5), payload).bytes().to_vec())
        }
        // A chunk of the input's own making.
        10 => {
            let mut payload = vec![0x85, 0x6f, 0x4a, 0x83, 0, 0, 0, 0];
            payload.push(if choices.below(4) == 0 { choices.byte() } else { 1 });
            let body = choices.bytes();
            if body.len() < 128 {
                payload.push(body.len() as u8);
            } else {
                payload.extend([body.len() as u8 | 0x80, 1]);
            }
            payload.extend(body);
            let hash = seal(&mut payload);
            Item::Entry(Entry::sign(&key, the_space(), Kind::Change, &hash, DOC, Timestamp::from_millis(5), payload).bytes().to_vec())
        }
        // A record, perhaps under an id that is taken.
        _ => {
            let id = if choices.below(2) == 0 { own[1].id.clone() } else { vec![choices.byte(); 16] };
            let space = if choices.below(8) == 0 { SpaceId::from_bytes([1; 16]) } else { the_space() };
            Item::Entry(Entry::sign(&key, space, Kind::Record, &id, "a.b", Timestamp::from_millis(5), choices.bytes().to_vec()).bytes().to_vec())
        }
    }
}

/// Gives a chunk the checksum of its content (Automerge binary format, "Chunk header"); answers its hash.
fn seal(chunk: &mut [u8]) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    let Some(content) = chunk.get(8..) else { return [0; 32] };
    let hash: [u8; 32] = Sha256::digest(content).into();
    chunk[4..8].copy_from_slice(&hash[..4]);
    hash
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Among them is whatever the fuzzer has found.
    #[test]
    fn the_fuzzers_corpus() {
        for (target, harness) in
            [("entry", super::entry as fn(&[u8])), ("protocol", super::protocol), ("session", super::session), ("receive", super::receive), ("pack", super::pack)]
        {
            for seed in std::fs::read_dir(format!("{}/../../fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"))).unwrap() {
                harness(&std::fs::read(seed.unwrap().path()).unwrap());
            }
        }
    }

    /// A well-formed change that Automerge can't apply after these entries.
    fn unreadable(before: &[Entry], model: &Entry) -> Entry {
        let document = || {
            let mut document = automerge::Automerge::new();
            document.apply_changes(before.iter().filter(|entry| entry.kind == Kind::Change).map(|entry| entry.change().unwrap())).unwrap();
            document
        };
        for at in 12..model.payload.len() {
            for byte in 0..=255_u8 {
                let mut payload = model.payload.clone();
                payload[at] = byte;
                let hash = seal(&mut payload);
                let entry = Entry::sign(&SigningKey::from_bytes(&[3; 32]), the_space(), Kind::Change, &hash, DOC, Timestamp::from_millis(5), payload);
                let Ok(change) = entry.change() else { continue };
                let mut document = document();
                let applied = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| document.apply_changes([change])));
                if !matches!(applied, Ok(Ok(()))) {
                    return entry;
                }
            }
        }
        panic!("every change can be applied; then there is nothing to leave out");
    }

    #[test]
    fn a_change_that_can_not_be_applied_is_left_out_and_stops_nobody() {
        let honest = honest();
        let bad = unreadable(&honest[..2], &honest[3]);
        let mut desk = Desk::new(8, &[]);
        let log = [&honest[..2], std::slice::from_ref(&bad), &honest[2..]].concat();
        desk.run(|ctx| space::create(ctx.sql, the_space())).unwrap();
        for (entries, first) in [(&log[..4], 1), (&log[4..], 5)] {
            desk.run(|ctx| {
                let mut known = space::get(ctx.sql, the_space())?;
                let items: Vec<Item> = entries.iter().map(|entry| Item::Entry(entry.bytes().to_vec())).collect();
                let chain = entries.iter().fold(known.chain, |chain, entry| chain.then(entry.bytes()));
                ctx.receive(&Nobody, &mut known, first, &items, chain)?;
                space::save(ctx.sql, &known)
            })
            .unwrap();
        }
        let heads = |desk: &mut Desk| desk.run(|ctx| Ok(ctx.doc(DOC)?.get_heads())).unwrap();
        assert_eq!(heads(&mut desk), [ChangeHash(honest[3].id.clone().try_into().unwrap())]);
        let checks = desk.run(|ctx| crate::log::verify(ctx, &Nobody)).unwrap();
        assert!(checks.iter().all(|check| check.ok));
        let left_out: u64 = desk.run(|ctx| Ok(crate::log::parts(ctx.sql, the_space())?.iter().map(|part| part.unreadable).sum())).unwrap();
        assert_eq!(left_out, 1);
        // Nor when it is put away.
        desk.run(|ctx| crate::pack::seal(ctx, the_space(), 0, 100)).unwrap();
        assert_eq!(heads(&mut desk), [ChangeHash(honest[3].id.clone().try_into().unwrap())]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_as_an_entry(bytes: Vec<u8>) {
            super::entry(&bytes);
        }

        #[test]
        fn any_bytes_as_a_message(bytes: Vec<u8>) {
            super::protocol(&bytes);
        }

        #[test]
        fn any_frames_and_answers_in_a_session(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            super::session(&bytes);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn any_pack_taken(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            super::pack(&bytes);
        }

        #[test]
        fn any_entries_received(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            super::receive(&bytes);
        }
    }
}
