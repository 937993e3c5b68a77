import { useVirtualizer } from "@tanstack/react-virtual";
import {
  ArrowDown,
  ArrowUp,
  Copy,
  FileText,
  GripVertical,
  ListFilter,
  MessageSquare,
  Pencil,
  Plus,
  Trash2,
  X,
} from "lucide-react";
import {
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type DragEvent,
  type KeyboardEvent,
  type MouseEvent,
  type RefObject,
} from "react";
import { useTranslation } from "react-i18next";
import { useCommand, useQuery } from "../api/call";
import type { Priority, Requirement, RequirementKind, RequirementState } from "../api/generated";
import {
  Button,
  Choice,
  ContextMenu,
  Empty,
  IconButton,
  Loaded,
  chordOf,
  isPointerDown,
  toast,
  useVerbs,
} from "../kit";
import { platform } from "../platform";
import { RoleNote, useMay, useProjectPlace } from "../project";
import { blueprint } from "./api";
import { Conflicts } from "./Conflicts";
import { BriefPage } from "./BriefPage";
import { RequirementText } from "./RequirementText";
import { useUndo } from "./undo";
import "./RequirementsPage.css";

export const kinds: readonly RequirementKind[] = ["functional", "quality", "constraint", "integration"];
export const priorities: readonly Priority[] = ["must", "should", "could"];
export const states: readonly RequirementState[] = ["draft", "agreed", "done"];

const ROW = 28;
const VIRTUAL_FROM = 120;

export function RequirementsPage({ project, selected }: { project: string; selected: string | null }) {
  const { t } = useTranslation();
  const { select, open } = useProjectPlace();
  const [filter, setFilter] = useState("");
  const list = useQuery(blueprint.requirements, { project, query: filter.trim() || null }, { keep: true });
  const model = useQuery(blueprint.model, { project });
  const field = useRef<HTMLInputElement>(null);
  const filtering = filter.trim() !== "";
  const may = useMay(project);

  useVerbs([
    {
      id: "requirements.filter",
      label: t("requirements.filter_verb"),
      keys: "Mod+F",
      group: "view",
      inText: true,
      run: () => field.current?.select(),
    },
    {
      id: "brief.add",
      label: t("requirements.add_brief"),
      keys: "Mod+Shift+B",
      group: "edit",
      disabled: !may.edit,
      run: () => open("brief"),
    },
  ]);

  if (list.data?.length === 0 && !filtering && model.data?.entities.length === 0 && !list.isPlaceholderData && may.edit)
    return <BriefPage project={project} />;
  return (
    <main aria-label={t("place.requirements")}>
      <div className="bar">
        <h1>{t("place.requirements")}</h1>
        <span className="soft">{list.data && t("requirements.count", { count: list.data.length })}</span>
        <span className="grow" />
        <div className="filter">
          <ListFilter aria-hidden />
          <input
            ref={field}
            type="search"
            aria-label={t("requirements.filter")}
            placeholder={t("requirements.filter")}
            value={filter}
            onChange={(event) => setFilter(event.target.value)}
            onKeyDown={(event) => event.key === "Escape" && (setFilter(""), event.currentTarget.blur())}
          />
          {filtering && <IconButton icon={X} label={t("requirements.clear_filter")} onClick={() => setFilter("")} />}
        </div>
        <RoleNote project={project} />
        {may.edit && (
          <Button icon={FileText} onClick={() => open("brief")}>
            {t("requirements.add_brief")}
          </Button>
        )}
      </div>
      <Conflicts project={project} about={["requirement"]} onSelect={(conflict) => select(conflict.element)} />
      <Loaded query={list} rows={12}>
        {(rows) => (
          <Rows
            project={project}
            rows={rows}
            selected={selected}
            onSelect={select}
            filtering={filtering}
            onClear={() => setFilter("")}
          />
        )}
      </Loaded>
    </main>
  );
}

interface RowsProps {
  project: string;
  rows: Requirement[];
  selected: string | null;
  onSelect(id: string | null): void;
  filtering: boolean;
  onClear(): void;
}

