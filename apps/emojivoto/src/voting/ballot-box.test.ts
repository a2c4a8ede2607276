import {
  createBallot,
  encodeBallot,
  outcome,
  type PollRules,
  type SealedBallot,
  sealBallot,
} from "@carrara/ballot";
import { type Ledger, LedgerError, openLedger } from "@carrara/ledger";
import { createMemoryStore } from "@carrara/ledger/testing";
import { afterEach, describe, expect, test } from "vitest";
import { castStatus } from "../ballot/cast-status.ts";
import { type BallotOpener, createBallotOpener } from "../sealed/ballot-opener.ts";
import { createKeptLog } from "../testing/start-demo.ts";
import { type BallotBox, createBallotBox } from "./ballot-box.ts";
import { createChoices } from "./choices.ts";
import { createPlainOpenings } from "./plain-opening.ts";
import { openPollClock } from "./poll-clock.ts";

const POLL = "test";
const KEY = new Uint8Array(32).fill(9);
const JOY = 2;
const DOUGHNUT = 69;
const OPEN: PollRules = {
  opens: undefined,
  closes: undefined,
  revote: "unlimited",
  interimResults: "shown",
};

interface World {
  readonly box: BallotBox;
  readonly opener: BallotOpener;
  readonly ledger: Ledger;
  /** Makes the ledger refuse ballots. */
  breakLedger(broken: boolean): void;
}

const ledgers: Ledger[] = [];
afterEach(async () => {
  for (const ledger of ledgers.splice(0)) await ledger.close();
});

async function createWorld(rules: Partial<PollRules> = {}, now = new Date()): Promise<World> {
  const all = { ...OPEN, ...rules };
  const real = await openLedger({ store: createMemoryStore(), key: KEY, poll: POLL, rules: all });
  ledgers.push(real);
  let broken = false;
  const ledger: Ledger = Object.create(real, {
    submit: {
      value: (...[ballot, settle]: Parameters<Ledger["submit"]>) => {
        if (broken) settle(new LedgerError("LEDGER_WRITE_FAILED", "the disk is full"));
        else real.submit(ballot, settle);
      },
    },
  });
  const opener = createBallotOpener(POLL);
  const box = createBallotBox({
    poll: POLL,
    rules: all,
    choices: createChoices({ doughnutCounts: false }),
    ledger,
    opener,
    openingOf: createPlainOpenings(KEY, POLL),
    clock: await openPollClock({
      rules: all,
      ledger,
      now: () => now,
      mark: undefined,
      log: createKeptLog(),
    }),
    onCounted: () => undefined,
    onStoringChanged: () => undefined,
  });
  const breakLedger = (value: boolean): void => {
    broken = value;
  };
  return { box, opener, ledger, breakLedger };
}

const vote = (choice: number, id: number, wantsReceipt = true) => ({
  choice,
  ballotId: new Uint8Array(16).fill(id),
  wantsReceipt,
});
const plain = async ({ box }: World, ...votes: ReturnType<typeof vote>[]) =>
  await box.cast({ id: 1, votes, ballots: [] });

async function sealed(
  { opener }: World,
  ballot: ReturnType<typeof createBallot>,
): Promise<SealedBallot> {
  return await sealBallot({ poll: POLL, publicKey: opener.publicKey, ballot });
}

/** Casts one ballot and gives its outcome, or its status when it was not opened. */
async function outcomeOf(world: World, ballot: ReturnType<typeof createBallot>): Promise<string> {
  const { bytes, openAnswer } = await sealed(world, ballot);
  const { statuses, answers } = await world.box.cast({ id: 1, votes: [], ballots: [bytes] });
  const [answer] = answers;
  if (answer === undefined) return `status ${statuses[0]}`;
  return `outcome ${(await openAnswer(answer)).outcome}`;
}

describe("plain votes", () => {
  test("share hashes and one checkpoint, and only those that want one have a receipt", async () => {
    const world = await createWorld();
    const answer = await plain(world, vote(JOY, 1), vote(3, 2, false), vote(4, 3));
    expect([...answer.statuses]).toEqual([0, 0, 0]);
    expect(answer.receipts.map(({ position, index }) => [position, index])).toEqual([
      [0, 0],
      [2, 2],
    ]);
    expect(new Set(answer.hashes.map((hash) => Buffer.from(hash).toString("hex"))).size).toBe(
      answer.hashes.length,
    );
    expect(answer.checkpoint.split("\n")[1]).toBe("3");
  });

  test("are each told what became of them", async () => {
    const world = await createWorld();
    const { statuses } = await plain(
      world,
      vote(JOY, 1),
      vote(JOY, 1),
      vote(3, 1),
      vote(DOUGHNUT, 2),
      vote(0, 3),
      vote(101, 4),
    );
    const { done, idReused, refused, noSuchChoice } = castStatus;
    expect([...statuses]).toEqual([done, done, idReused, refused, noSuchChoice, noSuchChoice]);
    expect(world.ledger.size).toBe(1);
  });

  test("that were counted long ago have a proof to the tree of now", async () => {
    const world = await createWorld();
    const first = await plain(world, vote(JOY, 1));
    await plain(world, vote(3, 2), vote(3, 3));
    const again = await plain(world, vote(JOY, 1), vote(5, 4));
    expect(again.receipts.map(({ index }) => index)).toEqual([0, 3]);
    expect(again.receipts[0]?.commitment).toEqual(first.receipts[0]?.commitment);
    expect(again.checkpoint.split("\n")[1]).toBe("4");
  });

  test.each(["last", "once"] as const)("need a pseudonym under the rule %s", async (revote) => {
    const world = await createWorld({ revote });
    const { statuses } = await plain(world, vote(JOY, 1));
    expect([...statuses]).toEqual([castStatus.revoteNeedsPseudonym]);
  });
});

