//! The socket of sync: carries out what the session asks for.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use futures_util::stream::{FuturesOrdered, SplitSink};
use futures_util::{SinkExt, StreamExt};
use kernel::entry::Entry;
use kernel::protocol::{Cursor, MAX_FRAME, encode};
use kernel::sync::{Admission, Ask, Outcome, Row, Session};
use kernel::{Code, Error, PersonId, Result, SpaceId, Words};
use tokio::time::{Instant, timeout};

use super::hub::Inbox;
use super::ops::{self, Identity, Verdict};
use super::store;
use crate::problem::Problem;
use crate::routes::{Answer, Asked};
use crate::server::App;
use crate::throttle::Throttle;

/// How long a device may take to say hello, and to take a message off the wire.
const PATIENCE: Duration = Duration::from_secs(30);
/// A silent connection is asked for a sign of life after so long, and given up after three times as long.
const HEARTBEAT: Duration = Duration::from_secs(25);
/// The most spaces of a greeting that are looked at in one go: a trip to the reader costs more than the look itself, and
/// others want to read as well.
const LOOK: usize = 64;
/// So many signatures are checked sooner than they could be handed to another thread; more would hold up other connections.
const FEW: usize = 8;
/// How long a connection that could not be served is held before it ends, so that nobody tries all the time.
const PAUSE: Duration = Duration::from_secs(1);
/// What a connection reads or writes at once; larger messages take more while they are under way.
const BUFFER: usize = 8 * 1024;

pub(crate) async fn upgrade(State(app): State<App>, asked: Asked, upgrade: WebSocketUpgrade) -> Answer<Response> {
    let inbox = Arc::new(Inbox::default());
    let arrived = app.hub.arrive(inbox.clone(), asked.network()).ok_or_else(|| Problem::new(crate::storage::busy(), asked.language))?;
    // Dropped also when the upgrade fails or the connection is cut.
    let place = Place { app: app.clone(), id: arrived };
    app.metrics.connections.fetch_add(1, Ordering::Relaxed);
    Ok(upgrade.max_message_size(MAX_FRAME).max_frame_size(MAX_FRAME).read_buffer_size(BUFFER).write_buffer_size(BUFFER).on_upgrade(|socket| async move {
        let app = place.app.clone();
        let mut line = Line { app: app.clone(), inbox, session: Session::default(), id: place.id, me: None, appends: FuturesOrdered::new(), ephemeral: Throttle::new(40, 50) };
        tokio::select! {
            () = line.run(socket) => {}
            () = app.hub.is_cut() => {}
        }
    }))
}

/// A connection's place among the others, until it ends.
struct Place {
    app: App,
    id: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.app.hub.leave(self.id);
        self.app.metrics.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

type Appended = (SpaceId, Result<Vec<(Vec<u8>, Outcome)>>);

struct Line {
    app: App,
    inbox: Arc<Inbox>,
    session: Session,
    /// The connection's number in the hub.
    id: u64,
    /// Whose it is.
    me: Option<PersonId>,
    appends: FuturesOrdered<Pin<Box<dyn Future<Output = Appended> + Send>>>,
    ephemeral: Throttle,
}

type Sink = SplitSink<WebSocket, Message>;

fn no_member() -> Words {
    ("You are not, or no longer, a member of this project.", "Вы не участник этого проекта или больше им не являетесь.").into()
}

impl Line {
    async fn run(&mut self, socket: WebSocket) {
        let (mut sink, mut stream) = socket.split();
        let mut heard = Instant::now();
        let began = Instant::now();
        let mut beat = tokio::time::interval(HEARTBEAT);
        beat.reset();
        loop {
            while let Some(ask) = self.session.poll() {
                if !self.perform(&mut sink, ask).await {
                    let _ = timeout(Duration::from_secs(2), sink.close()).await;
                    // A socket that is dropped with unread bytes is reset, and what was said last is lost on its way.
                    let rest = async { while let Some(Ok(_)) = stream.next().await {} };
                    let _ = timeout(Duration::from_secs(1), rest).await;
                    return;
                }
            }
            let inbox = self.inbox.clone();
            tokio::select! {
                frame = stream.next(), if !self.session.busy() => {
                    heard = Instant::now();
                    match frame {
                        Some(Ok(Message::Binary(bytes))) => self.session.frame(&bytes),
                        Some(Ok(Message::Text(_))) => self.session.end("malformed", ("Messages are binary.", "Сообщения двоичные.").into()),
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                        Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    }
                }
                () = inbox.bell.notified() => self.news().await,
                Some(appended) = self.appends.next(), if !self.appends.is_empty() => {
                    self.appended(appended).await;
                }
                () = tokio::time::sleep_until(began + PATIENCE), if self.me.is_none() => return,
                _ = beat.tick() => {
                    if heard.elapsed() > HEARTBEAT * 3 || !send(&mut sink, Message::Ping(Vec::new().into())).await {
                        return;
                    }
                }
            }
        }
    }

