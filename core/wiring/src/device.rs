//! What a device alone can do: inputs and outputs of its commands.

use kernel::{Language, PersonId, ProjectId, Role, SpaceId, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Where colours come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(rename_all = "lowercase")]
pub enum Theme {
    /// Dark ink on light paper.
    Light,
    /// Light ink on dark paper.
    Dark,
    /// As the system has it.
    System,
}

/// Where the key of the store lives; `file` deserves a quiet notice with a verb.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(rename_all = "lowercase")]
pub enum KeyHome {
    /// In the system's keyring.
    Keyring,
    /// Behind a passphrase.
    Passphrase,
    /// In a file that only its owner can read.
    File,
}

/// The workspace of this device.
#[derive(Clone, Debug, Serialize, TS)]
pub struct WorkspaceStatus {
    /// The program's.
    pub version: String,
    /// Shown to others beside the person's name.
    pub device_name: String,
    /// Empty until the person has said it.
    pub person_name: String,
    /// Where the key of the store lives.
    pub key_home: KeyHome,
    /// The person's choice, or null for the system's.
    pub language: Option<Language>,
    /// The person's choice.
    pub theme: Theme,
    /// One for each server.
    pub accounts: Vec<Account>,
}

/// The person's account on a server.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Account {
    /// Its address.
    pub server: String,
    /// The person's id there.
    pub person: String,
    /// The person's name there.
    pub name: String,
    /// What they sign in with.
    pub email: String,
    /// Whether this device may act for them.
    pub signed_in: bool,
}

/// Changes what is named and leaves the rest.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(optional_fields = nullable)]
pub struct SetPreferences {
    /// At most 120 characters.
    pub person_name: Option<String>,
    /// At most 120 characters.
    pub device_name: Option<String>,
    /// The language of screens and messages.
    pub language: Option<Language>,
    /// The colours.
    pub theme: Option<Theme>,
}

/// How sync stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum BadgeState {
    /// On this device alone, nothing to sync.
    Local,
    /// Green: the outbox is empty and the chain hashes are equal.
    Proven,
    /// Connected, entries on their way.
    Syncing,
    /// On the way to a connection.
    Connecting,
    /// No connection; work goes on.
    Offline,
    /// The person has paused it.
    Paused,
    /// The server has refused something.
    Refused,
    /// Nobody is signed in.
    SignedOut,
    /// Something stands in the way; `detail` says what.
    Error,
}

/// Sync at a glance.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct Badge {
    /// Of the part that fares worst.
    pub state: BadgeState,
    /// Entries that wait for a server.
    pub pending: u32,
    /// Entries that a server refused.
    pub refused: u32,
    /// In words.
    pub detail: Option<String>,
    /// When everything was last proven equal.
    #[ts(type = "string | null")]
    pub proven_at: Option<Timestamp>,
}

/// Someone in a space.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct SpacePerson {
    /// Their name.
    pub name: String,
    /// Their role.
    pub role: Role,
    /// Whether one of their devices is connected.
    pub online: bool,
    /// Whether a device of theirs has told that it had read everything that this device holds; null for whoever never told.
    pub up_to_date: Option<bool>,
    /// When it told.
    #[ts(type = "string | null")]
    pub told_at: Option<Timestamp>,
}

/// The parts of a shared project and what waits in them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct SpaceParts {
    /// Documents and kinds of records.
    pub parts: Vec<SpacePart>,
    /// The oldest entries that wait, at most twenty.
    pub waiting: Vec<WaitingEntry>,
}

/// How one part of a project stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct SpacePart {
    /// What people call it.
    pub name: String,
    /// Entries that wait for the server.
    pub waiting: u32,
    /// The place of its newest entry in the log; null where it was put away long ago.
    pub last: Option<String>,
    /// Whose devices have told that they read it up to there.
    pub seen_by: Vec<String>,
    /// Changes that no document library can apply, and that are left out.
    pub unreadable: u32,
}

/// An entry that waits for the server.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct WaitingEntry {
    /// Which, in hex.
    pub id: String,
    /// What it does.
    pub what: String,
    /// When it was made.
    #[ts(type = "string")]
    pub at: Timestamp,
}

/// Sync of one space.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct SpaceSync {
    /// Which.
    #[ts(type = "string")]
    pub space: SpaceId,
    /// The project's name.
    pub name: String,
    /// Where it is shared, or null.
    pub server: Option<String>,
    /// What the person may do.
    pub role: Role,
    /// How it stands.
    pub state: BadgeState,
    /// Whether the person has paused it.
    pub paused: bool,
    /// The last entry that this device holds.
    pub local_seq: String,
    /// The last entry that the server has named.
    pub server_seq: Option<String>,
    /// The proof of the log on this device, in hex.
    pub local_chain: String,
    /// The proof of the log on the server, in hex.
    pub server_chain: Option<String>,
    /// Entries that wait for the server.
    pub pending: u32,
    /// What the server refused.
    pub refused: Vec<RefusedEntry>,
    /// Who is in it.
    pub people: Vec<SpacePerson>,
    /// When both proofs were last equal with nothing waiting.
    #[ts(type = "string | null")]
    pub proven_at: Option<Timestamp>,
    /// What stands in the way, in words.
    pub last_error: Option<String>,
}

