//! What a blueprint is made of, and what can be asked of it.

use kernel::{ProjectId, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::rules::translate;

/// Declares an enumeration of stored words with their reading; a word from a newer program becomes the first.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] #[ts(rename = $word)] $variant,)*
        }

        impl $name {
            /// The word that is stored.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// Reads a stored word.
            #[must_use]
            pub fn read(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

words! {
    /// How many of one entity belong to how many of another.
    Cardinality {
        /// Each has at most one of the other.
        OneToOne = "one-to-one",
        /// One has many.
        OneToMany = "one-to-many",
        /// Many share one.
        ManyToOne = "many-to-one",
        /// Each may have many of the other.
        ManyToMany = "many-to-many",
    }
}

words! {
    /// The type of an attribute.
    AttributeType {
        /// A short text.
        String = "string",
        /// A long text.
        Text = "text",
        /// A whole number.
        Integer = "integer",
        /// A number with a fraction.
        Decimal = "decimal",
        /// An amount of money.
        Money = "money",
        /// Yes or no.
        Boolean = "boolean",
        /// A day.
        Date = "date",
        /// A day and a time.
        DateTime = "datetime",
        /// One of several values.
        Enum = "enum",
        /// An e-mail address.
        Email = "email",
        /// A phone number.
        Phone = "phone",
        /// A web address.
        Url = "url",
        /// A file or an image.
        File = "file",
    }
}

words! {
    /// What sort of statement a requirement makes.
    RequirementKind {
        /// What the system does or keeps.
        Functional = "functional",
        /// How well it does it.
        Quality = "quality",
        /// A rule that data or people must obey.
        Constraint = "constraint",
        /// A tie to another system.
        Integration = "integration",
    }
}

words! {
    /// How strongly something is wanted.
    Priority {
        /// The system fails without it.
        Must = "must",
        /// Wanted, but the system works without it.
        Should = "should",
        /// Nice to have.
        Could = "could",
    }
}

words! {
    /// How far a requirement has come.
    RequirementState {
        /// Written down.
        Draft = "draft",
        /// Agreed with the client.
        Agreed = "agreed",
        /// Built.
        Done = "done",
    }
}

impl From<translate::AttributeType> for AttributeType {
    fn from(kind: translate::AttributeType) -> Self {
        use translate::AttributeType as T;
        match kind {
            T::String => Self::String,
            T::Text => Self::Text,
            T::Integer => Self::Integer,
            T::Decimal => Self::Decimal,
            T::Money => Self::Money,
            T::Boolean => Self::Boolean,
            T::Date => Self::Date,
            T::DateTime => Self::DateTime,
            T::Enum => Self::Enum,
            T::Email => Self::Email,
            T::Phone => Self::Phone,
            T::Url => Self::Url,
            T::File => Self::File,
        }
    }
}

impl Cardinality {
    /// The same, read from the other end.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::OneToMany => Self::ManyToOne,
            Self::ManyToOne => Self::OneToMany,
            same => same,
        }
    }
}

impl From<translate::Cardinality> for Cardinality {
    fn from(cardinality: translate::Cardinality) -> Self {
        use translate::Cardinality as C;
        match cardinality {
            C::OneToOne => Self::OneToOne,
            C::OneToMany => Self::OneToMany,
            C::ManyToOne => Self::ManyToOne,
            C::ManyToMany => Self::ManyToMany,
        }
    }
}

/// A sentence of a client, with the brief it stands in. `start` and `end` count UTF-16 units, as text fields do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct Source {
    /// The brief.
    pub brief: String,
    /// The client's own sentence.
    pub sentence: String,
    /// Its first unit.
    pub start: u32,
    /// The unit after its last.
    pub end: u32,
}

/// An entity as a requirement names it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct EntityName {
    /// Which.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A requirement as an entity names it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct RequirementKey {
    /// Which.
    pub id: String,
    /// What people call it: `R-12`.
    pub key: String,
}

