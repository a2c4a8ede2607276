import { createHash, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { createFileStore, type Ledger, type LedgerBallot, openLedger } from "@carrara/ledger";
import { measureSteps } from "@carrara/ledger/testing";

/** A process of the ledger's bench: does what its first argument says, prints one JSON document. */
const [, , task = "", directory = "", number = "0"] = process.argv;
const KEY = new Uint8Array(32).fill(3);
const CHUNK_BYTES = 2 * 1024 * 1024;
const PROOFS = 1000;
const BALLOT_BYTES = 64;

const tasks: Readonly<Record<string, () => Promise<unknown>>> = {
  build: async () => {
    const ledger = await openHere();
    const result = await append(ledger, Number(number), 256);
    await ledger.close();
    return result;
  },
  append: async () => {
    const ledger = await openHere();
    await append(ledger, 64 * 200, 64);
    const result = await append(ledger, 64 * Number(number), 64);
    await ledger.close();
    return result;
  },
  write: async () => await writeAndFlush(Number(number)),
  open: openAndProve,
  hash: hashFiles,
  steps: async () => measureSteps(64),
};

console.log(JSON.stringify(await tasks[task]?.()));

async function openHere(): Promise<Ledger> {
  const rules = { revote: "unlimited" } as const;
  return await openLedger({
    store: createFileStore({ directory }),
    key: KEY,
    poll: "bench",
    rules,
  });
}

/** Ballots a second, one group after the other, and microseconds of processor a ballot. */
async function append(ledger: Ledger, count: number, groupSize: number): Promise<unknown> {
  const start = performance.now();
  const cpu = process.cpuUsage();
  for (let done = 0; done < count; done += groupSize) {
    const ballots = someBallots(Math.min(groupSize, count - done));
    let left = ballots.length;
    await new Promise<void>((resolve, reject) => {
      for (const ballot of ballots) {
        ledger.submit(ballot, (outcome) => {
          if ("code" in outcome) reject(outcome);
          left -= 1;
          if (left === 0) resolve();
        });
      }
    });
  }
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - start) / 1000;
  return { perSecond: count / seconds, cpuUs: (user + system) / count };
}

function someBallots(count: number): LedgerBallot[] {
  const bytes = randomBytes(count * BALLOT_BYTES);
  return Array.from({ length: count }, (_, i) => {
    const own = bytes.subarray(i * BALLOT_BYTES, (i + 1) * BALLOT_BYTES);
    return {
      ballotId: own.subarray(0, 16),
      commitment: own.subarray(16, 48),
      pseudonym: own.subarray(48),
      choice: 1 + ((own[0] ?? 0) % 100),
    };
  });
}

/** What a disk does for groups of 64 as they are, and nothing else. */
async function writeAndFlush(groups: number): Promise<unknown> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_DSYNC;
  const file = await open(join(directory, "baseline"), flags);
  const group = randomBytes(76 + 64 * 68 + 16);
  const start = performance.now();
  for (let i = 0; i < groups; i += 1) await file.write(group, 0, group.length, i * group.length);
  const seconds = (performance.now() - start) / 1000;
  await file.close();
  await rm(join(directory, "baseline"));
  return { perSecond: (groups * 64) / seconds };
}

async function openAndProve(): Promise<unknown> {
  const start = performance.now();
  const ledger = await openHere();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage();
  const openRssMb = process.memoryUsage.rss() / 1e6;
  const proofMs: number[] = [];
  for (let i = 0; i < PROOFS; i += 1) {
    const index = Math.floor(Math.random() * ledger.size);
    const began = performance.now();
    await ledger.proof(index);
    proofMs.push(performance.now() - began);
  }
  const { size } = ledger;
  const rssMb = process.memoryUsage.rss() / 1e6;
  const peakMb = process.resourceUsage().maxRSS / 1000;
  await ledger.close();
  return { seconds, cpuSeconds: (user + system) / 1e6, size, proofMs, openRssMb, rssMb, peakMb };
}

/** Reads and hashes the same files, which is what a start cannot do without. */
async function hashFiles(): Promise<unknown> {
  const start = performance.now();
  let bytes = 0;
  const buffer = Buffer.alloc(CHUNK_BYTES);
  for (const name of await readdir(directory)) {
    const file = await open(join(directory, name));
    const digest = createHash("sha256");
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) break;
      digest.update(buffer.subarray(0, bytesRead));
      bytes += bytesRead;
    }
    digest.digest();
    await file.close();
  }
  return { seconds: (performance.now() - start) / 1000, bytes };
}
