// `npm test`: installs what is missing and runs every check; ends with `N passed, N failed, N skipped`.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildCli } from "./cli-bundle.mjs";
import { findChromium, findPostgres } from "./find-programs.mjs";
import { execute, install, isInstalled, requireNode, toolPath } from "./workspace.mjs";

const count = { passed: 0, failed: 0, skipped: 0 };

/** Runs one check, which counts as one test. */
async function check(name, run) {
  console.log(`\n── ${name}`);
  const started = performance.now();
  let failed = false;
  try {
    failed = ((await run()) ?? 0) !== 0;
  } catch (error) {
    console.error(error);
    failed = true;
  }
  count[failed ? "failed" : "passed"] += 1;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`── ${name}: ${failed ? "FAILED" : "ok"} (${seconds} s)`);
}

async function runVitest(chromium, postgres) {
  console.log("\n── tests");
  const dir = mkdtempSync(join(tmpdir(), "carrara-test-"));
  const report = join(dir, "report.json");
  const args = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const env = {
    ...process.env,
    ...(chromium === undefined ? {} : { CARRARA_CHROMIUM: chromium }),
    ...(postgres === undefined ? {} : { CARRARA_POSTGRES_BIN: postgres }),
  };
  const status = await execute(toolPath("vitest"), args, { env });
  countTests(report, status);
  rmSync(dir, { recursive: true, force: true });
}

/** Adds the report's tests; a file that did not load, or a run without report, is one failure. */
function countTests(report, status) {
  const before = count.failed;
  if (existsSync(report)) {
    const { testResults } = JSON.parse(readFileSync(report, "utf8"));
    for (const { status: fileStatus, assertionResults } of testResults) {
      const failed = assertionResults.filter((test) => test.status === "failed").length;
      const passed = assertionResults.filter((test) => test.status === "passed").length;
      count.failed += failed === 0 && fileStatus === "failed" ? 1 : failed;
      count.passed += passed;
      count.skipped += assertionResults.length - failed - passed;
    }
  }
  if (status !== 0 && count.failed === before) count.failed += 1;
}

requireNode();
if (!isInstalled()) {
  console.log("── installing dependencies (npm ci)");
  await install();
}
const tool =
  (name, ...args) =>
  () =>
    execute(toolPath(name), args);
await check("types (tsc -b)", tool("tsc", "-b"));
await check("format and lint (biome)", tool("biome", "ci", "."));
await check("lint with types (oxlint)", tool("oxlint"));
await check("dead code and dependencies (knip)", tool("knip"));
await check("layers", tool("tsx", "tools/check-layers.ts"));
await check("command line bundle", buildCli);
const chromium = await findChromium();
if (chromium === undefined) {
  console.log("── browser tests are skipped: no Chromium here, and none could be installed");
}
const postgres = await findPostgres();
if (postgres === undefined) {
  console.log("── tests of PostgreSQL are skipped: none here, and none could be installed");
}
await runVitest(chromium, postgres);
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
process.exitCode = count.failed === 0 ? 0 : 1;
