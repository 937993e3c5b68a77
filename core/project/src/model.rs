//! What a project is, and what can be asked of it.

use kernel::{ProjectId, Role, SpaceId, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A project as screens show it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct Project {
    /// Which.
    #[ts(type = "string")]
    pub id: ProjectId,
    /// The log it lives in.
    #[ts(type = "string")]
    pub space: SpaceId,
    /// Its name.
    pub name: String,
    /// The server it is shared on, or null while it lives on this device alone.
    pub server: Option<String>,
    /// What the person may do in it.
    pub role: Role,
    /// How many requirements it holds.
    pub requirements: u32,
    /// How many entities it holds.
    pub entities: u32,
    /// When it was last changed.
    #[ts(type = "string")]
    pub updated_at: Timestamp,
    /// Whether this device keeps it out of sight.
    pub removed: bool,
}

/// Names a project.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ProjectRef {
    /// Which.
    #[ts(type = "string")]
    pub project: ProjectId,
}

/// Asks for a new project.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CreateProject {
    /// Its name.
    pub name: String,
}

/// Asks for a project to bear another name.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RenameProject {
    /// Which.
    #[ts(type = "string")]
    pub project: ProjectId,
    /// Its name.
    pub name: String,
}

/// How much a project's blueprint holds: a question to another context, answered by wiring.
pub trait Contents {
    /// Requirements and entities.
    ///
    /// # Errors
    /// Those of the store.
    fn counts(&self, ctx: &mut kernel::Ctx<'_>, project: ProjectId) -> kernel::Result<(u32, u32)>;
}
