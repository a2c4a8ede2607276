import { commitmentOf, encodeAuditFile, encodeOpening } from "@carrara/ballot";
import { toBase64, toHex } from "@carrara/encoding";
import { encodeVerifierKey } from "@carrara/transparency";
import { cosignNote, createTestLog, createTestWitnessKey } from "@carrara/witness/testing";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createBallotLog, POLL } from "../testing/ballot-log.ts";
import { type BallotMesh, createBallotMesh } from "../testing/ballot-mesh.ts";
import { evidenceBundle } from "../testing/ballot-site.ts";
import { type CliWorld, createCliWorld } from "../testing/cli-world.ts";

const BANNER = "SIMULATION: not protected by hardware\n";
const TIME = 1_796_122_800;
const TIME_TEXT = "2026-12-01T11:00:00Z";

const board = createBallotLog(9);
const vkey = encodeVerifierKey(board.log.key);
const witnesses = ["w1", "w2"].map((name) => createTestWitnessKey(`witness.example/${name}`));
const [first, second] = witnesses.map((key) => encodeVerifierKey(key.verifierKey));

let world: CliWorld;
let mesh: BallotMesh;

beforeAll(async () => {
  world = await createCliWorld();
  mesh = await createBallotMesh(world.dir);
  await world.close();
});
beforeEach(async () => {
  world = await createCliWorld();
});
afterEach(async () => await world.close());

const code = toHex(board.commitment(4));
const grouped = code.replace(/.{4}(?=.)/g, "$& ");
const head = (what: string, size = 9) => `${what}: it is number 5 of ${size} in the poll ${POLL}\n`;
const NO_WITNESSES = "Witnesses: none are known, so others may have been shown another log\n";
const byKey = `Log: ${board.log.key.name}, whose key is named with --log-key\n`;