    /// Answers whether the connection goes on.
    async fn perform(&mut self, sink: &mut Sink, ask: Ask) -> bool {
        match ask {
            Ask::Send(message) => return send(sink, Message::Binary(encode(&message).into())).await,
            Ask::Close => {
                let frame = CloseFrame { code: 1001, reason: "".into() };
                let _ = send(sink, Message::Close(Some(frame))).await;
                return false;
            }
            Ask::Authenticate { token, device, cursors } => match self.admit(&token, &device, cursors).await {
                Ok(admission) => self.session.admitted(admission),
                Err(error) if error.code == Code::Unauthorized => self.session.rejected("unauthorized", error.words),
                Err(error) if error.code == Code::Forbidden => self.session.rejected("device_revoked", error.words),
                Err(error) => self.trouble(error).await,
            },
            Ask::Follow(cursor) => {
                let Some(person) = self.me else { return false };
                self.app.hub.follow(self.id, cursor.space);
                match self.state(person, cursor.space, Some(cursor.clone())).await {
                    Ok(Some(state)) => self.session.space(state),
                    Ok(None) => self.closed(cursor.space),
                    Err(error) => self.trouble(error).await,
                }
            }
            Ask::Leave(space) => self.app.hub.unfollow(self.id, space),
            Ask::Append { space, entries } => {
                if let Err(error) = self.append(space, entries).await {
                    // Nothing was queued: the entries stay in the device's outbox, and it pushes them again.
                    self.trouble(error).await;
                }
            }
            Ask::Read { space, after } => {
                let rows = self.read(space, after).await;
                // What was read may be newer than the person's membership; if so, that is among the news.
                self.news().await;
                match rows {
                    Ok(rows) => self.session.rows(space, rows),
                    Err(error) => self.trouble(error).await,
                }
            }
            Ask::Relay { space, body } => {
                // Too many are dropped in silence: they are worth nothing a second later.
                if self.ephemeral.take("", self.app.now()).is_ok() {
                    self.app.hub.relay(self.id, space, &body);
                }
            }
        }
        true
    }

    async fn admit(&mut self, token: &str, device: &[u8; 32], cursors: Vec<Cursor>) -> Result<Admission> {
        let claims = self.app.signer.check(token, self.app.now())?;
        if claims.device != Some(crate::secret::hex(device)) {
            return Err(identity::rules::signed_out().because("the token names another device"));
        }
        // First the hub, then the look: what happens in between is heard.
        let id = self.id;
        self.app.hub.join(id, claims.sub, &claims.sid, device);
        self.me = Some(claims.sub);
        let (sid, person) = (claims.sid, claims.sub);
        let session = self.app.storage.read(move |sql| crate::identity::store::session(sql, &sid)).await?;
        let session = session.filter(|session| session.person.id == person).ok_or_else(identity::rules::signed_out)?;
        if session.revoked {
            return Err(identity::rules::device_revoked());
        }
        if session.ended {
            return Err(identity::rules::signed_out());
        }
        let (mut spaces, mut closed) = (Vec::new(), Vec::new());
        for some in cursors.chunks(LOOK) {
            for cursor in some {
                self.app.hub.follow(id, cursor.space);
            }
            let (hub, some) = (self.app.hub.clone(), some.to_vec());
            let looked = move |sql: &mut dyn kernel::Sql| {
                let look = |cursor: Cursor| Ok((cursor.space, ops::state(sql, &Identity, cursor.space, person, Some(&cursor), &hub.online(cursor.space))?));
                some.into_iter().map(look).collect::<Result<Vec<_>>>()
            };
            for (space, state) in self.app.storage.read(looked).await? {
                match state {
                    Some(state) => spaces.push(state),
                    None => {
                        self.app.hub.unfollow(id, space);
                        closed.push((space, no_member()));
                    }
                }
            }
        }
        Ok(Admission { person, spaces, closed })
    }

