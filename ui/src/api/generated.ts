// Generated from the Rust command table by `cargo xtask types`. Do not edit.
// Ids are strings (`req_01j...`), 64-bit numbers are strings, times are RFC 3339 UTC.

export type Role = "owner" | "editor" | "commenter" | "viewer";
export type Cardinality = "one-to-one" | "one-to-many" | "many-to-one" | "many-to-many";
export type AttributeType =
  | "string" | "text" | "integer" | "decimal" | "money" | "boolean" | "date" | "datetime"
  | "enum" | "email" | "phone" | "url" | "file";
export type RequirementKind = "functional" | "quality" | "constraint" | "integration";
export type Priority = "must" | "should" | "could";
export type RequirementState = "draft" | "agreed" | "done";

/** What `call` rejects with. `field` names the input that is wrong. */
export interface Problem {
  code: "not_found" | "invalid" | "conflict" | "forbidden" | "offline" | "unauthorized" | "too_large" | "damaged" | "internal";
  message: string;
  field?: string | null;
}

export interface Ok {}

// workspace
export interface WorkspaceStatus {
  version: string;
  device_name: string;
  person_name: string;
  /** Where the key of the store lives; `file` deserves a quiet notice with a verb. */
  key_home: "keyring" | "passphrase" | "file";
  language: "en" | "ru" | null;
  theme: "light" | "dark" | "system";
  accounts: Account[];
}
export interface Account { server: string; person: string; name: string; email: string; signed_in: boolean }
export interface SetPreferences { person_name?: string | null; device_name?: string | null; language?: "en" | "ru" | null; theme?: "light" | "dark" | "system" | null }

// project
export interface Project {
  id: string; space: string; name: string;
  /** The server it is shared on, or null while it lives on this device alone. */
  server: string | null;
  role: Role;
  requirements: number; entities: number;
  updated_at: string;
  removed: boolean;
}
export interface ProjectRef { project: string }
export interface CreateProject { name: string }
export interface RenameProject { project: string; name: string }

// blueprint
export interface Requirement {
  id: string; key: string; text: string;
  kind: RequirementKind; priority: Priority; state: RequirementState;
  /** The client's own sentence, with the brief it stands in. */
  source: { brief: string; sentence: string; start: number; end: number } | null;
  entities: { id: string; name: string }[];
  comments: number; unread: number;
  /** Not yet acknowledged by the server (always false while the project is local). */
  pending: boolean;
}
export interface Attribute {
  id: string; name: string; label: string; type: AttributeType; values: string[];
  required: boolean; unique: boolean;
}
export interface Entity {
  id: string; name: string; label: string; note: string;
  /** Diagram position in px, null until placed: the screen lays it out and may store the result. */
  x: number | null; y: number | null;
  attributes: Attribute[];
  requirements: { id: string; key: string }[];
  comments: number; unread: number; pending: boolean;
}
export interface Relation { id: string; from: string; to: string; cardinality: Cardinality; label: string }
export interface Model { entities: Entity[]; relations: Relation[] }
export interface Brief { id: string; title: string; text: string; added_at: string; author: string }

export interface ChangeItem {
  id: string;
  kind: "requirement" | "entity" | "attribute" | "relation";
  action: "add" | "change" | "remove";
  title: string; detail: string;
  /** The client's sentence this comes from, and why the translator proposes it. */
  sentence: string; start: number; end: number; because: string;
  /** Items that must be accepted with this one. */
  needs: string[];
  /** For a change: what stands there now. */
  before: string | null;
}
export interface ChangeSet { language: "en" | "ru"; items: ChangeItem[]; questions: string[] }
export interface Propose { project: string; text: string }
export interface Accept { project: string; title: string; text: string; items: string[] }

export interface ListRequirements { project: string; query?: string | null }
export interface AddRequirement { project: string; text: string; after?: string | null }
export interface SetRequirement { project: string; id: string; kind?: RequirementKind | null; priority?: Priority | null; state?: RequirementState | null }
export interface MoveElement { project: string; id: string; after: string | null }
export interface ElementRef { project: string; id: string }

