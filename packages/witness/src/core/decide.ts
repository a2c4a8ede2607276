import { equalBytes } from "@carrara/encoding";
import { TransparencyError, verifyConsistency } from "@carrara/transparency";
import type { Submission } from "./submission.ts";

/** The largest tree of a log that a witness has vouched for. */
export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

/** A submission, and whether a key that the witness trusts for its origin has signed it. */
export interface Claim {
  readonly submission: Pick<Submission, "oldSize" | "proof" | "checkpoint">;
  readonly signed: boolean;
}

/** What a witness does about a claim (C2SP tlog-witness). */
export type Decision =
  /** Vouch for `head`, which is kept before anybody hears of it. */
  | { readonly kind: "cosign"; readonly head: TreeHead }
  /** The claim starts from another size than `size`, the one that was cosigned last. */
  | { readonly kind: "conflict"; readonly size: number }
  /** Two trees of one size: whoever signed both has two histories. */
  | { readonly kind: "fork" }
  | { readonly kind: "refuse"; readonly status: 400 | 403 | 404 | 422; readonly reason: string };

/**
 * Decides about `claim` on a log whose largest tree is `head`: the empty tree where none was
 * cosigned, undefined where the witness does not know the log. Pure; never throws.
 */
export function decide(head: TreeHead | undefined, { submission, signed }: Claim): Decision {
  const { checkpoint, oldSize, proof } = submission;
  if (head === undefined) return refuse(404, "this log is not known here");
  if (!signed) return refuse(403, "no known key of this log has signed the checkpoint");
  if (oldSize > checkpoint.size) {
    return refuse(400, `old size ${oldSize} is above the checkpoint's ${checkpoint.size}`);
  }
  if (oldSize !== head.size) return { kind: "conflict", size: head.size };
  if (oldSize === checkpoint.size && !equalBytes(head.root, checkpoint.root)) {
    return { kind: "fork" };
  }
  if (!grewOutOf(head, checkpoint, proof)) {
    return refuse(422, `the proof does not lead from size ${oldSize} to ${checkpoint.size}`);
  }
  return { kind: "cosign", head: { size: checkpoint.size, root: checkpoint.root } };
}

function grewOutOf(older: TreeHead, newer: TreeHead, proof: readonly Uint8Array[]): boolean {
  // Everything grows out of nothing, and nothing is left to prove where nothing has grown.
  if (older.size === 0 || older.size === newer.size) return proof.length === 0;
  try {
    verifyConsistency({
      from: older.size,
      to: newer.size,
      fromRoot: older.root,
      toRoot: newer.root,
      proof,
    });
    return true;
  } catch (cause) {
    if (cause instanceof TransparencyError) return false;
    throw cause;
  }
}

function refuse(status: 400 | 403 | 404 | 422, reason: string): Decision {
  return { kind: "refuse", status, reason };
}