    async fn state(&mut self, person: PersonId, space: SpaceId, cursor: Option<Cursor>) -> Result<Option<kernel::protocol::SpaceState>> {
        let hub = self.app.hub.clone();
        self.app.storage.read(move |sql| ops::state(sql, &Identity, space, person, cursor.as_ref(), &hub.online(space))).await
    }

    async fn read(&mut self, space: SpaceId, after: u64) -> Result<Vec<Row>> {
        match self.app.hub.recent(space, after) {
            Some(rows) => Ok(rows),
            None => self.app.storage.read(move |sql| store::read(sql, space, after)).await,
        }
    }

    /// Queues the entries in the order in which they came; the answer follows the commit.
    async fn append(&mut self, space: SpaceId, entries: Vec<Vec<u8>>) -> Result<()> {
        let (quota, now, hub, app) = (self.app.config.space_quota, self.app.now(), self.app.hub.clone(), self.app.clone());
        let ids: Vec<Vec<u8>> = entries.iter().map(|bytes| Entry::peek(bytes).map(|entry| entry.id).unwrap_or_default()).collect();
        // An entry that was read holds its payload twice.
        let room = self.app.storage.room(entries.iter().map(Vec::len).sum::<usize>() * 2).await?;
        let entries = read(entries).await?;
        let written = self
            .app
            .storage
            .queue(
                move |sql| {
                    let _room = room;
                    entries.iter().map(|entry| ops::accept(sql, &Identity, space, entry, quota, now)).collect::<Result<Vec<Verdict>>>()
                },
                move |verdicts| {
                    let rows: Vec<Row> = verdicts.iter().filter_map(|verdict| if let Verdict::Accepted(row) = verdict { Some(row.clone()) } else { None }).collect();
                    // Counted before anyone hears of it.
                    app.metrics.accepted.fetch_add(rows.len() as u64, Ordering::Relaxed);
                    hub.moved(space, &rows);
                },
            )
            .await?;
        self.appends.push_back(Box::pin(async move {
            let outcomes = written.answer().await.map(|verdicts| ids.into_iter().zip(verdicts.iter().map(Verdict::outcome)).collect());
            (space, outcomes)
        }));
        Ok(())
    }

    async fn appended(&mut self, (space, outcomes): Appended) {
        match outcomes {
            Ok(outcomes) => {
                let refused = outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Refused { .. })).count() as u64;
                self.app.metrics.refused.fetch_add(refused, Ordering::Relaxed);
                self.session.appended(space, outcomes);
            }
            Err(error) => self.trouble(error).await,
        }
    }

    /// The server could not do something now. The connection ends: were it to go on, a push that is on its way would
    /// overtake the one that was dropped, and be refused because it builds on it.
    async fn trouble(&mut self, error: Error) {
        tracing::warn!(%error, "a connection can't be served now");
        tokio::time::sleep(PAUSE).await;
        self.session.end("busy", error.words);
    }

    fn closed(&mut self, space: SpaceId) {
        self.app.hub.unfollow(self.id, space);
        self.session.closed(space, no_member());
    }

    async fn news(&mut self) {
        let news = self.inbox.take();
        if let Some((code, reason)) = news.end {
            return self.session.end(code, reason);
        }
        let Some(person) = self.me else { return };
        for (space, (head, chain)) in news.moved {
            self.session.moved(space, head, chain);
        }
        for space in news.changed {
            match self.state(person, space, None).await {
                Ok(Some(state)) => self.session.changed(state),
                Ok(None) => self.closed(space),
                // Whoever had to leave must not read on because that could not be looked up.
                Err(error) => return self.trouble(error).await,
            }
        }
        for (space, person, body) in news.relayed {
            self.session.relayed(space, person, body);
        }
    }
}

/// Checks signatures on whatever core is free: the writer is one thread, and everybody waits for it.
async fn read(entries: Vec<Vec<u8>>) -> Result<Vec<ops::Read>> {
    let few = entries.len() <= FEW;
    let read = move || entries.iter().map(|bytes| ops::read(bytes)).collect();
    if few { Ok(read()) } else { tokio::task::spawn_blocking(read).await.map_err(Error::internal) }
}

async fn send(sink: &mut Sink, message: Message) -> bool {
    matches!(timeout(PATIENCE, sink.send(message)).await, Ok(Ok(())))
}
