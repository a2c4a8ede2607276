import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { encodeEvidence } from "@carrara/attestation";
import { openTee } from "@carrara/tee";
import { MarbleError } from "./error.ts";
import { logFormatOf } from "./marble-environment.ts";
import { activateMarble } from "./premain.ts";
import { createPremainLog, type PremainLog } from "./premain-log.ts";
import { installTransparentTls } from "./transparent-tls.ts";

/**
 * Runs a program as a marble: activates, then gives this process the manifest's files, environment,
 * arguments and transparent TLS, and only then loads and awaits the program. When activation fails,
 * writes one line `[PreMain] error CODE: message` to stderr and exits with status 1; what the
 * program itself throws is passed on.
 */
export async function runMarble(main: () => Promise<unknown>): Promise<void> {
  const log = createPremainLog({
    format: logFormatOf(process.env),
    write: (line) => process.stderr.write(line),
    now: () => new Date(),
  });
  try {
    await becomeMarble(log);
  } catch (error) {
    const code = error instanceof MarbleError ? error.code : "INTERNAL";
    log.failure(code, error instanceof Error ? error.message : "unknown");
    process.exit(1);
  }
  await main();
}

async function becomeMarble(log: PremainLog): Promise<void> {
  const { environment, parameters } = await activateMarble({
    env: process.env,
    cwd: process.cwd(),
    log,
    randomUuid: randomUUID,
    getEvidence: async (reportData) => {
      const tee = await openTee(process.env);
      return encodeEvidence(await tee.getEvidence(reportData));
    },
    signal: new AbortController().signal,
    now: Date.now,
    sleep: async (ms, signal) => await delay(ms, undefined, { signal }),
    random: Math.random,
  });
  for (const [name, value] of parameters.env) process.env[name] = value;
  // Node keeps the interpreter in front of the program's name.
  process.argv.splice(0, process.argv.length, process.execPath, ...parameters.argv);
  const { tls } = parameters;
  if (tls !== undefined || environment.portMap.listen.size + environment.portMap.dial.size > 0) {
    installTransparentTls({
      config: tls ?? { incoming: new Map(), outgoing: new Map() },
      portMap: environment.portMap,
      log,
    });
  }
}
