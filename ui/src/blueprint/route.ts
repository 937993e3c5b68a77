import type { Cardinality } from "../api/generated";

/** Orthogonal lines between boxes: they leave and enter at right angles, keep clear of every box, and bend seldom. */

export interface Box {
  id: string;
  x: number;
  y: number;
  width: number;
  height: number;
}
export interface Point {
  x: number;
  y: number;
}
export interface Line {
  id: string;
  from: string;
  to: string;
  label?: string;
}
export type Side = "left" | "right" | "top" | "bottom";
export interface Route {
  points: Point[];
  fromSide: Side;
  toSide: Side;
  /** Where the label stands; `crowded` when it finds no place free of boxes and other labels. */
  label: Point;
  crowded: boolean;
}

/** Room for the crow's foot before the first bend. */
export const STUB = 20;
const CLEAR = 14;
const BEND = 60;
const CROSSING = 26;

const out: Record<Side, Point> = {
  left: { x: -1, y: 0 },
  right: { x: 1, y: 0 },
  top: { x: 0, y: -1 },
  bottom: { x: 0, y: 1 },
};

/** The pair of sides that face each other best. */
export function facing(a: Box, b: Box): [Side, Side] {
  if (a.id === b.id) return ["right", "top"];
  const gapX = Math.max(b.x - (a.x + a.width), a.x - (b.x + b.width));
  const gapY = Math.max(b.y - (a.y + a.height), a.y - (b.y + b.height));
  const right = b.x + b.width / 2 > a.x + a.width / 2;
  const below = b.y + b.height / 2 > a.y + a.height / 2;
  if (gapX >= 2 * STUB || gapX >= gapY) return right ? ["right", "left"] : ["left", "right"];
  return below ? ["bottom", "top"] : ["top", "bottom"];
}

export function routeAll(boxes: readonly Box[], lines: readonly Line[]): Map<string, Route> {
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const ends: { line: Line; box: Box; other: Box; side: Side; first: boolean }[] = [];
  for (const line of lines) {
    const a = byId.get(line.from);
    const b = byId.get(line.to);
    if (!a || !b) continue;
    const [from, to] = facing(a, b);
    ends.push({ line, box: a, other: b, side: from, first: true }, { line, box: b, other: a, side: to, first: false });
  }
  // Ends on one side share it evenly, in the order of where they lead, so that they do not cross at the box.
  const ports = new Map<string, Point>();
  for (const box of boxes)
    for (const side of ["left", "right", "top", "bottom"] as const) {
      const upright = side === "left" || side === "right";
      const here = ends
        .filter((end) => end.box === box && end.side === side)
        .sort((p, q) =>
          upright
            ? p.other.y + p.other.height / 2 - (q.other.y + q.other.height / 2)
            : p.other.x + p.other.width / 2 - (q.other.x + q.other.width / 2),
        );
      here.forEach((end, index) => {
        const share = (index + 1) / (here.length + 1);
        ports.set(`${end.line.id}:${end.first}`, {
          x: side === "left" ? box.x : side === "right" ? box.x + box.width : Math.round(box.x + box.width * share),
          y: side === "top" ? box.y : side === "bottom" ? box.y + box.height : Math.round(box.y + box.height * share),
        });
      });
    }

  // An end that has its side to itself moves to face the other, so that a short line is straight; in company it moves
  // by a few pixels at most.
  for (const end of ends) {
    const mine = ports.get(`${end.line.id}:${end.first}`)!;
    const theirs = ports.get(`${end.line.id}:${!end.first}`)!;
    const along = end.side === "left" || end.side === "right" ? "y" : "x";
    const company = ends.some((each) => each !== end && each.box === end.box && each.side === end.side);
    if (end.box === end.other || (company && Math.abs(mine[along] - theirs[along]) > 8)) continue;
    const [low, high] =
      along === "y" ? [end.box.y, end.box.y + end.box.height] : [end.box.x, end.box.x + end.box.width];
    if (theirs[along] >= low + 12 && theirs[along] <= high - 12) mine[along] = theirs[along];
  }

  const routes = new Map<string, Route>();
  const drawn: [Point, Point][] = [];
  for (const line of lines) {
    const start = ports.get(`${line.id}:true`);
    const end = ports.get(`${line.id}:false`);
    const fromSide = ends.find((entry) => entry.line === line && entry.first)?.side;
    const toSide = ends.find((entry) => entry.line === line && !entry.first)?.side;
    if (!start || !end || !fromSide || !toSide) continue;
    const points = simplify([start, ...path(boxes, step(start, fromSide), step(end, toSide), fromSide, drawn), end]);
    for (let index = 1; index < points.length; index++) drawn.push([points[index - 1]!, points[index]!]);
    routes.set(line.id, { points, fromSide, toSide, label: longest(points), crowded: false });
  }
  placeLabels(boxes, lines, routes);
  return routes;
}

