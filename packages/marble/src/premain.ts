import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { type Activation, activate } from "./activate.ts";
import { ActivationReqSchema } from "./gen/rpc/coordinator_pb.ts";
import { writeManifestFiles } from "./manifest-files.ts";
import {
  type Environment,
  type MarbleEnvironment,
  readMarbleEnvironment,
} from "./marble-environment.ts";
import { createMarbleIdentity } from "./marble-identity.ts";
import { type ProcessParameters, readParameters } from "./parameters.ts";
import type { PremainLog } from "./premain-log.ts";
import { loadUuid } from "./uuid-file.ts";

/** What the steps before an application's own main need of the world. */
export interface Premain extends Pick<Activation, "now" | "sleep" | "random" | "signal"> {
  readonly env: Environment;
  readonly cwd: string;
  readonly log: PremainLog;
  readonly randomUuid: () => string;
  /** Evidence over `reportData` (32 bytes) in Open Enclave form; rejects outside of an enclave. */
  readonly getEvidence: (reportData: Uint8Array) => Promise<Uint8Array>;
}

/** An activated marble: its parameters are read, its files are written. */
export interface ActivatedMarble {
  readonly environment: MarbleEnvironment;
  readonly parameters: ProcessParameters;
}

/**
 * Activates the marble that `env` describes and writes its files (spec marblerun section 10.2).
 * Environment, arguments and TLS of the process are the caller's. Throws MarbleError.
 */
export async function activateMarble(premain: Premain): Promise<ActivatedMarble> {
  const { log, cwd } = premain;
  const environment = readMarbleEnvironment(premain.env, cwd);
  const { marbleType, coordinatorAddress, dnsNames, ipAddresses } = environment;
  const [identity, uuid] = await Promise.all([
    createMarbleIdentity({ dnsNames, ipAddresses, now: new Date(premain.now()) }),
    loadUuid(environment.uuidFile, premain.randomUuid()),
  ]);
  const request = create(ActivationReqSchema, {
    CSR: identity.certificateRequest,
    MarbleType: marbleType,
    Quote: await evidenceOver(identity.certificate, premain),
    UUID: uuid,
  });
  log.info("activating", { type: marbleType, uuid, coordinator: coordinatorAddress });
  const granted = await activate({
    ...premain,
    ...environment,
    identity,
    request,
    timeoutMs: environment.activationTimeoutMs,
    onRetry: (reason, waitMs) => log.warn("coordinator not ready", { reason, waitMs }),
  });
  const parameters = readParameters(granted);
  logTls(parameters, log);
  await writeManifestFiles(parameters.files, cwd);
  log.info("activated", { type: marbleType, files: Object.keys(parameters.files).length });
  return { environment, parameters };
}

async function evidenceOver(
  certificate: Uint8Array,
  { getEvidence, log }: Premain,
): Promise<Uint8Array> {
  const digest = createHash("sha256").update(certificate).digest();
  try {
    return await getEvidence(digest);
  } catch (error) {
    // The Coordinator decides: a real one refuses an empty quote, upstream's simulation takes it.
    const reason = error instanceof Error ? error.message : "unknown";
    log.warn("no evidence, going on with an empty quote", { reason });
    return new Uint8Array();
  }
}

function logTls({ tls }: ProcessParameters, log: PremainLog): void {
  if (tls === undefined) return;
  const list = (keys: Iterable<string>): string => [...keys].join(",");
  log.info("transparent tls", {
    incoming: list(tls.incoming.keys()),
    outgoing: list(tls.outgoing.keys()),
  });
}
