import { BallotError, checkOpening, parseOpening } from "@carrara/ballot";
import { ClientError } from "@carrara/client/evidence";
import { EncodingError } from "@carrara/encoding";
import { describeReceipt } from "../receipts/describe-receipt.ts";
import { type VerifiedEvidence, verifyEvidence } from "../trust/verify-evidence.ts";

/** A file that was given to the verifier. */
export type ReadDocument =
  | { readonly kind: "evidence"; readonly evidence: VerifiedEvidence }
  | { readonly kind: "receipt"; readonly text: string }
  | { readonly kind: "opening"; readonly choice: number; readonly isGenuine: boolean }
  | { readonly kind: "unreadable"; readonly name: string };

/** Tells what a file is by its content, and verifies what needs nothing else. */
export async function readDocument(
  name: string,
  text: string,
  now: Date,
  uniqueId: string | undefined,
): Promise<ReadDocument> {
  if (describeReceipt(text) !== undefined) return { kind: "receipt", text };
  const opening = readOpening(text);
  if (opening !== undefined) return opening;
  try {
    return { kind: "evidence", evidence: await verifyEvidence(text, now, uniqueId) };
  } catch (error) {
    if (error instanceof ClientError || error instanceof EncodingError) {
      return { kind: "unreadable", name };
    }
    throw error;
  }
}

function readOpening(text: string): ReadDocument | undefined {
  try {
    const opening = parseOpening(text);
    return { kind: "opening", choice: opening.choice, isGenuine: isGenuine(opening) };
  } catch (error) {
    if (error instanceof BallotError) return undefined;
    throw error;
  }
}

function isGenuine(opening: Parameters<typeof checkOpening>[0]): boolean {
  try {
    checkOpening(opening);
    return true;
  } catch (error) {
    if (error instanceof BallotError) return false;
    throw error;
  }
}
