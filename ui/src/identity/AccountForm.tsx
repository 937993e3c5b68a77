import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCommand } from "../api/call";
import { Button, Field } from "../kit";
import { identity } from "./api";

interface Props {
  link: string;
  /** A setup link makes the first account; an invitation lets one choose; a plain address has accounts already. */
  may: "create" | "either" | "sign_in";
  onDone(): void;
}

/** Creates an account on a server, or signs in to one. */
export function AccountForm({ link, may, onDone }: Props) {
  const { t } = useTranslation();
  const [creating, setCreating] = useState(may !== "sign_in");
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const signUp = useCommand(identity.sign_up, { inline: true });
  const signIn = useCommand(identity.sign_in, { inline: true });
  const verb = creating ? signUp : signIn;
  const general =
    verb.failure && !["name", "email", "password"].includes(verb.failure.field ?? "")
      ? verb.failure.message
      : undefined;

  const submit = async () => {
    const done = creating
      ? await signUp.run({ link, name, email, password })
      : await signIn.run({ link, email, password });
    if (done) onDone();
  };

  return (
    <form
      className="dialog-form"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      {creating && (
        <Field
          label={t("account.name")}
          value={name}
          onChange={(event) => setName(event.target.value)}
          problem={verb.problem("name")}
          autoComplete="name"
          autoFocus
          required
        />
      )}
      <Field
        label={t("account.email")}
        type="email"
        value={email}
        onChange={(event) => setEmail(event.target.value)}
        problem={verb.problem("email")}
        autoComplete="email"
        autoFocus={!creating}
        required
      />
      <Field
        label={t("account.password")}
        type="password"
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        problem={verb.problem("password")}
        hint={creating ? t("account.password_hint") : undefined}
        autoComplete={creating ? "new-password" : "current-password"}
        required
      />
      {general && (
        <p role="alert" className="field-problem">
          {general}
        </p>
      )}
      <div className="dialog-verbs">
        {may === "either" && (
          <Button look="quiet" onClick={() => setCreating(!creating)}>
            {creating ? t("account.have_account") : t("account.need_account")}
          </Button>
        )}
        <Button look="primary" type="submit" disabled={verb.pending}>
          {creating ? t("account.create") : t("account.sign_in")}
        </Button>
      </div>
    </form>
  );
}
