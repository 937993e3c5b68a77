import { Bookmark, ChevronLeft, ChevronRight, Copy, RotateCcw, X } from "lucide-react";
import { useMemo, useState, type CSSProperties } from "react";
import { useTranslation } from "react-i18next";
import { useCommand, useQuery } from "../api/call";
import type { Sitting, Then, Version } from "../api/generated";
import { Ago, Button, Choice, Dialog, Empty, Field, IconButton, Loaded, toast, useVerbs } from "../kit";
import { platform } from "../platform";
import { RoleNote, useMay, useProjectPlace } from "../project";
import { blueprint } from "./api";
import { DifferenceList, EntitiesThen, RequirementsThen } from "./Past";
import { useUndo } from "./undo";
import "./HistoryPage.css";

type View = "differences" | "requirements" | "data";
const NOW = "now";

/** The life of a blueprint: who changed what, how it was at any moment, and the way back. */
export function HistoryPage({ project, element }: { project: string; element: string | null }) {
  const { t } = useTranslation();
  const { select } = useProjectPlace();
  const [person, setPerson] = useState("");
  // The moment that is looked at; null is now. Heads, since a place on the slider moves when others' work arrives.
  const [heads, setHeads] = useState<string[] | null>(null);
  const life = useQuery(blueprint.moments, { project, person: person || null, element }, { keep: true });
  const versions = useQuery(blueprint.versions, { project }).data ?? [];
  const title = useTitle(project, element);

  return (
    <div className="place">
      <main aria-label={t("place.history")} className="history">
        <div className="bar">
          <h1>{t("place.history")}</h1>
          <span className="soft">{life.data && t("history.count", { count: life.data.changes })}</span>
          {element && (
            <span className="chip">
              {t("history.only", { what: title })}
              <IconButton icon={X} label={t("history.all")} onClick={() => select(null)} />
            </span>
          )}
          <span className="grow" />
          {life.data && life.data.people.length > 0 && (
            <Choice
              label={t("history.by")}
              value={person}
              options={[
                { value: "", label: t("history.everyone") },
                ...life.data.people.map(({ id, name, mine }) => ({ value: id, label: mine ? t("inspector.you") : name })),
              ]}
              onChange={setPerson}
            />
          )}
          <RoleNote project={project} />
        </div>
        <Loaded query={life} rows={10}>
          {({ sittings }) =>
            sittings.length === 0 ? (
              <Empty>{element || person ? t("history.none_here") : t("history.none")}</Empty>
            ) : (
              <Life
                project={project}
                sittings={sittings}
                versions={versions}
                heads={heads}
                onHeads={setHeads}
                filter={{ person: person || null, element }}
              />
            )
          }
        </Loaded>
      </main>
    </div>
  );
}

/** What an element is called, also when it is gone. */
function useTitle(project: string, element: string | null): string {
  const list = useQuery(blueprint.requirements, element ? { project } : null).data;
  const model = useQuery(blueprint.model, element ? { project } : null).data;
  return (
    list?.find((it) => it.id === element)?.key ?? model?.entities.find((it) => it.id === element)?.name ?? element ?? ""
  );
}

interface LifeProps {
  project: string;
  sittings: Sitting[];
  versions: Version[];
  heads: string[] | null;
  onHeads(heads: string[] | null): void;
  filter: { person: string | null; element: string | null };
}

const same = (one: string[], other: string[]) => one.join() === other.join();

