import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { guidesPlugin } from "./guides-plugin.ts";

/** Builds the UI to `web/dist`: static files that run under `default-src 'self'`. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./",
  plugins: [react(), guidesPlugin()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    // The first versions with light-dark() in CSS.
    target: ["chrome123", "edge123", "firefox120", "safari17.5"],
    sourcemap: false,
    modulePreload: { polyfill: false },
    // A data: URL would need img-src data: in the content security policy.
    assetsInlineLimit: 0,
  },
  server: { proxy: { "/api": "http://127.0.0.1:4318" } },
});
