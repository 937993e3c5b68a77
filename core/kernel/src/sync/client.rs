//! The device's side of the connection to one server.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::bytes::ByteVec;

use crate::entry::Entry;
use crate::log::{Contexts, Item, counts, find, is_waiting, outbox};
use crate::protocol::{Aside, BATCH_BYTES, BATCH_COUNT, Cursor, Mark, Push, SpaceState, ToClient, ToServer, VERSION, decode, encode};
use crate::pack;
use crate::space::{self, Space};
use crate::{Code, Ctx, Error, PersonId, Result, SpaceId, Sql, Words, values};

/// The most entries of a space that may be on their way at once.
const WINDOW: u64 = 2 * BATCH_COUNT as u64;

/// The connection to one server, from its first message to its end. A new connection is a new `Client`.
pub struct Client {
    server: String,
    person: Option<PersonId>,
    /// The newest local entry that was pushed on this connection, by space. Only followed spaces stand here.
    pushed: BTreeMap<SpaceId, i64>,
    /// How far the others were told that this device has read.
    told: BTreeMap<SpaceId, u64>,
    /// The ids of these entries: the number of one that is given up goes to the next that is written.
    newest: BTreeMap<SpaceId, Vec<u8>>,
    /// Subscribed, and not yet told where the stream begins: what arrives until then was on its way before.
    asked: BTreeSet<SpaceId>,
    /// What was on its way when the server turned out to have lost what it may build on: it is pushed once more, and only
    /// that answer counts.
    overtaken: BTreeMap<SpaceId, BTreeSet<Vec<u8>>>,
    /// Whose entries were asked for in full, because the server named one that the person has given up meanwhile.
    in_full: BTreeSet<SpaceId>,
    /// Why the server ended the connection, or asks for patience.
    problem: Option<(String, Words, Option<u64>)>,
}

impl Client {
    /// A connection to the server at this address.
    #[must_use]
    pub fn new(server: &str) -> Self {
        Self {
            server: server.to_owned(),
            person: None,
            pushed: BTreeMap::new(),
            told: BTreeMap::new(),
            newest: BTreeMap::new(),
            asked: BTreeSet::new(),
            overtaken: BTreeMap::new(),
            in_full: BTreeSet::new(),
            problem: None,
        }
    }

    /// Whether the server has answered.
    #[must_use]
    pub fn welcomed(&self) -> bool {
        self.person.is_some()
    }

    /// Why the server ended the connection, or asks for patience: a stable word, its reason, and milliseconds to wait.
    #[must_use]
    pub fn problem(&self) -> Option<&(String, Words, Option<u64>)> {
        self.problem.as_ref()
    }

    /// The first message: cursors of every space of this server, and the beginning of its outbox. A space whose
    /// pack is under way is not followed before that is whole, or left.
    ///
    /// # Errors
    /// Those of the store.
    pub fn hello(&mut self, ctx: &mut Ctx<'_>, token: &str) -> Result<ToServer> {
        let device = ctx.author()?.key.verifying_key().to_bytes();
        let mut cursors = Vec::new();
        let mut push = Vec::new();
        let mut room = BATCH_BYTES;
        for known in space::list(ctx.sql, Some(&self.server))?.into_iter().filter(|known| !known.paused) {
            if pack::progress(ctx.sql, known.space)?.is_some() {
                continue;
            }
            self.pushed.insert(known.space, 0);
            if room > 0
                && let Some(more) = self.batch(ctx, known.space, room)?
            {
                room = room.saturating_sub(more.entries.iter().map(|entry| entry.len()).sum());
                push.push(more);
            }
            cursors.push(cursor(ctx.sql, &known)?);
        }
        Ok(ToServer::Hello { version: VERSION, token: token.to_owned(), device, cursors, push })
    }

