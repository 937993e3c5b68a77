import { expect, test } from "vitest";
import { en } from "./en";
import { ru } from "./ru";

type Tree = { [key: string]: string | Tree };
const flat = (tree: Tree, path = ""): [string, string][] =>
  Object.entries(tree).flatMap(([key, value]): [string, string][] =>
    typeof value === "string" ? [[path + key, value]] : flat(value, `${path}${key}.`),
  );
const suffix = /_(zero|one|two|few|many|other)$/;
const base = (key: string) => key.replace(suffix, "");
const entries = { en: new Map(flat(en)), ru: new Map(flat(ru)) };

test("both languages have the same keys", () => {
  const keys = (map: Map<string, string>) => [...new Set([...map.keys()].map(base))].sort();
  expect(keys(entries.ru)).toEqual(keys(entries.en));
});

test("every plural has each form that its language needs, and no other", () => {
  for (const language of ["en", "ru"] as const) {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories.toSorted();
    const counted = [...entries[language].keys()].filter((key) => suffix.test(key));
    expect(counted.length).toBeGreaterThan(10);
    for (const key of new Set(counted.map(base))) {
      const present = counted.filter((each) => base(each) === key).map((each) => suffix.exec(each)![1]!);
      expect([key, present.toSorted()]).toEqual([key, forms]);
    }
  }
});

test("both languages fill in the same values", () => {
  const values = (map: Map<string, string>, key: string) =>
    new Set(
      [...map]
        .filter(([each]) => base(each) === key)
        .flatMap(([, text]) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1])),
    );
  for (const key of new Set([...entries.en.keys()].map(base))) {
    const [inEnglish, inRussian] = [values(entries.en, key), values(entries.ru, key)];
    // A count may be left unsaid in one language; nothing else may.
    for (const value of [...inEnglish, ...inRussian].filter((each) => !inEnglish.has(each) || !inRussian.has(each)))
      expect([key, value]).toEqual([key, expect.stringMatching(/^(count|key)$/)]);
  }
});

test("no text is empty but the one that is meant to be, none shouts", () => {
  for (const map of Object.values(entries))
    for (const [key, text] of map) {
      if (key !== "inspector.blank") expect([key, text.trim()]).not.toEqual([key, ""]);
      expect(text).not.toContain("!");
    }
});
