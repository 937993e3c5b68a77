//! Undo and redo of one's own steps, among other people's changes.
//!
//! A step is undone by the inverse of its own change: what it put is put back where nobody has changed it since, what it
//! typed is taken out at the heads at which it was typed, so that other people's words around it stay. Counters stay: what
//! was counted or numbered in the meantime was told to people and is not given out twice.

use std::collections::BTreeSet;

use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{Automerge, ChangeHash, ObjId, ObjType, Patch, PatchAction, PatchLog, Prop, ROOT, ReadDoc, Value};

use crate::entry::Kind;
use crate::{Ctx, Result, Words, values};

/// Text edits of one element that follow each other within so many milliseconds are one step.
const ONE_STEP: i64 = 2_000;
/// The most steps that a document remembers.
const MOST_STEPS: u64 = 200;

/// A step that was undone, or done again.
pub struct Step {
    /// What it was, in the person's words of that time.
    pub label: String,
    /// What its inverse did to the document.
    pub patches: Vec<Patch>,
}

/// Which way to go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Takes back the last step.
    Undo,
    /// Does the last step again that was taken back.
    Redo,
}

impl Ctx<'_> {
    /// Remembers a change as a step of this device's person.
    pub(crate) fn remember(&mut self, doc: &str, hash: ChangeHash, label: &str, element: Option<&str>, typed: bool) -> Result<()> {
        self.sql.execute("delete from kernel_undo where doc = $1 and undone = 1", values![doc])?;
        if typed && let Some(mut last) = self.sql.find("select n, hashes, element, at from kernel_undo where doc = $1 and undone = 0 order by n desc limit 1", values![doc])? {
            let (n, mut hashes, about, at): (i64, Vec<u8>, Option<String>, i64) = (last.take(0)?, last.take(1)?, last.take(2)?, last.take(3)?);
            if about.as_deref() == Some(&format!("typed {}", element.unwrap_or_default())) && self.now.millis() - at < ONE_STEP {
                hashes.extend(hash.0);
                self.sql.execute("update kernel_undo set hashes = $2, at = $3 where n = $1", values![n, hashes, self.now])?;
                return Ok(());
            }
        }
        let about = element.map(|element| if typed { format!("typed {element}") } else { element.to_owned() });
        self.sql.execute("insert into kernel_undo (doc, hashes, label, element, at) values ($1, $2, $3, $4, $5)", values![doc, hash.0, label, about, self.now])?;
        self.sql.execute("delete from kernel_undo where doc = $1 and n <= (select n from kernel_undo where doc = $1 order by n desc limit 1 offset $2)", values![doc, MOST_STEPS])?;
        Ok(())
    }

    /// Whether there is a step to undo, and one to redo.
    ///
    /// # Errors
    /// Those of the store.
    pub fn steps(&mut self, doc: &str) -> Result<(bool, bool)> {
        let mut row = self
            .sql
            .find("select exists (select 1 from kernel_undo where doc = $1 and undone = 0), exists (select 1 from kernel_undo where doc = $1 and undone = 1)", values![doc])?
            .ok_or_else(|| crate::Error::internal("exists answers nothing"))?;
        Ok((row.take(0)?, row.take(1)?))
    }

    /// Undoes or redoes one step of this device's person; `None` when there is none left.
    /// Steps of which nothing is left to take back are passed over.
    ///
    /// # Errors
    /// Those of the store.
    pub fn step(&mut self, doc: &str, way: Way) -> Result<Option<Step>> {
        let next = match way {
            Way::Undo => "select n, hashes, label from kernel_undo where doc = $1 and undone = 0 order by n desc limit 1",
            Way::Redo => "select n, hashes, label from kernel_undo where doc = $1 and undone = 1 order by n limit 1",
        };
        while let Some(mut row) = self.sql.find(next, values![doc])? {
            let (n, hashes, label): (i64, Vec<u8>, String) = (row.take(0)?, row.take(1)?, row.take(2)?);
            let words: Words = match way {
                Way::Undo => (format!("Undid: {label}"), format!("Отменено: {label}")),
                Way::Redo => (format!("Did again: {label}"), format!("Повторено: {label}")),
            }
            .into();
            let message = self.say(words);
            let mut made = Vec::new();
            let mut patches = Vec::new();
            for hash in hashes.chunks_exact(32).rev() {
                let mut bytes = [0; 32];
                bytes.copy_from_slice(hash);
                let (hashes, done) = self.invert(doc, ChangeHash(bytes), &message)?;
                made.extend(hashes);
                patches.extend(done);
            }
            if made.is_empty() {
                self.sql.execute("delete from kernel_undo where n = $1", values![n])?;
                continue;
            }
            let bytes: Vec<u8> = made.iter().flat_map(|hash| hash.0).collect();
            self.sql.execute("update kernel_undo set hashes = $2, undone = $3, element = null where n = $1", values![n, bytes, way == Way::Undo])?;
            return Ok(Some(Step { label, patches }));
        }
        Ok(None)
    }

    /// Applies the inverse of one change; answers the changes that this made, and their effect.
    fn invert(&mut self, doc: &str, hash: ChangeHash, message: &str) -> Result<(Vec<ChangeHash>, Vec<Patch>)> {
        let (now, space) = (self.now, self.space_of(doc)?);
        let automerge = self.touch(doc)?;
        let Some(change) = automerge.get_change_by_hash(&hash) else { return Ok((Vec::new(), Vec::new())) };
        let inverse = automerge.diff(&[hash], change.deps());
        let before = automerge.get_heads();
        let options = || CommitOptions::default().with_time(now.millis()).with_message(message.to_owned());
        let plan = Plan::of(automerge, hash, &inverse);
        let mut made = Vec::new();
        let mut transaction = automerge.transaction();
        plan.structure(&mut transaction)?;
        made.extend(transaction.commit_with(options()).0);
        if !plan.typed.is_empty() {
            let mut transaction = automerge.transaction_at(PatchLog::inactive(), &[hash])?;
            for (text, patch) in &plan.typed {
                splice(&mut transaction, text, &patch.action)?;
            }
            made.extend(transaction.commit_with(options()).0);
        }
        let patches = automerge.diff(&before, &automerge.get_heads());
        let raw: Vec<(ChangeHash, Vec<u8>)> = made.iter().filter_map(|hash| automerge.get_change_by_hash(hash).map(|change| (*hash, change.raw_bytes().to_vec()))).collect();
        for (hash, bytes) in raw {
            self.append(space, Kind::Change, &hash.0, doc, bytes)?;
        }
        Ok((made, patches))
    }
}

