import { X } from "lucide-react";
import { useEffect, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { Button, IconButton } from "./Button";
import "./Toast.css";

interface Toast {
  id: number;
  text: string;
  tone: "plain" | "red";
  verb?: { label: string; keys?: string; run(): void };
}

let toasts: Toast[] = [];
let serial = 0;
const listeners = new Set<() => void>();
const publish = (next: Toast[]) => {
  toasts = next;
  listeners.forEach((tell) => tell());
};

export function dismissToast(id?: number): void {
  publish(id === undefined ? [] : toasts.filter((toast) => toast.id !== id));
}

/** Says what was done, with the verb that takes it back. The same words replace the older toast. */
export function toast(text: string, options: Partial<Pick<Toast, "tone" | "verb">> = {}): void {
  const next: Toast = { id: ++serial, text, tone: "plain", ...options };
  publish([...toasts.filter((other) => other.text !== text).slice(-2), next]);
}

export function Toaster() {
  const { t } = useTranslation();
  const shown = useSyncExternalStore(
    (tell) => (listeners.add(tell), () => listeners.delete(tell)),
    () => toasts,
  );
  return (
    <section className="toasts" aria-label={t("toast.region")} aria-live="polite">
      {shown.map((entry) => (
        <ToastCard key={entry.id} toast={entry} />
      ))}
    </section>
  );
}

function ToastCard({ toast }: { toast: Toast }) {
  const { t } = useTranslation();
  useEffect(() => {
    const timer = setTimeout(() => dismissToast(toast.id), toast.tone === "red" ? 12_000 : 7_000);
    return () => clearTimeout(timer);
  }, [toast]);
  return (
    <div className={`toast float ${toast.tone}`} role={toast.tone === "red" ? "alert" : undefined} data-testid="toast">
      <span className="selectable">{toast.text}</span>
      {toast.verb && (
        <Button
          look="quiet"
          keys={toast.verb.keys}
          onClick={() => {
            toast.verb?.run();
            dismissToast(toast.id);
          }}
        >
          {toast.verb.label}
        </Button>
      )}
      <IconButton icon={X} label={t("verb.close")} side="top" onClick={() => dismissToast(toast.id)} />
    </div>
  );
}
