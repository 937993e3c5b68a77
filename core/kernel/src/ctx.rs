//! What an operation sees of the world, and how it answers.

use std::sync::Arc;

use automerge::ActorId;
use ed25519_dalek::SigningKey;

use crate::doc::Docs;
use crate::{Error, Language, PersonId, Random, Result, Sql, SpaceId, Timestamp, Words, space};

/// What a member may do in a space; each role may all that the ones after it may.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize, ts_rs::TS)]
#[serde(rename_all = "lowercase")]
#[ts(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Reads and comments.
    Commenter,
    /// Changes documents.
    Editor,
    /// Invites, and gives and takes roles.
    Owner,
}

impl Role {
    /// The word that is stored and sent.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Commenter => "commenter",
            Self::Editor => "editor",
            Self::Owner => "owner",
        }
    }

    /// Reads the stored word.
    ///
    /// # Errors
    /// `Invalid` for another word.
    pub fn parse(word: &str) -> Result<Self> {
        [Self::Viewer, Self::Commenter, Self::Editor, Self::Owner]
            .into_iter()
            .find(|role| role.word() == word)
            .ok_or_else(|| Error::invalid("role", ("A role is owner, editor, commenter or viewer.", "Роль — owner, editor, commenter или viewer.")))
    }

    /// Whether the role includes a permission.
    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        self >= match permission {
            Permission::Read => Self::Viewer,
            Permission::Comment => Self::Commenter,
            Permission::Edit => Self::Editor,
            Permission::Own => Self::Owner,
        }
    }
}

/// What an operation asks for before it does anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Permission {
    /// See what is in the space.
    Read,
    /// Write comments.
    Comment,
    /// Change documents.
    Edit,
    /// Invite people, give and take roles.
    Own,
}

/// Something that happened; shells tell the screens and the policies after the commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// The context's word; screens refresh its queries.
    pub topic: &'static str,
    /// What happened, in the past tense.
    pub name: &'static str,
    /// What it happened to.
    pub subject: String,
}

/// The device as an author: its signing key, and the Automerge actor of its store.
#[derive(Clone)]
pub struct Device {
    /// Signs every entry that is made here.
    pub key: SigningKey,
    /// Stamps every operation that is made here; belongs to one store and is never shared.
    pub actor: ActorId,
    /// Shown to others beside the person's name.
    pub name: String,
}

/// Everything an operation may touch. Nothing else reaches the core: no clock, no chance, no network.
pub struct Ctx<'a> {
    /// The open transaction.
    pub sql: &'a mut dyn Sql,
    /// The moment of the operation.
    pub now: Timestamp,
    /// The language of the person who asks.
    pub language: Language,
    /// Where ids come from.
    pub random: &'a mut Random,
    /// The open documents.
    pub docs: &'a mut Docs,
    /// The author on a device; a server has none.
    pub device: Option<Arc<Device>>,
    /// The person on a server; on a device the local person has every right that the space's role gives.
    pub person: Option<PersonId>,
    events: Vec<Event>,
}

impl<'a> Ctx<'a> {
    /// A context for one operation.
    pub fn new(sql: &'a mut dyn Sql, docs: &'a mut Docs, random: &'a mut Random, now: Timestamp, language: Language) -> Self {
        Self { sql, now, language, random, docs, device: None, person: None, events: Vec::new() }
    }

    /// The same context with an author.
    #[must_use]
    pub fn on(mut self, device: Arc<Device>) -> Self {
        self.device = Some(device);
        self
    }

    /// The same context with a signed-in person.
    #[must_use]
    pub fn by(mut self, person: PersonId) -> Self {
        self.person = Some(person);
        self
    }

    /// The device that signs.
    ///
    /// # Errors
    /// `Internal` where there is none, which is a defect of the caller.
    pub fn author(&self) -> Result<Arc<Device>> {
        self.device.clone().ok_or_else(|| Error::internal("this operation needs a device"))
    }

    /// Reports what happened.
    pub fn emit(&mut self, topic: &'static str, name: &'static str, subject: impl Into<String>) {
        self.events.push(Event { topic, name, subject: subject.into() });
    }

    /// What happened so far in this operation, for policies.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// What happened, for the shell, after the commit.
    #[must_use]
    pub fn into_events(self) -> Vec<Event> {
        self.events
    }

    /// A new id with a prefix, as text.
    pub fn id(&mut self, prefix: &str) -> String {
        crate::id::new(prefix, self.now, self.random)
    }

    /// A sentence in the person's language.
    #[must_use]
    pub fn say(&self, words: impl Into<Words>) -> String {
        words.into().in_language(self.language).to_owned()
    }

    /// Refuses unless this device's role in the space includes the permission.
    ///
    /// # Errors
    /// `NotFound` for an unknown space, `Forbidden` for too small a role.
    pub fn require(&mut self, permission: Permission, space: SpaceId) -> Result<()> {
        let role = space::get(self.sql, space)?.role;
        if role.may(permission) { Ok(()) } else { Err(forbidden(role, permission)) }
    }
}

/// Says which role would be needed.
#[must_use]
pub fn forbidden(role: Role, permission: Permission) -> Error {
    let (role_en, role_ru) = match role {
        Role::Viewer => ("a viewer", "читатель"),
        Role::Commenter => ("a commenter", "комментатор"),
        Role::Editor => ("an editor", "редактор"),
        Role::Owner => ("an owner", "владелец"),
    };
    let (what_en, what_ru) = match permission {
        Permission::Read => ("read it", "читать его"),
        Permission::Comment => ("comment on it", "комментировать"),
        Permission::Edit => ("change it", "его менять"),
        Permission::Own => ("invite people or change roles", "приглашать людей и менять роли"),
    };
    Error::forbidden((
        format!("You are {role_en} of this project and can't {what_en}. Ask an owner for another role."),
        format!("Вы в этом проекте {role_ru} и не можете {what_ru}. Попросите у владельца другую роль."),
    ))
}
