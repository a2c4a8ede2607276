import { encodeTally, logKeyOf } from "@carrara/ballot";
import { encodeCheckpoint, encodeNote, signNote, type VerifierKey } from "@carrara/transparency";
import type { LedgerCheckpoint } from "./core/committed-group.ts";
import type { LedgerKeys } from "./core/ledger-keys.ts";

/** Signs what the log says of itself. */
export interface LogSigner {
  readonly key: VerifierKey;
  checkpoint(size: number, root: Uint8Array): LedgerCheckpoint;
  /** A signed tally over a checkpoint; the index of `votes` is the choice. */
  tally(checkpoint: LedgerCheckpoint, votes: Float64Array, superseded: number): string;
}

/** A signer with the log key of a poll. */
export function createLogSigner(keys: LedgerKeys): LogSigner {
  const key = logKeyOf(keys.poll, keys.logPublicKey);
  const sign = (text: string): string => {
    const signature = signNote(text, key, (message) => new Uint8Array(keys.signLog(message)));
    return encodeNote({ text, signatures: [signature] });
  };
  return {
    key,
    checkpoint: (size, root) => {
      const text = encodeCheckpoint({ origin: key.name, size, root });
      let note: string | undefined;
      return {
        size,
        root: new Uint8Array(root),
        text,
        // Made when it is asked for: most groups of a poll without receipts are never shown.
        get note() {
          note ??= sign(text);
          return note;
        },
      };
    },
    tally: ({ size, root }, byChoice, superseded) => {
      const votes = [...byChoice.keys()]
        .map((choice) => ({ choice, votes: byChoice[choice] ?? 0 }))
        .filter((entry) => entry.votes > 0);
      const counted = size - superseded;
      return sign(encodeTally({ origin: key.name, size, root, counted, superseded, votes }));
    },
  };
}
