import { useId, type InputHTMLAttributes, type ReactNode, type Ref } from "react";
import "./Field.css";

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  hint?: ReactNode;
  /** Why the value is refused. */
  problem?: string;
  ref?: Ref<HTMLInputElement>;
}

export function Field({ label, hint, problem, className = "", ...rest }: FieldProps) {
  const id = useId();
  return (
    <div className={`field ${className}`}>
      <label htmlFor={id}>{label}</label>
      <input
        {...rest}
        id={id}
        aria-invalid={problem ? true : undefined}
        aria-describedby={problem || hint ? `${id}-note` : undefined}
        spellCheck={false}
      />
      {(problem || hint) && (
        <p id={`${id}-note`} className={problem ? "field-problem" : "soft"} role={problem ? "alert" : undefined}>
          {problem ?? hint}
        </p>
      )}
    </div>
  );
}

export function Check({ label, ...rest }: InputHTMLAttributes<HTMLInputElement> & { label: string }) {
  return (
    <label className="check">
      <input type="checkbox" {...rest} />
      <span>{label}</span>
    </label>
  );
}

/** A checkbox without words beside it, whose name is given apart; `some` draws the mixed state. */
export function Tick({
  label,
  some,
  ...rest
}: InputHTMLAttributes<HTMLInputElement> & { label: string; some?: boolean }) {
  return (
    <input
      type="checkbox"
      {...rest}
      aria-label={label}
      ref={(field) => {
        if (field) field.indeterminate = some ?? false;
      }}
    />
  );
}