export interface Splice { at: number; remove: number; insert: string } // UTF-16 code units, as a text field counts
export interface EditText { project: string; id: string; heads: string[]; splices: Splice[] }
export interface ReadText { project: string; id: string; since?: string[] | null }
/** `splices` lead from the text that the screen showed (after its own edit) to `text`. */
export interface TextState { heads: string[]; text: string; splices: Splice[] }

export interface AddEntity { project: string; name: string; x?: number | null; y?: number | null }
export interface SetEntity { project: string; id: string; name?: string | null; label?: string | null; note?: string | null }
export interface PlaceEntities { project: string; places: { id: string; x: number; y: number }[] }
export interface AddAttribute { project: string; entity: string; name: string; type: AttributeType }
export interface SetAttribute { project: string; entity: string; id: string; name?: string | null; type?: AttributeType | null; values?: string[] | null; required?: boolean | null; unique?: boolean | null }
export interface AttributeRef { project: string; entity: string; id: string }
export interface AddRelation { project: string; from: string; to: string; cardinality: Cardinality; label?: string | null }
export interface SetRelation { project: string; id: string; cardinality?: Cardinality | null; label?: string | null }
export interface LinkElements { project: string; requirement: string; entity: string; linked: boolean }

export interface Undone { did: string | null; can_undo: boolean; can_redo: boolean }
export interface HistoryQuery { project: string; id?: string | null }
export interface Change { hash: string; author: string; mine: boolean; at: string; message: string; pending: boolean }
export interface SearchQuery { project: string; query: string }
export interface Hit { id: string; kind: "requirement" | "entity" | "comment"; title: string; excerpt: string; element: string }
export interface WhyStep { title: string; detail: string; at: string | null }
export interface Why { id: string; title: string; steps: WhyStep[] }

// rooms: comments
export interface Comment { id: string; author: string; mine: boolean; at: string; text: string; state: "sent" | "pending" | "refused"; reason: string | null; unread: boolean }
export interface Thread { element: string; comments: Comment[] }
export interface WriteComment { project: string; element: string; text: string }

// sync
export type BadgeState =
  | "local"      // on this device alone, nothing to sync
  | "proven"     // green: outbox empty and chain hashes equal
  | "syncing"    // connected, entries on their way
  | "connecting" | "offline" | "paused" | "refused" | "signed_out" | "error";
export interface Badge { state: BadgeState; pending: number; refused: number; detail: string | null; proven_at: string | null }
export interface SpaceSync {
  space: string; name: string; server: string | null; role: Role; state: BadgeState; paused: boolean;
  local_seq: string; server_seq: string | null; local_chain: string; server_chain: string | null;
  pending: number; refused: RefusedEntry[]; people: { name: string; role: Role; online: boolean }[];
  proven_at: string | null; last_error: string | null;
}
export interface RefusedEntry { id: string; what: string; reason: string; at: string; can_retry: boolean; text: string | null;
  /** The part that a refused comment was written on, so that its words can be mended there. */
  element?: string | null }
export interface Inspection { badge: Badge; device_key: string; spaces: SpaceSync[] }
export interface SpaceRef { space: string }
export interface PauseSpace { space: string; paused: boolean }
export interface EntryRef { space: string; entry: string }
export interface VerifyReport { ok: boolean; checks: { name: string; ok: boolean; detail: string }[] }

// identity and sharing
/** What a pasted address or link leads to. */
export interface Probe { server: string; kind: "plain" | "setup" | "invitation"; server_name: string; project_name: string | null; role: Role | null; signed_in_as: string | null }
export interface ProbeLink { link: string }
export interface SignIn { link: string; email: string; password: string }
export interface SignUp { link: string; name: string; email: string; password: string }
export interface ServerRef { server: string }
export interface ShareProject { project: string; server: string }
export interface JoinProject { link: string }
export interface Invite { project: string; role: Role }
export interface Invitation { link: string; expires_at: string }
export interface Member { person: string; name: string; email: string; role: Role; me: boolean }
export interface SetMemberRole { project: string; person: string; role: Role }
export interface MemberRef { project: string; person: string }

