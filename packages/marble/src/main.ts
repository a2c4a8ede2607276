import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { encodeEvidence } from "@carrara/attestation";
import { openTee } from "@carrara/tee";
import { MarbleError } from "./error.ts";
import { watchIssuer } from "./issuer-watch.ts";
import { logFormatOf, readRenewalSwitch } from "./marble-environment.ts";
import { readMeshCredentials } from "./mesh-credentials.ts";
import { type ActivatedMarble, activateMarble } from "./premain.ts";
import { createPremainLog, type PremainLog } from "./premain-log.ts";
import { createRenewer, endsOf } from "./renew-marble.ts";
import { createRenewalLoop } from "./renewal-loop.ts";
import type { Premain } from "./request-parameters.ts";
import { installTransparentTls, type TransparentTls } from "./transparent-tls.ts";

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
  const premain: Premain = {
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
  };
  const marble = await activateMarble(premain);
  const { environment, parameters } = marble;
  for (const [name, value] of parameters.env) process.env[name] = value;
  // Node keeps the interpreter in front of the program's name.
  process.argv.splice(0, process.argv.length, process.execPath, ...parameters.argv);
  let meetStranger = (): void => {};
  const { portMap } = environment;
  const wanted = parameters.tls !== undefined || portMap.listen.size + portMap.dial.size > 0;
  const tls = wanted
    ? installTransparentTls({
        config: parameters.tls ?? { incoming: new Map(), outgoing: new Map() },
        portMap,
        log,
        onStranger: () => meetStranger(),
      })
    : undefined;
  meetStranger = startRenewal(premain, marble, tls);
}

/** Renews until the process ends, which it does not keep from ending; answers what to tell strangers. */
function startRenewal(
  premain: Premain,
  marble: ActivatedMarble,
  tls: TransparentTls | undefined,
): () => void {
  const { env } = marble.parameters;
  const credentials = readMeshCredentials(env);
  // What the manifest says has replaced what the host said.
  const named = env.get("CARRARA_RENEWAL");
  const wanted = named === undefined ? marble.environment.renews : readRenewalSwitch(named);
  if (!wanted || credentials === undefined) return () => {};
  const quiet: Premain = {
    ...premain,
    sleep: async (ms, signal) => await delay(ms, undefined, { signal, ref: false }),
  };
  const loop = createRenewalLoop({
    ...quiet,
    validUntil: endsOf(marble.parameters),
    renew: createRenewer({ premain: quiet, marble, credentials, tls, variables: process.env }),
  });
  void loop.run();
  void watchIssuer({
    ...quiet,
    coordinatorAddress: marble.environment.coordinatorAddress,
    current: () => ({
      marbleRoot: process.env["MARBLE_PREDEFINED_ROOT_CA"],
      cert: process.env["MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"],
      key: process.env["MARBLE_PREDEFINED_PRIVATE_KEY"],
    }),
    onStranger: loop.meetStranger,
  });
  return loop.meetStranger;
}
