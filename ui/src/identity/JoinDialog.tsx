import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCommand } from "../api/call";
import type { Probe } from "../api/generated";
import { Button, Dialog, useVerbs } from "../kit";
import { pathOf, projects, useProjectPlace } from "../project";
import { AccountForm } from "./AccountForm";
import { LinkStep } from "./LinkStep";
import { host } from "./ShareDialog";

/** From an invitation link to the project it leads to. */
export function JoinDialog() {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  useVerbs([{ id: "join", label: t("share.join_verb"), group: "project", run: () => setOpen(true) }]);
  return (
    <Dialog open={open} onClose={() => setOpen(false)} title={t("share.join_title")}>
      <Join onDone={() => setOpen(false)} />
    </Dialog>
  );
}

function Join({ onDone }: { onDone(): void }) {
  const { t } = useTranslation();
  const { go } = useProjectPlace();
  const [found, setFound] = useState<{ probe: Probe; link: string } | null>(null);
  const [signedIn, setSignedIn] = useState(false);
  const join = useCommand(projects.join, { inline: true });
  const enter = async (link: string) => {
    const project = await join.run({ link });
    if (!project) return;
    onDone();
    go(pathOf(project.id, "requirements"));
  };
  if (!found)
    return (
      <LinkStep
        label={t("share.join_link")}
        hint={t("share.join_hint")}
        testId="join-link"
        onProbe={(probe, link) => setFound({ probe, link })}
      />
    );
  const { probe, link } = found;
  const server = probe.server_name || host(probe.server);
  if (probe.kind !== "invitation")
    return (
      <>
        <p>{t("share.not_invitation", { server })}</p>
        <div className="dialog-verbs">
          <Button onClick={() => setFound(null)}>{t("share.other_link")}</Button>
        </div>
      </>
    );
  const words = t("share.invited", {
    project: probe.project_name ?? server,
    server,
    role: probe.role ? t(`role.${probe.role}`) : "",
  });
  if (!signedIn && !probe.signed_in_as)
    return (
      <>
        <p>{words}</p>
        <AccountForm
          link={link}
          may="either"
          onDone={() => {
            setSignedIn(true);
            void enter(link);
          }}
        />
      </>
    );
  return (
    <>
      <p>{words}</p>
      {join.failure && (
        <p role="alert" className="field-problem">
          {join.failure.message}
        </p>
      )}
      <div className="dialog-verbs">
        <Button look="primary" onClick={() => void enter(link)} disabled={join.pending} data-testid="join-project">
          {t("share.join")}
        </Button>
      </div>
    </>
  );
}
