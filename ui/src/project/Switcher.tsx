import { Check, ChevronsUpDown, FolderPlus, Link2, Pencil, Share2, Trash2 } from "lucide-react";
import { DropdownMenu as Radix } from "radix-ui";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCommand } from "../api/call";
import { Button, Dialog, Field, Keys, runVerb, toast, useVerbs } from "../kit";
import { projects } from "./api";
import { lastProject, pathOf, useProjectPlace, useProjects } from "./place";
import "./Switcher.css";

/** The open project's name; opens the list of all, and the verbs on the open one. */
export function Switcher({ collapsed }: { collapsed: boolean }) {
  const { t } = useTranslation();
  const { place, go } = useProjectPlace();
  const list = useProjects();
  const shown = place?.project ?? lastProject.get();
  const current = list?.find((project) => project.id === shown);
  const remove = useCommand(projects.remove);
  const restore = useCommand(projects.restore);
  const [dialog, setDialog] = useState<"create" | "rename" | null>(null);

  const removeCurrent = async () => {
    if (!current || !(await remove.run({ project: current.id }))) return;
    go("/");
    toast(t("project.removed", { name: current.name }), {
      verb: {
        label: t("verb.undo"),
        run: () => void restore.run({ project: current.id }).then(() => go(pathOf(current.id, "requirements"))),
      },
    });
  };

  useVerbs([
    { id: "project.create", label: t("project.create"), group: "project", run: () => setDialog("create") },
    {
      id: "project.rename",
      label: t("project.rename"),
      group: "project",
      run: () => setDialog("rename"),
      disabled: !current,
    },
    {
      id: "project.remove",
      label: t("project.remove"),
      group: "project",
      run: () => void removeCurrent(),
      disabled: !current,
    },
    ...(list ?? [])
      .filter((project) => project.id !== current?.id)
      .map((project) => ({
        id: `project.open.${project.id}`,
        label: t("project.open", { name: project.name }),
        group: "go" as const,
        run: () => go(pathOf(project.id, "requirements")),
      })),
  ]);

  return (
    <>
      <Radix.Root modal={false}>
        <Radix.Trigger
          className="switcher"
          aria-label={collapsed ? t("project.switcher", { name: current?.name ?? t("project.none") }) : undefined}
          data-testid="project-switcher"
        >
          <span className="switcher-mark" aria-hidden>
            {(current?.name ?? "·").slice(0, 1)}
          </span>
          {!collapsed && (
            <>
              <span className="switcher-name">{current?.name ?? t("project.none")}</span>
              <ChevronsUpDown aria-hidden />
            </>
          )}
        </Radix.Trigger>
        <Radix.Portal>
          <Radix.Content className="float menu switcher-menu" align="start" sideOffset={4}>
            {list?.map((project) => (
              <Radix.Item
                key={project.id}
                className="menu-item"
                onSelect={() => go(pathOf(project.id, "requirements"))}
              >
                <span className="menu-tick">{project.id === current?.id && <Check aria-hidden />}</span>
                <span className="grow">{project.name}</span>
                <span className="hint">{project.server ? new URL(project.server).host : t("project.local")}</span>
              </Radix.Item>
            ))}
            {!!list?.length && <Radix.Separator className="menu-rule" />}
            <Radix.Item className="menu-item" onSelect={() => setDialog("create")}>
              <FolderPlus aria-hidden />
              <span className="grow">{t("project.create")}</span>
            </Radix.Item>
            <Radix.Item className="menu-item" onSelect={() => runVerb("join")}>
              <Link2 aria-hidden />
              <span className="grow">{t("share.join_verb")}</span>
            </Radix.Item>
            {current && (
              <>
                <Radix.Separator className="menu-rule" />
                <Radix.Item className="menu-item" onSelect={() => runVerb("share")}>
                  <Share2 aria-hidden />
                  <span className="grow">{t("share.verb")}</span>
                  <Keys keys="Mod+Shift+S" />
                </Radix.Item>
                <Radix.Item className="menu-item" onSelect={() => setDialog("rename")}>
                  <Pencil aria-hidden />
                  <span className="grow">{t("project.rename")}</span>
                </Radix.Item>
                <Radix.Item className="menu-item danger" onSelect={() => void removeCurrent()}>
                  <Trash2 aria-hidden />
                  <span className="grow">{t("project.remove")}</span>
                </Radix.Item>
              </>
            )}
          </Radix.Content>
        </Radix.Portal>
      </Radix.Root>
      {dialog && (
        <NameDialog
          key={dialog}
          rename={dialog === "rename" ? current : undefined}
          onClose={() => setDialog(null)}
          onMade={(project) => go(pathOf(project, "requirements"))}
        />
      )}
    </>
  );
}

function NameDialog({
  rename,
  onClose,
  onMade,
}: {
  rename?: { id: string; name: string };
  onClose(): void;
  onMade(id: string): void;
}) {
  const { t } = useTranslation();
  const [name, setName] = useState(rename?.name ?? "");
  const create = useCommand(projects.create, { inline: true });
  const change = useCommand(projects.rename, { inline: true });
  const problem = create.failure ?? change.failure;
  const submit = async () => {
    const made = rename ? await change.run({ project: rename.id, name }) : await create.run({ name });
    if (!made) return;
    onClose();
    if (!rename) onMade(made.id);
  };
  return (
    <Dialog open onClose={onClose} title={rename ? t("project.rename") : t("project.create")}>
      <form
        className="dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Field
          label={t("project.name")}
          value={name}
          onChange={(event) => setName(event.target.value)}
          problem={problem?.message}
          autoFocus
        />
        <div className="dialog-verbs">
          <Button look="primary" type="submit" disabled={create.pending || change.pending || !name.trim()}>
            {rename ? t("verb.rename") : t("project.create_verb")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