export interface Commands {
  "workspace.status": { input: Ok; output: WorkspaceStatus };
  "workspace.set_preferences": { input: SetPreferences; output: WorkspaceStatus };
  "workspace.verify": { input: Ok; output: VerifyReport };
  "project.list": { input: Ok; output: Project[] };
  "project.create": { input: CreateProject; output: Project };
  "project.rename": { input: RenameProject; output: Project };
  "project.remove": { input: ProjectRef; output: Project };
  "project.restore": { input: ProjectRef; output: Project };
  "blueprint.propose": { input: Propose; output: ChangeSet };
  "blueprint.accept": { input: Accept; output: Ok };
  "blueprint.briefs": { input: ProjectRef; output: Brief[] };
  "blueprint.requirements": { input: ListRequirements; output: Requirement[] };
  "blueprint.add_requirement": { input: AddRequirement; output: Requirement };
  "blueprint.set_requirement": { input: SetRequirement; output: Requirement };
  "blueprint.move_requirement": { input: MoveElement; output: Ok };
  "blueprint.remove_requirement": { input: ElementRef; output: Ok };
  "blueprint.text": { input: ReadText; output: TextState };
  "blueprint.edit_text": { input: EditText; output: TextState };
  "blueprint.model": { input: ProjectRef; output: Model };
  "blueprint.add_entity": { input: AddEntity; output: Entity };
  "blueprint.set_entity": { input: SetEntity; output: Entity };
  "blueprint.place_entities": { input: PlaceEntities; output: Ok };
  "blueprint.remove_entity": { input: ElementRef; output: Ok };
  "blueprint.add_attribute": { input: AddAttribute; output: Attribute };
  "blueprint.set_attribute": { input: SetAttribute; output: Attribute };
  "blueprint.remove_attribute": { input: AttributeRef; output: Ok };
  "blueprint.add_relation": { input: AddRelation; output: Relation };
  "blueprint.set_relation": { input: SetRelation; output: Relation };
  "blueprint.remove_relation": { input: ElementRef; output: Ok };
  "blueprint.link": { input: LinkElements; output: Ok };
  "blueprint.undo": { input: ProjectRef; output: Undone };
  "blueprint.redo": { input: ProjectRef; output: Undone };
  "blueprint.history": { input: HistoryQuery; output: Change[] };
  "blueprint.search": { input: SearchQuery; output: Hit[] };
  "blueprint.why": { input: ElementRef; output: Why };
  "rooms.thread": { input: ElementRef; output: Thread };
  "rooms.comment": { input: WriteComment; output: Comment };
  "rooms.mark_read": { input: ElementRef; output: Ok };
  "sync.badge": { input: Ok; output: Badge };
  "sync.inspect": { input: Ok; output: Inspection };
  "sync.now": { input: Ok; output: Badge };
  "sync.pause": { input: PauseSpace; output: Ok };
  "sync.retry": { input: EntryRef; output: Ok };
  "sync.discard": { input: EntryRef; output: Ok };
  "identity.probe": { input: ProbeLink; output: Probe };
  "identity.sign_in": { input: SignIn; output: Account };
  "identity.sign_up": { input: SignUp; output: Account };
  "identity.sign_out": { input: ServerRef; output: Ok };
  "project.share": { input: ShareProject; output: Project };
  "project.join": { input: JoinProject; output: Project };
  "project.invite": { input: Invite; output: Invitation };
  "project.members": { input: ProjectRef; output: Member[] };
  "project.set_role": { input: SetMemberRole; output: Ok };
  "project.remove_member": { input: MemberRef; output: Ok };
}
export type CommandName = keyof Commands;
/** Words that `changed` events carry; a screen refreshes the queries of that context. */
export type Topic = "workspace" | "project" | "blueprint" | "rooms" | "sync" | "identity";
