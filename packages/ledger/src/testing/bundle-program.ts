import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** Dependencies that are CommonJS ask for Node's modules by `require`. */
const REQUIRE =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/** Bundles a program into one file that Node starts in some ten milliseconds; a loader takes a second. */
export function bundleProgram(source: URL, outFile: string): void {
  const esbuild = createRequire(import.meta.url).resolve("esbuild/bin/esbuild");
  const options = [
    "--bundle",
    "--platform=node",
    "--format=esm",
    "--minify-syntax",
    "--conditions=@carrara/source",
    `--banner:js=${REQUIRE}`,
    `--outfile=${outFile}`,
    "--log-level=error",
  ];
  execFileSync(process.execPath, [esbuild, fileURLToPath(source), ...options], {
    stdio: "inherit",
  });
}
