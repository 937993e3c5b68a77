//! Packs: a space at a place of its log, put together by document, so that a new device need not replay what led there.
//! `docs/protocol.md` describes them for other implementations.

use std::collections::BTreeMap;

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::entry::{Chain, DeviceKey, Entry, Kind, MAX_ENTRY};
use crate::log::{Contexts, Standing};
use crate::protocol::Epoch;
use crate::space::Space;
use crate::{Ctx, Error, Result, SpaceId, Sql, values};

/// The most bytes of a document in one piece.
pub const PART: usize = 1024 * 1024;
/// The largest document that is taken over, as it is saved.
pub const MAX_DOCUMENT: usize = 512 * 1024 * 1024;
/// The largest piece as it is encoded.
const MAX_PIECE: usize = MAX_ENTRY + 64 * 1024;
/// The most authors that one piece names.
const AUTHORS: usize = 1_000;

/// Whose an Automerge actor is.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Author {
    /// The actor.
    #[n(0)]
    pub actor: ByteVec,
    /// The device that signs what it makes.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub device: DeviceKey,
}

/// A piece of a pack, in the order in which they come.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Piece {
    /// The first: the place that the pack brings a device to.
    #[n(0)]
    Begin {
        /// The log.
        #[n(0)]
        space: SpaceId,
        /// Which life of it.
        #[cbor(n(1), with = "minicbor::bytes")]
        epoch: Epoch,
        /// The last entry that the pack holds.
        #[n(2)]
        seq: u64,
        /// The proof up to it.
        #[n(3)]
        chain: Chain,
        /// How many documents and records are still to come.
        #[n(4)]
        total: u64,
    },
    /// A part of a document, in the order of their ids.
    #[n(1)]
    Part {
        /// Its id.
        #[n(0)]
        doc: String,
        /// Whether the document is whole with it.
        #[n(1)]
        last: bool,
        /// At most [`PART`] bytes of it as Automerge saves it.
        #[n(2)]
        bytes: ByteVec,
        /// Some of its authors.
        #[n(3)]
        authors: Vec<Author>,
    },
    /// A record at its place of the log, in their order.
    #[n(2)]
    Record {
        /// Its place.
        #[n(0)]
        seq: u64,
        /// The entry.
        #[n(1)]
        entry: ByteVec,
    },
    /// The last: the pack is whole.
    #[n(3)]
    End,
}

/// A document as pieces.
pub fn document(doc: &str, bytes: &[u8], authors: Vec<Author>) -> Vec<Piece> {
    let mut authors = authors.chunks(AUTHORS);
    let mut parts = bytes.chunks(PART);
    let mut pieces = Vec::new();
    loop {
        let (part, some) = (parts.next(), authors.next());
        let last = parts.len() == 0 && authors.len() == 0;
        pieces.push(Piece::Part {
            doc: doc.to_owned(),
            last,
            bytes: part.unwrap_or_default().to_vec().into(),
            authors: some.unwrap_or_default().to_vec(),
        });
        if last {
            return pieces;
        }
    }
}

/// Adds a piece to a stream: its length in four bytes, the most significant first, then its CBOR.
pub fn write(stream: &mut Vec<u8>, piece: &Piece) {
    let bytes = crate::protocol::encode(piece);
    stream.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    stream.extend_from_slice(&bytes);
}

/// Cuts a stream of bytes, however it arrives, into pieces.
#[derive(Default)]
pub struct Reader {
    held: Vec<u8>,
}

impl Reader {
    /// Takes bytes; answers the pieces that are whole with them.
    ///
    /// # Errors
    /// `Invalid` when they are no pack; nothing that follows can be read then.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Vec<Piece>> {
        self.held.extend_from_slice(bytes);
        let mut pieces = Vec::new();
        let mut at = 0;
        while let Some((length, rest)) = self.held[at..].split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*length) as usize;
            if length > MAX_PIECE {
                return Err(unreadable().because("a piece is too long"));
            }
            let Some(piece) = rest.get(..length) else { break };
            pieces.push(crate::protocol::decode(piece)?);
            at += 4 + length;
        }
        self.held.drain(..at);
        Ok(pieces)
    }
}

fn unreadable() -> Error {
    Error::damaged(("The server's copy of the project can't be read. It is fetched again with the next connection.", "Копия проекта с сервера не читается. При следующем подключении она будет получена заново."))
}

