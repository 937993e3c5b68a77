import type { Splice, TextState } from "../../api/generated";

interface Unit {
  value: string;
  born: number;
  died: number | null;
}

/** A text that accepts edits made against any of its past versions, as the core's documents do. Heads are version numbers. */
export class VersionedText {
  private units: Unit[] = [];
  private version = 0;

  constructor(text = "") {
    if (text) this.edit([String(this.version)], [{ at: 0, remove: 0, insert: text }]);
  }

  get text(): string {
    return this.units
      .filter((unit) => unit.died === null)
      .map((unit) => unit.value)
      .join("");
  }

  read(since?: string[] | null): TextState {
    const seen = since?.length ? this.at(Number(since[0])) : new Set(this.units.filter((unit) => unit.died === null));
    return this.answer(seen);
  }

  edit(heads: string[], splices: Splice[]): TextState {
    const shown = this.at(Number(heads[0]));
    this.version++;
    for (const { at, remove, insert } of splices) {
      const visible = this.units.filter((unit) => shown.has(unit));
      for (const unit of visible.slice(at, at + remove)) {
        shown.delete(unit);
        unit.died ??= this.version;
      }
      const left = at > 0 ? visible[at - 1] : undefined;
      const fresh = insert.split("").map((value): Unit => ({ value, born: this.version, died: null }));
      this.units.splice(left ? this.units.indexOf(left) + 1 : 0, 0, ...fresh);
      for (const unit of fresh) shown.add(unit);
    }
    return this.answer(shown);
  }

  private at(version: number): Set<Unit> {
    return new Set(this.units.filter((unit) => unit.born <= version && (unit.died === null || unit.died > version)));
  }

  private answer(shown: Set<Unit>): TextState {
    const splices: Splice[] = [];
    let position = 0;
    let open: Splice | undefined;
    for (const unit of this.units) {
      const was = shown.has(unit);
      const is = unit.died === null;
      if (was && is) {
        open = undefined;
        position++;
      } else if (was || is) {
        if (!open) splices.push((open = { at: position, remove: 0, insert: "" }));
        if (was) open.remove++;
        else {
          open.insert += unit.value;
          position++;
        }
      }
    }
    return { heads: [String(this.version)], text: this.text, splices };
  }
}
