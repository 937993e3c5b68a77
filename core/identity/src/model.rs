//! Names, addresses and passwords that keep their rules, and the commands of the server with their answers.

use std::fmt;

use kernel::{Error, OrganisationId, PersonId, Result, Role, SpaceId, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a person, a device, a project or an organisation is called: 1 to 80 characters on one line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Name(String);

impl Name {
    /// Reads a name, without the blanks around it.
    ///
    /// # Errors
    /// `Invalid` for `field`.
    pub fn parse(field: &str, text: &str) -> Result<Self> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::invalid(field, ("Enter a name.", "Введите имя.")));
        }
        if text.chars().count() > 80 {
            return Err(Error::invalid(field, ("A name has at most 80 characters.", "В имени не больше 80 символов.")));
        }
        if text.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c)) {
            // Marks that turn the direction of writing could make one name look like another.
            return Err(Error::invalid(field, ("A name is written on one line, without control characters.", "Имя пишется в одну строку, без управляющих символов.")));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An e-mail address, in small letters: the same address is the same account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Email(String);

impl Email {
    /// Reads an address: one `@`, something before it, a host after it, at most 254 bytes (RFC 5321).
    /// Whether it exists only a message could tell.
    ///
    /// # Errors
    /// `Invalid` for `email`.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim().to_lowercase();
        let sound = text.len() <= 254
            && text.chars().all(|c| !c.is_whitespace() && !c.is_control())
            && text.split_once('@').is_some_and(|(local, host)| {
                !local.is_empty() && local.len() <= 64 && !host.contains('@') && !host.starts_with(['.', '-']) && !host.ends_with(['.', '-']) && !host.contains("..") && !host.is_empty()
            });
        if sound { Ok(Self(text)) } else { Err(Error::invalid("email", ("Enter an e-mail address, such as ada@example.org.", "Введите адрес почты, например ada@example.org."))) }
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A new password: at least 12 characters and at most 1024 bytes, whatever they are (NIST SP 800-63B, section 5.1.1.2).
pub struct Password(String);

impl Password {
    /// Reads a new password; its name and address may not be the whole of it.
    ///
    /// # Errors
    /// `Invalid` for `password`.
    pub fn parse(text: String, email: &Email, name: &Name) -> Result<Self> {
        if text.chars().count() < 12 {
            return Err(Error::invalid("password", ("A password has at least 12 characters. A few words in a row are easy to remember.", "В пароле не меньше 12 символов. Несколько слов подряд легко запомнить.")));
        }
        if text.len() > 1024 {
            return Err(Error::invalid("password", ("A password has at most 1024 bytes.", "В пароле не больше 1024 байт.")));
        }
        let mut letters = text.chars();
        let first = letters.next();
        let small = text.to_lowercase();
        if letters.all(|c| Some(c) == first) || small == email.as_str() || small == name.as_str().to_lowercase() || COMMON.contains(&small.as_str()) {
            return Err(Error::invalid("password", ("This password is among the first that are guessed. Choose another.", "Этот пароль угадывают одним из первых. Выберите другой.")));
        }
        Ok(Self(text))
    }

    /// The secret, for hashing alone.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// What is long enough and guessed first all the same.
const COMMON: &[&str] = &["123456789012", "1234567890123", "1q2w3e4r5t6y", "qwertyuiop12", "qwertyuiop123", "qwerty123456", "password1234", "password12345", "passwordpassword", "administrator", "йцукенгшщзхъ", "пароль123456"];

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// What this server is: asked before anyone is signed in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
pub struct Instance {
    /// What its people call it.
    pub name: String,
    /// The program's version.
    pub version: String,
    /// Whether nobody has an account yet.
    pub needs_setup: bool,
}

/// Makes the first account, an admin's, with the one-time link that the server printed.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SetUp {
    /// From the link.
    pub token: String,
    /// Of the person.
    pub name: String,
    /// Of the person.
    pub email: String,
    /// At least 12 characters.
    pub password: String,
    /// The device's public key in hex, when a device asks.
    #[serde(default)]
    pub device_key: Option<String>,
    /// What the device is called.
    #[serde(default)]
    pub device_name: Option<String>,
}

/// Makes an account with an invitation; the invitation is accepted afterwards.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    /// From the link.
    pub invitation: String,
    /// Of the person.
    pub name: String,
    /// Of the person.
    pub email: String,
    /// At least 12 characters.
    pub password: String,
    /// The device's public key in hex, when a device asks.
    #[serde(default)]
    pub device_key: Option<String>,
    /// What the device is called.
    #[serde(default)]
    pub device_name: Option<String>,
}

/// Begins a session.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// Of the person.
    pub email: String,
    /// Of the person.
    pub password: String,
    /// The device's public key in hex, when a device asks.
    #[serde(default)]
    pub device_key: Option<String>,
    /// What the device is called.
    #[serde(default)]
    pub device_name: Option<String>,
}

