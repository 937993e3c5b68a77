//! The messages of sync, in CBOR (RFC 8949); `docs/protocol.md` describes them for other implementations.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::entry::{Chain, DeviceKey};
use crate::log::Item;
use crate::{Error, PersonId, Result, Role, SpaceId, Words};

/// The version that both sides name first.
pub const VERSION: u16 = 1;
/// The largest message, in bytes.
pub const MAX_FRAME: usize = 8 * 1024 * 1024;
/// The most entries in one message.
pub const BATCH_COUNT: usize = 512;
/// About the most bytes of entries in one message.
pub const BATCH_BYTES: usize = 1024 * 1024;

/// The most spaces that one connection follows.
pub const MAX_SPACES: usize = 4096;

/// Which life of a server's log a sequence number belongs to.
pub type Epoch = [u8; 16];

macro_rules! cbor_ids {
    ($($name:ident),*) => {$(
        impl<C> Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(&self, encoder: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
                encoder.bytes(&self.bytes())?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                decoder.bytes()?.try_into().map(Self::from_bytes).map_err(|_| minicbor::decode::Error::message("an id is 16 bytes"))
            }
        }
    )*};
}
cbor_ids!(SpaceId, PersonId);

impl<C> Encode<C> for Role {
    fn encode<W: minicbor::encode::Write>(&self, encoder: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.str(self.word())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Role {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::parse(decoder.str()?).map_err(|_| minicbor::decode::Error::message("role"))
    }
}

impl<C> Encode<C> for Words {
    fn encode<W: minicbor::encode::Write>(&self, encoder: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.array(2)?.str(&self.en)?.str(&self.ru)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Words {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        if decoder.array()? != Some(2) {
            return Err(minicbor::decode::Error::message("words are a pair"));
        }
        Ok(Self { en: decoder.str()?.to_owned(), ru: decoder.str()?.to_owned() })
    }
}

impl<C> Encode<C> for Item {
    /// A whole entry is a byte string; an own one is its id in an array of one.
    fn encode<W: minicbor::encode::Write>(&self, encoder: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        match self {
            Self::Entry(bytes) => encoder.bytes(bytes)?.ok(),
            Self::Own(id) => encoder.array(1)?.bytes(id)?.ok(),
        }
    }
}

impl<'b, C> Decode<'b, C> for Item {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        if decoder.datatype()? == minicbor::data::Type::Bytes {
            return Ok(Self::Entry(decoder.bytes()?.to_vec()));
        }
        if decoder.array()? != Some(1) {
            return Err(minicbor::decode::Error::message("an item is an entry or its id"));
        }
        Ok(Self::Own(decoder.bytes()?.to_vec()))
    }
}

/// How far a device has read a space's log.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Cursor {
    /// The log.
    #[n(0)]
    pub space: SpaceId,
    /// Which life of it, or none before the first contact.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub epoch: Option<Epoch>,
    /// The last entry held.
    #[n(2)]
    pub seq: u64,
    /// The proof up to it.
    #[n(3)]
    pub chain: Chain,
    /// Earlier places, the newest first: where the two logs part, if they do, is after one of them.
    #[n(4)]
    pub marks: Option<Vec<Mark>>,
}

impl Cursor {
    /// Where the device and a log part at the latest: the newest of the cursor's places whose proof is the log's own, or
    /// the beginning. Equal proofs are equal logs, whichever life they are of.
    ///
    /// # Errors
    /// Those of `proof`, which answers the log's proof at a place, or none beyond its head.
    pub fn start(&self, mut proof: impl FnMut(u64) -> Result<Option<Chain>>) -> Result<u64> {
        let marks = self.marks.iter().flatten().take(MAX_MARKS).map(|mark| (mark.seq, mark.chain));
        for (seq, chain) in std::iter::once((self.seq, self.chain)).chain(marks) {
            if proof(seq)? == Some(chain) {
                return Ok(seq);
            }
        }
        Ok(0)
    }
}

/// A place of a log, and the proof up to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Mark {
    /// The place.
    #[n(0)]
    pub seq: u64,
    /// The proof.
    #[n(1)]
    pub chain: Chain,
}

