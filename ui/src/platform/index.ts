import type { Topic } from "../api/generated";

/** What the screens need from the machine they run on, and nothing more. */
export interface Platform {
  /** Performs one command of the command table; rejects with a `Problem`. */
  call(name: string, payload: unknown): Promise<unknown>;
  /** Tells which contexts changed, whoever changed them; answers with the way to stop listening. */
  onChanged(listen: (topics: Topic[]) => void): () => void;
  /** Passes on the verbs chosen in the window's own menu, by id. */
  onMenu(listen: (action: string) => void): () => void;
  /** Tells the window's menu which verbs the screen answers now. */
  offer(verbs: string[]): void;
  setTitle(title: string): void;
  /** Puts text on the clipboard. */
  copy(text: string): Promise<void>;
}

let current: Platform | undefined;

export function installPlatform(platform: Platform): void {
  current = platform;
}

/** The platform that `main.tsx` (or a test) has put in place. */
export function platform(): Platform {
  if (!current) throw new Error("no platform was put in place before the first screen");
  return current;
}
