import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { execute } from "./workspace.mjs";

const CHROMIUM_NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
const DEBIAN_POSTGRES = "/usr/lib/postgresql";

/** This machine, as far as finding programs goes; tests give one of their own. */
function thisMachine() {
  return {
    env: process.env,
    isRoot: process.getuid?.() === 0,
    postgresRoot: DEBIAN_POSTGRES,
    run: async (program, args, env) => await execute(program, args, { env }),
    say: (text) => console.log(text),
  };
}

/** The Chromium for browser tests: named by CARRARA_CHROMIUM, the system's, or Debian's when root. */
export async function findChromium(machine = thisMachine()) {
  const named = machine.env.CARRARA_CHROMIUM;
  if (named !== undefined && named !== "") return named;
  const find = () => findProgram(CHROMIUM_NAMES, machine);
  const installed = () => installPackage("chromium", "Chromium for the browser tests", machine);
  return find() ?? ((await installed()) ? find() : undefined);
}

/** The folder of PostgreSQL's programs: named by CARRARA_POSTGRES_BIN, the system's, or Debian's when root. */
export async function findPostgres(machine = thisMachine()) {
  const named = machine.env.CARRARA_POSTGRES_BIN;
  if (named !== undefined && named !== "") return named;
  const find = () => findPostgresFolder(machine);
  const installed = () =>
    installPackage("postgresql", "PostgreSQL for the tests of the store", machine);
  return find() ?? ((await installed()) ? find() : undefined);
}

/** The load generator of the benches: the system's wrk, or Debian's when root. */
export async function findWrk(machine = thisMachine()) {
  const find = () => findProgram(["wrk"], machine);
  const installed = () => installPackage("wrk", "wrk for the benches", machine);
  return find() ?? ((await installed()) ? find() : undefined);
}

function findPostgresFolder(machine) {
  const { postgresRoot } = machine;
  const versions = existsSync(postgresRoot) ? readdirSync(postgresRoot) : [];
  const folders = versions.map((version) => join(postgresRoot, version, "bin"));
  const found = findProgram(["initdb"], machine);
  if (found !== undefined) folders.push(dirname(found));
  return folders.find((folder) => existsSync(join(folder, "initdb")));
}

/** The first of `names` that is in a directory of the path. */
function findProgram(names, { env }) {
  for (const dir of (env.PATH ?? "").split(delimiter)) {
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

/** Installs a package of Debian's; false where that cannot be done. */
async function installPackage(name, what, machine) {
  const apt = findProgram(["apt-get"], machine);
  if (apt === undefined || !machine.isRoot) return false;
  machine.say(`── installing Debian's ${what}`);
  const env = { ...machine.env, DEBIAN_FRONTEND: "noninteractive" };
  await machine.run(apt, ["update", "-qq"], env);
  await machine.run(apt, ["install", "-y", "-qq", "--no-install-recommends", name], env);
  return true;
}