/// What devices tell each other in ephemeral messages.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Aside {
    /// The sender has read the log up to here.
    #[n(1)]
    Seen {
        /// The last entry.
        #[n(0)]
        seq: u64,
    },
}

/// The most marks of a cursor that a server looks at.
pub const MAX_MARKS: usize = 160;

/// Entries for one space.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Push {
    /// The log.
    #[n(0)]
    pub space: SpaceId,
    /// In the order in which they were made.
    #[n(1)]
    pub entries: Vec<ByteVec>,
}

/// What a device says.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum ToServer {
    /// The first message of a connection: who, how far, and what waits.
    #[n(0)]
    Hello {
        /// [`VERSION`] of the device.
        #[n(0)]
        version: u16,
        /// A JWT access token.
        #[n(1)]
        token: String,
        /// The device's public key; the token names the same.
        #[cbor(n(2), with = "minicbor::bytes")]
        device: DeviceKey,
        /// Every space to follow.
        #[n(3)]
        cursors: Vec<Cursor>,
        /// The beginning of the outbox.
        #[n(4)]
        push: Vec<Push>,
    },
    /// More of the outbox.
    #[n(1)]
    Push(#[n(0)] Push),
    /// Follows one more space, or the same one from another place.
    #[n(2)]
    Subscribe(#[n(0)] Cursor),
    /// Follows a space no longer.
    #[n(3)]
    Unsubscribe(#[n(0)] SpaceId),
    /// Something for those who are here now: presence, a cursor, typing. Never stored.
    #[n(4)]
    Ephemeral {
        /// Whom it concerns.
        #[n(0)]
        space: SpaceId,
        /// At most 1 KiB; its form is the screens' affair.
        #[n(1)]
        body: ByteVec,
    },
}

/// Someone who has, or had, to do with a space.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Person {
    /// Who.
    #[n(0)]
    pub person: PersonId,
    /// Their name.
    #[n(1)]
    pub name: String,
    /// Their role; none for those who have left and whose entries keep their name.
    #[n(2)]
    pub role: Option<Role>,
    /// Whether one of their devices is connected now.
    #[n(3)]
    pub online: bool,
    /// The keys of their devices, so that entries have a name.
    #[n(4)]
    pub devices: Vec<ByteVec>,
    /// Those of these keys that the server holds: what they sign, the server signed in the person's name.
    #[n(5)]
    pub doors: Option<Vec<ByteVec>>,
}

/// A space as the server has it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SpaceState {
    /// Which.
    #[n(0)]
    pub space: SpaceId,
    /// What this person may do.
    #[n(1)]
    pub role: Role,
    /// Which life of the log.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub epoch: Epoch,
    /// Its newest entry.
    #[n(3)]
    pub head: u64,
    /// The proof up to it.
    #[n(4)]
    pub chain: Chain,
    /// The entry after which the server continues: the device's cursor, or 0 when that cursor does not fit this log.
    #[n(5)]
    pub start: u64,
    /// Everyone who has a role, and everyone whose device has written here.
    #[n(6)]
    pub people: Vec<Person>,
}

