import type { LucideIcon } from "lucide-react";
import type { ButtonHTMLAttributes, Ref } from "react";
import { Tooltip } from "./Tooltip";
import "./Button.css";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: "plain" | "primary" | "danger" | "quiet";
  icon?: LucideIcon;
  ref?: Ref<HTMLButtonElement>;
  /** The shortcut, shown beside the verb. */
  keys?: string;
}

export function Button({ look = "plain", icon: Icon, keys, children, className = "", ...rest }: ButtonProps) {
  return (
    <button type="button" {...rest} className={`button ${look} ${className}`}>
      {Icon && <Icon aria-hidden />}
      <span>{children}</span>
      {keys && <Keys keys={keys} />}
    </button>
  );
}

interface IconButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "aria-label"> {
  icon: LucideIcon;
  label: string;
  keys?: string;
  ref?: Ref<HTMLButtonElement>;
  side?: "top" | "bottom" | "left" | "right";
}

/** A verb drawn as an icon; its words are its accessible name and its tooltip. */
export function IconButton({ icon: Icon, label, keys, side, className = "", ...rest }: IconButtonProps) {
  return (
    <Tooltip label={label} keys={keys} side={side}>
      <button type="button" {...rest} aria-label={label} className={`icon-button ${className}`}>
        <Icon aria-hidden />
      </button>
    </Tooltip>
  );
}

const isMac = typeof navigator !== "undefined" && /mac/i.test(navigator.platform);
const signs: Record<string, string> = { Up: "↑", Down: "↓", Left: "←", Right: "→", Mod: isMac ? "⌘" : "Ctrl" };

/** A shortcut such as `Mod+Shift+Z`, as keys. */
export function Keys({ keys }: { keys: string }) {
  return (
    <kbd className="keys">
      {keys.split("+").map((key) => (
        <span key={key}>{signs[key] ?? key}</span>
      ))}
    </kbd>
  );
}
