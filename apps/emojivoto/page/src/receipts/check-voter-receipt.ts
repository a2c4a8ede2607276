import {
  auditLog,
  BallotError,
  type CheckedReceipt,
  checkReceipt,
  parseReceipt,
  type Receipt,
  verifyCheckpoint,
} from "@carrara/ballot";
import { EncodingError, fromBase64 } from "@carrara/encoding";
import { TransparencyError, type VerifierKey } from "@carrara/transparency";
import { ApiError } from "../api/api-error.ts";
import type { BallotRoutes } from "../api/ballot-routes.ts";
import type { ReceiptFinding } from "./receipt-finding.ts";

/** Where the ledger of today can be read, and how to wait for it. */
export interface LogSource extends Pick<BallotRoutes, "checkpoint" | "consistency"> {
  wait(ms: number): Promise<void>;
  /** Whether it is the ledger of now; a file may be older than the receipt. */
  readonly isLive: boolean;
}

/** A receipt may be ahead of what is published, which happens about once a second: patience in ms. */
const PUBLISHED_AFTER_MS: readonly number[] = [500, 1_000, 2_000, 3_000];

/**
 * Checks a receipt with the attested log key: that its ballot is in the tree that the key signed, and
 * that the ledger of today continues that tree.
 */
export async function checkVoterReceipt(
  text: string,
  logKey: VerifierKey | undefined,
  source: LogSource,
): Promise<readonly ReceiptFinding[]> {
  const receipt = readReceipt(text);
  if (receipt === undefined) return [findingOf("receipt.unreadable", "failed")];
  if (logKey === undefined) return [findingOf("check.unattested", "warning")];
  let checked: CheckedReceipt;
  try {
    checked = await checkReceipt(receipt, { logKey });
  } catch (error) {
    return [refusalOf(error)];
  }
  const { index, size } = checked;
  return [
    findingOf("check.included", "ok", { number: index + 1, size }),
    findingOf("check.signed", "ok"),
    await compareWithToday(receipt, checked, logKey, source),
  ];
}

async function compareWithToday(
  { proof }: Receipt,
  { size: before }: CheckedReceipt,
  logKey: VerifierKey,
  source: LogSource,
): Promise<ReceiptFinding> {
  try {
    const { note: newer, size } = await publishedAfter(before, logKey, source);
    if (size < before) {
      return source.isLive
        ? findingOf("check.shrunk", "failed", { size, before })
        : findingOf("check.older", "warning");
    }
    const hashes = size === before ? [] : await source.consistency(before, size);
    const consistency = hashes.map(fromBase64);
    await auditLog({ older: proof.checkpoint, newer, consistency, logKey });
    return size === before
      ? findingOf("check.same", "ok")
      : findingOf("check.grown", "ok", { size });
  } catch (error) {
    if (error instanceof ApiError) {
      const reason = error.code ?? error.message;
      return findingOf("check.offline", "warning", { reason });
    }
    if (isOurs(error)) return findingOf("check.forked", "failed");
    throw error;
  }
}

/** The newest published checkpoint, at least as large as `before` if that comes in time. */
async function publishedAfter(
  before: number,
  logKey: VerifierKey,
  source: LogSource,
): Promise<{ readonly note: string; readonly size: number }> {
  const load = async () => {
    const note = await source.checkpoint();
    return { note, size: (await verifyCheckpoint(note, { logKey })).size };
  };
  for (const pauseMs of PUBLISHED_AFTER_MS) {
    const published = await load();
    if (published.size >= before || !source.isLive) return published;
    await source.wait(pauseMs);
  }
  return await load();
}

function readReceipt(text: string): Receipt | undefined {
  try {
    return parseReceipt(text);
  } catch (error) {
    if (isOurs(error)) return undefined;
    throw error;
  }
}

const OTHER_KEY: ReadonlySet<string> = new Set([
  "RECEIPT_OTHER_LOG",
  "CHECKPOINT_OTHER_LOG",
  "SIGNATURE_MISSING",
  "SIGNATURE_INVALID",
]);

function refusalOf(error: unknown): ReceiptFinding {
  if (!isOurs(error)) throw error;
  const id = OTHER_KEY.has(error.code) ? "check.foreign" : "check.included.failed";
  return findingOf(id, "failed");
}

function isOurs(error: unknown): error is BallotError | TransparencyError | EncodingError {
  return (
    error instanceof BallotError ||
    error instanceof TransparencyError ||
    error instanceof EncodingError
  );
}

function findingOf(
  id: ReceiptFinding["id"],
  verdict: ReceiptFinding["verdict"],
  values: ReceiptFinding["values"] = {},
): ReceiptFinding {
  return { id, verdict, values };
}