/// What the server says.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum ToClient {
    /// The answer to Hello.
    #[n(0)]
    Welcome {
        /// Who the token stands for.
        #[n(0)]
        person: PersonId,
        /// The followed spaces.
        #[n(1)]
        spaces: Vec<SpaceState>,
    },
    /// A space is otherwise than before: a role, its people, who is here; or it is followed from now on.
    #[n(1)]
    Space(#[n(0)] SpaceState),
    /// The next part of a log. The device's own entries are named, and thereby acknowledged.
    #[n(2)]
    Entries {
        /// The log.
        #[n(0)]
        space: SpaceId,
        /// The place of the first item.
        #[n(1)]
        first: u64,
        /// In order, without gaps.
        #[n(2)]
        items: Vec<Item>,
        /// The proof up to the last item.
        #[n(3)]
        chain: Chain,
        /// The newest entry of the log.
        #[n(4)]
        head: u64,
        /// The proof up to it.
        #[n(5)]
        head_chain: Chain,
    },
    /// A pushed entry was in the part that the device has read already.
    #[n(3)]
    Known {
        /// The log.
        #[n(0)]
        space: SpaceId,
        /// The entry.
        #[cbor(n(1), with = "minicbor::bytes")]
        id: Vec<u8>,
        /// Its place.
        #[n(2)]
        seq: u64,
    },
    /// A pushed entry is not accepted.
    #[n(4)]
    Refused {
        /// The log.
        #[n(0)]
        space: SpaceId,
        /// The entry.
        #[cbor(n(1), with = "minicbor::bytes")]
        id: Vec<u8>,
        /// A stable word: `forbidden`, `signature`, `dependencies`, ...
        #[n(2)]
        code: String,
        /// For the person.
        #[n(3)]
        reason: Words,
    },
    /// The space can't be followed: the person is not, or no longer, a member.
    #[n(5)]
    Closed {
        /// The log.
        #[n(0)]
        space: SpaceId,
        /// For the person.
        #[n(1)]
        reason: Words,
    },
    /// Someone's ephemeral message.
    #[n(6)]
    Ephemeral {
        /// Where.
        #[n(0)]
        space: SpaceId,
        /// Who.
        #[n(1)]
        person: PersonId,
        /// What.
        #[n(2)]
        body: ByteVec,
    },
    /// The connection has a problem. With `retry_after` it stays open and the device tries again; without, it ends.
    #[n(7)]
    Problem {
        /// A stable word: `unauthorized`, `device_revoked`, `version`, `malformed`, `busy`, `going_away`.
        #[n(0)]
        code: String,
        /// For the person.
        #[n(1)]
        reason: Words,
        /// In milliseconds.
        #[n(2)]
        retry_after: Option<u64>,
    },
}

/// Writes a message.
#[must_use]
pub fn encode<T: Encode<()>>(message: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    minicbor::encode(message, &mut bytes).expect("writing to memory cannot fail");
    bytes
}

/// Reads a message. Memory stays in proportion to the bytes, whatever they claim.
///
/// # Errors
/// `TooLarge` or `Invalid`.
pub fn decode<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T> {
    if bytes.len() > MAX_FRAME {
        return Err(Error::new(crate::Code::TooLarge, ("The message is larger than 8 MiB.", "Сообщение больше 8 МиБ.")));
    }
    let malformed = || {
        Error::invalid(
            "message",
            ("The message is not in a form that can be read. One of the two programs is too old.", "Сообщение нечитаемо. Одна из программ устарела."),
        )
    };
    let mut decoder = Decoder::new(bytes);
    let message = decoder.decode().map_err(|source| malformed().because(source))?;
    if decoder.position() == bytes.len() { Ok(message) } else { Err(malformed().because("bytes follow the message")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let _ = decode::<ToServer>(&bytes);
            let _ = decode::<ToClient>(&bytes);
        }

        #[test]
        fn entries_read_back_as_themselves(first: u64, bodies: Vec<(bool, Vec<u8>)>, chain: [u8; 32]) {
            let message = ToClient::Entries {
                space: SpaceId::from_bytes([7; 16]),
                first,
                items: bodies.into_iter().map(|(own, bytes)| if own { Item::Own(bytes) } else { Item::Entry(bytes) }).collect(),
                chain: Chain(chain),
                head: first,
                head_chain: Chain(chain),
            };
            prop_assert_eq!(decode::<ToClient>(&encode(&message)).unwrap(), message);
        }

        #[test]
        fn a_truncated_hello_is_refused(at: prop::sample::Index, token: String) {
            let cursor = Cursor { space: SpaceId::from_bytes([1; 16]), epoch: Some([2; 16]), seq: 3, chain: Chain([4; 32]), marks: None };
            let bytes = encode(&ToServer::Hello { version: VERSION, token, device: [5; 32], cursors: vec![cursor], push: vec![] });
            prop_assert!(decode::<ToServer>(&bytes).is_ok());
            prop_assert!(decode::<ToServer>(&bytes[..at.index(bytes.len())]).is_err());
        }
    }

    #[test]
    fn a_claimed_length_costs_no_memory() {
        // An array header that claims 2^60 entries, followed by nothing.
        assert!(
            decode::<ToServer>(&[0x82, 0x01, 0x81, 0x82, 0x50, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x9b, 0x10, 0, 0, 0, 0, 0, 0, 0])
                .is_err()
        );
    }
}