/// A requirement as screens show it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct Requirement {
    /// Which.
    pub id: String,
    /// What people call it: `R-12`.
    pub key: String,
    /// What it says.
    pub text: String,
    /// What sort of statement it is.
    pub kind: RequirementKind,
    /// How strongly it is wanted.
    pub priority: Priority,
    /// How far it has come.
    pub state: RequirementState,
    /// The client's own sentence, with the brief it stands in.
    pub source: Option<Source>,
    /// What it speaks of.
    pub entities: Vec<EntityName>,
    /// How many comments stand on it.
    pub comments: u32,
    /// How many of them are unread.
    pub unread: u32,
    /// Not yet acknowledged by the server (always false while the project is local).
    pub pending: bool,
}

/// Something kept about an entity.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct Attribute {
    /// Which.
    pub id: String,
    /// Its name in code.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: AttributeType,
    /// The values of an enumeration.
    pub values: Vec<String>,
    /// Whether it must be given.
    pub required: bool,
    /// Whether no two records may share it.
    pub unique: bool,
}

/// An entity as screens show it.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
pub struct Entity {
    /// Which.
    pub id: String,
    /// Its name in code.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// Anything worth saying about it.
    pub note: String,
    /// Diagram position in px, null until placed: the screen lays it out and may store the result.
    pub x: Option<f64>,
    /// As `x`.
    pub y: Option<f64>,
    /// What is kept about it.
    pub attributes: Vec<Attribute>,
    /// The requirements that speak of it.
    pub requirements: Vec<RequirementKey>,
    /// How many comments stand on it.
    pub comments: u32,
    /// How many of them are unread.
    pub unread: u32,
    /// Not yet acknowledged by the server (always false while the project is local).
    pub pending: bool,
}

/// How two entities hang together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct Relation {
    /// Which.
    pub id: String,
    /// The entity it starts from.
    pub from: String,
    /// The entity it leads to.
    pub to: String,
    /// How many of each, read from `from` to `to`.
    pub cardinality: Cardinality,
    /// The verb between them.
    pub label: String,
}

/// The data model.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
pub struct Model {
    /// Its entities, oldest first.
    pub entities: Vec<Entity>,
    /// Its relations, between entities that exist.
    pub relations: Vec<Relation>,
}

/// What a client said.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct Brief {
    /// Which.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Every word of it.
    pub text: String,
    /// When it was accepted.
    #[ts(type = "string")]
    pub added_at: Timestamp,
    /// Who accepted it.
    pub author: String,
}

/// What a change item is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(rename_all = "lowercase")]
pub enum ItemKind {
    /// A requirement.
    Requirement,
    /// An entity.
    Entity,
    /// An attribute.
    Attribute,
    /// A relation.
    Relation,
}

/// What a change item does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(rename_all = "lowercase")]
pub enum ItemAction {
    /// Something new.
    Add,
    /// Something that is there becomes otherwise.
    Change,
    /// Something goes.
    Remove,
}

/// One part of a proposal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct ChangeItem {
    /// The same for the same text, so that it can be accepted later.
    pub id: String,
    /// What it is about.
    pub kind: ItemKind,
    /// What it does.
    pub action: ItemAction,
    /// What a list shows.
    pub title: String,
    /// The type, the cardinality, the sort.
    pub detail: String,
    /// The client's sentence this comes from, and why the translator proposes it.
    pub sentence: String,
    /// The sentence's first UTF-16 unit.
    pub start: u32,
    /// The unit after its last.
    pub end: u32,
    /// Why the translator proposes it.
    pub because: String,
    /// Items that must be accepted with this one.
    pub needs: Vec<String>,
    /// For a change: what stands there now.
    pub before: Option<String>,
}

/// What the translator proposes for a text.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct ChangeSet {
    /// The language of the text.
    pub language: kernel::Language,
    /// What may be accepted, in whole or in part.
    pub items: Vec<ChangeItem>,
    /// What is worth asking the client.
    pub questions: Vec<String>,
}

