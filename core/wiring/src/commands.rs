//! The command table: each command once, with its home, its input and its output.

use kernel::{Code, Ctx, Error, Language, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::device::*;
use crate::ports::{self, Ports};
use crate::{policies, sync, types};

/// Who performs a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Home {
    /// The core, in one transaction of this device's store.
    Local,
    /// The shell of a device, with its network and its keys.
    Device,
}

impl std::fmt::Display for Home {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::Device => f.write_str("device"),
        }
    }
}

/// A line of the table.
pub struct Command {
    /// `context.verb`, the same in Rust, on the command line and in TypeScript.
    pub name: &'static str,
    /// Who performs it.
    pub home: Home,
    run: Option<fn(&mut Ctx<'_>, Value) -> Result<Value>>,
    pub(crate) describe: fn(&mut types::Declarations) -> types::Signature,
}

/// What `call` rejects with. `field` names the input that is wrong.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
pub struct Problem {
    /// What can be acted on.
    pub code: Code,
    /// For the person, in their language.
    pub message: String,
    /// The input that is wrong.
    #[ts(optional = nullable)]
    pub field: Option<String>,
}

impl Problem {
    /// An error as a person reads it; its cause stays behind, for the log.
    #[must_use]
    pub fn of(error: &Error, language: Language) -> Self {
        Self { code: error.code, message: error.words.in_language(language).to_owned(), field: error.field.clone() }
    }
}

/// An input without fields, and the answer of a command that has nothing to tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, TS)]
#[ts(rename = "Ok")]
pub struct Nothing {}

impl From<()> for Nothing {
    fn from((): ()) -> Self {
        Self {}
    }
}

/// One line for each command: its home, its name, its input and output, and for a local one the operation.
macro_rules! commands {
    ($($home:ident $name:literal ($input:ty) -> $output:ty $(= $run:expr)?;)*) => {
        /// Every command, in the order in which contexts are told of.
        pub const COMMANDS: &[Command] = &[$(Command {
            name: $name,
            home: commands!(@home $home),
            run: commands!(@run $input, $output $(, $run)?),
            describe: |declarations| declarations.signature::<$input, $output>(),
        }),*];
    };
    (@home local) => { Home::Local };
    (@home device) => { Home::Device };
    (@run $input:ty, $output:ty) => { None };
    (@run $input:ty, $output:ty, $run:expr) => {
        Some(|ctx, payload| {
            let input: $input = input(payload)?;
            let output: $output = ($run)(ctx, input)?.into();
            Ok(serde_json::to_value(output)?)
        })
    };
}

commands! {
    device "workspace.status" (Nothing) -> WorkspaceStatus;
    device "workspace.set_preferences" (SetPreferences) -> WorkspaceStatus;
    local "workspace.verify" (Nothing) -> VerifyReport = |ctx, _| sync::verify(ctx);

    local "project.list" (Nothing) -> Vec<project::Project> = |ctx, _| project::ops::list(ctx, &Ports);
    local "project.create" (project::CreateProject) -> project::Project = |ctx, input| project::ops::create(ctx, &input);
    local "project.rename" (project::RenameProject) -> project::Project = |ctx, input| project::ops::rename(ctx, &Ports, &input);
    local "project.remove" (project::ProjectRef) -> project::Project = |ctx, input| project::ops::set_removed(ctx, &Ports, &input, true);
    local "project.restore" (project::ProjectRef) -> project::Project = |ctx, input| project::ops::set_removed(ctx, &Ports, &input, false);
    device "project.share" (ShareProject) -> project::Project;
    device "project.join" (JoinProject) -> project::Project;
    device "project.invite" (Invite) -> Invitation;
    device "project.members" (project::ProjectRef) -> Vec<Member>;
    device "project.set_role" (SetMemberRole) -> Nothing;
    device "project.remove_member" (MemberRef) -> Nothing;

    local "blueprint.propose" (blueprint::Propose) -> blueprint::ChangeSet = |ctx, input| blueprint::ops::propose(ctx, &input);
    local "blueprint.accept" (blueprint::Accept) -> Nothing = |ctx, input| blueprint::ops::accept(ctx, &input);
    local "blueprint.briefs" (project::ProjectRef) -> Vec<blueprint::Brief> = |ctx, input: project::ProjectRef| blueprint::ops::briefs(ctx, input.project);
    local "blueprint.requirements" (blueprint::ListRequirements) -> Vec<blueprint::Requirement> = |ctx, input| blueprint::ops::requirements(ctx, &Ports, &input);
    local "blueprint.add_requirement" (blueprint::AddRequirement) -> blueprint::Requirement = |ctx, input| blueprint::ops::add_requirement(ctx, &Ports, &input);
    local "blueprint.set_requirement" (blueprint::SetRequirement) -> blueprint::Requirement = |ctx, input| blueprint::ops::set_requirement(ctx, &Ports, &input);
    local "blueprint.move_requirement" (blueprint::MoveElement) -> Nothing = |ctx, input| blueprint::ops::move_requirement(ctx, &input);
    local "blueprint.remove_requirement" (blueprint::ElementRef) -> Nothing = |ctx, input| blueprint::ops::remove_requirement(ctx, &input);
    local "blueprint.text" (blueprint::ReadText) -> blueprint::TextState = |ctx, input| blueprint::ops::text(ctx, &input);
    local "blueprint.edit_text" (blueprint::EditText) -> blueprint::TextState = |ctx, input| blueprint::ops::edit_text(ctx, &input);
    local "blueprint.model" (project::ProjectRef) -> blueprint::Model = |ctx, input: project::ProjectRef| blueprint::ops::model(ctx, &Ports, input.project);
    local "blueprint.add_entity" (blueprint::AddEntity) -> blueprint::Entity = |ctx, input| blueprint::ops::add_entity(ctx, &Ports, &input);
    local "blueprint.set_entity" (blueprint::SetEntity) -> blueprint::Entity = |ctx, input| blueprint::ops::set_entity(ctx, &Ports, &input);
    local "blueprint.place_entities" (blueprint::PlaceEntities) -> Nothing = |ctx, input| blueprint::ops::place_entities(ctx, &input);
    local "blueprint.remove_entity" (blueprint::ElementRef) -> Nothing = |ctx, input| blueprint::ops::remove_entity(ctx, &input);
    local "blueprint.add_attribute" (blueprint::AddAttribute) -> blueprint::Attribute = |ctx, input| blueprint::ops::add_attribute(ctx, &input);
    local "blueprint.set_attribute" (blueprint::SetAttribute) -> blueprint::Attribute = |ctx, input| blueprint::ops::set_attribute(ctx, &input);
    local "blueprint.remove_attribute" (blueprint::AttributeRef) -> Nothing = |ctx, input| blueprint::ops::remove_attribute(ctx, &input);
    local "blueprint.add_relation" (blueprint::AddRelation) -> blueprint::Relation = |ctx, input| blueprint::ops::add_relation(ctx, &input);
    local "blueprint.set_relation" (blueprint::SetRelation) -> blueprint::Relation = |ctx, input| blueprint::ops::set_relation(ctx, &input);
    local "blueprint.remove_relation" (blueprint::ElementRef) -> Nothing = |ctx, input| blueprint::ops::remove_relation(ctx, &input);
    local "blueprint.link" (blueprint::LinkElements) -> Nothing = |ctx, input| blueprint::ops::link(ctx, &input);
    local "blueprint.undo" (project::ProjectRef) -> blueprint::Undone = |ctx, input: project::ProjectRef| blueprint::ops::undo(ctx, input.project);
    local "blueprint.redo" (project::ProjectRef) -> blueprint::Undone = |ctx, input: project::ProjectRef| blueprint::ops::redo(ctx, input.project);
    local "blueprint.history" (blueprint::HistoryQuery) -> Vec<blueprint::Change> = |ctx, input| blueprint::ops::history(ctx, &input);
    local "blueprint.conflicts" (project::ProjectRef) -> Vec<blueprint::Conflict> = |ctx, input: project::ProjectRef| blueprint::ops::conflicts(ctx, input.project);
    local "blueprint.resolve" (blueprint::Resolve) -> Nothing = |ctx, input| blueprint::ops::resolve(ctx, &input);
    local "blueprint.moments" (blueprint::MomentsQuery) -> blueprint::Moments = |ctx, input| blueprint::ops::moments(ctx, &input);
    local "blueprint.at" (blueprint::AtQuery) -> blueprint::Then = |ctx, input| blueprint::ops::at(ctx, &input);
    local "blueprint.compare" (blueprint::CompareQuery) -> blueprint::Comparison = |ctx, input| blueprint::ops::compare(ctx, &input);
    local "blueprint.restore" (blueprint::Restore) -> blueprint::Restored = |ctx, input| blueprint::ops::restore(ctx, &input);
    local "blueprint.versions" (project::ProjectRef) -> Vec<blueprint::Version> = |ctx, input: project::ProjectRef| blueprint::ops::versions(ctx, input.project);
    local "blueprint.name_version" (blueprint::NameVersion) -> blueprint::Version = |ctx, input| blueprint::ops::name_version(ctx, &input);
    local "blueprint.remove_version" (blueprint::ElementRef) -> Nothing = |ctx, input| blueprint::ops::remove_version(ctx, &input);
    local "blueprint.search" (blueprint::SearchQuery) -> Vec<blueprint::Hit> = |ctx, input| ports::search(ctx, &input);
    local "blueprint.why" (blueprint::ElementRef) -> blueprint::Why = |ctx, input| blueprint::ops::why(ctx, &input);

    local "rooms.thread" (rooms::ThreadRef) -> rooms::Thread = |ctx, input| rooms::ops::thread(ctx, &input);
    local "rooms.comment" (rooms::WriteComment) -> rooms::Comment = |ctx, input| rooms::ops::comment(ctx, &input);
    local "rooms.mark_read" (rooms::ThreadRef) -> Nothing = |ctx, input| rooms::ops::mark_read(ctx, &input);

    device "sync.badge" (Nothing) -> Badge;
    device "sync.inspect" (Nothing) -> Inspection;
    device "sync.now" (Nothing) -> Badge;
    device "sync.pause" (PauseSpace) -> Nothing;
    local "sync.parts" (SpaceRef) -> SpaceParts = sync::parts;
    device "sync.compare" (SpaceRef) -> VerifyReport;
    local "sync.retry" (EntryRef) -> Nothing = sync::retry;
    local "sync.discard" (EntryRef) -> Nothing = sync::discard;

    device "identity.probe" (ProbeLink) -> Probe;
    device "identity.sign_in" (SignIn) -> Account;
    device "identity.sign_up" (SignUp) -> Account;
    device "identity.sign_out" (ServerRef) -> Nothing;
}

/// The command of this name.
#[must_use]
pub fn command(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name)
}

/// Performs a local command in the transaction of `ctx`, with everything that follows from it in other contexts.
///
/// # Errors
/// Those of the operation; `NotFound` for a command that is not local; `Invalid` for a payload of another form.
pub fn call(ctx: &mut Ctx<'_>, name: &str, payload: Value) -> Result<Value> {
    let run = command(name)
        .and_then(|command| command.run)
        .ok_or_else(|| Error::not_found((format!("There is no local command {name:?}."), format!("Локальной команды {name:?} нет."))))?;
    let from = ctx.events().len();
    let output = run(ctx, payload)?;
    policies::follow(ctx, from)?;
    Ok(output)
}

/// Reads the payload of a command; none at all stands for one without fields.
///
/// # Errors
/// `Invalid`, saying what is expected.
pub fn input<T: DeserializeOwned>(payload: Value) -> Result<T> {
    let payload = if payload.is_null() { Value::Object(serde_json::Map::new()) } else { payload };
    serde_json::from_value(payload).map_err(|source| {
        Error::invalid("input", (format!("The command does not take this input: {source}."), format!("Команда не принимает такие данные: {source}.")))
    })
}
