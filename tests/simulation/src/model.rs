//! What must come out, in the plainest terms: a list of entries for each life of a log, and sets.
//!
//! Nothing here asks the code under test. Entries and changes are read for their fields, and the rules of
//! `docs/protocol.md` are said again in a few lines.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use automerge::Change;
use kernel::entry::{Chain, DeviceKey, Entry, Kind};
use kernel::{PersonId, Role, SpaceId, Timestamp};

/// A broken promise: which one, and what was seen.
#[derive(Clone, Debug)]
pub struct Broken {
    /// The promise; the shrinker looks for the same.
    pub promise: &'static str,
    /// What was seen.
    pub seen: String,
}

/// What a check answers.
pub type Checked<T = ()> = Result<T, Broken>;

/// Breaks the run unless a promise holds.
#[macro_export]
macro_rules! promise {
    ($holds:expr, $promise:literal, $($seen:tt)+) => {
        if !$holds {
            return Err($crate::model::Broken { promise: $promise, seen: format!($($seen)+) });
        }
    };
}

/// One life of a log.
#[derive(Clone)]
pub struct Life {
    pub entries: Vec<Rc<Entry>>,
    chains: Vec<Chain>,
    places: BTreeMap<Vec<u8>, u64>,
    actors: BTreeMap<(String, Vec<u8>), (DeviceKey, u64)>,
    bytes: u64,
}

impl Life {
    fn new(space: SpaceId) -> Self {
        Self { entries: Vec::new(), chains: vec![Chain::empty(space)], places: BTreeMap::new(), actors: BTreeMap::new(), bytes: 0 }
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn head(&self) -> u64 {
        self.entries.len() as u64
    }

    pub fn chain(&self, seq: u64) -> Option<Chain> {
        self.chains.get(usize::try_from(seq).ok()?).copied()
    }

    fn push(&mut self, entry: Rc<Entry>) {
        let last = self.chain(self.head()).expect("a log has a proof for each place");
        let mut hasher = blake3::Hasher::new();
        hasher.update(&last.0).update(entry.bytes());
        self.chains.push(Chain(*hasher.finalize().as_bytes()));
        self.bytes += entry.bytes().len() as u64;
        if let Some(change) = change(&entry) {
            let actor = change.actor_id().to_bytes().to_vec();
            self.actors.insert((entry.subject.clone(), actor), (entry.device, change.seq()));
        }
        self.places.insert(entry.id.clone(), self.head() + 1);
        self.entries.push(entry);
    }
}

pub fn change(entry: &Entry) -> Option<Change> {
    (entry.kind == Kind::Change).then(|| Change::from_bytes(entry.payload.clone()).ok()).flatten()
}

/// A space on its server.
pub struct SpaceModel {
    pub id: SpaceId,
    pub node: usize,
    /// The last one is the present one.
    pub lives: Vec<Life>,
    pub roles: BTreeMap<PersonId, Role>,
    /// The bytes that it may hold.
    pub quota: Option<u64>,
    /// What those who had to leave may have read at most.
    pub limits: BTreeMap<PersonId, u64>,
}

impl SpaceModel {
    pub fn now(&self) -> &Life {
        self.lives.last().expect("a log has a life")
    }
}

/// What a server must answer to an entry.
#[derive(PartialEq, Eq, Debug, Clone)]
pub enum Verdict {
    Accepted(u64),
    Known(u64),
    Refused(&'static str),
}

/// An entry on a device.
#[derive(Clone)]
pub struct Held {
    pub entry: Rc<Entry>,
    pub seq: Option<u64>,
    pub refused: Option<String>,
}

/// A space on a device.
#[derive(Clone)]
pub struct Shelf {
    pub held: BTreeMap<Vec<u8>, Held>,
    pub seq: u64,
    pub chain: Chain,
}

impl Shelf {
    /// How many entries there are, have a place, and are in quarantine.
    pub fn counts(&self) -> (u64, u64, u64) {
        let count = |keep: fn(&Held) -> bool| self.held.values().filter(|held| keep(held)).count() as u64;
        (count(|_| true), count(|held| held.seq.is_some()), count(|held| held.seq.is_none() && held.refused.is_some()))
    }

