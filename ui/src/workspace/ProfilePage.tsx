import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCommand, useQuery } from "../api/call";
import type { SetPreferences, WorkspaceStatus } from "../api/generated";
import { Accounts } from "../identity";
import { Banner, Choice, Field, Loaded } from "../kit";
import { systemLanguage } from "../words";
import { workspace } from "./api";
import "./ProfilePage.css";

export function ProfilePage() {
  const { t } = useTranslation();
  const status = useQuery(workspace.status, {});
  return (
    <main className="place page" aria-label={t("place.profile")}>
      <div className="bar">
        <h1>{t("place.profile")}</h1>
      </div>
      <div className="scroll">
        <Loaded query={status}>{(data) => <Profile status={data} />}</Loaded>
      </div>
    </main>
  );
}

function Profile({ status }: { status: WorkspaceStatus }) {
  const { t } = useTranslation();
  const set = useCommand(workspace.set_preferences, { inline: true });
  const change = (preferences: SetPreferences) => void set.run(preferences);
  return (
    <div className="settings">
      <section aria-labelledby="settings-you">
        <h2 id="settings-you">{t("settings.you")}</h2>
        <KeptField
          label={t("settings.name")}
          hint={t("settings.name_hint")}
          value={status.person_name}
          problem={set.problem("person_name")}
          onKeep={(person_name) => change({ person_name })}
        />
        <KeptField
          label={t("settings.device")}
          hint={t("settings.device_hint")}
          value={status.device_name}
          problem={set.problem("device_name")}
          onKeep={(device_name) => change({ device_name })}
        />
      </section>
      <section aria-labelledby="settings-look">
        <h2 id="settings-look">{t("settings.look")}</h2>
        <div className="setting">
          <span>{t("settings.language")}</span>
          <Choice
            label={t("settings.language")}
            value={status.language ?? systemLanguage()}
            options={[
              { value: "en", label: "English" },
              { value: "ru", label: "Русский" },
            ]}
            onChange={(language) => change({ language })}
          />
        </div>
        <div className="setting">
          <span>{t("settings.theme")}</span>
          <Choice
            label={t("settings.theme")}
            value={status.theme}
            options={(["system", "light", "dark"] as const).map((value) => ({ value, label: t(`theme.${value}`) }))}
            onChange={(theme) => change({ theme })}
          />
        </div>
      </section>
      <section aria-labelledby="settings-accounts">
        <h2 id="settings-accounts">{t("settings.accounts")}</h2>
        <Accounts accounts={status.accounts} />
      </section>
      <section aria-labelledby="settings-key">
        <h2 id="settings-key">{t("settings.key")}</h2>
        {status.key_home === "file" ? (
          <Banner tone="amber">{t("key_home.file")}</Banner>
        ) : (
          <p>{t(`key_home.${status.key_home}`)}</p>
        )}
        <p className="soft">
          {t("settings.version")} <span className="mono">{status.version}</span>
        </p>
      </section>
      {set.problem() && (
        <p role="alert" className="field-problem">
          {set.problem()}
        </p>
      )}
    </div>
  );
}

/** Kept when left, or with Enter. */
function KeptField({
  label,
  hint,
  value,
  problem,
  onKeep,
}: {
  label: string;
  hint: string;
  value: string;
  problem?: string;
  onKeep(value: string): void;
}) {
  const [text, setText] = useState<string | null>(null);
  const keep = () => {
    if (text !== null && text.trim() !== value) onKeep(text.trim());
    setText(null);
  };
  return (
    <Field
      label={label}
      hint={hint}
      problem={problem}
      value={text ?? value}
      onChange={(event) => setText(event.target.value)}
      onBlur={keep}
      onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
    />
  );
}
