import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Audited, encodeAuditFile } from "@carrara/ballot";
import { toBase64 } from "@carrara/encoding";
import { encodeVerifierKey, type VerifierKey } from "@carrara/transparency";
import { readOptional, readText, writeOutput } from "../files.ts";

/** Files that `ballot fetch` keeps. */
const FILES = {
  evidence: "evidence.json",
  logKey: "log-key.txt",
  tally: "tally.txt",
  audit: "audit.json",
  consistency: "receipt-consistency.json",
  checkpoint: "checkpoint.txt",
  refused: "refused-audit.json",
} as const;

/** What was fetched and verified. */
export interface FetchedFiles {
  /** Text of the evidence bundle. */
  readonly evidence: string;
  readonly logKey: VerifierKey;
  readonly audited: Audited;
  /** From a receipt's checkpoint to the one that was fetched. */
  readonly receiptProof: readonly Uint8Array[] | undefined;
}

/** The checkpoint of an earlier fetch, which the next one must have grown out of. */
export async function pinnedCheckpoint(dir: string): Promise<string | undefined> {
  const path = join(dir, FILES.checkpoint);
  return (await readOptional(path)) === undefined ? undefined : await readText(path);
}

/** Writes all, the checkpoint last: until then the earlier one counts. Gives the names. */
export async function keepFetched(dir: string, fetched: FetchedFiles): Promise<readonly string[]> {
  const { evidence, logKey, audited, receiptProof } = fetched;
  const contents: readonly (readonly [string, string | undefined])[] = [
    [FILES.evidence, evidence],
    [FILES.logKey, `${encodeVerifierKey(logKey)}\n`],
    [FILES.tally, audited.tally],
    [FILES.audit, encodeAuditFile(audited)],
    [FILES.consistency, receiptProof && JSON.stringify({ hashes: receiptProof.map(toBase64) })],
    [FILES.checkpoint, audited.newer],
  ];
  for (const [name, content] of contents) {
    // What an earlier fetch left would be of another checkpoint.
    if (content === undefined) await rm(join(dir, name), { force: true });
    else await writeOutput(join(dir, name), content);
  }
  return contents.flatMap(([name, content]) => (content === undefined ? [] : [name]));
}

/** Keeps what was refused, for others to see; replaces nothing that was verified. Gives the path. */
export async function keepRefused(dir: string, audited: Audited): Promise<string> {
  const path = join(dir, FILES.refused);
  await writeOutput(path, encodeAuditFile(audited));
  return path;
}
