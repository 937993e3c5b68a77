//! The log on a device: what the server has ordered, what waits for it, and what it refused.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{Change, ChangeHash, Patch, ReadDoc};

use crate::entry::{Chain, DeviceKey, Entry, Kind};
use crate::space::Space;
use crate::{Code, Ctx, Error, Result, SpaceId, Sql, Words, id, space, values};

/// How an entry stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It waits for the server, or lives on this device alone.
    Pending,
    /// The server has given it this place.
    Ordered(u64),
    /// The server has refused it, and says why.
    Refused(Words),
    /// The person has given it up.
    Discarded,
}

/// What wiring does for the log: contexts keep their projections true. All of it may be asked twice.
pub trait Contexts {
    /// Whether a document may live in a space. The changes of one that may not stay in the log and are shown nowhere,
    /// so that no member of one space can write into a document of another, or take its name before it arrives.
    fn belongs(&self, _space: SpaceId, _doc: &str) -> bool {
        true
    }

    /// A merge changed a document.
    ///
    /// # Errors
    /// Those of the store.
    fn merged(&self, ctx: &mut Ctx<'_>, doc: &str, patches: &[Patch]) -> Result<()>;

    /// Projections of a document are to be made anew.
    ///
    /// # Errors
    /// Those of the store.
    fn rebuild(&self, ctx: &mut Ctx<'_>, doc: &str) -> Result<()>;

    /// A record arrived, or stands otherwise than before.
    ///
    /// # Errors
    /// Those of the store.
    fn record(&self, ctx: &mut Ctx<'_>, entry: &Entry, standing: &Standing) -> Result<()>;

    /// A digest of everything that is projected from a space.
    ///
    /// # Errors
    /// Those of the store.
    fn digest(&self, ctx: &mut Ctx<'_>, space: SpaceId) -> Result<[u8; 32]>;
}

/// An entry as the server sends it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Item {
    /// The whole entry.
    Entry(Vec<u8>),
    /// An entry that this device pushed, by its id.
    Own(Vec<u8>),
}

/// A refused entry, as the person sees it.
pub struct Refused {
    /// The entry.
    pub entry: Entry,
    /// Why.
    pub reason: Words,
    /// For which code.
    pub code: String,
}

impl Ctx<'_> {
    /// Adds an entry of this device to the log; it waits there until the server has ordered it.
    ///
    /// # Errors
    /// `TooLarge`, and those of the store.
    pub fn append(&mut self, space: SpaceId, kind: Kind, id: &[u8], subject: &str, payload: Vec<u8>) -> Result<Entry> {
        let device = self.author()?;
        if payload.len() + 512 > crate::entry::MAX_ENTRY {
            return Err(Error::new(
                Code::TooLarge,
                ("This is more than fits into one change (4 MiB). Split it.", "Это больше, чем вмещает одно изменение (4 МиБ). Разделите его."),
            ));
        }
        let entry = Entry::sign(&device.key, space, kind, id, subject, self.now, payload);
        insert(self.sql, &entry, None)?;
        self.emit("sync", "EntryAppended", space.to_string());
        Ok(entry)
    }

    /// Adds a record; answers its entry.
    ///
    /// # Errors
    /// As [`Ctx::append`].
    pub fn append_record(&mut self, space: SpaceId, subject: &str, payload: Vec<u8>) -> Result<Entry> {
        let id = id::uuid_v7(self.now, self.random);
        self.append(space, Kind::Record, &id, subject, payload)
    }

    /// Takes over what the server ordered after this device's cursor, documents and projections included.
    ///
    /// # Errors
    /// `Damaged` when the entries do not continue the log that this device holds.
    pub fn receive(&mut self, contexts: &dyn Contexts, space: &mut Space, first: u64, items: &[Item], chain: Chain) -> Result<()> {
        if first != space.seq + 1 {
            return Err(Error::damaged((
                "The server skipped a part of the log. Reconnecting will fetch it.",
                "Сервер пропустил часть журнала. При переподключении она будет получена.",
            )));
        }
        let mut documents: BTreeMap<String, Vec<Change>> = BTreeMap::new();
        let mut records = Vec::new();
        let mut fresh = Vec::new();
        let mut ids = BTreeSet::new();
        let mut seq = space.seq;
        let mut proof = space.chain;
        for item in items {
            seq += 1;
            let (entry, known) = match item {
                Item::Own(id) => {
                    let Some((entry, ordered)) = held(self.sql, space.space, id)? else {
                        return Err(Error::damaged((
                            "The server names an entry that this device does not hold.",
                            "Сервер называет запись, которой нет на устройстве.",
                        )));
                    };
                    (entry, Some(ordered))
                }
                Item::Entry(bytes) => {
                    let entry = Entry::parse(bytes)?;
                    if entry.space != space.space {
                        return Err(Error::damaged(("The server sent an entry of another project.", "Сервер прислал запись другого проекта.")));
                    }
                    let held = held(self.sql, space.space, &entry.id)?;
                    if let Some((held, false)) = &held
                        && held.bytes() != entry.bytes()
                    {
                        replace(self.sql, held, &entry)?;
                    }
                    (entry, held.map(|(_, ordered)| ordered))
                }
            };
            if known == Some(true) || !ids.insert(entry.id.clone()) {
                return Err(Error::damaged(("The server sent one entry twice.", "Сервер прислал одну запись дважды.")));
            }
            let known = known.is_some();
            proof = proof.then(entry.bytes());
            if known {
                self.sql.execute(
                    "update kernel_entry set seq = $3, refused_code = null, refused_en = null, refused_ru = null where space = $1 and id = $2",
                    values![space.space, &entry.id, seq],
                )?;
            } else if entry.kind == Kind::Change {
                let change = entry.change()?;
                if contexts.belongs(space.space, &entry.subject) {
                    documents.entry(entry.subject.clone()).or_default().push(change);
                }
            }
            if entry.kind == Kind::Record {
                records.push((entry.clone(), seq));
            }
            if !known {
                fresh.push((entry, seq));
            }
        }
        if proof != chain {
            return Err(Error::damaged((
                "The server's log is not the one that this device holds: their proofs differ.",
                "Журнал сервера отличается от журнала на устройстве: контрольные цепочки не совпали.",
            )));
        }
        // Documents are opened before their new entries are stored, or loading would bring them in unseen.
        let mut unreadable: BTreeSet<Vec<u8>> = BTreeSet::new();
        for (doc, changes) in documents {
            let (patches, left_out) = self.merge(space.space, &doc, changes)?;
            contexts.merged(self, &doc, &patches)?;
            unreadable.extend(left_out.iter().map(|hash| hash.0.to_vec()));
        }
        for (entry, seq) in fresh {
            insert(self.sql, &entry, Some(seq))?;
            if unreadable.contains(&entry.id) {
                self.sql.execute("update kernel_entry set unreadable = 1 where space = $1 and id = $2", values![space.space, &entry.id])?;
            }
        }
        for (entry, seq) in records {
            contexts.record(self, &entry, &Standing::Ordered(seq))?;
        }
        space.seq = seq;
        space.chain = proof;
        space::mark(self.sql, space)
    }

    /// Puts an entry that the server refused into quarantine.
    ///
    /// # Errors
    /// Those of the store.
    pub fn refuse(&mut self, contexts: &dyn Contexts, space: SpaceId, id: &[u8], code: &str, reason: &Words) -> Result<()> {
        let refused = self.sql.execute(
            "update kernel_entry set refused_code = $3, refused_en = $4, refused_ru = $5 where space = $1 and id = $2 and seq is null",
            values![space, id, code, &reason.en, &reason.ru],
        )?;
        // What has a place in the log can't be refused any more.
        if refused == 0 {
            return Ok(());
        }
        if let Some(entry) = find(self.sql, space, id)?
            && entry.kind == Kind::Record
        {
            contexts.record(self, &entry, &Standing::Refused(reason.clone()))?;
        }
        self.emit("sync", "EntryRefused", space.to_string());
        Ok(())
    }

    /// Sends refused entries again: this one and, for a change, everything refused in its document, in order.
    ///
    /// # Errors
    /// `NotFound` when nothing of that id is refused.
    pub fn retry(&mut self, contexts: &dyn Contexts, space: SpaceId, id: &[u8]) -> Result<()> {
        let entry = refused_entry(self.sql, space, id)?;
        let again = match entry.kind {
            Kind::Record => vec![entry],
            Kind::Change => refused(self.sql, space)?
                .into_iter()
                .map(|refused| refused.entry)
                .filter(|other| other.subject == entry.subject && other.kind == Kind::Change)
                .collect(),
        };
        for entry in again {
            self.sql.execute(
                "update kernel_entry set refused_code = null, refused_en = null, refused_ru = null where space = $1 and id = $2",
                values![space, &entry.id],
            )?;
            if entry.kind == Kind::Record {
                contexts.record(self, &entry, &Standing::Pending)?;
            }
        }
        self.emit("sync", "EntryRetried", space.to_string());
        Ok(())
    }

    /// Gives up a refused entry, with the waiting changes that build on it; the document is what it is without them.
    ///
    /// # Errors
    /// `NotFound` when nothing of that id is refused.
    pub fn discard(&mut self, contexts: &dyn Contexts, space: SpaceId, id: &[u8]) -> Result<()> {
        let entry = refused_entry(self.sql, space, id)?;
        match entry.kind {
            Kind::Record => {
                self.sql.execute("delete from kernel_entry where space = $1 and id = $2", values![space, &entry.id])?;
                contexts.record(self, &entry, &Standing::Discarded)?;
            }
            Kind::Change => {
                let doc = entry.subject.clone();
                let mut gone: BTreeSet<ChangeHash> = [hash(&entry.id)?].into();
                for (_, change) in unordered(self.sql, &doc)? {
                    if gone.contains(&change.hash()) || change.deps().iter().any(|dep| gone.contains(dep)) {
                        gone.insert(change.hash());
                    }
                }
                for hash in &gone {
                    self.sql.execute("delete from kernel_entry where space = $1 and id = $2", values![space, &hash.0])?;
                }
                self.sql.execute("update kernel_doc set snapshot = null, snapshot_n = 0 where doc = $1", values![&doc])?;
                self.sql.execute("delete from kernel_undo where doc = $1", values![&doc])?;
                self.docs.forget(&doc);
                contexts.rebuild(self, &doc)?;
            }
        }
        self.emit("sync", "EntryDiscarded", space.to_string());
        Ok(())
    }

    /// Forgets the order that a server gave after a place of the log, because its log is another from there on: the
    /// entries wait again, and those that the server still holds come back with their new places.
    ///
    /// # Errors
    /// `Damaged` when this device no longer holds the entries themselves; those of the store.
    pub fn rewind(&mut self, space: &mut Space, seq: u64) -> Result<()> {
        let chain = match seq {
            0 => Chain::empty(space.space),
            _ => space::marks(self.sql, space.space)?.into_iter().find(|(mark, _)| *mark == seq).map(|(_, chain)| chain).ok_or_else(|| {
                Error::damaged((
                    "The server goes on from a place that this device did not name. Reconnecting will begin anew.",
                    "Сервер продолжает с места, которого устройство не называло. При переподключении обмен начнётся заново.",
                ))
            })?,
        };
        if seq < space.base.0 {
            return Err(Error::damaged((
                "The server's log is older than this device's copy, and lacks changes that only their authors' devices can send again. Nothing is lost on this device. Let those devices connect first, or ask the admin to restore a newer backup.",
                "Журнал сервера старше копии на этом устройстве: в нём нет изменений, которые снова отправить могут только устройства их авторов. На этом устройстве ничего не потеряно. Пусть сначала подключатся те устройства, или попросите администратора восстановить более новую копию.",
            )));
        }
        // They are sent in the order that they had, before what waits already: so the log becomes the one that it was, also
        // for devices that have put these entries away.
        let top: i64 = self.sql.find("select coalesce(max(n), 0) from kernel_entry", &[])?.map_or(Ok(0), |mut row| row.take(0))?;
        self.sql.execute(
            "update kernel_entry set n = $3 + $4 - $2 + n - (select min(n) from kernel_entry where space = $1 and seq is null) + 1 where space = $1 and seq is null",
            values![space.space, seq, top, space.seq],
        )?;
        self.sql.execute("update kernel_entry set n = $3 + seq - $2, seq = null where space = $1 and seq > $2", values![space.space, seq, top])?;
        self.sql.execute("delete from kernel_mark where space = $1 and seq > $2", values![space.space, seq])?;
        space.seq = seq;
        space.chain = chain;
        space.head = None;
        Ok(())
    }
}

fn hash(id: &[u8]) -> Result<ChangeHash> {
    id.try_into().map(ChangeHash).map_err(|_| {
        Error::damaged(("An entry of the log is damaged. Run `scantling verify`.", "Запись журнала повреждена. Запустите `scantling verify`."))
    })
}

pub(crate) fn insert(sql: &mut dyn Sql, entry: &Entry, seq: Option<u64>) -> Result<()> {
    sql.execute(
        "insert into kernel_entry (space, id, kind, subject, device, at, seq, bytes) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        values![entry.space, &entry.id, entry.kind as u32, &entry.subject, &entry.device, entry.at, seq, entry.bytes()],
    )?;
    Ok(())
}

/// An entry of the log.
///
/// # Errors
/// Those of the store.
pub fn find(sql: &mut dyn Sql, space: SpaceId, id: &[u8]) -> Result<Option<Entry>> {
    match sql.find("select bytes from kernel_entry where space = $1 and id = $2", values![space, id])? {
        Some(mut row) => Entry::trusted(&row.take::<Vec<u8>>(0)?).map(Some),
        None => Ok(None),
    }
}

/// An entry of the log, and whether it has a place there.
fn held(sql: &mut dyn Sql, space: SpaceId, id: &[u8]) -> Result<Option<(Entry, bool)>> {
    sql.find("select bytes, seq is not null from kernel_entry where space = $1 and id = $2", values![space, id])?
        .map(|mut row| Ok((Entry::trusted(&row.take::<Vec<u8>>(0)?)?, row.take(1)?)))
        .transpose()
}

/// Whether the entry is here without a place.
pub(crate) fn is_waiting(sql: &mut dyn Sql, space: SpaceId, id: &[u8]) -> Result<bool> {
    Ok(held(sql, space, id)?.is_some_and(|(_, ordered)| !ordered))
}

/// Takes the log's bytes for an entry that waits here under the same id. Two devices that begin one document make
/// the same change, and the log holds the one that came first. Nothing else may share an id.
fn replace(sql: &mut dyn Sql, held: &Entry, entry: &Entry) -> Result<()> {
    if entry.kind != Kind::Change
        || held.kind != Kind::Change
        || entry.subject != held.subject
        || entry.change()?.raw_bytes() != held.change()?.raw_bytes()
    {
        return Err(Error::damaged((
            "The server sent another entry under the id of one that waits here.",
            "Сервер прислал другую запись под идентификатором той, что ждёт отправки.",
        )));
    }
    sql.execute(
        "update kernel_entry set device = $3, at = $4, bytes = $5 where space = $1 and id = $2",
        values![entry.space, &entry.id, &entry.device, entry.at, entry.bytes()],
    )?;
    Ok(())
}

fn refused_entry(sql: &mut dyn Sql, space: SpaceId, id: &[u8]) -> Result<Entry> {
    refused(sql, space)?
        .into_iter()
        .map(|refused| refused.entry)
        .find(|entry| entry.id == id)
        .ok_or_else(|| Error::not_found(("This change is no longer among the refused ones.", "Этого изменения больше нет среди отклонённых.")))
}

/// The changes of a document after a local number, with their numbers.
pub(crate) fn changes(sql: &mut dyn Sql, doc: &str, after: i64) -> Result<Vec<(i64, Change)>> {
    read_changes(sql.query("select n, bytes from kernel_entry where subject = $1 and space = (select space from kernel_doc where doc = $1) and kind = 1 and unreadable = 0 and n > $2 order by n", values![doc, after])?)
}

fn unordered(sql: &mut dyn Sql, doc: &str) -> Result<Vec<(i64, Change)>> {
    read_changes(sql.query("select n, bytes from kernel_entry where subject = $1 and space = (select space from kernel_doc where doc = $1) and kind = 1 and seq is null order by n", values![doc])?)
}

fn read_changes(rows: Vec<crate::sql::Row>) -> Result<Vec<(i64, Change)>> {
    rows.into_iter()
        .map(|mut row| {
            let entry = Entry::trusted(&row.take::<Vec<u8>>(1)?)?;
            let change = Change::from_bytes(entry.payload).map_err(|source| {
                Error::damaged((
                    "A change in the log can't be read. Run `scantling verify`.",
                    "Изменение в журнале не читается. Запустите `scantling verify`.",
                ))
                .because(source)
            })?;
            Ok((row.take(0)?, change))
        })
        .collect()
}

/// What waits for the server, after a local number, in order: at most `count` entries of together about `bytes`.
///
/// # Errors
/// Those of the store.
pub fn outbox(sql: &mut dyn Sql, space: SpaceId, after: i64, count: usize, bytes: usize) -> Result<Vec<(i64, Vec<u8>)>> {
    let rows = sql.query(
        "select n, bytes from kernel_entry where space = $1 and seq is null and refused_code is null and n > $2 order by n limit $3",
        values![space, after, count],
    )?;
    let mut taken = Vec::new();
    let mut total = 0;
    for mut row in rows {
        let entry: Vec<u8> = row.take(1)?;
        total += entry.len();
        if total > bytes && !taken.is_empty() {
            break;
        }
        taken.push((row.take(0)?, entry));
    }
    Ok(taken)
}

/// How many entries wait, and how many were refused.
///
/// # Errors
/// Those of the store.
pub fn counts(sql: &mut dyn Sql, space: SpaceId) -> Result<(u64, u64)> {
    let mut row = sql
        .find("select count(*) filter (where refused_code is null), count(*) filter (where refused_code is not null) from kernel_entry where space = $1 and seq is null", values![space])?
        .ok_or_else(|| Error::internal("a count has no row"))?;
    Ok((row.take(0)?, row.take(1)?))
}

/// How the log of a space stands for one document, or for one type of records.
pub struct Part {
    /// The document, or the type.
    pub subject: String,
    /// Entries that wait for the server.
    pub waiting: u64,
    /// The place of the newest entry that has one; none where all have been put away or none has come.
    pub last: Option<u64>,
    /// Changes that can't be applied and are left out.
    pub unreadable: u64,
}

/// The parts of a space, by subject, at most a thousand.
///
/// # Errors
/// Those of the store.
pub fn parts(sql: &mut dyn Sql, space: SpaceId) -> Result<Vec<Part>> {
    sql.query(
        "select subject, count(*) filter (where seq is null and refused_code is null), max(seq), sum(unreadable) from kernel_entry where space = $1 group by subject
         union select doc, 0, null, 0 from kernel_doc d where space = $1 and not exists (select 1 from kernel_entry e where e.subject = d.doc and e.space = d.space)
         order by 1 limit 1000",
        values![space],
    )?
    .into_iter()
    .map(|mut row| Ok(Part { subject: row.take(0)?, waiting: row.take(1)?, last: row.take(2)?, unreadable: row.take(3)? }))
    .collect()
}

/// The refused entries of a space, oldest first, at most a thousand.
///
/// # Errors
/// Those of the store.
pub fn refused(sql: &mut dyn Sql, space: SpaceId) -> Result<Vec<Refused>> {
    sql.query("select bytes, refused_code, refused_en, refused_ru from kernel_entry where space = $1 and seq is null and refused_code is not null order by n limit 1000", values![space])?
        .into_iter()
        .map(|mut row| {
            Ok(Refused { entry: Entry::trusted(&row.take::<Vec<u8>>(0)?)?, code: row.take(1)?, reason: Words { en: row.take(2)?, ru: row.take(3)? } })
        })
        .collect()
}

/// The records of a space with this subject after a local number, with their numbers and how they stand; at most `count`.
///
/// # Errors
/// Those of the store.
pub fn records(sql: &mut dyn Sql, space: SpaceId, subject: &str, after: i64, count: usize) -> Result<Vec<(i64, Entry, Standing)>> {
    sql.query(
        "select n, bytes, seq, refused_en, refused_ru from kernel_entry where subject = $2 and n > $3 and space = $1 and kind = 2 order by n limit $4",
        values![space, subject, after, count],
    )?
    .into_iter()
    .map(|mut row| {
        let refused: Option<(String, String)> = row.take::<Option<String>>(3)?.zip(row.take::<Option<String>>(4)?);
        let standing = match (row.take::<Option<u64>>(2)?, refused) {
            (Some(seq), _) => Standing::Ordered(seq),
            (None, Some(reason)) => Standing::Refused(reason.into()),
            (None, None) => Standing::Pending,
        };
        Ok((row.take(0)?, Entry::trusted(&row.take::<Vec<u8>>(1)?)?, standing))
    })
    .collect()
}

/// The changes of a document that the server has not acknowledged; none while the space lives on this device alone.
///
/// # Errors
/// Those of the store.
pub fn pending_changes(sql: &mut dyn Sql, doc: &str) -> Result<Vec<Change>> {
    let shared = sql
        .find("select 1 from kernel_doc d join kernel_space s on s.space = d.space where d.doc = $1 and s.server is not null", values![doc])?
        .is_some();
    if !shared {
        return Ok(Vec::new());
    }
    Ok(unordered(sql, doc)?.into_iter().map(|(_, change)| change).collect())
}

/// Who made the changes of a document.
pub struct Origins {
    entries: BTreeMap<Vec<u8>, (DeviceKey, bool)>,
    actors: BTreeMap<Vec<u8>, DeviceKey>,
}

impl Origins {
    /// The device that made a change, and whether the server has ordered it.
    #[must_use]
    pub fn of(&self, change: &ChangeHash, actor: &[u8]) -> Option<(DeviceKey, bool)> {
        // What has no entry here came in a pack, so the server holds it.
        self.entries.get(change.0.as_slice()).copied().or_else(|| self.actors.get(actor).map(|device| (*device, true)))
    }
}

/// Who made the changes of a document.
///
/// # Errors
/// Those of the store.
pub fn origins(sql: &mut dyn Sql, doc: &str) -> Result<Origins> {
    let actors = sql.query("select actor, device from kernel_actor where doc = $1", values![doc])?.into_iter().map(|mut row| Ok((row.take(0)?, row.take(1)?))).collect::<Result<_>>()?;
    let entries = sql.query("select id, device, seq is not null from kernel_entry where subject = $1 and space = (select space from kernel_doc where doc = $1)", values![doc])?
        .into_iter()
        .map(|mut row| Ok((row.take(0)?, (row.take(1)?, row.take(2)?))))
        .collect::<Result<_>>()?;
    Ok(Origins { entries, actors })
}

/// The name of the person behind a device key, as the servers told it.
///
/// # Errors
/// Those of the store.
pub fn person_of(sql: &mut dyn Sql, device: &DeviceKey) -> Result<Option<(crate::PersonId, String)>> {
    sql.find("select person, name from kernel_device where device = $1", values![device])?.map(|mut row| Ok((row.take(0)?, row.take(1)?))).transpose()
}

/// One finding of [`verify`].
pub struct Check {
    /// What was checked.
    pub name: Words,
    /// Whether it held.
    pub ok: bool,
    /// Figures, or what is wrong.
    pub detail: Words,
}

/// Compares this device with a log that a server sends from its beginning: the proof, every signature, and that what the
/// log says is in the documents here, also where this device took them from a pack.
pub struct Comparison {
    space: SpaceId,
    seq: u64,
    chain: Chain,
    /// This device's own place and proof at the beginning; the device may read on meanwhile.
    end: (u64, Chain),
    unsigned: u64,
    missing: u64,
}

impl Comparison {
    /// Begins with nothing of the server's log, and what is known here.
    #[must_use]
    pub fn new(known: &Space) -> Self {
        Self { space: known.space, seq: 0, chain: Chain::empty(known.space), end: (known.seq, known.chain), unsigned: 0, missing: 0 }
    }

    /// Whether the log was read as far as it is compared.
    #[must_use]
    pub fn done(&self) -> bool {
        self.seq >= self.end.0
    }

    /// Takes the next entries of the log up to this device's own place; what is newer is left alone.
    ///
    /// # Errors
    /// `Damaged` when the server skips a part; those of the store.
    pub fn take(&mut self, ctx: &mut Ctx<'_>, first: u64, items: &[Item]) -> Result<()> {
        if first != self.seq + 1 {
            return Err(Error::damaged(("The server skipped a part of the log.", "Сервер пропустил часть журнала.")));
        }
        for item in items {
            if self.done() {
                break;
            }
            let Item::Entry(bytes) = item else {
                return Err(Error::damaged(("The server names an entry that it was not sent.", "Сервер называет запись, которой ему не присылали.")));
            };
            self.seq += 1;
            self.chain = self.chain.then(bytes);
            match Entry::parse(bytes) {
                Err(_) => self.unsigned += 1,
                Ok(entry) => {
                    let here = match entry.kind {
                        Kind::Change if find(ctx.sql, self.space, &entry.id)?.is_some_and(|held| held.bytes() == bytes) => true,
                        Kind::Change => match (ctx.sql.find("select 1 from kernel_doc where doc = $1 and space = $2", values![&entry.subject, self.space])?, hash(&entry.id)) {
                            (Some(_), Ok(hash)) => ctx.doc(&entry.subject)?.get_change_by_hash(&hash).is_some(),
                            _ => false,
                        },
                        Kind::Record => find(ctx.sql, self.space, &entry.id)?.is_some_and(|held| held.bytes() == bytes),
                    };
                    self.missing += u64::from(!here);
                }
            }
        }
        Ok(())
    }

    /// What was found.
    #[must_use]
    pub fn report(&self) -> Vec<Check> {
        let short = &self.end.1.to_string()[..12];
        let equal = (self.seq, self.chain) == self.end;
        let count = |bad: u64| (format!("{bad} of {} are not", self.seq), format!("нет: {bad} из {}", self.seq));
        vec![
            Check {
                name: ("Proof of the whole log", "Цепочка всего журнала").into(),
                ok: equal,
                detail: if equal {
                    (format!("{} entries give {short} here and there", self.seq), format!("записей: {}, и здесь, и там {short}", self.seq)).into()
                } else {
                    (format!("the server's {} entries do not give {short}", self.seq), format!("записи сервера ({}) не дают {short}", self.seq)).into()
                },
            },
            Check {
                name: ("Signatures of the server's copy", "Подписи в копии сервера").into(),
                ok: self.unsigned == 0,
                detail: if self.unsigned == 0 { ("each entry is signed by its device", "каждая запись подписана своим устройством").into() } else { count(self.unsigned).into() },
            },
            Check {
                name: ("What the log says", "Содержание журнала").into(),
                ok: self.missing == 0,
                detail: if self.missing == 0 { ("all of it is on this device", "всё есть на этом устройстве").into() } else { count(self.missing).into() },
            },
        ]
    }
}

/// Reads every page of the file, those of indexes too, which the other checks may never touch.
fn check_file(sql: &mut dyn Sql) -> Result<Check> {
    let findings = sql.query("pragma integrity_check(1)", &[])?;
    let said: String = findings.into_iter().next().map_or_else(|| Ok(String::new()), |mut row| row.take(0))?;
    let ok = said == "ok";
    Ok(Check {
        name: ("File of the store", "Файл хранилища").into(),
        ok,
        detail: if ok { ("every page is whole", "все страницы целы").into() } else { (format!("is damaged; restore it from a backup ({said})"), format!("повреждён; восстановите его из резервной копии ({said})")).into() },
    })
}

/// Proves a workspace: the file, signatures and chain of every log, documents against their changes, projections against documents.
/// Projections that differ are made anew.
///
/// # Errors
/// Those of the store; what is found wrong is in the answer.
pub fn verify(ctx: &mut Ctx<'_>, contexts: &dyn Contexts) -> Result<Vec<Check>> {
    let mut checks = vec![check_file(ctx.sql)?];
    for known in space::list(ctx.sql, None)? {
        let (base, mut chain) = known.base;
        let (mut ordered, mut seen, mut bad) = (base, 0_u64, Vec::new());
        let mut after = i64::try_from(base).unwrap_or(i64::MAX);
        // What a pack has brought so far are records at their places, without what lies between them.
        let last = if crate::pack::progress(ctx.sql, known.space)?.is_some() { after } else { i64::MAX };
        // Ordered entries come by their place, then the waiting ones; pages keep memory flat.
        loop {
            let rows = ctx
                .sql
                .query("select seq, bytes from kernel_entry where space = $1 and seq > $2 and seq <= $3 order by seq limit 500", values![known.space, after, last])?;
            if rows.is_empty() {
                break;
            }
            for mut row in rows {
                let (seq, bytes): (u64, Vec<u8>) = (row.take(0)?, row.take(1)?);
                ordered += 1;
                seen += 1;
                if seq != ordered || Entry::parse(&bytes).is_err() {
                    bad.push(seq);
                }
                chain = chain.then(&bytes);
                after = i64::try_from(seq).unwrap_or(i64::MAX);
            }
        }
        for (_, bytes) in outbox(ctx.sql, known.space, 0, usize::MAX >> 2, usize::MAX >> 2)? {
            seen += 1;
            if Entry::parse(&bytes).is_err() {
                bad.push(0);
            }
        }
        checks.push(Check {
            name: (format!("Signatures of {}", known.space), format!("Подписи {}", known.space)).into(),
            ok: bad.is_empty(),
            detail: if bad.is_empty() {
                (format!("entries: {seen}, each signed by its device"), format!("записей: {seen}, каждая подписана своим устройством")).into()
            } else {
                (format!("damaged entries: {} of {seen}", bad.len()), format!("повреждено записей: {} из {seen}", bad.len())).into()
            },
        });
        let whole = chain == known.chain && ordered == known.seq;
        checks.push(Check {
            name: (format!("Log of {}", known.space), format!("Журнал {}", known.space)).into(),
            ok: whole,
            detail: if whole {
                let (en, ru) = match base {
                    0 => (String::new(), String::new()),
                    _ => (format!("; the first {base} came as the server's copy"), format!("; первые {base} получены копией с сервера")),
                };
                (
                    format!("{ordered} entries in order, proof {}{en}", &chain.to_string()[..12]),
                    format!("записей по порядку: {ordered}, цепочка {}{ru}", &chain.to_string()[..12]),
                )
                    .into()
            } else {
                (
                    format!("the proof does not match: {ordered} entries here, {} expected", known.seq),
                    format!("цепочка не сходится: записей {ordered}, ожидалось {}", known.seq),
                )
                    .into()
            },
        });
        let mut documents: Vec<String> = Vec::new();
        for mut row in ctx.sql.query("select doc from kernel_doc where space = $1 order by doc", values![known.space])? {
            documents.push(row.take(0)?);
        }
        let before = contexts.digest(ctx, known.space)?;
        for doc in &documents {
            let stored = ctx.doc(doc)?.get_heads();
            ctx.sql.execute("update kernel_doc set snapshot = null, snapshot_n = 0 where doc = $1", values![doc])?;
            ctx.docs.forget(doc);
            let replayed = ctx.doc(doc)?.get_heads();
            checks.push(Check {
                name: (format!("Document {doc}"), format!("Документ {doc}")).into(),
                ok: stored == replayed,
                detail: if stored == replayed {
                    ("equals the replay of its changes", "совпадает с повтором своих изменений").into()
                } else {
                    ("differed from its changes and was read anew from them", "отличался от своих изменений и прочитан из них заново").into()
                },
            });
            contexts.rebuild(ctx, doc)?;
        }
        let same = contexts.digest(ctx, known.space)? == before;
        checks.push(Check {
            name: (format!("Tables of {}", known.space), format!("Таблицы {}", known.space)).into(),
            ok: same,
            detail: if same {
                ("equal when drawn anew from the documents", "совпадают с построенными заново из документов").into()
            } else {
                ("differed and were drawn anew", "отличались и построены заново").into()
            },
        });
    }
    Ok(checks)
}
