// Generated from the Rust command table by `cargo xtask types`. Do not edit.
// Ids are strings (`req_01j...`), 64-bit numbers are strings, times are RFC 3339 UTC.
/** What a caller can act on. */
export type Code = "not_found" | "invalid" | "conflict" | "forbidden" | "offline" | "unauthorized" | "too_large" | "damaged" | "internal";
/** What `call` rejects with. `field` names the input that is wrong. */
export interface Problem {
  /** What can be acted on. */
  code: Code;
  /** For the person, in their language. */
  message: string;
  /** The input that is wrong. */
  field?: string | null;
}

// workspace
/** The person's account on a server. */
export interface Account {
  /** Its address. */
  server: string;
  /** The person's id there. */
  person: string;
  /** The person's name there. */
  name: string;
  /** What they sign in with. */
  email: string;
  /** Whether this device may act for them. */
  signed_in: boolean;
}
/** Where the key of the store lives; `file` deserves a quiet notice with a verb. */
export type KeyHome = "keyring" | "passphrase" | "file";
/** The languages that Scantling speaks. */
export type Language = "en" | "ru";
/** An input without fields, and the answer of a command that has nothing to tell. */
export interface Ok {}
/** Where colours come from. */
export type Theme = "light" | "dark" | "system";
/** The workspace of this device. */
export interface WorkspaceStatus {
  /** The program's. */
  version: string;
  /** Shown to others beside the person's name. */
  device_name: string;
  /** Empty until the person has said it. */
  person_name: string;
  /** Where the key of the store lives. */
  key_home: KeyHome;
  /** The person's choice, or null for the system's. */
  language: Language | null;
  /** The person's choice. */
  theme: Theme;
  /** One for each server. */
  accounts: Array<Account>;
}
/** Changes what is named and leaves the rest. */
export interface SetPreferences {
  /** At most 120 characters. */
  person_name?: string | null;
  /** At most 120 characters. */
  device_name?: string | null;
  /** The language of screens and messages. */
  language?: Language | null;
  /** The colours. */
  theme?: Theme | null;
}
/** One finding of a proof. */
export interface VerifyCheck {
  /** What was checked. */
  name: string;
  /** Whether it held. */
  ok: boolean;
  /** Figures, or what is wrong. */
  detail: string;
}
/** A workspace, proven or not. */
export interface VerifyReport {
  /** Whether everything held. */
  ok: boolean;
  /** Each finding. */
  checks: Array<VerifyCheck>;
}

// project
/** A project as screens show it. */
export interface Project {
  /** Which. */
  id: string;
  /** The log it lives in. */
  space: string;
  /** Its name. */
  name: string;
  /** The server it is shared on, or null while it lives on this device alone. */
  server: string | null;
  /** What the person may do in it. */
  role: Role;
  /** How many requirements it holds. */
  requirements: number;
  /** How many entities it holds. */
  entities: number;
  /** When it was last changed. */
  updated_at: string;
  /** Whether this device keeps it out of sight. */
  removed: boolean;
}
/** What a member may do in a space; each role may all that the ones after it may. */
export type Role = "viewer" | "commenter" | "editor" | "owner";
/** Asks for a new project. */
export interface CreateProject {
  /** Its name. */
  name: string;
}
/** Asks for a project to bear another name. */
export interface RenameProject {
  /** Which. */
  project: string;
  /** Its name. */
  name: string;
}
/** Names a project. */
export interface ProjectRef {
  /** Which. */
  project: string;
}
/** Shares a project on a server. */
export interface ShareProject {
  /** Which. */
  project: string;
  /** Its address. */
  server: string;
}
/** Accepts an invitation. */
export interface JoinProject {
  /** As it was pasted. */
  link: string;
}
/** An invitation to hand on. */
export interface Invitation {
  /** To be sent to one person. */
  link: string;
  /** Until when it is good. */
  expires_at: string;
}
/** Asks for an invitation to a project. */
export interface Invite {
  /** Which. */
  project: string;
  /** The role that it gives. */
  role: Role;
}
/** A member of a project. */
export interface Member {
  /** Who. */
  person: string;
  /** Their name. */
  name: string;
  /** Their address. */
  email: string;
  /** Their role. */
  role: Role;
  /** Whether it is the person at this device. */
  me: boolean;
}
/** Gives a member another role. */
export interface SetMemberRole {
  /** Where. */
  project: string;
  /** Who. */
  person: string;
  /** The wish. */
  role: Role;
}
/** Names a member. */
export interface MemberRef {
  /** Where. */
  project: string;
  /** Who. */
  person: string;
}

