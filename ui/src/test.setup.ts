import "@testing-library/jest-dom/vitest";
import { cleanup } from "@testing-library/react";
import { afterEach, beforeEach } from "vitest";
import { dismissToast } from "./kit";
import { startWords } from "./words";

// What jsdom lacks and the libraries measure with.
class NoObserver {
  observe() {}
  unobserve() {}
  disconnect() {}
}
Object.assign(globalThis, { ResizeObserver: NoObserver, IntersectionObserver: NoObserver });
class NoMatrix {
  m22 = 1;
}
Object.assign(globalThis, { DOMMatrixReadOnly: NoMatrix });
Object.assign(Element.prototype, {
  scrollIntoView() {},
  hasPointerCapture: () => false,
  setPointerCapture() {},
  releasePointerCapture() {},
});
globalThis.CSS ??= { escape: (text: string) => text } as typeof CSS;
CSS.escape ??= (text: string) => text;

beforeEach(() => {
  localStorage.clear();
  location.hash = "";
  startWords("en");
});
afterEach(() => {
  cleanup();
  dismissToast();
});