function step(point: Point, side: Side): Point {
  return { x: point.x + out[side].x * STUB, y: point.y + out[side].y * STUB };
}

/** The cheapest way on the grid of all edges and ports: length, plus a price for each bend and each crossing. */
function path(boxes: readonly Box[], from: Point, to: Point, leaving: Side, drawn: readonly [Point, Point][]): Point[] {
  const blocks = boxes.map((box) => ({
    left: box.x - CLEAR,
    right: box.x + box.width + CLEAR,
    top: box.y - CLEAR,
    bottom: box.y + box.height + CLEAR,
  }));
  const xs = sorted([
    from.x,
    to.x,
    Math.round((from.x + to.x) / 2),
    ...blocks.flatMap((block) => [block.left, block.right]),
  ]);
  const ys = sorted([
    from.y,
    to.y,
    Math.round((from.y + to.y) / 2),
    ...blocks.flatMap((block) => [block.top, block.bottom]),
  ]);
  const column = new Map(xs.map((x, index) => [x, index]));
  const row = new Map(ys.map((y, index) => [y, index]));
  const blocked = (a: Point, b: Point) =>
    blocks.some(
      (block) =>
        Math.max(a.x, b.x) > block.left &&
        Math.min(a.x, b.x) < block.right &&
        Math.max(a.y, b.y) > block.top &&
        Math.min(a.y, b.y) < block.bottom,
    );

  const moves: Side[] = ["left", "right", "top", "bottom"];
  const size = xs.length * ys.length * 4;
  const cost = new Float64Array(size).fill(Infinity);
  const before = new Int32Array(size).fill(-1);
  const key = (i: number, j: number, direction: number) => (j * xs.length + i) * 4 + direction;
  const heap = new Heap();
  const startKey = key(column.get(from.x)!, row.get(from.y)!, moves.indexOf(leaving));
  cost[startKey] = 0;
  heap.push(0, startKey);
  const [goalI, goalJ] = [column.get(to.x)!, row.get(to.y)!];
  let found = -1;
  for (let at = heap.pop(); at !== -1; at = heap.pop()) {
    const direction = at % 4;
    const cell = (at - direction) / 4;
    const i = cell % xs.length;
    const j = (cell - i) / xs.length;
    if (i === goalI && j === goalJ) {
      found = at;
      break;
    }
    for (const [next, side] of moves.entries()) {
      const { x: dx, y: dy } = out[side];
      const [ni, nj] = [i + dx, j + dy];
      if (ni < 0 || nj < 0 || ni >= xs.length || nj >= ys.length) continue;
      const back = out[moves[direction]!];
      if (back.x === -dx && back.y === -dy) continue;
      const a = { x: xs[i]!, y: ys[j]! };
      const b = { x: xs[ni]!, y: ys[nj]! };
      if (blocked(a, b)) continue;
      const price =
        cost[at]! +
        Math.abs(b.x - a.x) +
        Math.abs(b.y - a.y) +
        (next === direction ? 0 : BEND) +
        meets(a, b, drawn) * CROSSING;
      const target = key(ni, nj, next);
      if (price < cost[target]!) {
        cost[target] = price;
        before[target] = at;
        heap.push(price, target);
      }
    }
  }
  // Boxes that touch leave no way between them; then the line goes straight at a right angle.
  if (found === -1)
    return [from, leaving === "left" || leaving === "right" ? { x: from.x, y: to.y } : { x: to.x, y: from.y }, to];
  const points: Point[] = [];
  for (let at = found; at !== -1; at = before[at]!) {
    const cell = (at - (at % 4)) / 4;
    points.unshift({ x: xs[cell % xs.length]!, y: ys[Math.floor(cell / xs.length)]! });
  }
  return points;
}

function meets(a: Point, b: Point, drawn: readonly [Point, Point][]): number {
  let count = 0;
  const flat = a.y === b.y;
  for (const [c, d] of drawn) {
    if (flat === (c.y === d.y)) {
      const same = flat ? c.y === a.y : c.x === a.x;
      const overlap = flat
        ? Math.min(Math.max(a.x, b.x), Math.max(c.x, d.x)) > Math.max(Math.min(a.x, b.x), Math.min(c.x, d.x))
        : Math.min(Math.max(a.y, b.y), Math.max(c.y, d.y)) > Math.max(Math.min(a.y, b.y), Math.min(c.y, d.y));
      // Two lines in one are worse than a detour.
      if (same && overlap) count += 4;
    } else {
      const [h0, h1, v0, v1] = flat ? [a, b, c, d] : [c, d, a, b];
      if (
        v0.x > Math.min(h0.x, h1.x) &&
        v0.x < Math.max(h0.x, h1.x) &&
        h0.y > Math.min(v0.y, v1.y) &&
        h0.y < Math.max(v0.y, v1.y)
      )
        count++;
    }
  }
  return count;
}

