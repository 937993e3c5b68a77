import { invoke } from "@tauri-apps/api/core";
import { emit, listen, type UnlistenFn } from "@tauri-apps/api/event";
import { getCurrentWindow } from "@tauri-apps/api/window";
import type { Topic } from "../api/generated";
import type { Platform } from "./index";

export function insideTauri(): boolean {
  return "__TAURI_INTERNALS__" in window;
}

/** The desktop window. The only file that knows what carries the calls. */
export function tauriPlatform(): Platform {
  return {
    call: (name, payload) => invoke("call", { name, payload }),
    onChanged: (tell) => subscribe<{ topics: Topic[] }>("changed", ({ topics }) => tell(topics)),
    onMenu: (tell) => subscribe<string>("menu", tell),
    // A menu that did not hear offers what it offered before; an unanswered verb does nothing.
    offer: (verbs) => void emit("verbs", verbs).catch(() => {}),
    setTitle: (title) => {
      document.title = title;
      // A window without the permission keeps its first title; nothing else depends on it.
      getCurrentWindow()
        .setTitle(title)
        .catch(() => {});
    },
    copy: copyText,
  };
}

function subscribe<T>(event: string, tell: (payload: T) => void): () => void {
  let stop: UnlistenFn | undefined;
  let stopped = false;
  listen<T>(event, (message) => tell(message.payload)).then(
    (unlisten) => {
      if (stopped) unlisten();
      else stop = unlisten;
    },
    () => {},
  );
  return () => {
    stopped = true;
    stop?.();
  };
}

/** WebKit refuses `navigator.clipboard` outside a gesture; a selected text field is always allowed to copy. */
async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.setAttribute("aria-hidden", "true");
    field.style.cssText = "position:fixed;opacity:0;pointer-events:none";
    const host = document.querySelector("[role=dialog]") ?? document.body;
    const before = document.activeElement;
    host.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    if (before instanceof HTMLElement) before.focus();
    if (!copied) throw { code: "internal", message: "The clipboard refused the text." };
  }
}