describe("sealed ballots", () => {
  const pseudonym = new Uint8Array(16).fill(5);

  test.each([
    ["unlimited", [`outcome ${outcome.counted}`, `outcome ${outcome.counted}`], 0],
    ["last", [`outcome ${outcome.counted}`, `outcome ${outcome.counted}`], 1],
    ["once", [`outcome ${outcome.counted}`, `outcome ${outcome.alreadyVoted}`], 0],
  ] as const)("of one pseudonym under the rule %s are %o", async (revote, wanted, superseded) => {
    const world = await createWorld({ revote });
    const outcomes = [
      await outcomeOf(world, createBallot(JOY, pseudonym)),
      await outcomeOf(world, createBallot(3, pseudonym)),
    ];
    expect(outcomes).toEqual(wanted);
    expect(world.ledger.superseded).toBe(superseded);
  });

  test("without a pseudonym are refused where the rule needs one", async () => {
    const world = await createWorld({ revote: "last" });
    expect(await outcomeOf(world, createBallot(JOY))).toBe(`outcome ${outcome.refused}`);
  });

  test("have statuses that say nothing but whether they could be opened", async () => {
    const world = await createWorld();
    const good = await sealed(world, createBallot(JOY));
    const refused = await sealed(world, createBallot(DOUGHNUT));
    const unknown = await sealed(world, createBallot(500));
    const broken = good.bytes.map((byte, i) => (i === 100 ? byte ^ 1 : byte));
    const foreign = good.bytes.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
    const ballots = [good.bytes, refused.bytes, unknown.bytes, broken, foreign];
    const { statuses, answers } = await world.box.cast({ id: 1, votes: [], ballots });
    const { done, malformed, keyUnknown } = castStatus;
    expect([...statuses]).toEqual([done, done, done, malformed, keyUnknown]);
    expect(answers.map(({ length }) => length)).toEqual([1564, 1564, 1564]);
  });

  test("whose plaintext is no ballot are malformed", async () => {
    const world = await createWorld();
    const wrong = encodeBallot(createBallot(JOY));
    wrong[0] = 2;
    const { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } = await import(
      "@hpke/core"
    );
    const { ballotInfo, keyIdOf } = await import("@carrara/ballot");
    const suite = new CipherSuite({
      kem: new DhkemX25519HkdfSha256(),
      kdf: new HkdfSha256(),
      aead: new Aes256Gcm(),
    });
    const { publicKey } = world.opener;
    const recipientPublicKey = await suite.kem.deserializePublicKey(Uint8Array.from(publicKey));
    const info = ballotInfo(POLL);
    const sender = await suite.createSenderContext({ recipientPublicKey, info });
    const keyId = keyIdOf(publicKey);
    const ciphertext = new Uint8Array(await sender.seal(wrong, keyId));
    const bytes = Buffer.concat([keyId, new Uint8Array(sender.enc), ciphertext]);
    const { statuses } = await world.box.cast({ id: 1, votes: [], ballots: [bytes] });
    expect([...statuses]).toEqual([castStatus.malformed]);
  });
});

describe("a poll that takes no votes", () => {
  test.each([
    ["not open", { opens: new Date("2030-01-01") }, castStatus.pollNotOpen],
    ["closed", { closes: new Date("2020-01-01") }, castStatus.pollClosed],
  ])("because it is %s opens no ballot", async (_, rules, status) => {
    const world = await createWorld(rules, new Date("2026-01-01"));
    const { bytes } = await sealed(world, createBallot(JOY));
    const answer = await world.box.cast({ id: 1, votes: [vote(JOY, 1)], ballots: [bytes] });
    expect([...answer.statuses]).toEqual([status, status]);
    expect(answer.answers).toEqual([]);
    expect(world.ledger.size).toBe(0);
  });

  test("because the disk is full says the same to ballots that are refused, and goes on afterwards", async () => {
    const world = await createWorld();
    world.breakLedger(true);
    const unavailable = `status ${castStatus.ledgerUnavailable}`;
    expect(await outcomeOf(world, createBallot(JOY))).toBe(unavailable);
    expect(world.box.isStoring()).toBe(false);
    expect(await outcomeOf(world, createBallot(DOUGHNUT))).toBe(unavailable);
    expect([...(await plain(world, vote(JOY, 1))).statuses]).toEqual([
      castStatus.ledgerUnavailable,
    ]);
    world.breakLedger(false);
    expect(await outcomeOf(world, createBallot(JOY))).toBe(`outcome ${outcome.counted}`);
    expect(world.box.isStoring()).toBe(true);
    expect(await outcomeOf(world, createBallot(DOUGHNUT))).toBe(`outcome ${outcome.refused}`);
  });
});
