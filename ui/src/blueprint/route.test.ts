import fc from "fast-check";
import { expect, test } from "vitest";
import { neighbour } from "./layout";
import { labelSize, routeAll, type Box } from "./route";

// Boxes on a loose grid never touch, so there is always a way between them.
const boxes: fc.Arbitrary<Box[]> = fc.uniqueArray(fc.nat(24), { minLength: 2, maxLength: 9 }).chain((cells) =>
  fc.tuple(
    ...cells.map((cell) =>
      fc
        .record({
          dx: fc.nat(60),
          dy: fc.nat(60),
          width: fc.integer({ min: 160, max: 240 }),
          height: fc.integer({ min: 60, max: 160 }),
        })
        .map(({ dx, dy, width, height }): Box => ({
          id: `e${cell}`,
          x: (cell % 5) * 400 + dx,
          y: Math.floor(cell / 5) * 320 + dy,
          width,
          height,
        })),
    ),
  ),
);

test("lines are orthogonal, begin and end on their boxes, and cross no box", () => {
  fc.assert(
    fc.property(boxes, fc.array(fc.tuple(fc.nat(8), fc.nat(8)), { maxLength: 8 }), (all, pairs) => {
      const lines = pairs.map(([a, b], index) => ({
        id: `l${index}`,
        from: all[a % all.length]!.id,
        to: all[b % all.length]!.id,
      }));
      const routes = routeAll(all, lines);
      expect(routes.size).toBe(lines.length);
      for (const line of lines) {
        const { points } = routes.get(line.id)!;
        const onEdge = (box: Box, x: number, y: number) =>
          x >= box.x &&
          x <= box.x + box.width &&
          y >= box.y &&
          y <= box.y + box.height &&
          (x === box.x || x === box.x + box.width || y === box.y || y === box.y + box.height);
        expect(
          onEdge(
            all.find((box) => box.id === line.from)!,
            points[0]!.x,
            points[0]!.y,
          ),
        ).toBe(true);
        expect(
          onEdge(
            all.find((box) => box.id === line.to)!,
            points.at(-1)!.x,
            points.at(-1)!.y,
          ),
        ).toBe(true);
        for (let index = 1; index < points.length; index++) {
          const [a, b] = [points[index - 1]!, points[index]!];
          expect(a.x === b.x || a.y === b.y).toBe(true);
          for (const box of all)
            expect(
              Math.max(a.x, b.x) > box.x &&
                Math.min(a.x, b.x) < box.x + box.width &&
                Math.max(a.y, b.y) > box.y &&
                Math.min(a.y, b.y) < box.y + box.height,
            ).toBe(false);
        }
      }
    }),
    { numRuns: 150 },
  );
});

test("two boxes side by side are joined by one straight line", () => {
  const a: Box = { id: "a", x: 0, y: 0, width: 160, height: 100 };
  const b: Box = { id: "b", x: 320, y: 8, width: 160, height: 140 };
  expect(routeAll([a, b], [{ id: "l", from: "a", to: "b" }]).get("l")!.points).toHaveLength(2);
});

test("an arrow key goes to the nearest box in its direction", () => {
  const at = (id: string, x: number, y: number): Box => ({ id, x, y, width: 100, height: 60 });
  const all = [at("middle", 200, 200), at("right", 400, 210), at("far", 900, 200), at("below", 210, 400)];
  expect(neighbour(all, all[0]!, "Right")?.id).toBe("right");
  expect(neighbour(all, all[0]!, "Down")?.id).toBe("below");
  expect(neighbour(all, all[0]!, "Left")).toBeUndefined();
});

test("labels cover neither boxes nor each other", () => {
  fc.assert(
    fc.property(boxes, fc.array(fc.tuple(fc.nat(8), fc.nat(8)), { maxLength: 12 }), (all, pairs) => {
      const lines = pairs.map(([a, b], index) => ({
        id: `l${index}`,
        from: all[a % all.length]!.id,
        to: all[b % all.length]!.id,
        label: "refers to",
      }));
      const { width, height } = labelSize("refers to");
      const labels = [...routeAll(all, lines).values()]
        .filter((route) => !route.crowded)
        .map(({ label }) => ({ x: label.x - width / 2, y: label.y - height / 2, width, height }));
      for (const [index, a] of labels.entries())
        for (const b of [...all, ...labels.slice(0, index)])
          expect(a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height).toBe(
            false,
          );
    }),
    { numRuns: 100 },
  );
});

test("two parallel lines each find a place for their label", () => {
  const a: Box = { id: "a", x: 0, y: 0, width: 160, height: 100 };
  const b: Box = { id: "b", x: 0, y: 220, width: 160, height: 100 };
  const lines = ["l1", "l2"].map((id) => ({ id, from: "a", to: "b", label: "refers to" }));
  expect([...routeAll([a, b], lines).values()].map((route) => route.crowded)).toEqual([false, false]);
});
