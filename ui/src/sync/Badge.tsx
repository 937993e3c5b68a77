import {
  CircleCheck,
  CirclePause,
  CloudOff,
  HardDrive,
  LogIn,
  RefreshCw,
  TriangleAlert,
  CircleAlert,
  type LucideIcon,
} from "lucide-react";
import { Popover } from "radix-ui";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { useCommand, useQuery } from "../api/call";
import type { BadgeState } from "../api/generated";
import { Ago, Button, runVerb } from "../kit";
import { sync } from "./api";
import { badgeWords, honestState } from "./words";
import "./Badge.css";

const icons: Record<BadgeState, LucideIcon> = {
  local: HardDrive,
  proven: CircleCheck,
  syncing: RefreshCw,
  connecting: RefreshCw,
  offline: CloudOff,
  paused: CirclePause,
  refused: TriangleAlert,
  signed_out: LogIn,
  error: CircleAlert,
};

/** Where the work stands: green only when both sides are proven to hold the same log. */
export function SyncBadge({ collapsed }: { collapsed: boolean }) {
  const { t } = useTranslation();
  const [, go] = useLocation();
  const { data: badge } = useQuery(sync.badge, {}, { keep: true });
  const now = useCommand(sync.now);
  if (!badge) return <div className="sync-badge" aria-hidden />;
  const state = honestState(badge);
  const words = badgeWords(badge, t);
  const Icon = icons[state];
  return (
    <Popover.Root>
      <Popover.Trigger
        className="sync-badge"
        data-testid="badge"
        data-state={state}
        aria-label={t("sync.badge", { words })}
      >
        <span className={`sync-dot ${state}`}>
          <Icon aria-hidden />
        </span>
        {!collapsed && <span className="sync-words">{words}</span>}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className="float popover sync-popover"
          align="start"
          sideOffset={4}
          aria-label={t("sync.title")}
        >
          <p className="sync-lead">{words}</p>
          <p>{t(`sync.explain.${state}`)}</p>
          {badge.detail && <p className="selectable">{badge.detail}</p>}
          {badge.proven_at && (
            <p className="soft">
              {t("sync.proven_at")} <Ago at={badge.proven_at} />
            </p>
          )}
          <div className="sync-verbs">
            {state === "local" ? (
              <Popover.Close asChild>
                <Button onClick={() => runVerb("share")}>{t("share.verb")}</Button>
              </Popover.Close>
            ) : state === "signed_out" ? (
              <Popover.Close asChild>
                <Button onClick={() => go("/settings/profile")}>{t("account.sign_in")}</Button>
              </Popover.Close>
            ) : (
              <Button onClick={() => void now.run({})} disabled={now.pending}>
                {t("sync.now")}
              </Button>
            )}
            <Popover.Close asChild>
              <Button look="quiet" onClick={() => go("/settings/sync")}>
                {t("sync.open_inspector")}
              </Button>
            </Popover.Close>
          </div>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