/// The parts of an inverse that still make sense.
struct Plan<'p> {
    /// Puts and deletions in maps, and everything inside objects that come back.
    structure: Vec<&'p Patch>,
    /// Insertions and deletions in texts that exist.
    typed: Vec<(ObjId, &'p Patch)>,
}

type Path = Vec<Prop>;

fn path_of(patch: &Patch) -> Path {
    patch.path.iter().map(|(_, prop)| prop.clone()).collect()
}

impl<'p> Plan<'p> {
    fn of(automerge: &Automerge, hash: ChangeHash, inverse: &'p [Patch]) -> Self {
        let mut plan = Self { structure: Vec::new(), typed: Vec::new() };
        let mut returning: BTreeSet<String> = BTreeSet::new();
        let key = |path: &Path| format!("{path:?}");
        for patch in inverse {
            let path = path_of(patch);
            let inside_returning = (0..=path.len()).any(|length| returning.contains(&key(&path[..length].to_vec())));
            match &patch.action {
                PatchAction::PutMap { key: name, value, .. } => {
                    if counts(automerge, &path, name) {
                        continue;
                    }
                    let full = [path.clone(), vec![Prop::Map(name.clone())]].concat();
                    if inside_returning {
                        plan.structure.push(patch);
                        if value.0.is_object() {
                            returning.insert(key(&full));
                        }
                    } else if let Some(object) = find(automerge, &path)
                        && unchanged(automerge, &path, &object, name, hash)
                    {
                        plan.structure.push(patch);
                        if value.0.is_object() {
                            returning.insert(key(&full));
                        }
                    }
                }
                PatchAction::DeleteMap { key: name } => {
                    if let Some(object) = find(automerge, &path)
                        && !counts(automerge, &path, name)
                        && unchanged(automerge, &path, &object, name, hash)
                    {
                        plan.structure.push(patch);
                    }
                }
                PatchAction::SpliceText { .. } | PatchAction::DeleteSeq { .. } if inside_returning => plan.structure.push(patch),
                PatchAction::SpliceText { .. } | PatchAction::DeleteSeq { .. } => {
                    let Some(object) = find(automerge, &path).filter(|object| matches!(automerge.object_type(object), Ok(ObjType::Text))) else { continue };
                    if object == patch.obj {
                        plan.typed.push((object, patch));
                    } else if automerge.text(&object).ok() == automerge.text_at(&patch.obj, &[hash]).ok() {
                        // The text was removed and came back, word for word, as a new one.
                        plan.structure.push(patch);
                    }
                }
                _ => {}
            }
        }
        plan
    }

