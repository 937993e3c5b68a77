import { useEffect } from "react";
import type { WorkspaceStatus } from "../api/generated";

/** Puts the chosen theme on the page; `system` follows the system as it changes. */
export function useTheme(theme: WorkspaceStatus["theme"]): void {
  useEffect(() => {
    const night = window.matchMedia?.("(prefers-color-scheme: dark)");
    const apply = () => {
      document.documentElement.dataset.theme = theme === "system" ? (night?.matches ? "dark" : "light") : theme;
    };
    apply();
    if (theme !== "system") return;
    night?.addEventListener("change", apply);
    return () => night?.removeEventListener("change", apply);
  }, [theme]);
}