/// Declares inputs of commands.
macro_rules! inputs {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize, TS)]
        #[serde(deny_unknown_fields)]
        #[ts(optional_fields = nullable)]
        pub struct $name {
            /// The project.
            #[ts(type = "string")]
            pub project: ProjectId,
            $($(#[$field_doc])* pub $field: $type,)*
        }
    )*};
}

inputs! {
    /// Asks what a text would add; without effect.
    Propose {
        /// What the client said, at most 1 MiB.
        text: String,
    }
    /// Takes parts of a proposal over.
    Accept {
        /// The brief's title.
        title: String,
        /// The text that was proposed for.
        text: String,
        /// The chosen items; what they need comes along.
        items: Vec<String>,
    }
    /// Asks for requirements.
    ListRequirements {
        /// Only those that hold all these words.
        query: Option<String>,
    }
    /// Adds a requirement.
    AddRequirement {
        /// What it says; may be empty while it is being written.
        text: String,
        /// The requirement that it follows, or null for the end.
        after: Option<String>,
    }
    /// Changes what is named of a requirement.
    SetRequirement {
        /// Which.
        id: String,
        /// The wish.
        kind: Option<RequirementKind>,
        /// The wish.
        priority: Option<Priority>,
        /// The wish.
        state: Option<RequirementState>,
    }
    /// Names an element.
    ElementRef {
        /// Which.
        id: String,
    }
    /// Changes a text as it was on the screen.
    EditText {
        /// The requirement.
        id: String,
        /// The heads that the screen showed.
        heads: Vec<String>,
        /// In order, each counted after the one before.
        splices: Vec<Splice>,
    }
    /// Reads a text.
    ReadText {
        /// The requirement.
        id: String,
        /// The heads that the screen shows.
        since: Option<Vec<String>>,
    }
    /// Adds an entity.
    AddEntity {
        /// Its name.
        name: String,
        /// Where it stands in the diagram.
        x: Option<f64>,
        /// As `x`.
        y: Option<f64>,
    }
    /// Changes what is named of an entity.
    SetEntity {
        /// Which.
        id: String,
        /// The wish.
        name: Option<String>,
        /// The wish.
        label: Option<String>,
        /// The wish.
        note: Option<String>,
    }
    /// Places entities in the diagram.
    PlaceEntities {
        /// At most 2,000.
        places: Vec<Place>,
    }
    /// Adds an attribute.
    AddAttribute {
        /// To which entity.
        entity: String,
        /// Its name.
        name: String,
        /// Its type.
        #[serde(rename = "type")] kind: AttributeType,
    }
    /// Changes what is named of an attribute.
    SetAttribute {
        /// The entity.
        entity: String,
        /// Which.
        id: String,
        /// The wish.
        name: Option<String>,
        /// The wish.
        #[serde(rename = "type")] kind: Option<AttributeType>,
        /// The wish.
        values: Option<Vec<String>>,
        /// The wish.
        required: Option<bool>,
        /// The wish.
        unique: Option<bool>,
    }
    /// Names an attribute.
    AttributeRef {
        /// The entity.
        entity: String,
        /// Which.
        id: String,
    }
    /// Adds a relation.
    AddRelation {
        /// The entity it starts from.
        from: String,
        /// The entity it leads to.
        to: String,
        /// How many of each.
        cardinality: Cardinality,
        /// The verb between them.
        label: Option<String>,
    }
    /// Changes what is named of a relation.
    SetRelation {
        /// Which.
        id: String,
        /// The wish.
        cardinality: Option<Cardinality>,
        /// The wish.
        label: Option<String>,
    }
    /// Links a requirement and an entity, or unlinks them.
    LinkElements {
        /// The requirement.
        requirement: String,
        /// The entity.
        entity: String,
        /// The wish.
        linked: bool,
    }
    /// Asks for the history.
    HistoryQuery {
        /// Of one element, or null for all.
        id: Option<String>,
    }
    /// Searches requirements, entities and comments.
    SearchQuery {
        /// Words, each as a beginning.
        query: String,
    }
}