    pub fn quarantined(&self) -> Vec<&Held> {
        self.held.values().filter(|held| held.seq.is_none() && held.refused.is_some()).collect()
    }

    /// What goes with a change that is given up: all that waits and builds on it.
    pub fn built_on(&self, id: &[u8]) -> BTreeSet<Vec<u8>> {
        let mut gone = BTreeSet::from([id.to_vec()]);
        loop {
            let more: Vec<Vec<u8>> = self
                .held
                .values()
                .filter(|held| held.seq.is_none() && !gone.contains(&held.entry.id))
                .filter(|held| change(&held.entry).is_some_and(|change| change.deps().iter().any(|dep| gone.contains(dep.0.as_slice()))))
                .map(|held| held.entry.id.clone())
                .collect();
            if more.is_empty() {
                return gone;
            }
            gone.extend(more);
        }
    }
}

/// What an edit adds to a document.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Effect {
    pub key: Option<String>,
    pub count: i64,
    pub chars: usize,
}

/// Everything that must be.
pub struct Model {
    pub spaces: Vec<SpaceModel>,
    /// Devices that were shut out of a server.
    pub revoked: Vec<BTreeSet<DeviceKey>>,
    /// Whose a device is.
    pub people: BTreeMap<DeviceKey, PersonId>,
    /// What a device that was shut out may have read at most, by space.
    pub shut: BTreeMap<(DeviceKey, usize), u64>,
    /// By device and space.
    pub shelves: Vec<Vec<Shelf>>,
    pub effects: BTreeMap<Vec<u8>, Effect>,
    copies: BTreeMap<usize, Vec<usize>>,
}

/// The most that a space holds unless said otherwise.
pub const QUOTA: u64 = 1 << 30;
const AHEAD: i64 = 86_400_000;

impl Model {
    pub fn new(
        spaces: &[(SpaceId, usize)],
        roles: &BTreeMap<PersonId, Role>,
        people: BTreeMap<DeviceKey, PersonId>,
        devices: usize,
        nodes: usize,
    ) -> Self {
        let shelf = |space: &(SpaceId, usize)| Shelf { held: BTreeMap::new(), seq: 0, chain: Chain::empty(space.0) };
        Self {
            spaces: spaces
                .iter()
                .map(|&(id, node)| SpaceModel { id, node, lives: vec![Life::new(id)], roles: roles.clone(), quota: None, limits: BTreeMap::new() })
                .collect(),
            revoked: vec![BTreeSet::new(); nodes],
            people,
            shut: BTreeMap::new(),
            shelves: vec![spaces.iter().map(shelf).collect(); devices],
            effects: BTreeMap::new(),
            copies: BTreeMap::new(),
        }
    }

    /// What the server must answer, and what follows from it.
    pub fn judge(&mut self, at: usize, bytes: &[u8], now: Timestamp) -> Verdict {
        let Ok(entry) = Entry::peek(bytes) else { return Verdict::Refused("malformed") };
        let space = &self.spaces[at];
        let Some(person) = self.people.get(&entry.device) else { return Verdict::Refused("unknown_device") };
        if self.revoked[space.node].contains(&entry.device) {
            return Verdict::Refused("device_revoked");
        }
        let Some(role) = space.roles.get(person) else { return Verdict::Refused("forbidden") };
        let log = space.now();
        if let Some(place) = log.places.get(&entry.id) {
            return Verdict::Known(*place);
        }
        let needed = if entry.kind == Kind::Change { Role::Editor } else { Role::Commenter };
        if *role < needed {
            return Verdict::Refused("forbidden");
        }
        if entry.at.millis() > now.millis() + AHEAD {
            return Verdict::Refused("clock");
        }
        if log.bytes + bytes.len() as u64 > space.quota.unwrap_or(QUOTA) {
            return Verdict::Refused("quota");
        }
        if let Some(change) = change(&entry) {
            let there = |id: &[u8]| log.places.get(id).is_some_and(|place| log.entries[*place as usize - 1].subject == entry.subject);
            if !change.deps().iter().all(|dep| there(&dep.0)) {
                return Verdict::Refused("dependencies");
            }
            let actor = change.actor_id().to_bytes().to_vec();
            // A document's first change is everybody's.
            if actor.iter().any(|byte| *byte != 0) {
                match log.actors.get(&(entry.subject.clone(), actor)) {
                    Some((device, _)) if *device != entry.device => return Verdict::Refused("actor"),
                    known if known.map_or(0, |(_, seq)| *seq) + 1 != change.seq() => return Verdict::Refused("sequence"),
                    _ => {}
                }
            }
        }
        let life = self.spaces[at].lives.last_mut().expect("a log has a life");
        life.push(Rc::new(entry));
        Verdict::Accepted(life.head())
    }