function sorted(values: number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

function simplify(points: Point[]): Point[] {
  const kept: Point[] = [];
  for (const point of points) {
    const last = kept.at(-1);
    if (last && last.x === point.x && last.y === point.y) continue;
    const middle = kept.at(-2);
    if (middle && last && ((middle.x === last.x && last.x === point.x) || (middle.y === last.y && last.y === point.y)))
      kept.pop();
    kept.push(point);
  }
  return kept;
}

/** The size of a label, known from its letters. */
export function labelSize(label: string): { width: number; height: number } {
  return { width: label.length * 6.2 + 8, height: 16 };
}

/** Puts each label on its line where it covers no box and no other label; the longest stretches are tried first. */
function placeLabels(boxes: readonly Box[], lines: readonly Line[], routes: Map<string, Route>): void {
  const taken: Omit<Box, "id">[] = [];
  const overlap = (a: Omit<Box, "id">, b: Omit<Box, "id">) =>
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
  for (const line of lines) {
    const route = routes.get(line.id);
    if (!route || !line.label) continue;
    const { width, height } = labelSize(line.label);
    const rect = (at: Point) => ({ x: at.x - width / 2, y: at.y - height / 2, width, height });
    const free = (at: Point) => [...boxes, ...taken].every((other) => !overlap(rect(at), other));
    const place = [0.5, 0.35, 0.65, 0.22, 0.78]
      .flatMap((share) =>
        stretches(route.points).map(([a, b]) => ({ x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share })),
      )
      .find(free);
    if (place) {
      route.label = place;
      taken.push(rect(place));
    } else route.crowded = true;
  }
}

/** The line's straight parts, the roomiest for words first: a level one carries them better than an upright one. */
function stretches(points: readonly Point[]): [Point, Point][] {
  const room = ([a, b]: [Point, Point]) => Math.abs(a.x - b.x) * 1.5 + Math.abs(a.y - b.y);
  return points
    .slice(1)
    .map((point, index): [Point, Point] => [points[index]!, point])
    .sort((p, q) => room(q) - room(p));
}

function longest(points: readonly Point[]): Point {
  const [a, b] = stretches(points)[0] ?? [points[0]!, points[0]!];
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

class Heap {
  private readonly items: [number, number][] = [];
  push(price: number, key: number): void {
    const items = this.items;
    let at = items.push([price, key]) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (items[up]![0] <= items[at]![0]) break;
      [items[up], items[at]] = [items[at]!, items[up]!];
      at = up;
    }
  }
  pop(): number {
    const items = this.items;
    const top = items[0];
    if (!top) return -1;
    const last = items.pop()!;
    if (items.length) {
      items[0] = last;
      for (let at = 0; ;) {
        const left = 2 * at + 1;
        if (left >= items.length) break;
        const down = left + 1 < items.length && items[left + 1]![0] < items[left]![0] ? left + 1 : left;
        if (items[at]![0] <= items[down]![0]) break;
        [items[at], items[down]] = [items[down]!, items[at]!];
        at = down;
      }
    }
    return top[1];
  }
}

/** The polyline as an SVG path, its corners rounded. */
export function roundedPath(points: readonly Point[], radius = 6): string {
  if (points.length === 0) return "";
  let path = `M${points[0]!.x},${points[0]!.y}`;
  for (let index = 1; index < points.length - 1; index++) {
    const [a, b, c] = [points[index - 1]!, points[index]!, points[index + 1]!];
    const before = Math.hypot(b.x - a.x, b.y - a.y);
    const after = Math.hypot(c.x - b.x, c.y - b.y);
    const r = Math.min(radius, before / 2, after / 2);
    if (r < 1) {
      path += `L${b.x},${b.y}`;
      continue;
    }
    path += `L${b.x - ((b.x - a.x) / before) * r},${b.y - ((b.y - a.y) / before) * r}`;
    path += `Q${b.x},${b.y} ${b.x + ((c.x - b.x) / after) * r},${b.y + ((c.y - b.y) / after) * r}`;
  }
  const last = points[points.length - 1]!;
  return `${path}L${last.x},${last.y}`;
}

/** The sign at a line's end: a bar for one, a crow's foot for many. */
export function endSign(point: Point, side: Side, many: boolean): string {
  const { x: dx, y: dy } = out[side];
  // (nx, ny) runs along the side of the box.
  const [nx, ny] = [dy, dx];
  const at = (away: number, along: number) => `${point.x + dx * away + nx * along},${point.y + dy * away + ny * along}`;
  if (!many) return `M${at(8, -5)}L${at(8, 5)}`;
  return `M${at(0, -6)}L${at(11, 0)}L${at(0, 6)}M${at(14, -5)}L${at(14, 5)}`;
}

export function isMany(cardinality: Cardinality, end: "from" | "to"): boolean {
  return cardinality.split("-to-")[end === "from" ? 0 : 1] === "many";
}
