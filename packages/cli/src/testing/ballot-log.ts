import { generateKeyPairSync } from "node:crypto";
import {
  type ChoiceVotes,
  commitmentOf,
  encodeReceipt,
  encodeTally,
  entryOf,
  logOriginOf,
} from "@carrara/ballot";
import { createTestLog, type TestLog } from "@carrara/witness/testing";

/** Name of the poll. */
export const POLL = "emojivoto";

/** A poll's log in memory, all of whose ballots are for choice 7. */
export interface BallotLog {
  readonly log: TestLog;
  /** Casts ballots; `label` tells those of a fork apart. */
  cast(count: number, label?: string): void;
  commitment(index: number): Uint8Array;
  /** Text of a receipt from when the log had `size` ballots; now unless given. */
  receipt(index: number, size?: number, checkpoint?: string): string;
  /** The signed tally of the first `size` ballots; now unless given. */
  tally(size?: number): string;
  /** Another board under the same key, the same up to `size`. */
  fork(size: number): BallotLog;
}

/** Creates a log with `count` ballots and a key of its own. */
export function createBallotLog(count: number): BallotLog {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const x = publicKey.export({ format: "jwk" }).x ?? "";
  const origin = logOriginOf(POLL, new Uint8Array(Buffer.from(x, "base64url")));
  const privateKeyPem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const created = ballotLogOver(createTestLog({ origin, privateKeyPem }), []);
  created.cast(count);
  return created;
}

function ballotLogOver(log: TestLog, commitments: Uint8Array[]): BallotLog {
  const commitment = (index: number): Uint8Array => commitments[index] ?? new Uint8Array(32);
  return {
    log,
    commitment,
    cast(count, label = "") {
      for (let index = 0; index < count; index += 1) {
        const opening = new Uint8Array(32).fill(commitments.length).fill(label.length, 0, 1);
        const next = commitmentOf({ poll: POLL, choice: 7, opening });
        commitments.push(next);
        log.append(entryOf(next));
      }
    },
    receipt: (index, size = log.size, checkpoint = log.checkpoint(size)) =>
      encodeReceipt({
        poll: POLL,
        commitment: commitment(index),
        logKey: log.key,
        proof: { index, hashes: log.inclusion(index, size), checkpoint },
      }),
    tally(size = log.size) {
      const votes: ChoiceVotes[] = size === 0 ? [] : [{ choice: 7, votes: size }];
      const head = { origin: log.key.name, size, root: log.root(size) };
      return log.sign(encodeTally({ ...head, counted: size, superseded: 0, votes }));
    },
    fork: (size) => ballotLogOver(log.fork(size), commitments.slice(0, size)),
  };
}