    fn structure(&self, transaction: &mut Transaction<'_>) -> Result<()> {
        for patch in &self.structure {
            let Some(object) = find(transaction, &path_of(patch)) else { continue };
            match &patch.action {
                PatchAction::PutMap { key, value: (Value::Scalar(value), _), .. } => transaction.put(&object, key.as_str(), value.as_ref().clone())?,
                PatchAction::PutMap { key, value: (Value::Object(kind), _), .. } => {
                    transaction.put_object(&object, key.as_str(), *kind)?;
                }
                PatchAction::DeleteMap { key } => transaction.delete(&object, key.as_str())?,
                action => splice(transaction, &object, action)?,
            }
        }
        Ok(())
    }
}

fn splice(transaction: &mut Transaction<'_>, text: &ObjId, action: &PatchAction) -> Result<()> {
    match action {
        PatchAction::SpliceText { index, value, .. } => transaction.splice_text(text, *index, 0, &value.make_string())?,
        PatchAction::DeleteSeq { index, length } => transaction.splice_text(text, *index, isize::try_from(*length).unwrap_or(isize::MAX), "")?,
        _ => {}
    }
    Ok(())
}

/// The object at a path of keys, as it now is.
fn find(document: &impl ReadDoc, path: &Path) -> Option<ObjId> {
    path.iter().try_fold(ROOT, |object, prop| match document.get(&object, prop.clone()) {
        Ok(Some((Value::Object(_), id))) => Some(id),
        _ => None,
    })
}

/// Whether a key holds a counter now.
fn counts(automerge: &Automerge, path: &Path, key: &str) -> bool {
    find(automerge, path).and_then(|object| automerge.get(&object, key).ok().flatten()).is_some_and(|(value, _)| matches!(value, Value::Scalar(value) if value.is_counter()))
}

/// Whether a key holds now what it held right after the change, with everything inside. Objects that were removed and
/// came back have new identities, so they are compared by what they hold.
fn unchanged(automerge: &Automerge, path: &Path, object: &ObjId, key: &str, hash: ChangeHash) -> bool {
    let heads = [hash];
    let before = path.iter().try_fold(ROOT, |object, prop| match automerge.get_at(&object, prop.clone(), &heads) {
        Ok(Some((Value::Object(_), id))) => Some(id),
        _ => None,
    });
    let then = before.and_then(|before| automerge.get_at(&before, key, &heads).ok().flatten());
    let now = automerge.get(object, key).ok().flatten();
    // Where another person's value stands beside it, putting anything would silently take theirs away too.
    if automerge.get_all(object, key).is_ok_and(|values| values.len() > 1) {
        return false;
    }
    match (then, now) {
        (None, None) => true,
        (Some((Value::Scalar(then), _)), Some((Value::Scalar(now), _))) => then == now,
        (Some((Value::Object(_), then)), Some((Value::Object(_), now))) => ReadDoc::hydrate(automerge, &then, Some(&heads)).ok() == ReadDoc::hydrate(automerge, &now, None).ok(),
        _ => false,
    }
}