function Rows({ project, rows, selected, onSelect, filtering, onClear }: RowsProps) {
  const { t } = useTranslation();
  const { undo } = useUndo(project);
  const { edit } = useMay(project);
  const add = useCommand(blueprint.add_requirement);
  const remove = useCommand(blueprint.remove_requirement);
  const move = useCommand(blueprint.move_requirement);
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  const [editing, setEditing] = useState<string | null>(null);
  // Where the line for the next requirement stands: below this row, or (null) at the end.
  const [insertAfter, setInsertAfter] = useState<string | null>(null);
  const [newText, setNewText] = useState("");
  const drawnAfter = useRef<string | null>(null);
  const adding = useRef<Promise<string | null>>(Promise.resolve(null));
  const [dragging, setDragging] = useState<string | null>(null);
  const [dropAfter, setDropAfter] = useState<string | null | undefined>(undefined);
  const anchor = useRef<string | null>(null);
  const grid = useRef<HTMLDivElement>(null);
  const newField = useRef<HTMLTextAreaElement>(null);
  const focusNext = useRef<string | null>(null);
  // A row that is moved on the page loses the focus, so it is given back once the new order is drawn.
  const moved = useRef<{ id: string; after: string | null } | null>(null);

  // From here on a project can be worked in; how long that took is measured from outside.
  useEffect(() => void performance.mark("requirements"), []);

  const indexOf = (id: string | null) => (id === null ? -1 : rows.findIndex((row) => row.id === id));
  const active = indexOf(selected) >= 0 ? selected! : (rows[0]?.id ?? null);
  const chosen = useMemo(() => {
    const present = new Set(rows.map((row) => row.id));
    const kept = [...marked].filter((id) => present.has(id));
    return new Set(kept.length > 0 ? kept : selected && present.has(selected) ? [selected] : []);
  }, [marked, rows, selected]);

  const virtual = rows.length > VIRTUAL_FROM;
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => grid.current,
    estimateSize: () => ROW,
    overscan: 12,
    enabled: virtual,
    getItemKey: (index) => rows[index]?.id ?? index,
  });

  const focusRow = (id: string) => {
    const row = grid.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`);
    if (row) row.focus();
    else {
      focusNext.current = id;
      if (virtual) virtualizer.scrollToIndex(indexOf(id));
    }
  };
  useEffect(() => {
    if (moved.current && (rows[indexOf(moved.current.id) - 1]?.id ?? null) === moved.current.after) {
      focusNext.current = moved.current.id;
      moved.current = null;
    }
    if (!focusNext.current) return;
    const row = grid.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(focusNext.current)}"]`);
    if (row) {
      focusNext.current = null;
      row.focus();
    }
  });

  // Who came by keyboard goes on by keyboard: the first arrow key finds the first row.
  useEffect(() => {
    if (document.activeElement === document.body) grid.current?.focus({ preventScroll: true });
  }, []);

  const goTo = (index: number, extend = false) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
    if (!row) return;
    if (extend) {
      anchor.current ??= active;
      const [from, to] = [indexOf(anchor.current), indexOf(row.id)].toSorted((a, b) => a - b);
      setMarked(new Set(rows.slice(from, to! + 1).map((each) => each.id)));
    } else {
      anchor.current = row.id;
      setMarked(new Set());
    }
    onSelect(row.id);
    focusRow(row.id);
  };

  const removeChosen = async () => {
    const ids = rows.filter((row) => chosen.has(row.id));
    if (ids.length === 0 || !edit) return;
    const last = indexOf(ids.at(-1)!.id);
    const next =
      rows.slice(last + 1).find((row) => !chosen.has(row.id)) ??
      rows.slice(0, last).findLast((row) => !chosen.has(row.id));
    let done = 0;
    for (const row of ids) if (await remove.run({ project, id: row.id })) done++;
    if (done === 0) return;
    setMarked(new Set());
    onSelect(next?.id ?? null);
    if (next) focusRow(next.id);
    toast(t("requirements.deleted", { count: done, key: ids[0]!.key }), {
      verb: { label: t("verb.undo"), keys: "Mod+Z", run: () => void undo(done) },
    });
  };

  const shift = async (by: -1 | 1) => {
    if (!active || filtering || !edit) return;
    const index = indexOf(active);
    const target = index + by;
    if (target < 0 || target >= rows.length) return;
    const after = by === 1 ? rows[target]!.id : (rows[target - 1]?.id ?? null);
    moved.current = { id: active, after };
    if (!(await move.run({ project, id: active, after }))) moved.current = null;
  };

  const startNew = (after: string | null) => {
    adding.current = adding.current.then(() => null);
    setInsertAfter(after);
    setEditing(null);
    setTimeout(() => newField.current?.focus(), 0);
  };
  const copyChosen = () => {
    const text = rows
      .filter((row) => chosen.has(row.id))
      .map((row) => `${row.key}  ${row.text}`)
      .join("\n");
    void platform()
      .copy(text)
      .then(() => toast(t("requirements.copied", { count: chosen.size })));
  };

  useVerbs([
    {
      id: "requirement.new",
      label: t("requirements.new"),
      keys: "N",
      group: "edit",
      disabled: !edit,
      run: () => startNew(selected),
    },
    {
      id: "requirement.edit",
      label: t("requirements.edit"),
      keys: "F2",
      group: "edit",
      disabled: !active || !edit,
      run: () => setEditing(active),
    },
    {
      id: "requirement.up",
      label: t("requirements.up"),
      keys: "Alt+Up",
      group: "edit",
      disabled: filtering || !edit,
      run: () => void shift(-1),
    },
    {
      id: "requirement.down",
      label: t("requirements.down"),
      keys: "Alt+Down",
      group: "edit",
      disabled: filtering || !edit,
      run: () => void shift(1),
    },
    {
      id: "requirement.all",
      label: t("requirements.select_all"),
      keys: "Mod+A",
      group: "edit",
      run: () => setMarked(new Set(rows.map((row) => row.id))),
    },
    {
      id: "requirement.copy",
      label: t("requirements.copy"),
      keys: "Mod+C",
      group: "edit",
      local: true,
      run: copyChosen,
    },
    {
      id: "requirement.delete",
      label: t("requirements.delete"),
      keys: "Del",
      group: "edit",
      disabled: chosen.size === 0 || !edit,
      run: () => void removeChosen(),
    },
  ]);
  const menu = [
    {
      label: t("requirements.edit"),
      icon: Pencil,
      keys: "F2",
      disabled: !edit || chosen.size > 1,
      run: () => setEditing(active),
    },
    { label: t("requirements.new"), icon: Plus, keys: "N", disabled: !edit, run: () => startNew(selected) },
    { label: t("requirements.copy"), icon: Copy, keys: "Mod+C", run: copyChosen },
    null,
    {
      label: t("requirements.up"),
      icon: ArrowUp,
      keys: "Alt+Up",
      disabled: !edit || filtering,
      run: () => void shift(-1),
    },
    {
      label: t("requirements.down"),
      icon: ArrowDown,
      keys: "Alt+Down",
      disabled: !edit || filtering,
      run: () => void shift(1),
    },
    null,
    {
      label: t("requirements.delete"),
      icon: Trash2,
      keys: "Del",
      danger: true,
      disabled: !edit,
      run: () => void removeChosen(),
    },
  ];

  const onRowKey = (event: KeyboardEvent<HTMLDivElement>, row: Requirement) => {
    if (event.target !== event.currentTarget || event.altKey) return;
    const index = indexOf(row.id);
    const page = Math.max(1, Math.floor((grid.current?.clientHeight ?? 280) / ROW) - 1);
    if (event.key === "ArrowDown") goTo(index + 1, event.shiftKey);
    else if (event.key === "ArrowUp") goTo(index - 1, event.shiftKey);
    else if (event.key === "PageDown") goTo(index + page, event.shiftKey);
    else if (event.key === "PageUp") goTo(index - page, event.shiftKey);
    else if (event.key === "Home") goTo(0, event.shiftKey);
    else if (event.key === "End") goTo(rows.length - 1, event.shiftKey);
    else if (event.key === "Enter") edit && setEditing(row.id);
    else if (event.key === "Backspace") void removeChosen();
    else if (event.key === " ") {
      const next = new Set(chosen);
      if (!next.delete(row.id)) next.add(row.id);
      setMarked(next);
    } else if (event.key === "Escape") {
      setMarked(new Set());
      if (selected) onSelect(null);
    } else if (chordOf(event.nativeEvent) === "Mod+C" && !window.getSelection()?.toString()) copyChosen();
    else return;
    event.preventDefault();
  };

  const onRowClick = (event: MouseEvent, row: Requirement) => {
    if ((event.target as Element).closest("button,textarea,input")) return;
    if (event.shiftKey) return goTo(indexOf(row.id), true);
    if (event.ctrlKey || event.metaKey) {
      const next = new Set(chosen);
      if (!next.delete(row.id)) next.add(row.id);
      setMarked(next);
    } else setMarked(new Set());
    anchor.current = row.id;
    onSelect(row.id);
  };

  const drop = async () => {
    if (dragging && dropAfter !== undefined && dropAfter !== dragging)
      await move.run({ project, id: dragging, after: dropAfter });
    setDragging(null);
    setDropAfter(undefined);
  };
  const onDragOver = (event: DragEvent<HTMLElement>, index: number) => {
    if (!dragging) return;
    event.preventDefault();
    const box = event.currentTarget.getBoundingClientRect();
    const below = event.clientY > box.top + box.height / 2;
    setDropAfter(below ? rows[index]!.id : (rows[index - 1]?.id ?? null));
  };

  // The row just added arrives a moment after its id; until then the line stays where it is, and keeps what is typed.
  const below =
    insertAfter === null || indexOf(insertAfter) >= 0
      ? insertAfter
      : indexOf(drawnAfter.current) >= 0
        ? drawnAfter.current
        : null;
  drawnAfter.current = below;

  /** One after another, so that lines typed quickly keep their order. */
  const addNew = (text: string) => {
    adding.current = adding.current.then(async (previous) => {
      const after = insertAfter === null ? null : (previous ?? insertAfter);
      const made = await add.run({ project, text, after });
      if (!made) {
        setNewText((now) => now || text);
        return previous;
      }
      if (after) setInsertAfter((now) => (now === null ? null : made.id));
      return made.id;
    });
  };
  const newRow = () => (
    <NewRow
      key="new"
      ref={newField}
      text={newText}
      onText={setNewText}
      takeFocus={insertAfter !== null}
      onAdd={(text) => {
        setNewText("");
        addNew(text);
      }}
      onLeave={(byKey) => {
        const back = insertAfter ?? active;
        setInsertAfter(null);
        if (byKey && back) focusRow(back);
      }}
    />
  );

  const line = (row: Requirement, index: number) => (
    <RequirementRow
      key={row.id}
      row={row}
      index={index}
      project={project}
      chosen={chosen.has(row.id)}
      tabbable={row.id === active}
      editing={editing === row.id}
      editable={edit}
      draggable={edit && !filtering}
      onContext={() => !chosen.has(row.id) && (setMarked(new Set()), onSelect(row.id))}
      dropped={dropAfter === row.id ? "after" : index === 0 && dropAfter === null && dragging ? "before" : undefined}
      onKey={(event) => onRowKey(event, row)}
      onClick={(event) => onRowClick(event, row)}
      onFocus={() => row.id !== selected && !isPointerDown() && onSelect(row.id)}
      onEdit={() => edit && setEditing(row.id)}
      onDone={(next) => {
        setEditing((now) => (now === row.id ? null : now));
        if (next) startNew(row.id);
        else if (document.activeElement?.getAttribute("data-testid") === "requirement-text") focusNext.current = row.id;
      }}
      onDragStart={() => setDragging(row.id)}
      onDragOver={(event) => onDragOver(event, index)}
      onDrop={() => void drop()}
    />
  );

  if (rows.length === 0 && filtering)
    return (
      <Empty verb={<Button onClick={onClear}>{t("requirements.clear_filter")}</Button>}>
        {t("requirements.no_match")}
      </Empty>
    );

  if (rows.length === 0 && !edit) return <Empty>{t("requirements.none")}</Empty>;

  const drawn = virtual ? virtualizer.getVirtualItems() : null;
  return (
    <>
      <ContextMenu verbs={menu}>
        <div
          ref={grid}
          role="grid"
          className="scroll requirements"
          aria-label={t("place.requirements")}
          aria-multiselectable
          aria-rowcount={rows.length}
          tabIndex={-1}
          onKeyDown={(event) => {
            if (event.target !== event.currentTarget || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
            event.preventDefault();
            goTo(Math.max(0, indexOf(selected)));
          }}
          onDragEnd={() => (setDragging(null), setDropAfter(undefined))}
        >
          {drawn ? (
            <div role="presentation" style={{ height: virtualizer.getTotalSize(), position: "relative" }}>
              {drawn.map((item) => (
                <div
                  key={item.key}
                  role="presentation"
                  ref={virtualizer.measureElement}
                  data-index={item.index}
                  style={{ position: "absolute", insetInline: 0, top: 0, transform: `translateY(${item.start}px)` }}
                >
                  {line(rows[item.index]!, item.index)}
                  {below === rows[item.index]!.id && newRow()}
                </div>
              ))}
            </div>
          ) : (
            rows.flatMap((row, index) => (below === row.id ? [line(row, index), newRow()] : [line(row, index)]))
          )}
          {below === null && edit && newRow()}
        </div>
      </ContextMenu>
      {chosen.size > 1 && (
        <div className="chosen-bar" role="toolbar" aria-label={t("requirements.chosen", { count: chosen.size })}>
          <span>{t("requirements.chosen", { count: chosen.size })}</span>
          <span className="grow" />
          <Button look="quiet" keys="Mod+C" onClick={copyChosen}>
            {t("requirements.copy")}
          </Button>
          {edit && (
            <Button look="quiet" icon={Trash2} keys="Del" onClick={() => void removeChosen()}>
              {t("requirements.delete")}
            </Button>
          )}
          <IconButton
            icon={X}
            label={t("requirements.clear_selection")}
            side="top"
            onClick={() => setMarked(new Set())}
          />
        </div>
      )}
    </>
  );
}

