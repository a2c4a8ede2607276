import { createHash } from "node:crypto";
import { entryOf } from "@carrara/ballot";
import { createTreeHasher, verifyConsistency, verifyInclusion } from "@carrara/transparency";
import type { Ledger } from "../ledger.ts";
import { ballotOf } from "./test-ballots.ts";

const hasher = createTreeHasher((bytes) => createHash("sha256").update(bytes).digest());
const ENTRY_BYTES = 35;
const TILE_WIDTH = 256;
/** Most ballots that a killed program had under way. */
const UNDER_WAY = 40;

/** What killed programs had acknowledged. */
export interface KillHistory {
  /** Index by the ballot's number. */
  readonly acked: Map<number, number>;
  /** Roots of the trees that were told, by size. */
  readonly roots: Map<number, Uint8Array>;
  /** A number that no ballot had yet. */
  next: number;
}

/** Nothing acknowledged yet. */
export function createKillHistory(): KillHistory {
  return { acked: new Map(), roots: new Map(), next: 0 };
}

/** Takes what a program said before it was killed. */
export function noteOutput(history: KillHistory, output: string): void {
  for (const [, ballots = "", size, root = ""] of output.matchAll(
    /^acked (\S+) (\d+) ([0-9a-f]{64})$/gm,
  )) {
    history.roots.set(Number(size), Buffer.from(root, "hex"));
    for (const ballot of ballots.split(",")) {
      const [number = Number.NaN, index = Number.NaN] = ballot.split(":").map(Number);
      history.acked.set(number, index);
      history.next = Math.max(history.next, number + 1);
    }
  }
  // Those that were under way when it was killed may be there, or not.
  history.next += UNDER_WAY;
}

/** Holds a ledger to all that was acknowledged; throws what it finds. */
export async function verifyHistory(ledger: Ledger, history: KillHistory): Promise<void> {
  const { size, root } = ledger.checkpoint();
  const commitments = await commitmentsOf(ledger, size);
  const places = new Map(commitments.map((commitment, index) => [commitment, index]));
  if (places.size !== size) throw new Error("a ballot was counted twice");
  for (const [number, index] of history.acked) {
    if (places.get(keyOf(number)) !== index) throw new Error(`ballot ${number} is not at ${index}`);
    places.delete(keyOf(number));
  }
  for (let number = 0; number < history.next; number += 1) places.delete(keyOf(number));
  if (places.size > 0) throw new Error(`${places.size} ballots were invented`);
  const votes = ledger.tallies().reduce((sum, count) => sum + count, 0);
  if (votes !== size) throw new Error(`${votes} votes of ${size} ballots`);
  for (const [from, fromRoot] of sampleOf([...history.roots])) {
    const proof = await ledger.consistency(from, size);
    verifyConsistency({ from, to: size, fromRoot, toRoot: root, proof }, hasher);
  }
  for (const [number, index] of sampleOf([...history.acked])) {
    const leafHash = hasher.leaf(entryOf(ballotOf(number).commitment));
    verifyInclusion({ index, size, leafHash, proof: await ledger.proof(index), root }, hasher);
  }
}

function keyOf(number: number): string {
  return Buffer.from(ballotOf(number).commitment).toString("hex");
}

async function commitmentsOf(ledger: Ledger, size: number): Promise<string[]> {
  const found: string[] = [];
  for (let first = 0; first < size; first += TILE_WIDTH) {
    const width = Math.min(TILE_WIDTH, size - first);
    const entries = Buffer.from(await ledger.entries(first / TILE_WIDTH, width));
    for (let i = 0; i < width; i += 1) {
      found.push(entries.toString("hex", i * ENTRY_BYTES + 3, (i + 1) * ENTRY_BYTES));
    }
  }
  return found;
}

/** At most some forty, spread over all. */
function sampleOf<T>(items: readonly T[]): T[] {
  const step = Math.max(1, Math.floor(items.length / 40));
  return items.filter((_, i) => i % step === 0);
}
