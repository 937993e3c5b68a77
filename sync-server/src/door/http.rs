//! The door's socket, and the list of what can be opened through it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use automerge::Change;
use axum::Json;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, State};
use axum::response::Response;
use ed25519_dalek::SigningKey;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use kernel::entry::{Entry, Kind, MAX_ENTRY};
use kernel::protocol::{BATCH_BYTES, BATCH_COUNT, MAX_FRAME};
use kernel::sync::Row;
use kernel::{Code, Error, Permission, PersonId, Result, Role, SpaceId, Words};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout};

use super::cache::Peer;
use super::messages::{self, Ephemeral, FromClient, ToClient, VERSION};
use super::ops::{self, Guest, document_id};
use crate::problem::Problem;
use crate::routes::{Answer, Asked};
use crate::secret::Claims;
use crate::server::App;
use crate::sync::hub::Inbox;
use crate::sync::ops::{Identity, Verdict};
use crate::throttle::Throttle;
use crate::sync;

/// How long a client may take to join, and to take a message off the wire.
const PATIENCE: Duration = Duration::from_secs(30);
/// A silent connection is asked for a sign of life after so long, and given up after three times as long.
const HEARTBEAT: Duration = Duration::from_secs(25);
/// How long a document stays in memory that nobody uses.
const COLD: Duration = Duration::from_secs(120);
/// The most documents that one connection has open.
const MOST_OPEN: usize = 256;
/// The longest ephemeral message as it is relayed.
const MOST_EPHEMERAL: usize = 1_024;

/// A page of the documents of a space.
#[derive(Serialize)]
pub(crate) struct Documents {
    documents: Vec<Listed>,
    /// Where the next page begins, if there is one.
    next: Option<String>,
}

