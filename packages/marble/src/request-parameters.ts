import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { type Activation, activate } from "./activate.ts";
import { ActivationReqSchema } from "./gen/rpc/coordinator_pb.ts";
import type { Environment, MarbleEnvironment } from "./marble-environment.ts";
import { createMarbleIdentity } from "./marble-identity.ts";
import type { MeshCredentials } from "./mesh-credentials.ts";
import { type ProcessParameters, readParameters } from "./parameters.ts";
import type { PremainLog } from "./premain-log.ts";
import { createRenewalProof } from "./renewal-proof.ts";

/** What the steps before an application's own main need of the world. */
export interface Premain extends Pick<Activation, "now" | "sleep" | "random" | "signal"> {
  readonly env: Environment;
  readonly cwd: string;
  readonly log: PremainLog;
  readonly randomUuid: () => string;
  /** Evidence over `reportData` (32 bytes) in Open Enclave form; rejects outside of an enclave. */
  readonly getEvidence: (reportData: Uint8Array) => Promise<Uint8Array>;
}

/**
 * Asks the Coordinator for parameters, with a fresh key and fresh evidence: an activation, or with
 * `credentials` their renewal. Throws MarbleError.
 */
export async function requestParameters(
  premain: Premain,
  marble: {
    readonly environment: MarbleEnvironment;
    readonly uuid: string;
    readonly credentials?: MeshCredentials;
  },
): Promise<ProcessParameters> {
  const { log } = premain;
  const { environment, uuid, credentials } = marble;
  const { dnsNames, ipAddresses, marbleType, activationTimeoutMs } = environment;
  const now = new Date(premain.now());
  const identity = await createMarbleIdentity({ dnsNames, ipAddresses, now });
  const request = create(ActivationReqSchema, {
    CSR: identity.certificateRequest,
    MarbleType: marbleType,
    Quote: await evidenceOver(identity.certificate, premain),
    UUID: uuid,
  });
  const proof = credentials && createRenewalProof(credentials, identity.certificate);
  const granted = await activate({
    ...premain,
    ...environment,
    identity,
    request,
    ...(proof === undefined ? {} : { renewal: proof }),
    timeoutMs: activationTimeoutMs,
    onRetry: (reason, waitMs) => log.warn("coordinator not ready", { reason, waitMs }),
  });
  return readParameters(granted);
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
