//! Documents that clients have open, in memory while they are used: bounded in bytes, the longest unused goes first, and
//! nothing is kept that nobody asks for. What a document shows is what the log holds.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use automerge::sync::{ChunkList, Message, State, SyncDoc};
use automerge::{Automerge, Change, ChangeHash, LoadOptions, ReadDoc, TextEncoding};
use kernel::entry::Entry;
use kernel::{Code, Error, Result, SpaceId};
use tokio::sync::Semaphore;

use crate::storage::Storage;
use crate::sync::store;

/// About the most bytes of documents that nobody uses in this moment.
const MOST: usize = 256 * 1024 * 1024;
/// The largest document that is opened, as it is saved.
const LARGEST: usize = 64 * 1024 * 1024;
/// What an operation and a change take in memory, with half as much again to spare: a loaded document of 320,000 operations
/// in 20,000 changes took 6.7 MB.
const OPERATION: u64 = 24;
const CHANGE: u64 = 128;
/// How many documents are worked on at once. Each may take a core for a while, and others need one as well.
const WORKERS: usize = 2;
/// The most bytes of changes that wait for others on which they build.
const EARLY: usize = 4 * 1024 * 1024;

type Place = (SpaceId, String);

struct Slot {
    held: Arc<tokio::sync::Mutex<Held>>,
    used: Instant,
    bytes: usize,
}

/// The documents of all connections.
pub struct Cache {
    slots: Mutex<BTreeMap<Place, Slot>>,
    work: Arc<Semaphore>,
}

impl Default for Cache {
    fn default() -> Self {
        Self { slots: Mutex::default(), work: Arc::new(Semaphore::new(WORKERS)) }
    }
}

impl Cache {
    fn slots(&self) -> std::sync::MutexGuard<'_, BTreeMap<Place, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A document's place, to be locked while it is used.
    pub fn get(&self, space: SpaceId, doc: &str) -> Arc<tokio::sync::Mutex<Held>> {
        let mut slots = self.slots();
        let slot = slots.entry((space, doc.to_owned())).or_insert_with(|| Slot {
            held: Arc::new(tokio::sync::Mutex::new(Held { space, doc: doc.to_owned(), document: None, seq: 0, work: self.work.clone() })),
            used: Instant::now(),
            bytes: 0,
        });
        slot.used = Instant::now();
        slot.held.clone()
    }

    /// Notes how large a document has become, and unloads others if it is too much.
    pub fn note(&self, held: &Held) {
        let mut slots = self.slots();
        if let Some(slot) = slots.get_mut(&(held.space, held.doc.clone())) {
            slot.bytes = held.bytes();
        }
        while slots.values().map(|slot| slot.bytes).sum::<usize>() > MOST {
            let idle = slots.iter().filter(|(_, slot)| Arc::strong_count(&slot.held) == 1).min_by_key(|(_, slot)| slot.used).map(|(place, _)| place.clone());
            let Some(idle) = idle else { break };
            slots.remove(&idle);
        }
    }

    /// Unloads what was not used for so long.
    pub fn unload(&self, after: Duration) {
        self.slots().retain(|_, slot| Arc::strong_count(&slot.held) > 1 || slot.used.elapsed() < after);
    }

    /// How many documents are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots().len()
    }

    /// Whether none is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A document, loaded when it is needed.
pub struct Held {
    space: SpaceId,
    doc: String,
    document: Option<Automerge>,
    /// Every change of the log up to this entry is in the document.
    seq: u64,
    work: Arc<Semaphore>,
}

fn damaged(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::damaged(("The document can't be read.", "Документ не читается.")).because(source)
}

fn changes(entries: &[Vec<u8>]) -> Result<Vec<Change>> {
    entries.iter().map(|bytes| Entry::trusted(bytes)?.change()).collect()
}

