import type { Difference, Model, Requirement } from "../../api/generated";

/** What a screen showed at some moment. */
export interface Shown {
  requirements: Requirement[];
  model: Model;
}

/** What differs from one moment to another, as far as screens are tested with it; words are not weighed, only told. */
export function differences(before: Shown, after: Shown): Difference[] {
  const found: Difference[] = [];
  const parts = [
    { kind: "requirement", of: (shown: Shown) => shown.requirements.map((it) => ({ ...it, title: it.key })) },
    { kind: "entity", of: (shown: Shown) => shown.model.entities.map((it) => ({ ...it, title: it.name, text: it.note })) },
  ] as const;
  for (const { kind, of } of parts) {
    const [one, other] = [of(before), of(after)];
    for (const it of other) {
      const was = one.find((entry) => entry.id === it.id);
      const base = { id: it.id, kind, title: it.title, parent: null };
      if (!was) found.push({ ...base, sort: "added", detail: it.text, fields: [] });
      else if (was.text !== it.text)
        found.push({
          ...base,
          sort: "changed",
          detail: "",
          fields: [
            {
              field: "text",
              before: was.text,
              after: it.text,
              passages: [
                { side: "before", text: was.text },
                { side: "after", text: it.text },
              ],
            },
          ],
        });
    }
    for (const was of one)
      if (!other.some((it) => it.id === was.id))
        found.push({ id: was.id, kind, title: was.title, parent: null, sort: "removed", detail: was.text, fields: [] });
  }
  return found;
}

export function listed(found: Difference[]): string {
  const sign = { added: "+", changed: "~", removed: "-" };
  return found.map((it) => `${sign[it.sort]} ${it.title}${it.detail && `: ${it.detail}`}\n`).join("");
}