    /// A message arrived; answers what to send. The caller's transaction must be rolled back when this fails,
    /// and [`Client::failed`] told.
    ///
    /// # Errors
    /// `Damaged` when the server's log does not continue the one on this device; those of the store.
    pub fn receive(&mut self, ctx: &mut Ctx<'_>, contexts: &dyn Contexts, message: ToClient) -> Result<Vec<ToServer>> {
        let mut again = None;
        match message {
            ToClient::Welcome { person, spaces } => {
                self.person = Some(person);
                for state in spaces {
                    self.apply(ctx, &state, true)?;
                }
            }
            ToClient::Space(state) => {
                // Someone may have come who has not heard it.
                self.told.remove(&state.space);
                again = self.apply(ctx, &state, false)?;
            }
            ToClient::Entries { space, first, items, chain, head, head_chain } => {
                if !self.pushed.contains_key(&space) || self.asked.contains(&space) {
                    return Ok(Vec::new());
                }
                let mut known = space::get(ctx.sql, space)?;
                if self.gave_up_one(ctx, space, &items)? {
                    self.asked.insert(space);
                    return Ok(vec![ToServer::Subscribe(cursor(ctx.sql, &known)?)]);
                }
                ctx.receive(contexts, &mut known, first, &items, chain)?;
                known.head = Some((head, head_chain));
                known.problem = None;
                self.prove(ctx, known)?;
                ctx.emit("sync", "EntriesReceived", space.to_string());
            }
            ToClient::Known { space, id, seq } => {
                // Where the place lies in the part that was read, the entry got it there; anything else would be
                // an acknowledgement without proof. What lies beyond comes with the log.
                if self.pushed.contains_key(&space) && seq <= space::get(ctx.sql, space)?.seq && is_waiting(ctx.sql, space, &id)? {
                    return Err(Error::damaged((
                        "The server says that it holds a change which its log does not contain. Reconnecting will send it again.",
                        "Сервер сообщает, что у него есть изменение, которого нет в его журнале. При переподключении оно будет отправлено снова.",
                    )));
                }
            }
            ToClient::Refused { space, id, code, reason } => {
                if !self.overtaken.get_mut(&space).is_some_and(|overtaken| overtaken.remove(&id)) {
                    ctx.refuse(contexts, space, &id, &code, &reason)?;
                }
            }
            ToClient::Closed { space, reason } => {
                self.pushed.remove(&space);
                if let Some(mut known) = space::find(ctx.sql, space)? {
                    known.problem = Some(reason);
                    // What was read stays readable; nothing can be written that nobody would take.
                    known.role = crate::Role::Viewer;
                    space::save(ctx.sql, &known)?;
                }
                ctx.emit("sync", "SpaceClosed", space.to_string());
            }
            ToClient::Ephemeral { space, person, body } => {
                // What a newer version says is not for this one.
                if let Ok(Aside::Seen { seq }) = decode(&body) {
                    space::saw(ctx.sql, space, person, seq, ctx.now)?;
                    ctx.emit("sync", "Seen", space.to_string());
                }
            }
            ToClient::Problem { code, reason, retry_after } => {
                self.problem = Some((code, reason, retry_after));
                if retry_after.is_some() {
                    // What was on its way may have been turned away; pushing again is harmless.
                    self.pushed.values_mut().for_each(|pushed| *pushed = 0);
                    return Ok(Vec::new());
                }
            }
        }
        let mut messages = self.pump(ctx)?;
        messages.extend(again);
        Ok(messages)
    }

    /// What to push now. Called after local changes, and by [`Client::receive`].
    ///
    /// # Errors
    /// Those of the store.
    pub fn pump(&mut self, ctx: &mut Ctx<'_>) -> Result<Vec<ToServer>> {
        let mut messages = Vec::new();
        if self.person.is_none() {
            return Ok(messages);
        }
        for space in self.pushed.keys().copied().collect::<Vec<_>>() {
            let known = space::get(ctx.sql, space)?;
            if let Some(newest) = self.newest.get(&space)
                && find(ctx.sql, space, newest)?.is_none()
            {
                // It was given up; whatever follows it is looked at anew, and pushing again is harmless.
                self.newest.remove(&space);
                self.pushed.insert(space, 0);
            }
            let caught_up = known.head.is_none_or(|(head, _)| known.seq >= head);
            let flying: u64 = ctx
                .sql
                .find(
                    "select count(*) from kernel_entry where space = $1 and seq is null and refused_code is null and n <= $2",
                    values![space, self.pushed.get(&space).copied().unwrap_or(0)],
                )?
                .map_or(Ok(0), |mut row| row.take(0))?;
            // Entries that wait may be in the part of the log that is still to come.
            if caught_up
                && !known.paused
                && flying < WINDOW
                && let Some(push) = self.batch(ctx, space, BATCH_BYTES)?
            {
                messages.push(ToServer::Push(push));
            }
        }
        Ok(messages)
    }

