//! Connections: one task for each server that a space of this device lives on, and the badge that tells how it goes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use kernel::entry::Chain;
use kernel::log::Comparison;
use kernel::pack::{self, Place, Unpacking};
use kernel::protocol::{Cursor, MAX_FRAME, ToClient, ToServer, VERSION, decode, encode};
use kernel::sync::{Backoff, Client};
use kernel::{Code, Error, Result, SpaceId, Words, space};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use wiring::device::{Badge, BadgeState, Inspection, SpaceSync};

use crate::host::{Host, fresh_random, hex};
use crate::{identity, remote};

/// How long a connection may take to stand.
const PATIENCE: Duration = Duration::from_secs(15);
/// A silent connection is asked for a sign of life after so long, and given up after twice as long.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// After so long without news the others are told how far this device has read.
const QUIET: Duration = Duration::from_secs(2);
/// So much of a log stays as it came, to be sent again to a server that was restored from an old copy.
const KEPT: u64 = 8_192;
/// So much of it is put away in one transaction, for others wait for the store meanwhile.
const AT_ONCE: u64 = 256;

/// What connections wait for. Numbers only grow, so a wake is never lost between two looks.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Wakes {
    /// Entries wait for the server.
    pub outbox: u64,
    /// Refused entries were released.
    pub repush: u64,
    /// Spaces were shared, joined, paused or resumed; accounts signed in or out.
    pub follow: u64,
    /// The person wants it now.
    pub now: u64,
    /// The host closes.
    pub closing: bool,
}

/// How the connection to a server stands.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Line {
    Connecting,
    Online,
    Offline(Words),
    SignedOut(Words),
}

/// The connections by server.
#[derive(Default)]
pub(crate) struct Lines(Mutex<BTreeMap<String, Line>>);

impl Lines {
    fn get(&self, server: &str) -> Line {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(server).cloned().unwrap_or(Line::Connecting)
    }

    fn set(&self, server: &str, line: Line) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(server.to_owned(), line.clone()).as_ref() != Some(&line)
    }
}

/// Keeps one task for each server until the host closes.
pub(crate) async fn supervise(host: Host) {
    let mut wakes = host.0.voice.wakes.subscribe();
    let mut tasks = BTreeMap::new();
    loop {
        let servers = host
            .run(|ctx| {
                let mut servers: Vec<String> = space::list(ctx.sql, None)?.into_iter().filter(|space| !space.paused).filter_map(|space| space.server).collect();
                servers.sort_unstable();
                servers.dedup();
                Ok(servers)
            })
            .await
            .unwrap_or_default();
        for server in servers {
            if let Entry::Vacant(vacant) = tasks.entry(server) {
                let task = tokio::spawn(keep(host.clone(), vacant.key().clone()));
                vacant.insert(task);
            }
        }
        let follow = wakes.borrow_and_update().follow;
        if wakes.wait_for(|wakes| wakes.follow != follow || wakes.closing).await.map_or(true, |wakes| wakes.closing) {
            return;
        }
    }
}

/// Puts the oldest part of long logs away, now and then, until the host closes.
pub(crate) async fn put_away(host: Host) {
    let mut wakes = host.0.voice.wakes.subscribe();
    let mut wait = Duration::from_secs(60);
    // A wait that runs to its end is a time to work; one that does not means that the host closes.
    while timeout(wait, wakes.wait_for(|wakes| wakes.closing)).await.is_err() {
        wait = Duration::from_secs(600);
        let spaces = host.run(|ctx| Ok(space::list(ctx.sql, None)?.into_iter().filter(|space| space.server.is_some()).map(|space| (space.space, space.base.0)).collect::<Vec<_>>())).await;
        for (space, mut base) in spaces.unwrap_or_default() {
            loop {
                match host.run(move |ctx| pack::seal(ctx, space, KEPT, AT_ONCE)).await {
                    Ok(sealed) if sealed > base && !wakes.borrow().closing => base = sealed,
                    Ok(_) => break,
                    Err(error) => {
                        tracing::warn!(%space, %error, "the log can't be put away");
                        break;
                    }
                }
            }
        }
    }
}

/// Why a connection ended.
enum End {
    /// Try again after a while.
    Lost(Words),
    /// Wait until the person signs in again.
    SignedOut(Words),
    /// Connect once more at once.
    Again,
    Closing,
}

