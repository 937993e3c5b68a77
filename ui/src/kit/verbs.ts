import { useEffect, useRef, useSyncExternalStore } from "react";

/**
 * The verbs of what is on screen. A screen names each once; the keyboard, the command palette, the shortcut help and
 * the window's menu all read this one list.
 */
export interface Verb {
  id: string;
  label: string;
  keys?: string;
  /** Where the shortcut help files it. */
  group: "go" | "edit" | "project" | "view" | "sync";
  run(): void;
  /** Answers to its keys even while a text field has the focus. */
  inText?: boolean;
  /** Shown in the help but carried out by the component that has the focus. */
  local?: boolean;
  disabled?: boolean;
}

const scopes = new Map<symbol, Verb[]>();
let all: Verb[] = [];
const listeners = new Set<() => void>();

function publish(): void {
  // The innermost screen registers last and wins.
  const byId = new Map<string, Verb>();
  for (const verbs of scopes.values()) for (const verb of verbs) byId.set(verb.id, verb);
  all = [...byId.values()];
  listeners.forEach((tell) => tell());
}

/** Offers these verbs while the component is mounted. */
export function useVerbs(verbs: Verb[]): void {
  const scope = useRef(Symbol("scope")).current;
  const latest = useRef(verbs);
  latest.current = verbs;
  const shape = verbs.map((verb) => `${verb.id}|${verb.label}|${verb.keys}|${verb.disabled}`).join("\n");
  useEffect(() => {
    scopes.set(
      scope,
      latest.current.map((verb) => ({
        ...verb,
        run: () => latest.current.find((other) => other.id === verb.id)?.run(),
      })),
    );
    publish();
  }, [scope, shape]);
  useEffect(
    () => () => {
      scopes.delete(scope);
      publish();
    },
    [scope],
  );
}

export function useAllVerbs(): Verb[] {
  return useSyncExternalStore(
    (tell) => (listeners.add(tell), () => listeners.delete(tell)),
    () => all,
  );
}

export function runVerb(id: string): boolean {
  const verb = all.find((candidate) => candidate.id === id && !candidate.disabled);
  verb?.run();
  return verb !== undefined;
}

/** The pressed chord in the notation of `Verb.keys`. Letters are read by position, so that a Russian layout works too. */
export function chordOf(event: KeyboardEvent): string {
  const names: Record<string, string> = {
    ArrowUp: "Up",
    ArrowDown: "Down",
    ArrowLeft: "Left",
    ArrowRight: "Right",
    Delete: "Del",
    Escape: "Esc",
    " ": "Space",
  };
  let key = names[event.key] ?? event.key;
  const letter = /^Key([A-Z])$/.exec(event.code);
  if (letter && !/^[A-Za-z]$/.test(key)) key = letter[1]!;
  if (event.key === "," && event.code === "Slash") key = "?";
  if (key.length === 1) key = key.toUpperCase();
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("Mod");
  if (event.altKey) parts.push("Alt");
  if (event.shiftKey && key !== "?") parts.push("Shift");
  return [...parts, key].join("+");
}

export function isTextField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLTextAreaElement ||
    (target instanceof HTMLInputElement && !["checkbox", "radio", "button"].includes(target.type)) ||
    (target instanceof HTMLElement && target.isContentEditable)
  );
}

/** Listens for the verbs' keys on the whole window. */
export function useVerbKeys(): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const chord = chordOf(event);
      const verb = all.find((candidate) => candidate.keys === chord && !candidate.local && !candidate.disabled);
      if (!verb) return;
      const target = event.target;
      if (isTextField(target) && !verb.inText) return;
      // A dialogue or an open menu keeps the keyboard to itself.
      if (target instanceof Element && target.closest("[role=dialog],[role=menu]") && !verb.inText) return;
      if (document.querySelector("[role=dialog].dialog") && verb.id !== "palette") return;
      event.preventDefault();
      verb.run();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, []);
}