/// A pack that is being taken over. What is whole is in the store, so another [`Unpacking`] can go on from there.
pub struct Unpacking {
    space: SpaceId,
    /// The document whose parts arrive.
    doc: Option<(String, Vec<u8>, Vec<Author>)>,
}

/// How much of a pack is here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Documents and records.
    pub done: u64,
    /// Of so many.
    pub total: u64,
}

/// Where a pack is to go on: after this document, and after this record.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// In this life of the log; in another one from the beginning.
    pub epoch: Option<Epoch>,
    /// The last whole document.
    pub doc: Option<String>,
    /// The place of the last record.
    pub record: u64,
}

/// Whether a space is to be taken from a pack, and from where on: when nothing of its log is here.
///
/// # Errors
/// `NotFound` when this device does not hold the space.
pub fn wanted(sql: &mut dyn Sql, space: SpaceId) -> Result<Option<Place>> {
    if let Some(mut row) = sql.find("select epoch, doc, record from kernel_pack where space = $1", values![space])? {
        return Ok(Some(Place { epoch: row.take(0)?, doc: row.take(1)?, record: row.take(2)? }));
    }
    let known = crate::space::get(sql, space)?;
    let empty = known.seq == 0 && sql.find("select 1 from kernel_entry where space = $1 limit 1", values![space])?.is_none();
    Ok(empty.then(Place::default))
}

/// Goes on with the log instead of the pack. What the pack has brought goes, for only the log proves it; what was written
/// here meanwhile stays.
///
/// # Errors
/// Those of the store.
pub fn leave(ctx: &mut Ctx<'_>, contexts: &dyn Contexts, space: SpaceId) -> Result<()> {
    if progress(ctx.sql, space)?.is_some() { forget(ctx, contexts, space) } else { Ok(()) }
}

/// How much of a space's pack is here; none when none is under way.
///
/// # Errors
/// Those of the store.
pub fn progress(sql: &mut dyn Sql, space: SpaceId) -> Result<Option<Progress>> {
    sql.find("select done, total from kernel_pack where space = $1", values![space])?.map(|mut row| Ok(Progress { done: row.take(0)?, total: row.take(1)? })).transpose()
}

impl Unpacking {
    /// Begins, or goes on, with the pack of a space.
    #[must_use]
    pub fn new(space: SpaceId) -> Self {
        Self { space, doc: None }
    }

    /// Takes pieces over, in one transaction of the caller's; answers whether the pack is whole, and the space at its
    /// place. When this fails the pack is fetched again from what [`wanted`] answers.
    ///
    /// # Errors
    /// `Damaged` when the pieces make no pack of this space; those of the store.
    pub fn take(&mut self, ctx: &mut Ctx<'_>, contexts: &dyn Contexts, pieces: Vec<Piece>) -> Result<bool> {
        let mut whole = false;
        for piece in pieces {
            if whole {
                return Err(unreadable().because("a piece after the end"));
            }
            match piece {
                Piece::Begin { space, epoch, seq, chain, total } => self.begin(ctx, contexts, space, &epoch, (seq, chain), total)?,
                Piece::Part { doc, last, bytes, authors } => self.part(ctx, contexts, doc, last, &bytes, authors)?,
                Piece::Record { seq, entry } => self.record(ctx, contexts, seq, &entry)?,
                Piece::End => {
                    self.end(ctx)?;
                    whole = true;
                }
            }
        }
        Ok(whole)
    }

    fn begin(&mut self, ctx: &mut Ctx<'_>, contexts: &dyn Contexts, space: SpaceId, epoch: &Epoch, (seq, chain): (u64, Chain), total: u64) -> Result<()> {
        if space != self.space || wanted(ctx.sql, space)?.is_none() {
            return Err(unreadable().because("a pack of another space, or a second one"));
        }
        let held: Option<(Epoch, u64)> = ctx.sql.find("select epoch, seq from kernel_pack where space = $1", values![space])?.map(|mut row| Ok::<_, Error>((row.take(0)?, row.take(1)?))).transpose()?;
        match held {
            // The server began another log meanwhile, and sends all of it: what came of the old one is no part of it.
            Some((held, _)) if held != *epoch => forget(ctx, contexts, space)?,
            // It was restored from an older copy: these documents would lack what the first ones hold.
            Some((_, held)) if held > seq => return Err(unreadable().because("a pack that ends before it began")),
            _ => {}
        }
        // A pack that goes on may end later than it began. Its first documents are only as new as its first end.
        ctx.sql.execute(
            "insert into kernel_pack (space, epoch, seq, chain, total) values ($1, $2, $3, $4, $5) on conflict (space) do update set total = done + $5",
            values![space, epoch, seq, chain.0, total],
        )?;
        Ok(())
    }

