let pressed = false;
if (typeof window !== "undefined") {
  window.addEventListener("pointerdown", () => (pressed = true), true);
  window.addEventListener("pointerup", () => (pressed = false), true);
  window.addEventListener("pointercancel", () => (pressed = false), true);
}

/**
 * Whether a pointer is down. What takes the focus by a press must not change the page before the release: an inspector
 * that opens in between would catch the click.
 */
export function isPointerDown(): boolean {
  return pressed;
}