    /// Tells the others how far this device has read, where it was not told. Called when it has been quiet for a while.
    ///
    /// # Errors
    /// Those of the store.
    pub fn tell(&mut self, ctx: &mut Ctx<'_>) -> Result<Vec<ToServer>> {
        let mut messages = Vec::new();
        if !self.welcomed() {
            return Ok(messages);
        }
        for space in self.pushed.keys() {
            let known = space::get(ctx.sql, *space)?;
            if known.head == Some((known.seq, known.chain)) && self.told.insert(*space, known.seq) != Some(known.seq) {
                messages.push(ToServer::Ephemeral { space: *space, body: encode(&Aside::Seen { seq: known.seq }).into() });
            }
        }
        Ok(messages)
    }

    /// Follows the spaces of this server that joined, or were resumed, since the connection began, and leaves the paused ones.
    ///
    /// # Errors
    /// Those of the store.
    pub fn refollow(&mut self, ctx: &mut Ctx<'_>) -> Result<Vec<ToServer>> {
        let mut messages = Vec::new();
        for known in space::list(ctx.sql, Some(&self.server))? {
            match (known.paused, self.pushed.contains_key(&known.space)) {
                (true, true) => {
                    self.pushed.remove(&known.space);
                    messages.push(ToServer::Unsubscribe(known.space));
                }
                (false, false) if pack::progress(ctx.sql, known.space)?.is_none() => {
                    self.pushed.insert(known.space, 0);
                            self.asked.insert(known.space);
                    messages.push(ToServer::Subscribe(cursor(ctx.sql, &known)?));
                }
                _ => {}
            }
        }
        Ok(messages)
    }

    /// Pushes everything that waits in a space once more, after refused entries were released.
    ///
    /// # Errors
    /// Those of the store.
    pub fn repush(&mut self, ctx: &mut Ctx<'_>) -> Result<Vec<ToServer>> {
        self.pushed.values_mut().for_each(|pushed| *pushed = 0);
        self.pump(ctx)
    }

    /// Notes why a message could not be taken over; the space stops until the next connection.
    ///
    /// # Errors
    /// Those of the store.
    pub fn failed(&mut self, ctx: &mut Ctx<'_>, space: SpaceId, error: &Error) -> Result<()> {
        self.pushed.remove(&space);
        let mut known = space::get(ctx.sql, space)?;
        known.problem = Some(error.words.clone());
        space::save(ctx.sql, &known)?;
        ctx.emit("sync", "SyncFailed", space.to_string());
        Ok(())
    }

    /// Whether the server names an entry that is no longer here. An entry that was refused and sent again may be given
    /// up before it is accepted; then it is needed in full, and a subscription makes the server forget what was pushed.
    /// One that goes on naming what nobody holds is not asked a second time.
    fn gave_up_one(&mut self, ctx: &mut Ctx<'_>, space: SpaceId, items: &[Item]) -> Result<bool> {
        if self.in_full.contains(&space) {
            return Ok(false);
        }
        for item in items {
            if let Item::Own(id) = item
                && find(ctx.sql, space, id)?.is_none()
            {
                return Ok(self.in_full.insert(space));
            }
        }
        Ok(false)
    }

    /// Whether a stream that begins there is one to listen to. After a subscription, messages of the stream before it
    /// still arrive: those do not begin at a place that the subscription named. A stream that nobody asked for begins
    /// where this device stands, unless it belongs to a subscription that was answered by mistake with such a message.
    fn continues(&mut self, ctx: &mut Ctx<'_>, known: &Space, start: u64) -> Result<bool> {
        if start == known.seq {
            return Ok(true);
        }
        let named = start == 0 || start < known.seq && space::marks(ctx.sql, known.space)?.iter().any(|(mark, _)| *mark == start);
        Ok(named && self.asked.contains(&known.space))
    }

