import { equalBytes } from "@carrara/encoding";
import { isSystemError } from "@carrara/files";
import { TeeError } from "../error.ts";
import type { EvidenceFiles } from "./evidence-files.ts";
import type { FileEvidence } from "./file-evidence.ts";
import type { FileOps } from "./file-ops.ts";
import { ioError } from "./io-error.ts";
import { reportFactsOf } from "./report-data.ts";
import { readText, readWhole, writeOnce } from "./whole-file.ts";

const DIRECTORY = "/dev/attestation";
/** Gramine gives up to 8 KiB; this is what the parser reads at most, in bytes. */
const MAX_QUOTE_BYTES = 64 * 1024;
/** Writers outside the lock are a mistake in this process, and a mistake ends or it does not. */
const QUOTE_ATTEMPTS = 3;

const QUOTE_HINTS = {
  EACCES: "gramine got no quote, check that the host's quoting service (AESM) runs and is mounted",
  ENOENT: 'the manifest needs sgx.remote_attestation = "dcap"',
};
const WRITE_HINTS = {
  EACCES: "the enclave may not write its report data, check the manifest's mounts of /dev",
};

/**
 * Whether this process runs in Gramine, which can make quotes (attestation specification section
 * 7.1). Throws `EVIDENCE_UNAVAILABLE` when Gramine is here without DCAP attestation, since no
 * other source on the machine speaks for an enclave, and `EVIDENCE_IO`.
 */
export async function isInGramine(ops: FileOps): Promise<boolean> {
  let type: string;
  try {
    type = await readText(ops, `${DIRECTORY}/attestation_type`);
  } catch (cause) {
    if (isSystemError(cause, "ENOENT", "ENOTDIR")) return false;
    throw ioError("reading attestation_type", cause);
  }
  if (type === "dcap") return true;
  const had = type === "none" ? "none" : "unknown";
  const message = `gramine's attestation type is ${had}, the manifest needs sgx.remote_attestation = "dcap"`;
  throw new TeeError("EVIDENCE_UNAVAILABLE", message);
}

/**
 * An SGX quote over the 64 bytes `reportData`. One at a time, and the quote is compared with what
 * was written: nothing else shows that nobody wrote in between. Throws `EVIDENCE_RACE` after three
 * quotes for another's report data, `EVIDENCE_IO`, and `EVIDENCE_UNAVAILABLE` in a worker thread.
 */
export async function requestGramineQuote(
  files: Pick<EvidenceFiles, "ops" | "lock" | "source">,
  reportData: Uint8Array,
): Promise<FileEvidence> {
  return await files.lock(async () => {
    for (let attempt = 1; attempt <= QUOTE_ATTEMPTS; attempt += 1) {
      const evidence = await makeQuote(files.ops, reportData);
      if (equalBytes(reportFactsOf("sgx", evidence).reportData, reportData)) {
        return { tee: "sgx", evidence, auxBlob: undefined, source: files.source };
      }
    }
    const message = `${QUOTE_ATTEMPTS} quotes were made for report data that others wrote`;
    throw new TeeError("EVIDENCE_RACE", message);
  });
}

async function makeQuote(ops: FileOps, reportData: Uint8Array): Promise<Uint8Array> {
  try {
    await writeOnce(ops, `${DIRECTORY}/user_report_data`, reportData);
  } catch (cause) {
    throw ioError("writing user_report_data", cause, WRITE_HINTS);
  }
  try {
    return await readWhole(ops, `${DIRECTORY}/quote`, MAX_QUOTE_BYTES);
  } catch (cause) {
    throw ioError("reading quote", cause, QUOTE_HINTS);
  }
}
