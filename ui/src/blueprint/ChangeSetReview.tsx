import { ArrowLeft, Check, CircleHelp } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ChangeItem, ChangeSet, Problem } from "../api/generated";
import { Button, IconButton, ProblemBanner, Tick, useVerbs } from "../kit";
import { choose, group, locate, type Group } from "./selection";
import "./ChangeSetReview.css";

interface Props {
  changeSet: ChangeSet;
  text: string;
  busy: boolean;
  problem?: Problem;
  onAccept(items: string[]): void;
  onDiscard(): void;
  onBack(): void;
}

/** What the translator proposes, beside the sentences it comes from. Nothing enters the blueprint unread. */
export function ChangeSetReview({ changeSet, text, busy, problem, onAccept, onDiscard, onBack }: Props) {
  const { t } = useTranslation();
  const { items, questions } = changeSet;
  // What was taken out, rather than what is in: a proposal that is refreshed keeps the person's choices.
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [current, setCurrent] = useState<ChangeItem | null>(items[0] ?? null);
  const chosen = useMemo(() => new Set(items.map((item) => item.id).filter((id) => !left.has(id))), [items, left]);
  const groups = useMemo(() => group(items), [items]);
  const main = useRef<HTMLElement>(null);

  const set = (ids: string[], on: boolean) => {
    const next = choose(items, chosen, ids, on);
    setLeft(new Set(items.map((item) => item.id).filter((id) => !next.has(id))));
  };
  const accept = () => onAccept(items.map((item) => item.id).filter((id) => chosen.has(id)));
  const none = chosen.size === 0;
  useVerbs([
    {
      id: "accept",
      label: t("changes.accept", { count: items.length, chosen: chosen.size }),
      keys: "Mod+Enter",
      group: "edit",
      inText: true,
      disabled: none || busy,
      run: accept,
    },
    { id: "discard", label: t("changes.discard"), group: "edit", run: onDiscard },
  ]);
  useEffect(() => main.current?.querySelector<HTMLInputElement>("input")?.focus({ preventScroll: true }), []);

  const section = (name: "requirements" | "entities" | "relations") => {
    const list = groups[name];
    if (list.length === 0) return null;
    const ids = list.flatMap((entry) => [entry.item.id, ...entry.parts.map((part) => part.id)]);
    const on = ids.filter((id) => chosen.has(id)).length;
    return (
      <section aria-labelledby={`changes-${name}`} className="change-group">
        <header>
          <Tick
            label={t("changes.all_of", { name: t(`changes.${name}`) })}
            checked={on === ids.length}
            some={on > 0 && on < ids.length}
            onChange={(event) => set(ids, event.target.checked)}
          />
          <h2 id={`changes-${name}`}>{t(`changes.${name}`)}</h2>
          <span className="mono soft">{t("changes.of", { on, count: ids.length })}</span>
        </header>
        <ul>
          {list.map((entry) => (
            <ItemRow
              key={entry.item.id}
              entry={entry}
              chosen={chosen}
              current={current}
              onCurrent={setCurrent}
              onSet={set}
            />
          ))}
        </ul>
      </section>
    );
  };

  return (
    <div className="place review">
      <main ref={main} aria-label={t("changes.title")}>
        <div className="bar">
          <IconButton icon={ArrowLeft} label={t("changes.back")} onClick={onBack} />
          <h1>{t("changes.title")}</h1>
          <span className="soft">{t("changes.count", { count: items.length })}</span>
          <span className="grow" />
          <Button look="quiet" onClick={onDiscard}>
            {t("changes.discard")}
          </Button>
          <Button
            look="primary"
            icon={Check}
            keys="Mod+Enter"
            onClick={accept}
            disabled={none || busy}
            data-testid="accept"
          >
            {t("changes.accept", { count: items.length, chosen: chosen.size })}
          </Button>
        </div>
        {problem && <ProblemBanner problem={problem} onRetry={accept} />}
        <div className="scroll changes">
          {questions.length > 0 && (
            <section className="questions" aria-labelledby="open-questions">
              <h2 id="open-questions">
                <CircleHelp aria-hidden /> {t("changes.questions", { count: questions.length })}
              </h2>
              <ul>
                {questions.map((question) => (
                  <li key={question}>{question}</li>
                ))}
              </ul>
            </section>
          )}
          {items.length === 0 && <p className="soft">{t("changes.nothing")}</p>}
          {section("requirements")}
          {section("entities")}
          {section("relations")}
        </div>
      </main>
      <BriefText text={text} item={current} />
    </div>
  );
}

