import type {
  Conflict,
  Account,
  Attribute,
  Badge,
  Change,
  Commands,
  Comment,
  CommandName,
  Entity,
  Invitation,
  Member,
  Problem,
  Project,
  RefusedEntry,
  Relation,
  Requirement,
  Topic,
  Version,
  WorkspaceStatus,
} from "../api/generated";
import { difference } from "../blueprint/splice";
import { differences, listed, type Shown } from "./fake/past";
import { propose, type Proposal } from "./fake/translate";
import { VersionedText } from "./fake/text";
import type { Platform } from "./index";

/** An in-memory stand-in for the core: the same commands, the same shapes, no disk and no network. For tests and `npm run dev`. */
export interface FakePlatform extends Platform {
  /** What was copied, in order. */
  copied: string[];
  /** Every call made, in order. */
  calls: { name: string; payload: unknown }[];
  /** Makes the next calls of this command reject. */
  refuse(name: CommandName, problem: Problem | null): void;
  /** Edits a requirement's text as another device would. */
  remoteEdit(project: string, id: string, text: string): void;
  setBadge(badge: Partial<Badge>): void;
  /** Two people decided differently about the first requirement's priority. */
  addConflict(): void;
  addRefused(entry: RefusedEntry): void;
  menu(action: string): void;
  setRole(project: string, role: Project["role"]): void;
  title: string;
  /** The verbs that the window's menu was told of last. */
  offered: string[];
}

interface Note extends Omit<Requirement, "text" | "entities" | "comments" | "unread"> {
  text: VersionedText;
  linked: string[];
}
interface Store {
  project: Project;
  counter: number;
  requirements: Note[];
  entities: Entity[];
  relations: Relation[];
  briefs: Commands["blueprint.briefs"]["output"];
  threads: Map<string, Comment[]>;
  history: (Change & { elements: string[] })[];
  /** What was shown after each change, by its hash. */
  past: Map<string, { kept: Snapshot; shown: Shown }>;
  versions: Version[];
  undo: Snapshot[];
  redo: Snapshot[];
  members: Member[];
  paused: boolean;
  conflicts?: Conflict[];
}
interface Snapshot {
  label: string;
  requirements: (Omit<Note, "text"> & { words: string; text: VersionedText })[];
  entities: Entity[];
  relations: Relation[];
}

type Handlers = { [N in CommandName]: (input: Commands[N]["input"]) => Commands[N]["output"] };

export interface FakeOptions {
  sample?: boolean;
  language?: "en" | "ru" | null;
  /** Milliseconds an answer takes. */
  delay?: number;
}

