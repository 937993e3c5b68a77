//! The life of a blueprint: who changed what, when, told by person and sitting.
//!
//! A moment is a prefix of all changes in an order that is the same on every device: by the time that a change counts as
//! made, which is never before that of a change it builds on. So each prefix is a state that the document can be read at.

use std::collections::{BTreeMap, BTreeSet};

use automerge::legacy::{Key, ObjectId};
use automerge::{Automerge, Change, ChangeHash, ObjId, Prop, ReadDoc};
use kernel::log::{origins, person_of};
use kernel::{Ctx, Permission, Result, Timestamp};

use super::history::own_name;
use super::open;
use crate::doc;
use crate::model::{Hand, Moments, MomentsQuery, Sitting, SittingStep};
use crate::store::{self, MomentRow};

/// A break of so many milliseconds ends a sitting.
const BREAK: i64 = 30 * 60 * 1_000;
/// So many steps of a sitting are told unless it is asked for.
const FIRST_STEPS: usize = 4;
/// So many steps of a sitting are told when it is asked for.
const MOST_STEPS: usize = 500;
/// So many elements of a step are told.
const MOST_ELEMENTS: usize = 8;

/// Who changed what, when.
///
/// # Errors
/// `NotFound`.
pub fn moments(ctx: &mut Ctx<'_>, input: &MomentsQuery) -> Result<Moments> {
    let (doc, _) = open(ctx, input.project, Permission::Read)?;
    let rows = indexed(ctx, &doc)?;
    let origins = origins(ctx.sql, &doc)?;
    let own = ctx.author()?.key.verifying_key().to_bytes();
    let own_person = person_of(ctx.sql, &own)?.map(|(person, _)| person);
    // Few hands make many changes, so each is looked up once.
    let mut hands: Vec<Hand> = Vec::new();
    let mut by_device: BTreeMap<Option<[u8; 32]>, usize> = BTreeMap::new();
    let mut open: Vec<Open> = Vec::new();
    let mut last_of: BTreeMap<usize, usize> = BTreeMap::new();
    let mut heads: BTreeSet<ChangeHash> = BTreeSet::new();
    for row in &rows {
        for dep in &row.deps {
            heads.remove(dep);
        }
        heads.insert(row.hash);
        // The first change of a document makes its empty shape, which nobody did.
        if row.at == 0 {
            continue;
        }
        let device = origins.of(&row.hash, &row.actor).map(|(device, _)| device);
        let hand = match by_device.get(&device) {
            Some(hand) => *hand,
            None => {
                let hand = hand(ctx, device, &own, own_person)?;
                let at = hands.iter().position(|known| known.id == hand.id).unwrap_or_else(|| {
                    hands.push(hand);
                    hands.len() - 1
                });
                by_device.insert(device, at);
                at
            }
        };
        if input.person.as_ref().is_some_and(|person| *person != hands[hand].id) {
            continue;
        }
        if input.element.as_ref().is_some_and(|element| !row.elements.split(' ').any(|touched| touched == element)) {
            continue;
        }
        let sitting = match last_of.get(&hand).filter(|sitting| row.effective - open[**sitting].to <= BREAK) {
            Some(sitting) => *sitting,
            None => {
                open.push(Open { hand, from: row.effective, to: row.effective, changes: 0, steps: Vec::new(), id: row.hash, order: 0 });
                last_of.insert(hand, open.len() - 1);
                open.len() - 1
            }
        };
        let order = row.effective;
        open[sitting].take(row, order, &heads);
    }
    open.sort_by_key(|sitting| sitting.order);
    let changes = open.iter().map(|sitting| sitting.changes).sum();
    let sittings = open
        .into_iter()
        .map(|sitting| sitting.told(&hands, input.sitting.is_some()))
        .filter(|sitting| input.sitting.as_ref().is_none_or(|id| *id == sitting.id))
        .collect();
    hands.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Moments { sittings, people: hands, changes })
}

fn hand(ctx: &mut Ctx<'_>, device: Option<[u8; 32]>, own: &[u8; 32], own_person: Option<kernel::PersonId>) -> Result<Hand> {
    let person = match &device {
        Some(device) => person_of(ctx.sql, device)?,
        None => None,
    };
    let mine = device.as_ref() == Some(own) || (person.is_some() && person.as_ref().map(|(id, _)| *id) == own_person);
    let name = match &person {
        Some((_, name)) => name.clone(),
        None if mine => own_name(ctx)?,
        None => ctx.say(("Someone", "Кто-то")),
    };
    let id = match (person, device) {
        (Some((person, _)), _) => person.to_string(),
        (None, _) if mine => "me".to_owned(),
        (None, Some(device)) => device.iter().map(|byte| format!("{byte:02x}")).collect(),
        (None, None) => "someone".to_owned(),
    };
    Ok(Hand { id, name, mine })
}

/// A sitting that is being put together.
struct Open {
    hand: usize,
    from: i64,
    to: i64,
    changes: u32,
    steps: Vec<Step>,
    id: ChangeHash,
    order: i64,
}

struct Step {
    message: String,
    at: i64,
    changes: u32,
    elements: String,
    heads: Vec<ChangeHash>,
}

impl Open {
    fn take(&mut self, row: &MomentRow, order: i64, heads: &BTreeSet<ChangeHash>) {
        self.to = row.effective;
        self.order = order;
        self.id = row.hash;
        self.changes += 1;
        let heads = heads.iter().copied().collect();
        match self.steps.last_mut() {
            // What was typed into one text, or set on one element, one after the other, is one thing to do.
            Some(step) if step.elements == row.elements && verb(&step.message) == verb(&row.message) => {
                step.at = row.effective;
                step.changes += 1;
                step.heads = heads;
            }
            _ => self.steps.push(Step { message: row.message.clone(), at: row.effective, changes: 1, elements: row.elements.clone(), heads }),
        }
    }

