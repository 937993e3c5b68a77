import fc from "fast-check";
import { expect, test } from "vitest";
import type { ChangeItem } from "../api/generated";
import { choose, group, locate } from "./selection";

const item = (id: string, kind: ChangeItem["kind"], needs: string[] = []): ChangeItem => ({
  id,
  kind,
  action: "add",
  title: id,
  detail: "",
  sentence: "",
  start: 0,
  end: 0,
  because: "",
  needs,
  before: null,
});
const shop = [
  item("order", "entity"),
  item("customer", "entity"),
  item("order.total", "attribute", ["order"]),
  item("places", "relation", ["order", "customer"]),
  item("places.note", "attribute", ["places"]),
  item("R-1", "requirement"),
];
const all = new Set(shop.map((each) => each.id));

test("checking an item brings all it needs, at any depth", () => {
  expect([...choose(shop, new Set(), ["places.note"], true)].sort()).toEqual([
    "customer",
    "order",
    "places",
    "places.note",
  ]);
});
test("unchecking an item takes along all that cannot stand without it", () => {
  expect([...choose(shop, all, ["order"], false)].sort()).toEqual(["R-1", "customer"]);
});
test("unchecking a part leaves the whole", () => {
  expect(choose(shop, all, ["order.total"], false)).toEqual(new Set([...all].filter((id) => id !== "order.total")));
});
test("needs that are not in the set, and circles, do no harm", () => {
  const odd = [item("a", "entity", ["b", "gone"]), item("b", "entity", ["a"])];
  expect(choose(odd, new Set(), ["a"], true)).toEqual(new Set(["a", "b"]));
});
test("whatever is clicked, nothing stands without what it needs", () => {
  const plans = fc.array(fc.tuple(fc.constantFrom(...all), fc.boolean()), { maxLength: 20 });
  fc.assert(
    fc.property(plans, (clicks) => {
      let chosen: ReadonlySet<string> = all;
      for (const [id, on] of clicks) {
        chosen = choose(shop, chosen, [id], on);
        expect(chosen.has(id)).toBe(on);
        for (const each of shop)
          if (chosen.has(each.id)) expect(each.needs.every((need) => chosen.has(need))).toBe(true);
      }
    }),
  );
});
test("attributes stand under their entity, and alone when it exists already", () => {
  const groups = group([...shop, item("product.price", "attribute")]);
  expect(groups.entities.map((each) => [each.item.id, each.parts.map((part) => part.id)])).toEqual([
    ["order", ["order.total"]],
    ["customer", []],
    ["places.note", []],
    ["product.price", []],
  ]);
  expect(groups.relations.map((each) => each.item.id)).toEqual(["places"]);
});
test("a sentence is found by its place, else by its words", () => {
  const text = "Pay by card. Pay by card.";
  expect(locate(text, { sentence: "Pay by card.", start: 13, end: 25 })).toEqual([13, 25]);
  expect(locate(text, { sentence: "Pay by card.", start: 3, end: 7 })).toEqual([0, 12]);
  expect(locate(text, { sentence: "", start: 0, end: 0 })).toBeNull();
});
