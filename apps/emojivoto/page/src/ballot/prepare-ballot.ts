import {
  type BallotFields,
  commitmentOf,
  createBallot,
  encodeOpening,
  type KeysStatement,
  type SealedBallot,
  sealBallot,
} from "@carrara/ballot";
import { toHex } from "@carrara/encoding";
import type { VerifierKey } from "@carrara/transparency";
import type { VerifiedEvidence } from "../trust/verify-evidence.ts";
import { pseudonymFor } from "./pseudonym.ts";

/** A ballot that is sealed and not sent: its voter may still cast or audit it. */
export interface PreparedBallot {
  readonly poll: string;
  /** The ballot code, 64 hex digits. */
  readonly code: string;
  readonly commitment: Uint8Array;
  readonly logKey: VerifierKey;
  readonly sealed: SealedBallot;
  /** Secret; forgotten when the ballot is cast. */
  readonly fields: BallotFields;
}

/** Why nothing was sealed: the evidence was refused, or names no key. */
export class EvidenceRefusedError extends Error {
  override readonly name: string = "EvidenceRefusedError";
}

/**
 * Seals a ballot for the voting service that `evidence` attests: a new one for `choice`, or `before`
 * again, with the same id and code. Throws `EvidenceRefusedError` unless everything verified.
 */
export async function prepareBallot(
  { report }: VerifiedEvidence,
  what: { readonly choice: number } | { readonly before: PreparedBallot },
): Promise<PreparedBallot> {
  const [statement] = report.facts.keys;
  if (report.verdict === "refused" || statement === undefined) {
    throw new EvidenceRefusedError("the evidence of the voting service was refused");
  }
  const { poll, logKey } = statement;
  const fields =
    "before" in what
      ? what.before.fields
      : createBallot(what.choice, pseudonymFor(poll, statement.rules.revote));
  const publicKey = anyKey(report.facts.keys);
  const { choice, opening } = fields;
  const commitment = commitmentOf({ poll, choice, opening });
  const sealed = await sealBallot({ poll, publicKey, ballot: fields });
  return { poll, code: toHex(commitment), commitment, logKey, sealed, fields };
}

/** What an audit shows instead of casting: choice and opening, for any other device to recompute. */
export function openingOf({ poll, commitment, fields }: PreparedBallot): string {
  return encodeOpening({ poll, choice: fields.choice, opening: fields.opening, commitment });
}

/** Replicas have keys of their own; any of them is as good, and chance spreads the load. */
function anyKey(keys: readonly KeysStatement[]): Uint8Array {
  const all = keys.flatMap(({ hpkeKeys }) => hpkeKeys);
  const key = all[Math.floor(Math.random() * all.length)];
  if (key === undefined) throw new EvidenceRefusedError("the voting service names no key");
  return key;
}