    fn told(self, hands: &[Hand], whole: bool) -> Sitting {
        let hand = &hands[self.hand];
        let most = if whole { MOST_STEPS } else { FIRST_STEPS };
        let names = |heads: &[ChangeHash]| heads.iter().map(ToString::to_string).collect::<Vec<_>>();
        let heads = self.steps.last().map(|step| names(&step.heads)).unwrap_or_default();
        let more = self.steps.len().saturating_sub(most);
        let steps = self
            .steps
            .into_iter()
            .take(most)
            .map(|step| SittingStep {
                heads: names(&step.heads),
                message: step.message,
                at: Timestamp::from_millis(step.at),
                changes: step.changes,
                elements: step.elements.split(' ').filter(|id| !id.is_empty()).take(MOST_ELEMENTS).map(str::to_owned).collect(),
            })
            .collect();
        Sitting {
            id: self.id.to_string(),
            person: hand.id.clone(),
            author: hand.name.clone(),
            mine: hand.mine,
            from: Timestamp::from_millis(self.from),
            to: Timestamp::from_millis(self.to),
            changes: self.changes,
            steps,
            more: u32::try_from(more).unwrap_or(u32::MAX),
            heads,
        }
    }
}

/// What a message says was done, without what it was done to.
fn verb(message: &str) -> &str {
    message.split(['"', '«']).next().unwrap_or_default()
}

/// The index of all changes; what is new since it was last read is added.
fn indexed(ctx: &mut Ctx<'_>, doc: &str) -> Result<Vec<MomentRow>> {
    let read = store::moments_read(ctx.sql, doc)?;
    let document = ctx.doc(doc)?;
    let heads = document.get_heads();
    if read != heads {
        let fresh = document.get_changes(&read);
        let mut reader = Elements { document, known: BTreeMap::new() };
        let elements: Vec<String> = fresh.iter().map(|change| reader.of(change)).collect();
        let mut order: BTreeMap<ChangeHash, (i64, i64)> = BTreeMap::new();
        for (change, elements) in fresh.iter().zip(elements) {
            let (mut effective, mut depth) = (change.timestamp(), 0);
            for dep in change.deps() {
                let known = match order.get(dep) {
                    Some(known) => Some(*known),
                    None => store::moment_order(ctx.sql, doc, dep)?,
                };
                if let Some((at, deep)) = known {
                    (effective, depth) = (effective.max(at), depth.max(deep + 1));
                }
            }
            order.insert(change.hash(), (effective, depth));
            let row = MomentRow {
                hash: change.hash(),
                actor: change.actor_id().to_bytes().to_vec(),
                // A change without operations changes nothing, like the one that makes the shape.
                at: if change.is_empty() { 0 } else { change.timestamp() },
                effective,
                depth,
                deps: change.deps().to_vec(),
                message: change.message().unwrap_or_default().to_owned(),
                elements,
            };
            store::add_moment(ctx.sql, doc, &row)?;
        }
        store::set_moments_read(ctx.sql, doc, &heads)?;
    }
    store::moments(ctx.sql, doc)
}

/// Finds the elements that changes touch, also those that are gone.
struct Elements<'d> {
    document: &'d Automerge,
    /// By object: its path of keys.
    known: BTreeMap<String, Vec<String>>,
}

impl Elements<'_> {
    /// The ids of what a change touches, separated by spaces.
    fn of(&mut self, change: &Change) -> String {
        let mut found = BTreeSet::new();
        for operation in change.decode().operations {
            let Key::Map(key) = &operation.key else {
                self.name(&operation.obj, None, &mut found);
                continue;
            };
            self.name(&operation.obj, Some(key), &mut found);
        }
        found.into_iter().collect::<Vec<_>>().join(" ")
    }

    fn name(&mut self, object: &ObjectId, key: Option<&str>, found: &mut BTreeSet<String>) {
        let path = self.path(object);
        let mut keys = path.iter().map(String::as_str).chain(key);
        let Some(container) = keys.next() else { return };
        let Some(id) = keys.next() else {
            // A named version stands at the root.
            found.extend(Some(container.to_owned()).filter(|id| id.starts_with("ver_")));
            return;
        };
        if container == doc::LINKS {
            found.extend(id.split('|').filter(|id| doc::plausible(id)).map(str::to_owned));
        } else if doc::CONTAINERS.contains(&container) {
            found.extend(Some(doc::bearer(container, id).to_owned()).filter(|id| doc::plausible(id)));
        } else if container.starts_with("ver_") {
            found.insert(container.to_owned());
        }
    }

    fn path(&mut self, object: &ObjectId) -> &[String] {
        let name = object.to_string();
        let document = self.document;
        self.known.entry(name.clone()).or_insert_with(|| {
            let Some(id) = document.import(&name).ok().map(|(id, _)| id).filter(|id| *id != ObjId::Root) else { return Vec::new() };
            let Ok(parents) = document.parents(&id) else { return Vec::new() };
            let mut path: Vec<String> = parents
                .filter_map(|parent| match parent.prop {
                    Prop::Map(key) => Some(key),
                    Prop::Seq(_) => None,
                })
                .collect();
            path.reverse();
            path
        })
    }
}
