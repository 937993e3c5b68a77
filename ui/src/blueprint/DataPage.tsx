import {
  Background,
  BackgroundVariant,
  ConnectionMode,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  type Connection,
  type NodeChange,
  type NodeHandle,
} from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { Maximize, Network, Pencil, Plus, Spline, Trash2, X, ZoomIn, ZoomOut } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent, type MouseEvent } from "react";
import { useTranslation } from "react-i18next";
import { useCommand, useQuery } from "../api/call";
import type { Model } from "../api/generated";
import { Button, ContextMenu, Empty, IconButton, Loaded, toast, useVerbs } from "../kit";
import { RoleNote, useMay, useProjectPlace } from "../project";
import { blueprint } from "./api";
import { Conflicts } from "./Conflicts";
import { EntityNode, type EntityNodeType } from "./EntityNode";
import { RelationEdge, type RelationEdgeType } from "./RelationEdge";
import { arrange, entitySize, freeSpot, neighbour, placeMissing, snap, type Direction, type Place } from "./layout";
import { routeAll, type Box } from "./route";
import { useUndo } from "./undo";
import "./DataPage.css";

const nodeTypes = { entity: EntityNode };
const edgeTypes = { relation: RelationEdge };

export function DataPage({ project, selected }: { project: string; selected: string | null }) {
  const { t } = useTranslation();
  const model = useQuery(blueprint.model, { project });
  return (
    <main aria-label={t("place.data")}>
      <Loaded query={model}>
        {(data) => (
          <ReactFlowProvider>
            <Diagram project={project} selected={selected} model={data} />
          </ReactFlowProvider>
        )}
      </Loaded>
    </main>
  );
}

function handlesOf({ width, height }: Box): NodeHandle[] {
  const middle = {
    left: { x: 0, y: height / 2 },
    right: { x: width, y: height / 2 },
    top: { x: width / 2, y: 0 },
    bottom: { x: width / 2, y: height },
  };
  return [Position.Left, Position.Right, Position.Top, Position.Bottom].map((position) => ({
    id: position,
    type: "source",
    position,
    ...middle[position],
    width: 1,
    height: 1,
  }));
}

