//! Documents: Automerge in memory while in use, a snapshot and the log's changes on disk.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{ActorId, Automerge, Change, ChangeHash, LoadOptions, Patch, PatchLog, ROOT, ReadDoc, TextEncoding};

use crate::entry::Kind;
use crate::{Ctx, Error, Result, SpaceId, Words, log, values};

/// After so many changes since its snapshot a document is saved anew when it is next loaded.
const SNAPSHOT_AFTER: usize = 256;

/// So many readings of documents at some heads are kept.
const MOST_READINGS: usize = 4;

/// The open documents of one store, bounded by number; the longest unused is closed first.
pub struct Docs {
    open: BTreeMap<String, Open>,
    uses: u64,
    limit: usize,
    /// The last used first.
    readings: Vec<Reading>,
}

/// What was read from a document at some heads. Heads say all that there is to read, so it never grows old.
struct Reading {
    doc: String,
    heads: Vec<ChangeHash>,
    value: Arc<dyn Any + Send + Sync>,
}

struct Open {
    automerge: Automerge,
    used: u64,
    /// Changed in the transaction that is not committed yet.
    touched: bool,
}

impl Docs {
    /// Keeps at most `limit` documents open.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { open: BTreeMap::new(), uses: 0, limit, readings: Vec::new() }
    }

    /// Tells that the transaction is on disk.
    pub fn committed(&mut self) {
        for open in self.open.values_mut() {
            open.touched = false;
        }
        while self.open.len() > self.limit {
            let Some(oldest) = self.open.iter().min_by_key(|(_, open)| open.used).map(|(doc, _)| doc.clone()) else { break };
            self.open.remove(&oldest);
        }
    }

    /// Tells that the transaction failed: what it changed in memory is forgotten and read again when needed.
    pub fn rolled_back(&mut self) {
        self.open.retain(|_, open| !open.touched);
    }

    pub(crate) fn forget(&mut self, doc: &str) {
        self.open.remove(doc);
    }
}

/// What a local change is: where, what a person reads in the history, and what it is about.
pub struct Edit<'a> {
    /// The document.
    pub doc: &'a str,
    /// Stands in the history, and behind "Undo".
    pub label: Words,
    /// The element it is about; quick successive text edits of one element become one undo step.
    pub element: Option<&'a str>,
    /// The heads that the person saw, for text edits; `None` for the current ones.
    pub at: Option<&'a [ChangeHash]>,
}

/// What a local change did.
pub struct Changed<T> {
    /// What the closure answered.
    pub value: T,
    /// The change, or none when nothing differed.
    pub hash: Option<ChangeHash>,
}

fn empty(actor: ActorId) -> Automerge {
    Automerge::new_with_encoding(TextEncoding::Utf16CodeUnit).with_actor(actor)
}

