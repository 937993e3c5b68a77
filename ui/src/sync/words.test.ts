import i18next from "i18next";
import { expect, test } from "vitest";
import type { Badge, BadgeState } from "../api/generated";
import { startWords } from "../words";
import { badgeWords, honestState } from "./words";

const badge = (state: BadgeState, pending = 0, refused = 0): Badge => ({
  state,
  pending,
  refused,
  detail: null,
  proven_at: null,
});
const say = (it: Badge) => badgeWords(it, i18next.t);

test.each<[Badge, string]>([
  [badge("local"), "On this device only"],
  [badge("proven"), "In sync"],
  [badge("syncing", 3), "Syncing, 3 changes to send"],
  [badge("offline", 1), "Offline, 1 change waiting"],
  [badge("offline"), "Offline"],
  [badge("paused", 2), "Paused, 2 changes waiting"],
  [badge("refused", 4, 2), "2 changes refused"],
  [badge("signed_out", 5), "Signed out, 5 changes waiting"],
])("%j is said as %s", (it, words) => expect(say(it)).toBe(words));

test("never says in sync while something waits or was refused", () => {
  expect(say(badge("proven", 2))).toBe("Syncing, 2 changes to send");
  expect(honestState(badge("proven", 0, 1))).toBe("refused");
});

test("counts rightly in Russian", () => {
  startWords("ru");
  const waiting = (count: number) => say(badge("offline", count));
  expect([1, 2, 5, 11, 21, 22].map(waiting)).toEqual([
    "Нет связи, 1 изменение ждёт",
    "Нет связи, 2 изменения ждут",
    "Нет связи, 5 изменений ждут",
    "Нет связи, 11 изменений ждут",
    "Нет связи, 21 изменение ждёт",
    "Нет связи, 22 изменения ждут",
  ]);
});
