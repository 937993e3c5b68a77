//! A world: devices, servers, the network between them, and the model that judges all of it.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{Automerge, ChangeHash};
use kernel::log::Contexts;
use kernel::protocol::{ToClient, ToServer, decode, encode};
use kernel::sync::{Client, Outcome};
use kernel::{Code, Error, Event, ProjectId, Random, Role, SpaceId, space, values};
use scantling_server::identity as people;

use crate::device::{Device, Link, Ran, Written, contexts, writing};
use crate::model::{Broken, Checked, Effect, Model, Verdict, change};
use crate::node::{Done, Node, Operation, session_name};
use crate::plain;
use crate::plan::{Action, Level, Shape};
use crate::product;
use crate::promise;
use crate::template;

/// More asks never wait in a session than those at which the socket is left unread, and what one frame adds.
const MOST_ASKS: usize = 512;
/// More events than this before a world comes to rest mean that it never does.
const MOST_EVENTS: usize = 50_000;

/// Something that can happen next.
#[derive(Clone, Copy, Debug)]
enum Next {
    Turn { node: usize, line: u64 },
    Down { node: usize, line: u64 },
    Write { node: usize },
    Pump { device: usize, node: usize },
}

/// What happened in a world, for the figures.
#[derive(Clone, Copy, Default)]
pub struct Tally {
    pub entries: u64,
    pub refused: u64,
    pub events: u64,
    pub crashes: u64,
}

/// What an edit adds to which change, and what it wrote.
type Edited = (Option<(Vec<u8>, Effect)>, Written);

/// A world.
pub struct World {
    shape: Shape,
    truth: i64,
    devices: Vec<Device>,
    nodes: Vec<Node>,
    spaces: Vec<SpaceId>,
    model: Model,
    unreachable: u64,
    contexts: &'static dyn Contexts,
    pub tally: Tally,
    trace: blake3::Hasher,
}

fn unexpected(what: &str, error: &Error) -> Broken {
    Broken { promise: "nothing fails without a cause", seen: format!("{what}: {error:?}") }
}

impl World {
    pub fn new(shape: Shape) -> Checked<Self> {
        let template = template::of(shape.level);
        let spaces: Vec<SpaceId> = template.spaces[..shape.spaces].to_vec();
        let homes: Vec<(SpaceId, usize)> = spaces.iter().enumerate().map(|(n, id)| (*id, n % shape.nodes)).collect();
        let mut devices: Vec<Device> =
            (0..shape.devices).map(|n| Device::new(n, template::person(n), shape.level, shape.seed, &template.devices[n])).collect();
        let nodes: Vec<Node> = (0..shape.nodes).map(|n| Node::new(&template.server, shape.seed + n as u64)).collect();
        let roles: BTreeMap<_, _> = (0..4).map(|n| (template::nth_person(n), template::role(template::nth_person(n)))).collect();
        let mut model = Model::new(&homes, &roles, template::owners(), shape.devices, shape.nodes);
        for device in &mut devices {
            for (at, (id, node)) in homes.iter().enumerate() {
                if *node > 0 {
                    device
                        .look(|ctx| ctx.sql.execute("update kernel_space set server = $2 where space = $1", values![*id, template::address(*node)]));
                }
                for (_, (_, _, bytes)) in device.entries(*id) {
                    model.wrote(device.n, at, &bytes)?;
                }
            }
            // A space that this world does not have must not be asked for.
            for id in &template.spaces[shape.spaces..] {
                device.look(|ctx| ctx.sql.execute("delete from kernel_space where space = $1", values![*id]));
            }
        }
        let contexts = contexts(shape.level);
        Ok(Self { shape, truth: 0, devices, nodes, spaces, model, unreachable: 0, contexts, tally: Tally::default(), trace: blake3::Hasher::new() })
    }

