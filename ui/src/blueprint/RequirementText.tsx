import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import { useQueryClient } from "@tanstack/react-query";
import { call, refresh } from "../api/call";
import type { Problem } from "../api/generated";
import { platform } from "../platform";
import { blueprint } from "./api";
import { TextSession } from "./textSession";

interface Props {
  project: string;
  id: string;
  label: string;
  text: string;
  /** Leaves the field; `next` says that Enter asked for another requirement below. */
  onDone(next: boolean): void;
}

/** A requirement's text, edited where it stands. Every keystroke is kept; there is nothing to save. */
export function RequirementText({ project, id, label, text, onDone }: Props) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const field = useRef<HTMLTextAreaElement>(null);
  const session = useRef<TextSession>(null);
  const [problem, setProblem] = useState<Problem | null>(null);

  const fit = () => {
    if (!field.current) return;
    field.current.style.height = "auto";
    field.current.style.height = `${field.current.scrollHeight}px`;
  };

  useLayoutEffect(() => {
    const target = field.current!;
    fit();
    target.focus();
    target.setSelectionRange(target.value.length, target.value.length);
  }, []);

  useEffect(() => {
    const target = field.current!;
    let gone = false;
    const own = new TextSession(
      {
        edit: (heads, splices) => call(blueprint.edit_text, { project, id, heads, splices }),
        read: (since) => call(blueprint.text, { project, id, since }),
      },
      {
        positions: () => [target.selectionStart, target.selectionEnd],
        show: ({ text: next, positions }) => {
          if (gone) return;
          target.value = next;
          target.setSelectionRange(positions[0]!, positions[1]!);
          fit();
        },
        failed: (next) => !gone && setProblem(next),
      },
      target.value,
    );
    session.current = own;
    const stop = platform().onChanged((topics) => topics.includes("blueprint") && own.remote());
    return () => {
      gone = true;
      stop();
      // The last keystrokes may still be on their way when the field closes.
      void own.settled().then(() => refresh(client, ["blueprint"]));
    };
  }, [client, project, id]);

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Escape" || (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.metaKey)) {
      event.preventDefault();
      event.stopPropagation();
      onDone(event.key === "Enter");
    } else if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
  };

  return (
    <div className="requirement-edit">
      <textarea
        ref={field}
        className="requirement-field"
        data-undo="core"
        data-testid="requirement-text"
        aria-label={label}
        aria-invalid={problem ? true : undefined}
        defaultValue={text}
        rows={1}
        spellCheck={false}
        onInput={(event) => {
          fit();
          session.current?.typed(event.currentTarget.value);
        }}
        onCompositionStart={() => session.current?.hold(true)}
        onCompositionEnd={(event) => {
          session.current?.typed(event.currentTarget.value);
          session.current?.hold(false);
        }}
        onKeyDown={onKeyDown}
        onBlur={() => onDone(false)}
      />
      {problem && (
        <p className="field-problem" role="alert">
          {problem.message} {t("requirements.edit_kept")}
        </p>
      )}
    </div>
  );
}