impl Held {
    fn bytes(&self) -> usize {
        let bytes = self.document.as_ref().map_or(0, |document| {
            let stats = document.stats();
            stats.num_ops * OPERATION + stats.num_changes * CHANGE
        });
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// Forgets the document: it holds what the log does not.
    pub fn forget(&mut self) {
        self.document = None;
    }

    /// Brings the document to where the log stands.
    ///
    /// # Errors
    /// `TooLarge`, `Damaged` when Automerge can't read what the log holds, and those of the database.
    pub async fn freshen(&mut self, storage: &Storage) -> Result<()> {
        let (space, name) = (self.space, self.doc.clone());
        if self.document.is_none() {
            let (bytes, place) = storage.read(move |sql| store::sealed_document(sql, space, &name)).await?;
            if bytes.as_ref().is_some_and(|bytes| bytes.len() > LARGEST) {
                return Err(Error::new(Code::TooLarge, ("The document is too large to be opened here.", "Документ слишком велик, чтобы открыть его здесь.")));
            }
            self.document = Some(Automerge::new_with_encoding(TextEncoding::Utf16CodeUnit));
            self.seq = place;
            self.with(move |document| {
                if let Some(bytes) = bytes {
                    *document = Automerge::load_with_options(&bytes, LoadOptions::new().text_encoding(TextEncoding::Utf16CodeUnit)).map_err(damaged)?;
                }
                Ok(())
            })
            .await?;
        }
        loop {
            let (name, after) = (self.doc.clone(), self.seq);
            let (entries, place, whole) = storage.read(move |sql| store::changes_after(sql, space, &name, after)).await?;
            if !entries.is_empty() {
                self.with(move |document| document.apply_changes(changes(&entries)?).map_err(damaged)).await?;
            }
            self.seq = place;
            if whole {
                return Ok(());
            }
        }
    }

    /// Works on the document beside the connections. After an error or a panic it is not known what it holds, so it is
    /// forgotten.
    ///
    /// # Errors
    /// Those of the work, and `Damaged` for a panic or when nothing is loaded.
    pub async fn with<T: Send + 'static>(&mut self, work: impl FnOnce(&mut Automerge) -> Result<T> + Send + 'static) -> Result<T> {
        let mut document = self.document.take().ok_or_else(|| damaged("it is not loaded"))?;
        let room = self.work.clone().acquire_owned().await.map_err(Error::internal)?;
        let worked = tokio::task::spawn_blocking(move || {
            let _room = room;
            catch_unwind(AssertUnwindSafe(|| work(&mut document))).map(|value| (document, value))
        });
        let (document, value) = worked.await.map_err(Error::internal)?.map_err(|_| damaged("Automerge panicked"))?;
        if value.is_ok() {
            self.document = Some(document);
        }
        value
    }
}

/// How far a client and a document are in step.
pub struct Peer {
    state: State,
    /// Changes that came before others on which they build.
    early: Vec<Change>,
}

impl Peer {
    /// A client that is new, and may write or not.
    #[must_use]
    pub fn new(writes: bool) -> Self {
        Self { state: if writes { State::new() } else { State::new_read_only() }, early: Vec::new() }
    }

    /// Whether its changes are taken.
    #[must_use]
    pub fn writes(&self) -> bool {
        !self.state.read_only
    }

    /// Takes none of its changes from now on, and tells it so.
    pub fn refuse(&mut self) {
        self.state.set_read_only(true);
        self.early.clear();
    }

    /// Takes changes into the document, in an order in which each follows those on which it builds; answers those that are
    /// new. Others wait until what they build on has come.
    ///
    /// # Errors
    /// `Invalid` for what is no change, or what Automerge can't apply; `TooLarge` when too much waits.
    pub fn take(&mut self, document: &mut Automerge, chunks: Vec<Vec<u8>>) -> Result<Vec<Change>> {
        let wrong = |source: String| Error::invalid("change", ("A change can't be read.", "Изменение не читается.")).because(source);
        let mut come = std::mem::take(&mut self.early);
        for chunk in chunks {
            come.push(Change::from_bytes(chunk).map_err(|source| wrong(source.to_string()))?);
        }
        let (ready, early) = in_order(document, come);
        if early.iter().map(|change| change.raw_bytes().len()).sum::<usize>() > EARLY {
            return Err(Error::new(Code::TooLarge, ("Too many changes came without those on which they build.", "Слишком много изменений пришло без тех, на которые они опираются.")));
        }
        self.early = early;
        document.apply_changes(ready.iter().cloned()).map_err(|source| wrong(source.to_string()))?;
        Ok(ready)
    }

    /// Whether the client holds what the document does not.
    #[must_use]
    pub fn is_ahead(document: &Automerge, message: &Message) -> bool {
        !message.changes.is_empty() || !document.get_missing_deps(&message.heads).is_empty()
    }

    /// Takes note of what the client says; its changes were taken or refused before.
    ///
    /// # Errors
    /// Those of Automerge.
    pub fn hear(&mut self, document: &mut Automerge, mut message: Message) -> Result<()> {
        let sent = self.state.last_sent_heads.clone();
        let brought = !message.changes.is_empty();
        message.changes = ChunkList::empty();
        document.receive_sync_message(&mut self.state, message).map_err(damaged)?;
        if brought {
            // The client waits for a word that its changes have come, though both hold the same now.
            self.state.last_sent_heads = sent;
        }
        Ok(())
    }

