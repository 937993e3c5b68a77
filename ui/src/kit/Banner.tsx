import { CircleAlert, TriangleAlert } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { UseQueryResult } from "@tanstack/react-query";
import type { Problem } from "../api/generated";
import { Button } from "./Button";
import "./Banner.css";

/** Amber waits for a person; red failed. Carries the reason and at most two verbs. */
export function Banner({
  tone,
  children,
  verbs,
}: {
  tone: "amber" | "red" | "plain";
  children: ReactNode;
  verbs?: ReactNode;
}) {
  const Icon = tone === "red" ? CircleAlert : TriangleAlert;
  return (
    <div className={`banner ${tone}`} role={tone === "red" ? "alert" : "status"}>
      <Icon aria-hidden />
      <div className="banner-words selectable">{children}</div>
      {verbs && <div className="banner-verbs">{verbs}</div>}
    </div>
  );
}

/** An error says what happened, what is safe, and what to do. */
export function ProblemBanner({ problem, onRetry }: { problem: Problem; onRetry?(): void }) {
  const { t } = useTranslation();
  return (
    <Banner tone="red" verbs={onRetry && <Button onClick={onRetry}>{t("verb.try_again")}</Button>}>
      <strong>{problem.message}</strong> {t(`problem.${problem.code}`)}
    </Banner>
  );
}

/** The shape of what comes, shown only when it takes more than 150 ms. */
export function Skeleton({ rows = 6 }: { rows?: number }) {
  const { t } = useTranslation();
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 150);
    return () => clearTimeout(timer);
  }, []);
  if (!late) return null;
  return (
    <div className="skeleton" role="status" aria-label={t("state.loading")}>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} style={{ width: `${90 - ((index * 37) % 45)}%` }} />
      ))}
    </div>
  );
}

/** Waits, fails or shows: the three states of anything that is read. */
export function Loaded<T>({
  query,
  rows,
  children,
}: {
  query: UseQueryResult<T, Problem>;
  rows?: number;
  children(data: T): ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <ProblemBanner problem={query.error} onRetry={() => void query.refetch()} />;
  return <Skeleton rows={rows} />;
}

/** Empty is one sentence and one verb. */
export function Empty({ children, verb }: { children: ReactNode; verb?: ReactNode }) {
  return (
    <div className="empty">
      <p>{children}</p>
      {verb}
    </div>
  );
}
