import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import "./EditableText.css";

interface Props {
  label: string;
  value: string;
  onCommit(value: string): void;
  /** Begins in editing, for a name that was just made. */
  editing?: boolean;
  onEditing?(editing: boolean): void;
  problem?: string;
  mono?: boolean;
  className?: string;
  placeholder?: string;
  tabIndex?: number;
}

/** Text that is edited where it stands: Enter or F2 opens, Enter keeps, Escape leaves it as it was. */
export function EditableText({
  label,
  value,
  onCommit,
  editing,
  onEditing,
  problem,
  mono,
  className = "",
  placeholder,
  tabIndex,
}: Props) {
  const [own, setOwn] = useState(false);
  const open = editing ?? own;
  const done = useRef(false);
  const button = useRef<HTMLButtonElement>(null);
  const returnFocus = useRef(false);
  const set = (next: boolean) => {
    done.current = false;
    setOwn(next);
    onEditing?.(next);
  };
  useEffect(() => {
    if (!open && returnFocus.current) {
      returnFocus.current = false;
      button.current?.focus();
    }
  }, [open]);

  if (!open)
    return (
      <button
        ref={button}
        type="button"
        className={`editable ${mono ? "mono" : ""} ${className}`}
        aria-label={`${label}: ${value || (placeholder ?? label)}`}
        onClick={() => set(true)}
        onKeyDown={(event) => event.key === "F2" && set(true)}
        tabIndex={tabIndex}
        aria-invalid={problem ? true : undefined}
      >
        {value || <span className="soft">{placeholder ?? label}</span>}
      </button>
    );
  const finish = (next: string | null) => {
    if (done.current) return;
    done.current = true;
    if (next !== null && next.trim() && next.trim() !== value) onCommit(next.trim());
    set(false);
    done.current = true;
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    event.stopPropagation();
    if (event.key === "Enter" || event.key === "Escape") {
      event.preventDefault();
      returnFocus.current = true;
      finish(event.key === "Enter" ? event.currentTarget.value : null);
    }
  };
  return (
    <input
      className={`editable-input nodrag ${mono ? "mono" : ""} ${className}`}
      aria-label={label}
      defaultValue={value}
      autoFocus
      spellCheck={false}
      onFocus={(event) => event.currentTarget.select()}
      onBlur={(event) => finish(event.currentTarget.value)}
      onKeyDown={onKeyDown}
      onDoubleClick={(event) => event.stopPropagation()}
    />
  );
}
