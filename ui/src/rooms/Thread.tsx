import { Clock } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { useCommand, useQuery } from "../api/call";
import type { Comment } from "../api/generated";
import { Ago, Banner, Button, Loaded } from "../kit";
import { rooms } from "./api";
import "./Thread.css";

const unsent = (element: string) => `scantling.comment.${element}`;

/** Leaves words in the comment box of a part, for the person to mend and send. */
export function prefillComment(element: string, text: string): void {
  localStorage.setItem(unsent(element), text);
}

/** What was said about one part. Written offline too: a comment waits with a dashed edge until the server has it. */
export function Thread({ project, element, readOnly }: { project: string; element: string; readOnly?: boolean }) {
  const { t } = useTranslation();
  const thread = useQuery(rooms.thread, { project, id: element });
  const write = useCommand(rooms.comment, { inline: true });
  const read = useCommand(rooms.mark_read);
  const [text, setText] = useState(() => localStorage.getItem(unsent(element)) ?? "");
  const unread = thread.data?.comments.some((comment) => comment.unread) ?? false;

  useEffect(() => {
    if (text) localStorage.setItem(unsent(element), text);
    else localStorage.removeItem(unsent(element));
  }, [element, text]);

  // Read once it has been in sight for a moment; passing by with the arrow keys does not count.
  useEffect(() => {
    if (!unread) return;
    const timer = setTimeout(() => void read.run({ project, id: element }), 1500);
    return () => clearTimeout(timer);
  }, [unread, project, element, read.run]);

  const send = async () => {
    const words = text.trim();
    if (!words) return;
    if (await write.run({ project, element, text: words })) setText("");
  };

  return (
    <div className="thread">
      <Loaded query={thread} rows={2}>
        {({ comments }) => (
          <ol className="comments" aria-label={t("rooms.comments")}>
            {comments.map((comment) => (
              <CommentCard key={comment.id} comment={comment} />
            ))}
          </ol>
        )}
      </Loaded>
      {readOnly && thread.data?.comments.length === 0 && <p className="soft">{t("rooms.none")}</p>}
      {!readOnly && (
        <textarea
          className="input comment-box"
          data-testid="comment-box"
          aria-label={t("rooms.write")}
          placeholder={t("rooms.write")}
          rows={text.includes("\n") || text.length > 40 ? 3 : 1}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.nativeEvent.isComposing) return;
            if (event.key === "Enter" && !event.shiftKey) {
              event.preventDefault();
              void send();
            }
          }}
        />
      )}
      {write.failure && (
        <p role="alert" className="field-problem">
          {write.failure.message} {t("rooms.kept")}
        </p>
      )}
      {!readOnly && text.trim() && (
        <div className="comment-verbs">
          <span className="soft">{t("rooms.hint")}</span>
          <Button onClick={() => void send()} disabled={write.pending} keys="Enter">
            {t("rooms.send")}
          </Button>
        </div>
      )}
    </div>
  );
}

function CommentCard({ comment }: { comment: Comment }) {
  const { t } = useTranslation();
  const [, go] = useLocation();
  return (
    <li
      className={`comment ${comment.state} ${comment.unread ? "unread" : ""}`}
      data-testid="comment"
      data-state={comment.state}
    >
      <p className="comment-head">
        <strong>{comment.author}</strong>
        <Ago at={comment.at} />
        {comment.unread && <span className="comment-new">{t("rooms.new")}</span>}
        {comment.state === "pending" && (
          <span className="comment-pending soft">
            <Clock aria-hidden /> {t("state.pending")}
          </span>
        )}
      </p>
      <p className="comment-text selectable">{comment.text}</p>
      {comment.state === "refused" && (
        <Banner tone="amber" verbs={<Button onClick={() => go("/settings/sync")}>{t("rooms.mend")}</Button>}>
          {comment.reason ?? t("rooms.refused")}
        </Banner>
      )}
    </li>
  );
}
