import {
  type BallotFields,
  commitmentOf,
  createBallot,
  encodeOpening,
  type KeysStatement,
  type SealedBallot,
  sealBallot,
} from "@carrara/ballot";
import type { EvidenceReport } from "@carrara/client/evidence";
import { toHex } from "@carrara/encoding";
import { encodeVerifierKey, type VerifierKey } from "@carrara/transparency";
import type { VerifiedEvidence } from "../trust/verify-evidence.ts";
import { pseudonymFor } from "./pseudonym.ts";

/** A ballot that is sealed and not sent: its voter may still cast or audit it. */
export interface PreparedBallot {
  readonly poll: string;
  /** The ballot code, 64 hex digits. */
  readonly code: string;
  readonly commitment: Uint8Array;
  readonly logKey: VerifierKey;
  /** What the voter saw it prepared for, as one text to compare: verdict, mesh, manifest, poll and log. */
  readonly service: string;
  readonly sealed: SealedBallot;
  /** Secret; forgotten when the ballot is cast. */
  readonly fields: BallotFields;
}

/** Why nothing was sealed: the evidence was refused, names no key, or is another service's than before. */
export class EvidenceRefusedError extends Error {
  override readonly name: string = "EvidenceRefusedError";
}

/**
 * Seals a ballot for the voting service that `evidence` attests: a new one for `choice`, or `before`
 * again, with the same id and code: then for the same service alone, restarted or with a newer version of a
 * package. Throws `EvidenceRefusedError` unless everything verified.
 */
export async function prepareBallot(
  { report }: VerifiedEvidence,
  what: { readonly choice: number } | { readonly before: PreparedBallot },
): Promise<PreparedBallot> {
  const [statement] = report.facts.keys;
  const isAttested = report.verdict === "hardware" || report.verdict === "simulation";
  if (!isAttested || statement === undefined) {
    throw new EvidenceRefusedError("no evidence that verified vouches for the voting service");
  }
  const { poll, logKey } = statement;
  const service = serviceOf(report, statement);
  if ("before" in what && what.before.service !== service) {
    throw new EvidenceRefusedError("the service is another one than the ballot was prepared for");
  }
  const fields =
    "before" in what
      ? what.before.fields
      : createBallot(what.choice, pseudonymFor(poll, statement.rules.revote));
  const publicKey = anyKey(report.facts.keys);
  const { choice, opening } = fields;
  const commitment = commitmentOf({ poll, choice, opening });
  const sealed = await sealBallot({ poll, publicKey, ballot: fields });
  return { poll, code: toHex(commitment), commitment, logKey, service, sealed, fields };
}

/** What an audit shows instead of casting: choice and opening, for any other device to recompute. */
export function openingOf({ poll, commitment, fields }: PreparedBallot): string {
  return encodeOpening({ poll, choice: fields.choice, opening: fields.opening, commitment });
}

function serviceOf({ verdict, facts }: EvidenceReport, { poll, logKey }: KeysStatement): string {
  const { rootSha256, manifest } = facts;
  return [verdict, rootSha256, manifest?.fingerprint, poll, encodeVerifierKey(logKey)].join(" ");
}

/** Replicas have keys of their own; any of them is as good, and chance spreads the load. */
function anyKey(keys: readonly KeysStatement[]): Uint8Array {
  const all = keys.flatMap(({ hpkeKeys }) => hpkeKeys);
  const key = all[Math.floor(Math.random() * all.length)];
  if (key === undefined) throw new EvidenceRefusedError("the voting service names no key");
  return key;
}