/// The first change of a document is the same wherever it is made, so two devices cannot begin it differently.
fn genesis(doc: &str, build: impl FnOnce(&mut Transaction<'_>) -> Result<()>) -> Result<Change> {
    let mut automerge = empty(ActorId::from([0; 16]));
    let mut transaction = automerge.transaction();
    transaction.put(ROOT, "id", doc)?;
    build(&mut transaction)?;
    transaction.commit_with(CommitOptions::default().with_time(0));
    automerge.get_changes(&[]).into_iter().next().ok_or_else(|| Error::internal("a genesis change is empty"))
}

impl Ctx<'_> {
    /// Begins a document in a space; `build` makes its empty root containers and nothing else.
    ///
    /// # Errors
    /// `Conflict` when the document exists.
    pub fn create_doc(&mut self, space: SpaceId, doc: &str, build: impl FnOnce(&mut Transaction<'_>) -> Result<()>) -> Result<()> {
        self.sql.execute("insert into kernel_doc (doc, space) values ($1, $2)", values![doc, space])?;
        let change = genesis(doc, build)?;
        self.append(space, Kind::Change, &change.hash().0, doc, change.raw_bytes().to_vec())?;
        Ok(())
    }

    /// The space that a document lives in.
    ///
    /// # Errors
    /// `NotFound` when this device does not hold it.
    pub fn space_of(&mut self, doc: &str) -> Result<SpaceId> {
        self.sql
            .find("select space from kernel_doc where doc = $1", values![doc])?
            .ok_or_else(|| Error::not_found(("This is not on this device.", "Этого нет на устройстве.")))?
            .take(0)
    }

    /// A document as it now is, loaded if it was closed.
    ///
    /// # Errors
    /// `NotFound` when this device does not hold it, `Damaged` when it can't be read.
    pub fn doc(&mut self, doc: &str) -> Result<&Automerge> {
        Ok(&self.open(doc, false)?.automerge)
    }

    /// What is read from a whole document at these heads; kept for a while, as someone who looks back does so often.
    ///
    /// # Errors
    /// As [`Ctx::doc`].
    pub fn read_doc<T: Any + Send + Sync>(&mut self, doc: &str, heads: &[ChangeHash], read: impl FnOnce(&Automerge) -> T) -> Result<Arc<T>> {
        let readings = &mut self.docs.readings;
        if let Some(at) = readings.iter().position(|reading| reading.doc == doc && reading.heads == heads)
            && let Ok(value) = Arc::clone(&readings[at].value).downcast::<T>()
        {
            readings[..=at].rotate_right(1);
            return Ok(value);
        }
        let value = Arc::new(read(self.doc(doc)?));
        let readings = &mut self.docs.readings;
        readings.truncate(MOST_READINGS - 1);
        readings.insert(0, Reading { doc: doc.to_owned(), heads: heads.to_vec(), value: Arc::clone(&value) as Arc<dyn Any + Send + Sync> });
        Ok(value)
    }

    /// A document that is about to be changed by hand.
    pub(crate) fn touch(&mut self, doc: &str) -> Result<&mut Automerge> {
        Ok(&mut self.open(doc, true)?.automerge)
    }

    fn open(&mut self, doc: &str, touch: bool) -> Result<&mut Open> {
        if !self.docs.open.contains_key(doc) {
            let automerge = self.load(doc)?;
            self.docs.open.insert(doc.to_owned(), Open { automerge, used: 0, touched: false });
        }
        self.docs.uses += 1;
        let used = self.docs.uses;
        let open = self.docs.open.get_mut(doc).ok_or_else(|| Error::internal("a document vanished while it was opened"))?;
        open.used = used;
        open.touched |= touch;
        Ok(open)
    }

    fn load(&mut self, doc: &str) -> Result<Automerge> {
        let actor = self.device.as_ref().map_or_else(|| ActorId::from([0; 16]), |device| device.actor.clone());
        let mut row = self
            .sql
            .find("select coalesce(snapshot, base), snapshot_n from kernel_doc where doc = $1", values![doc])?
            .ok_or_else(|| Error::not_found(("This is not on this device.", "Этого нет на устройстве.")))?;
        let snapshot: Option<Vec<u8>> = row.take(0)?;
        let after: i64 = row.take(1)?;
        let mut automerge = match snapshot {
            None => empty(actor),
            Some(bytes) => contained(doc, || Automerge::load_with_options(&bytes, LoadOptions::new().text_encoding(TextEncoding::Utf16CodeUnit)).map_err(|source| damaged(doc).because(source)))?.with_actor(actor),
        };
        let changes = log::changes(self.sql, doc, after)?;
        let (count, last) = (changes.len(), changes.last().map_or(after, |(n, _)| *n));
        contained(doc, || automerge.apply_changes(changes.into_iter().map(|(_, change)| change)).map_err(|source| damaged(doc).because(source)))?;
        if count > SNAPSHOT_AFTER {
            self.sql.execute("update kernel_doc set snapshot = $2, snapshot_n = $3 where doc = $1", values![doc, automerge.save(), last])?;
        }
        Ok(automerge)
    }

    /// Changes a document in this device's name: the change joins the log and waits for the server.
    /// When the closure fails, or makes no operation, nothing is changed.
    ///
    /// # Errors
    /// Those of the closure, and those of the store.
    pub fn change<T>(&mut self, edit: &Edit<'_>, work: impl FnOnce(&mut Transaction<'_>) -> Result<T>) -> Result<Changed<T>> {
        let label = self.say(edit.label.clone());
        let options = CommitOptions::default().with_time(self.now.millis()).with_message(label.clone());
        let space = self.space_of(edit.doc)?;
        let automerge = &mut self.open(edit.doc, true)?.automerge;
        let mut transaction = match edit.at {
            None => automerge.transaction(),
            Some(heads) => {
                if !heads.iter().all(|head| automerge.get_change_by_hash(head).is_some()) || heads.is_empty() {
                    return Err(Error::conflict(("The text on the screen is out of date. Reload it and make the change again.", "Текст на экране устарел. Обновите его и повторите правку.")));
                }
                let current: BTreeSet<ChangeHash> = automerge.get_heads().into_iter().collect();
                // Most edits are made at the current heads, where Automerge need not weigh every character's history.
                if heads.iter().copied().collect::<BTreeSet<_>>() == current { automerge.transaction() } else { automerge.transaction_at(PatchLog::inactive(), heads)? }
            }
        };
        let value = match work(&mut transaction) {
            Ok(value) => value,
            Err(error) => {
                transaction.rollback();
                return Err(error);
            }
        };
        let hash = transaction.commit_with(options).0;
        if let Some(hash) = hash {
            let change = automerge.get_change_by_hash(&hash).ok_or_else(|| Error::internal("a change vanished while it was made"))?;
            self.append(space, Kind::Change, &hash.0, edit.doc, change.raw_bytes().to_vec())?;
            self.remember(edit.doc, hash, &label, edit.element, edit.at.is_some())?;
        }
        Ok(Changed { value, hash })
    }

    /// Merges changes that came from elsewhere; answers what they did to the document, and which of them it can't take.
    /// Those are left out, with what builds on them: one bad change must not stop a project.
    pub(crate) fn merge(&mut self, space: SpaceId, doc: &str, changes: Vec<Change>) -> Result<(Vec<Patch>, Vec<ChangeHash>)> {
        self.sql.execute("insert into kernel_doc (doc, space) values ($1, $2) on conflict (doc) do nothing", values![doc, space])?;
        if self.space_of(doc)? != space {
            return Err(Error::damaged(("The server sent a change of a document that belongs to another project.", "Сервер прислал изменение документа из другого проекта.")));
        }
        let open = self.open(doc, true)?;
        let apply = |automerge: &mut Automerge, changes: Vec<Change>| {
            contained(doc, || {
                let mut patches = PatchLog::active();
                automerge.apply_changes_log_patches(changes, &mut patches).map_err(|source| damaged(doc).because(source))?;
                Ok(automerge.make_patches(&mut patches))
            })
        };
        if let Ok(patches) = apply(&mut open.automerge, changes.clone()) {
            return Ok((patches, Vec::new()));
        }
        // Read anew from the store, which does not hold these changes yet; then they are taken one by one.
        self.docs.forget(doc);
        let open = self.open(doc, true)?;
        let (mut patches, mut unreadable) = (Vec::new(), Vec::new());
        for change in changes {
            let hash = change.hash();
            let mut with = open.automerge.clone();
            match apply(&mut with, vec![change]) {
                Ok(more) => {
                    patches.extend(more);
                    open.automerge = with;
                }
                Err(_) => unreadable.push(hash),
            }
        }
        Ok((patches, unreadable))
    }
}

/// Turns a panic into an error: a change can be well-formed and signed, and yet make Automerge 0.12 panic.
/// A document that was left half changed must not be used any more.
fn contained<T>(doc: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|_| Err(damaged(doc).because("Automerge panicked")))
}

fn damaged(doc: &str) -> Error {
    Error::damaged((format!("The document {doc} can't be read. Run `scantling verify`."), format!("Документ {doc} не читается. Запустите `scantling verify`.")))
}
