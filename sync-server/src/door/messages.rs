//! The messages of automerge-repo's WebSocket, version 1: each is a CBOR map (RFC 8949) with the key `type`. Unknown types
//! and unknown keys are passed over.

use automerge::sync::Message;
use kernel::entry::MAX_ENTRY;
use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

/// The version that is spoken.
pub const VERSION: &str = "1";
/// The longest name of a peer, id of a document or type.
const LONGEST_NAME: usize = 256;
/// The longest token.
const LONGEST_TOKEN: usize = 4_096;
/// The most heads, needs and summaries in a message of sync.
const MOST_HASHES: usize = 10_000;
const MOST_SUMMARIES: usize = 16;
/// The most probes of a summary, and bits for each entry. Clients use 7 and 10; a few bytes may ask for gigabytes.
const MOST_PROBES: u64 = 64;

/// What a client says.
#[derive(Debug, PartialEq)]
pub enum FromClient {
    /// The first message.
    Join {
        /// What it calls itself.
        peer: String,
        /// The access token.
        token: Option<String>,
        /// The versions that it speaks.
        versions: Vec<String>,
    },
    /// A step of the sync of a document.
    Sync {
        /// Its id.
        document: String,
        /// A message of Automerge's sync.
        data: Vec<u8>,
    },
    /// To whom else has the document open.
    Ephemeral(Ephemeral),
    /// Nothing that is answered.
    Other,
}

/// An ephemeral message: whoever hears it knows by session and count whether it is new.
#[derive(Debug, PartialEq, Clone, minicbor::Encode, minicbor::Decode)]
pub struct Ephemeral {
    /// The document that it is about.
    #[n(0)]
    pub document: String,
    /// Who says it.
    #[n(1)]
    pub peer: String,
    /// Their session.
    #[n(2)]
    pub session: String,
    /// Grows in a session.
    #[n(3)]
    pub count: u64,
    /// What is said.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub data: Vec<u8>,
}

type Read<T> = Result<T, minicbor::decode::Error>;

fn wrong(what: &str) -> minicbor::decode::Error {
    minicbor::decode::Error::message(what)
}

fn text(decoder: &mut Decoder<'_>, longest: usize) -> Read<String> {
    let text = decoder.str()?;
    if text.len() > longest { Err(wrong("a text is too long")) } else { Ok(text.to_owned()) }
}

/// JavaScript writes numbers that are whole as integers, as long as they are small.
fn number(decoder: &mut Decoder<'_>) -> Read<u64> {
    match decoder.datatype()? {
        Type::F16 | Type::F32 | Type::F64 => {
            let value = decoder.f64()?;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within what JavaScript counts exactly")]
            if value.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(&value) { Ok(value as u64) } else { Err(wrong("not a count")) }
        }
        _ => decoder.u64(),
    }
}

/// Reads the entries of a map, however its length is written; `entry` reads or skips the value of a key.
fn map<'b>(decoder: &mut Decoder<'b>, mut entry: impl FnMut(&mut Decoder<'b>, &'b str) -> Read<()>) -> Read<()> {
    let mut left = decoder.map()?;
    loop {
        match &mut left {
            Some(0) => return Ok(()),
            Some(left) => *left -= 1,
            None if decoder.datatype()? == Type::Break => return decoder.skip(),
            None => {}
        }
        let key = decoder.str()?;
        entry(decoder, key)?;
    }
}

fn bytes(decoder: &mut Decoder<'_>) -> Read<Vec<u8>> {
    // Typed arrays of JavaScript (RFC 8746) stand behind a tag where the encoder is set so.
    if decoder.datatype()? == Type::Tag {
        decoder.tag()?;
    }
    Ok(decoder.bytes()?.to_vec())
}

/// Reads a message.
///
/// # Errors
/// When it is none.
pub fn read(message: &[u8]) -> Read<FromClient> {
    let mut decoder = Decoder::new(message);
    let (mut kind, mut peer, mut document, mut session) = (String::new(), String::new(), String::new(), String::new());
    let (mut token, mut versions, mut count, mut data) = (None, Vec::new(), 0, None);
    map(&mut decoder, |decoder, key| {
        match key {
            "type" => kind = text(decoder, LONGEST_NAME)?,
            "senderId" => peer = text(decoder, LONGEST_NAME)?,
            "documentId" => document = text(decoder, LONGEST_NAME)?,
            "sessionId" => session = text(decoder, LONGEST_NAME)?,
            "count" => count = number(decoder)?,
            "data" => data = Some(bytes(decoder)?),
            "peerMetadata" if decoder.datatype()? == Type::Map || decoder.datatype()? == Type::MapIndef => map(decoder, |decoder, key| {
                if key == "token" && decoder.datatype()? == Type::String {
                    token = Some(text(decoder, LONGEST_TOKEN)?);
                    return Ok(());
                }
                decoder.skip()
            })?,
            "supportedProtocolVersions" => {
                let length = decoder.array()?.filter(|length| *length <= 16).ok_or_else(|| wrong("versions"))?;
                versions = (0..length).map(|_| text(decoder, LONGEST_NAME)).collect::<Read<_>>()?;
            }
            _ => decoder.skip()?,
        }
        Ok(())
    })?;
    if decoder.position() != message.len() {
        return Err(wrong("bytes after the message"));
    }
    match kind.as_str() {
        "join" if peer.is_empty() => Err(wrong("a join without a sender")),
        "join" => Ok(FromClient::Join { peer, token, versions }),
        "sync" | "request" => Ok(FromClient::Sync { document, data: data.ok_or_else(|| wrong("no data"))? }),
        "ephemeral" => Ok(FromClient::Ephemeral(Ephemeral { document, peer, session, count, data: data.ok_or_else(|| wrong("no data"))? })),
        "" => Err(wrong("a message without a type")),
        _ => Ok(FromClient::Other),
    }
}

