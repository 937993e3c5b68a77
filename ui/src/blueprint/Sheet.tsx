import { ArrowLeft, ArrowRight } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Button, IconButton, useVerbs } from "../kit";
import "./Sheet.css";

interface Props {
  text: string;
  onText(text: string): void;
  onTranslate(): void;
  busy: boolean;
  problem?: string;
  /** The way back, for a sheet that adds to a blueprint. */
  further?(): void;
}

const examples = ["shop", "booking", "bakery"] as const;

/** A sheet of paper with a blinking line: what the client said goes here. */
export function Sheet({ text, onText, onTranslate, busy, problem, further }: Props) {
  const { t } = useTranslation();
  const field = useRef<HTMLTextAreaElement>(null);
  const ready = text.trim().length > 0 && !busy;
  useVerbs([
    {
      id: "translate",
      label: t("sheet.translate"),
      keys: "Mod+Enter",
      group: "edit",
      inText: true,
      disabled: !ready,
      run: onTranslate,
    },
  ]);
  useEffect(() => {
    field.current?.focus();
    // From here on the sheet takes words; how long that took is measured from outside.
    performance.mark("sheet");
  }, []);

  const desk = (
    <div className="desk">
      <div className="paper">
        <textarea
          ref={field}
          className="paper-text"
          data-testid="sheet"
          aria-label={t("sheet.label")}
          aria-describedby={problem ? "sheet-problem" : undefined}
          placeholder={t("sheet.placeholder")}
          value={text}
          autoFocus
          onChange={(event) => onText(event.target.value)}
        />
        {problem && (
          <p id="sheet-problem" role="alert" className="field-problem">
            {problem}
          </p>
        )}
        <div className="paper-foot">
          <p className="soft">
            {text.trim() ? t("sheet.count", { count: text.trim().split(/\s+/).length }) : t("sheet.offline")}
          </p>
          <Button
            look="primary"
            icon={ArrowRight}
            keys="Mod+Enter"
            onClick={onTranslate}
            disabled={!ready}
            data-testid="translate"
          >
            {t("sheet.translate")}
          </Button>
        </div>
      </div>
      {!further && (
        <section className="examples" aria-label={t("sheet.examples")}>
          <h2>{t("sheet.examples")}</h2>
          <ul>
            {examples.map((name) => (
              <li key={name}>
                <button
                  type="button"
                  className="example"
                  data-testid="example"
                  onClick={() => {
                    onText(t(`sheet.example.${name}.text`));
                    field.current?.focus();
                  }}
                >
                  <strong>{t(`sheet.example.${name}.title`)}</strong>
                  <span>{t(`sheet.example.${name}.text`)}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
  return (
    <main className="sheet-place" aria-label={further ? t("sheet.further") : t("sheet.title")}>
      {further ? (
        <div className="bar">
          <IconButton icon={ArrowLeft} label={t("sheet.back")} onClick={further} />
          <h1>{t("sheet.further")}</h1>
        </div>
      ) : (
        <h1 className="unseen">{t("sheet.title")}</h1>
      )}
      {desk}
    </main>
  );
}