    fn part(&mut self, ctx: &mut Ctx<'_>, contexts: &dyn Contexts, doc: String, last: bool, bytes: &[u8], authors: Vec<Author>) -> Result<()> {
        let (held, mut parts, mut known) = self.doc.take().unwrap_or_else(|| (doc.clone(), Vec::new(), Vec::new()));
        if held != doc || doc.is_empty() || doc.len() > 64 || parts.len() + bytes.len() > MAX_DOCUMENT {
            return Err(unreadable().because("the parts of a document do not follow each other"));
        }
        parts.extend_from_slice(bytes);
        known.extend(authors);
        if !last {
            self.doc = Some((held, parts, known));
            return Ok(());
        }
        if contexts.belongs(self.space, &doc) {
            ctx.sql.execute("insert into kernel_doc (doc, space, base) values ($1, $2, $3) on conflict (doc) do update set base = $3, snapshot = null, snapshot_n = 0", values![&doc, self.space, &parts])?;
            if ctx.space_of(&doc)? != self.space {
                return Err(unreadable().because("a document that belongs to another project"));
            }
            for author in known {
                ctx.sql.execute(
                    "insert into kernel_actor (doc, actor, device) values ($1, $2, $3) on conflict (doc, actor) do nothing",
                    values![&doc, author.actor.as_slice(), author.device],
                )?;
            }
            ctx.docs.forget(&doc);
            // Opened also where no context looks into it: one that can't be read would stop the log later.
            ctx.doc(&doc)?;
            contexts.rebuild(ctx, &doc)?;
            ctx.emit("sync", "EntriesReceived", self.space.to_string());
        }
        self.step(ctx, "doc = $2", values![self.space, &doc])
    }

    fn record(&mut self, ctx: &mut Ctx<'_>, contexts: &dyn Contexts, seq: u64, bytes: &[u8]) -> Result<()> {
        let entry = Entry::parse(bytes)?;
        if entry.space != self.space || entry.kind != Kind::Record {
            return Err(unreadable().because("a record of another space"));
        }
        let mut row = ctx.sql.find("select seq, record from kernel_pack where space = $1", values![self.space])?.ok_or_else(|| unreadable().because("no beginning"))?;
        let (end, before): (u64, u64) = (row.take(0)?, row.take(1)?);
        if seq <= before {
            return Err(unreadable().because("records out of order"));
        }
        // What is newer than the pack's first end comes with the log.
        if seq <= end {
            if crate::log::find(ctx.sql, self.space, &entry.id)?.is_some() {
                return Err(unreadable().because("a record that is here already"));
            }
            crate::log::insert(ctx.sql, &entry, Some(seq))?;
            contexts.record(ctx, &entry, &Standing::Ordered(seq))?;
        }
        self.step(ctx, "record = $2", values![self.space, seq])
    }

    fn step(&self, ctx: &mut Ctx<'_>, what: &str, values: &[crate::sql::Value]) -> Result<()> {
        match ctx.sql.execute(&format!("update kernel_pack set {what}, done = done + 1 where space = $1"), values)? {
            0 => Err(unreadable().because("no beginning")),
            _ => Ok(()),
        }
    }

    fn end(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let mut row = ctx.sql.find("select epoch, seq, chain from kernel_pack where space = $1", values![self.space])?.ok_or_else(|| unreadable().because("no beginning"))?;
        if self.doc.is_some() {
            return Err(unreadable().because("the end in the middle of a document"));
        }
        let known = crate::space::get(ctx.sql, self.space)?;
        let (epoch, seq, chain) = (row.take(0)?, row.take(1)?, Chain(row.take(2)?));
        let known = Space { epoch: Some(epoch), seq, chain, base: (seq, chain), ..known };
        crate::space::save(ctx.sql, &known)?;
        crate::space::mark(ctx.sql, &known)?;
        ctx.sql.execute("delete from kernel_pack where space = $1", values![self.space])?;
        ctx.emit("sync", "SpaceChanged", self.space.to_string());
        Ok(())
    }
}

