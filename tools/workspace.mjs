import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");

const LOCK = join(ROOT, "package-lock.json");
const STAMP = join(ROOT, "node_modules", ".carrara-installed");

/** Ends the program when this Node is too old to run it. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(
    `Error: NODE_VERSION: Node 20.19 or newer needed, this is ${process.versions.node}`,
  );
  process.exit(1);
}

/** Whether `node_modules` holds what package-lock.json says. */
export function isInstalled() {
  const installed = join(ROOT, "node_modules", ".package-lock.json");
  if (!existsSync(installed)) return false;
  if (existsSync(STAMP)) return readFileSync(STAMP, "utf8") === lockDigest();
  // Installed by hand: npm writes this file last.
  return statSync(installed).mtimeMs >= statSync(LOCK).mtimeMs;
}

/** Installs what is missing, exactly as locked, or ends the program; npm's own output goes to standard error. */
export async function install() {
  const npm = process.env.npm_execpath;
  const [command, first] = npm === undefined ? ["npm", []] : [process.execPath, [npm]];
  // `npm start --silent` hands its silence down, and a failure would say nothing.
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  const status = await execute(command, [...first, "ci", ...quiet], { stdio: ["ignore", 2, 2] });
  if (status !== 0) {
    console.error(`Error: INSTALL_FAILED: npm ci ended with ${status}; what npm says stands above`);
    process.exit(1);
  }
  writeFileSync(STAMP, lockDigest());
}

/** The path of a tool that npm installed. */
export function toolPath(name) {
  return join(ROOT, "node_modules", ".bin", name);
}

/** Runs a program to its end, handing signals on; resolves with its exit code, 1 for a signal. */
export function execute(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: "inherit", ...options });
    const forward = (signal) => child.kill(signal);
    process.on("SIGINT", forward);
    process.on("SIGTERM", forward);
    const done = (settle) => {
      process.off("SIGINT", forward);
      process.off("SIGTERM", forward);
      settle();
    };
    child.on("error", (error) => done(() => reject(error)));
    child.on("exit", (code) => done(() => resolve(code ?? 1)));
  });
}

function lockDigest() {
  return createHash("sha256").update(readFileSync(LOCK)).digest("hex");
}
