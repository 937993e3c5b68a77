import { Copy } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Router, Route, Switch } from "wouter";
import { useHashLocation } from "wouter/use-hash-location";
import { Button } from "../kit/Button";
import { Field } from "../kit/Field";
import "./console.css";

/** The pages that the sync server shows in a browser: where its one-time links lead, and how to go on in the app. */
export function Console() {
  return (
    <Router hook={useHashLocation}>
      <Switch>
        <Route path="/setup/:token">{({ token }) => <Setup token={token} />}</Route>
        <Route path="/join/:token">
          <Join />
        </Route>
        <Route>
          <Home />
        </Route>
      </Switch>
    </Router>
  );
}

function Sheet({ title, children }: { title: string; children: ReactNode }) {
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <main className="console">
      <div className="console-sheet">
        <p className="console-host mono soft">{location.host}</p>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}

function Home() {
  const { t } = useTranslation();
  return (
    <Sheet title={t("console.title")}>
      <p>{t("console.home")}</p>
      <CopyLink label={t("console.address")} link={location.origin} />
    </Sheet>
  );
}

function Join() {
  const { t } = useTranslation();
  return (
    <Sheet title={t("console.join_title")}>
      <p>{t("console.join_explain")}</p>
      <CopyLink label={t("share.link")} link={location.href} />
      <p className="soft">{t("console.how")}</p>
    </Sheet>
  );
}

function Setup({ token }: { token: string }) {
  const { t } = useTranslation();
  const [done, setDone] = useState(false);
  if (done)
    return (
      <Sheet title={t("console.setup_title")}>
        <p role="status">{t("console.done")}</p>
        <CopyLink label={t("console.address")} link={location.origin} />
      </Sheet>
    );
  return (
    <Sheet title={t("console.setup_title")}>
      <p>{t("console.setup_explain")}</p>
      <CopyLink label={t("share.link")} link={location.href} />
      <p className="soft">{t("console.setup_how")}</p>
      <h2>{t("console.or")}</h2>
      <FirstAccount token={token} onDone={() => setDone(true)} />
    </Sheet>
  );
}

/** RFC 9457, as the server writes it. */
interface ServerProblem {
  title?: string;
  detail?: string;
  field?: string | null;
}

function FirstAccount({ token, onDone }: { token: string; onDone(): void }) {
  const { t } = useTranslation();
  const [facts, setFacts] = useState({ name: "", email: "", password: "" });
  const [problem, setProblem] = useState<{ field: string | null; message: string } | null>(null);
  const [busy, setBusy] = useState(false);
  const of = (field: keyof typeof facts) => ({
    value: facts[field],
    onChange: (event: React.ChangeEvent<HTMLInputElement>) => setFacts({ ...facts, [field]: event.target.value }),
    problem: problem?.field === field ? problem.message : undefined,
    required: true,
  });
  const submit = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const answer = await fetch("/v1/identity/setup", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ token, ...facts }),
      });
      if (answer.status === 201) return onDone();
      const said = (await answer.json().catch(() => ({}))) as ServerProblem;
      const field = said.field && said.field in facts ? said.field : null;
      setProblem({ field, message: said.detail ?? said.title ?? t("console.unreachable") });
    } catch {
      setProblem({ field: null, message: t("console.unreachable") });
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      className="console-form"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Field label={t("account.name")} autoComplete="name" {...of("name")} />
      <Field label={t("account.email")} type="email" autoComplete="email" {...of("email")} />
      <Field
        label={t("account.password")}
        type="password"
        autoComplete="new-password"
        hint={t("account.password_hint")}
        {...of("password")}
      />
      {problem && problem.field === null && (
        <p role="alert" className="field-problem">
          {problem.message}
        </p>
      )}
      <div>
        <Button look="primary" type="submit" disabled={busy}>
          {t("account.create")}
        </Button>
      </div>
    </form>
  );
}

function CopyLink({ label, link }: { label: string; link: string }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link);
    } catch {
      // Browsers offer the clipboard over HTTPS only; a selected field is the way that always works.
      document.querySelector<HTMLInputElement>("[data-testid=console-link]")?.select();
      document.execCommand("copy");
    }
    setCopied(true);
  };
  return (
    <div className="console-copy">
      <input
        className="input mono"
        readOnly
        value={link}
        aria-label={label}
        data-testid="console-link"
        onFocus={(event) => event.currentTarget.select()}
      />
      <Button icon={Copy} onClick={() => void copy()}>
        {t("console.copy")}
      </Button>
      <span role="status" className="soft">
        {copied && t("console.copied")}
      </span>
    </div>
  );
}