interface RowProps {
  row: Requirement;
  index: number;
  project: string;
  chosen: boolean;
  tabbable: boolean;
  editing: boolean;
  editable: boolean;
  draggable: boolean;
  onContext(): void;
  dropped?: "before" | "after";
  onKey(event: KeyboardEvent<HTMLDivElement>): void;
  onClick(event: MouseEvent): void;
  onFocus(): void;
  onEdit(): void;
  onDone(next: boolean): void;
  onDragStart(): void;
  onDragOver(event: DragEvent<HTMLElement>): void;
  onDrop(): void;
}

function RequirementRow({
  row,
  index,
  project,
  chosen,
  tabbable,
  editing,
  editable,
  draggable,
  dropped,
  onContext,
  onKey,
  onClick,
  onFocus,
  onEdit,
  onDone,
  onDragStart,
  onDragOver,
  onDrop,
}: RowProps) {
  const { t } = useTranslation();
  const { open } = useProjectPlace();
  const set = useCommand(blueprint.set_requirement);
  const inner = tabbable ? 0 : -1;
  const shownChips = fitting(row.entities);
  return (
    <div
      role="row"
      className={`requirement ${chosen ? "chosen" : ""} ${row.pending ? "pending" : ""} ${dropped ? `drop-${dropped}` : ""}`}
      data-testid="requirement-row"
      data-id={row.id}
      data-key={row.key}
      aria-rowindex={index + 1}
      aria-selected={chosen}
      aria-label={`${row.key} ${row.text}`}
      tabIndex={tabbable ? 0 : -1}
      onKeyDown={onKey}
      onClick={onClick}
      onFocus={onFocus}
      onContextMenu={onContext}
      onDoubleClick={(event) => !(event.target as Element).closest("button") && onEdit()}
      onDragOver={onDragOver}
      onDrop={(event) => (event.preventDefault(), onDrop())}
    >
      <span
        role="gridcell"
        className="requirement-grip"
        draggable={draggable}
        onDragStart={(event) => {
          event.dataTransfer.setData("text/plain", `${row.key} ${row.text}`);
          event.dataTransfer.effectAllowed = "move";
          onDragStart();
        }}
      >
        <GripVertical aria-hidden />
      </span>
      <span role="gridcell" className="mono requirement-key" title={row.pending ? t("state.pending") : undefined}>
        {row.key}
      </span>
      <div role="gridcell" className="requirement-words">
        {editing ? (
          <RequirementText
            project={project}
            id={row.id}
            label={t("requirements.text_of", { key: row.key })}
            text={row.text}
            onDone={onDone}
          />
        ) : (
          <span className="requirement-text">{row.text || t("requirements.blank")}</span>
        )}
      </div>
      <span role="gridcell" className="requirement-links">
        {shownChips.map((entity) => (
          <button
            key={entity.id}
            type="button"
            className="chip mono"
            tabIndex={inner}
            onClick={() => open("data", entity.id)}
            aria-label={t("requirements.show_entity", { name: entity.name })}
          >
            {entity.name}
          </button>
        ))}
        {shownChips.length < row.entities.length && (
          <span className="mono soft" title={row.entities.map((entity) => entity.name).join(", ")}>
            +{row.entities.length - shownChips.length}
          </span>
        )}
      </span>
      <span role="gridcell" className="requirement-kind">
        <Choice
          bare
          disabled={!editable}
          label={t("requirements.kind")}
          value={row.kind}
          tabIndex={inner}
          options={kinds.map((value) => ({ value, label: t(`kind.${value}`) }))}
          onChange={(kind) => void set.run({ project, id: row.id, kind })}
        />
      </span>
      <span role="gridcell" className={`requirement-priority ${row.priority}`}>
        <Choice
          bare
          disabled={!editable}
          label={t("requirements.priority")}
          value={row.priority}
          tabIndex={inner}
          options={priorities.map((value) => ({ value, label: t(`priority.${value}`) }))}
          onChange={(priority) => void set.run({ project, id: row.id, priority })}
        />
      </span>
      <span role="gridcell" className={`requirement-state ${row.state}`}>
        <Choice
          bare
          disabled={!editable}
          label={t("requirements.state")}
          value={row.state}
          tabIndex={inner}
          options={states.map((value) => ({ value, label: t(`requirement_state.${value}`) }))}
          onChange={(state) => void set.run({ project, id: row.id, state })}
        />
      </span>
      <span role="gridcell" className={`requirement-comments ${row.unread ? "unread" : ""}`}>
        {row.comments > 0 && (
          <span
            role="img"
            aria-label={`${t("rooms.count", { count: row.comments })}${row.unread ? `, ${t("rooms.unread", { count: row.unread })}` : ""}`}
          >
            <MessageSquare aria-hidden />
            {row.comments}
          </span>
        )}
      </span>
    </div>
  );
}

