import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Splice } from "../api/generated";
import { VersionedText } from "../platform/fake/text";
import { applySplices, difference, mapPosition, merge, rebase } from "./splice";
import { TextSession } from "./textSession";

// Few letters, so that edits meet; a surrogate pair, so that a careless cut shows.
const words = fc.string({ unit: fc.constantFrom("a", "b", " ", "й", "🚲"), maxLength: 12 });

const editOf = (text: string): fc.Arbitrary<Splice> =>
  fc
    .tuple(fc.nat(text.length), fc.nat(4), words)
    .map(([at, remove, insert]) => ({ at, remove: Math.min(remove, text.length - at), insert }));
const textAndEdits = (count: number) =>
  words.chain((text) => fc.tuple(fc.constant(text), fc.tuple(...Array.from({ length: count }, () => editOf(text)))));

const wellFormed = (text: string) => !/\p{Surrogate}/u.test(text);

describe("the difference between two texts", () => {
  test("leads from one to the other", () => {
    fc.assert(
      fc.property(words, words, (before, after) => {
        expect(applySplices(before, difference(before, after))).toBe(after);
      }),
    );
  });
  test("is nothing for equal texts and one splice for any others", () => {
    fc.assert(
      fc.property(words, words, (before, after) => {
        expect(difference(before, after)).toHaveLength(before === after ? 0 : 1);
      }),
    );
  });
  test("touches no character that both share at its edges", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 8 }),
        fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 8 }),
        (before, after) => {
          for (const { at, remove, insert } of difference(before, after)) {
            if (!remove || !insert) continue;
            expect(before[at]).not.toBe(insert[0]);
            expect(before[at + remove - 1]).not.toBe(insert.at(-1));
          }
        },
      ),
    );
  });
  test("never cuts a surrogate pair", () => {
    expect(difference("🚲", "🚗")).toEqual([{ at: 0, remove: 2, insert: "🚗" }]);
    fc.assert(
      fc.property(words, words, (before, after) => {
        for (const splice of difference(before, after)) {
          expect(wellFormed(splice.insert)).toBe(true);
          expect(wellFormed(before.slice(0, splice.at))).toBe(true);
        }
      }),
    );
  });
});

describe("merging an answer into what was typed meanwhile", () => {
  test("keeps both edits when they do not touch", () => {
    const sent = "pay by card";
    const answer = "Please pay by card";
    const merged = merge(sent, "pay by card or invoice", answer, difference(sent, answer), [22]);
    expect(merged).toEqual({ text: "Please pay by card or invoice", positions: [29] });
  });
  test("loses no letter that either side typed", () => {
    fc.assert(
      fc.property(textAndEdits(2), ([text, [mine, theirs]]) => {
        const local = { ...mine!, insert: mine!.insert.replaceAll(/./gu, "M") };
        const remote = { ...theirs!, insert: theirs!.insert.replaceAll(/./gu, "T") };
        const merged = merge(text, applySplices(text, [local]), applySplices(text, [remote]), [remote], []).text;
        expect(merged.replaceAll(/[^M]/g, "")).toBe(local.insert);
        expect(merged.replaceAll(/[^T]/g, "")).toBe(remote.insert);
      }),
    );
  });
  test("removes what either side removed and nothing else", () => {
    fc.assert(
      fc.property(fc.nat(12), fc.nat(6), fc.nat(12), fc.nat(6), (a, b, c, d) => {
        const text = "0123456789abc";
        const local = { at: a, remove: Math.min(b, text.length - a), insert: "" };
        const remote = { at: c, remove: Math.min(d, text.length - c), insert: "" };
        const merged = merge(text, applySplices(text, [local]), applySplices(text, [remote]), [remote], []).text;
        const left = [...text].filter(
          (_, i) =>
            !(i >= local.at && i < local.at + local.remove) && !(i >= remote.at && i < remote.at + remote.remove),
        );
        expect(merged).toBe(left.join(""));
      }),
    );
  });
  test("keeps the caret after the letter it stood after, while that letter is there", () => {
    fc.assert(
      fc.property(fc.nat(12), fc.nat(6), fc.nat(13), fc.nat(13), (at, count, typedAt, caretSeed) => {
        const text = "0123456789abc";
        const remote = { at, remove: Math.min(count, text.length - at), insert: "TT" };
        const shown = applySplices(text, [{ at: Math.min(typedAt, 13), remove: 0, insert: "M" }]);
        const caret = Math.min(caretSeed, shown.length);
        const merged = merge(text, shown, applySplices(text, [remote]), [remote], [caret]);
        const letter = shown[caret - 1];
        if (letter === undefined) expect(merged.positions[0]).toBe(0);
        else if (merged.text.includes(letter)) expect(merged.text[merged.positions[0]! - 1]).toBe(letter);
        expect(merged.positions[0]).toBeLessThanOrEqual(merged.text.length);
      }),
    );
  });
  test("trusts the answer's text when its splices lead elsewhere", () => {
    expect(merge("abc", "abc", "xyz", [{ at: 0, remove: 1, insert: "q" }], [3]).text).toBe("xyz");
  });
  test("rebasing past nothing changes nothing", () => {
    fc.assert(
      fc.property(textAndEdits(1), ([text, [edit]]) => {
        expect(applySplices(text, rebase(edit!, []))).toBe(applySplices(text, [edit!]));
      }),
    );
  });
  test("a position before every splice stays", () => {
    expect(mapPosition(3, [{ at: 3, remove: 2, insert: "long" }])).toBe(3);
    expect(mapPosition(4, [{ at: 3, remove: 2, insert: "long" }])).toBe(7);
    expect(mapPosition(5, [{ at: 3, remove: 2, insert: "" }])).toBe(3);
  });
});