    /// A digest of all messages that arrived and all verdicts: two runs of one list have the same.
    pub fn trace(&self) -> String {
        self.trace.finalize().to_hex()[..16].to_owned()
    }

    fn reachable(&self, device: usize) -> bool {
        self.unreachable & (1 << device) == 0
    }

    fn person(&self, device: usize) -> kernel::PersonId {
        self.devices[device].person
    }

    /// Does one thing, and checks what must hold at any time.
    pub fn act(&mut self, action: Action) -> Checked {
        self.truth += 50;
        match action {
            Action::Edit { device, salt } => self.edit(device, salt)?,
            Action::Connect { device, node } => self.connect(device, node)?,
            Action::Cut { device, node } => self.cut(device, node),
            Action::Flow { count, salt } => self.flow(count, salt)?,
            Action::Time { millis } => self.truth += millis,
            Action::Crash { device } => {
                self.devices[device].crash();
                self.tally.crashes += 1;
                self.sweep(device);
                self.observe(device)?;
            }
            Action::DeviceFails { device, steps, dies } => {
                self.devices[device].dies_by_fault = dies;
                self.devices[device].fault.after(steps);
            }
            Action::DeviceDiesAfterCommit { device } => self.devices[device].dies_after_commit = true,
            Action::DeviceFull { device, pages } => self.devices[device].room(Some(pages)),
            Action::DeviceRoom { device } => self.devices[device].room(None),
            Action::DeviceClock { device, millis } => self.devices[device].skew = millis,
            Action::ServerCrash { node } => {
                self.tally.crashes += 1;
                self.nodes[node].crash();
            }
            Action::ServerFails { node, steps, dies } => {
                self.nodes[node].dies_by_fault = dies;
                self.nodes[node].fault.after(steps);
            }
            Action::ServerLosesUnsynced { node } => {
                self.nodes[node].dies_by_fault = true;
                self.nodes[node].fault.lose_commit();
            }
            Action::ServerDiesAfterCommit { node } => self.nodes[node].dies_after_commit = true,
            Action::ServerFull { node, pages } => self.nodes[node].room(Some(pages)),
            Action::ServerRoom { node } => self.nodes[node].room(None),
            Action::ServerClock { node, millis } => self.nodes[node].skew = millis,
            Action::Role { space, person, role } => self.give(space, person, role),
            Action::Revoke { device, node } => {
                let (key, person) = (self.devices[device].key, self.person(device));
                self.nodes[node].operate(self.truth, person, Operation::Revoke { device }, move |ctx| people::ops::revoke_device(ctx, &key, "here"));
            }
            Action::Partition { mask } => self.unreachable = mask,
            Action::Pause { device, space, paused } => self.pause(device, space, paused)?,
            Action::Retry { device, salt } => self.mend(device, salt, true)?,
            Action::Discard { device, salt } => self.mend(device, salt, false)?,
            Action::Quota { space, more } => self.quota(space, more),
            Action::Backup { node } => {
                self.nodes[node].backup();
                self.model.copy(node);
            }
            Action::Restore { node, epoch } => {
                if self.nodes[node].restore(epoch) {
                    self.model.restore(node);
                }
            }
        }
        Ok(())
    }

    fn quota(&mut self, space: usize, more: Option<u64>) {
        let quota = more.map(|more| self.model.spaces[space].now().bytes() + more);
        let (id, node) = (self.spaces[space], self.model.spaces[space].node);
        self.nodes[node].quota(id, quota);
        self.model.spaces[space].quota = quota;
    }

    fn give(&mut self, space: usize, person: usize, role: usize) {
        let (id, node) = (self.spaces[space], self.model.spaces[space].node);
        // The first person always stays the owner.
        let (owner, person) = (template::nth_person(0), template::nth_person(1 + person % 3));
        let role = [None, Some(Role::Viewer), Some(Role::Commenter), Some(Role::Editor), Some(Role::Editor)][role];
        self.nodes[node]
            .operate(self.truth, owner, Operation::Role { space, person, role }, move |ctx| people::ops::change_role(ctx, id, person, role, "here"));
    }

