import type { ElkNode } from "elkjs/lib/elk-api";
import type { Entity, Model, Relation } from "../api/generated";
import type { Box } from "./route";

/** The size of an entity's table follows from its words, so that it is known before anything is drawn. */
export const HEAD = 32;
export const LINE = 22;
const MIN_WIDTH = 168;
const MAX_WIDTH = 320;

export function entitySize(entity: Pick<Entity, "name" | "attributes">): { width: number; height: number } {
  const widest = Math.max(
    entity.name.length * 8 + 40,
    ...entity.attributes.map((attribute) => (attribute.name.length + attribute.type.length) * 6.7 + 64),
  );
  return {
    width: Math.round(Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, widest))),
    height: HEAD + Math.max(1, entity.attributes.length) * LINE + 5,
  };
}

export interface Place {
  id: string;
  x: number;
  y: number;
}

/** What a diagram is usually seen in, in px: of two arrangements, the one that is drawn larger here is taken. */
const VIEW = { width: 1040, height: 740 };

/** A calm arrangement of the whole diagram. ELK is large, so it is loaded when first asked for. */
export async function arrange({ entities, relations }: Model): Promise<Place[]> {
  if (entities.length === 0) return [];
  const { default: Elk } = await import("elkjs/lib/elk.bundled.js");
  const known = new Set(entities.map((entity) => entity.id));
  const layOut = (direction: "RIGHT" | "DOWN"): Promise<ElkNode> =>
    new Elk().layout({
      id: "root",
      layoutOptions: {
        "elk.algorithm": "layered",
        "elk.direction": direction,
        "elk.edgeRouting": "ORTHOGONAL",
        "elk.aspectRatio": String(VIEW.width / VIEW.height),
        "elk.spacing.nodeNode": "56",
        "elk.spacing.componentComponent": "72",
        "elk.layered.spacing.nodeNodeBetweenLayers": direction === "RIGHT" ? "112" : "72",
        "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
        "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
      },
      children: entities.map((entity) => ({ id: entity.id, ...entitySize(entity) })),
      edges: relations
        .filter((relation) => known.has(relation.from) && known.has(relation.to))
        .map((relation) => ({ id: relation.id, sources: [relation.from], targets: [relation.to] })),
    });
  const across = await layOut("RIGHT");
  const down = await layOut("DOWN");
  const scale = (graph: { width?: number; height?: number }) =>
    Math.min(1, VIEW.width / (graph.width || 1), VIEW.height / (graph.height || 1));
  const graph = scale(down) > scale(across) * 1.05 ? down : across;
  return (graph.children ?? []).map((node) => ({ id: node.id, x: snap(node.x ?? 0), y: snap(node.y ?? 0) }));
}

export function snap(value: number): number {
  return Math.round(value / 8) * 8;
}

/** Places for entities that have none: all of them arranged, or the few new ones below what stands. */
export async function placeMissing(model: Model): Promise<Place[]> {
  const missing = model.entities.filter((entity) => entity.x === null || entity.y === null);
  if (missing.length === 0) return [];
  const standing = model.entities.filter((entity) => entity.x !== null && entity.y !== null);
  if (standing.length === 0) return arrange(model);
  const ids = new Set(missing.map((entity) => entity.id));
  const relations: Relation[] = model.relations.filter((relation) => ids.has(relation.from) && ids.has(relation.to));
  const places = await arrange({ entities: missing, relations });
  const bottom = Math.max(...standing.map((entity) => entity.y! + entitySize(entity).height));
  const left = Math.min(...standing.map((entity) => entity.x!));
  return places.map((place) => ({ id: place.id, x: snap(place.x + left), y: snap(place.y + bottom + 64) }));
}

/** The free spot for a new table that is nearest to the middle of what is seen. */
export function freeSpot(boxes: readonly Box[], seen: Omit<Box, "id">): { x: number; y: number } {
  const size = { width: MIN_WIDTH, height: HEAD + LINE + 5 };
  const [middleX, middleY] = [seen.x + (seen.width - size.width) / 2, seen.y + (seen.height - size.height) / 2];
  const free = (x: number, y: number) =>
    boxes.every(
      (box) =>
        x + size.width + 40 <= box.x ||
        box.x + box.width + 40 <= x ||
        y + size.height + 32 <= box.y ||
        box.y + box.height + 32 <= y,
    );
  let best = { x: middleX, y: Math.max(seen.y, ...boxes.map((box) => box.y + box.height)) + 64 };
  let least = Infinity;
  for (let x = seen.x + 24; x + size.width + 24 <= seen.x + seen.width; x += 24)
    for (let y = seen.y + 24; y + size.height + 24 <= seen.y + seen.height; y += 24) {
      const distance = Math.hypot(x - middleX, y - middleY);
      if (distance < least && free(x, y)) [least, best] = [distance, { x, y }];
    }
  return { x: snap(best.x), y: snap(best.y) };
}

export type Direction = "Left" | "Right" | "Up" | "Down";

/** The next box in a direction: near, and not far aside. */
export function neighbour(boxes: readonly Box[], from: Box, direction: Direction): Box | undefined {
  const centre = (box: Box) => ({ x: box.x + box.width / 2, y: box.y + box.height / 2 });
  const here = centre(from);
  let best: Box | undefined;
  let least = Infinity;
  for (const box of boxes) {
    if (box.id === from.id) continue;
    const there = centre(box);
    const [along, aside] =
      direction === "Left"
        ? [here.x - there.x, there.y - here.y]
        : direction === "Right"
          ? [there.x - here.x, there.y - here.y]
          : direction === "Up"
            ? [here.y - there.y, there.x - here.x]
            : [there.y - here.y, there.x - here.x];
    if (along <= 0) continue;
    const distance = along + Math.abs(aside) * 2;
    if (distance < least) [least, best] = [distance, box];
  }
  return best;
}
