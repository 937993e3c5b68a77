import { useEffect } from "react";
import { runVerb } from "../kit";
import { platform } from "../platform";

/** The window's own menu speaks in the ids of verbs. */
export function useMenu(): void {
  useEffect(() => platform().onMenu((action) => void runVerb(action)), []);
}
