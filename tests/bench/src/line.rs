//! A bare client of the sync protocol that counts what passes, and the entries that it writes.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{Automerge, ObjId, ObjType, ROOT};
use futures_util::{SinkExt, StreamExt};
use kernel::entry::{Chain, Entry, Kind};
use kernel::log::Item;
use kernel::protocol::{Cursor, MAX_FRAME, Push, SpaceState, ToClient, ToServer, VERSION, decode, encode};
use kernel::{SpaceId, Timestamp};
use minicbor::bytes::ByteVec;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use crate::Result;
use crate::server::{Person, Server};

/// Messages and their bytes in one direction.
#[derive(Clone, Copy, Default)]
pub struct Traffic {
    pub messages: u64,
    pub bytes: u64,
}

impl Traffic {
    fn count(&mut self, bytes: usize) {
        self.messages += 1;
        self.bytes += bytes as u64;
    }
}

/// A connection that was welcomed.
pub struct Line {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub up: Traffic,
    pub down: Traffic,
    /// How far each space was read.
    pub cursors: BTreeMap<SpaceId, Cursor>,
}

impl Line {
    /// Connects as a device does: the first message names every cursor.
    pub async fn connect(server: &Server, person: &Person, cursors: Vec<Cursor>) -> Result<Self> {
        let address = format!("{}/v1/sync", server.address.replacen("http", "ws", 1));
        let config = WebSocketConfig::default().max_message_size(Some(MAX_FRAME)).max_frame_size(Some(MAX_FRAME));
        let (socket, _) = connect_async_with_config(address, Some(config), true).await?;
        let mut line = Self {
            socket,
            up: Traffic::default(),
            down: Traffic::default(),
            cursors: cursors.iter().map(|cursor| (cursor.space, cursor.clone())).collect(),
        };
        let device = person.key.verifying_key().to_bytes();
        line.send(&ToServer::Hello { version: VERSION, token: person.token.clone(), device, cursors, push: Vec::new() }).await?;
        match line.next().await? {
            ToClient::Welcome { .. } => Ok(line),
            other => Err(format!("the server does not welcome a device but says {other:?}").into()),
        }
    }

    /// Sends a message.
    pub async fn send(&mut self, message: &ToServer) -> Result {
        let bytes = encode(message);
        self.up.count(bytes.len());
        Ok(self.socket.send(Message::binary(bytes)).await?)
    }

    /// The next message.
    pub async fn next(&mut self) -> Result<ToClient> {
        loop {
            match self.socket.next().await.ok_or("the server has closed the connection")?? {
                Message::Binary(bytes) => {
                    self.down.count(bytes.len());
                    let message = decode(&bytes).map_err(|error| error.words.en)?;
                    self.note(&message)?;
                    return Ok(message);
                }
                Message::Close(_) => return Err("the server has closed the connection".into()),
                _ => {}
            }
        }
    }

    /// Moves the cursors as a device does that takes over what it is sent.
    fn note(&mut self, message: &ToClient) -> Result {
        match message {
            ToClient::Welcome { spaces, .. } => {
                for SpaceState { space, epoch, start, .. } in spaces {
                    let cursor = self
                        .cursors
                        .get_mut(space)
                        .filter(|cursor| cursor.seq == *start)
                        .ok_or("the server begins another log than the client holds")?;
                    cursor.epoch = Some(*epoch);
                }
            }
            ToClient::Entries { space, first, items, chain, .. } => {
                let cursor = self.cursors.get_mut(space).filter(|cursor| cursor.seq + 1 == *first).ok_or("the server skips a part of a log")?;
                (cursor.seq, cursor.chain) = (cursor.seq + items.len() as u64, *chain);
            }
            ToClient::Refused { code, reason, .. } => return Err(format!("an entry was refused: {code}, {}", reason.en).into()),
            ToClient::Problem { code, reason, .. } => return Err(format!("the server has a problem: {code}, {}", reason.en).into()),
            ToClient::Closed { reason, .. } => return Err(format!("a space was closed: {}", reason.en).into()),
            _ => {}
        }
        Ok(())
    }

    /// Pushes entries of one space, and waits until the log holds them: they come back by their ids.
    pub async fn push(&mut self, space: SpaceId, entries: Vec<Vec<u8>>) -> Result {
        let mut waiting = entries.len();
        self.send(&ToServer::Push(Push { space, entries: entries.into_iter().map(ByteVec::from).collect() })).await?;
        while waiting > 0 {
            if let ToClient::Entries { space: place, items, .. } = self.next().await?
                && place == space
            {
                waiting = waiting.saturating_sub(items.iter().filter(|item| matches!(item, Item::Own(_))).count());
            }
        }
        Ok(())
    }

    /// Pushes entries one by one without waiting for each, at most so many on their way, until the log holds them all.
    pub async fn stream(&mut self, space: SpaceId, entries: Vec<Vec<u8>>, window: usize) -> Result {
        let mut waiting = 0;
        let mut entries = entries.into_iter();
        loop {
            while waiting < window
                && let Some(entry) = entries.next()
            {
                self.send(&ToServer::Push(Push { space, entries: vec![entry.into()] })).await?;
                waiting += 1;
            }
            if waiting == 0 {
                return Ok(());
            }
            if let ToClient::Entries { items, .. } = self.next().await? {
                waiting -= items.len();
            }
        }
    }

    /// Goes in good order.
    pub async fn close(mut self) -> Result {
        Ok(self.socket.close(None).await?)
    }
}

/// A cursor before the beginning of a log.
pub fn beginning(space: SpaceId) -> Cursor {
    Cursor { space, epoch: None, seq: 0, chain: Chain::empty(space), marks: None }
}

/// A document that one device writes, change by change.
pub struct Document {
    space: SpaceId,
    name: String,
    automerge: Automerge,
    text: ObjId,
    length: usize,
}

impl Document {
    /// A document that begins with a text; its first entry.
    pub fn new(person: &Person, space: SpaceId, name: &str, text: &str) -> Result<(Self, Vec<u8>)> {
        let mut automerge = Automerge::new().with_actor(person.actor.clone());
        let mut transaction = automerge.transaction();
        let object = transaction.put_object(ROOT, "text", ObjType::Text)?;
        transaction.splice_text(&object, 0, 0, text)?;
        transaction.commit_with(CommitOptions::default().with_time(now().millis()));
        let mut document = Self { space, name: name.to_owned(), automerge, text: object, length: text.chars().count() };
        let entry = document.entry(person)?;
        Ok((document, entry))
    }

    /// One more letter at the end; its entry.
    pub fn press(&mut self, person: &Person) -> Result<Vec<u8>> {
        let mut transaction = self.automerge.transaction();
        transaction.splice_text(&self.text, self.length, 0, "a")?;
        transaction.commit_with(CommitOptions::default().with_time(now().millis()));
        self.length += 1;
        self.entry(person)
    }

    fn entry(&mut self, person: &Person) -> Result<Vec<u8>> {
        let change = self.automerge.get_last_local_change().ok_or("a change was made")?;
        let entry = Entry::sign(&person.key, self.space, Kind::Change, &change.hash().0, &self.name, now(), change.raw_bytes().to_vec());
        Ok(entry.bytes().to_vec())
    }
}

/// The clock.
pub fn now() -> Timestamp {
    let millis = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}
