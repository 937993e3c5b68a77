import type { Problem, Splice, TextState } from "../api/generated";
import { asProblem } from "../api/call";
import { difference, merge, type Merged } from "./splice";

export interface TextPort {
  edit(heads: string[], splices: Splice[]): Promise<TextState>;
  read(since: string[] | null): Promise<TextState>;
}

export interface TextScreen {
  /** The caret and the anchor, as they stand now. */
  positions(): number[];
  show(merged: Merged): void;
  failed(problem: Problem | null): void;
}

/**
 * One text field on one shared text. It knows the heads that its text stands at, sends one edit at a time, and folds
 * what comes back into what has been typed since. A refused edit stays on the screen and is sent again with the next one.
 */
export class TextSession {
  private heads: string[] | null = null;
  private base = "";
  private shown = "";
  private busy = false;
  private stale = false;
  private held = false;
  private readonly idle: (() => void)[] = [];

  constructor(
    private readonly port: TextPort,
    private readonly screen: TextScreen,
    text: string,
  ) {
    this.base = this.shown = text;
    this.stale = true;
    void this.pump();
  }

  get text(): string {
    return this.shown;
  }

  typed(text: string): void {
    this.shown = text;
    void this.pump();
  }

  /** Someone else may have changed the text. */
  remote(): void {
    this.stale = true;
    void this.pump();
  }

  /** While an input method composes, nothing may move under it. */
  hold(held: boolean): void {
    this.held = held;
    if (!held) void this.pump();
  }

  /** Resolves once all that was typed has been answered, or refused. */
  settled(): Promise<void> {
    return this.busy ? new Promise((resolve) => this.idle.push(resolve)) : Promise.resolve();
  }

  private async pump(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      while (!this.held) {
        const sent = this.shown;
        if (this.heads && sent !== this.base) {
          this.absorb(sent, await this.port.edit(this.heads, difference(this.base, sent)));
        } else if (this.stale) {
          this.stale = false;
          const from = this.base;
          this.absorb(from, await this.port.read(this.heads));
        } else break;
      }
      this.screen.failed(null);
    } catch (thrown) {
      if (!this.heads) this.stale = true;
      this.screen.failed(asProblem(thrown));
    } finally {
      this.busy = false;
      for (const tell of this.idle.splice(0)) tell();
    }
  }

  private absorb(sent: string, answer: TextState): void {
    const merged = merge(sent, this.shown, answer.text, answer.splices, this.screen.positions());
    this.heads = answer.heads;
    this.base = answer.text;
    if (merged.text === this.shown) return;
    this.shown = merged.text;
    this.screen.show(merged);
  }
}