describe("ballot check", () => {
  test("proves a receipt with a key that somebody trusts", async () => {
    await world.write("receipt.json", board.receipt(4));
    expect(await world.run("ballot", "check", "receipt.json", "--log-key", vkey)).toEqual({
      code: 0,
      stdout: `${head("IN THE LOG")}Ballot code: ${grouped}\n${byKey}${NO_WITNESSES}`,
      stderr: "",
    });
    const { stdout } = await world.run(
      "ballot",
      "check",
      "receipt.json",
      "--log-key",
      vkey,
      "--json",
    );
    expect(JSON.parse(stdout)).toEqual({
      result: "IN THE LOG",
      poll: POLL,
      commitment: code,
      index: 4,
      size: 9,
      root: toHex(board.log.root()),
      laterSize: null,
      laterRoot: null,
      logKey: vkey,
      logKeyFrom: "log-key",
      cosignedBy: [],
    });
  });

  test("proves it with evidence, and says simulation in every output", async () => {
    await world.write("receipt.json", board.receipt(4));
    await world.write("evidence.json", await evidenceBundle(mesh, { board }));
    const args = ["ballot", "check", "receipt.json", "--evidence", "evidence.json"];
    const text = await world.run(...args, "--insecure");
    expect(text).toMatchObject({ code: 0, stderr: BANNER });
    expect(text.stdout).toContain(head("IN THE LOG OF A SIMULATION"));
    expect(text.stdout).toContain("whose key is proven by the evidence\n");
    const { stdout } = await world.run(...args, "--insecure", "--json");
    expect(stdout).toMatch(/^\{"assurance":"simulation",/);
    expect(JSON.parse(stdout)).toMatchObject({ logKeyFrom: "evidence" });
    const strict = await world.run(...args);
    expect(strict).toMatchObject({ code: 3, stdout: "" });
    expect(strict.stderr).toMatch(/^Error: EVIDENCE_REFUSED: EVIDENCE_SIMULATED: /);
  });

  test("without anybody who vouches for the log ends with exit 3 and says what is missing", async () => {
    await world.write("receipt.json", board.receipt(4));
    const { code: exit, stdout, stderr } = await world.run("ballot", "check", "receipt.json");
    expect({ exit, stdout }).toEqual({ exit: 3, stdout: "" });
    expect(stderr).toMatch(/^Error: LOG_KEY_UNKNOWN: .*--evidence.*--log-key.*--insecure/);
  });

  test("with --insecure alone believes the receipt's own key, and never reads like the real thing", async () => {
    await world.write("receipt.json", board.receipt(4));
    const text = await world.run("ballot", "check", "receipt.json", "-i");
    expect(text.code).toBe(0);
    expect(text.stdout).toContain(head("IN THE LOG THAT THE RECEIPT NAMES ITSELF"));
    expect(text.stdout).toContain("whose key is only claimed by the file itself\n");
    expect(text.stderr).toBe("NOT VERIFIED: the log's key is what the file itself claims\n");
    const { stdout } = await world.run("ballot", "check", "receipt.json", "-i", "--json");
    expect(stdout).toMatch(/^\{"assurance":"none",/);
  });

  test("proves that the ballot is still there later, for the witnesses of then", async () => {
    const note = witnesses.reduce(
      (text, key) => cosignNote(text, key, TIME),
      board.log.checkpoint(),
    );
    await world.write("receipt.json", board.receipt(4, 5));
    await world.write("checkpoint.txt", note);
    const hashes = board.log.consistency(5).map(toBase64);
    await world.write("consistency.json", JSON.stringify({ hashes }));
    const args = ["ballot", "check", "receipt.json", "--log-key", vkey];
    const later = ["--checkpoint", "checkpoint.txt", "--consistency", "consistency.json"];
    const keys = ["--witness-key", first ?? "", "--witness-key", second ?? ""];
    expect(await world.run(...args, ...later, ...keys)).toEqual({
      code: 0,
      stdout: `${head("IN THE LOG", 5)}Ballot code: ${grouped}
Still there when the log had 9
${byKey}Witnesses: 2 of 2 have seen this log: witness.example/w1 at ${TIME_TEXT}, witness.example/w2 at ${TIME_TEXT}
`,
      stderr: "",
    });
    const { stdout } = await world.run(...args, ...later, ...keys, "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      size: 5,
      laterSize: 9,
      cosignedBy: [
        { name: "witness.example/w1", time: TIME_TEXT },
        { name: "witness.example/w2", time: TIME_TEXT },
      ],
    });
    const without = await world.run(...args, "--checkpoint", "checkpoint.txt");
    expect(without.code).toBe(3);
    expect(without.stderr).toMatch(/^Error: PROOF_INVALID: /);
  });

  test("takes no checkpoint from before the receipt for a later one, with exit 3", async () => {
    await world.write("receipt.json", board.receipt(4));
    await world.write("checkpoint.txt", board.log.checkpoint(7));
    const args = ["ballot", "check", "receipt.json", "--log-key", vkey];
    const { code: exit, stderr } = await world.run(...args, "--checkpoint", "checkpoint.txt");
    expect(exit).toBe(3);
    expect(stderr).toMatch(/^Error: CHECKPOINT_EARLIER: .*7 ballots.*receipt's 9/);
  });

  test("insists on witnesses that were named, all of them or as many as it is told", async () => {
    const [key] = witnesses;
    if (key === undefined) throw new Error("no witness");
    await world.write(
      "receipt.json",
      board.receipt(4, 9, cosignNote(board.log.checkpoint(), key, TIME)),
    );
    const args = ["ballot", "check", "receipt.json", "--log-key", vkey];
    const keys = ["--witness-key", first ?? "", "--witness-key", second ?? ""];
    const all = await world.run(...args, ...keys);
    expect(all).toMatchObject({ code: 3, stdout: "" });
    expect(all.stderr).toMatch(/^Error: WITNESSES_MISSING: 1 witnesses cosigned, 2 needed/);
    const one = await world.run(...args, ...keys, "--min-witnesses", "1");
    expect(one.stdout).toContain("Witnesses: 1 of 2 have seen this log: witness.example/w1");
    expect(await world.run(...args, "--min-witnesses", "1")).toMatchObject({ code: 3 });
  });

  test("looks for the poll's own witnesses, and says where they were silent", async () => {
    const named = { witnesses: witnesses.map((key) => key.verifierKey) };
    await world.write("evidence.json", await evidenceBundle(mesh, { board, ...named }));
    await world.write("receipt.json", board.receipt(4));
    const args = ["ballot", "check", "receipt.json", "--evidence", "evidence.json", "-i"];
    expect((await world.run(...args)).stdout).toContain(
      "Witnesses: 0 of 2 have seen this log, so others may have been shown another one\n",
    );
    expect(await world.run(...args, "--min-witnesses", "1")).toMatchObject({ code: 3 });
  });

  test.each<[string, () => string, string]>([
    ["of another log", () => createBallotLog(9).receipt(4), "RECEIPT_OTHER_LOG"],
    [
      "whose code is another ballot's",
      () => board.receipt(4).replace(code, toHex(board.commitment(5))),
      "PROOF_INVALID",
    ],
    [
      "whose checkpoint nobody signed",
      () => board.receipt(4).replace("\\n9\\n", "\\n8\\n"),
      "SIGNATURE_INVALID",
    ],
    [
      "of a fork whose leaf was swapped",
      () => {
        const other = board.fork(3);
        other.cast(6, "x");
        return other.receipt(4, 9, board.log.checkpoint());
      },
      "PROOF_INVALID",
    ],
  ])("refuses a receipt %s with exit 3", async (_, receipt, error) => {
    await world.write("receipt.json", receipt());
    const result = await world.run("ballot", "check", "receipt.json", "--log-key", vkey, "--json");
    expect(result.code).toBe(3);
    expect(result.stderr).toMatch(new RegExp(`^Error: ${error}: `));
    expect(JSON.parse(result.stdout)).toMatchObject({ error: { code: error } });
  });

  test.each([
    ["that is none", "{}", "RECEIPT_MALFORMED"],
    ["that is no text", new Uint8Array([0xff]), "FILE_UNREADABLE"],
  ])("fails on a file %s with exit 1", async (_, content, error) => {
    await world.write("receipt.json", content);
    const result = await world.run("ballot", "check", "receipt.json", "--log-key", vkey);
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toContain(`Error: ${error}: `);
  });

  test("refuses a consistency proof that cannot be read with exit 1", async () => {
    await world.write("receipt.json", board.receipt(4, 5));
    await world.write("checkpoint.txt", board.log.checkpoint());
    const args = ["ballot", "check", "receipt.json", "--log-key", vkey];
    const proofs = ["{}", '{"hashes":[1]}', '{"hashes":["AA=="]}', "[", " ".repeat(20_000)];
    for (const proof of [...proofs, JSON.stringify({ hashes: Array(99).fill("") })]) {
      await world.write("c.json", proof);
      const result = await world.run(
        ...args,
        "--checkpoint",
        "checkpoint.txt",
        "--consistency",
        "c.json",
      );
      expect(result.code).toBe(1);
      expect(result.stderr).toMatch(/^Error: CONSISTENCY_INVALID: /);
    }
  });

  test.each([
    ["a log key that is none", ["--log-key", "x"]],
    ["a witness's key for the log", ["--log-key", first ?? ""]],
    ["a log's key for a witness", ["--witness-key", vkey]],
    ["two sources of trust", ["--log-key", vkey, "--evidence", "e.json"]],
    ["a number that is none", ["--min-witnesses", "x"]],
    ["a time that is none", ["--at", "yesterday"]],
  ])("takes %s for wrong usage", async (_, options) => {
    await world.write("receipt.json", board.receipt(4));
    expect(await world.run("ballot", "check", "receipt.json", ...options)).toMatchObject({
      code: 2,
      stdout: "",
    });
  });

  test("takes evidence for the time that --at names", async () => {
    await world.write("receipt.json", board.receipt(4));
    await world.write("evidence.json", await evidenceBundle(mesh, { board }));
    const args = ["ballot", "check", "receipt.json", "--evidence", "evidence.json", "-i"];
    const { code: exit, stderr } = await world.run(...args, "--at", "2020-01-01T00:00:00Z");
    expect(exit).toBe(3);
    expect(stderr).toMatch(/^Error: EVIDENCE_REFUSED: /);
  });

  test.each<[string, Parameters<typeof evidenceBundle>[1], string]>([
    ["keys that another marble signed", { board, marbleType: "web" }, "KEYS_CERTIFICATE_INVALID"],
    ["a tally of another log", { board, tally: createBallotLog(9).tally() }, "SIGNATURE_MISSING"],
  ])("refuses evidence with %s", async (_, state, reason) => {
    await world.write("receipt.json", board.receipt(4));
    await world.write("evidence.json", await evidenceBundle(mesh, state));
    const result = await world.run(
      "ballot",
      "check",
      "receipt.json",
      "--evidence",
      "evidence.json",
      "-i",
    );
    expect(result).toMatchObject({ code: 3, stdout: "" });
    expect(result.stderr).toMatch(new RegExp(`^Error: EVIDENCE_REFUSED: ${reason}: `));
  });
});

describe("ballot opening", () => {
  const opening = { poll: POLL, choice: 12, opening: new Uint8Array(32).fill(3) };
  const commitment = commitmentOf(opening);

  test("says which choice the code was made from", async () => {
    await world.write("opening.json", encodeOpening({ ...opening, commitment }));
    expect(await world.run("ballot", "opening", "opening.json")).toEqual({
      code: 0,
      stdout: `OK: the code was made from choice 12 in the poll ${POLL}
Ballot code: ${toHex(commitment).replace(/.{4}(?=.)/g, "$& ")}
Compare both with what the page showed. This ballot is opened: it must never be cast.
`,
      stderr: "",
    });
    const { stdout } = await world.run("ballot", "opening", "opening.json", "--json");
    expect(JSON.parse(stdout)).toEqual({
      result: "OK",
      poll: POLL,
      choice: 12,
      commitment: toHex(commitment),
    });
  });

  test("names the choice from a list that one has, and takes no list that names two alike", async () => {
    await world.write("opening.json", encodeOpening({ ...opening, commitment }));
    const list = [
      { n: 11, shortcode: ":ghost:" },
      { n: 12, shortcode: ":pizza:", unicode: "🍕" },
      { n: 101, rpc: "Results", shortcode: null },
    ];
    const open = async (choices: unknown) => {
      await world.write("choices.json", JSON.stringify(choices));
      return await world.run("ballot", "opening", "opening.json", "--choices", "choices.json");
    };
    const { stdout } = await open(list);
    expect(stdout).toContain("made from choice 12 (:pizza:) in the poll");
    expect((await open([])).stdout).toContain("made from choice 12 in the poll");
    for (const bad of [
      {},
      [null],
      [{ n: 12 }],
      [{ n: 0, shortcode: "a" }],
      [{ n: 65_536, shortcode: "a" }],
      [{ n: 12, shortcode: "a b" }],
      [{ n: 12, shortcode: "\u202e" }],
      [...list, { n: 12, shortcode: ":joy:" }],
      [...list, { n: 13, shortcode: ":pizza:" }],
    ]) {
      const result = await open(bad);
      expect(result).toMatchObject({ code: 1, stdout: "" });
      expect(result.stderr).toMatch(/^Error: CHOICES_INVALID: names of choices: /);
    }
  });

  test("says what a file is that was taken for an opening, and for a receipt", async () => {
    await world.write("opening.json", encodeOpening({ ...opening, commitment }));
    await world.write("receipt.json", board.receipt(4));
    await world.write("other.json", '{"type":"carrara.\u202e"}');
    const mixed = [
      [
        "opening",
        "receipt.json",
        "OPENING_MALFORMED: document is carrara.ballot.receipt.v1, not carrara.ballot.opening.v1",
      ],
      [
        "check",
        "opening.json",
        "RECEIPT_MALFORMED: document is carrara.ballot.opening.v1, not carrara.ballot.receipt.v1",
      ],
      [
        "audit",
        "other.json",
        "AUDIT_MALFORMED: document is something else, not carrara.ballot.audit.v1",
      ],
    ] as const;
    for (const [command, file, message] of mixed) {
      expect(await world.run("ballot", command, file)).toEqual({
        code: 1,
        stdout: "",
        stderr: `Error: ${message}\n`,
      });
    }
  });

  test("finds a page that sealed something else, with exit 3", async () => {
    await world.write("opening.json", encodeOpening({ ...opening, choice: 13, commitment }));
    const { code: exit, stderr } = await world.run("ballot", "opening", "opening.json");
    expect(exit).toBe(3);
    expect(stderr).toMatch(/^Error: OPENING_INVALID: /);
    await world.write("opening.json", "{}");
    expect(await world.run("ballot", "opening", "opening.json")).toMatchObject({ code: 1 });
  });
});

describe("ballot audit", () => {
  const audited = {
    older: board.log.checkpoint(6),
    newer: board.log.checkpoint(),
    consistency: board.log.consistency(6),
    tally: board.tally(),
  };

  async function audit(file: Parameters<typeof encodeAuditFile>[0], ...options: string[]) {
    await world.write("audit.json", encodeAuditFile(file));
    return await world.run("ballot", "audit", "audit.json", "--log-key", vkey, ...options);
  }

  test("proves that a log only grew and that its tally adds up", async () => {
    expect(await audit(audited)).toEqual({
      code: 0,
      stdout: `OK: the log has 9 ballots; the earlier checkpoint's 6 are all in it, unchanged
Tally signed by the log: 9 counted and 0 superseded add up
  choice 7: 9
${byKey}${NO_WITNESSES}`,
      stderr: "",
    });
    expect(JSON.parse((await audit(audited, "--json")).stdout)).toEqual({
      result: "OK",
      size: 9,
      root: toHex(board.log.root()),
      olderSize: 6,
      olderRoot: toHex(board.log.root(6)),
      tally: { size: 9, counted: 9, superseded: 0, votes: [{ choice: 7, votes: 9 }] },
      logKey: vkey,
      logKeyFrom: "log-key",
      cosignedBy: [],
    });
  });

  test("says what could not be shown", async () => {
    const { stdout } = await audit({ newer: audited.newer });
    expect(stdout).toContain("there is no earlier checkpoint to compare it with\nNo tally: ");
    const same = await audit({ older: audited.newer, newer: audited.newer });
    expect(same.stdout).toContain("nothing was added to the earlier checkpoint or changed\n");
    const one = { older: board.log.checkpoint(0), newer: board.log.checkpoint(1) };
    expect((await audit(one)).stdout).toMatch(
      /^OK: the log has 1 ballot; the earlier checkpoint had none\n/,
    );
    const early = await audit({ ...audited, tally: board.tally(6) });
    expect(early.stdout).toContain(
      "6 counted and 0 superseded add up, over the earlier 6 ballots\n",
    );
  });

  const fork = board.fork(5);
  fork.cast(4, "x");
  const shorter = { older: audited.newer, newer: audited.older };
  test.each([
    ["a log that lost ballots", shorter, "LOG_SHRANK"],
    [
      "two boards of one size",
      { older: fork.log.checkpoint(), newer: audited.newer },
      "LOG_FORKED",
    ],
    ["a log that changed a ballot", { ...audited, older: fork.log.checkpoint(6) }, "PROOF_INVALID"],
    ["no proof", { ...audited, consistency: [] }, "PROOF_INVALID"],
    ["a tally over another tree", { ...audited, tally: board.tally(7) }, "TALLY_OTHER_TREE"],
    ["a tally of the other board", { ...audited, tally: fork.tally() }, "LOG_FORKED"],
    [
      "a checkpoint of another log",
      { newer: createTestLog({ origin: board.log.key.name }).checkpoint() },
      "SIGNATURE_MISSING",
    ],
  ])("refuses %s with exit 3", async (_, file, error) => {
    const { code: exit, stdout, stderr } = await audit(file);
    expect({ exit, stdout }).toEqual({ exit: 3, stdout: "" });
    expect(stderr).toMatch(new RegExp(`^Error: ${error}: `));
  });

  test("refuses votes that do not add up to the ballots", async () => {
    const tally = board.log.sign(
      board
        .tally()
        .slice(0, board.tally().indexOf("\n\n") + 1)
        .replace("7 9\n", "7 8\n"),
    );
    const { code: exit, stderr } = await audit({ ...audited, tally });
    expect(exit).toBe(3);
    expect(stderr).toMatch(/^Error: TALLY_INCONSISTENT: votes sum up to 8, 9 are counted/);
  });

  test("needs somebody who vouches for the log, which --insecure is not", async () => {
    await world.write("audit.json", encodeAuditFile(audited));
    for (const options of [[], ["-i"]]) {
      const { code: exit, stderr } = await world.run("ballot", "audit", "audit.json", ...options);
      expect(exit).toBe(3);
      expect(stderr).toMatch(/^Error: LOG_KEY_UNKNOWN: /);
    }
    await world.write("evidence.json", await evidenceBundle(mesh, { board }));
    const args = ["ballot", "audit", "audit.json", "--evidence", "evidence.json", "-i"];
    const attested = await world.run(...args);
    expect(attested).toMatchObject({ code: 0, stderr: BANNER });
    expect(attested.stdout).toMatch(/^OK FOR A SIMULATION: /);
  });

  test("fails on a file that is none with exit 1", async () => {
    await world.write("audit.json", "{}");
    const { code: exit, stderr } = await world.run(
      "ballot",
      "audit",
      "audit.json",
      "--log-key",
      vkey,
    );
    expect(exit).toBe(1);
    expect(stderr).toMatch(/^Error: AUDIT_MALFORMED: /);
  });
});
