import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "../kit/tokens.css";
import { TooltipProvider } from "../kit/Tooltip";
import { startWords, systemLanguage } from "../words";
import { Console } from "./Console";

startWords(systemLanguage());
const night = window.matchMedia("(prefers-color-scheme: dark)");
const dress = () => {
  document.documentElement.dataset.theme = night.matches ? "dark" : "light";
};
night.addEventListener("change", dress);
dress();
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <TooltipProvider>
      <Console />
    </TooltipProvider>
  </StrictMode>,
);
