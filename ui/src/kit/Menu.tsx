import { Check, ChevronDown, type LucideIcon } from "lucide-react";
import { ContextMenu as RadixContext, DropdownMenu as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { Keys } from "./Button";
import "./float.css";
import "./Menu.css";

export interface MenuVerb {
  label: string;
  run(): void;
  icon?: LucideIcon;
  keys?: string;
  danger?: boolean;
  disabled?: boolean;
}

/** A menu of verbs; `null` draws a rule between groups. */
export function Menu({
  trigger,
  verbs,
  align = "start",
}: {
  trigger: ReactNode;
  verbs: (MenuVerb | null)[];
  align?: "start" | "end";
}) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className="float menu" align={align} sideOffset={4} collisionPadding={8}>
          {verbs.map((verb, index) =>
            verb === null ? (
              <Radix.Separator key={index} className="menu-rule" />
            ) : (
              <Radix.Item
                key={verb.label}
                className={`menu-item ${verb.danger ? "danger" : ""}`}
                disabled={verb.disabled}
                onSelect={verb.run}
              >
                {verb.icon ? <verb.icon aria-hidden /> : <span className="menu-tick" />}
                <span className="grow">{verb.label}</span>
                {verb.keys && <Keys keys={verb.keys} />}
              </Radix.Item>
            ),
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** The same verbs under the right mouse button, or the menu key. */
export function ContextMenu({ children, verbs }: { children: ReactNode; verbs: (MenuVerb | null)[] }) {
  return (
    <RadixContext.Root modal={false}>
      <RadixContext.Trigger asChild>{children}</RadixContext.Trigger>
      <RadixContext.Portal>
        <RadixContext.Content className="float menu" collisionPadding={8}>
          {verbs.map((verb, index) =>
            verb === null ? (
              <RadixContext.Separator key={index} className="menu-rule" />
            ) : (
              // The menu gives the focus back as it closes; then the verb may take it.
              <RadixContext.Item
                key={verb.label}
                className={`menu-item ${verb.danger ? "danger" : ""}`}
                disabled={verb.disabled}
                onSelect={() => setTimeout(verb.run, 0)}
              >
                {verb.icon ? <verb.icon aria-hidden /> : <span className="menu-tick" />}
                <span className="grow">{verb.label}</span>
                {verb.keys && <Keys keys={verb.keys} />}
              </RadixContext.Item>
            ),
          )}
        </RadixContext.Content>
      </RadixContext.Portal>
    </RadixContext.Root>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  value: T;
  options: readonly { value: T; label: string; hint?: string }[];
  onChange(value: T): void;
  disabled?: boolean;
  /** Drawn without a frame until pointed at, for use inside rows. */
  bare?: boolean;
  mono?: boolean;
  tabIndex?: number;
  className?: string;
}

/** One of a few values. */
export function Choice<T extends string>({
  label,
  value,
  options,
  onChange,
  disabled,
  bare,
  mono,
  tabIndex,
  className = "",
}: ChoiceProps<T>) {
  const shown = options.find((option) => option.value === value)?.label ?? value;
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger
        className={`choice ${bare ? "bare" : ""} ${mono ? "mono" : ""} ${className}`}
        aria-label={`${label}: ${shown}`}
        disabled={disabled}
        tabIndex={tabIndex}
        data-value={value}
      >
        <span>{shown}</span>
        <ChevronDown aria-hidden />
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className="float menu" sideOffset={4} collisionPadding={8} aria-label={label}>
          <Radix.RadioGroup value={value} onValueChange={(next) => next !== value && onChange(next as T)}>
            {options.map((option) => (
              <Radix.RadioItem key={option.value} value={option.value} className={`menu-item ${mono ? "mono" : ""}`}>
                <span className="menu-tick">
                  <Radix.ItemIndicator>
                    <Check aria-hidden />
                  </Radix.ItemIndicator>
                </span>
                <span className="grow">{option.label}</span>
                {option.hint && <span className="hint">{option.hint}</span>}
              </Radix.RadioItem>
            ))}
          </Radix.RadioGroup>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
