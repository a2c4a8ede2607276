import { equalBytes, utf8 } from "@carrara/encoding";
import { isSystemError } from "@carrara/files";
import { TeeError } from "../error.ts";
import type { EvidenceFiles } from "./evidence-files.ts";
import type { FileEvidence } from "./file-evidence.ts";
import type { FileOps } from "./file-ops.ts";
import { type Hints, ioError } from "./io-error.ts";
import { checkedCertTable, reportFactsOf } from "./report-data.ts";
import { type TsmEntry, withTsmEntry } from "./tsm-entry.ts";
import { type TsmTee, teeOfProvider } from "./tsm-provider.ts";
import { readText, readWhole, writeOnce } from "./whole-file.ts";

/** What the verifiers read at most, in bytes; the kernel would give 16 MiB. */
const MAX_OUTBLOB_BYTES = 64 * 1024;
/** The host's certificate table has at most 16 KiB in Linux, in older kernels 32. */
const MAX_AUXBLOB_BYTES = 64 * 1024;

const BLOB_HINTS: Hints = {
  EIO: "the quoting service of the host failed",
  ETIMEDOUT: "the quoting service of the host did not answer",
  EBUSY: "an earlier request is still in flight",
  EINVAL: "the driver refused the report data",
};
const LEVEL_HINTS: Hints = {
  EINVAL: "the kernel allows 3 at most and no less than its privlevel_floor",
  ENOENT: "the provider knows no privilege levels",
};

/** What a report shall say. */
export interface TsmRequest {
  /** Exactly 64 bytes. */
  readonly reportData: Uint8Array;
  /** SNP only: the VMPL that the report speaks for, 0 to 3; default is the kernel's. */
  readonly privilegeLevel?: number;
}

type TsmFiles = Pick<EvidenceFiles, "ops" | "source">;

/** The technology behind configfs-tsm. Throws `EVIDENCE_UNAVAILABLE`, `_PROVIDER`, `_IO`. */
export async function probeTsm({ ops, source }: TsmFiles): Promise<TsmTee> {
  return await withTsmEntry(ops, async ({ path }) =>
    teeOfProvider(await readProvider(ops, path), source),
  );
}

/**
 * A TDX quote or an SNP report from Linux (attestation specification section 7.2), in the order
 * that the kernel wants. It throws errors of storing away, so that three things stand between a
 * foreign write and a wrong result: an entry of our own, the count of its writes, and the report
 * data in what came out. Throws `EVIDENCE_RACE`, `_PROVIDER`, `_UNAVAILABLE`, `_IO`.
 */
export async function requestTsmReport(
  files: TsmFiles,
  request: TsmRequest,
): Promise<FileEvidence> {
  return await withTsmEntry(files.ops, async (entry) => {
    const writes = { begun: 0, done: 0 };
    let evidence: FileEvidence;
    try {
      evidence = await askEntry(files, entry.path, request, writes);
      requireAnswer(evidence, request);
    } catch (error) {
      throw await explain(entry, writes, error);
    }
    await entry.requireUndisturbed(writes.done, writes.done);
    return evidence;
  });
}

/** Our own writes to an entry; one that failed may have been stored all the same. */
interface Writes {
  begun: number;
  done: number;
}

/** A failure is somebody else's doing where the entry shows it, and what it seems to be elsewhere. */
async function explain(entry: TsmEntry, writes: Writes, error: unknown): Promise<unknown> {
  if (!(error instanceof TeeError) || error.code === "EVIDENCE_RACE") return error;
  try {
    await entry.requireUndisturbed(writes.done, writes.begun);
    return error;
  } catch (disturbance) {
    if (!(disturbance instanceof TeeError) || disturbance.code !== "EVIDENCE_RACE") return error;
    return new TeeError("EVIDENCE_RACE", disturbance.message, { cause: error });
  }
}

async function askEntry(
  { ops, source }: TsmFiles,
  path: string,
  { reportData, privilegeLevel }: TsmRequest,
  writes: Writes,
): Promise<FileEvidence> {
  writes.begun += 1;
  await store(ops, path, "inblob", reportData);
  writes.done += 1;
  if (privilegeLevel !== undefined) {
    writes.begun += 1;
    await store(ops, path, "privlevel", utf8(String(privilegeLevel)), LEVEL_HINTS);
    writes.done += 1;
  }
  const evidence = await readBlob(ops, path, "outblob", MAX_OUTBLOB_BYTES);
  const auxBlob = await readAuxblob(ops, path);
  const tee = teeOfProvider(await readProvider(ops, path), source);
  if (tee !== "snp" || auxBlob === undefined) return { tee, evidence, auxBlob: undefined, source };
  return { tee, evidence, auxBlob: checkedCertTable(auxBlob), source };
}

async function store(
  ops: FileOps,
  entry: string,
  name: string,
  value: Uint8Array,
  hints: Hints = {},
): Promise<void> {
  const path = `${entry}/${name}`;
  try {
    await writeOnce(ops, path, value).catch(async (error: unknown) => {
      if (!isSystemError(error, "EBUSY")) throw error;
      // The count of writes would wrap onto the last one read; a read moves that one on.
      await readWhole(ops, `${entry}/outblob`, MAX_OUTBLOB_BYTES);
      await writeOnce(ops, path, value);
    });
  } catch (cause) {
    throw ioError(`writing ${name}`, cause, hints);
  }
}

/** The certificate table as it is; undefined where, as for TDX, there is no such attribute. */
async function readAuxblob(ops: FileOps, entry: string): Promise<Uint8Array | undefined> {
  try {
    return await readBlob(ops, entry, "auxblob", MAX_AUXBLOB_BYTES);
  } catch (error) {
    if (error instanceof TeeError && isSystemError(error.cause, "ENOENT")) return undefined;
    throw error;
  }
}

async function readBlob(
  ops: FileOps,
  entry: string,
  name: string,
  maxBytes: number,
): Promise<Uint8Array> {
  try {
    return await readWhole(ops, `${entry}/${name}`, maxBytes);
  } catch (cause) {
    throw goneOr(cause, ioError(`reading ${name}`, cause, BLOB_HINTS));
  }
}

async function readProvider(ops: FileOps, entry: string): Promise<string> {
  try {
    return await readText(ops, `${entry}/provider`);
  } catch (cause) {
    throw goneOr(cause, ioError("reading provider", cause));
  }
}

/** The kernel says ENXIO when the driver was unloaded. */
function goneOr(cause: unknown, error: unknown): unknown {
  if (!isSystemError(cause, "ENXIO")) return error;
  return new TeeError("EVIDENCE_UNAVAILABLE", "the provider of reports went away", { cause });
}

function requireAnswer({ tee, evidence }: FileEvidence, request: TsmRequest): void {
  const { reportData, vmpl } = reportFactsOf(tee, evidence);
  const { privilegeLevel } = request;
  if (!equalBytes(reportData, request.reportData)) {
    throw new TeeError("EVIDENCE_RACE", "the report is for other report data than was written");
  }
  if (privilegeLevel !== undefined && vmpl !== privilegeLevel) {
    throw new TeeError("EVIDENCE_RACE", `the report is for another VMPL than ${privilegeLevel}`);
  }
}