/// Puts away the oldest entries of changes that the server has ordered, at most so many at once, and keeps the newest
/// `keep` of the log: what they made stays in the documents, in a hundredth of the room. Their signatures were checked
/// when they came; the server still has them. Answers up to which entry the log is put away.
///
/// # Errors
/// `Damaged` when an entry is missing or is not what its device has signed; those of the store.
pub fn seal(ctx: &mut Ctx<'_>, space: SpaceId, keep: u64, most: u64) -> Result<u64> {
    let known = crate::space::get(ctx.sql, space)?;
    let (base, mut chain) = known.base;
    let end = known.seq.saturating_sub(keep).min(base.saturating_add(most));
    if end <= base || wanted(ctx.sql, space)?.is_some() {
        return Ok(base);
    }
    let mut documents: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    let mut next = base;
    for mut row in ctx.sql.query("select seq, bytes, unreadable from kernel_entry where space = $1 and seq > $2 and seq <= $3 order by seq", values![space, base, end])? {
        let (seq, bytes, unreadable): (u64, Vec<u8>, bool) = (row.take(0)?, row.take(1)?, row.take(2)?);
        next += 1;
        if seq != next {
            break;
        }
        chain = chain.then(&bytes);
        // Looked at once more, for this is the last time that they can be.
        let entry = Entry::parse(&bytes).map_err(|source| damaged().because(source))?;
        if entry.kind == Kind::Change && !unreadable {
            documents.entry(entry.subject.clone()).or_default().push(entry);
        }
    }
    if next != end {
        return Err(damaged().because("an entry is missing"));
    }
    for (doc, entries) in documents {
        seal_document(ctx, space, &doc, &entries)?;
    }
    ctx.sql.execute("delete from kernel_entry where space = $1 and kind = 1 and seq > $2 and seq <= $3", values![space, base, end])?;
    crate::space::save(ctx.sql, &Space { base: (end, chain), ..known })?;
    Ok(end)
}

fn damaged() -> Error {
    Error::damaged(("The log on this device is damaged. Run `scantling verify`.", "Журнал на этом устройстве повреждён. Запустите `scantling verify`."))
}

fn seal_document(ctx: &mut Ctx<'_>, space: SpaceId, doc: &str, entries: &[Entry]) -> Result<()> {
    let Some(mut row) = ctx.sql.find("select base from kernel_doc where doc = $1 and space = $2", values![doc, space])? else { return Ok(()) };
    let unreadable = |source: automerge::AutomergeError| unreadable().because(source);
    let mut document = match row.take::<Option<Vec<u8>>>(0)? {
        Some(bytes) => automerge::Automerge::load(&bytes).map_err(unreadable)?,
        None => automerge::Automerge::new(),
    };
    let changes: Vec<automerge::Change> = entries.iter().map(Entry::change).collect::<Result<_>>()?;
    for (entry, change) in entries.iter().zip(&changes) {
        ctx.sql.execute(
            "insert into kernel_actor (doc, actor, device) values ($1, $2, $3) on conflict (doc, actor) do nothing",
            values![doc, change.actor_id().to_bytes(), entry.device],
        )?;
    }
    document.apply_changes(changes).map_err(unreadable)?;
    // Changes among the newer entries may be in the snapshot already; it goes, or there would be two copies of the document.
    ctx.sql.execute("update kernel_doc set base = $2, snapshot = null, snapshot_n = 0 where doc = $1", values![doc, document.save()])?;
    Ok(())
}

