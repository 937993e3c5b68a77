import { useEffect, useState } from "react";
import { useLocation } from "wouter";
import { isTextField, runVerb, useAllVerbs } from "../kit";
import { platform } from "../platform";

/** The window's own menu speaks in the ids of verbs, and offers only those that the screen answers. */
export function useMenu(): void {
  const verbs = useAllVerbs();
  const [, go] = useLocation();
  const [wanted, setWanted] = useState<string | null>(null);

  const offered = verbs
    .filter((verb) => !verb.disabled)
    .map((verb) => verb.id)
    .join("\n");
  useEffect(() => platform().offer(offered.split("\n")), [offered]);

  useEffect(
    () =>
      platform().onMenu((action) => {
        const field = document.activeElement;
        // In a plain field the menu takes back typing, as the keys do; a requirement's text is the core's to undo.
        if ((action === "undo" || action === "redo") && isTextField(field) && undoneByItself(field)) {
          document.execCommand(action);
        } else if (document.querySelector("[role=dialog].dialog")) {
          // A dialogue keeps the screen behind it as it is.
        } else if (!runVerb(action) && action.startsWith("sync.")) {
          setWanted(action);
          go("/settings/sync");
        }
      }),
    [go],
  );

  // The verbs of the sync inspector wait until it stands.
  useEffect(() => {
    if (wanted && verbs.some((verb) => verb.id === wanted)) {
      setWanted(null);
      runVerb(wanted);
    }
  }, [verbs, wanted]);
}

function undoneByItself(field: Element | null): boolean {
  return field instanceof HTMLElement && field.dataset.undo !== "core";
}
