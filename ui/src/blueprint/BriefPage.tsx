import { useTranslation } from "react-i18next";
import { useCommand, useQuery } from "../api/call";
import { toast } from "../kit";
import { pathOf, projects, useProjectPlace } from "../project";
import { blueprint } from "./api";
import { ChangeSetReview } from "./ChangeSetReview";
import { firstWords, useDraft, writeDraft } from "./draft";
import { Sheet } from "./Sheet";

/**
 * From the client's words to a blueprint: the sheet, then the change set. Without a project (the first launch),
 * translating makes one, named after the first words.
 */
export function BriefPage({ project, further }: { project: string | null; further?: boolean }) {
  const { t } = useTranslation();
  const { go } = useProjectPlace();
  const [draft, setDraft] = useDraft(project);
  const create = useCommand(projects.create, { inline: true });
  const accept = useCommand(blueprint.accept, { inline: true });
  const undo = useCommand(blueprint.undo);
  const ask = project !== null && draft.translated && draft.text.trim() !== "";
  const proposal = useQuery(blueprint.propose, ask ? { project: project!, text: draft.text } : null);

  const translate = async () => {
    if (!draft.text.trim()) return;
    if (project) {
      setDraft({ ...draft, translated: true });
      if (proposal.isError) void proposal.refetch();
      return;
    }
    const made = await create.run({ name: firstWords(draft.text, 4, 40) });
    if (!made) return;
    writeDraft(made.id, { ...draft, translated: true });
    writeDraft(null, null);
    go(pathOf(made.id, "brief"));
  };

  if (ask && proposal.data && project)
    return (
      <ChangeSetReview
        key={draft.text}
        changeSet={proposal.data}
        text={draft.text}
        busy={accept.pending}
        problem={accept.failure}
        onBack={() => setDraft({ ...draft, translated: false })}
        onDiscard={() => {
          const kept = draft;
          setDraft(null);
          go(pathOf(project, "requirements"));
          toast(t("changes.discarded"), {
            verb: { label: t("verb.undo"), run: () => (writeDraft(project, kept), go(pathOf(project, "brief"))) },
          });
        }}
        onAccept={async (items) => {
          const accepted = await accept.run({ project, title: firstWords(draft.text, 8), text: draft.text, items });
          if (!accepted) return;
          setDraft(null);
          go(pathOf(project, "requirements"));
          toast(t("changes.accepted", { count: items.length }), {
            verb: { label: t("verb.undo"), keys: "Mod+Z", run: () => void undo.run({ project }) },
          });
        }}
      />
    );
  const problem = create.failure ?? proposal.error;
  return (
    <Sheet
      text={draft.text}
      onText={(text) => setDraft({ text, translated: false })}
      onTranslate={() => void translate()}
      busy={create.pending || (ask && proposal.isFetching)}
      problem={problem ? `${problem.message} ${t("sheet.kept")}` : undefined}
      further={further && project ? () => go(pathOf(project, "requirements")) : undefined}
    />
  );
}