/// Forgets what a pack has brought. What was written here since then waits on: the server says what becomes of it.
fn forget(ctx: &mut Ctx<'_>, contexts: &dyn Contexts, space: SpaceId) -> Result<()> {
    let brought = ctx.sql.query("select bytes from kernel_entry where space = $1 and seq is not null", values![space])?;
    ctx.sql.execute("delete from kernel_entry where space = $1 and seq is not null", values![space])?;
    for mut row in brought {
        contexts.record(ctx, &Entry::trusted(&row.take::<Vec<u8>>(0)?)?, &Standing::Discarded)?;
    }
    ctx.sql.execute("delete from kernel_pack where space = $1", values![space])?;
    ctx.sql.execute("delete from kernel_actor where doc in (select doc from kernel_doc where space = $1)", values![space])?;
    ctx.sql.execute("update kernel_doc set base = null, snapshot = null, snapshot_n = 0 where space = $1", values![space])?;
    for mut row in ctx.sql.query("select doc from kernel_doc where space = $1", values![space])? {
        let doc: String = row.take(0)?;
        ctx.docs.forget(&doc);
        contexts.rebuild(ctx, &doc)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use automerge::ROOT;
    use automerge::transaction::Transactable;
    use proptest::prelude::*;

    use super::*;
    use crate::doc::Edit;
    use crate::log::{Item, outbox, verify};
    use crate::space;
    use crate::store::testing::Desk;
    use crate::sync::harness::Nobody;

    fn the_space() -> SpaceId {
        SpaceId::from_bytes([9; 16])
    }

    fn edit(doc: &str) -> Edit<'_> {
        Edit { doc, label: "edit".into(), element: None, at: None }
    }

    /// A device that wrote documents and records, its log, and the documents as they were after its entry `end`.
    fn author(end: usize) -> (Desk, Vec<Entry>, Vec<Piece>) {
        let mut desk = Desk::new(1, &[]);
        let entries: Vec<Entry> = desk
            .run(|ctx| {
                space::create(ctx.sql, the_space())?;
                for doc in ["doc_a", "doc_b", "doc_c"] {
                    ctx.create_doc(the_space(), doc, |_| Ok(()))?;
                }
                for number in 0..20_i64 {
                    let doc = ["doc_a", "doc_b", "doc_c"][number as usize % 3];
                    ctx.change(&edit(doc), |tx| Ok(tx.put(ROOT, format!("key {}", number / 2), number)?))?;
                    if number % 4 == 0 {
                        ctx.append_record(the_space(), "rooms.comment", vec![1; 10])?;
                    }
                }
                outbox(ctx.sql, the_space(), 0, 1_000, 1 << 20)?.iter().map(|(_, bytes)| Entry::parse(bytes)).collect()
            })
            .unwrap();
        let chain = entries[..end].iter().fold(Chain::empty(the_space()), |chain, entry| chain.then(entry.bytes()));
        let docs: BTreeSet<&str> = entries[..end].iter().filter(|entry| entry.kind == Kind::Change).map(|entry| entry.subject.as_str()).collect();
        let records: Vec<(u64, &Entry)> = (1..).zip(&entries[..end]).filter(|(_, entry)| entry.kind == Kind::Record).collect();
        let mut pieces = vec![Piece::Begin { space: the_space(), epoch: [5; 16], seq: end as u64, chain, total: (docs.len() + records.len()) as u64 }];
        for doc in docs {
            let mut saved = automerge::Automerge::new();
            let mut authors = BTreeSet::new();
            for entry in entries[..end].iter().filter(|entry| entry.subject == doc) {
                let change = entry.change().unwrap();
                authors.insert((change.actor_id().to_bytes().to_vec(), entry.device));
                saved.apply_changes([change]).unwrap();
            }
            let authors = authors.into_iter().map(|(actor, device)| Author { actor: actor.into(), device }).collect();
            pieces.extend(document(doc, &saved.save(), authors));
        }
        pieces.extend(records.into_iter().map(|(seq, entry)| Piece::Record { seq, entry: entry.bytes().to_vec().into() }));
        pieces.push(Piece::End);
        (desk, entries, pieces)
    }

    fn stranger() -> Desk {
        let mut desk = Desk::new(2, &[]);
        desk.run(|ctx| space::create(ctx.sql, the_space())).unwrap();
        desk
    }

    fn heads(desk: &mut Desk) -> Vec<Vec<automerge::ChangeHash>> {
        desk.run(|ctx| ["doc_a", "doc_b", "doc_c"].iter().map(|doc| Ok(ctx.doc(doc)?.get_heads())).collect()).unwrap()
    }

    /// The pieces that a server sends to a device that stands at a place.
    fn from(pieces: &[Piece], place: &Place) -> Vec<Piece> {
        let after = |piece: &&Piece| match piece {
            Piece::Part { doc, .. } => place.doc.as_ref().is_none_or(|held| doc > held),
            Piece::Record { seq, .. } => *seq > place.record,
            _ => true,
        };
        pieces.iter().filter(after).cloned().collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn however_a_pack_arrives_the_device_is_where_the_log_is(end in 3_usize..28, cuts in proptest::collection::vec(0_usize..4_000, 0..4), chunk in 1_usize..900) {
            let (mut ada, entries, pieces) = author(end);
            let mut ben = stranger();
            // The line is cut some times; each fetch goes on from what the one before it left.
            for cut in cuts.iter().map(|cut| Some(*cut)).chain([None]) {
                let place = ben.run(|ctx| wanted(ctx.sql, the_space())).unwrap();
                let Some(place) = place else { break };
                let mut stream = Vec::new();
                from(&pieces, &place).iter().for_each(|piece| write(&mut stream, piece));
                let (mut reader, mut unpacking) = (Reader::default(), Unpacking::new(the_space()));
                let arrived = &stream[..cut.unwrap_or(usize::MAX).min(stream.len())];
                for bytes in arrived.chunks(chunk) {
                    let some = reader.take(bytes).unwrap();
                    ben.run(|ctx| unpacking.take(ctx, &Nobody, some)).unwrap();
                }
            }
            prop_assert_eq!(ben.run(|ctx| wanted(ctx.sql, the_space())).unwrap(), None);
            // The rest comes as the log, and both are equal.
            let mut known = ben.run(|ctx| space::get(ctx.sql, the_space())).unwrap();
            prop_assert_eq!(known.seq, end as u64);
            let rest: Vec<Item> = entries[end..].iter().map(|entry| Item::Entry(entry.bytes().to_vec())).collect();
            let chain = entries.iter().fold(Chain::empty(the_space()), |chain, entry| chain.then(entry.bytes()));
            ben.run(|ctx| {
                ctx.receive(&Nobody, &mut known, end as u64 + 1, &rest, chain)?;
                space::save(ctx.sql, &known)
            }).unwrap();
            prop_assert_eq!(heads(&mut ada), heads(&mut ben));
            let checks = ben.run(|ctx| verify(ctx, &Nobody)).unwrap();
            prop_assert!(checks.iter().all(|check| check.ok), "{:?}", checks.iter().map(|check| &check.detail.en).collect::<Vec<_>>());
            prop_assert_eq!(heads(&mut ada), heads(&mut ben), "and after the proof");
            // The device writes on where others stopped.
            ben.run(|ctx| ctx.change(&edit("doc_a"), |tx| Ok(tx.put(ROOT, "after", 1)?))).unwrap();
            prop_assert_eq!(ben.run(|ctx| outbox(ctx.sql, the_space(), 0, 10, 1 << 20)).unwrap().len(), 1);
        }

        #[test]
        fn a_broken_pack_is_refused_and_the_log_still_brings_everything(end in 3_usize..28, at in 0_usize..3_000, byte: u8) {
            let (mut ada, entries, pieces) = author(end);
            let mut ben = stranger();
            let mut stream = Vec::new();
            pieces.iter().for_each(|piece| write(&mut stream, piece));
            let at = at % stream.len();
            stream[at] = byte;
            let mut reader = Reader::default();
            let mut unpacking = Unpacking::new(the_space());
            let taken = reader.take(&stream).and_then(|pieces| ben.run(|ctx| unpacking.take(ctx, &Nobody, pieces)));
            if taken.is_err() {
                ben.run(|ctx| leave(ctx, &Nobody, the_space())).unwrap();
                let mut known = ben.run(|ctx| space::get(ctx.sql, the_space())).unwrap();
                prop_assert_eq!(known.seq, 0);
                let all: Vec<Item> = entries.iter().map(|entry| Item::Entry(entry.bytes().to_vec())).collect();
                let chain = entries.iter().fold(Chain::empty(the_space()), |chain, entry| chain.then(entry.bytes()));
                ben.run(|ctx| ctx.receive(&Nobody, &mut known, 1, &all, chain)).unwrap();
                prop_assert_eq!(heads(&mut ada), heads(&mut ben));
            }
        }
    }

    /// A device that has taken the pack but for its end.
    fn halfway(pieces: &[Piece]) -> Desk {
        let mut ben = stranger();
        let begun = pieces[..pieces.len() - 1].to_vec();
        ben.run(|ctx| Unpacking::new(the_space()).take(ctx, &Nobody, begun)).unwrap();
        ben
    }

    #[test]
    fn a_pack_is_whole_or_left_before_its_log_is_followed_and_leaving_keeps_nothing_but_the_own() {
        let (mut ada, entries, pieces) = author(20);
        let mut ben = halfway(&pieces);
        let cursors = |ben: &mut Desk| {
            let hello = ben.run(|ctx| {
                ctx.sql.execute("update kernel_space set server = 'https://sync.test'", &[])?;
                crate::sync::Client::new("https://sync.test").hello(ctx, "token")
            });
            let crate::protocol::ToServer::Hello { cursors, .. } = hello.unwrap() else { panic!("no hello") };
            cursors.len()
        };
        assert_eq!(cursors(&mut ben), 0);
        ben.run(|ctx| ctx.change(&edit("doc_a"), |tx| Ok(tx.put(ROOT, "mine", 1)?))).unwrap();
        ben.run(|ctx| leave(ctx, &Nobody, the_space())).unwrap();
        assert!(heads(&mut ben).iter().all(Vec::is_empty));
        assert_eq!(cursors(&mut ben), 1);
        let follow = |desk: &mut Desk| {
            desk.run(|ctx| {
                let mut known = space::get(ctx.sql, the_space())?;
                let items: Vec<Item> = entries.iter().map(|entry| Item::Entry(entry.bytes().to_vec())).collect();
                let chain = entries.iter().fold(known.chain, |chain, entry| chain.then(entry.bytes()));
                ctx.receive(&Nobody, &mut known, 1, &items, chain)
            })
        };
        follow(&mut ben).unwrap();
        let (ada, ben) = (heads(&mut ada), heads(&mut ben));
        assert_eq!(ada[1..], ben[1..]);
        assert_ne!(ada[0], ben[0], "what was written meanwhile is there");
    }

    #[test]
    fn a_document_that_can_not_be_read_refuses_its_pack() {
        let (_, _, mut pieces) = author(20);
        let Piece::Part { bytes, .. } = &mut pieces[1] else { panic!("the first document is missing") };
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        assert_eq!(stranger().run(|ctx| Unpacking::new(the_space()).take(ctx, &Nobody, pieces)).unwrap_err().code, crate::Code::Damaged);
    }

    #[test]
    fn a_pack_that_goes_on_from_an_older_copy_of_the_server_is_refused() {
        let (_, _, pieces) = author(20);
        let mut ben = halfway(&pieces);
        let (_, _, older) = author(15);
        let place = ben.run(|ctx| wanted(ctx.sql, the_space())).unwrap().unwrap();
        assert!(ben.run(|ctx| Unpacking::new(the_space()).take(ctx, &Nobody, from(&older, &place))).is_err());
    }

    #[test]
    fn a_pack_under_way_is_no_damage() {
        let (_, _, pieces) = author(20);
        let checks = halfway(&pieces).run(|ctx| verify(ctx, &Nobody)).unwrap();
        assert!(checks.iter().all(|check| check.ok));
    }

    #[test]
    fn what_was_written_while_a_pack_was_under_way_outlives_another_life_of_the_log() {
        let (_, _, mut pieces) = author(20);
        let mut ben = halfway(&pieces);
        ben.run(|ctx| ctx.change(&edit("doc_a"), |tx| Ok(tx.put(ROOT, "mine", 1)?))).unwrap();
        ben.run(|ctx| ctx.append_record(the_space(), "rooms.comment", vec![2; 10])).unwrap();
        let Piece::Begin { epoch, .. } = &mut pieces[0] else { panic!("a pack begins otherwise") };
        *epoch = [6; 16];
        assert!(ben.run(|ctx| Unpacking::new(the_space()).take(ctx, &Nobody, pieces)).unwrap());
        assert_eq!(ben.run(|ctx| outbox(ctx.sql, the_space(), 0, 10, 1 << 20)).unwrap().len(), 2);
        assert!(ben.run(|ctx| Ok(automerge::ReadDoc::get(ctx.doc("doc_a")?, ROOT, "mine")?.is_some())).unwrap());
        assert!(ben.run(|ctx| verify(ctx, &Nobody)).unwrap().iter().all(|check| check.ok));
    }

    /// A device whose log the server has ordered.
    fn ordered(desk: &mut Desk, entries: &[Entry]) {
        desk.run(|ctx| {
            let mut known = space::get(ctx.sql, the_space())?;
            let items: Vec<Item> = entries.iter().map(|entry| Item::Own(entry.id.clone())).collect();
            let chain = entries.iter().fold(known.chain, |chain, entry| chain.then(entry.bytes()));
            let first = known.seq + 1;
            ctx.receive(&Nobody, &mut known, first, &items, chain)?;
            space::save(ctx.sql, &known)
        })
        .unwrap();
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn what_is_put_away_stays_in_the_documents(steps in proptest::collection::vec((0_u64..40, 1_u64..40), 1..5), more in 0_usize..5) {
            let (mut ada, entries, _) = author(28);
            ordered(&mut ada, &entries);
            let before = heads(&mut ada);
            for (keep, most) in steps {
                let sealed = ada.run(|ctx| seal(ctx, the_space(), keep, most)).unwrap();
                prop_assert!(sealed <= entries.len() as u64);
                prop_assert_eq!(heads(&mut ada), before.clone());
            }
            for number in 0..more {
                ada.run(|ctx| ctx.change(&edit("doc_b"), |tx| Ok(tx.put(ROOT, format!("more {number}"), 1)?))).unwrap();
            }
            let written = heads(&mut ada);
            let waiting = ada.run(|ctx| outbox(ctx.sql, the_space(), 0, 100, 1 << 20)).unwrap();
            prop_assert_eq!(waiting.len(), more);
            let checks = ada.run(|ctx| verify(ctx, &Nobody)).unwrap();
            prop_assert!(checks.iter().all(|check| check.ok));
            prop_assert_eq!(heads(&mut ada), written, "after everything was read anew");
        }
    }

    #[test]
    fn a_damaged_log_is_not_put_away() {
        for damage in ["delete from kernel_entry where seq = 7", "update kernel_entry set bytes = zeroblob(200) where seq = 7"] {
            let (mut ada, entries, _) = author(28);
            ordered(&mut ada, &entries);
            ada.run(|ctx| ctx.sql.execute(damage, &[])).unwrap();
            assert_eq!(ada.run(|ctx| seal(ctx, the_space(), 0, 100)).unwrap_err().code, crate::Code::Damaged);
            assert_eq!(ada.run(|ctx| space::get(ctx.sql, the_space())).unwrap().base.0, 0);
        }
    }

    #[test]
    fn typing_takes_about_two_bytes_a_key_once_it_is_put_away_and_can_still_be_undone() {
        use automerge::ObjType;
        let mut ada = Desk::new(1, &[]);
        let text = ada
            .run(|ctx| {
                space::create(ctx.sql, the_space())?;
                ctx.create_doc(the_space(), "doc_a", |_| Ok(()))?;
                Ok(ctx.change(&edit("doc_a"), |tx| Ok(tx.put_object(ROOT, "text", ObjType::Text)?))?.value)
            })
            .unwrap();
        let keys = "The shop sends each customer a letter when the goods have left the house. ".chars().cycle();
        let count = 4_000;
        for (at, key) in keys.take(count).enumerate() {
            ada.run(|ctx| ctx.change(&edit("doc_a"), |tx| Ok(tx.splice_text(&text, at, 0, &key.to_string())?))).unwrap();
        }
        let entries: Vec<Entry> = ada.run(|ctx| outbox(ctx.sql, the_space(), 0, 10_000, 1 << 30)?.iter().map(|(_, bytes)| Entry::parse(bytes)).collect()).unwrap();
        entries.chunks(500).for_each(|some| ordered(&mut ada, some));
        let raw: usize = entries.iter().map(|entry| entry.bytes().len()).sum();
        let end = ada.run(|ctx| seal(ctx, the_space(), 0, u64::MAX)).unwrap();
        assert_eq!(end, entries.len() as u64);
        let rest: u64 = ada
            .run(|ctx| {
                let entries: u64 = ctx.sql.find("select count(*) from kernel_entry", &[])?.map_or(Ok(0), |mut row| row.take(0))?;
                assert_eq!(entries, 0);
                ctx.sql.find("select sum(length(base)) from kernel_doc", &[])?.map_or(Ok(0), |mut row| row.take(0))
            })
            .unwrap();
        assert!(rest <= 2 * count as u64, "{rest} bytes for {count} keys, {raw} before");
        assert!(ada.run(|ctx| ctx.step("doc_a", crate::undo::Way::Undo)).unwrap().is_some());
    }

    #[test]
    fn authors_of_what_came_in_a_pack_are_known() {
        let (mut ada, entries, pieces) = author(10);
        let mut ben = stranger();
        ben.run(|ctx| Unpacking::new(the_space()).take(ctx, &Nobody, pieces)).unwrap();
        let change = ada.run(|ctx| Ok(ctx.doc("doc_a")?.get_changes(&[]).pop().unwrap())).unwrap();
        let origins = ben.run(|ctx| crate::log::origins(ctx.sql, "doc_a")).unwrap();
        assert_eq!(origins.of(&change.hash(), change.actor_id().to_bytes()), Some((entries[0].device, true)));
    }

    #[test]
    fn large_documents_come_in_parts_and_lengths_reserve_nothing() {
        let pieces = document("doc_a", &vec![7; PART * 2 + 1], Vec::new());
        assert_eq!(pieces.len(), 3);
        assert!(matches!(&pieces[2], Piece::Part { last: true, bytes, .. } if bytes.len() == 1));
        assert_eq!(document("doc_a", &[], Vec::new()).len(), 1);
        assert!(Reader::default().take(&u32::MAX.to_be_bytes()).is_err());
        assert_eq!(Reader::default().take(&[0, 0, 16, 0]).unwrap(), []);
    }
}
