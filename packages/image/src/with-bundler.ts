import process from "node:process";
import { stop } from "esbuild";

/**
 * The bundler is a Go program. Its collector took a third of the time; up to this much memory there is
 * nothing that it would have to collect.
 */
const ENVIRONMENT = { GOGC: "off", GOMEMLIMIT: "1GiB" };

let underWay = 0;

/**
 * Does `work`, which calls the bundler at once. The bundler's process, which would keep hundreds of
 * megabytes, ends with the last work under way.
 */
export async function withBundler<T>(work: () => Promise<T>): Promise<T> {
  underWay += 1;
  try {
    return await inEnvironment(ENVIRONMENT, work);
  } finally {
    underWay -= 1;
    if (underWay === 0) await stop();
  }
}

/** Calls `start` with variables that a process started meanwhile inherits. */
function inEnvironment<T>(variables: Readonly<Record<string, string>>, start: () => T): T {
  const names = Object.keys(variables);
  const before = names.map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  try {
    return start();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}