#[derive(Serialize)]
struct Listed {
    /// The document's id in the log.
    doc: String,
    /// What a client opens.
    url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct After {
    #[serde(default)]
    after: String,
}

/// `GET /v1/spaces/{space}/documents`.
pub(crate) async fn documents(State(app): State<App>, asked: Asked, Path(space): Path<SpaceId>, Query(After { after }): Query<After>) -> Answer<Json<Documents>> {
    asked
        .answer(async {
            let docs = app.storage.read(move |sql| sync::store::documents_after(sql, space, &after, ops::PAGE)).await?;
            let next = docs.last().filter(|_| docs.len() == ops::PAGE).cloned();
            let documents = docs.into_iter().map(|doc| Listed { url: format!("automerge:{}", document_id(space, &doc)), doc }).collect();
            Ok(Json(Documents { documents, next }))
        })
        .await
}

/// `GET /v1/spaces/{space}/automerge`.
pub(crate) async fn upgrade(State(app): State<App>, asked: Asked, Path(space): Path<SpaceId>, upgrade: WebSocketUpgrade) -> Answer<Response> {
    let inbox = Arc::new(Inbox::default());
    let arrived = app.hub.arrive(inbox.clone(), asked.network()).ok_or_else(|| Problem::new(crate::storage::busy(), asked.language))?;
    let place = Place { app: app.clone(), id: arrived };
    app.metrics.connections.fetch_add(1, Ordering::Relaxed);
    app.metrics.guests.fetch_add(1, Ordering::Relaxed);
    Ok(upgrade.max_message_size(MAX_FRAME).max_frame_size(MAX_FRAME).on_upgrade(move |socket| async move {
        let app = place.app.clone();
        let mut line = Line {
            app: app.clone(),
            asked,
            inbox,
            id: place.id,
            space,
            me: format!("scantling-{space}"),
            client: String::new(),
            who: None,
            open: BTreeMap::new(),
            seen: 0,
            lookups: Throttle::new(256, 20),
            ephemeral: Throttle::new(40, 50),
        };
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
        if self.app.metrics.guests.fetch_sub(1, Ordering::Relaxed) == 1 {
            // Nobody is left who would unload what has grown cold.
            self.app.door.unload(Duration::ZERO);
        }
    }
}

/// Whose connection it is, once a token was shown.
struct Who {
    person: PersonId,
    role: Role,
    key: SigningKey,
}

struct Open {
    doc: String,
    peer: Peer,
    /// The client knows that its changes are not taken.
    told: bool,
}

struct Line {
    app: App,
    asked: Asked,
    inbox: Arc<Inbox>,
    /// The connection's number in the hub.
    id: u64,
    space: SpaceId,
    /// What the server calls itself, and the client.
    me: String,
    client: String,
    who: Option<Who>,
    /// Documents by the ids of automerge-repo.
    open: BTreeMap<String, Open>,
    /// The client was told of every change up to this entry.
    seen: u64,
    lookups: Throttle,
    ephemeral: Throttle,
}

/// Why a connection ends.
enum End {
    /// There is nobody to say it to.
    Gone,
    /// With these last words.
    With(&'static str, Words),
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        let code = match error.code {
            Code::Unauthorized => "unauthorized",
            Code::Forbidden => "forbidden",
            Code::NotFound => "not_found",
            Code::Invalid => "malformed",
            Code::TooLarge => "too_large",
            _ => {
                tracing::warn!(%error, "a client of the door can't be served now");
                "busy"
            }
        };
        Self::With(code, error.words)
    }
}

type Step = std::result::Result<(), End>;
type Sink = SplitSink<WebSocket, Message>;

fn malformed(en: &str, ru: &str) -> End {
    End::With("malformed", (en, ru).into())
}

impl Line {
    async fn run(&mut self, socket: WebSocket) {
        let (mut sink, mut stream) = socket.split();
        let (mut heard, began) = (Instant::now(), Instant::now());
        let mut beat = tokio::time::interval(HEARTBEAT);
        beat.reset();
        loop {
            let inbox = self.inbox.clone();
            let step = tokio::select! {
                frame = stream.next() => {
                    heard = Instant::now();
                    match frame {
                        Some(Ok(Message::Binary(bytes))) => self.frame(&mut sink, &bytes).await,
                        Some(Ok(Message::Text(_))) => Err(malformed("Messages are binary.", "Сообщения двоичные.")),
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
                        Some(Ok(Message::Close(_)) | Err(_)) | None => Err(End::Gone),
                    }
                }
                () = inbox.bell.notified() => self.news(&mut sink).await,
                () = tokio::time::sleep_until(began + PATIENCE), if self.who.is_none() => Err(End::Gone),
                _ = beat.tick() => {
                    self.app.door.unload(COLD);
                    if heard.elapsed() > HEARTBEAT * 3 { Err(End::Gone) } else { put(&mut sink, Message::Ping(Vec::new().into())).await }
                }
            };
            match step {
                Ok(()) => {}
                Err(End::Gone) => return,
                Err(End::With(code, words)) => {
                    let said = self.say(&mut sink, &ToClient::Error(code, words.in_language(self.asked.language), None)).await;
                    let close = CloseFrame { code: if matches!(code, "busy" | "going_away") { 1001 } else { 1008 }, reason: code.into() };
                    if said.is_ok() && put(&mut sink, Message::Close(Some(close))).await.is_ok() {
                        // A socket that is dropped with unread bytes is reset, and what was said last is lost on its way.
                        let rest = async { while let Some(Ok(_)) = stream.next().await {} };
                        let _ = timeout(Duration::from_secs(1), rest).await;
                    }
                    return;
                }
            }
        }
    }

    async fn say(&self, sink: &mut Sink, message: &ToClient<'_>) -> Step {
        put(sink, Message::Binary(messages::write(message, &self.me, &self.client).into())).await
    }

    async fn frame(&mut self, sink: &mut Sink, bytes: &[u8]) -> Step {
        let message = messages::read(bytes).map_err(|_| malformed("A message can't be read.", "Сообщение не читается."))?;
        match (message, &self.who) {
            (FromClient::Join { peer, token, versions }, None) => {
                self.client = peer;
                if !versions.iter().any(|version| version == VERSION) {
                    return Err(End::With("version", (format!("This server speaks version {VERSION} of the protocol."), format!("Сервер говорит на версии {VERSION} протокола.")).into()));
                }
                let claims = self.app.signer.check(token.as_deref().unwrap_or_default(), self.app.now())?;
                self.join(&claims).await?;
                self.say(sink, &ToClient::Peer).await
            }
            (FromClient::Join { .. }, Some(_)) => Err(malformed("A connection begins once.", "Соединение начинается один раз.")),
            (_, None) => Err(End::With("unauthorized", ("Join first.", "Сначала войдите.").into())),
            (FromClient::Sync { document, data }, Some(_)) => self.sync(sink, document, data).await,
            (FromClient::Ephemeral(ephemeral), Some(_)) => {
                // Too many are dropped in silence: they are worth nothing a second later.
                let body = kernel::protocol::encode(&ephemeral);
                if self.open.contains_key(&ephemeral.document) && body.len() <= MOST_EPHEMERAL && self.ephemeral.take("", self.app.now()).is_ok() {
                    self.app.hub.relay(self.id, self.space, &body);
                }
                Ok(())
            }
            (FromClient::Other, Some(_)) => Ok(()),
        }
    }

    /// Lets in whom the token stands for.
    async fn join(&mut self, claims: &Claims) -> Result<()> {
        let space = self.space;
        if self.find(claims).await?.is_none() {
            let (claims, address) = (claims.clone(), self.asked.address.to_string());
            self.app.operate(&self.asked, None, move |ctx| ops::give_key(ctx, &claims, space, &address)).await?;
        }
        let Some(guest) = self.find(claims).await? else { return Err(identity::rules::signed_out()) };
        self.app.hub.join(self.id, claims.sub, &claims.sid, guest.key.verifying_key().as_bytes());
        self.app.hub.follow(self.id, space);
        // Once more, now that nothing that happens is missed.
        let Some(Guest { role, key }) = self.find(claims).await? else { return Err(identity::rules::signed_out()) };
        self.who = Some(Who { person: claims.sub, role, key });
        self.seen = self.app.storage.read(move |sql| sync::store::changed_after(sql, space, u64::MAX >> 1)).await?.1;
        Ok(())
    }

    async fn find(&self, claims: &Claims) -> Result<Option<Guest>> {
        let (claims, space) = (claims.clone(), self.space);
        self.app.storage.read(move |sql| ops::find(sql, &claims, space)).await
    }

    /// The document that a client speaks of, opened if it belongs to the space and the client may have one more open.
    async fn opened(&mut self, id: &str) -> Result<bool> {
        if self.open.contains_key(id) {
            return Ok(true);
        }
        if self.open.len() >= MOST_OPEN {
            return Ok(false);
        }
        if let Err(millis) = self.lookups.take("", self.app.now()) {
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
        let (space, wanted) = (self.space, id.to_owned());
        let Some(doc) = self.app.storage.read(move |sql| ops::document(sql, space, &wanted)).await? else { return Ok(false) };
        let writes = self.who.as_ref().is_some_and(|who| who.role.may(Permission::Edit));
        self.open.insert(id.to_owned(), Open { doc, peer: Peer::new(writes), told: false });
        Ok(true)
    }

    async fn sync(&mut self, sink: &mut Sink, id: String, data: Vec<u8>) -> Step {
        if !self.opened(&id).await? {
            return self.say(sink, &ToClient::Unavailable(&id)).await;
        }
        let odd = || malformed("A message of sync can't be read.", "Сообщение синхронизации не читается.");
        let message = messages::sync(&data).ok_or_else(odd)?;
        drop(data);
        let Some(Open { doc, mut peer, told }) = self.open.remove(&id) else { return Ok(()) };
        let held = self.app.door.get(self.space, &doc);
        let mut held = held.lock().await;
        if let Err(error) = held.freshen(&self.app.storage).await {
            if !matches!(error.code, Code::Damaged | Code::TooLarge) {
                return Err(error.into());
            }
            // Others can still be opened.
            tracing::warn!(%error, space = %self.space, doc, "a document can't be opened through the door");
            self.say(sink, &ToClient::Error(if error.code == Code::Damaged { "damaged" } else { "too_large" }, error.words.in_language(self.asked.language), Some(&id))).await?;
            return self.say(sink, &ToClient::Unavailable(&id)).await;
        }
        let mut refused = None;
        if peer.writes() && !message.changes.is_empty() {
            let chunks: Vec<Vec<u8>> = messages::changes(&message).ok_or_else(odd)?.into_iter().map(<[u8]>::to_vec).collect();
            let (made, back) = held
                .with(move |document| {
                    let made = peer.take(document, chunks)?;
                    Ok((made, peer))
                })
                .await
                .map_err(|error| if error.code == Code::Damaged { odd() } else { error.into() })?;
            peer = back;
            if !made.is_empty() {
                let appended = self.append(&doc, made).await;
                if !matches!(appended, Ok(None)) {
                    // The document has what the log has not.
                    held.forget();
                    refused = appended?;
                }
            }
        }
        if refused.is_some() {
            peer.refuse();
            held.freshen(&self.app.storage).await?;
        }
        let writes = peer.writes();
        let (ahead, answer, peer) = held
            .with(move |document| {
                let ahead = Peer::is_ahead(document, &message);
                peer.hear(document, message)?;
                let answer = peer.say(document);
                Ok((ahead, answer, peer))
            })
            .await?;
        self.app.door.note(&held);
        drop(held);
        if refused.is_none() && !writes && ahead && !told {
            let role = self.who.as_ref().map_or(Role::Viewer, |who| who.role);
            refused = Some(("forbidden", kernel::ctx::forbidden(role, Permission::Edit).words));
        }
        self.open.insert(id.clone(), Open { doc, peer, told: told || refused.is_some() });
        if let Some((code, words)) = refused {
            self.say(sink, &ToClient::Error(code, words.in_language(self.asked.language), Some(&id))).await?;
        }
        match answer {
            Some(answer) => self.say(sink, &ToClient::Sync(&id, &answer)).await,
            None => Ok(()),
        }
    }

    /// Signs changes in the person's name and adds them to the log; answers why one was refused, if one was.
    async fn append(&self, doc: &str, changes: Vec<Change>) -> Result<Option<(&'static str, Words)>> {
        let Some(who) = &self.who else { return Ok(None) };
        let mut batch = Vec::new();
        let mut batches = Vec::new();
        let mut size = 0;
        for change in changes {
            let entry = Entry::sign(&who.key, self.space, Kind::Change, &change.hash().0, doc, self.app.now(), change.raw_bytes().to_vec());
            let length = entry.bytes().len();
            if length > MAX_ENTRY {
                return Ok(Some(("too_large", ("The change is larger than 4 MiB. Split it into smaller ones.", "Изменение больше 4 МиБ. Разделите его на части.").into())));
            }
            if batch.len() == BATCH_COUNT || size + length > BATCH_BYTES && !batch.is_empty() {
                batches.push((std::mem::take(&mut batch), size));
                size = 0;
            }
            size += length;
            batch.push(entry);
        }
        batches.push((batch, size));
        for (entries, size) in batches {
            let (space, quota, now, hub) = (self.space, self.app.config.space_quota, self.app.now(), self.app.hub.clone());
            let room = self.app.storage.room(size * 2).await?;
            let written = self
                .app
                .storage
                .queue(
                    move |sql| {
                        let _room = room;
                        entries.into_iter().map(|entry| sync::ops::accept(sql, &Identity, space, &Ok(entry), quota, now)).collect::<Result<Vec<Verdict>>>()
                    },
                    move |verdicts| {
                        let rows: Vec<Row> = verdicts.iter().filter_map(|verdict| if let Verdict::Accepted(row) = verdict { Some(row.clone()) } else { None }).collect();
                        hub.moved(space, &rows);
                    },
                )
                .await?;
            for verdict in written.answer().await? {
                match verdict {
                    Verdict::Accepted(_) => _ = self.app.metrics.accepted.fetch_add(1, Ordering::Relaxed),
                    Verdict::Known(_) => {}
                    Verdict::Refused(code, words) => {
                        self.app.metrics.refused.fetch_add(1, Ordering::Relaxed);
                        return Ok(Some((code, words)));
                    }
                }
            }
        }
        Ok(None)
    }

    async fn news(&mut self, sink: &mut Sink) -> Step {
        let news = self.inbox.take();
        if let Some((code, words)) = news.end {
            return Err(End::With(code, words));
        }
        let Some((person, role)) = self.who.as_ref().map(|who| (who.person, who.role)) else { return Ok(()) };
        let space = self.space;
        if news.changed.contains(&space) {
            match self.app.storage.read(move |sql| ops::role(sql, space, person)).await? {
                None => return Err(identity::rules::no_such_project().into()),
                Some(now) if now.may(Permission::Edit) != role.may(Permission::Edit) => {
                    return Err(End::With("role_changed", ("Your role has changed. The client connects again by itself.", "Ваша роль изменилась. Клиент подключится сам.").into()));
                }
                Some(_) => {}
            }
        }
        for (_, _, body) in news.relayed {
            // Devices say other things, which are not for the door.
            if let Ok(ephemeral) = kernel::protocol::decode::<Ephemeral>(&body)
                && self.open.contains_key(&ephemeral.document)
            {
                self.say(sink, &ToClient::Ephemeral(&ephemeral)).await?;
            }
        }
        if news.moved.contains_key(&space) {
            let after = self.seen;
            let (docs, head) = self.app.storage.read(move |sql| sync::store::changed_after(sql, space, after)).await?;
            self.seen = head;
            let ids: Vec<String> = self.open.iter().filter(|(_, open)| docs.contains(&open.doc)).map(|(id, _)| id.clone()).collect();
            for id in ids {
                self.tell(sink, id).await?;
            }
        }
        Ok(())
    }

    /// Tells the client how a document has gone on.
    async fn tell(&mut self, sink: &mut Sink, id: String) -> Step {
        let Some(Open { doc, mut peer, told }) = self.open.remove(&id) else { return Ok(()) };
        let held = self.app.door.get(self.space, &doc);
        let mut held = held.lock().await;
        held.freshen(&self.app.storage).await?;
        let (message, peer) = held
            .with(move |document| {
                let message = peer.say(document);
                Ok((message, peer))
            })
            .await?;
        self.app.door.note(&held);
        drop(held);
        self.open.insert(id.clone(), Open { doc, peer, told });
        match message {
            Some(message) => self.say(sink, &ToClient::Sync(&id, &message)).await,
            None => Ok(()),
        }
    }
}

async fn put(sink: &mut Sink, message: Message) -> Step {
    match timeout(PATIENCE, sink.send(message)).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(End::Gone),
    }
}
