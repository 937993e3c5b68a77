import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./kit/tokens.css";
import { createQueryClient } from "./api/call";
import { App } from "./App";
import { installPlatform, type Platform } from "./platform";
import { insideTauri, tauriPlatform } from "./platform/tauri";
import { startWords, systemLanguage } from "./words";

async function choosePlatform(): Promise<Platform | null> {
  if (insideTauri()) return tauriPlatform();
  // The sample data exists for development and demonstration builds only; the shipped window never holds it.
  if (import.meta.env.DEV || import.meta.env.MODE === "demo") {
    const { fakePlatform } = await import("./platform/fake");
    const wish = new URLSearchParams(location.search);
    const fake = fakePlatform({
      sample: !wish.has("empty"),
      language: wish.get("lang") === "ru" ? "ru" : "en",
      delay: 20,
    });
    Object.assign(window, { fake });
    return fake;
  }
  return null;
}

const words = startWords(systemLanguage());
const root = createRoot(document.getElementById("root")!);
const platform = await choosePlatform();
if (platform) {
  installPlatform(platform);
  root.render(
    <StrictMode>
      <QueryClientProvider client={createQueryClient()}>
        <App />
      </QueryClientProvider>
    </StrictMode>,
  );
} else root.render(<p style={{ padding: 32 }}>{words.t("state.not_desktop")}</p>);
