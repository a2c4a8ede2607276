// Bundles the command line into packages/cli/dist/carrara.js, from the TypeScript of all rooms.
import { ROOT } from "./install.mjs";

/** esbuild stays outside of the bundle: it is a program of its own, found in node_modules. */
export async function buildCli() {
  const { build } = await import("esbuild");
  await build({
    absWorkingDir: ROOT,
    entryPoints: ["packages/cli/src/main.ts"],
    outfile: "packages/cli/dist/carrara.js",
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["@carrara/source"],
    external: ["esbuild", "vite"],
    banner: {
      js: 'import { createRequire as carraraRequire } from "node:module"; const require = carraraRequire(import.meta.url);',
    },
    logLevel: "warning",
  });
}
