//! What may join a log, and how a space looks to one of its people.

use std::collections::{BTreeMap, BTreeSet};

use automerge::Change;
use kernel::entry::{DeviceKey, Entry, Kind};
use kernel::protocol::{Cursor, Person, SpaceState};
use kernel::sync::{Outcome, Row};
use kernel::{Code, Ctx, Permission, PersonId, Result, Role, SpaceId, Sql, Timestamp, Words};
use minicbor::bytes::ByteVec;

use super::store;

/// The largest payload of a record.
pub const MAX_RECORD: usize = 256 * 1024;
/// How far the clock of a device may be ahead, in milliseconds.
const AHEAD: i64 = 24 * 60 * 60 * 1_000;

/// What the owner of a device may do in a space.
pub struct Grant {
    /// Who.
    pub person: PersonId,
    /// Whether the device was shut out.
    pub revoked: bool,
    /// Their role, if they are a member.
    pub role: Option<Role>,
}

/// The questions that the log asks of those who know people.
pub trait Grants {
    /// What a device may do; none for an unknown one.
    ///
    /// # Errors
    /// Those of the database.
    fn of(&self, sql: &mut dyn Sql, space: SpaceId, device: &DeviceKey) -> Result<Option<Grant>>;

    /// Everyone with a role in the space: who, name, role.
    ///
    /// # Errors
    /// Those of the database.
    fn members(&self, sql: &mut dyn Sql, space: SpaceId) -> Result<Vec<(PersonId, String, Role)>>;

    /// The keys of a person's devices.
    ///
    /// # Errors
    /// Those of the database.
    fn keys(&self, sql: &mut dyn Sql, person: PersonId) -> Result<Vec<DeviceKey>>;

    /// The keys of a person that this server holds and signs with.
    ///
    /// # Errors
    /// Those of the database.
    fn doors(&self, sql: &mut dyn Sql, person: PersonId) -> Result<Vec<DeviceKey>>;

    /// A person's name.
    ///
    /// # Errors
    /// Those of the database.
    fn name(&self, sql: &mut dyn Sql, person: PersonId) -> Result<Option<String>>;
}

/// `identity` answers.
pub struct Identity;

impl Grants for Identity {
    fn of(&self, sql: &mut dyn Sql, space: SpaceId, device: &DeviceKey) -> Result<Option<Grant>> {
        Ok(crate::identity::store::device_in(sql, space, device)?.map(|(person, revoked, role)| Grant { person, revoked, role }))
    }

    fn members(&self, sql: &mut dyn Sql, space: SpaceId) -> Result<Vec<(PersonId, String, Role)>> {
        Ok(crate::identity::store::members(sql, space)?.into_iter().map(|member| (member.person, member.name, member.role)).collect())
    }

    fn keys(&self, sql: &mut dyn Sql, person: PersonId) -> Result<Vec<DeviceKey>> {
        crate::identity::store::keys(sql, person)
    }

    fn doors(&self, sql: &mut dyn Sql, person: PersonId) -> Result<Vec<DeviceKey>> {
        crate::door::store::of_person(sql, person)
    }

    fn name(&self, sql: &mut dyn Sql, person: PersonId) -> Result<Option<String>> {
        crate::identity::store::name(sql, person)
    }
}

/// Begins the log of a space, if it has none.
///
/// # Errors
/// Those of the database.
pub fn open(ctx: &mut Ctx<'_>, space: SpaceId) -> Result<()> {
    let epoch = ctx.random.bytes();
    store::begin(ctx.sql, space, &epoch)
}

/// What became of a pushed entry, with its row when it joined the log.
pub enum Verdict {
    /// It has this place.
    Accepted(Row),
    /// It had this place already.
    Known(u64),
    /// It is not accepted.
    Refused(&'static str, Words),
}

impl Verdict {
    /// As the session wants it.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Accepted(row) => Outcome::Accepted(row.seq),
            Self::Known(seq) => Outcome::Known(*seq),
            Self::Refused(code, reason) => Outcome::Refused { code: (*code).to_owned(), reason: reason.clone() },
        }
    }
}

fn refused(code: &'static str, en: impl Into<String>, ru: impl Into<String>) -> Result<Verdict> {
    Ok(Verdict::Refused(code, (en.into(), ru.into()).into()))
}

