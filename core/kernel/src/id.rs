//! Typed ids in TypeID form: a prefix, an underscore, and a UUIDv7 in 26 letters of Crockford's base 32.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Random, Result, Timestamp};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A UUIDv7 (RFC 9562) whose time and randomness were passed in, so ids replay with a seed.
#[must_use]
pub fn uuid_v7(now: Timestamp, random: &mut Random) -> [u8; 16] {
    let mut bytes = [0; 16];
    random.fill(&mut bytes[6..]);
    let millis = u64::try_from(now.millis()).unwrap_or(0);
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    bytes[6] = (bytes[6] & 0x0f) | 0x70;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    bytes
}

/// Writes 16 bytes as 26 letters, so that the order of the text is the order of the bytes.
#[must_use]
pub fn encode(bytes: &[u8; 16]) -> String {
    let mut value = u128::from_be_bytes(*bytes);
    let mut letters = [b'0'; 26];
    for letter in letters.iter_mut().rev() {
        *letter = ALPHABET[(value & 31) as usize];
        value >>= 5;
    }
    letters.iter().map(|&letter| char::from(letter)).collect()
}

/// Reads what [`encode`] wrote; `None` for anything else.
#[must_use]
pub fn decode(text: &str) -> Option<[u8; 16]> {
    if text.len() != 26 || text.as_bytes()[0] > b'7' {
        return None;
    }
    let mut value: u128 = 0;
    for byte in text.bytes() {
        let digit = ALPHABET.iter().position(|&letter| letter == byte)?;
        value = (value << 5) | digit as u128;
    }
    Some(value.to_be_bytes())
}

/// A new id with a prefix, as text: `req_01j...`.
#[must_use]
pub fn new(prefix: &str, now: Timestamp, random: &mut Random) -> String {
    format!("{prefix}_{}", encode(&uuid_v7(now, random)))
}

/// Whether a text is an id with this prefix.
#[must_use]
pub fn is(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).is_some_and(|rest| decode(rest).is_some())
}

/// Declares id types: each is 16 bytes that print, parse and serialise with their prefix.
#[macro_export]
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// What stands before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id, sortable by `now`.
            #[must_use]
            pub fn new(now: $crate::Timestamp, random: &mut $crate::Random) -> Self {
                Self($crate::id::uuid_v7(now, random))
            }

            /// The id with these bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The bytes, which ids of related things may share.
            #[must_use]
            pub const fn bytes(&self) -> [u8; 16] {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}_{}", Self::PREFIX, $crate::id::encode(&self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{self}")
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::Error;

            fn from_str(text: &str) -> Result<Self, $crate::Error> {
                $crate::id::parse(Self::PREFIX, text).map(Self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl From<$name> for $crate::sql::Value {
            fn from(id: $name) -> Self {
                Self::Text(id.to_string())
            }
        }

        impl From<&$name> for $crate::sql::Value {
            fn from(id: &$name) -> Self {
                Self::Text(id.to_string())
            }
        }

        impl $crate::sql::FromValue for $name {
            fn from_value(value: $crate::sql::Value) -> $crate::Result<Self> {
                String::from_value(value)?.parse()
            }
        }
    )*};
}

/// Reads an id with this prefix.
///
/// # Errors
/// `Invalid` when the text is not such an id.
pub fn parse(prefix: &str, text: &str) -> Result<[u8; 16]> {
    text.strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .and_then(decode)
        .ok_or_else(|| Error::invalid("id", (format!("\"{}\" is not an id of the form {prefix}_…", Short(text)), format!("«{}» — не идентификатор вида {prefix}_…", Short(text)))))
}

struct Short<'a>(&'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars().take(40) {
            write!(f, "{c}")?;
        }
        Ok(())
    }
}

ids! {
    /// A unit of sharing and of sync: one ordered log.
    SpaceId = "spc";
    /// A project; also the id of its document.
    ProjectId = "prj";
    /// A person with an account on a server.
    PersonId = "per";
    /// One record in a log.
    RecordId = "rec";
    /// A group of people on a server who share its spaces.
    OrganisationId = "org";
}

impl ProjectId {
    /// The space that a project is born in.
    #[must_use]
    pub fn space(&self) -> SpaceId {
        SpaceId::from_bytes(self.bytes())
    }
}

/// Parses any typed id.
///
/// # Errors
/// `Invalid` when the text is not such an id.
pub fn of<T: FromStr<Err = Error>>(text: &str) -> Result<T> {
    text.parse()
}