    /// Takes over how a space is; answers what to send when the stream does not stand where this device does.
    fn apply(&mut self, ctx: &mut Ctx<'_>, state: &SpaceState, greeted: bool) -> Result<Option<ToServer>> {
        // A space that was paused or has failed on this connection stays where it is.
        if !self.pushed.contains_key(&state.space) {
            return Ok(None);
        }
        let Some(mut known) = space::find(ctx.sql, state.space)? else { return Ok(None) };
        if !greeted && !self.continues(ctx, &known, state.start)? {
            return Ok(if self.asked.insert(state.space) { Some(ToServer::Subscribe(cursor(ctx.sql, &known)?)) } else { None });
        }
        self.asked.remove(&state.space);
        if state.start != known.seq {
            let flying = flying(ctx.sql, known.space, self.pushed.get(&known.space).copied().unwrap_or(0))?;
            self.overtaken.entry(known.space).or_default().extend(flying);
            match ctx.rewind(&mut known, state.start) {
                Ok(()) => self.pushed.insert(known.space, 0),
                // Only this space has to stop; the others of the connection go on.
                Err(error) if error.code == Code::Damaged => return self.failed(ctx, state.space, &error).map(|()| None),
                Err(error) => return Err(error),
            };
        }
        if known.role != state.role {
            ctx.emit("project", "RoleChanged", known.space.to_string());
        }
        known.role = state.role;
        known.epoch = Some(state.epoch);
        known.head = Some((state.head, state.chain));
        known.problem = None;
        ctx.sql.execute("delete from kernel_member where space = $1", values![known.space])?;
        for person in &state.people {
            // Who has left is nobody's colleague any more, but what they wrote keeps their name.
            if let Some(role) = person.role {
                ctx.sql.execute(
                    "insert into kernel_member (space, person, name, role, online) values ($1, $2, $3, $4, $5) on conflict (space, person) do nothing",
                    values![known.space, person.person, &person.name, role.word(), person.online],
                )?;
            }
            for device in &person.devices {
                // Who signed stands beside every entry, and the server says where it was itself.
                let name = match &person.doors {
                    Some(doors) if doors.contains(device) => {
                        ctx.say((format!("{} (signed by the server)", person.name), format!("{} (подписал сервер)", person.name)))
                    }
                    _ => person.name.clone(),
                };
                ctx.sql.execute(
                    "insert into kernel_device (device, person, name) values ($1, $2, $3) on conflict (device) do update set person = $2, name = $3",
                    values![device.as_slice(), person.person, name],
                )?;
            }
        }
        self.prove(ctx, known)?;
        ctx.emit("sync", "SpaceChanged", state.space.to_string());
        Ok(None)
    }

    /// Saves the space; when nothing waits and both proofs are equal, this is the moment at which it was proven.
    fn prove(&mut self, ctx: &mut Ctx<'_>, mut known: Space) -> Result<()> {
        if counts(ctx.sql, known.space)? == (0, 0) && known.head == Some((known.seq, known.chain)) {
            known.proven_at = Some(ctx.now);
        }
        space::save(ctx.sql, &known)
    }

    fn batch(&mut self, ctx: &mut Ctx<'_>, space: SpaceId, bytes: usize) -> Result<Option<Push>> {
        let after = self.pushed.get(&space).copied().unwrap_or(0);
        let waiting = outbox(ctx.sql, space, after, BATCH_COUNT, bytes)?;
        let Some((last, entry)) = waiting.last() else { return Ok(None) };
        self.pushed.insert(space, *last);
        self.newest.insert(space, Entry::trusted(entry)?.id);
        Ok(Some(Push { space, entries: waiting.into_iter().map(|(_, entry)| ByteVec::from(entry)).collect() }))
    }
}

fn cursor(sql: &mut dyn Sql, known: &Space) -> Result<Cursor> {
    let marks: Vec<Mark> = space::marks(sql, known.space)?.into_iter().filter(|(seq, _)| *seq < known.seq).map(|(seq, chain)| Mark { seq, chain }).collect();
    Ok(Cursor { space: known.space, epoch: known.epoch, seq: known.seq, chain: known.chain, marks: (!marks.is_empty()).then_some(marks) })
}

/// The ids of what waits up to a local number.
fn flying(sql: &mut dyn Sql, space: SpaceId, pushed: i64) -> Result<Vec<Vec<u8>>> {
    sql.query("select id from kernel_entry where space = $1 and seq is null and refused_code is null and n <= $2", values![space, pushed])?.into_iter().map(|mut row| row.take(0)).collect()
}
