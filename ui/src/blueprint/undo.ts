import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { useCommand } from "../api/call";
import { toast } from "../kit";
import { blueprint } from "./api";

/** Takes steps back and forth in the blueprint. The core knows what a step is, and whose. */
export function useUndo(project: string) {
  const { t } = useTranslation();
  const back = useCommand(blueprint.undo);
  const forth = useCommand(blueprint.redo);
  const undo = useCallback(
    async (steps = 1) => {
      for (let step = 0; step < steps; step++) {
        const result = await back.run({ project });
        if (!result) return;
        if (steps === 1) toast(result.did ? t("undo.did", { what: result.did }) : t("undo.nothing"));
        if (!result.did) return;
      }
    },
    [back.run, project, t],
  );
  const redo = useCallback(async () => {
    const result = await forth.run({ project });
    if (result) toast(result.did ? t("undo.redid", { what: result.did }) : t("undo.nothing_to_redo"));
  }, [forth.run, project, t]);
  return { undo, redo };
}
