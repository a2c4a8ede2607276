import { writeManifestFiles } from "./manifest-files.ts";
import { type MarbleEnvironment, readMarbleEnvironment } from "./marble-environment.ts";
import type { ProcessParameters } from "./parameters.ts";
import type { PremainLog } from "./premain-log.ts";
import { type Premain, requestParameters } from "./request-parameters.ts";
import { loadUuid } from "./uuid-file.ts";

/** An activated marble: its parameters are read, its files are written. */
export interface ActivatedMarble {
  readonly environment: MarbleEnvironment;
  readonly uuid: string;
  readonly parameters: ProcessParameters;
}

/**
 * Activates the marble that `env` describes and writes its files (spec marblerun section 10.2).
 * Environment, arguments and TLS of the process are the caller's. Throws MarbleError.
 */
export async function activateMarble(premain: Premain): Promise<ActivatedMarble> {
  const { log, cwd } = premain;
  const environment = readMarbleEnvironment(premain.env, cwd);
  const { marbleType, coordinatorAddress } = environment;
  const uuid = await loadUuid(environment.uuidFile, premain.randomUuid());
  log.info("activating", { type: marbleType, uuid, coordinator: coordinatorAddress });
  const parameters = await requestParameters(premain, { environment, uuid });
  logTls(parameters, log);
  await writeManifestFiles(parameters.files, cwd);
  log.info("activated", { type: marbleType, files: Object.keys(parameters.files).length });
  return { environment, uuid, parameters };
}

function logTls({ tls }: ProcessParameters, log: PremainLog): void {
  if (tls === undefined) return;
  const list = (keys: Iterable<string>): string => [...keys].join(",");
  log.info("transparent tls", {
    incoming: list(tls.incoming.keys()),
    outgoing: list(tls.outgoing.keys()),
  });
}