// blueprint
/** One part of a proposal. */
export interface ChangeItem {
  /** The same for the same text, so that it can be accepted later. */
  id: string;
  /** What it is about. */
  kind: ItemKind;
  /** What it does. */
  action: ItemAction;
  /** What a list shows. */
  title: string;
  /** The type, the cardinality, the sort. */
  detail: string;
  /** The client's sentence this comes from, and why the translator proposes it. */
  sentence: string;
  /** The sentence's first UTF-16 unit. */
  start: number;
  /** The unit after its last. */
  end: number;
  /** Why the translator proposes it. */
  because: string;
  /** Items that must be accepted with this one. */
  needs: Array<string>;
  /** For a change: what stands there now. */
  before: string | null;
}
/** What the translator proposes for a text. */
export interface ChangeSet {
  /** The language of the text. */
  language: Language;
  /** What may be accepted, in whole or in part. */
  items: Array<ChangeItem>;
  /** What is worth asking the client. */
  questions: Array<string>;
}
/** What a change item does. */
export type ItemAction = "add" | "change" | "remove";
/** What a change item is about. */
export type ItemKind = "requirement" | "entity" | "attribute" | "relation";
/** Asks what a text would add; without effect. */
export interface Propose {
  /** The project. */
  project: string;
  /** What the client said, at most 1 MiB. */
  text: string;
}
/** Takes parts of a proposal over. */
export interface Accept {
  /** The project. */
  project: string;
  /** The brief's title. */
  title: string;
  /** The text that was proposed for. */
  text: string;
  /** The chosen items; what they need comes along. */
  items: Array<string>;
}
/** What a client said. */
export interface Brief {
  /** Which. */
  id: string;
  /** Its title. */
  title: string;
  /** Every word of it. */
  text: string;
  /** When it was accepted. */
  added_at: string;
  /** Who accepted it. */
  author: string;
}
/** An entity as a requirement names it. */
export interface EntityName {
  /** Which. */
  id: string;
  /** Its name. */
  name: string;
}
/** Asks for requirements. */
export interface ListRequirements {
  /** The project. */
  project: string;
  /** Only those that hold all these words. */
  query?: string | null;
}
/** How strongly something is wanted. */
export type Priority = "must" | "should" | "could";
/** A requirement as screens show it. */
export interface Requirement {
  /** Which. */
  id: string;
  /** What people call it: `R-12`. */
  key: string;
  /** What it says. */
  text: string;
  /** What sort of statement it is. */
  kind: RequirementKind;
  /** How strongly it is wanted. */
  priority: Priority;
  /** How far it has come. */
  state: RequirementState;
  /** The client's own sentence, with the brief it stands in. */
  source: Source | null;
  /** What it speaks of. */
  entities: Array<EntityName>;
  /** How many comments stand on it. */
  comments: number;
  /** How many of them are unread. */
  unread: number;
  /** Not yet acknowledged by the server (always false while the project is local). */
  pending: boolean;
}
/** What sort of statement a requirement makes. */
export type RequirementKind = "functional" | "quality" | "constraint" | "integration";
/** How far a requirement has come. */
export type RequirementState = "draft" | "agreed" | "done";
/** A sentence of a client, with the brief it stands in. `start` and `end` count UTF-16 units, as text fields do. */
export interface Source {
  /** The brief. */
  brief: string;
  /** The client's own sentence. */
  sentence: string;
  /** Its first unit. */
  start: number;
  /** The unit after its last. */
  end: number;
}
/** Adds a requirement. */
export interface AddRequirement {
  /** The project. */
  project: string;
  /** What it says; may be empty while it is being written. */
  text: string;
  /** The requirement that it follows, or null for the end. */
  after?: string | null;
}
/** Changes what is named of a requirement. */
export interface SetRequirement {
  /** The project. */
  project: string;
  /** Which. */
  id: string;
  /** The wish. */
  kind?: RequirementKind | null;
  /** The wish. */
  priority?: Priority | null;
  /** The wish. */
  state?: RequirementState | null;
}
/** Moves an element within its list. */
export interface MoveElement {
  /** The project. */
  project: string;
  /** Which. */
  id: string;
  /** The element that it follows, or null for the beginning. */
  after: string | null;
}
/** Names an element. */
export interface ElementRef {
  /** The project. */
  project: string;
  /** Which. */
  id: string;
}
/** Reads a text. */
export interface ReadText {
  /** The project. */
  project: string;
  /** The requirement. */
  id: string;
  /** The heads that the screen shows. */
  since?: Array<string> | null;
}
/** Replaces a part of a text; positions count UTF-16 units, as a text field does. */
export interface Splice {
  /** Where. */
  at: number;
  /** How many units go. */
  remove: number;
  /** What comes. */
  insert: string;
}
/** A text. `splices` lead from the text that the screen showed (after its own edit) to `text`. */
export interface TextState {
  /** To be named with the next edit. */
  heads: Array<string>;
  /** All of it. */
  text: string;
  /** What others changed. */
  splices: Array<Splice>;
}
/** Changes a text as it was on the screen. */
export interface EditText {
  /** The project. */
  project: string;
  /** The requirement. */
  id: string;
  /** The heads that the screen showed. */
  heads: Array<string>;
  /** In order, each counted after the one before. */
  splices: Array<Splice>;
}
/** Something kept about an entity. */
export interface Attribute {
  /** Which. */
  id: string;
  /** Its name in code. */
  name: string;
  /** Its name for people. */
  label: string;
  /** Its type. */
  type: AttributeType;
  /** The values of an enumeration. */
  values: Array<string>;
  /** Whether it must be given. */
  required: boolean;
  /** Whether no two records may share it. */
  unique: boolean;
}
/** The type of an attribute. */
export type AttributeType = "string" | "text" | "integer" | "decimal" | "money" | "boolean" | "date" | "datetime" | "enum" | "email" | "phone" | "url" | "file";
/** How many of one entity belong to how many of another. */
export type Cardinality = "one-to-one" | "one-to-many" | "many-to-one" | "many-to-many";
/** An entity as screens show it. */
export interface Entity {
  /** Which. */
  id: string;
  /** Its name in code. */
  name: string;
  /** Its name for people. */
  label: string;
  /** Anything worth saying about it. */
  note: string;
  /** Diagram position in px, null until placed: the screen lays it out and may store the result. */
  x: number | null;
  /** As `x`. */
  y: number | null;
  /** What is kept about it. */
  attributes: Array<Attribute>;
  /** The requirements that speak of it. */
  requirements: Array<RequirementKey>;
  /** How many comments stand on it. */
  comments: number;
  /** How many of them are unread. */
  unread: number;
  /** Not yet acknowledged by the server (always false while the project is local). */
  pending: boolean;
}
/** The data model. */
export interface Model {
  /** Its entities, oldest first. */
  entities: Array<Entity>;
  /** Its relations, between entities that exist. */
  relations: Array<Relation>;
}
/** How two entities hang together. */
export interface Relation {
  /** Which. */
  id: string;
  /** The entity it starts from. */
  from: string;
  /** The entity it leads to. */
  to: string;
  /** How many of each, read from `from` to `to`. */
  cardinality: Cardinality;
  /** The verb between them. */
  label: string;
}
/** A requirement as an entity names it. */
export interface RequirementKey {
  /** Which. */
  id: string;
  /** What people call it: `R-12`. */
  key: string;
}
/** Adds an entity. */
export interface AddEntity {
  /** The project. */
  project: string;
  /** Its name. */
  name: string;
  /** Where it stands in the diagram. */
  x?: number | null;
  /** As `x`. */
  y?: number | null;
}
/** Changes what is named of an entity. */
export interface SetEntity {
  /** The project. */
  project: string;
  /** Which. */
  id: string;
  /** The wish. */
  name?: string | null;
  /** The wish. */
  label?: string | null;
  /** The wish. */
  note?: string | null;
}
/** Where an entity stands in the diagram. */
export interface Place {
  /** Which. */
  id: string;
  /** In px. */
  x: number;
  /** In px. */
  y: number;
}
/** Places entities in the diagram. */
export interface PlaceEntities {
  /** The project. */
  project: string;
  /** At most 2,000. */
  places: Array<Place>;
}
/** Adds an attribute. */
export interface AddAttribute {
  /** The project. */
  project: string;
  /** To which entity. */
  entity: string;
  /** Its name. */
  name: string;
  /** Its type. */
  type: AttributeType;
}
/** Changes what is named of an attribute. */
export interface SetAttribute {
  /** The project. */
  project: string;
  /** The entity. */
  entity: string;
  /** Which. */
  id: string;
  /** The wish. */
  name?: string | null;
  /** The wish. */
  type?: AttributeType | null;
  /** The wish. */
  values?: Array<string> | null;
  /** The wish. */
  required?: boolean | null;
  /** The wish. */
  unique?: boolean | null;
}
/** Names an attribute. */
export interface AttributeRef {
  /** The project. */
  project: string;
  /** The entity. */
  entity: string;
  /** Which. */
  id: string;
}
/** Adds a relation. */
export interface AddRelation {
  /** The project. */
  project: string;
  /** The entity it starts from. */
  from: string;
  /** The entity it leads to. */
  to: string;
  /** How many of each. */
  cardinality: Cardinality;
  /** The verb between them. */
  label?: string | null;
}
/** Changes what is named of a relation. */
export interface SetRelation {
  /** The project. */
  project: string;
  /** Which. */
  id: string;
  /** The wish. */
  cardinality?: Cardinality | null;
  /** The wish. */
  label?: string | null;
}
/** Links a requirement and an entity, or unlinks them. */
export interface LinkElements {
  /** The project. */
  project: string;
  /** The requirement. */
  requirement: string;
  /** The entity. */
  entity: string;
  /** The wish. */
  linked: boolean;
}
/** What undo or redo did. */
export interface Undone {
  /** The step, in the words of its time; null when there was none. */
  did: string | null;
  /** Whether another step can be undone. */
  can_undo: boolean;
  /** Whether a step can be done again. */
  can_redo: boolean;
}
/** One change of the history. */
export interface Change {
  /** Its Automerge hash, in hex. */
  hash: string;
  /** Who made it. */
  author: string;
  /** Whether that was the person at this device. */
  mine: boolean;
  /** When, by the author's clock. */
  at: string;
  /** What it did, in the author's language. */
  message: string;
  /** Not yet acknowledged by the server. */
  pending: boolean;
}
/** Asks for the history. */
export interface HistoryQuery {
  /** The project. */
  project: string;
  /** Of one element, or null for all. */
  id?: string | null;
}
/** Something that people decided differently while they were apart. */
export interface Conflict {
  /** The element. */
  element: string;
  /** The attribute of it, if it is about one. */
  part: string | null;
  /** What it is. */
  kind: ConflictElement;
  /** What it is called. */
  title: string;
  /** What about it. */
  field: string;
  /** What was decided, the shown one first. */
  choices: Array<ConflictChoice>;
}
/** One of several decisions. */
export interface ConflictChoice {
  /** Which. */
  id: string;
  /** What was decided. */
  value: string;
  /** Who decided it. */
  author: string;
  /** Whether that is this device's person. */
  mine: boolean;
  /** When. */
  at: string;
  /** Whether it is the one that is shown until somebody decides. */
  shown: boolean;
}
/** What sort of thing people disagree about. */
export type ConflictElement = "requirement" | "entity" | "attribute" | "relation";
/** Decides for one of several values. */
export interface Resolve {
  /** The project. */
  project: string;
  /** The element. */
  element: string;
  /** The attribute of it. */
  part?: string | null;
  /** What about it. */
  field: string;
  /** The choice. */
  choice: string;
}
/** Someone who changed the blueprint. */
export interface Hand {
  /** To filter by. */
  id: string;
  /** Their name. */
  name: string;
  /** Whether it is the person at this device. */
  mine: boolean;
}
/** The life of a blueprint. */
export interface Moments {
  /** Oldest first. */
  sittings: Array<Sitting>;
  /** Everyone who changed anything, by name. */
  people: Array<Hand>;
  /** How many changes these sittings hold. */
  changes: number;
}
/** Asks who changed what, when. */
export interface MomentsQuery {
  /** The project. */
  project: string;
  /** Only what this person did, by the id that `people` gives. */
  person?: string | null;
  /** Only what touched this element. */
  element?: string | null;
  /** Only this sitting, with all its steps. */
  sitting?: string | null;
}
/** What one person did without a break of half an hour. */
export interface Sitting {
  /** Names it as long as it does not go on. */
  id: string;
  /** Who. */
  person: string;
  /** Their name. */
  author: string;
  /** Whether it is the person at this device. */
  mine: boolean;
  /** When its first change was made. */
  from: string;
  /** When its last change was made. */
  to: string;
  /** How many changes it is made of. */
  changes: number;
  /** What was done, oldest first; the first few, unless the sitting was asked for. */
  steps: Array<SittingStep>;
  /** How many steps are left out. */
  more: number;
  /** The moment after it. */
  heads: Array<string>;
}
/** A few changes in a row that were one thing to do. */
export interface SittingStep {
  /** What was done, in the author's language. */
  message: string;
  /** When the last of it was done. */
  at: string;
  /** How many changes it is made of. */
  changes: number;
  /** What it touched; at most eight. */
  elements: Array<string>;
  /** The moment after it. */
  heads: Array<string>;
}
/** Asks for the blueprint as it was. */
export interface AtQuery {
  /** The project. */
  project: string;
  /** The moment. */
  heads: Array<string>;
}
/** An element that differs. */
export interface Difference {
  /** Which. */
  id: string;
  /** What it is. */
  kind: DifferenceKind;
  /** How it differs. */
  sort: DifferenceSort;
  /** What it is called, `R-12` for a requirement, `Order.total` for an attribute. */
  title: string;
  /** What it says, where it was added or removed. */
  detail: string;
  /** The entity of an attribute. */
  parent: string | null;
  /** What differs, where it was changed. */
  fields: Array<FieldDifference>;
}
/** What a difference is about. */
export type DifferenceKind = "requirement" | "entity" | "attribute" | "relation" | "brief";
/** How something differs. */
export type DifferenceSort = "added" | "changed" | "removed";
/** One field of an element that differs. Words like `must` stand as they are stored. */
export interface FieldDifference {
  /**
   * Which: `text`, `kind`, `priority`, `state`, `place`, `entities`, `name`, `label`, `note`, `type`, `values`,
   * `required`, `unique`, `ends`, `cardinality`, `source`.
   */
  field: string;
  /** What it was. */
  before: string;
  /** What it became. */
  after: string;
  /** Both, word by word, where that says more. */
  passages: Array<Passage>;
}
/** A part of a text that was compared with another, word by word. */
export interface Passage {
  /** Where it is. */
  side: Side;
  /** The words, with the spaces between them. */
  text: string;
}
/** Which side a part of a text is on. */
export type Side = "both" | "before" | "after";
/** The blueprint as it was. Comments and what waits belong to the present and are not told. */
export interface Then {
  /** When its last change was made. */
  at: string;
  /** Its requirements, in their order of then. */
  requirements: Array<Requirement>;
  /** Its data model. */
  model: Model;
  /** What differs from then to now. */
  differences: Array<Difference>;
}
/** Asks what differs between two moments. */
export interface CompareQuery {
  /** The project. */
  project: string;
  /** The earlier moment: its heads, or the id of a named version. Empty for the beginning. */
  from: Array<string>;
  /** The later one in the same form, or null for now. */
  to?: Array<string> | null;
}
/** What differs between two moments. */
export interface Comparison {
  /** In the order of the screens. */
  differences: Array<Difference>;
  /** The same as a plain list, for paper and for scripts. */
  text: string;
}
/** Makes things again what they were. */
export interface Restore {
  /** The project. */
  project: string;
  /** The moment. */
  heads: Array<string>;
  /** Requirements, entities, attributes, relations or briefs; null for everything. */
  ids?: Array<string> | null;
}
/** What a restoration did. */
export interface Restored {
  /** How many elements are otherwise than before. */
  elements: number;
}
/** A moment with a name. */
export interface Version {
  /** Which. */
  id: string;
  /** Its name. */
  name: string;
  /** Anything worth saying about it. */
  note: string;
  /** Who named it. */
  author: string;
  /** When it was named. */
  named_at: string;
  /** When the last change before it was made. */
  at: string;
  /** The moment. */
  heads: Array<string>;
}
/** Gives a moment a name. */
export interface NameVersion {
  /** The project. */
  project: string;
  /** The name. */
  name: string;
  /** Anything worth saying about it. */
  note?: string | null;
  /** The moment, or null for now. */
  heads?: Array<string> | null;
}
/** A find of a search. */
export interface Hit {
  /** Which. */
  id: string;
  /** What it is. */
  kind: HitKind;
  /** What a list shows. */
  title: string;
  /** The words around the find. */
  excerpt: string;
  /** The element to go to. */
  element: string;
}
/** What a find is. */
export type HitKind = "requirement" | "entity" | "comment";
/** Searches requirements, entities and comments. */
export interface SearchQuery {
  /** The project. */
  project: string;
  /** Words, each as a beginning. */
  query: string;
}
/** Why an element is there. */
export interface Why {
  /** Which. */
  id: string;
  /** What it is called. */
  title: string;
  /** From the element to the client's words. */
  steps: Array<WhyStep>;
}
/** One link of the chain from an element to the client's words. */
export interface WhyStep {
  /** What it is. */
  title: string;
  /** What it says. */
  detail: string;
  /** When, where that is known. */
  at: string | null;
}