async fn keep(host: Host, server: String) {
    let mut wakes = host.0.voice.wakes.subscribe();
    let mut backoff = Backoff::default();
    let Ok(mut random) = fresh_random() else { return };
    loop {
        let seen = *wakes.borrow_and_update();
        tell(&host, &server, Line::Connecting);
        let wait = match connect(&host, &server, &mut wakes, &mut backoff).await {
            End::Closing => return,
            End::Again => continue,
            End::Lost(reason) => {
                tell(&host, &server, Line::Offline(reason));
                Some(Duration::from_millis(backoff.next(&mut random)))
            }
            End::SignedOut(reason) => {
                tell(&host, &server, Line::SignedOut(reason));
                None
            }
        };
        let awaited = wakes.wait_for(|wakes| wakes.closing || wakes.now != seen.now || wakes.follow != seen.follow);
        match wait {
            Some(wait) => drop(timeout(wait, awaited).await),
            None => drop(awaited.await),
        }
        if wakes.borrow().closing {
            return;
        }
        if wakes.borrow().now != seen.now {
            backoff.reset();
        }
    }
}

fn tell(host: &Host, server: &str, line: Line) {
    if host.0.lines.set(server, line) {
        host.0.voice.tell(&[kernel::Event { topic: "sync", name: "LineChanged", subject: server.to_owned() }]);
    }
}

fn unreachable(server: &str) -> Words {
    (format!("{server} can't be reached. Your work is safe on this device and will be sent later."), format!("Нет связи с {server}. Работа сохранена на этом устройстве и будет отправлена позже.")).into()
}

async fn connect(host: &Host, server: &str, wakes: &mut watch::Receiver<Wakes>, backoff: &mut Backoff) -> End {
    let token = match identity::access_token(host, server).await {
        Ok(token) => token,
        Err(error) if error.code == Code::Unauthorized => return End::SignedOut(error.words),
        Err(_) => return End::Lost(unreachable(server)),
    };
    if let Err(error) = take_packs(host, server, &token).await {
        tracing::info!(%server, %error, "a pack could not be fetched");
        return End::Lost(if error.code == Code::Offline { unreachable(server) } else { error.words });
    }
    let socket = match open(server).await {
        Ok(socket) => socket,
        Err(reason) => return End::Lost(reason),
    };
    let (mut sink, mut stream) = socket.split();
    let mut seen = *wakes.borrow_and_update();
    let mut client = Client::new(server);
    let mut outgoing = match with_client(host, &mut client, move |client, ctx| client.hello(ctx, &token).map(|hello| vec![hello])).await {
        Ok(messages) => messages,
        Err(error) => return End::Lost(error.words),
    };
    let mut heard = Instant::now();
    let mut patience: Option<Instant> = None;
    // When the others are told how far this device has read.
    let mut settled: Option<Instant> = None;
    loop {
        for message in outgoing.drain(..) {
            if !matches!(timeout(PATIENCE, sink.send(Message::binary(encode(&message)))).await, Ok(Ok(()))) {
                return End::Lost(unreachable(server));
            }
        }
        tokio::select! {
            frame = stream.next() => {
                heard = Instant::now();
                let bytes = match frame {
                    Some(Ok(Message::Binary(bytes))) => bytes,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return End::Lost(unreachable(server)),
                    Some(Ok(_)) => continue,
                };
                let message: ToClient = match decode(&bytes) {
                    Ok(message) => message,
                    Err(error) => return End::Lost(error.words),
                };
                outgoing = match receive(host, &mut client, message).await {
                    Ok(messages) => messages,
                    Err(error) => return End::Lost(error.words),
                };
                settled = Some(Instant::now() + QUIET);
                if client.welcomed() {
                    backoff.reset();
                    tell(host, server, Line::Online);
                }
                match client.problem() {
                    Some((_, _, Some(wait))) => patience = Some(Instant::now() + Duration::from_millis(*wait)),
                    Some((code, reason, None)) if code == "unauthorized" || code == "device_revoked" => {
                        let known = identity::turned_away(host, server, code, reason).await;
                        return if known { End::Lost(reason.clone()) } else { End::SignedOut(reason.clone()) };
                    }
                    Some((_, reason, None)) => return End::Lost(reason.clone()),
                    None => {}
                }
            }
            changed = wakes.changed() => {
                if changed.is_err() || wakes.borrow().closing {
                    // Without a goodbye the server would notice a little later, and that is all.
                    let _ = timeout(Duration::from_secs(1), sink.close()).await;
                    return End::Closing;
                }
                let wish = *wakes.borrow_and_update();
                let before = std::mem::replace(&mut seen, wish);
                // A new space comes as a pack first, and that is how a connection begins.
                if wish.follow != before.follow && !matches!(wanted(host, server).await.as_deref(), Ok([])) {
                    return End::Again;
                }
                outgoing = match with_client(host, &mut client, move |client, ctx| {
                    let mut messages = if wish.follow != before.follow { client.refollow(ctx)? } else { Vec::new() };
                    messages.extend(if wish.repush != before.repush { client.repush(ctx)? } else { client.pump(ctx)? });
                    Ok(messages)
                }).await {
                    Ok(messages) => messages,
                    Err(error) => return End::Lost(error.words),
                };
            }
            () = tokio::time::sleep_until(settled.unwrap_or(heard)), if settled.is_some() => {
                settled = None;
                outgoing = match with_client(host, &mut client, |client, ctx| client.tell(ctx)).await {
                    Ok(messages) => messages,
                    Err(error) => return End::Lost(error.words),
                };
            }
            () = tokio::time::sleep_until(patience.unwrap_or_else(|| Instant::now() + HEARTBEAT)) => {
                if patience.take().is_some_and(|until| until <= Instant::now()) {
                    outgoing = match with_client(host, &mut client, |client, ctx| client.repush(ctx)).await {
                        Ok(messages) => messages,
                        Err(error) => return End::Lost(error.words),
                    };
                } else if heard.elapsed() > HEARTBEAT * 2 || !matches!(timeout(PATIENCE, sink.send(Message::Ping(Vec::new().into()))).await, Ok(Ok(()))) {
                    return End::Lost(unreachable(server));
                }
            }
        }
    }
}

