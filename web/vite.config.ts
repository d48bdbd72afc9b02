/** The web app's build: static files for `dist/web`, which the API Worker serves. */
import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

// A build is the same whatever started it: tests would get React's development build otherwise.
if (process.argv.includes("build")) process.env["NODE_ENV"] = "production";
const edge = process.env["ASHLAR_EDGE"] ?? "http://localhost:8787";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [react()],
  build: {
    outDir: "../dist/web",
    emptyOutDir: true,
    target: "es2023",
    // The policy of the pages allows no data: addresses of scripts, fonts or workers.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1500,
  },
  worker: { format: "es" },
  server: { proxy: { "/v1": { target: edge, ws: true } } },
  preview: { proxy: { "/v1": { target: edge, ws: true } } },
});