    /// Tells the servers that a device has hung up.
    fn sweep(&mut self, device: usize) {
        for (node, server) in self.nodes.iter_mut().enumerate() {
            let now = self.devices[device].links[node].as_ref().map(|link| link.line);
            for (id, line) in &mut server.lines {
                if line.device == device && Some(*id) != now {
                    line.device_gone = true;
                }
            }
            server.lines.retain(|_, line| !(line.device_gone && line.server_gone));
        }
    }

    fn cut(&mut self, device: usize, node: usize) {
        self.devices[device].links[node] = None;
        self.sweep(device);
    }

    fn connect(&mut self, device: usize, node: usize) -> Checked {
        let here = &self.devices[device];
        if !self.reachable(device) || here.signed_out[node] || here.links[node].is_some() {
            return Ok(());
        }
        let mut client = Client::new(&template::address(node));
        let ran = self.devices[device].run(self.truth, |ctx| client.hello(ctx, &session_name(device)));
        if let (Some(hello), false) = (self.expect(device, "hello", &ran.value, ran.struck)?, ran.died) {
            let line = self.nodes[node].accept(device, encode(hello));
            let mut link = Link { client, line, wake: false, repush: false, follow: false, pushed: BTreeSet::new(), overtaken: BTreeSet::new() };
            link.pushes(std::slice::from_ref(hello));
            self.devices[device].links[node] = Some(link);
        }
        self.after(device, &ran.events, ran.died)
    }