/// Reads the server's whole log of a space once more, on a connection of its own, and compares it with what is here.
async fn compare(host: &Host, space: SpaceId) -> Result<wiring::device::VerifyReport> {
    let (server, device, known) = host
        .run(move |ctx| {
            let known = space::get(ctx.sql, space)?;
            let device = ctx.author()?.key.verifying_key().to_bytes();
            let server = known.server.clone().ok_or_else(|| Error::conflict(("This project is on this device only; there is nothing to compare it with.", "Этот проект только на этом устройстве, сравнивать не с чем.")))?;
            Ok((server, device, known))
        })
        .await?;
    let token = identity::access_token(host, &server).await?;
    let lost = || Error::new(Code::Offline, unreachable(&server));
    let mut socket = open(&server).await.map_err(|_| lost())?;
    let cursor = Cursor { space, epoch: None, seq: 0, chain: Chain::empty(space), marks: None };
    let hello = ToServer::Hello { version: VERSION, token, device, cursors: vec![cursor], push: Vec::new() };
    socket.send(Message::binary(encode(&hello))).await.map_err(|_| lost())?;
    let mut comparison = Comparison::new(&known);
    while !comparison.done() {
        let frame = timeout(HEARTBEAT * 2, socket.next()).await.map_err(|_| lost())?;
        let bytes = match frame {
            Some(Ok(Message::Binary(bytes))) => bytes,
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(lost()),
            Some(Ok(_)) => continue,
        };
        match decode(&bytes)? {
            ToClient::Entries { space: of, first, items, .. } if of == space => {
                let mut lent = comparison;
                comparison = host.run(move |ctx| lent.take(ctx, first, &items).map(|()| lent)).await?;
            }
            // The server has less than this device: that is a finding, not a failure.
            ToClient::Welcome { spaces, .. } if spaces.iter().all(|state| state.head < known.seq) => break,
            ToClient::Closed { reason, .. } | ToClient::Problem { reason, retry_after: None, .. } => return Err(Error::new(Code::Forbidden, reason)),
            _ => {}
        }
    }
    let _ = timeout(Duration::from_secs(1), socket.close(None)).await;
    host.run(move |ctx| Ok(wiring::report(ctx, comparison.report()))).await
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens a connection to a server.
async fn open(server: &str) -> std::result::Result<Socket, Words> {
    let address = format!("{}/v1/sync", server.replacen("http", "ws", 1));
    let config = WebSocketConfig::default().max_message_size(Some(MAX_FRAME)).max_frame_size(Some(MAX_FRAME));
    match timeout(PATIENCE, tokio_tungstenite::connect_async_with_config(address.as_str(), Some(config), true)).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(error)) => {
            tracing::info!(%server, %error, "the server can't be reached");
            Err(unreachable(server))
        }
        Err(_) => Err(unreachable(server)),
    }
}

