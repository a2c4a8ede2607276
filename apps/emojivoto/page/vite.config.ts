import { join } from "node:path";
import { defineConfig } from "vite";
import { staticVerifier } from "./static-verifier.ts";

// Workspace packages as sources: the page needs no build of theirs, and its bytes depend on sources alone.
const conditions = ["@carrara/source", "browser", "module", "import", "default"];

// Everything stays a file of our own origin: the content security policy refuses inline scripts and data URLs.
export default defineConfig({
  root: import.meta.dirname,
  base: "/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  resolve: {
    conditions,
    alias: { crypto: join(import.meta.dirname, "src/trust/web-crypto.ts") },
  },
  plugins: [staticVerifier()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
    target: "es2022",
  },
});
