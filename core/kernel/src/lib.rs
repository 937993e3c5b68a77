//! What every context stands on: ids, time, errors, the database, documents, the log and its sync.
//!
//! The kernel is synchronous and deterministic: time, randomness, the person and the device come in through [`Ctx`].
//! It knows no context; [`log::Contexts`] is the port through which wiring lets contexts follow the log.

pub mod ctx;
pub mod doc;
pub mod entry;
pub mod error;
pub mod id;
pub mod log;
pub mod migrate;
pub mod pack;
pub mod protocol;
pub mod random;
pub mod space;
pub mod sql;
pub mod store;
pub mod sync;
pub mod time;
pub mod undo;

pub use ctx::{Ctx, Device, Event, Permission, Role};
pub use error::{Code, Error, Language, Result, Words};
pub use id::{OrganisationId, PersonId, ProjectId, RecordId, SpaceId};
pub use random::Random;
pub use sql::Sql;
pub use store::Store;
pub use time::Timestamp;