/// Brings the spaces of a server that are new here to a place of their logs, from where the socket goes on. A pack that
/// makes no sense is left alone: the log itself, which is proven entry by entry, brings the same.
async fn take_packs(host: &Host, server: &str, token: &str) -> Result<()> {
    for (space, place) in wanted(host, server).await? {
        tell(host, server, Line::Online);
        match take_pack(host, server, token, space, &place).await {
            Ok(()) => {}
            // Whatever is the matter, one project must not keep the others of its server from syncing.
            Err(error) if !matches!(error.code, Code::Offline | Code::Unauthorized) => {
                tracing::warn!(%space, %error, "a pack is not taken over");
                leave(host, space).await?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn leave(host: &Host, space: SpaceId) -> Result<()> {
    host.run(move |ctx| pack::leave(ctx, &wiring::Wiring, space)).await
}

async fn take_pack(host: &Host, server: &str, token: &str, space: SpaceId, place: &Place) -> Result<()> {
    // A server that was restored may have no pack any more to go on with.
    let Some(mut arriving) = remote::pack(host, server, token, space, place).await? else { return leave(host, space).await };
    let mut unpacking = Unpacking::new(space);
    let mut whole = false;
    while let Some(pieces) = arriving.next().await? {
        let mut lent = unpacking;
        let (back, result) = host
            .on_store(move |store, voice| {
                let result = store.run(crate::host::now(), |ctx| lent.take(ctx, &wiring::Wiring, pieces)).map(|(whole, events)| {
                    voice.tell(&events);
                    whole
                });
                Ok((lent, result))
            })
            .await?;
        (unpacking, whole) = (back, result?);
    }
    // A stream that ends early is as good as a cut line: the next one goes on from what is here.
    if whole { Ok(()) } else { Err(remote::offline(server)) }
}

/// The spaces of a server that a pack may bring.
async fn wanted(host: &Host, server: &str) -> Result<Vec<(SpaceId, Place)>> {
    let server = server.to_owned();
    host.run(move |ctx| {
        let mut wanted = Vec::new();
        for known in space::list(ctx.sql, Some(&server))?.into_iter().filter(|known| !known.paused) {
            wanted.extend(pack::wanted(ctx.sql, known.space)?.map(|place| (known.space, place)));
        }
        Ok(wanted)
    })
    .await
}

/// Lends the client to an operation on the store's thread.
async fn with_client(host: &Host, client: &mut Client, work: impl FnOnce(&mut Client, &mut kernel::Ctx<'_>) -> Result<Vec<ToServer>> + Send + 'static) -> Result<Vec<ToServer>> {
    let mut lent = std::mem::replace(client, Client::new(""));
    let (back, result) = host
        .on_store(move |store, voice| {
            let result = store.run(crate::host::now(), |ctx| work(&mut lent, ctx)).map(|(messages, events)| {
                voice.tell(&events);
                messages
            });
            Ok((lent, result))
        })
        .await?;
    *client = back;
    result
}

async fn receive(host: &Host, client: &mut Client, message: ToClient) -> Result<Vec<ToServer>> {
    let place = match &message {
        ToClient::Entries { space, .. } => Some(*space),
        _ => None,
    };
    let taken = with_client(host, client, move |client, ctx| client.receive(ctx, &wiring::Wiring, message)).await;
    match (taken, place) {
        (Err(error), Some(space)) if error.code == Code::Damaged || error.code == Code::Invalid => {
            tracing::error!(%space, %error, "entries of the server can't be taken over");
            with_client(host, client, move |client, ctx| client.failed(ctx, space, &error).map(|()| Vec::new())).await
        }
        (taken, _) => taken,
    }
}

/// Wakes the connections because spaces or accounts changed.
pub(crate) fn refollow(host: &Host) {
    host.0.voice.wakes.send_modify(|wakes| wakes.follow += 1);
}

pub(crate) async fn call(host: &Host, name: &str, payload: Value) -> Result<Value> {
    match name {
        "sync.badge" => Ok(serde_json::to_value(badge(host).await?)?),
        "sync.inspect" => Ok(serde_json::to_value(inspect(host).await?)?),
        "sync.now" => {
            host.0.voice.wakes.send_modify(|wakes| {
                wakes.now += 1;
                wakes.repush += 1;
            });
            Ok(serde_json::to_value(badge(host).await?)?)
        }
        "sync.compare" => {
            let input: wiring::device::SpaceRef = wiring::input(payload)?;
            Ok(serde_json::to_value(compare(host, input.space).await?)?)
        }
        "sync.pause" => {
            let input: wiring::device::PauseSpace = wiring::input(payload)?;
            host.run(move |ctx| wiring::pause(ctx, input)).await?;
            refollow(host);
            Ok(Value::Object(serde_json::Map::new()))
        }
        _ => Err(Error::internal(format!("{name} has no home"))),
    }
}

/// How a space stands, from what the store knows and how its connection is.
fn state(known: &SpaceSync, line: impl Fn(&str) -> Line) -> (BadgeState, Option<Words>) {
    let Some(server) = &known.server else { return (BadgeState::Local, None) };
    if !known.refused.is_empty() {
        return (BadgeState::Refused, None);
    }
    if known.paused {
        return (BadgeState::Paused, None);
    }
    if known.last_error.is_some() {
        return (BadgeState::Error, None);
    }
    match line(server) {
        Line::Connecting => (BadgeState::Connecting, None),
        Line::Offline(reason) => (BadgeState::Offline, Some(reason)),
        Line::SignedOut(reason) => (BadgeState::SignedOut, Some(reason)),
        Line::Online if known.pending == 0 && known.server_chain.as_deref() == Some(known.local_chain.as_str()) => (BadgeState::Proven, None),
        Line::Online => (BadgeState::Syncing, None),
    }
}

/// Every space with its state.
///
/// # Errors
/// Those of the store.
pub(crate) async fn spaces(host: &Host) -> Result<Vec<SpaceSync>> {
    let mut spaces = host
        .run(|ctx| {
            let known: Vec<SpaceId> = space::list(ctx.sql, None)?.into_iter().map(|space| space.space).collect();
            known.into_iter().map(|space| wiring::inspect(ctx, space)).collect::<Result<Vec<SpaceSync>>>()
        })
        .await?;
    let language = host.language();
    for space in &mut spaces {
        let (state, reason) = state(space, |server| host.0.lines.get(server));
        space.state = state;
        if let Some(reason) = reason {
            space.last_error = Some(reason.in_language(language).to_owned());
        }
    }
    Ok(spaces)
}

async fn inspect(host: &Host) -> Result<Inspection> {
    let spaces = spaces(host).await?;
    let device_key = host.on_store(|store, _| Ok(store.device().map(|device| hex(device.key.verifying_key().as_bytes())).unwrap_or_default())).await?;
    Ok(Inspection { badge: overall(&spaces), device_key, spaces })
}

/// The state of the whole workspace.
///
/// # Errors
/// Those of the store.
pub(crate) async fn badge(host: &Host) -> Result<Badge> {
    Ok(overall(&spaces(host).await?))
}

/// The whole is as well as its worst part; parts that live on this device alone have nothing to say.
fn overall(spaces: &[SpaceSync]) -> Badge {
    let rank = |state: &BadgeState| match state {
        BadgeState::Error => 8,
        BadgeState::Refused => 7,
        BadgeState::SignedOut => 6,
        BadgeState::Offline => 5,
        BadgeState::Connecting => 4,
        BadgeState::Syncing => 3,
        BadgeState::Proven => 2,
        BadgeState::Paused => 1,
        BadgeState::Local => 0,
    };
    let worst = spaces.iter().max_by_key(|space| rank(&space.state));
    Badge {
        state: worst.map_or(BadgeState::Local, |space| space.state),
        pending: spaces.iter().filter(|space| space.server.is_some()).map(|space| space.pending).sum(),
        refused: spaces.iter().map(|space| u32::try_from(space.refused.len()).unwrap_or(u32::MAX)).sum(),
        detail: worst.and_then(|space| space.last_error.clone()),
        // The whole was proven when its part that was proven longest ago was.
        proven_at: spaces.iter().filter(|space| space.server.is_some() && !space.paused).map(|space| space.proven_at).min().flatten(),
    }
}
