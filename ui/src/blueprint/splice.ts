import type { Splice } from "../api/generated";

/**
 * Text edits as splices in UTF-16 code units. A list of splices is applied in order, each to the result of the one
 * before it. The core decides what concurrent edits become; these rules only keep what is being typed, and the caret,
 * in place until its answer is here.
 */

export function applySplices(text: string, splices: readonly Splice[]): string {
  for (const { at, remove, insert } of splices) text = text.slice(0, at) + insert + text.slice(at + remove);
  return text;
}

const isHigh = (unit: number) => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number) => unit >= 0xdc00 && unit <= 0xdfff;

/** The one smallest splice from `before` to `after`, or none when they are equal; never cuts a surrogate pair. */
export function difference(before: string, after: string): Splice[] {
  if (before === after) return [];
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before.charCodeAt(start) === after.charCodeAt(start)) start++;
  if (start > 0 && isHigh(before.charCodeAt(start - 1))) start--;
  let tail = 0;
  while (
    tail < shorter - start &&
    before.charCodeAt(before.length - 1 - tail) === after.charCodeAt(after.length - 1 - tail)
  )
    tail++;
  if (tail > 0 && isLow(before.charCodeAt(before.length - tail))) tail--;
  return [{ at: start, remove: before.length - start - tail, insert: after.slice(start, after.length - tail) }];
}

/** Where a position stands after the splices; a position inside removed text moves to its end. */
export function mapPosition(position: number, splices: readonly Splice[]): number {
  for (const { at, remove, insert } of splices) {
    if (position <= at) continue;
    if (position >= at + remove) position += insert.length - remove;
    else position = at + insert.length;
  }
  return position;
}

/** Re-aims one local splice at the text that `others` leads to. Removes only what both saw; loses no one's words. */
export function rebase(local: Splice, others: readonly Splice[]): Splice[] {
  let ranges: [number, number][] = local.remove > 0 ? [[local.at, local.at + local.remove]] : [];
  let point = local.at;
  for (const { at, remove, insert } of others) {
    const end = at + remove;
    const shift = insert.length - remove;
    ranges = ranges.flatMap(([from, to]): [number, number][] => {
      const parts: [number, number][] = [];
      if (from < at) parts.push([from, Math.min(to, at)]);
      if (to > end) parts.push([Math.max(from, end) + shift, to + shift]);
      return parts;
    });
    point = mapPosition(point, [{ at, remove, insert }]);
  }
  const result: Splice[] = [];
  let place = point;
  for (const [from, to] of ranges.toReversed()) {
    result.push({ at: from, remove: to - from, insert: "" });
    if (to <= point) place -= to - from;
    else if (from < point) place -= point - from;
  }
  if (local.insert) result.push({ at: place, remove: 0, insert: local.insert });
  return result;
}

export interface Merged {
  text: string;
  /** The given positions (caret, anchor), moved with the text around them. */
  positions: number[];
}

/**
 * The core's answer leads from `sent` to `answer`, while the person has typed on from `sent` to `shown`:
 * gives the text to show now, with the typing kept, and where the caret belongs.
 */
export function merge(
  sent: string,
  shown: string,
  answer: string,
  splices: readonly Splice[],
  positions: number[],
): Merged {
  // An answer whose splices do not lead to its text is trusted in its text.
  const remote = applySplices(sent, splices) === answer ? splices : difference(sent, answer);
  const [local] = difference(sent, shown);
  if (!local) return { text: answer, positions: positions.map((position) => mapPosition(position, remote)) };
  const mine = rebase(local, remote);
  const inserted = local.insert ? mine.at(-1) : undefined;
  const removals = inserted ? mine.slice(0, -1) : mine;
  return {
    text: applySplices(answer, mine),
    positions: positions.map((position) => {
      if (inserted && position > local.at && position <= local.at + local.insert.length)
        return inserted.at + (position - local.at);
      const before = position <= local.at ? position : position - local.insert.length + local.remove;
      let after = mapPosition(mapPosition(before, remote), removals);
      if (inserted && (after > inserted.at || (after === inserted.at && position > local.at)))
        after += inserted.insert.length;
      return after;
    }),
  };
}
