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
use kernel::protocol::{Cursor, MAX_FRAME, ToClient, encode};
use kernel::sync::{Admission, Ask, Outcome, Row, Session};
use kernel::{Code, Error, PersonId, Result, SpaceId, Words};
use tokio::time::{Instant, timeout};

use super::hub::Inbox;
use super::ops::{self, Identity, Verdict};
use super::store;
use crate::routes::Asked;
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
/// When a device should try again that came at a bad time, in milliseconds.
const RETRY: u64 = 2_000;

pub(crate) async fn upgrade(State(app): State<App>, _: Asked, upgrade: WebSocketUpgrade) -> Response {
    upgrade.max_message_size(MAX_FRAME).max_frame_size(MAX_FRAME).on_upgrade(|socket| async move {
        app.metrics.connections.fetch_add(1, Ordering::Relaxed);
        let mut line = Line { app: app.clone(), inbox: Arc::default(), session: Session::default(), me: None, appends: FuturesOrdered::new(), ephemeral: Throttle::new(40, 50) };
        line.run(socket).await;
        if let Some((id, _)) = line.me {
            app.hub.leave(id);
        }
        app.metrics.connections.fetch_sub(1, Ordering::Relaxed);
    })
}

type Appended = (SpaceId, Result<Vec<(Vec<u8>, Outcome)>>);

struct Line {
    app: App,
    inbox: Arc<Inbox>,
    session: Session,
    /// The connection's number in the hub, and whose it is.
    me: Option<(u64, PersonId)>,
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
                    if !self.appended(&mut sink, appended).await {
                        return;
                    }
                }
                _ = beat.tick() => {
                    let greeting = self.me.is_none() && began.elapsed() > PATIENCE;
                    if greeting || heard.elapsed() > HEARTBEAT * 3 || !send(&mut sink, Message::Ping(Vec::new().into())).await {
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
                Err(error) => {
                    tracing::warn!(%error, "a device could not be admitted");
                    self.session.end("busy", error.words);
                }
            },
            Ask::Follow(cursor) => {
                let Some((id, person)) = self.me else { return false };
                self.app.hub.follow(id, cursor.space);
                match self.state(person, cursor.space, Some(cursor.clone())).await {
                    Ok(Some(state)) => self.session.space(state),
                    Ok(None) => self.closed(id, cursor.space),
                    Err(error) => return self.trouble(sink, &error).await,
                }
            }
            Ask::Append { space, entries } => {
                if let Err(error) = self.append(space, entries).await {
                    // Nothing was queued: the entries stay in the device's outbox, and it pushes them again.
                    self.session.appended(space, Vec::new());
                    return self.trouble(sink, &error).await;
                }
            }
            Ask::Read { space, after } => match self.read(space, after).await {
                Ok(rows) => self.session.rows(space, rows),
                Err(error) => {
                    self.session.rows(space, Vec::new());
                    return self.trouble(sink, &error).await;
                }
            },
            Ask::Relay { space, body } => {
                // Too many are dropped in silence: they are worth nothing a second later.
                if let Some((id, _)) = self.me
                    && self.ephemeral.take("", self.app.now()).is_ok()
                {
                    self.app.hub.relay(id, space, &body);
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
        let id = self.app.hub.join(self.inbox.clone(), claims.sub, &claims.sid, device);
        self.me = Some((id, claims.sub));
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
        let (quota, now, hub) = (self.app.config.space_quota, self.app.now(), self.app.hub.clone());
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

    async fn appended(&mut self, sink: &mut Sink, (space, outcomes): Appended) -> bool {
        match outcomes {
            Ok(outcomes) => {
                let accepted = outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Accepted(_))).count() as u64;
                let refused = outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Refused { .. })).count() as u64;
                self.app.metrics.accepted.fetch_add(accepted, Ordering::Relaxed);
                self.app.metrics.refused.fetch_add(refused, Ordering::Relaxed);
                self.session.appended(space, outcomes);
                true
            }
            Err(error) => {
                self.session.appended(space, Vec::new());
                self.trouble(sink, &error).await
            }
        }
    }

    /// The server could not do something now; the connection stays, and the device tries again.
    async fn trouble(&mut self, sink: &mut Sink, error: &Error) -> bool {
        tracing::warn!(%error, "sync is held up");
        let problem = ToClient::Problem { code: "busy".to_owned(), reason: error.words.clone(), retry_after: Some(RETRY) };
        send(sink, Message::Binary(encode(&problem).into())).await
    }

    fn closed(&mut self, id: u64, space: SpaceId) {
        self.app.hub.unfollow(id, space);
        self.session.closed(space, no_member());
    }

    async fn news(&mut self) {
        let news = self.inbox.take();
        let Some((id, person)) = self.me else { return };
        for (space, (head, chain)) in news.moved {
            self.session.moved(space, head, chain);
        }
        for space in news.changed {
            match self.state(person, space, None).await {
                Ok(Some(state)) => self.session.space(state),
                Ok(None) => self.closed(id, space),
                Err(error) => tracing::warn!(%error, "a space could not be looked at"),
            }
        }
        for (space, person, body) in news.relayed {
            self.session.relayed(space, person, body);
        }
        if let Some((code, reason)) = news.end {
            self.session.end(code, reason);
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