/// What pushed bytes are, or why they are refused: the part of the judgement that needs no database, and half of its work.
pub type Read = std::result::Result<Entry, (&'static str, Words)>;

/// Reads an entry and checks its form and its signature.
///
/// # Errors
/// A stable word, and the reason for the person.
pub fn read(bytes: &[u8]) -> Read {
    Entry::parse(bytes).map_err(|error| {
        let code = match (error.code, error.field.as_deref()) {
            (Code::TooLarge, _) => "too_large",
            (_, Some("signature")) => "signature",
            _ => "malformed",
        };
        (code, error.words)
    })
}

/// Judges an entry, and appends it if nothing speaks against it: the author and their role now, for a change its hash,
/// dependencies and count, for a record its size and time, and the space's quota.
///
/// # Errors
/// Those of the database; a refusal is no error.
pub fn accept(sql: &mut dyn Sql, grants: &dyn Grants, space: SpaceId, entry: &Read, quota: u64, now: Timestamp) -> Result<Verdict> {
    let entry = match entry {
        Ok(entry) => entry,
        Err((code, words)) => return Ok(Verdict::Refused(code, words.clone())),
    };
    let bytes = entry.bytes();
    if entry.space != space {
        return refused("malformed", "The entry belongs to another space.", "Запись принадлежит другому пространству.");
    }
    if entry.subject.contains('\0') {
        return refused("malformed", "The subject of the entry can't be stored.", "Предмет записи нельзя сохранить.");
    }
    let granted = grants.of(sql, space, &entry.device)?;
    let Some(grant) = granted else {
        return refused("unknown_device", "The device that signed this is not known here. Sign in on it.", "Подписавшее устройство здесь неизвестно. Войдите на нём.");
    };
    if grant.revoked {
        return refused("device_revoked", "The device that signed this was shut out of the server.", "Подписавшее устройство отключено от сервера.");
    }
    let (Some(role), Some((log, place))) = (grant.role, store::log_with(sql, space, &entry.id)?) else {
        return refused("forbidden", "You are not a member of this project.", "Вы не участник этого проекта.");
    };
    if let Some(seq) = place {
        return Ok(Verdict::Known(seq));
    }
    let permission = match entry.kind {
        Kind::Change => Permission::Edit,
        Kind::Record => Permission::Comment,
    };
    if !role.may(permission) {
        return Ok(Verdict::Refused("forbidden", kernel::ctx::forbidden(role, permission).words));
    }
    if entry.at > now.plus_millis(AHEAD) || entry.at.millis() < 0 {
        return refused("clock", "The clock of the device is more than a day ahead. Set it and send the change again.", "Часы устройства спешат больше чем на сутки. Исправьте их и отправьте изменение снова.");
    }
    if log.bytes + bytes.len() as u64 > log.quota.unwrap_or(quota) {
        return refused("quota", "The project has used up its room on the server. Ask an admin for more.", "Проект исчерпал место на сервере. Попросите администратора добавить.");
    }
    let judged = match entry.kind {
        Kind::Change => judge_change(sql, entry)?,
        Kind::Record if entry.payload.len() > MAX_RECORD => return refused("too_large", "A record has at most 256 KiB.", "Запись не больше 256 КиБ."),
        Kind::Record => Ok(Joining::default()),
    };
    let judged = match judged {
        Ok(judged) => judged,
        Err((code, words)) => return Ok(Verdict::Refused(code, words)),
    };
    let (seq, chain) = (log.head + 1, log.chain.then(bytes));
    store::append(sql, entry, seq, chain, now)?;
    if judged.begins {
        store::begin_document(sql, space, &entry.subject)?;
    }
    if let Some((actor, count)) = judged.author {
        store::set_actor(sql, space, &entry.subject, &actor, &entry.device, count)?;
    }
    Ok(Verdict::Accepted(Row { seq, id: entry.id.clone(), bytes: bytes.to_vec(), chain }))
}

/// What the log notes about an entry that joins it.
#[derive(Default)]
struct Joining {
    /// A change's actor with its new count.
    author: Option<(Vec<u8>, u64)>,
    /// Whether the change builds on no other: a document has at least one such change.
    begins: bool,
}

type Judged = std::result::Result<Joining, (&'static str, Words)>;

/// What is to be noted about a change, or why it can't join. The change is parsed and hashed, never applied.
fn judge_change(sql: &mut dyn Sql, entry: &Entry) -> Result<Judged> {
    let no = |code: &'static str, en: &str, ru: &str| -> Result<Judged> { Ok(Err((code, (en, ru).into()))) };
    let Ok(change) = Change::from_bytes(entry.payload.clone()) else { return no("malformed", "The change can't be read.", "Изменение не читается.") };
    if change.hash().0.as_slice() != entry.id {
        return no("malformed", "The change bears another's name.", "Изменение носит чужое имя.");
    }
    let actor = change.actor_id().to_bytes();
    // Nearly every change builds on one other; both questions are one trip to the database.
    let (known, first) = store::actor(sql, entry.space, &entry.subject, actor, change.deps().first().map(|dep| dep.0.as_slice()))?;
    let mut subjects = vec![first];
    for dep in change.deps().iter().skip(1) {
        subjects.push(store::subject(sql, entry.space, &dep.0)?);
    }
    for subject in subjects.into_iter().take(change.deps().len()) {
        match subject {
            None => return no("dependencies", "The change builds on another that the server does not have.", "Изменение опирается на другое, которого нет на сервере."),
            Some(subject) if subject != entry.subject => return no("dependencies", "The change builds on one of another document.", "Изменение опирается на изменение другого документа."),
            Some(_) => {}
        }
    }
    if actor.iter().all(|byte| *byte == 0) {
        // A document's first change is the same wherever it is made; its actor is nobody's.
        return if change.deps().is_empty() && change.seq() == 1 { Ok(Ok(Joining { author: None, begins: true })) } else { no("actor", "Only a document's first change has no author.", "Без автора бывает только первое изменение документа.") };
    }
    if known.is_some_and(|(device, _)| device != entry.device) {
        return no("actor", "The change claims to be made by another device.", "Изменение выдаёт себя за сделанное другим устройством.");
    }
    if change.seq() != known.map_or(0, |(_, seq)| seq) + 1 {
        return no("sequence", "The change leaves a gap in, or repeats, what its device has made.", "Изменение пропускает или повторяет номер своего устройства.");
    }
    Ok(Ok(Joining { author: Some((actor.to_vec(), change.seq())), begins: change.deps().is_empty() }))
}

fn doors(sql: &mut dyn Sql, grants: &dyn Grants, person: PersonId) -> Result<Option<Vec<ByteVec>>> {
    let doors = grants.doors(sql, person)?;
    Ok((!doors.is_empty()).then(|| doors.into_iter().map(|key| key.to_vec().into()).collect()))
}

/// A space as one of its people sees it; none for others. `start` is the cursor's place when it fits this log, else 0.
///
/// # Errors
/// Those of the database.
pub fn state(sql: &mut dyn Sql, grants: &dyn Grants, space: SpaceId, person: PersonId, cursor: Option<&Cursor>, online: &BTreeSet<PersonId>) -> Result<Option<SpaceState>> {
    let mut people = BTreeMap::new();
    for (who, name, role) in grants.members(sql, space)? {
        let devices = grants.keys(sql, who)?;
        let doors = doors(sql, grants, who)?;
        people.insert(who, Person { person: who, name, role: Some(role), online: online.contains(&who), devices: devices.into_iter().map(|key| key.to_vec().into()).collect(), doors });
    }
    let (Some(role), Some(log)) = (people.get(&person).and_then(|me| me.role), store::log(sql, space)?) else { return Ok(None) };
    for device in store::authors(sql, space)? {
        // Those who have left keep the names of what they wrote.
        if let Some(Grant { person: who, role: None, .. }) = grants.of(sql, space, &device)? {
            let name = grants.name(sql, who)?.unwrap_or_default();
            let doors = doors(sql, grants, who)?;
            let left = people.entry(who).or_insert_with(|| Person { person: who, name, role: None, online: false, devices: Vec::new(), doors });
            left.devices.push(device.to_vec().into());
        }
    }
    let start = match cursor {
        Some(cursor) => cursor.start(|seq| if seq <= log.head { store::chain(sql, space, seq) } else { Ok(None) })?,
        None => 0,
    };
    Ok(Some(SpaceState { space, role, epoch: log.epoch, head: log.head, chain: log.chain, start, people: people.into_values().collect() }))
}