/** The data as an entity-relationship diagram: ruled tables, and lines with crow's feet. */
function Diagram({ project, selected, model }: { project: string; selected: string | null; model: Model }) {
  const { t } = useTranslation();
  const { select } = useProjectPlace();
  const { undo } = useUndo(project);
  const { edit } = useMay(project);
  const flow = useReactFlow();
  const add = useCommand(blueprint.add_entity);
  const rename = useCommand(blueprint.set_entity);
  const place = useCommand(blueprint.place_entities);
  const remove = useCommand(blueprint.remove_entity);
  const connect = useCommand(blueprint.add_relation);
  const removeRelation = useCommand(blueprint.remove_relation);

  // Places that are drawn but not stored: an automatic arrangement is stored with the first move that a person makes.
  const [drawn, setDrawn] = useState<ReadonlyMap<string, { x: number; y: number }>>(new Map());
  const [renaming, setRenaming] = useState<string | null>(null);
  const [connecting, setConnecting] = useState<string | null>(null);
  const pane = useRef<HTMLDivElement>(null);
  const wantFit = useRef(true);

  const missing = model.entities
    .filter((entity) => entity.x === null || entity.y === null)
    .map((entity) => entity.id)
    .join();
  useEffect(() => {
    let stale = false;
    if (!missing) return;
    void placeMissing(model).then((places) => {
      if (stale) return;
      setDrawn(
        (old) =>
          new Map([...old, ...places.filter(({ id }) => !old.has(id)).map(({ id, x, y }) => [id, { x, y }] as const)]),
      );
    });
    return () => {
      stale = true;
    };
    // Only another set of unplaced entities asks for another arrangement.
  }, [missing]);

  const at = useCallback(
    (id: string, x: number | null, y: number | null) => drawn.get(id) ?? (x !== null && y !== null ? { x, y } : null),
    [drawn],
  );
  const boxes = useMemo(
    (): Box[] =>
      model.entities.flatMap((entity) => {
        const position = at(entity.id, entity.x, entity.y);
        return position ? [{ id: entity.id, ...position, ...entitySize(entity) }] : [];
      }),
    [at, model.entities],
  );
  const routes = useMemo(() => routeAll(boxes, model.relations), [boxes, model.relations]);

  // A stored place replaces the drawn one, so that an undo or another device's move shows.
  useEffect(() => {
    setDrawn((old) => {
      const kept = [...old].filter(([id, position]) => {
        const entity = model.entities.find((each) => each.id === id);
        return (
          entity &&
          (entity.x === null ||
            entity.y === null ||
            (dragging.current && (entity.x !== position.x || entity.y !== position.y)))
        );
      });
      return kept.length === old.size ? old : new Map(kept);
    });
  }, [model]);
  const dragging = useRef(false);

  const focusNode = useCallback((id: string) => {
    setTimeout(
      () =>
        pane.current?.querySelector<HTMLElement>(`[data-testid="entity-node"][data-id="${CSS.escape(id)}"]`)?.focus(),
      0,
    );
  }, []);

  const nodes = useMemo(
    (): EntityNodeType[] =>
      boxes.map((box) => {
        const entity = model.entities.find((each) => each.id === box.id)!;
        return {
          id: box.id,
          type: "entity",
          position: { x: box.x, y: box.y },
          width: box.width,
          height: box.height,
          measured: { width: box.width, height: box.height },
          // Told rather than measured: the lines take their own ways, and wait for no layout of the page.
          handles: handlesOf(box),
          selected: box.id === selected,
          data: {
            entity,
            tabbable: box.id === selected || (!boxes.some((each) => each.id === selected) && box.id === boxes[0]?.id),
            renaming: renaming === box.id,
            source: connecting === box.id,
            // A label that only repeats the name goes on repeating it.
            onRename: (name) =>
              void rename.run({ project, id: box.id, name, ...(entity.label === entity.name ? { label: name } : {}) }),
            onRenaming: (open) => {
              setRenaming(open && edit ? box.id : null);
              // The field is gone after Enter; the keyboard goes on from its table, unless it has gone elsewhere.
              if (!open) setTimeout(() => document.activeElement === document.body && focusNode(box.id), 0);
            },
            onFocus: () => box.id !== selected && select(box.id),
          },
        };
      }),
    [boxes, connecting, edit, focusNode, model.entities, project, rename.run, renaming, select, selected],
  );
  const edges = useMemo(
    (): RelationEdgeType[] =>
      model.relations.flatMap((relation) => {
        const route = routes.get(relation.id);
        return route
          ? [
              {
                id: relation.id,
                source: relation.from,
                target: relation.to,
                type: "relation",
                selected: relation.id === selected,
                data: { route, relation, project },
              },
            ]
          : [];
      }),
    [model.relations, project, routes, selected],
  );

  const store = useCallback(
    (places: Place[]) => {
      const moved = new Map(places.map((each) => [each.id, each]));
      const unstored = [...drawn].filter(([id]) => !moved.has(id)).map(([id, position]) => ({ id, ...position }));
      return place.run({
        project,
        places: [...places, ...unstored].filter(({ id }) => model.entities.some((entity) => entity.id === id)),
      });
    },
    [drawn, model.entities, place.run, project],
  );

  const fit = useCallback(() => void flow.fitView({ padding: 0.12, maxZoom: 1, duration: 120 }), [flow]);
  useEffect(() => {
    if (boxes.length === 0 || !wantFit.current) return;
    wantFit.current = false;
    const timer = setTimeout(() => void flow.fitView({ padding: 0.12, maxZoom: 1 }), 0);
    return () => clearTimeout(timer);
  }, [boxes.length, flow]);

  // An inspector that opens may cover what was selected. Only then does the view move, by as little as shows it again,
  // and late enough that the second click of two still meets what the first one met.
  const chosen = boxes.find((box) => box.id === selected);
  useEffect(() => {
    if (!chosen) return;
    const timer = setTimeout(() => {
      const frame = pane.current?.getBoundingClientRect();
      if (!frame?.width || dragging.current) return;
      const { x, y, zoom } = flow.getViewport();
      const nudge = (low: number, high: number, room: number) =>
        high - low > room - 32 || low < 16 ? 16 - low : high > room - 16 ? room - 16 - high : 0;
      const dx = nudge(chosen.x * zoom + x, (chosen.x + chosen.width) * zoom + x, frame.width);
      const dy = nudge(chosen.y * zoom + y, (chosen.y + chosen.height) * zoom + y, frame.height);
      if (dx || dy) void flow.setViewport({ x: x + dx, y: y + dy, zoom }, { duration: 120 });
    }, 320);
    return () => clearTimeout(timer);
  }, [chosen?.id, flow]);

  // Who came by keyboard goes on by keyboard: the first arrow key finds the first table.
  useEffect(() => {
    if (document.activeElement === document.body) pane.current?.focus({ preventScroll: true });
  }, []);

  const addEntity = async (point?: { x: number; y: number }) => {
    const names = new Set(model.entities.map((entity) => entity.name));
    let name = t("data.new_name");
    for (let count = 2; names.has(name); count++) name = `${t("data.new_name")}${count}`;
    const frame = pane.current?.getBoundingClientRect();
    const { x: panX, y: panY, zoom } = flow.getViewport();
    const spot = point
      ? { x: snap(point.x), y: snap(point.y) }
      : freeSpot(boxes, {
          x: -panX / zoom,
          y: -panY / zoom,
          width: (frame?.width || 1040) / zoom,
          height: (frame?.height || 740) / zoom,
        });
    if (drawn.size > 0) await store([]);
    const made = await add.run({ project, name, ...spot });
    if (!made) return;
    select(made.id);
    setRenaming(made.id);
  };

  const connectTo = async (from: string, to: string) => {
    setConnecting(null);
    const made = await connect.run({ project, from, to, cardinality: "one-to-many" });
    if (made) select(made.id);
  };

  const removeSelected = async () => {
    if (!edit) return;
    const entity = model.entities.find((each) => each.id === selected);
    const relation = model.relations.find((each) => each.id === selected);
    if (!entity && !relation) return;
    const done = entity
      ? await remove.run({ project, id: entity.id })
      : await removeRelation.run({ project, id: relation!.id });
    if (!done) return;
    select(null);
    toast(entity ? t("data.deleted", { name: entity.name }) : t("data.deleted_relation"), {
      verb: { label: t("verb.undo"), keys: "Mod+Z", run: () => void undo() },
    });
    pane.current?.focus();
  };

  const arrangeAll = async () => {
    const places = await arrange(model);
    wantFit.current = false;
    setDrawn(new Map());
    if (await place.run({ project, places })) setTimeout(fit, 60);
  };

  const isEntity = model.entities.some((entity) => entity.id === selected);
  const empty = model.entities.length === 0;
  const startConnect = () => {
    setConnecting(selected);
    // What it is to be connected with may lie out of sight.
    const frame = pane.current?.getBoundingClientRect();
    const { x, y, zoom } = flow.getViewport();
    const hidden = (box: Box) =>
      box.x * zoom + x < 0 ||
      box.y * zoom + y < 0 ||
      (box.x + box.width) * zoom + x > frame!.width ||
      (box.y + box.height) * zoom + y > frame!.height;
    if (frame?.width && boxes.some(hidden)) fit();
    focusNode(selected!);
  };
  const menu = [
    { label: t("data.add"), icon: Plus, keys: "N", disabled: !edit, run: () => void addEntity() },
    ...(isEntity
      ? [
          { label: t("data.rename"), icon: Pencil, keys: "F2", disabled: !edit, run: () => setRenaming(selected) },
          { label: t("data.connect"), icon: Spline, keys: "C", disabled: !edit, run: startConnect },
        ]
      : []),
    ...(selected
      ? [
          {
            label: t("data.delete"),
            icon: Trash2,
            keys: "Del",
            danger: true,
            disabled: !edit,
            run: () => void removeSelected(),
          },
        ]
      : []),
    null,
    { label: t("data.arrange"), icon: Network, keys: "A", disabled: empty || !edit, run: () => void arrangeAll() },
    { label: t("data.fit"), icon: Maximize, keys: "F", disabled: empty, run: fit },
  ];
  useVerbs([
    { id: "entity.add", label: t("data.add"), keys: "N", group: "edit", disabled: !edit, run: () => void addEntity() },
    {
      id: "entity.rename",
      label: t("data.rename"),
      keys: "F2",
      group: "edit",
      disabled: !isEntity || !edit,
      run: () => setRenaming(selected),
    },
    {
      id: "entity.connect",
      label: t("data.connect"),
      keys: "C",
      group: "edit",
      disabled: !isEntity || !edit,
      run: startConnect,
    },
    {
      id: "entity.delete",
      label: t("data.delete"),
      keys: "Del",
      group: "edit",
      disabled: !selected || !edit,
      run: () => void removeSelected(),
    },
    {
      id: "data.arrange",
      label: t("data.arrange"),
      keys: "A",
      group: "view",
      disabled: empty || !edit,
      run: () => void arrangeAll(),
    },
    { id: "data.fit", label: t("data.fit"), keys: "F", group: "view", disabled: empty, run: fit },
    {
      id: "data.in",
      label: t("data.zoom_in"),
      keys: "=",
      group: "view",
      run: () => void flow.zoomIn({ duration: 120 }),
    },
    {
      id: "data.out",
      label: t("data.zoom_out"),
      keys: "-",
      group: "view",
      run: () => void flow.zoomOut({ duration: 120 }),
    },
  ]);

  const onKeyDown = (event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    if (target.closest("input,textarea")) return;
    const arrow = /^Arrow(Left|Right|Up|Down)$/.exec(event.key)?.[1] as Direction | undefined;
    const here = boxes.find((box) => box.id === selected);
    if (arrow && here && event.altKey && edit) {
      const by = event.shiftKey ? 40 : 8;
      const x = here.x + (arrow === "Left" ? -by : arrow === "Right" ? by : 0);
      const y = here.y + (arrow === "Up" ? -by : arrow === "Down" ? by : 0);
      setDrawn((old) => new Map(old).set(here.id, { x, y }));
      void store([{ id: here.id, x, y }]);
    } else if (arrow) {
      const next = here ? neighbour(boxes, here, arrow) : boxes[0];
      if (next) {
        select(next.id);
        focusNode(next.id);
      }
    } else if (event.key === "Enter" && connecting && selected) void connectTo(connecting, selected);
    else if (event.key === "Escape") {
      if (connecting) setConnecting(null);
      else if (selected) select(null);
    } else if (event.key === "Backspace") void removeSelected();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const onNodesChange = (changes: NodeChange<EntityNodeType>[]) => {
    const moves = changes.flatMap((change) =>
      change.type === "position" && change.position ? [[change.id, change.position] as const] : [],
    );
    if (moves.length)
      setDrawn((old) => new Map([...old, ...moves.map(([id, { x, y }]) => [id, { x: snap(x), y: snap(y) }] as const)]));
  };

  return (
    <>
      <div className="bar">
        <h1>{t("place.data")}</h1>
        <span className="soft">{t("data.count", { count: model.entities.length })}</span>
        <span className="grow" />
        <RoleNote project={project} />
        {edit && (
          <>
            <Button icon={Plus} keys="N" onClick={() => void addEntity()}>
              {t("data.add")}
            </Button>
            <IconButton icon={Spline} label={t("data.connect")} keys="C" disabled={!isEntity} onClick={startConnect} />
            <IconButton
              icon={Network}
              label={t("data.arrange")}
              keys="A"
              disabled={empty}
              onClick={() => void arrangeAll()}
            />
          </>
        )}
        <IconButton icon={Maximize} label={t("data.fit")} keys="F" disabled={empty} onClick={fit} />
        <IconButton
          icon={ZoomOut}
          label={t("data.zoom_out")}
          keys="-"
          onClick={() => void flow.zoomOut({ duration: 120 })}
        />
        <IconButton
          icon={ZoomIn}
          label={t("data.zoom_in")}
          keys="="
          onClick={() => void flow.zoomIn({ duration: 120 })}
        />
      </div>
      <Conflicts
        project={project}
        about={["entity", "attribute", "relation"]}
        onSelect={(conflict) => select(conflict.element)}
      />
      <ContextMenu verbs={menu}>
        <div
          ref={pane}
          className={`diagram ${connecting ? "connecting" : ""}`}
          role="application"
          aria-label={t("data.diagram", { count: model.entities.length })}
          tabIndex={empty ? 0 : -1}
          onKeyDown={onKeyDown}
          onDoubleClick={(event: MouseEvent) => {
            if (!edit || !(event.target as Element).classList.contains("react-flow__pane")) return;
            void addEntity(flow.screenToFlowPosition({ x: event.clientX, y: event.clientY }));
          }}
        >
          <ReactFlow
            nodes={nodes}
            edges={edges}
            nodeTypes={nodeTypes}
            edgeTypes={edgeTypes}
            onNodesChange={onNodesChange}
            onNodeClick={(_, node) =>
              connecting && connecting !== node.id ? void connectTo(connecting, node.id) : select(node.id)
            }
            onEdgeClick={(_, edge) => select(edge.id)}
            onPaneClick={() => (setConnecting(null), selected && select(null))}
            onNodeDragStart={() => (dragging.current = true)}
            onNodeDragStop={(_, __, moved) => {
              void store(
                moved.map((node) => ({ id: node.id, x: snap(node.position.x), y: snap(node.position.y) })),
              ).then(() => (dragging.current = false));
            }}
            onConnect={(connection: Connection) => void connectTo(connection.source, connection.target)}
            connectionMode={ConnectionMode.Loose}
            connectionRadius={24}
            onNodeContextMenu={(_, node) => node.id !== selected && select(node.id)}
            onEdgeContextMenu={(_, edge) => edge.id !== selected && select(edge.id)}
            nodesDraggable={edit}
            nodesConnectable={edit}
            nodesFocusable={false}
            edgesFocusable={false}
            disableKeyboardA11y
            deleteKeyCode={null}
            selectionKeyCode={null}
            multiSelectionKeyCode={null}
            zoomOnDoubleClick={false}
            minZoom={0.2}
            maxZoom={2}
            nodeDragThreshold={3}
            proOptions={{ hideAttribution: true }}
          >
            <Background variant={BackgroundVariant.Dots} gap={16} size={1} />
          </ReactFlow>
          {empty && (
            <div className="diagram-empty">
              <Empty
                verb={
                  edit && (
                    <Button icon={Plus} keys="N" onClick={() => void addEntity()}>
                      {t("data.add")}
                    </Button>
                  )
                }
              >
                {t("data.empty")}
              </Empty>
            </div>
          )}
          {connecting && (
            <div className="diagram-hint float" role="status">
              {t("data.connecting", { name: model.entities.find((entity) => entity.id === connecting)?.name ?? "" })}
              <IconButton icon={X} label={t("verb.cancel")} keys="Esc" onClick={() => setConnecting(null)} />
            </div>
          )}
        </div>
      </ContextMenu>
    </>
  );
}