// rooms
/** A comment as screens show it. */
export interface Comment {
  /** Which. */
  id: string;
  /** The name of who wrote it. */
  author: string;
  /** Whether the person at this device wrote it. */
  mine: boolean;
  /** When, by the author's clock. */
  at: string;
  /** What it says. */
  text: string;
  /** How it stands. */
  state: CommentState;
  /** Why it was refused. */
  reason: string | null;
  /** Whether it came since the thread was last read here. */
  unread: boolean;
}
/** How a comment stands. */
export type CommentState = "sent" | "pending" | "refused";
/** The comments on one element. */
export interface Thread {
  /** What they are about. */
  element: string;
  /** In the server's order, then those that wait. */
  comments: Array<Comment>;
}
/** Asks for a comment to be written. */
export interface WriteComment {
  /** The project. */
  project: string;
  /** The element. */
  element: string;
  /** 1 to 10,000 characters. */
  text: string;
}

// sync
/** Sync at a glance. */
export interface Badge {
  /** Of the part that fares worst. */
  state: BadgeState;
  /** Entries that wait for a server. */
  pending: number;
  /** Entries that a server refused. */
  refused: number;
  /** In words. */
  detail: string | null;
  /** When everything was last proven equal. */
  proven_at: string | null;
}
/** How sync stands. */
export type BadgeState = "local" | "proven" | "syncing" | "connecting" | "offline" | "paused" | "refused" | "signed_out" | "error";
/** Everything about sync. */
export interface Inspection {
  /** The whole. */
  badge: Badge;
  /** The public half of this device's signing key, in hex. */
  device_key: string;
  /** Its parts. */
  spaces: Array<SpaceSync>;
}
/** An entry that the server refused. */
export interface RefusedEntry {
  /** Which, in hex. */
  id: string;
  /** What it was about to do. */
  what: string;
  /** Why it was refused. */
  reason: string;
  /** When it was made. */
  at: string;
  /** Whether sending it again can help. */
  can_retry: boolean;
  /** The words of a refused comment. */
  text: string | null;
  /** The part that a refused comment was written on, so that its words can be mended there. */
  element?: string | null;
}
/** Someone in a space. */
export interface SpacePerson {
  /** Their name. */
  name: string;
  /** Their role. */
  role: Role;
  /** Whether one of their devices is connected. */
  online: boolean;
  /** Whether a device of theirs has told that it had read everything that this device holds; null for whoever never told. */
  up_to_date: boolean | null;
  /** When it told. */
  told_at: string | null;
}
/** Sync of one space. */
export interface SpaceSync {
  /** Which. */
  space: string;
  /** The project's name. */
  name: string;
  /** Where it is shared, or null. */
  server: string | null;
  /** What the person may do. */
  role: Role;
  /** How it stands. */
  state: BadgeState;
  /** Whether the person has paused it. */
  paused: boolean;
  /** The last entry that this device holds. */
  local_seq: string;
  /** The last entry that the server has named. */
  server_seq: string | null;
  /** The proof of the log on this device, in hex. */
  local_chain: string;
  /** The proof of the log on the server, in hex. */
  server_chain: string | null;
  /** Entries that wait for the server. */
  pending: number;
  /** What the server refused. */
  refused: Array<RefusedEntry>;
  /** Who is in it. */
  people: Array<SpacePerson>;
  /** When both proofs were last equal with nothing waiting. */
  proven_at: string | null;
  /** What stands in the way, in words. */
  last_error: string | null;
}
/** Pauses a space's sync, or resumes it. */
export interface PauseSpace {
  /** Which. */
  space: string;
  /** The wish. */
  paused: boolean;
}
/** How one part of a project stands. */
export interface SpacePart {
  /** What people call it. */
  name: string;
  /** Entries that wait for the server. */
  waiting: number;
  /** The place of its newest entry in the log; null where it was put away long ago. */
  last: string | null;
  /** Whose devices have told that they read it up to there. */
  seen_by: Array<string>;
  /** Changes that no document library can apply, and that are left out. */
  unreadable: number;
}
/** The parts of a shared project and what waits in them. */
export interface SpaceParts {
  /** Documents and kinds of records. */
  parts: Array<SpacePart>;
  /** The oldest entries that wait, at most twenty. */
  waiting: Array<WaitingEntry>;
}
/** Names a space. */
export interface SpaceRef {
  /** Which. */
  space: string;
}
/** An entry that waits for the server. */
export interface WaitingEntry {
  /** Which, in hex. */
  id: string;
  /** What it does. */
  what: string;
  /** When it was made. */
  at: string;
}
/** Names a refused entry. */
export interface EntryRef {
  /** Where. */
  space: string;
  /** Which, in hex. */
  entry: string;
}

