//! Looking back: moments, the blueprint as it was, what differs, named versions.

use kernel::{ProjectId, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Model, Requirement};

inputs! {
    /// Asks who changed what, when.
    MomentsQuery {
        /// Only what this person did, by the id that `people` gives.
        person: Option<String>,
        /// Only what touched this element.
        element: Option<String>,
        /// Only this sitting, with all its steps.
        sitting: Option<String>,
    }
    /// Asks for the blueprint as it was.
    AtQuery {
        /// The moment.
        heads: Vec<String>,
    }
    /// Asks what differs between two moments.
    CompareQuery {
        /// The earlier moment: its heads, or the id of a named version. Empty for the beginning.
        from: Vec<String>,
        /// The later one in the same form, or null for now.
        to: Option<Vec<String>>,
    }
    /// Makes things again what they were.
    Restore {
        /// The moment.
        heads: Vec<String>,
        /// Requirements, entities, attributes, relations or briefs; null for everything.
        ids: Option<Vec<String>>,
    }
    /// Gives a moment a name.
    NameVersion {
        /// The name.
        name: String,
        /// Anything worth saying about it.
        note: Option<String>,
        /// The moment, or null for now.
        heads: Option<Vec<String>>,
    }
}

/// Someone who changed the blueprint.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct Hand {
    /// To filter by.
    pub id: String,
    /// Their name.
    pub name: String,
    /// Whether it is the person at this device.
    pub mine: bool,
}

/// A few changes in a row that were one thing to do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct SittingStep {
    /// What was done, in the author's language.
    pub message: String,
    /// When the last of it was done.
    #[ts(type = "string")]
    pub at: Timestamp,
    /// How many changes it is made of.
    pub changes: u32,
    /// What it touched; at most eight.
    pub elements: Vec<String>,
    /// The moment after it.
    pub heads: Vec<String>,
}

/// What one person did without a break of half an hour.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct Sitting {
    /// Names it as long as it does not go on.
    pub id: String,
    /// Who.
    pub person: String,
    /// Their name.
    pub author: String,
    /// Whether it is the person at this device.
    pub mine: bool,
    /// When its first change was made.
    #[ts(type = "string")]
    pub from: Timestamp,
    /// When its last change was made.
    #[ts(type = "string")]
    pub to: Timestamp,
    /// How many changes it is made of.
    pub changes: u32,
    /// What was done, oldest first; the first few, unless the sitting was asked for.
    pub steps: Vec<SittingStep>,
    /// How many steps are left out.
    pub more: u32,
    /// The moment after it.
    pub heads: Vec<String>,
}

/// The life of a blueprint.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct Moments {
    /// Oldest first.
    pub sittings: Vec<Sitting>,
    /// Everyone who changed anything, by name.
    pub people: Vec<Hand>,
    /// How many changes these sittings hold.
    pub changes: u32,
}

/// What a difference is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(rename_all = "lowercase")]
pub enum DifferenceKind {
    /// A requirement.
    Requirement,
    /// An entity.
    Entity,
    /// An attribute.
    Attribute,
    /// A relation.
    Relation,
    /// A brief.
    Brief,
}

/// How something differs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(rename_all = "lowercase")]
pub enum DifferenceSort {
    /// It is only there later.
    Added,
    /// It is there both times, and not the same.
    Changed,
    /// It is only there earlier.
    Removed,
}

/// Which side a part of a text is on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(rename_all = "lowercase")]
pub enum Side {
    /// On both.
    Both,
    /// Only earlier.
    Before,
    /// Only later.
    After,
}

/// A part of a text that was compared with another, word by word.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct Passage {
    /// Where it is.
    pub side: Side,
    /// The words, with the spaces between them.
    pub text: String,
}

/// One field of an element that differs. Words like `must` stand as they are stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct FieldDifference {
    /// Which: `text`, `kind`, `priority`, `state`, `place`, `entities`, `name`, `label`, `note`, `type`, `values`,
    /// `required`, `unique`, `ends`, `cardinality`, `source`.
    pub field: String,
    /// What it was.
    pub before: String,
    /// What it became.
    pub after: String,
    /// Both, word by word, where that says more.
    pub passages: Vec<Passage>,
}

/// An element that differs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct Difference {
    /// Which.
    pub id: String,
    /// What it is.
    pub kind: DifferenceKind,
    /// How it differs.
    pub sort: DifferenceSort,
    /// What it is called, `R-12` for a requirement, `Order.total` for an attribute.
    pub title: String,
    /// What it says, where it was added or removed.
    pub detail: String,
    /// The entity of an attribute.
    pub parent: Option<String>,
    /// What differs, where it was changed.
    pub fields: Vec<FieldDifference>,
}

/// What differs between two moments.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct Comparison {
    /// In the order of the screens.
    pub differences: Vec<Difference>,
    /// The same as a plain list, for paper and for scripts.
    pub text: String,
}

/// The blueprint as it was. Comments and what waits belong to the present and are not told.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
pub struct Then {
    /// When its last change was made.
    #[ts(type = "string")]
    pub at: Timestamp,
    /// Its requirements, in their order of then.
    pub requirements: Vec<Requirement>,
    /// Its data model.
    pub model: Model,
    /// What differs from then to now.
    pub differences: Vec<Difference>,
}

/// What a restoration did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, TS)]
pub struct Restored {
    /// How many elements are otherwise than before.
    pub elements: u32,
}

/// A moment with a name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct Version {
    /// Which.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Anything worth saying about it.
    pub note: String,
    /// Who named it.
    pub author: String,
    /// When it was named.
    #[ts(type = "string")]
    pub named_at: Timestamp,
    /// When the last change before it was made.
    #[ts(type = "string")]
    pub at: Timestamp,
    /// The moment.
    pub heads: Vec<String>,
}
