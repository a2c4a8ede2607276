import { randomBytes } from "node:crypto";
import { RECORD_BYTES } from "../core/ballot-record.ts";
import { chainAfter, sealGroup } from "../core/group.ts";
import { growTree } from "../core/grow-tree.ts";
import { sealHead } from "../core/head.ts";
import { createKeyedHash } from "../core/keyed-hash.ts";
import { deriveLedgerKeys } from "../core/ledger-keys.ts";
import { createOpenVolume } from "../core/open-volume.ts";
import { hashLeaves } from "../core/tree-hash.ts";
import { createLogSigner } from "../sign-checkpoint.ts";

const ROUNDS = 100;
/** Of so many series the fastest counts: what else the machine does is no cost of ours. */
const SERIES = 10;
/** Where the tree is deep: 2^23 ballots came before. */
const BEFORE = 2 ** 23;

/** Microseconds of processor that each step of a group costs a ballot, in groups of `count`. */
export function measureSteps(count: number): Readonly<Record<string, number>> {
  const keys = deriveLedgerKeys(randomBytes(32), "steps");
  const signer = createLogSigner(keys);
  const records = randomBytes(count * RECORD_BYTES);
  const writer = randomBytes(16);
  const root = randomBytes(32);
  const volume = createOpenVolume({
    first: 0,
    capacity: 2 ** 18,
    hash: createKeyedHash(keys.hashKey),
    withPseudonyms: false,
  });
  const full = growTree(0, [], 2, (target, place) => hashLeaves(target, place, records));
  let counter = 0;
  const nextCounter = (): number => {
    counter += 1;
    return counter;
  };
  const header = () => ({
    writer,
    counter: nextCounter(),
    firstIndex: BEFORE,
    count,
    previous: root,
  });
  const group = sealGroup(keys, header(), records);
  const frontier = [...new Array<undefined>(23), full.root];
  const each = (step: () => unknown): number => {
    const milliseconds = Array.from({ length: SERIES }, () => {
      const start = performance.now();
      for (let round = 0; round < ROUNDS; round += 1) step();
      return performance.now() - start;
    });
    return Math.round((Math.min(...milliseconds) * 1e6) / ROUNDS / count) / 1000;
  };
  return {
    "look-up and entry in the id index": each(() => {
      for (let i = 0; i < count; i += 1) volume.findId(records, i * RECORD_BYTES);
      volume.addRecords(records);
      volume.cutBack();
    }),
    "leaf and node hashes": each(() =>
      growTree(BEFORE, frontier, count, (target, place) => hashLeaves(target, place, records)),
    ),
    "seal of the group": each(() => sealGroup(keys, header(), records)),
    "link of the chain": each(() => chainAfter(group)),
    "signature of the checkpoint": each(() => signer.checkpoint(BEFORE + count, root)),
    "seal of the head": each(() =>
      sealHead(keys, writer, nextCounter(), { size: BEFORE, chain: root }),
    ),
  };
}