/// Moves an element within its list.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct MoveElement {
    /// The project.
    #[ts(type = "string")]
    pub project: ProjectId,
    /// Which.
    pub id: String,
    /// The element that it follows, or null for the beginning.
    pub after: Option<String>,
}

/// Replaces a part of a text; positions count UTF-16 units, as a text field does.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Splice {
    /// Where.
    pub at: u32,
    /// How many units go.
    pub remove: u32,
    /// What comes.
    pub insert: String,
}

/// A text. `splices` lead from the text that the screen showed (after its own edit) to `text`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct TextState {
    /// To be named with the next edit.
    pub heads: Vec<String>,
    /// All of it.
    pub text: String,
    /// What others changed.
    pub splices: Vec<Splice>,
}

/// Where an entity stands in the diagram.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Which.
    pub id: String,
    /// In px.
    pub x: f64,
    /// In px.
    pub y: f64,
}

/// What undo or redo did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct Undone {
    /// The step, in the words of its time; null when there was none.
    pub did: Option<String>,
    /// Whether another step can be undone.
    pub can_undo: bool,
    /// Whether a step can be done again.
    pub can_redo: bool,
}

/// One change of the history.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct Change {
    /// Its Automerge hash, in hex.
    pub hash: String,
    /// Who made it.
    pub author: String,
    /// Whether that was the person at this device.
    pub mine: bool,
    /// When, by the author's clock.
    #[ts(type = "string")]
    pub at: Timestamp,
    /// What it did, in the author's language.
    pub message: String,
    /// Not yet acknowledged by the server.
    pub pending: bool,
}

/// What a find is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(rename_all = "lowercase")]
pub enum HitKind {
    /// A requirement.
    Requirement,
    /// An entity.
    Entity,
    /// A comment.
    Comment,
}

/// A find of a search.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct Hit {
    /// Which.
    pub id: String,
    /// What it is.
    pub kind: HitKind,
    /// What a list shows.
    pub title: String,
    /// The words around the find.
    pub excerpt: String,
    /// The element to go to.
    pub element: String,
}

/// One link of the chain from an element to the client's words.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct WhyStep {
    /// What it is.
    pub title: String,
    /// What it says.
    pub detail: String,
    /// When, where that is known.
    #[ts(type = "string | null")]
    pub at: Option<Timestamp>,
}

/// Why an element is there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct Why {
    /// Which.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// From the element to the client's words.
    pub steps: Vec<WhyStep>,
}

/// What sort of thing people disagree about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum ConflictElement {
    /// A requirement.
    Requirement,
    /// An entity.
    Entity,
    /// An attribute of an entity.
    Attribute,
    /// A relation.
    Relation,
}

/// Something that people decided differently while they were apart.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct Conflict {
    /// The element.
    pub element: String,
    /// The attribute of it, if it is about one.
    pub part: Option<String>,
    /// What it is.
    pub kind: ConflictElement,
    /// What it is called.
    pub title: String,
    /// What about it.
    pub field: String,
    /// What was decided, the shown one first.
    pub choices: Vec<ConflictChoice>,
}

/// One of several decisions.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct ConflictChoice {
    /// Which.
    pub id: String,
    /// What was decided.
    pub value: String,
    /// Who decided it.
    pub author: String,
    /// Whether that is this device's person.
    pub mine: bool,
    /// When.
    #[ts(type = "string")]
    pub at: Timestamp,
    /// Whether it is the one that is shown until somebody decides.
    pub shown: bool,
}

/// Decides for one of several values.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Resolve {
    /// The project.
    #[ts(type = "string")]
    pub project: ProjectId,
    /// The element.
    pub element: String,
    /// The attribute of it.
    #[ts(optional = nullable)]
    pub part: Option<String>,
    /// What about it.
    pub field: String,
    /// The choice.
    pub choice: String,
}

mod past;
pub use past::*;