/// An entry that the server refused.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct RefusedEntry {
    /// Which, in hex.
    pub id: String,
    /// What it was about to do.
    pub what: String,
    /// Why it was refused.
    pub reason: String,
    /// When it was made.
    #[ts(type = "string")]
    pub at: Timestamp,
    /// Whether sending it again can help.
    pub can_retry: bool,
    /// The words of a refused comment.
    pub text: Option<String>,
    /// The part that a refused comment was written on, so that its words can be mended there.
    #[ts(optional = nullable)]
    pub element: Option<String>,
}

/// Everything about sync.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Inspection {
    /// The whole.
    pub badge: Badge,
    /// The public half of this device's signing key, in hex.
    pub device_key: String,
    /// Its parts.
    pub spaces: Vec<SpaceSync>,
}

/// Names a space.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SpaceRef {
    /// Which.
    #[ts(type = "string")]
    pub space: SpaceId,
}

/// Pauses a space's sync, or resumes it.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PauseSpace {
    /// Which.
    #[ts(type = "string")]
    pub space: SpaceId,
    /// The wish.
    pub paused: bool,
}

/// Names a refused entry.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct EntryRef {
    /// Where.
    #[ts(type = "string")]
    pub space: SpaceId,
    /// Which, in hex.
    pub entry: String,
}

/// One finding of a proof.
#[derive(Clone, Debug, Serialize, TS)]
pub struct VerifyCheck {
    /// What was checked.
    pub name: String,
    /// Whether it held.
    pub ok: bool,
    /// Figures, or what is wrong.
    pub detail: String,
}

/// A workspace, proven or not.
#[derive(Clone, Debug, Serialize, TS)]
pub struct VerifyReport {
    /// Whether everything held.
    pub ok: bool,
    /// Each finding.
    pub checks: Vec<VerifyCheck>,
}

/// What kind of place a link leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(rename_all = "lowercase")]
pub enum ProbeKind {
    /// A server's address.
    Plain,
    /// The one-time set-up of a server.
    Setup,
    /// An invitation.
    Invitation,
}

/// What a pasted address or link leads to.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Probe {
    /// Its address.
    pub server: String,
    /// What the link is.
    pub kind: ProbeKind,
    /// What the server calls itself.
    pub server_name: String,
    /// What an invitation leads to.
    pub project_name: Option<String>,
    /// The role that an invitation gives.
    pub role: Option<Role>,
    /// The person's name there, if this device is signed in.
    pub signed_in_as: Option<String>,
}

/// A pasted address or link.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ProbeLink {
    /// As it was pasted.
    pub link: String,
}

/// Signs in on the server that a link leads to.
#[derive(Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// As it was pasted.
    pub link: String,
    /// The account.
    pub email: String,
    /// Its password.
    pub password: String,
}

/// Makes an account with a set-up link or an invitation.
#[derive(Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    /// As it was pasted.
    pub link: String,
    /// What others call the person.
    pub name: String,
    /// What they will sign in with.
    pub email: String,
    /// At least 10 characters.
    pub password: String,
}

/// Names a server.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ServerRef {
    /// Its address.
    pub server: String,
}

/// Shares a project on a server.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ShareProject {
    /// Which.
    #[ts(type = "string")]
    pub project: ProjectId,
    /// Its address.
    pub server: String,
}

/// Accepts an invitation.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct JoinProject {
    /// As it was pasted.
    pub link: String,
}

/// Asks for an invitation to a project.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    /// Which.
    #[ts(type = "string")]
    pub project: ProjectId,
    /// The role that it gives.
    pub role: Role,
}

/// An invitation to hand on.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Invitation {
    /// To be sent to one person.
    pub link: String,
    /// Until when it is good.
    #[ts(type = "string")]
    pub expires_at: Timestamp,
}

/// A member of a project.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Member {
    /// Who.
    pub person: String,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Their role.
    pub role: Role,
    /// Whether it is the person at this device.
    pub me: bool,
}

/// Gives a member another role.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SetMemberRole {
    /// Where.
    #[ts(type = "string")]
    pub project: ProjectId,
    /// Who.
    #[ts(type = "string")]
    pub person: PersonId,
    /// The wish.
    pub role: Role,
}

/// Names a member.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct MemberRef {
    /// Where.
    #[ts(type = "string")]
    pub project: ProjectId,
    /// Who.
    #[ts(type = "string")]
    pub person: PersonId,
}
