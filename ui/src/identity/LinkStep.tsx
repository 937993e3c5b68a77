import { useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem, call } from "../api/call";
import type { Probe } from "../api/generated";
import { Button, Field } from "../kit";
import { identity } from "./api";

interface Props {
  label: string;
  hint: string;
  testId: string;
  onProbe(probe: Probe, link: string): void;
}

/** Takes a pasted address or link and asks the server what it leads to. */
export function LinkStep({ label, hint, testId, onProbe }: Props) {
  const { t } = useTranslation();
  const [link, setLink] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const submit = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      onProbe(await call(identity.probe, { link: link.trim() }), link.trim());
    } catch (thrown) {
      setProblem(asProblem(thrown).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      className="dialog-form"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Field
        label={label}
        hint={hint}
        value={link}
        onChange={(event) => setLink(event.target.value)}
        problem={problem}
        placeholder="https://"
        data-testid={testId}
        autoFocus
      />
      <div className="dialog-verbs">
        <Button look="primary" type="submit" disabled={busy || !link.trim()}>
          {busy ? t("share.looking") : t("verb.continue")}
        </Button>
      </div>
    </form>
  );
}
