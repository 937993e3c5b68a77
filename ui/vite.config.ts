import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The same policy as the desktop window's, so that `vite preview` shows what would be refused there.
const policy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; " +
  "connect-src 'self' ipc: http://ipc.localhost; worker-src 'self' blob:";

export default defineConfig({
  plugins: [react()],
  base: "./",
  build: {
    target: "es2023",
    // Fonts stay files: the policy allows font-src 'self' only, not data:.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1600,
    rollupOptions: { input: { index: "index.html", console: "console.html" } },
  },
  server: { port: 5173, strictPort: true },
  preview: { headers: { "Content-Security-Policy": policy } },
  test: {
    environment: "jsdom",
    setupFiles: ["src/test.setup.ts"],
    include: ["src/**/*.test.{ts,tsx}"],
    testTimeout: 20000,
    css: false,
  },
});