/// What the server says.
pub enum ToClient<'a> {
    /// The answer to a join.
    Peer,
    /// A step of the sync of a document.
    Sync(&'a str, &'a [u8]),
    /// There is no such document for this client.
    Unavailable(&'a str),
    /// What someone else says.
    Ephemeral(&'a Ephemeral),
    /// A problem: a stable word, a sentence, and the document if it is about one. About none, it is the last message.
    Error(&'a str, &'a str, Option<&'a str>),
}

/// Writes a message from `me` to `client`.
#[must_use]
pub fn write(message: &ToClient<'_>, me: &str, client: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes);
    let written = (|| {
        let (kind, more) = match message {
            ToClient::Peer => ("peer", 2),
            ToClient::Sync(..) => ("sync", 2),
            ToClient::Unavailable(_) => ("doc-unavailable", 1),
            ToClient::Ephemeral(_) => ("ephemeral", 4),
            ToClient::Error(_, _, None) => ("error", 2),
            ToClient::Error(..) => ("error", 3),
        };
        let sender = if let ToClient::Ephemeral(ephemeral) = message { &ephemeral.peer } else { me };
        encoder.map(3 + more)?.str("type")?.str(kind)?.str("senderId")?.str(sender)?.str("targetId")?.str(client)?;
        match message {
            ToClient::Peer => encoder.str("peerMetadata")?.map(1)?.str("isEphemeral")?.bool(true)?.str("selectedProtocolVersion")?.str(VERSION)?,
            ToClient::Sync(document, data) => encoder.str("documentId")?.str(document)?.str("data")?.bytes(data)?,
            ToClient::Unavailable(document) => encoder.str("documentId")?.str(document)?,
            ToClient::Ephemeral(ephemeral) => {
                encoder.str("documentId")?.str(&ephemeral.document)?.str("sessionId")?.str(&ephemeral.session)?;
                encoder.str("count")?.u64(ephemeral.count)?.str("data")?.bytes(&ephemeral.data)?
            }
            ToClient::Error(code, sentence, document) => {
                encoder.str("code")?.str(code)?.str("message")?.str(sentence)?;
                match document {
                    Some(document) => encoder.str("documentId")?.str(document)?,
                    None => &mut encoder,
                }
            }
        };
        Ok::<_, minicbor::encode::Error<std::convert::Infallible>>(())
    })();
    written.expect("writing to memory cannot fail");
    bytes
}

/// Reads a message of Automerge's sync, as far as it asks for no more than an honest one.
#[must_use]
pub fn sync(data: &[u8]) -> Option<Message> {
    let mut message = Message::decode(data).ok()?;
    let summaries = message.have.iter().all(|have| have.last_sync.len() <= MOST_HASHES && modest(&have.bloom.to_bytes()));
    if message.heads.len() > MOST_HASHES || message.need.len() > MOST_HASHES || message.have.len() > MOST_SUMMARIES || !summaries {
        return None;
    }
    // Automerge takes it for granted that hashes are in order.
    message.heads.sort_unstable();
    message.heads.dedup();
    Some(message)
}

/// Whether a summary (a Bloom filter) holds what it says it holds, and costs little to ask.
fn modest(bloom: &[u8]) -> bool {
    let mut rest = bloom;
    if rest.is_empty() {
        return true;
    }
    let (Some(entries), Some(bits), Some(probes)) = (leb128(&mut rest), leb128(&mut rest), leb128(&mut rest)) else { return false };
    entries > 0 && (1..=MOST_PROBES).contains(&bits) && (1..=MOST_PROBES).contains(&probes) && !rest.is_empty() && rest.len() < u32::MAX as usize / 32
}

fn leb128(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..35).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Cuts what a message of sync brings into its changes. Only plain ones are read, for a few bytes of a compressed one may
/// be gigabytes; clients send others to nobody who has not asked for them.
#[must_use]
pub fn changes(message: &Message) -> Option<Vec<&[u8]>> {
    let mut changes = Vec::new();
    for mut bytes in message.changes.iter() {
        while !bytes.is_empty() {
            // The magic number, the checksum, the type and the length.
            let (head, mut rest) = bytes.split_at_checked(9)?;
            let length = usize::try_from(leb128(&mut rest)?).ok()?;
            let whole = (bytes.len() - rest.len()).checked_add(length)?;
            if head[8] != 1 || whole > MAX_ENTRY {
                return None;
            }
            let (change, after) = bytes.split_at_checked(whole)?;
            changes.push(change);
            bytes = after;
        }
    }
    Some(changes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let _ = read(&bytes);
            if let Some(message) = sync(&bytes) {
                let _ = changes(&message);
            }
        }
    }

    #[test]
    fn a_summary_that_asks_for_gigabytes_is_refused() {
        for (bloom, good) in [
            (&[][..], true),
            (&[1, 10, 7, 0, 0], true),
            (&[1, 10, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0], false),
            (&[1, 0xff, 0x7f, 7, 0], false),
            (&[1, 10, 7], false),
            (&[0, 10, 7, 0], false),
            (&[0x80], false),
        ] {
            assert_eq!(modest(bloom), good, "{bloom:?}");
        }
    }
}