/** As many names as the column holds; the monospaced type makes their width known. */
function fitting<T extends { name: string }>(entities: T[]): T[] {
  let room = 166;
  return entities.filter((entity, index) => (room -= Math.min(120, entity.name.length * 6.6 + 18)) >= 0 || index === 0);
}

interface NewRowProps {
  ref: RefObject<HTMLTextAreaElement | null>;
  text: string;
  onText(text: string): void;
  /** Takes the focus when it is put in a new place. */
  takeFocus: boolean;
  onAdd(text: string): void;
  onLeave(byKey: boolean): void;
}

/** The line that waits for the next requirement. */
function NewRow({ ref, text, onText, takeFocus, onAdd, onLeave }: NewRowProps) {
  const { t } = useTranslation();
  useLayoutEffect(() => {
    if (takeFocus) ref.current?.focus();
  }, []);
  return (
    <div role="row" className="requirement new">
      <span role="gridcell" className="requirement-plus">
        <Plus aria-hidden />
      </span>
      <div role="gridcell" className="requirement-words">
        <textarea
          ref={ref}
          className="requirement-field"
          data-testid="new-requirement"
          rows={1}
          value={text}
          placeholder={t("requirements.new_placeholder")}
          aria-label={t("requirements.new")}
          onChange={(event) => onText(event.target.value.replace(/\n/g, " "))}
          onBlur={() => (text.trim() ? onAdd(text.trim()) : onLeave(false))}
          onKeyDown={(event) => {
            if (event.nativeEvent.isComposing) return;
            if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
            if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
              event.preventDefault();
              if (text.trim()) onAdd(text.trim());
            } else if (event.key === "Escape") {
              onText("");
              onLeave(true);
            }
          }}
        />
      </div>
    </div>
  );
}
