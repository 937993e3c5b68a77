import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Dialog, Keys, useAllVerbs, useVerbs, type Verb } from "../kit";
import "./Shortcuts.css";

const groups: Verb["group"][] = ["go", "edit", "view", "project", "sync"];

/** Every verb with a shortcut that works on this screen. */
export function Shortcuts() {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const verbs = useAllVerbs();
  useVerbs([{ id: "shortcuts", label: t("shortcuts.title"), keys: "?", group: "view", run: () => setOpen(true) }]);
  return (
    <Dialog open={open} onClose={() => setOpen(false)} title={t("shortcuts.title")}>
      {groups.map((group) => {
        const shown = verbs.filter((verb) => verb.group === group && verb.keys);
        if (shown.length === 0) return null;
        return (
          <section key={group}>
            <h3 className="shortcut-group">{t(`shortcuts.${group}`)}</h3>
            <ul>
              {shown.map((verb) => (
                <li key={verb.id} className="shortcut">
                  <span>{verb.label}</span>
                  <Keys keys={verb.keys!} />
                </li>
              ))}
            </ul>
          </section>
        );
      })}
    </Dialog>
  );
}
