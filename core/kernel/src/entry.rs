//! A log entry: one change of a document or one record, signed by the device that made it.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::{Code, Error, Result, SpaceId, Timestamp};

/// The largest entry that is stored or relayed, in bytes.
pub const MAX_ENTRY: usize = 4 * 1024 * 1024;

const CONTEXT: &[u8] = b"scantling entry 1";
const VERSION: u8 = 1;

/// The public half of a device's signing key.
pub type DeviceKey = [u8; 32];

/// What an entry's payload is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// A change of an Automerge document; the entry's id is the change's hash, its subject the document.
    Change = 1,
    /// A record of a context; its id is a UUIDv7, its subject names the record's type.
    Record = 2,
}

/// A log entry. Its bytes are what is signed, chained and relayed; nobody encodes it a second time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The log it belongs to.
    pub space: SpaceId,
    /// What its payload is.
    pub kind: Kind,
    /// 32 bytes for a change, 16 for a record.
    pub id: Vec<u8>,
    /// The document that changes, or the type of the record.
    pub subject: String,
    /// Who signed it.
    pub device: DeviceKey,
    /// When, by the clock of the device.
    pub at: Timestamp,
    /// An Automerge change, or a record in the form of its context.
    pub payload: Vec<u8>,
    bytes: Vec<u8>,
}

impl Entry {
    /// Makes and signs an entry.
    #[must_use]
    pub fn sign(key: &SigningKey, space: SpaceId, kind: Kind, id: &[u8], subject: &str, at: Timestamp, payload: Vec<u8>) -> Self {
        let device = key.verifying_key().to_bytes();
        let head = head(&space, kind, id, subject, &device, at, &payload);
        let signature = key.sign(&signed(&head)).to_bytes();
        let mut bytes = head;
        push_bytes(&mut bytes, &signature);
        Self { space, kind, id: id.to_vec(), subject: subject.to_owned(), device, at, payload, bytes }
    }

    /// The bytes that are chained and relayed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The change that the payload is. Only the plain form is read: a compressed one may be a thousand times what it seems.
    ///
    /// # Errors
    /// `Damaged` when the payload is no change, or another than the id says.
    pub fn change(&self) -> Result<automerge::Change> {
        let unreadable = || Error::damaged(("The log holds a change that can't be read.", "В журнале есть нечитаемое изменение."));
        // After the magic number and the checksum stands the type of the chunk.
        if self.kind != Kind::Change || self.payload.get(8) != Some(&1) {
            return Err(unreadable().because("the payload is no plain change"));
        }
        let change = automerge::Change::from_bytes(self.payload.clone()).map_err(|source| unreadable().because(source))?;
        if change.hash().0.as_slice() == self.id { Ok(change) } else { Err(unreadable().because("the id is not the hash of the change")) }
    }

    /// Reads an entry and checks its size, form and signature. Bytes that could be written shorter are refused.
    ///
    /// # Errors
    /// `TooLarge` or `Invalid`.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_ENTRY {
            return Err(Error::new(
                Code::TooLarge,
                ("The change is larger than 4 MiB. Split it into smaller ones.", "Изменение больше 4 МиБ. Разделите его на части."),
            ));
        }
        let (entry, signature) = Self::read(bytes).map_err(|source| malformed().because(source))?;
        let head = head(&entry.space, entry.kind, &entry.id, &entry.subject, &entry.device, entry.at, &entry.payload);
        let mut canonical = head.clone();
        push_bytes(&mut canonical, &signature);
        if canonical != bytes {
            return Err(malformed().because("the encoding is not canonical"));
        }
        let valid =
            VerifyingKey::from_bytes(&entry.device).is_ok_and(|key| key.verify_strict(&signed(&head), &Signature::from_bytes(&signature)).is_ok());
        if !valid {
            return Err(Error::invalid(
                "signature",
                ("The change does not bear a valid signature of its device.", "На изменении нет верной подписи устройства."),
            ));
        }
        Ok(entry)
    }

    /// Reads an entry without checking its signature: enough to route it, never to believe it.
    ///
    /// # Errors
    /// `Invalid`.
    pub fn peek(bytes: &[u8]) -> Result<Self> {
        Ok(Self::read(bytes).map_err(|source| malformed().because(source))?.0)
    }

    /// Reads bytes of this device's own store, which were checked when they came in.
    ///
    /// # Errors
    /// `Damaged` when they are no entry.
    pub fn trusted(bytes: &[u8]) -> Result<Self> {
        Ok(Self::read(bytes)
            .map_err(|source| {
                Error::damaged((
                    "An entry of the log is damaged. Run `scantling verify`.",
                    "Запись журнала повреждена. Запустите `scantling verify`.",
                ))
                .because(source)
            })?
            .0)
    }

    fn read(bytes: &[u8]) -> Result<(Self, [u8; 64]), minicbor::decode::Error> {
        let wrong = |what: &str| minicbor::decode::Error::message(what);
        let mut decoder = Decoder::new(bytes);
        if decoder.array()? != Some(9) || decoder.u8()? != VERSION {
            return Err(wrong("not an entry of version 1"));
        }
        let space = decoder.bytes()?.try_into().map(SpaceId::from_bytes).map_err(|_| wrong("space"))?;
        let (kind, length) = match decoder.u8()? {
            1 => (Kind::Change, 32),
            2 => (Kind::Record, 16),
            _ => return Err(wrong("kind")),
        };
        let id = decoder.bytes()?.to_vec();
        let subject = decoder.str()?.to_owned();
        let device = decoder.bytes()?.try_into().map_err(|_| wrong("device"))?;
        let at = Timestamp::from_millis(decoder.i64()?);
        let payload = decoder.bytes()?.to_vec();
        let signature = decoder.bytes()?.try_into().map_err(|_| wrong("signature"))?;
        if id.len() != length || subject.is_empty() || subject.len() > 64 || decoder.position() != bytes.len() {
            return Err(wrong("form"));
        }
        Ok((Self { space, kind, id, subject, device, at, payload, bytes: bytes.to_vec() }, signature))
    }
}