    /// The value of an operation that fails only when its disk does.
    fn expect<'v, T>(&self, device: usize, what: &str, value: &'v kernel::Result<T>, struck: bool) -> Checked<Option<&'v T>> {
        match value {
            Ok(value) => Ok(Some(value)),
            Err(_) if struck || self.devices[device].full => Ok(None),
            Err(error) => Err(unexpected(what, error)),
        }
    }

    /// What the shell does with events, and what must hold after any transaction.
    fn after(&mut self, device: usize, events: &[Event], died: bool) -> Checked {
        if died {
            self.tally.crashes += 1;
            self.sweep(device);
        }
        for event in events {
            for link in self.devices[device].links.iter_mut().flatten() {
                match event.name {
                    "EntryAppended" => link.wake = true,
                    "EntryRetried" => link.repush = true,
                    "SpacePaused" | "SpaceResumed" => link.follow = true,
                    _ => {}
                }
            }
        }
        self.observe(device)
    }

    /// Compares a device with the model, as far as that is cheap.
    fn observe(&mut self, device: usize) -> Checked {
        for at in 0..self.spaces.len() {
            let (seq, chain, counts) = self.devices[device].standing(self.spaces[at]);
            let key = self.devices[device].key;
            self.model.reached(device, &key, at, seq, chain)?;
            let expected = self.model.shelves[device][at].counts();
            promise!(
                counts == expected,
                "a device holds each entry once, in the log, the outbox or the quarantine",
                "device {device} has (all, ordered, refused) {counts:?} instead of {expected:?} in space {at}"
            );
        }
        Ok(())
    }

    fn edit(&mut self, device: usize, salt: u64) -> Checked {
        let mut random = Random::seeded(salt);
        let at = random.below(self.spaces.len() as u64) as usize;
        let (id, level, truth) = (self.spaces[at], self.shape.level, self.truth);
        let here = &mut self.devices[device];
        let (mut texts, mut screens) = (std::mem::take(&mut here.texts), std::mem::take(&mut here.screens));
        let name = format!("{salt:x}");
        let ran = here.run(truth, |ctx| {
            writing(ctx, |ctx| match level {
                Level::Kernel => plain::edit(ctx, id, &name, &mut random, &mut texts),
                Level::Commands => product::edit(ctx, ProjectId::from_bytes(id.bytes()), &mut random, &mut screens).map(|()| None),
            })
        });
        let here = &mut self.devices[device];
        if !ran.died {
            (here.texts, here.screens) = (texts, screens);
        }
        self.wrote(device, at, &ran)?;
        self.after(device, &ran.events, ran.died)
    }

    fn wrote(&mut self, device: usize, at: usize, ran: &Ran<Edited>) -> Checked {
        match &ran.value {
            Ok((effect, written)) => {
                for (space, bytes) in written {
                    promise!(*space == self.spaces[at], "an edit writes into its own space", "{space}");
                    self.model.wrote(device, at, bytes)?;
                }
                if let Some((id, effect)) = effect {
                    self.model.effects.insert(id.clone(), effect.clone());
                }
                Ok(())
            }
            Err(error) if matches!(error.code, Code::NotFound | Code::Conflict | Code::Forbidden | Code::Invalid) => Ok(()),
            Err(error) => self.expect::<()>(device, "an edit", &Err(Error::new(error.code, error.words.clone())), ran.struck).map(drop),
        }
    }

    fn pause(&mut self, device: usize, at: usize, paused: bool) -> Checked {
        let id = self.spaces[at];
        let ran = self.devices[device].run(self.truth, |ctx| wiring::pause(ctx, wiring::device::PauseSpace { space: id, paused }));
        self.expect(device, "pausing", &ran.value, ran.struck)?;
        self.after(device, &ran.events, ran.died)
    }

    /// The person sends a refused entry again, or gives it up.
    fn mend(&mut self, device: usize, salt: u64, again: bool) -> Checked {
        let at = (salt % self.spaces.len() as u64) as usize;
        let refused = self.model.shelves[device][at].quarantined();
        if refused.is_empty() {
            return Ok(());
        }
        let entry = refused[(salt >> 8) as usize % refused.len()].entry.clone();
        let (id, contexts) = (self.spaces[at], self.contexts);
        let ran =
            self.devices[device].run(self.truth, |ctx| if again { ctx.retry(contexts, id, &entry.id) } else { ctx.discard(contexts, id, &entry.id) });
        if self.expect(device, "mending", &ran.value, ran.struck)?.is_some() {
            let shelf = &mut self.model.shelves[device][at];
            if again {
                let whole = change(&entry).is_some();
                for held in shelf.held.values_mut().filter(|held| held.seq.is_none()) {
                    if held.entry.id == entry.id || whole && held.entry.subject == entry.subject && held.entry.kind == entry.kind {
                        held.refused = None;
                    }
                }
            } else {
                for id in shelf.built_on(&entry.id) {
                    shelf.held.remove(&id);
                }
            }
        }
        self.after(device, &ran.events, ran.died)
    }

    /// All that can happen next.
    fn nexts(&self) -> Vec<Next> {
        let mut nexts = Vec::new();
        for (node, server) in self.nodes.iter().enumerate() {
            for (&id, line) in &server.lines {
                let reachable = self.reachable(line.device);
                if server.may_turn(id, reachable) {
                    nexts.push(Next::Turn { node, line: id });
                }
                if !line.device_gone && reachable && (line.server_gone || !line.down.is_empty()) {
                    nexts.push(Next::Down { node, line: id });
                }
            }
            if server.writes_wait() {
                nexts.push(Next::Write { node });
            }
        }
        for device in &self.devices {
            for (node, link) in device.links.iter().enumerate() {
                if link.as_ref().is_some_and(|link| link.wake || link.repush || link.follow) {
                    nexts.push(Next::Pump { device: device.n, node });
                }
            }
        }
        nexts
    }

    /// So many events, in an order of the salt's choice.
    fn flow(&mut self, count: u64, salt: u64) -> Checked {
        let mut random = Random::seeded(salt);
        for _ in 0..count {
            let nexts = self.nexts();
            if nexts.is_empty() {
                return Ok(());
            }
            let first = random.below(nexts.len() as u64) as usize;
            // A connection may have nothing to do after all; then the next one's turn comes.
            for offset in 0..nexts.len() {
                if self.step(nexts[(first + offset) % nexts.len()], random.below(1 << 32))? {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Everything that can happen happens, until nothing can.
    fn rest(&mut self) -> Checked {
        for _ in 0..MOST_EVENTS {
            let mut moved = false;
            for next in self.nexts() {
                moved |= self.step(next, 0)?;
            }
            if !moved {
                return Ok(());
            }
        }
        Err(Broken { promise: "the world comes to rest", seen: format!("{:?} can still happen", self.nexts()) })
    }

    fn step(&mut self, next: Next, salt: u64) -> Checked<bool> {
        self.tally.events += 1;
        self.truth += 3;
        match next {
            Next::Turn { node, line } => {
                let Some(device) = self.nodes[node].lines.get(&line).map(|line| line.device) else { return Ok(false) };
                let reachable = self.reachable(device);
                let moved = self.nodes[node].turn(line, self.truth, reachable, salt);
                let queued = self.nodes[node].lines.get(&line).map_or(0, |line| line.session.queued());
                promise!(queued <= MOST_ASKS, "queues are bounded", "{queued} asks wait in a session");
                self.sweep(device);
                Ok(moved)
            }
            Next::Write { node } => self.write(node, 1 + (salt % 6) as usize).map(|()| true),
            Next::Down { node, line } => self.receive(node, line).map(|()| true),
            Next::Pump { device, node } => self.pump(device, node).map(|()| true),
        }
    }

    /// The server's writer writes a group; the model judges what it answers.
    fn write(&mut self, node: usize, most: usize) -> Checked {
        let (done, died) = self.nodes[node].write(most);
        self.tally.crashes += u64::from(died);
        for done in done {
            match done {
                Done::Appended { outcomes: None, .. } | Done::Operated { done: false, .. } => {}
                Done::Appended { space, entries, outcomes: Some(outcomes), now } => {
                    let Some(at) = self.spaces.iter().position(|id| *id == space) else { continue };
                    promise!(
                        outcomes.len() == entries.len(),
                        "the server answers each entry as the rules say",
                        "{} of {} answers",
                        outcomes.len(),
                        entries.len()
                    );
                    for (bytes, outcome) in entries.iter().zip(outcomes) {
                        let expected = self.model.judge(at, bytes, now);
                        let said = match &outcome {
                            Outcome::Accepted(seq) => Verdict::Accepted(*seq),
                            Outcome::Known(seq) => Verdict::Known(*seq),
                            Outcome::Refused { code, .. } if matches!(expected, Verdict::Refused(other) if other == code) => expected.clone(),
                            Outcome::Refused { .. } => Verdict::Refused("for another reason"),
                        };
                        self.trace.update(format!("{said:?}").as_bytes());
                        match said {
                            Verdict::Accepted(_) => self.tally.entries += 1,
                            Verdict::Refused(_) => self.tally.refused += 1,
                            Verdict::Known(_) => {}
                        }
                        promise!(
                            said == expected,
                            "the server answers each entry as the rules say",
                            "it said {outcome:?}, and the rules say {expected:?}"
                        );
                    }
                }
                Done::Operated { what: Operation::Role { space, person, role }, .. } => self.model.give(space, person, role),
                Done::Operated { what: Operation::Revoke { device }, .. } => self.model.revoke(node, self.devices[device].key),
            }
        }
        let node_of = |space: &&crate::model::SpaceModel| space.node == node;
        for space in self.model.spaces.iter().filter(node_of) {
            let (head, chain) = self.nodes[node].head(space.id);
            let expected = (space.now().head(), space.now().chain(space.now().head()).map(|chain| chain.0));
            promise!(
                (head, Some(chain)) == expected,
                "what the server has answered is on its disk",
                "its log ends at {head} instead of {}",
                expected.0
            );
        }
        Ok(())
    }

    fn pump(&mut self, device: usize, node: usize) -> Checked {
        let Some(mut link) = self.devices[device].links[node].take() else { return Ok(()) };
        let (repush, follow) = (std::mem::take(&mut link.repush), std::mem::take(&mut link.follow));
        link.wake = false;
        let client = &mut link.client;
        let ran = self.devices[device].run(self.truth, |ctx| {
            let mut messages = if follow { client.refollow(ctx)? } else { Vec::new() };
            messages.extend(if repush { client.repush(ctx)? } else { client.pump(ctx)? });
            Ok(messages)
        });
        let sent = self.expect(device, "pushing", &ran.value, ran.struck)?;
        self.said(device, node, link, sent, ran.died);
        self.after(device, &ran.events, ran.died)
    }

    /// Sends what the client said. Without an answer the connection has ended, and so it does with the program.
    fn said(&mut self, device: usize, node: usize, mut link: Link, messages: Option<&Vec<ToServer>>, died: bool) {
        if let (Some(messages), false) = (messages, died) {
            link.pushes(messages);
            if let Some(line) = self.nodes[node].lines.get_mut(&link.line).filter(|line| !line.server_gone) {
                line.up.extend(messages.iter().map(encode::<ToServer>));
            }
            self.devices[device].links[node] = Some(link);
        }
        self.sweep(device);
    }

    /// A device receives a message, or hears that the connection has ended.
    fn receive(&mut self, node: usize, id: u64) -> Checked {
        let Some(line) = self.nodes[node].lines.get_mut(&id) else { return Ok(()) };
        let device = line.device;
        let frame = line.down.pop_front();
        let Some(mut link) = self.devices[device].links[node].take_if(|link| link.line == id) else { return Ok(()) };
        let Some(frame) = frame else {
            self.sweep(device);
            return Ok(());
        };
        self.trace.update(&frame);
        let message: ToClient = decode(&frame).map_err(|error| unexpected("a message of the server", &error))?;
        let refused = if let ToClient::Refused { space, id, code, .. } = &message { Some((*space, id.clone(), code.clone())) } else { None };
        let told: Vec<SpaceId> = match &message {
            ToClient::Welcome { spaces, .. } => spaces.iter().map(|state| state.space).collect(),
            ToClient::Space(state) => vec![state.space],
            _ => Vec::new(),
        };
        let before: Vec<u64> = told.iter().map(|space| self.devices[device].standing(*space).0).collect();
        let (client, contexts) = (&mut link.client, self.contexts);
        let ran = self.devices[device].run(self.truth, |ctx| client.receive(ctx, contexts, message));
        for (space, before) in told.into_iter().zip(before) {
            let Some(at) = self.spaces.iter().position(|known| *known == space) else { continue };
            if self.devices[device].standing(space).0 < before {
                let held = &self.model.shelves[device][at].held;
                let waits = |id: &Vec<u8>| held.get(id).is_some_and(|held| held.seq.is_none() && held.refused.is_none());
                link.overtaken.extend(link.pushed.iter().filter(|(of, id)| *of == space && waits(id)).cloned());
            }
        }
        let sent = match self.expect(device, "receiving", &ran.value, ran.struck) {
            Ok(sent) => sent,
            Err(broken) => {
                return Err(Broken {
                    promise: "what an honest server sends is taken over",
                    seen: format!("device {device}: {} of {:?}", broken.seen, decode::<ToClient>(&frame)),
                });
            }
        };
        if let (Some((space, id, code)), Some(_)) = (refused, sent)
            && let Some(at) = self.spaces.iter().position(|known| *known == space)
            && let Some(held) = self.model.shelves[device][at].held.get_mut(&id)
            && held.seq.is_none()
            && !link.overtaken.remove(&(space, id))
        {
            held.refused = Some(code);
        }
        let mut sent = sent;
        match link.client.problem() {
            Some((_, _, Some(_))) => link.repush = true,
            Some((code, _, None)) => {
                self.devices[device].signed_out[node] |= code == "unauthorized" || code == "device_revoked";
                sent = None;
            }
            None => {}
        }
        self.said(device, node, link, sent, ran.died);
        self.after(device, &ran.events, ran.died)
    }

    /// Whatever was broken is mended, everything arrives, and all that must hold in the end is checked.
    pub fn end(&mut self) -> Checked {
        self.unreachable = 0;
        for node in 0..self.nodes.len() {
            self.nodes[node].fault.clear();
            self.nodes[node].fault.struck();
            (self.nodes[node].dies_by_fault, self.nodes[node].dies_after_commit, self.nodes[node].skew) = (false, false, 0);
            self.nodes[node].room(None);
        }
        for device in 0..self.devices.len() {
            let here = &mut self.devices[device];
            here.fault.clear();
            here.fault.struck();
            (here.dies_by_fault, here.dies_after_commit, here.skew) = (false, false, 0);
            here.room(None);
            for space in 0..self.spaces.len() {
                self.pause(device, space, false)?;
            }
        }
        for space in 0..self.spaces.len() {
            self.quota(space, None);
        }
        // First on the connections as they are: nobody has to connect again for what waits to be sent.
        self.rest()?;
        for device in 0..self.devices.len() {
            for at in 0..self.spaces.len() {
                let node = self.model.spaces[at].node;
                if self.devices[device].links[node].as_ref().is_some_and(|link| link.client.welcomed()) && self.member(device, at) {
                    self.arrived(device, at, "what waits is sent on a standing connection")?;
                }
            }
        }
        // Then everybody calls anew.
        for device in 0..self.devices.len() {
            for node in 0..self.nodes.len() {
                self.cut(device, node);
                self.connect(device, node)?;
            }
        }
        self.rest()?;
        for device in 0..self.devices.len() {
            for at in 0..self.spaces.len() {
                if self.member(device, at) {
                    self.arrived(device, at, "what waits is sent after connecting anew")?;
                }
                self.whole(device, at)?;
            }
        }
        // What was refused is given up, and then all devices show the same.
        for device in 0..self.devices.len() {
            for at in 0..self.spaces.len() {
                // Each time at least one goes.
                for _ in 0..self.model.shelves[device][at].quarantined().len() {
                    self.mend(device, at as u64, false)?;
                }
            }
        }
        self.rest()?;
        for at in 0..self.spaces.len() {
            self.equal(at)?;
        }
        Ok(())
    }

    /// Whether the device's person may follow the space, and the device itself was not shut out.
    fn member(&self, device: usize, at: usize) -> bool {
        let space = &self.model.spaces[at];
        space.roles.contains_key(&self.person(device)) && !self.model.revoked[space.node].contains(&self.devices[device].key)
    }

    /// The device holds the whole log, and nothing waits.
    fn arrived(&mut self, device: usize, at: usize, promise: &'static str) -> Checked {
        let (seq, _, (all, ordered, refused)) = self.devices[device].standing(self.spaces[at]);
        let head = self.model.spaces[at].now().head();
        let waiting = all - ordered - refused;
        if (seq, waiting) == (head, 0) {
            return Ok(());
        }
        let problem = self.devices[device].look(|ctx| space::get(ctx.sql, self.spaces[at]).map(|known| known.problem));
        Err(Broken {
            promise,
            seen: format!("device {device} is at {seq} of {head} in space {at}, and {waiting} entries wait; its problem: {problem:?}"),
        })
    }

    /// The device's entries are those of the model, and its documents follow from them.
    fn whole(&mut self, device: usize, at: usize) -> Checked {
        let id = self.spaces[at];
        let entries = self.devices[device].entries(id);
        for (entry, (seq, refused, bytes)) in &entries {
            let held = self.model.shelves[device][at].held.get(entry);
            let same = held.is_some_and(|held| held.seq == *seq && (held.refused == *refused || seq.is_some()) && held.entry.bytes() == bytes);
            promise!(
                same,
                "a device holds what it wrote and read, each in its place",
                "device {device} holds an entry otherwise than the model: {seq:?} {refused:?}"
            );
        }
        promise!(
            entries.len() == self.model.shelves[device][at].held.len(),
            "a device holds what it wrote and read, each in its place",
            "device {device} has lost entries"
        );
        let docs: Vec<String> = self.devices[device].look(|ctx| {
            ctx.sql.query("select doc from kernel_doc where space = $1 order by doc", values![id])?.into_iter().map(|mut row| row.take(0)).collect()
        });
        for doc in docs {
            let (heads, shown) = self.devices[device].look(|ctx| {
                let document = ctx.doc(&doc)?;
                Ok((document.get_heads(), plain::read(document)))
            });
            if self.shape.level == Level::Kernel {
                let expected = self.model.expected(device, at, &doc);
                promise!(shown == expected, "a document is what was edited into it", "device {device} shows {shown:?} instead of {expected:?}");
            }
            if self.shape.level == Level::Commands || self.shape.seed.is_multiple_of(8) {
                let mut heads = heads;
                heads.sort();
                promise!(
                    heads == self.replayed(device, at, &doc),
                    "a document is what its changes make it",
                    "device {device} differs from a replay of {doc}"
                );
            }
        }
        if self.shape.level == Level::Commands || self.shape.seed % 8 == 1 {
            let contexts = self.contexts;
            let checks = self.devices[device].look(|ctx| kernel::log::verify(ctx, contexts));
            for check in checks {
                promise!(check.ok, "a device proves itself", "device {device}: {}: {}", check.name.en, check.detail.en);
            }
        }
        Ok(())
    }

    fn replayed(&self, device: usize, at: usize, doc: &str) -> Vec<ChangeHash> {
        let held = self.model.shelves[device][at].held.values().filter(|held| held.entry.subject == doc);
        let mut fresh = Automerge::new();
        // Changes that come before what they build on wait inside Automerge.
        let applied = fresh.apply_changes(held.filter_map(|held| change(&held.entry)));
        let mut heads = if applied.is_ok() { fresh.get_heads() } else { Vec::new() };
        heads.sort();
        heads
    }

    /// The server's log is the model's list, and all members show the same.
    fn equal(&mut self, at: usize) -> Checked {
        let id = self.spaces[at];
        let life = self.model.spaces[at].now();
        let log = self.nodes[self.model.spaces[at].node].log(id);
        let same = log.len() == life.entries.len()
            && log
                .iter()
                .zip(&life.entries)
                .all(|((seq, bytes, chain), entry)| bytes == entry.bytes() && life.chain(*seq).is_some_and(|known| known.0 == *chain));
        promise!(
            same,
            "the server's log is the list of what it accepted",
            "its {} rows differ from the {} accepted entries",
            log.len(),
            life.entries.len()
        );
        let mut first: Option<(usize, [u8; 32])> = None;
        for device in 0..self.devices.len() {
            if !self.member(device, at) {
                continue;
            }
            self.arrived(device, at, "what waits is sent after all")?;
            let contexts = self.contexts;
            let (digest, proven) = self.devices[device].look(|ctx| {
                let known = space::get(ctx.sql, id)?;
                Ok((contexts.digest(ctx, id)?, known.head == Some((known.seq, known.chain))))
            });
            promise!(proven, "who holds the whole log sees both proofs equal", "device {device} does not");
            match first {
                None => first = Some((device, digest)),
                Some((other, expected)) => {
                    promise!(digest == expected, "equal logs show equal screens", "devices {other} and {device} show different things")
                }
            }
        }
        Ok(())
    }
}
