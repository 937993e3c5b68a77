import type { TFunction } from "i18next";
import type { Badge, BadgeState } from "../api/generated";

/** The state that may honestly be shown: nothing is proven while anything is pending or refused. */
export function honestState(badge: Badge): BadgeState {
  if (badge.state !== "proven") return badge.state;
  if (badge.refused > 0) return "refused";
  return badge.pending > 0 ? "syncing" : "proven";
}

/** The badge in words, with what waits. */
export function badgeWords(badge: Badge, t: TFunction): string {
  const state = honestState(badge);
  if (state === "refused") return t("sync.refused", { count: badge.refused });
  const words = t(`sync.state.${state}`);
  if (badge.pending === 0 || state === "local") return words;
  return `${words}, ${state === "syncing" ? t("sync.to_send", { count: badge.pending }) : t("sync.waiting", { count: badge.pending })}`;
}
