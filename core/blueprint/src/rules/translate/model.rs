//! What a translation is made of.

use serde::{Deserialize, Serialize};

/// Everything the translator proposes for one brief, each part linked to the sentences it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Translation {
    /// The language most of the brief is written in.
    pub language: Language,
    /// The sentences of the brief, cleaned, in the order of the text.
    pub requirements: Vec<Requirement>,
    /// The records the system will keep.
    pub entities: Vec<Entity>,
    /// How the records hang together.
    pub relations: Vec<Relation>,
    /// The people who act.
    pub roles: Vec<Role>,
    /// What is worth asking the client before building.
    pub questions: Vec<Question>,
}

/// A language the translator reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    En,
    /// Russian.
    Ru,
}

/// One sentence of the brief.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// `R1`, `R2`, and so on, in the order of the text.
    pub id: String,
    /// The sentence without list marks, emphasis and line breaks.
    pub text: String,
    /// First byte and the byte after the last, in the text as given; both on character boundaries.
    pub span: (usize, usize),
    /// What sort of statement it is.
    pub kind: RequirementKind,
    /// How strongly the client wants it, where the wording tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// The name of the role that acts, where stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// The sort of statement a sentence makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequirementKind {
    /// What the system does or keeps.
    Functional,
    /// How well it does it: speed, security, languages, devices.
    Quality,
    /// A rule that the data or people must obey.
    Constraint,
    /// A tie to another system.
    Integration,
    /// A greeting, a budget, a deadline, a title: read, but nothing to build.
    Note,
}

/// How strongly something is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// The system fails without it.
    Must,
    /// Wanted, but the system works without it.
    Should,
    /// Nice to have.
    Could,
}

/// A record the system will keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// English, singular, PascalCase, ASCII.
    pub name: String,
    /// In the language of the brief, singular, lower case.
    pub label: String,
    /// What is kept about it.
    pub attributes: Vec<Attribute>,
    /// Ids of the requirements that speak of it.
    pub requirements: Vec<String>,
    /// One sentence: which findings made it an entity.
    pub because: String,
}

/// One thing kept about an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// English, `snake_case`, ASCII.
    pub name: String,
    /// In the language of the brief.
    pub label: String,
    /// The type its name or its values suggest.
    #[serde(rename = "type")]
    pub kind: AttributeType,
    /// The values of an enumeration, as the brief words them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Whether the brief says that it must be given.
    #[serde(default)]
    pub required: bool,
    /// Ids of the requirements that name it.
    #[serde(default)]
    pub requirements: Vec<String>,
}

/// The type of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttributeType {
    /// A short text.
    String,
    /// A long text.
    Text,
    /// A whole number.
    Integer,
    /// A number with a fraction.
    Decimal,
    /// An amount of money.
    Money,
    /// Yes or no.
    Boolean,
    /// A day.
    Date,
    /// A day and a time.
    DateTime,
    /// One of several values.
    Enum,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// A web address.
    Url,
    /// A file or an image.
    File,
}

/// How two entities hang together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relation {
    /// Name of the entity the sentence starts from.
    pub from: String,
    /// Name of the other entity.
    pub to: String,
    /// How many of each, read from `from` to `to`.
    pub cardinality: Cardinality,
    /// Ids of the requirements that state it.
    pub requirements: Vec<String>,
    /// One sentence: which rule found it.
    pub because: String,
}

/// How many of one entity belong to how many of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cardinality {
    /// Each has at most one of the other.
    OneToOne,
    /// One `from` has many `to`.
    OneToMany,
    /// Many `from` share one `to`.
    ManyToOne,
    /// Each may have many of the other.
    ManyToMany,
}

impl Cardinality {
    /// The same fact read from the other side.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::OneToMany => Self::ManyToOne,
            Self::ManyToOne => Self::OneToMany,
            same => same,
        }
    }
}

/// Someone who acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// English, singular, PascalCase, ASCII.
    pub name: String,
    /// In the language of the brief, singular, lower case.
    pub label: String,
}

/// Something worth asking the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The question, in the language of the brief.
    pub text: String,
    /// Name of the entity, or `Entity.attribute`, it is about; empty when it is about the whole brief.
    pub about: String,
    /// Ids of the requirements that raised it.
    pub requirements: Vec<String>,
}

/// Why a text cannot be translated; its display is a sentence for the person who gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// Nothing but white space.
    Empty,
    /// NUL bytes, or bytes that are not UTF-8.
    Binary,
    /// More than [`MAX_BYTES`](super::MAX_BYTES).
    TooLong,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Empty => "The brief is empty. Write a sentence or two about what the system should keep and who uses it, then try again.",
            Self::Binary => "This is not plain text. Save the brief as text or Markdown in UTF-8, then try again.",
            Self::TooLong => "The brief is longer than 1 MiB. Split it into parts by subject and translate them one by one.",
        })
    }
}

impl std::error::Error for Refusal {}
