import { GitMerge } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCommand, useQuery } from "../api/call";
import type {
  AttributeType,
  Cardinality,
  Conflict,
  ConflictElement,
  Priority,
  RequirementKind,
  RequirementState,
} from "../api/generated";
import { Ago, Button } from "../kit";
import { useMay } from "../project";
import type { en } from "../words/en";
import { blueprint } from "./api";
import "./Conflicts.css";

/** So many are shown until the rest is asked for. */
const SHOWN = 3;

interface Props {
  project: string;
  /** What this screen is about. */
  about: readonly ConflictElement[];
  onSelect(conflict: Conflict): void;
}

/** What two people decided differently while they were apart: both see the same, and either decides. */
export function Conflicts({ project, about, onSelect }: Props) {
  const { t } = useTranslation();
  const [all, setAll] = useState(false);
  const open = useQuery(blueprint.conflicts, { project }, { keep: true }).data?.filter((one) => about.includes(one.kind));
  if (!open || open.length === 0) return null;
  const shown = all ? open : open.slice(0, SHOWN);
  return (
    <section className="conflicts" aria-label={t("conflicts.title")} data-testid="conflicts">
      <h2>
        <GitMerge aria-hidden />
        {t("conflicts.count", { count: open.length })}
      </h2>
      <ul>
        {shown.map((conflict) => (
          <Card
            key={`${conflict.element} ${conflict.part} ${conflict.field}`}
            project={project}
            conflict={conflict}
            onSelect={() => onSelect(conflict)}
          />
        ))}
      </ul>
      {open.length > shown.length && (
        <Button look="quiet" onClick={() => setAll(true)}>
          {t("conflicts.more", { count: open.length - shown.length })}
        </Button>
      )}
    </section>
  );
}

function Card({ project, conflict, onSelect }: { project: string; conflict: Conflict; onSelect(): void }) {
  const { t } = useTranslation();
  const { edit } = useMay(project);
  const resolve = useCommand(blueprint.resolve);
  const value = useValueWords(conflict);
  const { element, part, field } = conflict;
  return (
    <li className="conflict" data-testid="conflict">
      <p className="conflict-what">
        <button type="button" className="conflict-title mono" onClick={onSelect}>
          {conflict.title}
        </button>
        <span className="soft">{t(`conflicts.field.${field as keyof typeof en.conflicts.field}`)}</span>
      </p>
      <ul className="conflict-choices">
        {conflict.choices.map((choice) => (
          <li key={choice.id} className={choice.shown ? "shown" : undefined}>
            <strong>{value(choice.value)}</strong>
            <span className="soft">
              {choice.mine ? t("conflicts.you") : choice.author}, <Ago at={choice.at} />
              {choice.shown && `, ${t("conflicts.now")}`}
            </span>
            {edit && (
              <Button
                onClick={() => void resolve.run({ project, element, part, field, choice: choice.id })}
                disabled={resolve.pending}
                aria-label={t("conflicts.keep_this", { value: value(choice.value), title: conflict.title })}
              >
                {t("conflicts.keep")}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </li>
  );
}

/** Words of the model in the reader's language; names and notes as they were written. */
function useValueWords({ kind, field }: Conflict): (value: string) => string {
  const { t } = useTranslation();
  return (value) => {
    if (value === "") return t("conflicts.empty");
    switch (field) {
      case "kind":
        return t(`kind.${value as RequirementKind}`);
      case "priority":
        return t(`priority.${value as Priority}`);
      case "state":
        return t(`requirement_state.${value as RequirementState}`);
      case "type":
        return t(`type.${value as AttributeType}`);
      case "cardinality":
        return t(`cardinality.${value as Cardinality}`);
      case "required":
      case "unique":
        return t(value === "true" ? "conflicts.yes" : "conflicts.no");
      case "name":
        return value;
      default:
        return kind === "requirement" ? value : `“${value}”`;
    }
  };
}