interface RowProps {
  entry: Group;
  chosen: ReadonlySet<string>;
  current: ChangeItem | null;
  onCurrent(item: ChangeItem): void;
  onSet(ids: string[], on: boolean): void;
}

function ItemRow({ entry, chosen, current, onCurrent, onSet }: RowProps) {
  const { item, parts } = entry;
  const ids = [item.id, ...parts.map((part) => part.id)];
  const on = ids.filter((id) => chosen.has(id)).length;
  return (
    <li>
      <Line
        item={item}
        current={current?.id === item.id}
        checked={chosen.has(item.id)}
        some={chosen.has(item.id) && on < ids.length}
        onCurrent={onCurrent}
        onChange={(next) => onSet(next ? ids : [item.id], next)}
      />
      {parts.length > 0 && (
        <ul className="change-parts">
          {parts.map((part) => (
            <li key={part.id}>
              <Line
                item={part}
                current={current?.id === part.id}
                checked={chosen.has(part.id)}
                onCurrent={onCurrent}
                onChange={(next) => onSet([part.id], next)}
              />
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

interface LineProps {
  item: ChangeItem;
  current: boolean;
  checked: boolean;
  some?: boolean;
  onCurrent(item: ChangeItem): void;
  onChange(checked: boolean): void;
}

function Line({ item, current, checked, some, onCurrent, onChange }: LineProps) {
  const { t, i18n } = useTranslation();
  // Kinds and cardinalities are words of the screens; labels and types stand as they are.
  const spoken = { requirement: "kind", relation: "cardinality" }[item.kind as string];
  const detail = spoken && i18n.exists(`${spoken}.${item.detail}`) ? t(`${spoken}.${item.detail}` as "kind.functional") : item.detail;
  return (
    <label
      className={`change-line of-${item.kind} ${item.action} ${current ? "current" : ""} ${checked ? "" : "left-out"}`}
      onPointerEnter={() => onCurrent(item)}
      data-testid="change-item"
    >
      <Tick
        label={`${item.title}: ${detail}`}
        checked={checked}
        some={some}
        onFocus={() => onCurrent(item)}
        onChange={(event) => onChange(event.target.checked)}
      />
      {item.action !== "add" && (
        <span className={`change-action ${item.action}`}>{t(`changes.action.${item.action}`)}</span>
      )}
      <span className={item.kind === "attribute" ? "mono change-title" : "change-title"}>
        {item.before && <del>{item.before}</del>} {item.title}
      </span>
      {/* A detail that only repeats the title tells nothing. */}
      {detail.toLowerCase() !== item.title.toLowerCase() && (
        <span className={spoken ? "change-detail spoken" : "change-detail"}>{detail}</span>
      )}
    </label>
  );
}

/** The brief, with the sentence that the item in hand comes from, and why it is proposed. */
function BriefText({ text, item }: { text: string; item: ChangeItem | null }) {
  const { t } = useTranslation();
  const mark = useRef<HTMLElement>(null);
  const span = item && locate(text, item);
  useEffect(() => {
    mark.current?.scrollIntoView?.({ block: "nearest" });
  }, [span?.[0], span?.[1]]);
  return (
    <aside className="brief-beside" aria-label={t("changes.brief")}>
      <h2>{t("changes.brief")}</h2>
      <p className="brief-words selectable">
        {span ? (
          <>
            {text.slice(0, span[0])}
            <mark ref={mark} data-testid="source-sentence">
              {text.slice(...span)}
            </mark>
            {text.slice(span[1])}
          </>
        ) : (
          text
        )}
      </p>
      {item && (
        <div className="brief-because" aria-live="polite">
          <h3>{t("changes.because")}</h3>
          <p>{item.because}</p>
        </div>
      )}
    </aside>
  );
}
