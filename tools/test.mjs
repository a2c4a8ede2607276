// `npm test`: installs what is missing and runs every check; ends with `N passed, N failed, N skipped`.
import {
  accessSync,
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { buildCli } from "./cli-bundle.mjs";
import { execute, install, isInstalled, requireNode, toolPath } from "./workspace.mjs";

const CHROMIUM_NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

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

function findProgram(names) {
  for (const dir of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of names) {
      const path = join(dir, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // not in this directory
      }
    }
  }
  return undefined;
}

/** The Chromium for browser tests: named by CARRARA_CHROMIUM, the system's, or Debian's when root. */
async function findChromium() {
  const named = process.env.CARRARA_CHROMIUM;
  if (named !== undefined && named !== "") return named;
  const found = findProgram(CHROMIUM_NAMES);
  if (found !== undefined) return found;
  const apt = findProgram(["apt-get"]);
  if (apt === undefined || process.getuid?.() !== 0) return undefined;
  console.log("── installing Debian's Chromium for the browser tests");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await execute(apt, ["update", "-qq"], { env });
  await execute(apt, ["install", "-y", "-qq", "--no-install-recommends", "chromium"], { env });
  return findProgram(CHROMIUM_NAMES);
}

/** The folder of a Debian PostgreSQL's programs, or of the one in the path. */
function findPostgres() {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root) : [];
  const folders = versions.map((version) => join(root, version, "bin"));
  const found = findProgram(["initdb"]);
  if (found !== undefined) folders.push(dirname(found));
  return folders.find((folder) => existsSync(join(folder, "initdb")));
}

/** PostgreSQL for tests of the store: named by CARRARA_POSTGRES_BIN, the system's, or Debian's when root. */
async function preparePostgres() {
  const named = process.env.CARRARA_POSTGRES_BIN;
  const found = named !== undefined && named !== "" ? named : findPostgres();
  if (found !== undefined) return found;
  const apt = findProgram(["apt-get"]);
  if (apt === undefined || process.getuid?.() !== 0) return undefined;
  console.log("── installing Debian's PostgreSQL for the tests of the store");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await execute(apt, ["update", "-qq"], { env });
  await execute(apt, ["install", "-y", "-qq", "--no-install-recommends", "postgresql"], { env });
  return findPostgres();
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
const postgres = await preparePostgres();
if (postgres === undefined) {
  console.log("── tests of PostgreSQL are skipped: none here, and none could be installed");
}
await runVitest(chromium, postgres);
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
process.exitCode = count.failed === 0 ? 0 : 1;