function Life({ project, sittings, versions, heads, onHeads, filter }: LifeProps) {
  const { t, i18n } = useTranslation();
  const may = useMay(project);
  const [naming, setNaming] = useState(false);
  const last = sittings.length;
  const version = heads && versions.find((it) => same(it.heads, heads));
  // Stops of the slider: after each sitting, and now.
  const stop = useMemo(() => {
    if (!heads) return last;
    const exact = sittings.findIndex((it) => same(it.heads, heads) || it.steps.some((step) => same(step.heads, heads)));
    if (exact >= 0) return exact;
    return version ? Math.max(0, before(sittings, version.at)) : last;
  }, [heads, last, sittings, version]);
  const go = (next: number) => onHeads(next >= last ? null : sittings[Math.max(0, next)]!.heads);
  const exact = new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium", timeStyle: "short" });
  const words = (it: Sitting) =>
    t("history.at", { when: exact.format(new Date(it.to)), who: it.mine ? t("inspector.you") : it.author });
  const told = version?.name ?? (stop === last ? t("history.now") : words(sittings[stop]!));

  useVerbs([
    { id: "history.earlier", label: t("history.earlier"), keys: "[", group: "view", disabled: stop === 0, run: () => go(stop - 1) },
    { id: "history.later", label: t("history.later"), keys: "]", group: "view", disabled: stop === last, run: () => go(stop + 1) },
    { id: "history.name", label: t("history.name"), keys: "Mod+Shift+V", group: "edit", disabled: !may.edit, run: () => setNaming(true) },
  ]);

  return (
    <>
      <section className="timeline" aria-label={t("history.timeline")}>
        <div className="timeline-line">
          <IconButton icon={ChevronLeft} label={t("history.earlier")} keys="[" disabled={stop === 0} onClick={() => go(stop - 1)} />
          <div className="timeline-slider" style={{ "--stops": last } as CSSProperties}>
            <div className="timeline-flags">
              {versions.map((it) => (
                <button
                  key={it.id}
                  type="button"
                  className={`flag ${version?.id === it.id ? "here" : ""}`}
                  style={{ left: `${(Math.max(0, before(sittings, it.at)) / last) * 100}%` }}
                  onClick={() => onHeads(it.heads)}
                  title={it.note || it.name}
                  data-testid="version-flag"
                >
                  <Bookmark aria-hidden />
                  <span>{it.name}</span>
                </button>
              ))}
            </div>
            <input
              type="range"
              min={0}
              max={last}
              value={stop}
              aria-label={t("history.timeline")}
              aria-valuetext={told}
              onChange={(event) => go(Number(event.target.value))}
              data-testid="time-slider"
            />
            {last <= 120 && (
              <div className="timeline-ticks" aria-hidden>
                {sittings.map((it) => (
                  <i key={it.id} className={it.mine ? "" : "theirs"} />
                ))}
                <i className="now" />
              </div>
            )}
          </div>
          <IconButton icon={ChevronRight} label={t("history.later")} keys="]" disabled={stop === last} onClick={() => go(stop + 1)} />
        </div>
        <div className="timeline-foot">
          <span className="timeline-told" aria-live="polite">
            {told}
          </span>
          {version?.note && <span className="soft">{version.note}</span>}
          <span className="grow" />
          {version && may.edit && <Unname project={project} version={version} />}
          {may.edit && (
            <Button icon={Bookmark} look="quiet" onClick={() => setNaming(true)} data-testid="name-version">
              {t("history.name")}
            </Button>
          )}
        </div>
      </section>
      <div className="history-body">
        <ol className="sittings scroll" aria-label={t("history.sittings")}>
          <li>
            <button
              type="button"
              className="sitting-head now"
              aria-current={stop === last ? "true" : undefined}
              onClick={() => onHeads(null)}
            >
              <strong>{t("history.now")}</strong>
            </button>
          </li>
          {sittings
            .map((it, index) => (
              <SittingLine
                key={it.id}
                project={project}
                sitting={it}
                heads={heads}
                here={stop === index}
                onHeads={onHeads}
                filter={filter}
              />
            ))
            .reverse()}
        </ol>
        {heads ? (
          <AsItWas key={project} project={project} heads={heads} versions={versions} told={told} />
        ) : (
          <section className="as-it-was">
            <Empty>{t("history.now_words")}</Empty>
          </section>
        )}
      </div>
      {naming && <NameDialog project={project} heads={heads} told={told} onClose={() => setNaming(false)} />}
    </>
  );
}

/** The last sitting that ended by then. */
function before(sittings: Sitting[], at: string): number {
  let found = -1;
  for (const [index, it] of sittings.entries()) if (it.to <= at) found = index;
  return found;
}

function Unname({ project, version }: { project: string; version: Version }) {
  const { t } = useTranslation();
  const { undo } = useUndo(project);
  const remove = useCommand(blueprint.remove_version);
  return (
    <IconButton
      icon={X}
      label={t("history.remove", { name: version.name })}
      onClick={async () => {
        if (await remove.run({ project, id: version.id }))
          toast(t("history.removed"), { verb: { label: t("verb.undo"), run: () => void undo() } });
      }}
    />
  );
}

interface SittingProps {
  project: string;
  sitting: Sitting;
  heads: string[] | null;
  here: boolean;
  onHeads(heads: string[]): void;
  filter: { person: string | null; element: string | null };
}

function SittingLine({ project, sitting, heads, here, onHeads, filter }: SittingProps) {
  const { t } = useTranslation();
  const [whole, setWhole] = useState(false);
  const all = useQuery(blueprint.moments, whole ? { project, ...filter, sitting: sitting.id } : null).data?.sittings[0];
  const shown = all ?? sitting;
  return (
    <li className={here ? "here" : ""} data-testid="sitting">
      <button
        type="button"
        className="sitting-head"
        aria-current={here && heads && same(heads, sitting.heads) ? "true" : undefined}
        onClick={() => onHeads(sitting.heads)}
      >
        <strong>{sitting.mine ? t("inspector.you") : sitting.author}</strong>
        <Ago at={sitting.to} />
        <span className="sitting-count">{t("history.times", { count: sitting.changes })}</span>
      </button>
      <ol>
        {shown.steps.toReversed().map((step) => (
          <li key={step.heads.join()}>
            <button
              type="button"
              className="sitting-step"
              aria-current={heads && same(heads, step.heads) ? "true" : undefined}
              onClick={() => onHeads(step.heads)}
            >
              <span>{step.message}</span>
              {step.changes > 1 && <span className="sitting-count">×{step.changes}</span>}
            </button>
          </li>
        ))}
      </ol>
      {shown.more > 0 && !whole && (
        <Button look="quiet" onClick={() => setWhole(true)}>
          {t("history.more", { count: shown.more })}
        </Button>
      )}
    </li>
  );
}

