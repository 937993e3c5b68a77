import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Difference, FieldDifference, Then } from "../api/generated";
import { Empty, Tick } from "../kit";

const VIRTUAL_FROM = 120;

/** Rows of which only those in sight are drawn when there are many. */
function Rows<T>({ of, height, label, children }: { of: T[]; height: number; label: string; children(row: T): ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const virtual = of.length > VIRTUAL_FROM;
  const rows = useVirtualizer({
    count: virtual ? of.length : 0,
    getScrollElement: () => box.current,
    estimateSize: () => height,
    overscan: 12,
  });
  return (
    // A list that scrolls must take the focus, so that keys can scroll it.
    <div ref={box} className="scroll past-rows" tabIndex={0} role="region" aria-label={label}>
      {virtual ? (
        <ul style={{ height: rows.getTotalSize(), position: "relative" }}>
          {rows.getVirtualItems().map((item) => (
            <li
              key={item.index}
              ref={rows.measureElement}
              data-index={item.index}
              style={{ position: "absolute", insetInline: 0, transform: `translateY(${item.start}px)` }}
            >
              {children(of[item.index]!)}
            </li>
          ))}
        </ul>
      ) : (
        <ul>
          {of.map((row, index) => (
            <li key={index}>{children(row)}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

const signs = { added: "+", changed: "~", removed: "−" } as const;

function Mark({ sort }: { sort: Difference["sort"] }) {
  const { t } = useTranslation();
  return (
    <span className={`past-mark ${sort}`}>
      <span aria-hidden className="mono">
        {signs[sort]}
      </span>{" "}
      {t(`history.sort.${sort}`)}
    </span>
  );
}

function Passages({ field }: { field: FieldDifference }) {
  return (
    <span className="passages">
      {field.passages.map((passage, index) =>
        passage.side === "both" ? (
          <span key={index}>{passage.text}</span>
        ) : passage.side === "before" ? (
          <del key={index}>{passage.text}</del>
        ) : (
          <ins key={index}>{passage.text}</ins>
        ),
      )}
    </span>
  );
}

function FieldLine({ field }: { field: FieldDifference }) {
  const { t, i18n } = useTranslation();
  const name = t(`history.field.${field.field}` as "history.field.text");
  // Stored words are told in the reader's language where they have one there.
  const group = { state: "requirement_state", required: "history", unique: "history" }[field.field] ?? field.field;
  const say = (word: string) => (word && i18n.exists(`${group}.${word}`) ? t(`${group}.${word}` as "kind.quality") : word || "–");
  return (
    <div className="past-field">
      <span className="past-field-name">{name}</span>
      {field.passages.length > 0 ? (
        <Passages field={field} />
      ) : (
        field.before !== field.after && (
          <span className="passages">
            <del>{say(field.before)}</del> → <ins>{say(field.after)}</ins>
          </span>
        )
      )}
    </div>
  );
}

interface ListProps {
  differences: Difference[];
  /** What is chosen to be restored; null where nothing can be. */
  chosen: ReadonlySet<string> | null;
  onChoose(id: string, on: boolean): void;
}

export function DifferenceList({ differences, chosen, onChoose }: ListProps) {
  const { t, i18n } = useTranslation();
  if (differences.length === 0) return <Empty>{t("history.same")}</Empty>;
  return (
    <Rows of={differences} height={52} label={t("history.differences")}>
      {(it) => {
        const group = { relation: "cardinality", attribute: "type" }[it.kind as string];
        const detail = group && i18n.exists(`${group}.${it.detail}`) ? t(`${group}.${it.detail}` as "type.date") : it.detail;
        return (
          <div className={`difference ${it.sort}`} data-testid="difference" data-sort={it.sort}>
            {chosen && (
              <Tick
                label={t("history.choose", { what: it.title })}
                checked={chosen.has(it.id)}
                onChange={(event) => onChoose(it.id, event.target.checked)}
              />
            )}
            <div className="difference-words">
              <div className="difference-head">
                {it.kind !== "requirement" && <span className="soft">{t(`history.kind.${it.kind}`)}</span>}
                <strong className={it.kind === "requirement" || it.kind === "attribute" ? "mono" : ""}>{it.title}</strong>
                <Mark sort={it.sort} />
              </div>
              {detail && <p className="selectable">{detail}</p>}
              {it.fields.map((field) => (
                <FieldLine key={field.field} field={field} />
              ))}
            </div>
          </div>
        );
      }}
    </Rows>
  );
}

function useMarks(then: Then): Map<string, Difference> {
  return useMemo(() => new Map(then.differences.map((it) => [it.id, it])), [then]);
}

/** The list of requirements as it was; what differs from now is marked. */
export function RequirementsThen({ then }: { then: Then }) {
  const { t } = useTranslation();
  const marks = useMarks(then);
  if (then.requirements.length === 0) return <Empty>{t("history.no_requirements")}</Empty>;
  return (
    <Rows of={then.requirements} height={28} label={t("history.requirements")}>
      {(it) => {
        const mark = marks.get(it.id);
        return (
          <div className="requirement-then" data-testid="requirement-then">
            <span className="mono soft">{it.key}</span>
            <span className="selectable">{it.text}</span>
            <span className="soft">{t(`priority.${it.priority}`)}</span>
            <span className="soft">{t(`requirement_state.${it.state}`)}</span>
            <span>{mark && <Mark sort={mark.sort} />}</span>
          </div>
        );
      }}
    </Rows>
  );
}

/** The data model as it was, as ruled tables. */
export function EntitiesThen({ then }: { then: Then }) {
  const { t } = useTranslation();
  const marks = useMarks(then);
  const names = new Map(then.model.entities.map(({ id, name }) => [id, name]));
  if (then.model.entities.length === 0) return <Empty>{t("history.no_entities")}</Empty>;
  return (
    <div className="scroll past-rows entities-then" tabIndex={0} role="region" aria-label={t("history.data")}>
      {then.model.entities.map((it) => {
        const mark = marks.get(it.id);
        return (
          <table key={it.id}>
            <caption>
              {it.name} {mark && <Mark sort={mark.sort} />}
            </caption>
            <tbody>
              {it.attributes.map((attribute) => {
                const mark = marks.get(attribute.id);
                return (
                  <tr key={attribute.id}>
                    <th scope="row" className="mono">
                      {attribute.name}
                    </th>
                    <td>{t(`type.${attribute.type}`)}</td>
                    <td>{mark && <Mark sort={mark.sort} />}</td>
                  </tr>
                );
              })}
              {then.model.relations
                .filter((relation) => relation.from === it.id)
                .map((relation) => {
                  const mark = marks.get(relation.id);
                  return (
                    <tr key={relation.id} className="relation-then">
                      <th scope="row">
                        {relation.label || "→"} {names.get(relation.to)}
                      </th>
                      <td>{t(`cardinality.${relation.cardinality}`)}</td>
                      <td>{mark && <Mark sort={mark.sort} />}</td>
                    </tr>
                  );
                })}
            </tbody>
          </table>
        );
      })}
    </div>
  );
}
