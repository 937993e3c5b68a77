import type { ChangeItem } from "../api/generated";

/** What is accepted of a change set. An item stands only together with all it needs. */

type Item = Pick<ChangeItem, "id" | "needs">;

/** The item and everything that must be accepted with it. */
export function withNeeds(items: readonly Item[], id: string): Set<string> {
  const byId = new Map(items.map((item) => [item.id, item]));
  return reach(id, (at) => byId.get(at)?.needs.filter((need) => byId.has(need)) ?? []);
}

/** The item and everything that cannot stand without it. */
export function withDependents(items: readonly Item[], id: string): Set<string> {
  return reach(id, (at) => items.filter((item) => item.needs.includes(at)).map((item) => item.id));
}

function reach(from: string, next: (id: string) => string[]): Set<string> {
  const seen = new Set<string>();
  const open = [from];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...next(id));
  }
  return seen;
}

/** Checks or unchecks items; what they need comes along, what needs them goes along. */
export function choose(
  items: readonly Item[],
  chosen: ReadonlySet<string>,
  ids: readonly string[],
  on: boolean,
): Set<string> {
  const result = new Set(chosen);
  for (const id of ids)
    for (const each of on ? withNeeds(items, id) : withDependents(items, id)) {
      if (on) result.add(each);
      else result.delete(each);
    }
  return result;
}

export interface Group {
  item: ChangeItem;
  /** Its attributes, for an entity. */
  parts: ChangeItem[];
}

export interface Groups {
  requirements: Group[];
  entities: Group[];
  relations: Group[];
}

/** Attributes stand under the entity that they need; one for an entity that exists already stands by itself. */
export function group(items: readonly ChangeItem[]): Groups {
  const entities = new Map(
    items.filter((item) => item.kind === "entity").map((item) => [item.id, { item, parts: [] as ChangeItem[] }]),
  );
  const result: Groups = { requirements: [], entities: [], relations: [] };
  for (const item of items) {
    if (item.kind === "requirement") result.requirements.push({ item, parts: [] });
    else if (item.kind === "relation") result.relations.push({ item, parts: [] });
    else if (item.kind === "entity") result.entities.push(entities.get(item.id)!);
    else {
      const owner = item.needs.map((need) => entities.get(need)).find(Boolean);
      if (owner) owner.parts.push(item);
      else result.entities.push({ item, parts: [] });
    }
  }
  return result;
}

/** Where the sentence stands in the brief; found by its words when the offsets do not fit. */
export function locate(text: string, item: Pick<ChangeItem, "sentence" | "start" | "end">): [number, number] | null {
  if (item.sentence && text.slice(item.start, item.end) === item.sentence) return [item.start, item.end];
  const found = item.sentence ? text.indexOf(item.sentence) : -1;
  if (found >= 0) return [found, found + item.sentence.length];
  return item.end > item.start && item.end <= text.length ? [item.start, item.end] : null;
}
