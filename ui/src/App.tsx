import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { onRefusal, refresh, useQuery } from "./api/call";
import { ProblemBanner, TooltipProvider, toast } from "./kit";
import { platform } from "./platform";
import { Routes } from "./routes";
import { startWords, systemLanguage } from "./words";
import { workspace } from "./workspace/api";
import { useTheme } from "./workspace/theme";

/** Joins the screens to the core: what changed is refreshed, what was refused is told. */
export function App() {
  const { t, i18n } = useTranslation();
  const client = useQueryClient();
  const status = useQuery(workspace.status, {});
  useTheme(status.data?.theme ?? "system");

  useEffect(() => platform().onChanged((topics) => refresh(client, topics)), [client]);
  useEffect(
    () => onRefusal((problem) => toast(`${problem.message} ${t(`problem.${problem.code}`)}`, { tone: "red" })),
    [t],
  );
  useEffect(() => {
    const language = status.data?.language ?? systemLanguage();
    if (status.data && i18n.language !== language) startWords(language);
  }, [status.data?.language, i18n]);
  useEffect(() => {
    // The webview's own menu offers Reload and Back, which mean nothing here.
    const refuse = (event: Event) => event.preventDefault();
    window.addEventListener("contextmenu", refuse);
    return () => window.removeEventListener("contextmenu", refuse);
  }, []);

  if (status.error && !status.data)
    return <ProblemBanner problem={status.error} onRetry={() => void status.refetch()} />;
  if (!status.data) return null;
  return (
    <TooltipProvider>
      <Routes />
    </TooltipProvider>
  );
}