    /// A person's role was changed.
    pub fn give(&mut self, at: usize, person: PersonId, role: Option<Role>) {
        let space = &mut self.spaces[at];
        let head = space.now().head();
        match role {
            Some(role) => {
                space.roles.insert(person, role);
                space.limits.remove(&person);
            }
            None => {
                if space.roles.remove(&person).is_some() {
                    space.limits.insert(person, head);
                }
            }
        }
    }

    /// A device was shut out of a server.
    pub fn revoke(&mut self, node: usize, key: DeviceKey) {
        if self.revoked[node].insert(key) {
            for (at, space) in self.spaces.iter().enumerate().filter(|(_, space)| space.node == node) {
                self.shut.insert((key, at), space.now().head());
            }
        }
    }

    /// The database of a server was copied.
    pub fn copy(&mut self, node: usize) {
        self.copies.insert(node, self.spaces.iter().map(|space| space.now().entries.len()).collect());
    }

    /// The copy took the place of the database.
    pub fn restore(&mut self, node: usize) {
        let Some(lengths) = self.copies.get(&node).cloned() else { return };
        for (space, length) in self.spaces.iter_mut().zip(lengths).filter(|(space, _)| space.node == node) {
            let mut life = Life::new(space.id);
            for entry in &space.now().entries[..length] {
                life.push(entry.clone());
            }
            space.lives.push(life);
        }
    }

    /// A device wrote an entry.
    pub fn wrote(&mut self, device: usize, space: usize, bytes: &[u8]) -> Checked {
        let entry = Entry::parse(bytes).map_err(|error| Broken { promise: "a device writes valid entries", seen: format!("{error:?}") })?;
        self.shelves[device][space].held.insert(entry.id.clone(), Held { entry: Rc::new(entry), seq: None, refused: None });
        Ok(())
    }

    /// A device took over the log up to this place, or forgot the order.
    pub fn reached(&mut self, device: usize, key: &DeviceKey, at: usize, seq: u64, chain: Chain) -> Checked {
        let space = &self.spaces[at];
        let shelf = &mut self.shelves[device][at];
        if (shelf.seq, shelf.chain) == (seq, chain) {
            return Ok(());
        }
        let life = space.lives.iter().rev().find(|life| life.chain(seq) == Some(chain));
        promise!(life.is_some(), "a device's proof is the log's", "device {device} at {seq} of {} has another proof", space.id);
        let life = life.expect("it was just found");
        let from = if seq > shelf.seq && life.chain(shelf.seq) == Some(shelf.chain) { shelf.seq } else { 0 };
        if from == 0 {
            shelf.held.values_mut().for_each(|held| held.seq = None);
        }
        for place in from..seq {
            let entry = &life.entries[place as usize];
            shelf.held.insert(entry.id.clone(), Held { entry: entry.clone(), seq: Some(place + 1), refused: None });
        }
        (shelf.seq, shelf.chain) = (seq, chain);
        let left = self.people.get(key).and_then(|person| space.limits.get(person));
        for limit in left.into_iter().chain(self.shut.get(&(*key, at))) {
            promise!(seq <= *limit, "who had to leave reads no further", "device {device} has read up to {seq}, and had to leave at {limit}");
        }
        Ok(())
    }

    /// What a document holds on a device, by the edits alone.
    pub fn expected(&self, device: usize, at: usize, doc: &str) -> (BTreeSet<String>, i64, usize) {
        let (mut keys, mut count, mut chars) = (BTreeSet::new(), 0, 0);
        for held in self.shelves[device][at].held.values().filter(|held| held.entry.subject == doc) {
            if let Some(effect) = self.effects.get(&held.entry.id) {
                keys.extend(effect.key.clone());
                count += effect.count;
                chars += effect.chars;
            }
        }
        (keys, count, chars)
    }
}