export function fakePlatform(options: FakeOptions = {}): FakePlatform {
  let serial = 0;
  const id = (prefix: string) => `${prefix}_01j${(++serial).toString(36).padStart(5, "0")}`;
  const now = () => new Date().toISOString();
  const listeners = new Set<(topics: Topic[]) => void>();
  const menus = new Set<(action: string) => void>();
  const refusals = new Map<string, Problem>();
  const stores = new Map<string, Store>();
  const proposals = new Map<string, Proposal>();
  let refused: RefusedEntry[] = [];
  let override: Partial<Badge> = {};
  const status: WorkspaceStatus = {
    version: "0.1.0",
    device_name: "laptop",
    person_name: "",
    key_home: "keyring",
    language: options.language === undefined ? "en" : options.language,
    theme: "system",
    accounts: [],
  };

  const changed = (...topics: Topic[]) => queueMicrotask(() => listeners.forEach((tell) => tell(topics)));
  const fail = (code: Problem["code"], message: string, field?: string): never => {
    throw { code, message, field: field ?? null } satisfies Problem;
  };
  const store = (project: string): Store =>
    stores.get(project) ?? fail("not_found", "This project is not on this device.");
  const find = <T extends { id: string }>(list: T[], wanted: string): T =>
    list.find((entry) => entry.id === wanted) ?? fail("not_found", "This part is no longer in the blueprint.");
  const named = (name: string, field = "name"): string =>
    name.trim() || fail("invalid", "A name needs at least one letter.", field);

  function snapshot(s: Store, label: string): Snapshot {
    return {
      label,
      requirements: s.requirements.map((note) => ({ ...note, linked: [...note.linked], words: note.text.text })),
      entities: structuredClone(s.entities),
      relations: structuredClone(s.relations),
    };
  }
  function restore(s: Store, past: Snapshot): void {
    s.requirements = past.requirements.map(({ words, ...note }) => {
      const current = note.text.read();
      note.text.edit(current.heads, difference(current.text, words));
      return { ...note };
    });
    s.entities = structuredClone(past.entities);
    s.relations = structuredClone(past.relations);
  }
  function record(s: Store, message: string, elements: string[]): void {
    s.history.unshift({
      hash: Math.random().toString(16).slice(2, 10) + Math.random().toString(16).slice(2, 10),
      author: status.person_name || "You",
      mine: true,
      at: now(),
      message,
      pending: s.project.server !== null && badge().state === "offline",
      elements,
    });
    s.past.set(s.history[0]!.hash, { kept: snapshot(s, message), shown: shown(s) });
    s.project.updated_at = now();
    changed("blueprint", "project");
  }
  function shown(s: Store): Shown {
    return {
      requirements: s.requirements.map((note) => requirement(s, note)),
      model: structuredClone({ entities: s.entities, relations: s.relations }),
    };
  }
  function moment(s: Store, heads: string[]): Shown {
    const hash = s.versions.find((version) => version.id === heads[0])?.heads[0] ?? heads[0] ?? "";
    if (heads.length === 0) return { requirements: [], model: { entities: [], relations: [] } };
    return s.past.get(hash)?.shown ?? fail("not_found", "This device does not hold that moment.");
  }
  /** Performs one undoable edit. Keystrokes in one text gather into one step. */
  function edit<T>(s: Store, message: string, elements: string[], act: () => T, gather = false): T {
    if (!(gather && s.undo.at(-1)?.label === message && s.history[0]?.message === message))
      s.undo.push(snapshot(s, message));
    s.redo = [];
    const result = act();
    record(s, message, elements);
    return result;
  }
  function nextKey(s: Store): string {
    return `R-${++s.counter}`;
  }
  function thread(s: Store, element: string): Comment[] {
    let comments = s.threads.get(element);
    if (!comments) s.threads.set(element, (comments = []));
    return comments;
  }
  const unread = (s: Store, element: string) =>
    (s.threads.get(element) ?? []).filter((comment) => comment.unread).length;
  function requirement(s: Store, note: Note): Requirement {
    const { text, linked, ...facts } = note;
    return {
      ...facts,
      text: text.text,
      entities: linked.flatMap((wanted) =>
        s.entities.filter((entity) => entity.id === wanted).map(({ id, name }) => ({ id, name })),
      ),
      comments: s.threads.get(note.id)?.length ?? 0,
      unread: unread(s, note.id),
    };
  }
  function entity(s: Store, it: Entity): Entity {
    return {
      ...structuredClone(it),
      requirements: s.requirements.filter((note) => note.linked.includes(it.id)).map(({ id, key }) => ({ id, key })),
      comments: s.threads.get(it.id)?.length ?? 0,
      unread: unread(s, it.id),
    };
  }
  function projectOf(s: Store): Project {
    return { ...s.project, requirements: s.requirements.length, entities: s.entities.length };
  }
  function create(name: string): Store {
    const s: Store = {
      project: {
        id: id("prj"),
        space: id("spc"),
        name: named(name),
        server: null,
        role: "owner",
        requirements: 0,
        entities: 0,
        updated_at: now(),
        removed: false,
      },
      counter: 0,
      requirements: [],
      entities: [],
      relations: [],
      briefs: [],
      threads: new Map(),
      history: [],
      past: new Map(),
      versions: [],
      undo: [],
      redo: [],
      members: [],
      paused: false,
    };
    stores.set(s.project.id, s);
    return s;
  }
  function badge(): Badge {
    const shared = [...stores.values()].some((s) => s.project.server && !s.project.removed);
    const state = refused.length ? "refused" : shared ? "proven" : "local";
    return { state, pending: 0, refused: refused.length, detail: null, proven_at: shared ? now() : null, ...override };
  }
  function serverOf(link: string): string {
    try {
      const url = new URL(/^https?:/.test(link.trim()) ? link.trim() : `https://${link.trim()}`);
      if (!url.hostname.includes(".") && url.hostname !== "localhost") throw new Error();
      return url.origin;
    } catch {
      return fail("invalid", "This is not an address or a link. It looks like https://sync.example.com.", "link");
    }
  }
  function account(link: string, name: string, email: string): Account {
    const server = serverOf(link);
    const made: Account = { server, person: id("per"), name, email, signed_in: true };
    status.accounts = [...status.accounts.filter((other) => other.server !== server), made];
    if (!status.person_name) status.person_name = name;
    changed("identity", "workspace");
    return made;
  }
  function step(project: string, from: "undo" | "redo"): Commands["blueprint.undo"]["output"] {
    const s = store(project);
    const past = s[from].pop();
    if (past) {
      s[from === "undo" ? "redo" : "undo"].push(snapshot(s, past.label));
      restore(s, past);
      record(s, from === "undo" ? `Undid: ${past.label}` : `Redid: ${past.label}`, []);
    }
    return { did: past?.label ?? null, can_undo: s.undo.length > 0, can_redo: s.redo.length > 0 };
  }

  const chain = "9f3c1e77a04b5d2286e1c0ffab19d3e45a7b60c2d8e9f1a3b4c5d6e7f8091a2b";

  const handlers: Handlers = {
    "workspace.status": () => structuredClone(status),
    "workspace.set_preferences": (input) => {
      if (input.person_name != null) status.person_name = input.person_name;
      if (input.device_name != null) status.device_name = named(input.device_name, "device_name");
      if (input.language != null) status.language = input.language;
      if (input.theme != null) status.theme = input.theme;
      changed("workspace");
      return structuredClone(status);
    },
    "workspace.verify": () => ({
      ok: true,
      checks: [
        { name: "Projections", ok: true, detail: "Rebuilt from the documents; all rows are equal." },
        { name: "Log", ok: true, detail: "Every entry's hash follows from the one before it." },
        { name: "Search index", ok: true, detail: "Rebuilt; the same 214 terms." },
      ],
    }),
    "project.list": () => [...stores.values()].map(projectOf),
    "project.create": ({ name }) => {
      const s = create(name);
      changed("project");
      return projectOf(s);
    },
    "project.rename": ({ project, name }) => {
      const s = store(project);
      s.project.name = named(name);
      changed("project");
      return projectOf(s);
    },
    "project.remove": ({ project }) => {
      store(project).project.removed = true;
      changed("project");
      return projectOf(store(project));
    },
    "project.restore": ({ project }) => {
      store(project).project.removed = false;
      changed("project");
      return projectOf(store(project));
    },
    "project.share": ({ project, server }) => {
      const s = store(project);
      const me = status.accounts.find((entry) => entry.server === serverOf(server) && entry.signed_in);
      if (!me) return fail("unauthorized", "Sign in to this server first.");
      s.project.server = me.server;
      s.members = [{ person: me.person, name: me.name, email: me.email, role: "owner", me: true }];
      changed("project", "sync");
      return projectOf(s);
    },
    "project.join": ({ link }) => {
      const s = create("Bakery orders");
      s.project.server = serverOf(link);
      s.project.role = "editor";
      s.members = [
        { person: id("per"), name: "Ada Brandt", email: "ada@example.com", role: "owner", me: false },
        { person: id("per"), name: status.person_name || "You", email: "you@example.com", role: "editor", me: true },
      ];
      changed("project", "sync");
      return projectOf(s);
    },
    "project.invite": ({ project }): Invitation => {
      const s = store(project);
      if (!s.project.server) return fail("conflict", "Share the project before inviting people.");
      return {
        link: `${s.project.server}/#/join/inv_${id("t")}${chain.slice(0, 24)}`,
        expires_at: new Date(Date.now() + 7 * 86_400_000).toISOString(),
      };
    },
    "project.members": ({ project }) => structuredClone(store(project).members),
    "project.set_role": ({ project, person, role }) => {
      const member = store(project).members.find((entry) => entry.person === person);
      if (member) member.role = role;
      changed("project");
      return {};
    },
    "project.remove_member": ({ project, person }) => {
      const s = store(project);
      s.members = s.members.filter((entry) => entry.person !== person);
      changed("project");
      return {};
    },
    "blueprint.propose": ({ project, text }) => {
      const s = store(project);
      if (!text.trim()) return fail("invalid", "There is nothing to translate yet.", "text");
      const proposal = propose(text, s.entities);
      proposals.set(`${project}\n${text}`, proposal);
      const { plans: _, ...set } = proposal;
      return structuredClone(set);
    },
    "blueprint.accept": ({ project, title, text, items }) => {
      const s = store(project);
      const proposal = proposals.get(`${project}\n${text}`) ?? propose(text, s.entities);
      const chosen = new Set(items);
      return edit(s, `Accepted ${items.length} parts of “${title}”`, [], () => {
        const brief = { id: id("brf"), title, text, added_at: now(), author: status.person_name || "You" };
        s.briefs.unshift(brief);
        const byName = new Map(s.entities.map((it) => [it.name.toLowerCase(), it.id]));
        for (const [item, plan] of proposal.plans) {
          if (!chosen.has(item)) continue;
          if (plan.kind === "entity") {
            const made: Entity = {
              id: id("ent"),
              name: plan.name,
              label: plan.label,
              note: "",
              x: null,
              y: null,
              attributes: [],
              requirements: [],
              comments: 0,
              unread: 0,
              pending: false,
            };
            s.entities.push(made);
            byName.set(plan.name, made.id);
          }
        }
        for (const [item, plan] of proposal.plans) {
          if (!chosen.has(item)) continue;
          if (plan.kind === "attribute")
            s.entities
              .find((it) => it.id === byName.get(plan.entity))
              ?.attributes.push({
                id: id("att"),
                name: plan.name,
                label: plan.name,
                type: plan.type,
                values: plan.values,
                required: plan.name === "name" || plan.name === "number",
                unique: plan.name === "sku" || plan.name === "number",
              });
          if (plan.kind === "relation") {
            const from = byName.get(plan.from);
            const to = byName.get(plan.to);
            if (from && to)
              s.relations.push({ id: id("rel"), from, to, cardinality: plan.cardinality, label: plan.label });
          }
          if (plan.kind === "requirement")
            s.requirements.push({
              id: id("req"),
              key: nextKey(s),
              text: new VersionedText(plan.text),
              kind: plan.requirement,
              priority: plan.priority,
              state: "draft",
              source: { brief: brief.id, sentence: plan.sentence, start: plan.start, end: plan.end },
              linked: plan.entities.flatMap((name) => byName.get(name) ?? []),
              pending: false,
            });
        }
        return {};
      });
    },
    "blueprint.briefs": ({ project }) => structuredClone(store(project).briefs),
    "blueprint.requirements": ({ project, query }) => {
      const s = store(project);
      const wanted = query?.trim().toLowerCase();
      return s.requirements
        .map((note) => requirement(s, note))
        .filter((it) => !wanted || `${it.key} ${it.text}`.toLowerCase().includes(wanted));
    },
    "blueprint.add_requirement": ({ project, text, after }) => {
      const s = store(project);
      return edit(s, "Added a requirement", [], () => {
        const note: Note = {
          id: id("req"),
          key: nextKey(s),
          text: new VersionedText(text),
          kind: "functional",
          priority: "should",
          state: "draft",
          source: null,
          linked: [],
          pending: s.project.server !== null,
        };
        const index = after ? s.requirements.findIndex((it) => it.id === after) + 1 : s.requirements.length;
        s.requirements.splice(index, 0, note);
        return requirement(s, note);
      });
    },
    "blueprint.set_requirement": ({ project, id: wanted, kind, priority, state }) => {
      const s = store(project);
      const note = find(s.requirements, wanted);
      return edit(s, `Changed ${note.key}`, [wanted], () => {
        // Notes are replaced, not changed in place: snapshots share them.
        const next = {
          ...note,
          kind: kind ?? note.kind,
          priority: priority ?? note.priority,
          state: state ?? note.state,
        };
        s.requirements[s.requirements.indexOf(note)] = next;
        return requirement(s, next);
      });
    },
    "blueprint.move_requirement": ({ project, id: wanted, after }) => {
      const s = store(project);
      const note = find(s.requirements, wanted);
      return edit(s, `Moved ${note.key}`, [wanted], () => {
        s.requirements = s.requirements.filter((it) => it !== note);
        s.requirements.splice(after ? s.requirements.findIndex((it) => it.id === after) + 1 : 0, 0, note);
        return {};
      });
    },
    "blueprint.remove_requirement": ({ project, id: wanted }) => {
      const s = store(project);
      const note = find(s.requirements, wanted);
      return edit(s, `Deleted ${note.key}`, [wanted], () => {
        s.requirements = s.requirements.filter((it) => it !== note);
        return {};
      });
    },
    "blueprint.text": ({ project, id: wanted, since }) => find(store(project).requirements, wanted).text.read(since),
    "blueprint.edit_text": ({ project, id: wanted, heads, splices }) => {
      const s = store(project);
      const note = find(s.requirements, wanted);
      return edit(s, `Edited ${note.key}`, [wanted], () => note.text.edit(heads, splices), true);
    },
    "blueprint.model": ({ project }) => {
      const s = store(project);
      return { entities: s.entities.map((it) => entity(s, it)), relations: structuredClone(s.relations) };
    },
    "blueprint.add_entity": ({ project, name, x, y }) => {
      const s = store(project);
      const clean = named(name);
      if (s.entities.some((it) => it.name === clean))
        return fail("conflict", `There is already an entity named ${clean}.`, "name");
      return edit(s, `Added ${clean}`, [], () => {
        const made: Entity = {
          id: id("ent"),
          name: clean,
          label: clean,
          note: "",
          x: x ?? null,
          y: y ?? null,
          attributes: [],
          requirements: [],
          comments: 0,
          unread: 0,
          pending: s.project.server !== null,
        };
        s.entities.push(made);
        return entity(s, made);
      });
    },
    "blueprint.set_entity": ({ project, id: wanted, name, label, note }) => {
      const s = store(project);
      const it = find(s.entities, wanted);
      const clean = name == null ? it.name : named(name);
      if (s.entities.some((other) => other !== it && other.name === clean))
        return fail("conflict", `There is already an entity named ${clean}.`, "name");
      return edit(s, `Changed ${it.name}`, [wanted], () => {
        it.name = clean;
        if (label != null) it.label = label;
        if (note != null) it.note = note;
        return entity(s, it);
      });
    },
    "blueprint.place_entities": ({ project, places }) => {
      const s = store(project);
      return edit(
        s,
        "Moved entities",
        places.map((place) => place.id),
        () => {
          for (const place of places) {
            const it = s.entities.find((entry) => entry.id === place.id);
            if (it) ({ x: it.x, y: it.y } = place);
          }
          return {};
        },
      );
    },
    "blueprint.remove_entity": ({ project, id: wanted }) => {
      const s = store(project);
      const it = find(s.entities, wanted);
      return edit(s, `Deleted ${it.name}`, [wanted], () => {
        s.entities = s.entities.filter((entry) => entry.id !== wanted);
        s.relations = s.relations.filter((relation) => relation.from !== wanted && relation.to !== wanted);
        return {};
      });
    },
    "blueprint.add_attribute": ({ project, entity: owner, name, type }) => {
      const s = store(project);
      const it = find(s.entities, owner);
      const clean = named(name);
      if (it.attributes.some((other) => other.name === clean))
        return fail("conflict", `${it.name} already has ${clean}.`, "name");
      return edit(s, `Added ${it.name}.${clean}`, [owner], () => {
        const made: Attribute = {
          id: id("att"),
          name: clean,
          label: clean,
          type,
          values: [],
          required: false,
          unique: false,
        };
        it.attributes.push(made);
        return structuredClone(made);
      });
    },
    "blueprint.set_attribute": ({ project, entity: owner, id: wanted, name, type, values, required, unique }) => {
      const s = store(project);
      const it = find(s.entities, owner);
      const attribute = find(it.attributes, wanted);
      return edit(s, `Changed ${it.name}.${attribute.name}`, [owner], () => {
        if (name != null) attribute.name = named(name);
        if (type != null) attribute.type = type;
        if (values != null) attribute.values = values;
        if (required != null) attribute.required = required;
        if (unique != null) attribute.unique = unique;
        return structuredClone(attribute);
      });
    },
    "blueprint.remove_attribute": ({ project, entity: owner, id: wanted }) => {
      const s = store(project);
      const it = find(s.entities, owner);
      return edit(s, `Deleted ${it.name}.${find(it.attributes, wanted).name}`, [owner], () => {
        it.attributes = it.attributes.filter((entry) => entry.id !== wanted);
        return {};
      });
    },
    "blueprint.add_relation": ({ project, from, to, cardinality, label }) => {
      const s = store(project);
      const message = `Connected ${find(s.entities, from).name} and ${find(s.entities, to).name}`;
      return edit(s, message, [from, to], () => {
        const made: Relation = { id: id("rel"), from, to, cardinality, label: label ?? "" };
        s.relations.push(made);
        return structuredClone(made);
      });
    },
    "blueprint.set_relation": ({ project, id: wanted, cardinality, label }) => {
      const s = store(project);
      const relation = find(s.relations, wanted);
      return edit(s, "Changed a relation", [wanted], () => {
        if (cardinality != null) relation.cardinality = cardinality;
        if (label != null) relation.label = label;
        return structuredClone(relation);
      });
    },
    "blueprint.remove_relation": ({ project, id: wanted }) => {
      const s = store(project);
      return edit(s, "Deleted a relation", [wanted], () => {
        s.relations = s.relations.filter((entry) => entry.id !== wanted);
        return {};
      });
    },
    "blueprint.link": ({ project, requirement: wanted, entity: other, linked }) => {
      const s = store(project);
      const note = find(s.requirements, wanted);
      return edit(
        s,
        `${linked ? "Linked" : "Unlinked"} ${note.key} and ${find(s.entities, other).name}`,
        [wanted, other],
        () => {
          const rest = note.linked.filter((entry) => entry !== other);
          s.requirements[s.requirements.indexOf(note)] = { ...note, linked: linked ? [...rest, other] : rest };
          return {};
        },
      );
    },
    "blueprint.undo": ({ project }) => step(project, "undo"),
    "blueprint.redo": ({ project }) => step(project, "redo"),
    "blueprint.history": ({ project, id: wanted }) =>
      store(project)
        .history.filter((change) => !wanted || change.elements.includes(wanted))
        .map(({ elements: _, ...change }) => change),
    "blueprint.moments": ({ project, person, element, sitting }) => {
      const s = store(project);
      const changes = s.history
        .filter((change) => (!element || change.elements.includes(element)) && (!person || person === "me"))
        .filter((change) => !sitting || change.hash === sitting)
        .reverse();
      return {
        changes: changes.length,
        people: [{ id: "me", name: status.person_name || "You", mine: true }],
        // Every change is a sitting of its own here; the core knows how to gather them.
        sittings: changes.map((change) => ({
          id: change.hash,
          person: "me",
          author: change.author,
          mine: true,
          from: change.at,
          to: change.at,
          changes: 1,
          steps: [
            { message: change.message, at: change.at, changes: 1, elements: change.elements, heads: [change.hash] },
          ],
          more: 0,
          heads: [change.hash],
        })),
      };
    },
    "blueprint.at": ({ project, heads }) => {
      const s = store(project);
      const then = moment(s, heads);
      const at = s.history.find((change) => change.hash === heads[0])?.at ?? now();
      return { at, ...structuredClone(then), differences: differences(then, shown(s)) };
    },
    "blueprint.compare": ({ project, from, to }) => {
      const s = store(project);
      const found = differences(moment(s, from), to ? moment(s, to) : shown(s));
      return { differences: found, text: listed(found) };
    },
    "blueprint.restore": ({ project, heads, ids }) => {
      const s = store(project);
      const past = s.past.get(heads[0] ?? "") ?? fail("not_found", "This device does not hold that moment.");
      const found = differences(past.shown, shown(s)).filter((it) => !ids || ids.includes(it.id));
      if (found.length === 0) return { elements: 0 };
      return edit(s, "Restored", ids ?? [], () => {
        const kept = snapshot(s, "");
        const chosen = <T extends { id: string }>(then: T[], current: T[]) =>
          ids
            ? [
                ...current.filter((it) => !ids.includes(it.id)),
                ...then.filter((it) => ids.includes(it.id)),
              ]
            : then;
        restore(s, {
          ...kept,
          requirements: chosen(past.kept.requirements, kept.requirements),
          entities: chosen(past.kept.entities, kept.entities),
          relations: ids ? kept.relations : past.kept.relations,
        });
        return { elements: found.length };
      });
    },
    "blueprint.versions": ({ project }) => structuredClone(store(project).versions),
    "blueprint.name_version": ({ project, name, note, heads }) => {
      const s = store(project);
      const hash = heads?.[0] ?? s.history[0]?.hash ?? "";
      const version: Version = {
        id: id("ver"),
        name: named(name),
        note: note ?? "",
        author: status.person_name || "You",
        named_at: now(),
        at: s.history.find((change) => change.hash === hash)?.at ?? now(),
        heads: [hash],
      };
      s.versions.push(version);
      changed("blueprint");
      return structuredClone(version);
    },
    "blueprint.remove_version": ({ project, id: wanted }) => {
      const s = store(project);
      s.versions = s.versions.filter((version) => version.id !== wanted);
      changed("blueprint");
      return {};
    },
    "blueprint.search": ({ project, query }) => {
      const s = store(project);
      const wanted = query.trim().toLowerCase();
      if (!wanted) return [];
      const hits: Commands["blueprint.search"]["output"] = [];
      for (const note of s.requirements)
        if (`${note.key} ${note.text.text}`.toLowerCase().includes(wanted))
          hits.push({ id: note.id, kind: "requirement", title: note.key, excerpt: note.text.text, element: note.id });
      for (const it of s.entities)
        if (`${it.name} ${it.label}`.toLowerCase().includes(wanted))
          hits.push({ id: it.id, kind: "entity", title: it.name, excerpt: it.label, element: it.id });
      for (const [element, comments] of s.threads)
        for (const comment of comments)
          if (comment.text.toLowerCase().includes(wanted))
            hits.push({ id: comment.id, kind: "comment", title: comment.author, excerpt: comment.text, element });
      return hits;
    },
    "blueprint.conflicts": ({ project }) => structuredClone(store(project).conflicts ?? []),
    "blueprint.resolve": ({ project, element, field, choice }) => {
      const s = store(project);
      const found = s.conflicts?.find((one) => one.element === element && one.field === field);
      const chosen = found?.choices.find((one) => one.id === choice);
      const row = s.requirements.find((one) => one.id === element);
      if (row && chosen && field === "priority") row.priority = chosen.value as Requirement["priority"];
      s.conflicts = s.conflicts?.filter((one) => one !== found);
      changed("blueprint");
      return {};
    },
    "blueprint.why": ({ project, id: wanted }) => {
      const s = store(project);
      const note = s.requirements.find((it) => it.id === wanted);
      const it = s.entities.find((entry) => entry.id === wanted);
      const steps = s.history
        .filter((change) => change.elements.includes(wanted))
        .map((change) => ({ title: change.message, detail: change.author, at: change.at }));
      if (note?.source)
        steps.push({
          title: "From the client’s sentence",
          detail: note.source.sentence,
          at: s.briefs.find((brief) => brief.id === note.source!.brief)?.added_at ?? now(),
        });
      if (it)
        for (const link of s.requirements.filter((entry) => entry.linked.includes(it.id)))
          steps.push({ title: `Needed by ${link.key}`, detail: link.text.text, at: now() });
      return { id: wanted, title: note?.key ?? it?.name ?? "", steps };
    },
    "rooms.thread": ({ project, id: element }) => ({
      element,
      comments: structuredClone(store(project).threads.get(element) ?? []),
    }),
    "rooms.comment": ({ project, element, text }) => {
      const s = store(project);
      if (!text.trim()) return fail("invalid", "A comment needs words.", "text");
      const made: Comment = {
        id: id("cmt"),
        author: status.person_name || "You",
        mine: true,
        at: now(),
        text,
        state: s.project.server && badge().state !== "proven" ? "pending" : "sent",
        reason: null,
        unread: false,
      };
      thread(s, element).push(made);
      changed("rooms");
      return structuredClone(made);
    },
    "rooms.mark_read": ({ project, id: element }) => {
      for (const comment of thread(store(project), element)) comment.unread = false;
      changed("rooms");
      return {};
    },
    "sync.badge": badge,
    "sync.inspect": () => ({
      badge: badge(),
      device_key: "ed25519:5f1b9c02e77d4a318b60aa9d2c1e44f0",
      spaces: [...stores.values()]
        .filter((s) => !s.project.removed)
        .map((s, index) => {
          const shared = s.project.server !== null;
          const current = badge();
          return {
            space: s.project.space,
            name: s.project.name,
            server: s.project.server,
            role: s.project.role,
            state: s.paused ? "paused" : shared ? current.state : "local",
            paused: s.paused,
            local_seq: String(s.history.length + 214),
            server_seq: shared ? String(s.history.length + 214 - current.pending) : null,
            local_chain: chain,
            server_chain: shared ? (current.pending ? `41${chain.slice(2)}` : chain) : null,
            pending: shared ? current.pending : 0,
            refused: index === 0 || shared ? structuredClone(refused) : [],
            people: s.members.map((member) => ({
              name: member.name,
              role: member.role,
              online: !member.me || current.state === "proven",
              up_to_date: member.me ? null : current.pending === 0,
              told_at: member.me ? null : now(),
            })),
            proven_at: shared ? current.proven_at : null,
            last_error: current.state === "error" ? current.detail : null,
          };
        }),
    }),
    "sync.now": () => {
      changed("sync");
      return badge();
    },
    "sync.parts": ({ space }) => {
      const found = [...stores.values()].find((s) => s.project.space === space);
      const waiting = found?.project.server ? badge().pending : 0;
      const others = found?.members.filter((member) => !member.me).map((member) => member.name) ?? [];
      return {
        parts: [
          { name: "Comments", waiting: 0, last: "198", seen_by: others, unreadable: 0 },
          { name: "Name of the project", waiting: 0, last: "2", seen_by: others, unreadable: 0 },
          { name: "Requirements and data", waiting, last: "214", seen_by: waiting ? [] : others, unreadable: 0 },
        ],
        waiting: Array.from({ length: Math.min(waiting, 20) }, (_, index) => ({
          id: `e${index}`,
          what: "Added a requirement",
          at: now(),
        })),
      };
    },
    "sync.compare": () => ({
      ok: true,
      checks: [{ name: "Proof of the whole log", ok: true, detail: "214 entries give 3ca50cfe21ab here and there" }],
    }),
    "sync.pause": ({ space, paused }) => {
      for (const s of stores.values()) if (s.project.space === space) s.paused = paused;
      changed("sync");
      return {};
    },
    "sync.retry": ({ entry }) => {
      refused = refused.filter((it) => it.id !== entry);
      changed("sync", "rooms");
      return {};
    },
    "sync.discard": ({ entry }) => {
      refused = refused.filter((it) => it.id !== entry);
      for (const s of stores.values())
        for (const [element, comments] of s.threads)
          s.threads.set(
            element,
            comments.filter((comment) => comment.id !== entry),
          );
      changed("sync", "rooms");
      return {};
    },
    "identity.probe": ({ link }) => {
      const server = serverOf(link);
      const signed = status.accounts.find((it) => it.server === server && it.signed_in);
      const invitation = link.includes("/join/");
      return {
        server,
        server_name: new URL(server).hostname,
        kind: link.includes("/setup/") ? "setup" : invitation ? "invitation" : "plain",
        project_name: invitation ? "Bakery orders" : null,
        role: invitation ? "editor" : null,
        signed_in_as: signed?.email ?? null,
      };
    },
    "identity.sign_in": ({ link, email, password }) => {
      if (password.length < 8)
        return fail("unauthorized", "This e-mail and password do not belong together.", "password");
      return account(link, email.split("@")[0]!, email);
    },
    "identity.sign_up": ({ link, name, email, password }) => {
      named(name);
      if (!email.includes("@")) return fail("invalid", "An e-mail address has an @.", "email");
      if (password.length < 12) return fail("invalid", "Use at least 12 characters.", "password");
      return account(link, name, email);
    },
    "identity.sign_out": ({ server }) => {
      for (const it of status.accounts) if (it.server === server) it.signed_in = false;
      changed("identity", "workspace");
      return {};
    },
  };

  if (options.sample) fillSample();
  function fillSample(): void {
    const s = create("Bike-parts shop");
    status.person_name = "Ada Brandt";
    const text =
      "We sell bike parts; stock and prices come from 1C every ten minutes. Customers order on the site and pay by card. " +
      "The warehouse gets a Slack message for every paid order. A customer sees the state of the order and can leave a review of a product. " +
      "Pages must open within one second on a phone.";
    const proposal = propose(text, []);
    proposals.set(`${s.project.id}\n${text}`, proposal);
    handlers["blueprint.accept"]({
      project: s.project.id,
      title: "First call with the client",
      text,
      items: proposal.items.map((item) => item.id),
    });
    for (const [words, kind, priority] of [
      ["A manager can refund an order in part or in full", "functional", "must"],
      ["Stock never goes below zero, even when two orders arrive at once", "constraint", "must"],
      ["Prices are shown with VAT and without", "functional", "should"],
      ["The catalogue can be searched by article number and by bike model", "functional", "should"],
      ["An order that is not paid within 30 minutes gives its stock back", "functional", "could"],
    ] as const) {
      const made = handlers["blueprint.add_requirement"]({ project: s.project.id, text: words });
      handlers["blueprint.set_requirement"]({
        project: s.project.id,
        id: made.id,
        kind,
        priority,
        state: priority === "must" ? "agreed" : "draft",
      });
    }
    const first = s.requirements[1]!;
    thread(s, first.id).push(
      {
        id: id("cmt"),
        author: "Ivan Petrov",
        mine: false,
        at: new Date(Date.now() - 7_200_000).toISOString(),
        text: "Does the client want to pay on delivery too?",
        state: "sent",
        reason: null,
        unread: true,
      },
      {
        id: id("cmt"),
        author: "Ada Brandt",
        mine: true,
        at: new Date(Date.now() - 600_000).toISOString(),
        text: "I asked; they answer on Monday.",
        state: "pending",
        reason: null,
        unread: false,
      },
    );
    create("Hairdresser booking");
    s.undo = [];
  }

  const fake: FakePlatform = {
    copied: [],
    calls: [],
    title: "",
    offered: [],
    async call(name, payload) {
      fake.calls.push({ name, payload });
      await new Promise((resolve) => setTimeout(resolve, options.delay ?? 0));
      const problem = refusals.get(name);
      if (problem) throw problem;
      const handler = handlers[name as CommandName] as ((input: unknown) => unknown) | undefined;
      if (!handler) throw { code: "not_found", message: `No command is named ${name}.` } satisfies Problem;
      return handler(payload);
    },
    onChanged(listen) {
      listeners.add(listen);
      return () => listeners.delete(listen);
    },
    onMenu(listen) {
      menus.add(listen);
      return () => menus.delete(listen);
    },
    offer(verbs) {
      fake.offered = verbs;
    },
    setTitle(title) {
      fake.title = title;
      document.title = title;
    },
    async copy(text) {
      fake.copied.push(text);
      await navigator.clipboard?.writeText(text).catch(() => {});
    },
    refuse(name, problem) {
      if (problem) refusals.set(name, problem);
      else refusals.delete(name);
    },
    remoteEdit(project, wanted, text) {
      const note = find(store(project).requirements, wanted);
      const current = note.text.read();
      note.text.edit(current.heads, difference(current.text, text));
      changed("blueprint");
    },
    setBadge(next) {
      override = next;
      changed("sync");
    },
    addConflict() {
      const s = [...stores.values()][0]!;
      const row = s.requirements[0]!;
      s.conflicts = [
        {
          element: row.id,
          part: null,
          kind: "requirement",
          title: row.key,
          field: "priority",
          choices: [
            { id: "2@a", value: row.priority, author: "You", mine: true, at: now(), shown: true },
            { id: "2@b", value: "could", author: "Ben", mine: false, at: now(), shown: false },
          ],
        },
      ];
      changed("blueprint");
    },
    addRefused(entry) {
      refused.push(entry);
      changed("sync");
    },
    setRole(project, role) {
      store(project).project.role = role;
      changed("project");
    },
    menu(action) {
      menus.forEach((tell) => tell(action));
    },
  };
  return fake;
}
