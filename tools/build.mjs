// `npm run build`: type-checks and compiles every room, builds the voter's page, and bundles the
// attestation library for browsers and the command line.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { buildAttestation } from "./attestation-bundle.mjs";
import { buildCli } from "./cli-bundle.mjs";
import { execute, install, isInstalled, ROOT, requireNode, toolPath } from "./workspace.mjs";

requireNode();
if (!isInstalled()) await install();

async function step(name, run) {
  console.error(name);
  const status = await run();
  if (status !== undefined && status !== 0) process.exit(status);
}

await step("Compiling (tsc -b)", () => execute(toolPath("tsc"), ["-b"]));
const app = join(ROOT, "apps/emojivoto");
if (existsSync(join(app, "page"))) {
  await step("Building the voter's page", () =>
    execute(toolPath("vite"), ["build", "page"], { cwd: app, stdio: ["ignore", 2, 2] }),
  );
}
await step("Bundling the attestation library for browsers", buildAttestation);
await step("Bundling the command line", buildCli);