// identity
/** What a pasted address or link leads to. */
export interface Probe {
  /** Its address. */
  server: string;
  /** What the link is. */
  kind: ProbeKind;
  /** What the server calls itself. */
  server_name: string;
  /** What an invitation leads to. */
  project_name: string | null;
  /** The role that an invitation gives. */
  role: Role | null;
  /** The person's name there, if this device is signed in. */
  signed_in_as: string | null;
}
/** What kind of place a link leads to. */
export type ProbeKind = "plain" | "setup" | "invitation";
/** A pasted address or link. */
export interface ProbeLink {
  /** As it was pasted. */
  link: string;
}
/** Signs in on the server that a link leads to. */
export interface SignIn {
  /** As it was pasted. */
  link: string;
  /** The account. */
  email: string;
  /** Its password. */
  password: string;
}
/** Makes an account with a set-up link or an invitation. */
export interface SignUp {
  /** As it was pasted. */
  link: string;
  /** What others call the person. */
  name: string;
  /** What they will sign in with. */
  email: string;
  /** At least 10 characters. */
  password: string;
}
/** Names a server. */
export interface ServerRef {
  /** Its address. */
  server: string;
}

/** Every command, with what it takes and what it answers. */
export interface Commands {
  "workspace.status": { input: Ok; output: WorkspaceStatus };
  "workspace.set_preferences": { input: SetPreferences; output: WorkspaceStatus };
  "workspace.verify": { input: Ok; output: VerifyReport };
  "project.list": { input: Ok; output: Array<Project> };
  "project.create": { input: CreateProject; output: Project };
  "project.rename": { input: RenameProject; output: Project };
  "project.remove": { input: ProjectRef; output: Project };
  "project.restore": { input: ProjectRef; output: Project };
  "project.share": { input: ShareProject; output: Project };
  "project.join": { input: JoinProject; output: Project };
  "project.invite": { input: Invite; output: Invitation };
  "project.members": { input: ProjectRef; output: Array<Member> };
  "project.set_role": { input: SetMemberRole; output: Ok };
  "project.remove_member": { input: MemberRef; output: Ok };
  "blueprint.propose": { input: Propose; output: ChangeSet };
  "blueprint.accept": { input: Accept; output: Ok };
  "blueprint.briefs": { input: ProjectRef; output: Array<Brief> };
  "blueprint.requirements": { input: ListRequirements; output: Array<Requirement> };
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
  "blueprint.history": { input: HistoryQuery; output: Array<Change> };
  "blueprint.conflicts": { input: ProjectRef; output: Array<Conflict> };
  "blueprint.resolve": { input: Resolve; output: Ok };
  "blueprint.moments": { input: MomentsQuery; output: Moments };
  "blueprint.at": { input: AtQuery; output: Then };
  "blueprint.compare": { input: CompareQuery; output: Comparison };
  "blueprint.restore": { input: Restore; output: Restored };
  "blueprint.versions": { input: ProjectRef; output: Array<Version> };
  "blueprint.name_version": { input: NameVersion; output: Version };
  "blueprint.remove_version": { input: ElementRef; output: Ok };
  "blueprint.search": { input: SearchQuery; output: Array<Hit> };
  "blueprint.why": { input: ElementRef; output: Why };
  "rooms.thread": { input: ElementRef; output: Thread };
  "rooms.comment": { input: WriteComment; output: Comment };
  "rooms.mark_read": { input: ElementRef; output: Ok };
  "sync.badge": { input: Ok; output: Badge };
  "sync.inspect": { input: Ok; output: Inspection };
  "sync.now": { input: Ok; output: Badge };
  "sync.pause": { input: PauseSpace; output: Ok };
  "sync.parts": { input: SpaceRef; output: SpaceParts };
  "sync.compare": { input: SpaceRef; output: VerifyReport };
  "sync.retry": { input: EntryRef; output: Ok };
  "sync.discard": { input: EntryRef; output: Ok };
  "identity.probe": { input: ProbeLink; output: Probe };
  "identity.sign_in": { input: SignIn; output: Account };
  "identity.sign_up": { input: SignUp; output: Account };
  "identity.sign_out": { input: ServerRef; output: Ok };
}
export type CommandName = keyof Commands;
/** Words that `changed` events carry; a screen refreshes the queries of that context. */
export type Topic = "workspace" | "project" | "blueprint" | "rooms" | "sync" | "identity";
