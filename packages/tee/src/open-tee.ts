import { connectEnclaveTee } from "./enclave/connect-enclave-tee.ts";
import { createFileTee } from "./evidence/create-file-tee.ts";
import type { Tee } from "./tee.ts";

/**
 * The TEE below this process: the simulated platform that started it, which must say so by name, or
 * hardware by its files. Neither ever stands in for the other. Throws `NOT_IN_ENCLAVE`,
 * `CHANNEL_CLOSED`, `CHANNEL_TIMEOUT`, `EVIDENCE_UNAVAILABLE`, `EVIDENCE_PROVIDER`, `EVIDENCE_IO`.
 */
export async function openTee(environment: {
  readonly CARRARA_TEE?: string | undefined;
}): Promise<Tee> {
  return environment.CARRARA_TEE === "simulation"
    ? await connectEnclaveTee()
    : await createFileTee();
}