interface AsItWasProps {
  project: string;
  heads: string[];
  versions: Version[];
  told: string;
}

function AsItWas({ project, heads, versions, told }: AsItWasProps) {
  const { t } = useTranslation();
  const may = useMay(project);
  const { undo } = useUndo(project);
  const [view, setView] = useState<View>("differences");
  const [against, setAgainst] = useState(NOW);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const other = versions.find((it) => it.id === against);
  const then = useQuery(blueprint.at, { project, heads }, { keep: true });
  const compared = useQuery(blueprint.compare, { project, from: heads, to: other ? [other.id] : null }, { keep: true });
  const restore = useCommand(blueprint.restore);
  const differences = other ? compared.data?.differences : then.data?.differences;
  const ids = (differences ?? []).map((it) => it.id).filter((id) => chosen.has(id));

  const bring = async (wanted: string[] | null) => {
    const done = await restore.run({ project, heads, ids: wanted });
    if (!done) return;
    setChosen(new Set());
    toast(done.elements ? t("history.restored") : t("history.nothing_restored"), {
      verb: done.elements ? { label: t("verb.undo"), run: () => void undo() } : undefined,
    });
  };

  return (
    <section className="as-it-was" aria-label={t("history.as_of", { when: told })}>
      <div className="as-it-was-bar">
        <div role="group" aria-label={t("history.view")} className="views">
          {(["differences", "requirements", "data"] as const).map((each) => (
            <button key={each} type="button" aria-pressed={view === each} onClick={() => setView(each)}>
              {t(`history.${each}`)}
              {each === "differences" && differences && <span className="mono soft"> {differences.length}</span>}
            </button>
          ))}
        </div>
        {view === "differences" && versions.length > 0 && (
          <>
          <span className="soft">{t("history.with")}</span>
          <Choice
            label={t("history.with")}
            value={other ? against : NOW}
            options={[
              { value: NOW, label: t("history.now") },
              ...versions.map(({ id, name }) => ({ value: id, label: name })),
            ]}
            onChange={setAgainst}
          />
          </>
        )}
        <span className="grow" />
        <IconButton
          icon={Copy}
          label={t("history.copy")}
          disabled={!compared.data}
          onClick={() => void platform().copy(compared.data!.text).then(() => toast(t("history.copied")))}
        />
        {may.edit && !other && ids.length > 0 && (
          <Button icon={RotateCcw} look="primary" disabled={restore.pending} onClick={() => void bring(ids)} data-testid="restore-chosen">
            {t("history.restore_chosen", { count: ids.length })}
          </Button>
        )}
        {may.edit && !other && ids.length === 0 && (
          <Button
            icon={RotateCcw}
            disabled={restore.pending || !differences?.length}
            onClick={() => void bring(null)}
            data-testid="restore-all"
          >
            {t("history.restore_all")}
          </Button>
        )}
      </div>
      <Loaded query={then} rows={10}>
        {(state: Then) =>
          view === "differences" ? (
            <DifferenceList
              differences={differences ?? []}
              chosen={may.edit && !other ? chosen : null}
              onChoose={(id, on) => {
                const next = new Set(chosen);
                if (on) next.add(id);
                else next.delete(id);
                setChosen(next);
              }}
            />
          ) : view === "requirements" ? (
            <RequirementsThen then={state} />
          ) : (
            <EntitiesThen then={state} />
          )
        }
      </Loaded>
    </section>
  );
}

function NameDialog({ project, heads, told, onClose }: { project: string; heads: string[] | null; told: string; onClose(): void }) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [note, setNote] = useState("");
  const command = useCommand(blueprint.name_version, { inline: true });
  const submit = async () => {
    if (await command.run({ project, name, note, heads })) {
      toast(t("history.named", { name }));
      onClose();
    }
  };
  return (
    <Dialog open onClose={onClose} title={t("history.name")} description={told}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Field
          label={t("history.name_label")}
          hint={t("history.name_hint")}
          value={name}
          problem={command.problem("name") ?? command.problem()}
          onChange={(event) => (setName(event.target.value), command.reset())}
          data-testid="version-name"
        />
        <Field label={t("history.note")} value={note} onChange={(event) => setNote(event.target.value)} />
        <Button look="primary" type="submit" disabled={!name.trim() || command.pending}>
          {t("history.name_verb")}
        </Button>
      </form>
    </Dialog>
  );
}
