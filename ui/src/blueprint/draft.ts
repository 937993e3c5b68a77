import { useCallback, useSyncExternalStore } from "react";

/** A brief being written. It outlives a closed window, because losing a pasted page of a client's words is unforgivable. */
export interface Draft {
  text: string;
  /** Translated: the change set is shown instead of the sheet. */
  translated: boolean;
}

const blank: Draft = { text: "", translated: false };
const key = (project: string | null) => `scantling.brief.${project ?? "first"}`;
const cache = new Map<string, { raw: string | null; draft: Draft }>();
const listeners = new Set<() => void>();

export function readDraft(project: string | null): Draft {
  const raw = localStorage.getItem(key(project));
  const known = cache.get(key(project));
  if (known && known.raw === raw) return known.draft;
  let draft = blank;
  try {
    if (raw) draft = { ...blank, ...(JSON.parse(raw) as Partial<Draft>) };
  } catch {
    // A damaged draft is an empty one.
  }
  cache.set(key(project), { raw, draft });
  return draft;
}

export function writeDraft(project: string | null, draft: Draft | null): void {
  if (draft && draft.text) localStorage.setItem(key(project), JSON.stringify(draft));
  else localStorage.removeItem(key(project));
  listeners.forEach((tell) => tell());
}

export function useDraft(project: string | null): [Draft, (draft: Draft | null) => void] {
  const draft = useSyncExternalStore(
    (tell) => (listeners.add(tell), () => listeners.delete(tell)),
    () => readDraft(project),
  );
  return [draft, useCallback((next) => writeDraft(project, next), [project])];
}

/** A name or title from the first words of a brief. */
export function firstWords(text: string, words: number, limit = 60): string {
  const sentence = text
    .trim()
    .split(/[.!?;:\n]/, 1)[0]!
    .trim();
  const taken: string[] = [];
  for (const word of sentence.split(/\s+/).slice(0, words)) {
    if ([...taken, word].join(" ").length > limit && taken.length) break;
    taken.push(word);
  }
  return taken
    .join(" ")
    .replace(/[,\-–—]+$/, "")
    .slice(0, limit);
}
