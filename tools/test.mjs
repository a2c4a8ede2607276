// `npm test`: everything that must hold, ending with one line "N passed, N failed, N skipped".
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installMissing, ROOT } from "./install.mjs";

const BIN = `${ROOT}node_modules/.bin/`;
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const count = { passed: 0, failed: 0, skipped: 0 };

function run(command, args, env = {}) {
  process.stdout.write(`\n▶ ${[command.replace(BIN, ""), ...args].join(" ")}\n`);
  const { status } = spawnSync(command, args, {
    cwd: ROOT,
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  return status === 0;
}

/** A step that counts as one test. */
function step(command, ...args) {
  if (run(`${BIN}${command}`, args)) count.passed += 1;
  else count.failed += 1;
}

/** The system's Chromium, or Debian's installed as root, or undefined: then its tests are skipped by name. */
function findChromium() {
  const found = CHROMIUM.find((path) => existsSync(path));
  if (found !== undefined) return found;
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return undefined;
  process.stdout.write("installing Chromium for the browser tests …\n");
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  run("apt-get", ["update", "-qq"], env);
  run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "chromium"], env);
  return CHROMIUM.find((path) => existsSync(path));
}

function vitest(chromium) {
  const dir = mkdtempSync(join(tmpdir(), "carrara-test-"));
  const report = join(dir, "report.json");
  const env = chromium === undefined ? {} : { CARRARA_CHROMIUM: chromium };
  const args = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const green = run(`${BIN}vitest`, args, env);
  try {
    const result = JSON.parse(readFileSync(report, "utf8"));
    count.passed += result.numPassedTests;
    count.failed += result.numFailedTests;
    count.skipped += result.numPendingTests + result.numTodoTests;
    // A file that could not even be loaded has no failing test of its own.
    const broken = result.testResults.filter(
      (file) => file.status === "failed" && file.assertionResults.length === 0,
    );
    count.failed += broken.length;
    if (!green && result.numFailedTests === 0 && broken.length === 0) count.failed += 1;
  } catch {
    process.stdout.write("vitest left no report\n");
    count.failed += 1;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

installMissing();
const chromium = findChromium();
if (chromium === undefined) process.stdout.write("no Chromium: the browser tests are skipped\n");
step("tsc", "-b");
step("tsc", "-p", "tsconfig.tools.json");
step("biome", "ci", ".");
step("oxlint");
step("knip");
step("tsx", "tools/check-layers.ts");
const { buildCli } = await import("./build-cli.mjs");
await buildCli();
vitest(chromium);
process.stdout.write(
  `\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`,
);
process.exit(count.failed === 0 ? 0 : 1);