describe("two people in one text", () => {
  const settle = async () => {
    for (let i = 0; i < 60; i++) await Promise.resolve();
  };
  type Step = { who: 0 | 1; kind: "type" | "pull" | "deliver"; at: number; remove: number; insert: string };
  const step: fc.Arbitrary<Step> = fc.record({
    who: fc.constantFrom<0 | 1>(0, 1),
    kind: fc.constantFrom("type", "type", "pull", "deliver"),
    at: fc.nat(20),
    remove: fc.nat(3),
    insert: fc.string({ unit: fc.constantFrom("x", "y", " "), maxLength: 3 }),
  });

  test("see the same text once all is delivered, whatever the order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 24 }), async (plan) => {
        const core = new VersionedText("pay by card");
        // Answers wait until the plan delivers them, so that typing overtakes them.
        const gates: (() => void)[][] = [[], []];
        const sessions = ([0, 1] as const).map((who) => {
          const wait = <T>(value: T) => new Promise<T>((resolve) => gates[who]!.push(() => resolve(value)));
          return new TextSession(
            { edit: (heads, splices) => wait(core.edit(heads, splices)), read: (since) => wait(core.read(since)) },
            { positions: () => [0], show: () => {}, failed: (problem) => expect(problem).toBeNull() },
            "pay by card",
          );
        });
        for (const { who, kind, at, remove, insert } of plan) {
          const session = sessions[who]!;
          if (kind === "type") {
            const place = Math.min(at, session.text.length);
            session.typed(
              applySplices(session.text, [
                { at: place, remove: Math.min(remove, session.text.length - place), insert },
              ]),
            );
          } else if (kind === "pull") session.remote();
          else gates[who]!.shift()?.();
          await settle();
        }
        for (let round = 0; round < 80; round++) {
          if (round % 8 === 7) sessions.forEach((session) => session.remote());
          gates.forEach((gate) => gate.splice(0).forEach((open) => open()));
          await settle();
        }
        expect(sessions[0]!.text).toBe(core.text);
        expect(sessions[1]!.text).toBe(core.text);
      }),
      { numRuns: 60 },
    );
  });

  test("what is refused stays on the screen and goes out with the next keystroke", async () => {
    const core = new VersionedText("a");
    let refuse = true;
    const told: (string | null)[] = [];
    const session = new TextSession(
      {
        edit: async (heads, splices) => {
          if (refuse) throw { code: "forbidden", message: "no" };
          return core.edit(heads, splices);
        },
        read: async (since) => core.read(since),
      },
      { positions: () => [], show: () => {}, failed: (problem) => told.push(problem?.code ?? null) },
      "a",
    );
    await settle();
    session.typed("ab");
    await settle();
    expect([session.text, core.text, told.at(-1)]).toEqual(["ab", "a", "forbidden"]);
    refuse = false;
    session.typed("abc");
    await settle();
    expect([core.text, told.at(-1)]).toEqual(["abc", null]);
  });
});
