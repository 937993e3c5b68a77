import { Box, ListChecks, MessageSquare, Search, type LucideIcon } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { useEffect, useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useBlueprintSearch } from "../blueprint";
import { Keys, useAllVerbs, useVerbs, type Verb } from "../kit";
import { lastProject, pathOf, useProjectPlace } from "../project";
import "./Palette.css";

interface Line {
  id: string;
  title: string;
  detail?: string;
  keys?: string;
  icon?: LucideIcon;
  run(): void;
}

const hitIcons = { requirement: ListChecks, entity: Box, comment: MessageSquare } as const;

/** What can be done here comes first. */
const order: Verb["group"][] = ["edit", "go", "view", "sync", "project"];

/** Finds every place, item and verb. */
export function Palette() {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  useVerbs([
    {
      id: "palette",
      label: t("palette.verb"),
      keys: "Mod+K",
      group: "go",
      inText: true,
      run: () => setOpen((now) => !now),
    },
  ]);
  return (
    <Radix.Root open={open} onOpenChange={setOpen}>
      <Radix.Portal>
        <Radix.Overlay className="veil" />
        <Radix.Content className="dialog palette" aria-describedby={undefined}>
          <Radix.Title className="unseen">{t("palette.title")}</Radix.Title>
          <PaletteList onDone={() => setOpen(false)} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function PaletteList({ onDone }: { onDone(): void }) {
  const { t } = useTranslation();
  const listId = useId();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const verbs = useAllVerbs();
  const { place, go } = useProjectPlace();
  const project = place?.project ?? lastProject.get();
  const hits = useBlueprintSearch(project, text);

  const lines = useMemo((): Line[] => {
    const wanted = text.trim().toLowerCase();
    const found = verbs
      .filter(
        (verb) => !verb.local && !verb.disabled && verb.id !== "palette" && verb.label.toLowerCase().includes(wanted),
      )
      .sort((a, b) => order.indexOf(a.group) - order.indexOf(b.group))
      .map((verb): Line => ({ id: verb.id, title: verb.label, keys: verb.keys, run: verb.run }));
    const items = (wanted ? hits : []).map((hit): Line => ({
      id: hit.id,
      title: hit.title,
      detail: hit.excerpt,
      icon: hitIcons[hit.kind],
      run: () =>
        project &&
        go(
          pathOf(
            project,
            hit.kind === "entity" || hit.element.startsWith("ent_") ? "data" : "requirements",
            hit.element,
          ),
        ),
    }));
    return [...items, ...found];
  }, [go, hits, project, text, verbs]);

  useEffect(() => setAt(0), [text]);
  const chosen = Math.min(at, lines.length - 1);
  useEffect(() => {
    document.getElementById(`${listId}-${chosen}`)?.scrollIntoView?.({ block: "nearest" });
  }, [chosen, listId]);
  const run = (line: Line | undefined) => {
    if (!line) return;
    onDone();
    // The dialogue gives the focus back first; then the verb may take it.
    setTimeout(line.run, 0);
  };

  return (
    <>
      <div className="palette-field">
        <Search aria-hidden />
        <input
          role="combobox"
          aria-expanded
          aria-controls={listId}
          aria-activedescendant={lines.length ? `${listId}-${chosen}` : undefined}
          aria-label={t("palette.title")}
          placeholder={t("palette.placeholder")}
          value={text}
          autoFocus
          spellCheck={false}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "ArrowDown") setAt((chosen + 1) % Math.max(1, lines.length));
            else if (event.key === "ArrowUp") setAt((chosen - 1 + lines.length) % Math.max(1, lines.length));
            else if (event.key === "Enter") run(lines[chosen]);
            else return;
            event.preventDefault();
          }}
        />
      </div>
      <ul id={listId} role="listbox" aria-label={t("palette.title")} className="palette-list">
        {lines.map((line, index) => (
          <li
            key={line.id}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === chosen}
            className="palette-line"
            onPointerMove={() => setAt(index)}
            onClick={() => run(line)}
          >
            {line.icon ? <line.icon aria-hidden /> : <span className="menu-tick" />}
            <span className={line.detail ? "mono palette-key" : "grow"}>{line.title}</span>
            {line.detail && <span className="palette-detail">{line.detail}</span>}
            {line.keys && <Keys keys={line.keys} />}
          </li>
        ))}
      </ul>
      {lines.length === 0 && <p className="palette-none soft">{t("palette.none")}</p>}
    </>
  );
}