fn malformed() -> Error {
    Error::invalid("entry", ("The change is not in a form that can be read.", "Изменение записано в нечитаемом виде."))
}

fn head(space: &SpaceId, kind: Kind, id: &[u8], subject: &str, device: &DeviceKey, at: Timestamp, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(payload.len() + 192);
    let written = (|| {
        Encoder::new(&mut bytes)
            .array(9)?
            .u8(VERSION)?
            .bytes(&space.bytes())?
            .u8(kind as u8)?
            .bytes(id)?
            .str(subject)?
            .bytes(device)?
            .i64(at.millis())?
            .bytes(payload)?;
        Ok::<_, minicbor::encode::Error<std::convert::Infallible>>(())
    })();
    written.expect("writing to memory cannot fail");
    bytes
}

fn push_bytes(bytes: &mut Vec<u8>, value: &[u8]) {
    Encoder::new(bytes).bytes(value).expect("writing to memory cannot fail");
}

/// What the signature covers: a name that no other signature of the key bears, then everything before the signature.
fn signed(head: &[u8]) -> Vec<u8> {
    [CONTEXT, head].concat()
}

/// The proof of a log up to some entry: `h(0) = BLAKE3(space)`, `h(n) = BLAKE3(h(n-1) || entry)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(transparent)]
pub struct Chain(#[cbor(with = "minicbor::bytes")] pub [u8; 32]);

impl Chain {
    /// The chain of a log that holds nothing yet.
    #[must_use]
    pub fn empty(space: SpaceId) -> Self {
        Self(*blake3::hash(&space.bytes()).as_bytes())
    }

    /// The chain with one more entry.
    #[must_use]
    pub fn then(self, entry: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0).update(entry);
        Self(*hasher.finalize().as_bytes())
    }
}

impl std::fmt::Display for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Random;
    use proptest::prelude::*;

    fn sample(seed: u64, payload: Vec<u8>) -> Entry {
        let mut random = Random::seeded(seed);
        let key = SigningKey::from_bytes(&random.bytes());
        let now = Timestamp::from_millis(1_700_000_000_000);
        Entry::sign(&key, SpaceId::new(now, &mut random), Kind::Record, &random.bytes::<16>(), "rooms.comment", now, payload)
    }

    proptest! {
        #[test]
        fn a_signed_entry_reads_back_as_itself(seed: u64, payload: Vec<u8>) {
            let entry = sample(seed, payload);
            prop_assert_eq!(Entry::parse(entry.bytes()).unwrap(), entry);
        }

        #[test]
        fn any_flipped_bit_is_refused(seed: u64, at: prop::sample::Index, bit in 0_u8..8) {
            let mut bytes = sample(seed, b"payload".to_vec()).bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert!(Entry::parse(&bytes).is_err());
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let _ = Entry::parse(&bytes);
        }

        #[test]
        fn a_truncated_entry_is_refused(seed: u64, at: prop::sample::Index) {
            let entry = sample(seed, b"payload".to_vec());
            prop_assert!(Entry::parse(&entry.bytes()[..at.index(entry.bytes().len())]).is_err());
        }
    }

    #[test]
    fn an_entry_that_is_too_large_is_refused_by_its_size() {
        assert_eq!(Entry::parse(&vec![0; MAX_ENTRY + 1]).unwrap_err().code, Code::TooLarge);
    }
}