    /// What the client is to hear, if anything.
    pub fn say(&mut self, document: &Automerge) -> Option<Vec<u8>> {
        let mut message = document.generate_sync_message(&mut self.state)?;
        if self.writes() {
            // Without flags a client sends changes one by one and plain, so their size is known before they are read.
            message.flags = None;
        }
        if !self.early.is_empty() {
            let here: BTreeSet<ChangeHash> = self.early.iter().map(Change::hash).collect();
            let needed: Vec<ChangeHash> = message.need.iter().copied().chain(self.early.iter().flat_map(|change| change.deps().iter().copied())).filter(|hash| !here.contains(hash)).collect();
            message.need = document.get_missing_deps(&needed);
            message.need.sort_unstable();
            message.need.dedup();
        }
        Some(message.encode())
    }
}

/// Of what has come, what is new and can be applied, each after those on which it builds; and what has to wait.
fn in_order(document: &Automerge, come: Vec<Change>) -> (Vec<Change>, Vec<Change>) {
    let named: Vec<ChangeHash> = come.iter().flat_map(|change| std::iter::once(change.hash()).chain(change.deps().iter().copied())).collect();
    let missing: BTreeSet<ChangeHash> = document.get_missing_deps(&named).into_iter().collect();
    let mut new = BTreeSet::new();
    let come: Vec<Change> = come.into_iter().filter(|change| missing.contains(&change.hash()) && new.insert(change.hash())).collect();
    let mut waits: Vec<usize> = Vec::with_capacity(come.len());
    let mut followers: BTreeMap<ChangeHash, Vec<usize>> = BTreeMap::new();
    for (at, change) in come.iter().enumerate() {
        let deps: BTreeSet<&ChangeHash> = change.deps().iter().filter(|dep| missing.contains(dep)).collect();
        waits.push(deps.len());
        for dep in deps {
            followers.entry(*dep).or_default().push(at);
        }
    }
    let mut free: VecDeque<usize> = (0..come.len()).filter(|at| waits[*at] == 0).collect();
    let mut order = Vec::with_capacity(come.len());
    while let Some(at) = free.pop_front() {
        order.push(at);
        for follower in followers.remove(&come[at].hash()).unwrap_or_default() {
            waits[follower] -= 1;
            if waits[follower] == 0 {
                free.push_back(follower);
            }
        }
    }
    let mut come: Vec<Option<Change>> = come.into_iter().map(Some).collect();
    let ready = order.into_iter().filter_map(|at| come[at].take()).collect();
    (ready, come.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use automerge::transaction::Transactable;
    use automerge::{ActorId, ROOT};

    fn document(actor: u8, edits: u32) -> Automerge {
        let mut document = Automerge::new().with_actor(ActorId::from([actor; 16]));
        for edit in 0..edits {
            let mut transaction = document.transaction();
            transaction.put(ROOT, format!("{actor}"), i64::from(edit)).unwrap();
            transaction.commit();
        }
        document
    }

    #[test]
    fn changes_wait_for_those_on_which_they_build() {
        let made: Vec<Vec<u8>> = document(1, 5).get_changes(&[]).iter().map(|change| change.raw_bytes().to_vec()).collect();
        let (mut here, mut peer) = (Automerge::new(), Peer::new(true));
        let mut take = |numbers: &[usize]| peer.take(&mut here, numbers.iter().map(|at| made[*at].clone()).collect()).unwrap().iter().map(Change::seq).collect::<Vec<_>>();
        assert_eq!(take(&[4, 2, 1]), [0; 0]);
        assert_eq!(take(&[0, 0]), [1, 2, 3]);
        assert_eq!(take(&[0, 2, 3]), [4, 5]);
        assert_eq!(here.get_heads(), document(1, 5).get_heads());
    }

    #[test]
    fn two_sides_converge_even_when_a_summary_hides_a_change() {
        // Among so many changes a summary hides some (1 %), which then have to be asked for.
        let (mut here, mut there) = (document(1, 300), document(2, 300));
        let (mut peer, mut client) = (Peer::new(true), State::new());
        let mut next = there.generate_sync_message(&mut client);
        let mut rounds = 0;
        while let Some(message) = next {
            rounds += 1;
            assert!(rounds < 20, "they never agree");
            let message = crate::door::messages::sync(&message.encode()).unwrap();
            let chunks = crate::door::messages::changes(&message).unwrap().into_iter().map(<[u8]>::to_vec).collect();
            peer.take(&mut here, chunks).unwrap();
            peer.hear(&mut here, message).unwrap();
            if let Some(answer) = peer.say(&here) {
                there.receive_sync_message(&mut client, Message::decode(&answer).unwrap()).unwrap();
            }
            next = there.generate_sync_message(&mut client);
        }
        assert_eq!(here.get_heads(), there.get_heads());
    }
}
