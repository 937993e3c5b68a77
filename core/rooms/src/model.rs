//! What a comment is, and what can be asked of it.

use kernel::{ProjectId, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How a comment stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(rename_all = "lowercase")]
pub enum CommentState {
    /// Everyone in the project has it, or can have it.
    Sent,
    /// It waits for the server.
    Pending,
    /// The server has refused it.
    Refused,
}

/// A comment as screens show it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct Comment {
    /// Which.
    pub id: String,
    /// The name of who wrote it.
    pub author: String,
    /// Whether the person at this device wrote it.
    pub mine: bool,
    /// When, by the author's clock.
    #[ts(type = "string")]
    pub at: Timestamp,
    /// What it says.
    pub text: String,
    /// How it stands.
    pub state: CommentState,
    /// Why it was refused.
    pub reason: Option<String>,
    /// Whether it came since the thread was last read here.
    pub unread: bool,
}

/// The comments on one element.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct Thread {
    /// What they are about.
    pub element: String,
    /// In the server's order, then those that wait.
    pub comments: Vec<Comment>,
}

/// Names the element of a thread.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(rename = "ElementRef")]
pub struct ThreadRef {
    /// The project.
    #[ts(type = "string")]
    pub project: ProjectId,
    /// The element.
    pub id: String,
}

/// Asks for a comment to be written.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct WriteComment {
    /// The project.
    #[ts(type = "string")]
    pub project: ProjectId,
    /// The element.
    pub element: String,
    /// 1 to 10,000 characters.
    pub text: String,
}

/// A comment that a search found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Which.
    pub id: String,
    /// What it is about.
    pub element: String,
    /// Who wrote it.
    pub author: String,
    /// The words around the find.
    pub excerpt: String,
}
