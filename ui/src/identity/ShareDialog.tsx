import { Copy, X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCommand, useQuery } from "../api/call";
import type { Probe, Project, Role } from "../api/generated";
import { Ago, Button, Choice, Dialog, IconButton, Loaded, toast, useVerbs } from "../kit";
import { platform } from "../platform";
import { lastProject, projects, useProject, useProjectPlace } from "../project";
import { AccountForm } from "./AccountForm";
import { LinkStep } from "./LinkStep";
import "./ShareDialog.css";

export const roles: readonly Role[] = ["owner", "editor", "commenter", "viewer"];

/** From a project on one device to a project that people share. */
export function ShareDialog() {
  const { t } = useTranslation();
  const { place } = useProjectPlace();
  const project = useProject(place?.project ?? lastProject.get());
  const [open, setOpen] = useState(false);
  useVerbs([
    {
      id: "share",
      label: t("share.verb"),
      keys: "Mod+Shift+S",
      group: "project",
      inText: true,
      disabled: !project,
      run: () => setOpen(true),
    },
  ]);
  if (!project) return null;
  return (
    <Dialog
      open={open}
      onClose={() => setOpen(false)}
      title={t("share.title", { name: project.name })}
      description={project.server ? t("share.shared_on", { server: host(project.server) }) : t("share.explain")}
    >
      {project.server ? <Members project={project} /> : <Connect project={project} />}
    </Dialog>
  );
}

export function host(server: string): string {
  try {
    return new URL(server).host;
  } catch {
    return server;
  }
}

function Connect({ project }: { project: Project }) {
  const { t } = useTranslation();
  const [found, setFound] = useState<{ probe: Probe; link: string } | null>(null);
  const [signedIn, setSignedIn] = useState(false);
  const share = useCommand(projects.share, { inline: true });
  if (!found)
    return (
      <LinkStep
        label={t("share.address")}
        hint={t("share.address_hint")}
        testId="share-link"
        onProbe={(probe, link) => setFound({ probe, link })}
      />
    );
  const { probe, link } = found;
  const server = probe.server_name || host(probe.server);
  if (!signedIn && !probe.signed_in_as)
    return (
      <>
        <p>{t(`share.found.${probe.kind}`, { server })}</p>
        <AccountForm
          link={link}
          may={probe.kind === "setup" ? "create" : probe.kind === "invitation" ? "either" : "sign_in"}
          onDone={() => {
            setSignedIn(true);
            void share.run({ project: project.id, server: probe.server });
          }}
        />
      </>
    );
  return (
    <>
      <p>{t("share.ready", { server, name: project.name })}</p>
      {share.failure && (
        <p role="alert" className="field-problem">
          {share.failure.message}
        </p>
      )}
      <div className="dialog-verbs">
        <Button look="quiet" onClick={() => setFound(null)}>
          {t("share.other_server")}
        </Button>
        <Button
          look="primary"
          onClick={() => void share.run({ project: project.id, server: probe.server })}
          disabled={share.pending}
          data-testid="share-project"
        >
          {t("share.verb")}
        </Button>
      </div>
    </>
  );
}

function Members({ project }: { project: Project }) {
  const { t } = useTranslation();
  const members = useQuery(projects.members, { project: project.id });
  const invite = useCommand(projects.invite, { inline: true });
  const setRole = useCommand(projects.set_role);
  const remove = useCommand(projects.remove_member);
  const [role, setNewRole] = useState<Role>("editor");
  const [link, setLink] = useState<{ link: string; expires_at: string } | null>(null);
  const owner = project.role === "owner";
  const options = roles.map((value) => ({ value, label: t(`role.${value}`), hint: t(`role_hint.${value}`) }));
  const copy = async (text: string) => {
    await platform().copy(text);
    toast(t("share.link_copied"));
  };
  return (
    <>
      {owner && (
        <section aria-label={t("share.invite")} className="invite">
          <div className="invite-line">
            <span>{t("share.invite_as")}</span>
            <Choice
              label={t("share.role")}
              value={role}
              options={options.filter((option) => option.value !== "owner")}
              onChange={(next: Role) => setNewRole(next)}
            />
            <Button
              look="primary"
              disabled={invite.pending}
              onClick={() =>
                void invite.run({ project: project.id, role }).then((made) => {
                  if (made) setLink(made);
                })
              }
            >
              {t("share.make_link")}
            </Button>
          </div>
          {invite.failure && (
            <p role="alert" className="field-problem">
              {invite.failure.message}
            </p>
          )}
          {link && (
            <>
              <div className="invite-line">
                <input
                  className="input mono"
                  readOnly
                  value={link.link}
                  data-testid="invite-link"
                  aria-label={t("share.link")}
                  onFocus={(event) => event.currentTarget.select()}
                />
                <Button icon={Copy} onClick={() => void copy(link.link)}>
                  {t("share.copy_link")}
                </Button>
              </div>
              <p className="soft">
                {t("share.expires")} <Ago at={link.expires_at} />
              </p>
            </>
          )}
        </section>
      )}
      <section aria-label={t("share.members")}>
        <h3 className="members-title">{t("share.members")}</h3>
        <Loaded query={members} rows={3}>
          {(list) => (
            <ul className="members">
              {list.map((member) => (
                <li key={member.person} data-testid="member">
                  <div>
                    <p>
                      {member.name} {member.me && <span className="soft">{t("share.you")}</span>}
                    </p>
                    <p className="soft selectable">{member.email}</p>
                  </div>
                  {owner && !member.me ? (
                    <>
                      <Choice
                        label={t("share.role_of", { name: member.name })}
                        value={member.role}
                        options={options}
                        onChange={(next) =>
                          void setRole.run({ project: project.id, person: member.person, role: next })
                        }
                      />
                      <IconButton
                        icon={X}
                        label={t("share.remove", { name: member.name })}
                        onClick={() => void remove.run({ project: project.id, person: member.person })}
                      />
                    </>
                  ) : (
                    <span className="soft">{t(`role.${member.role}`)}</span>
                  )}
                </li>
              ))}
            </ul>
          )}
        </Loaded>
      </section>
    </>
  );
}