/// Renews or ends a session.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RefreshToken {
    /// Good once.
    pub refresh_token: String,
}

/// A session: what the device shows from now on.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct Tokens {
    /// A JWT for `Authorization: Bearer` and for the first message of sync.
    pub access_token: String,
    /// Renews the access token, once; another comes with it.
    pub refresh_token: String,
    /// Seconds until the access token ends.
    pub expires_in: u32,
    /// Who is signed in.
    pub person: Person,
}

/// A person as they see themselves.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
pub struct Person {
    /// Who.
    #[ts(type = "string")]
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Whether they run the server.
    pub admin: bool,
}

/// A device of the person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
pub struct DeviceInfo {
    /// Its public key in hex.
    pub key: String,
    /// What it is called.
    pub name: String,
    /// When it was first seen.
    #[ts(type = "string")]
    pub created_at: Timestamp,
    /// When it was shut out, if it was.
    #[ts(type = "string | null")]
    pub revoked_at: Option<Timestamp>,
}

/// The person's devices.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
pub struct Devices {
    /// The oldest first.
    pub devices: Vec<DeviceInfo>,
}

/// Shares a space: the server takes it in, and who asks becomes its owner. Asking twice is harmless.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ShareSpace {
    /// Made by the device.
    #[ts(type = "string")]
    pub space: SpaceId,
    /// What invitations call it.
    pub name: String,
    /// The organisation that it belongs to, if any.
    #[serde(default)]
    #[ts(type = "string | null")]
    pub organisation: Option<OrganisationId>,
}

/// A space that the person may see.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
pub struct SpaceInfo {
    /// Which.
    #[ts(type = "string")]
    pub space: SpaceId,
    /// What it is called.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// Since when it is on this server.
    #[ts(type = "string")]
    pub created_at: Timestamp,
}

/// The person's spaces.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
pub struct Spaces {
    /// By name.
    pub spaces: Vec<SpaceInfo>,
}

/// A member of a space.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
pub struct Member {
    /// Who.
    #[ts(type = "string")]
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// What they may do.
    pub role: Role,
}

/// The members of a space or of an organisation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
pub struct Members {
    /// By name.
    pub members: Vec<Member>,
}

/// Gives a role.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct GiveRole {
    /// Which.
    pub role: Role,
}

/// Makes a link that gives a role to whoever opens it first.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    /// What it gives.
    pub role: Role,
    /// How many people may use it; one, unless said.
    #[serde(default)]
    pub uses: Option<u32>,
    /// After how many days it ends; seven, unless said.
    #[serde(default)]
    pub days: Option<u32>,
}

/// A link for someone else.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
pub struct Invited {
    /// Shown once; the server keeps only its hash.
    pub link: String,
    /// Names the invitation to those who may revoke it.
    pub id: String,
    /// When it ends.
    #[ts(type = "string")]
    pub expires_at: Timestamp,
}

/// What an invitation leads to, for whoever holds the link.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
pub struct Preview {
    /// What the server is called.
    pub server_name: String,
    /// What the project, or the organisation, is called.
    pub project_name: String,
    /// What it gives.
    pub role: Role,
    /// When it ends.
    #[ts(type = "string")]
    pub expires_at: Timestamp,
}

/// What accepting an invitation gave.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
pub struct Accepted {
    /// The space, unless it was an organisation's invitation.
    #[ts(type = "string | null")]
    pub space: Option<SpaceId>,
    /// The organisation, if it was one's.
    #[ts(type = "string | null")]
    pub organisation: Option<OrganisationId>,
    /// What the person may do now.
    pub role: Role,
}

/// Founds an organisation.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// What it is called.
    pub name: String,
}

/// An organisation of the person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
pub struct OrganisationInfo {
    /// Which.
    #[ts(type = "string")]
    pub organisation: OrganisationId,
    /// What it is called.
    pub name: String,
    /// What the person may do.
    pub role: Role,
}

/// The person's organisations.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
pub struct Organisations {
    /// By name.
    pub organisations: Vec<OrganisationInfo>,
}

/// An empty body or answer.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}
