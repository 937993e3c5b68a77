import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Tooltip } from "./Tooltip";

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

export function relativeTime(at: string, now: number, language: string): string {
  const seconds = (Date.parse(at) - now) / 1000;
  const words = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  for (const [unit, size] of steps)
    if (Math.abs(seconds) >= size) return words.format(Math.round(seconds / size), unit);
  return words.format(0, "second");
}

/** A time, told relative to now; the exact time on hover. */
export function Ago({ at }: { at: string }) {
  const { i18n } = useTranslation();
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  // Two clocks may differ by a little; nobody wrote anything "in 3 seconds".
  const ahead = Date.parse(at) - now;
  const shownAt = ahead > 0 && ahead < 60_000 ? Date.parse(at) : now;
  const exact = new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium", timeStyle: "medium" }).format(
    new Date(at),
  );
  return (
    <Tooltip label={exact}>
      <time className="ago soft" dateTime={at}>
        {relativeTime(at, shownAt, i18n.language)}
      </time>
    </Tooltip>
  );
}
