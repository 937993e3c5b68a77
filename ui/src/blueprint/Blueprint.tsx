import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { Button, Empty, chordOf, useVerbs } from "../kit";
import { useProjects, useProjectPlace } from "../project";
import { BriefPage } from "./BriefPage";
import { DataPage } from "./DataPage";
import { HistoryPage } from "./HistoryPage";
import { Inspector } from "./Inspector";
import { RequirementsPage } from "./RequirementsPage";
import { useUndo } from "./undo";

/** The blueprint of one project: a place, and the inspector beside it. */
export function Blueprint() {
  const { t } = useTranslation();
  const { place } = useProjectPlace();
  const projects = useProjects();
  const [, go] = useLocation();
  const project = place && projects?.find((candidate) => candidate.id === place.project);
  if (!place || !projects) return null;
  if (!project)
    return (
      <main className="place">
        <Empty verb={<Button onClick={() => go("/")}>{t("project.go_start")}</Button>}>{t("project.missing")}</Empty>
      </main>
    );
  return <OpenBlueprint key={project.id} project={project.id} />;
}

function OpenBlueprint({ project }: { project: string }) {
  const { t } = useTranslation();
  const { place, select } = useProjectPlace();
  const { undo, redo } = useUndo(project);
  useVerbs([
    { id: "undo", label: t("verb.undo"), keys: "Mod+Z", group: "edit", run: () => void undo() },
    { id: "redo", label: t("verb.redo"), keys: "Mod+Shift+Z", group: "edit", run: () => void redo() },
    {
      id: "inspector.close",
      label: t("inspector.close"),
      keys: "Mod+I",
      group: "view",
      inText: true,
      disabled: !place?.selected,
      run: () => select(null),
    },
  ]);

  // A requirement's text is undone by the core as well, not by the field, which knows nothing of merged edits.
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const chord = chordOf(event);
      if (chord !== "Mod+Z" && chord !== "Mod+Shift+Z") return;
      if (!(event.target instanceof HTMLElement) || event.target.dataset.undo !== "core") return;
      event.preventDefault();
      void (chord === "Mod+Z" ? undo() : redo());
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [undo, redo]);

  if (!place) return null;
  if (place.page === "brief") return <BriefPage project={project} further />;
  if (place.page === "history") return <HistoryPage project={project} element={place.selected} />;
  return (
    <div className="place">
      {place.page === "data" ? (
        <DataPage project={project} selected={place.selected} />
      ) : (
        <RequirementsPage project={project} selected={place.selected} />
      )}
      {place.selected && <Inspector key={place.selected} project={project} selected={place.selected} />}
    </div>
  );
}
