import { parseAuditFile } from "@carrara/ballot";
import { toHex } from "@carrara/encoding";
import { parseCheckpoint, parseNote, parseVerifierKey } from "@carrara/transparency";
import {
  encodeSubmission,
  openWitness,
  parseSubmission,
  type Witness,
  WitnessError,
} from "@carrara/witness";
import { createMemoryFiles, createTestWitnessKey } from "@carrara/witness/testing";
import { KIB, parser, seedsOf, type Target, textOf } from "./target.ts";
import type { BallotCase, FuzzWorld } from "./world.ts";

/** What strangers send to a witness: its reader, and the witness itself, which has seen the older tree. */
export function witnessTargets({ ballots }: FuzzWorld): Target[] {
  const { older = "", newer, consistency = [] } = parseAuditFile(textOf(ballots.audit));
  const oldSize = parseCheckpoint(parseNote(older).text).size;
  const first = encodeSubmission({ oldSize: 0, proof: [], checkpoint: older });
  const seeds = seedsOf([encodeSubmission({ oldSize, proof: consistency, checkpoint: newer })]);
  const common = { ...parser, refusals: [WitnessError], maxBytes: 16 * KIB, seeds };
  return [
    { ...common, name: "witness request", read: parseSubmission },
    {
      ...common,
      name: "witness",
      kind: "verifier",
      weight: 1,
      read: createCosigner(ballots, first),
      reliedOn: (input) => {
        const submission = parseSubmission(input);
        return [`${submission.oldSize}`, ...submission.proof.map(toHex), submission.note.text];
      },
    },
  ];
}

/** Hands requests to a witness in that state; one that cosigned has another and is not used again. */
function createCosigner({ logKey, now }: BallotCase, first: Uint8Array) {
  const start = async (): Promise<Witness> => {
    const witness = await openWitness({
      key: createTestWitnessKey(),
      logKeys: [parseVerifierKey(logKey)],
      files: createMemoryFiles(),
      now: () => now,
    });
    await witness.addCheckpoint(first);
    return witness;
  };
  let ready: Promise<Witness> | undefined;
  return async (input: Uint8Array): Promise<void> => {
    ready ??= start();
    const { status, body } = await (await ready).addCheckpoint(input);
    if (status !== 200) throw new WitnessError("WITNESS_REFUSED", body, { status });
    ready = undefined;
  };
}
