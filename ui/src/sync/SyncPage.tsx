import { Check, Equal, EqualNot, X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { useCommand, useQuery } from "../api/call";
import type { RefusedEntry, SpaceSync, VerifyReport } from "../api/generated";
import { Ago, Banner, Button, Loaded, Tooltip, toast, useVerbs } from "../kit";
import { platform } from "../platform";
import { pathOf, useProjects } from "../project";
import { prefillComment } from "../rooms";
import { sync, verify } from "./api";
import { badgeWords, honestState } from "./words";
import "./SyncPage.css";

/** What both sides hold, shown side by side: nothing here is a claim, all of it can be compared. */
export function SyncPage() {
  const { t } = useTranslation();
  const inspection = useQuery(sync.inspect, {}, { keep: true });
  const now = useCommand(sync.now);
  const check = useCommand(verify);
  const report = useLastReport(check);
  // What lives on this device alone has nobody to be sent to.
  const shared = inspection.data?.spaces.some((space) => space.server) ?? false;
  useVerbs([
    { id: "sync.now", label: t("sync.now"), keys: "R", group: "sync", disabled: !shared, run: () => void now.run({}) },
    { id: "sync.verify", label: t("sync.verify"), keys: "V", group: "sync", run: () => void report.run() },
  ]);
  return (
    <main className="place page" aria-label={t("place.sync")}>
      <div className="bar">
        <h1>{t("place.sync")}</h1>
        <span className="soft">{inspection.data && badgeWords(inspection.data.badge, t)}</span>
        <span className="grow" />
        <Button onClick={() => void report.run()} disabled={check.pending} keys="V">
          {check.pending ? t("sync.verifying") : t("sync.verify")}
        </Button>
        {shared && (
          <Button onClick={() => void now.run({})} disabled={now.pending} keys="R">
            {t("sync.now")}
          </Button>
        )}
      </div>
      <div className="scroll sync-page">
        {report.last && (
          <Report report={report.last} title={report.last.ok ? t("sync.verified") : t("sync.not_verified")} />
        )}
        <Loaded query={inspection}>
          {({ spaces, device_key }) => (
            <>
              {spaces.length === 0 && <p className="soft">{t("sync.no_spaces")}</p>}
              {spaces.map((space) => (
                <SpaceCard key={space.space} space={space} />
              ))}
              <p className="soft device-key">
                {t("sync.device_key")} <span className="mono selectable">{device_key}</span>
              </p>
            </>
          )}
        </Loaded>
      </div>
    </main>
  );
}

function Report({ report, title }: { report: VerifyReport; title: string }) {
  const { t } = useTranslation();
  return (
    <section
      aria-label={title}
      className={`report ${report.ok ? "ok" : "bad"}`}
      data-testid="verify-report"
    >
      <h2>{title}</h2>
      <ul>
        {report.checks.map((line, index) => (
          <li key={index}>
            {line.ok ? <Check aria-label={t("sync.passed")} /> : <X aria-label={t("sync.failed")} />}
            <strong>{line.name}</strong>
            <span className="soft selectable">{line.detail}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function useLastReport(check: ReturnType<typeof useCommand<"workspace.verify">>) {
  const [last, setLast] = useState<VerifyReport | null>(null);
  return {
    last,
    run: async () => {
      const made = await check.run({});
      if (made) setLast(made);
    },
  };
}

function SpaceCard({ space }: { space: SpaceSync }) {
  const { t } = useTranslation();
  const pause = useCommand(sync.pause);
  const compare = useCommand(sync.compare);
  const [compared, setCompared] = useState<VerifyReport | null>(null);
  const state = honestState({
    state: space.state,
    pending: space.pending,
    refused: space.refused.length,
    detail: null,
    proven_at: space.proven_at,
  });
  const words = badgeWords(
    {
      state: space.state,
      pending: space.pending,
      refused: space.refused.length,
      detail: null,
      proven_at: space.proven_at,
    },
    t,
  );
  const equal =
    space.server_chain !== null && space.server_chain === space.local_chain && space.server_seq === space.local_seq;
  return (
    <section className="space" aria-label={space.name} data-testid="space" data-state={state}>
      <header>
        <h2>{space.name}</h2>
        <span className={`space-state ${state}`}>{words}</span>
        <span className="grow" />
        {space.server && (
          <Tooltip label={t("sync.compare_hint")}>
            <Button
              onClick={() => void compare.run({ space: space.space }).then((made) => made && setCompared(made))}
              disabled={compare.pending}
            >
              {compare.pending ? t("sync.comparing") : t("sync.compare")}
            </Button>
          </Tooltip>
        )}
        {space.server && (
          <Button
            onClick={() => void pause.run({ space: space.space, paused: !space.paused })}
            disabled={pause.pending}
          >
            {space.paused ? t("sync.resume") : t("sync.pause")}
          </Button>
        )}
      </header>
      {space.last_error && <Banner tone="red">{space.last_error}</Banner>}
      <table className="chains">
        <thead>
          <tr>
            <th scope="col">{t("sync.side")}</th>
            <th scope="col" className="figure">
              {t("sync.entries")}
            </th>
            <th scope="col">{t("sync.chain")}</th>
          </tr>
        </thead>
        <tbody className="mono">
          <tr>
            <th scope="row">{t("sync.here")}</th>
            <td className="figure">{space.local_seq}</td>
            <td>
              <Hash value={space.local_chain} />
            </td>
          </tr>
          <tr>
            <th scope="row">{space.server ? new URL(space.server).host : t("sync.no_server")}</th>
            <td className="figure">{space.server_seq ?? "–"}</td>
            <td>{space.server_chain ? <Hash value={space.server_chain} against={space.local_chain} /> : "–"}</td>
          </tr>
        </tbody>
      </table>
      <p className={`space-verdict ${equal && space.pending === 0 ? "equal" : "soft"}`}>
        {space.server === null ? (
          t("sync.only_here")
        ) : (
          <>
            {equal ? <Equal aria-hidden /> : <EqualNot aria-hidden />}
            {equal ? t("sync.equal") : t("sync.unequal")}{" "}
            {space.pending > 0 && t("sync.outbox", { count: space.pending })}
            {space.proven_at && (
              <span className="soft">
                {t("sync.proven_at")} <Ago at={space.proven_at} />
              </span>
            )}
          </>
        )}
      </p>
      {compared && (
        <Report report={compared} title={compared.ok ? t("sync.compared_equal") : t("sync.compared_unequal")} />
      )}
      {space.refused.map((entry) => (
        <Refused key={entry.id} space={space.space} entry={entry} />
      ))}
      {space.server && <Parts space={space} />}
      {space.people.length > 1 && (
        <ul className="space-people soft" aria-label={t("sync.people")}>
          {space.people.map((person) => (
            <li key={person.name}>
              <span className={person.online ? "here" : undefined}>{person.name}</span>, {t(`role.${person.role}`)}
              {person.online && `, ${t("sync.online")}`}
              {person.up_to_date !== null && (
                <>
                  {": "}
                  {person.up_to_date ? t("sync.has_all") : t("sync.is_behind")}
                  {person.told_at && (
                    <>
                      , <Ago at={person.told_at} />
                    </>
                  )}
                </>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** What the project consists of, how far each part has come, and what has not left this device yet. */
function Parts({ space }: { space: SpaceSync }) {
  const { t } = useTranslation();
  const shown = useQuery(sync.parts, { space: space.space }, { keep: true }).data;
  if (!shown) return null;
  return (
    <>
      <table className="chains parts" data-testid="parts">
        <thead>
          <tr>
            <th scope="col">{t("sync.part")}</th>
            <th scope="col" className="figure">
              {t("sync.waits")}
            </th>
            <th scope="col">{t("sync.newest")}</th>
            <th scope="col">{t("sync.seen_by")}</th>
          </tr>
        </thead>
        <tbody>
          {shown.parts.map((part) => (
            <tr key={part.name}>
              <th scope="row">{part.name}</th>
              <td className="figure mono">{part.waiting}</td>
              <td className="mono">{part.last ?? "–"}</td>
              <td>{part.seen_by.length > 0 ? part.seen_by.join(", ") : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown.parts.map(
        (part) =>
          part.unreadable > 0 && (
            <Banner key={part.name} tone="amber">
              {t("sync.unreadable", { count: part.unreadable, part: part.name })}
            </Banner>
          ),
      )}
      {shown.waiting.length > 0 && (
        <section className="waiting" aria-label={t("sync.waiting_entries")}>
          <h3>{t("sync.waiting_entries")}</h3>
          <ul>
            {shown.waiting.map((entry) => (
              <li key={entry.id}>
                {entry.what}{" "}
                <span className="soft">
                  <Ago at={entry.at} />
                </span>
              </li>
            ))}
          </ul>
          {space.pending > shown.waiting.length && (
            <p className="soft">{t("sync.more_waiting", { count: space.pending - shown.waiting.length })}</p>
          )}
        </section>
      )}
    </>
  );
}

function Hash({ value, against }: { value: string; against?: string }) {
  const { t } = useTranslation();
  return (
    <Tooltip label={<span className="mono">{value}</span>}>
      <button
        type="button"
        className={`hash mono ${against !== undefined && against !== value ? "differs" : ""}`}
        aria-label={t("sync.copy_hash", { hash: value.slice(0, 16) })}
        onClick={() =>
          void platform()
            .copy(value)
            .then(() => toast(t("sync.hash_copied")))
        }
      >
        {value.slice(0, 16)}…
      </button>
    </Tooltip>
  );
}

function Refused({ space, entry }: { space: string; entry: RefusedEntry }) {
  const { t } = useTranslation();
  const [, go] = useLocation();
  const retry = useCommand(sync.retry);
  const discard = useCommand(sync.discard);
  const ref = { space, entry: entry.id };
  const project = useProjects()?.find((candidate) => candidate.space === space);
  const edit = async () => {
    if (project && entry.element) {
      prefillComment(entry.element, entry.text ?? "");
      toast(t("sync.text_ready"));
      return go(pathOf(project.id, entry.element.startsWith("ent_") ? "data" : "requirements", entry.element));
    }
    await platform().copy(entry.text ?? "");
    toast(t("sync.text_copied"));
  };
  return (
    <div data-testid="refused-entry">
      <Banner
        tone="amber"
        verbs={
          <>
            {entry.can_retry && (
              <Button onClick={() => void retry.run(ref)} disabled={retry.pending}>
                {t("sync.retry")}
              </Button>
            )}
            {entry.text !== null && <Button onClick={() => void edit()}>{t("sync.edit")}</Button>}
            <Button look="danger" onClick={() => void discard.run(ref)} disabled={discard.pending}>
              {t("sync.discard")}
            </Button>
          </>
        }
      >
        <strong>{entry.what}</strong> <Ago at={entry.at} />
        <p>{entry.reason}</p>
        {entry.text && <blockquote className="quoted selectable">{entry.text}</blockquote>}
      </Banner>
    </div>
  );
}
