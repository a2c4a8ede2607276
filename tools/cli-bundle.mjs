import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./workspace.mjs";

const OUT = join(ROOT, "packages/cli/dist/carrara.js");
const INPUTS = join(ROOT, "packages/cli/dist/carrara.inputs.json");

/** CommonJS packages inside an ES module need `require` for Node's own modules. */
const BANNER =
  'import { createRequire as carraraRequire } from "node:module"; const require = carraraRequire(import.meta.url);';

/** The bundled command line. */
export const CLI_BUNDLE = OUT;

/** Whether the bundle is newer than every file it was made of. */
export function isCliFresh() {
  if (!existsSync(OUT) || !existsSync(INPUTS)) return false;
  const built = statSync(OUT).mtimeMs;
  const inputs = JSON.parse(readFileSync(INPUTS, "utf8"));
  return inputs.every((file) => {
    const stat = statSync(join(ROOT, file), { throwIfNoEntry: false });
    return stat !== undefined && stat.mtimeMs <= built;
  });
}

/** Bundles the command line into one file. esbuild stays outside: it brings a native program. */
export async function buildCli() {
  const { build } = await import("esbuild");
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: ["packages/cli/src/main.ts"],
    outfile: OUT,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["@carrara/source"],
    external: ["esbuild"],
    banner: { js: BANNER },
    define: { CARRARA_COMMIT: JSON.stringify(commit()) },
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
  });
  writeFileSync(
    INPUTS,
    JSON.stringify([...Object.keys(result.metafile.inputs), "package-lock.json"]),
  );
}

function commit() {
  try {
    const options = { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
    return execFileSync("git", ["rev-parse", "HEAD"], options).trim();
  } catch {
    return "unknown";
  }
}
