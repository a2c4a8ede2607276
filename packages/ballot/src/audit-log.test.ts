import { createHash } from "node:crypto";
import { encodeNote, signNote } from "@carrara/transparency";
import { describe, expect, test } from "vitest";
import { encodeAuditFile, parseAuditFile } from "./audit-file.ts";
import { auditLog } from "./audit-log.ts";
import { encodeTally, parseTally, verifyTally } from "./tally.ts";
import { codeOf, codeOfWork } from "./testing/code-of.ts";
import { createTestLog, type TestLog } from "./testing/test-log.ts";
import { createLogSigner, createWitnessSigner } from "./testing/test-signer.ts";

const signer = createLogSigner("emojivoto", 1);
const logKey = signer.key;
const witness = createWitnessSigner("witness.example", 5);
const SIZE = 23;

function createFilledLog(changed = -1): TestLog {
  const log = createTestLog(signer);
  for (let i = 0; i < SIZE; i += 1) {
    const content = i === changed ? "another ballot" : `${i}`;
    log.append(new Uint8Array(createHash("sha256").update(content).digest()));
  }
  return log;
}

const log = createFilledLog();
/** The same key showed this one to somebody else. */
const fork = createFilledLog(4);
const newer = log.checkpoint(SIZE, [witness]);
const votes = [
  { choice: 2, votes: 11 },
  { choice: 17, votes: 9 },
];
const counts = { counted: 20, superseded: 3, votes };

describe("an audit", () => {
  test("takes every continuation of a log, with a tally that adds up over one of its trees", async () => {
    for (let from = 0; from <= SIZE; from += 1) {
      const older = log.checkpoint(from);
      const tally = log.tally(SIZE, counts);
      const consistency = log.consistency(from, SIZE);
      const report = await auditLog({ older, newer, consistency, tally, logKey });
      expect(report).toMatchObject({ older: { size: from }, newer: { size: SIZE }, tally: counts });
    }
    const tally = log.tally(7, {});
    const older = log.checkpoint(7);
    const consistency = log.consistency(7, SIZE);
    const report = await auditLog({ older, newer, consistency, tally, logKey });
    expect(report.tally?.size).toBe(7);
  });

  test("of one checkpoint checks its signatures", async () => {
    const witnesses = [witness.key];
    const report = await auditLog({ newer, logKey, witnesses });
    expect(report.newer.cosignedBy.map(({ name }) => name)).toEqual(["witness.example"]);
    expect(report).not.toHaveProperty("older");
    const bare = { newer: log.checkpoint(SIZE), logKey, witnesses };
    expect(await codeOfWork(auditLog(bare))).toBe("WITNESSES_MISSING");
  });

  test("finds that ballots were removed: LOG_SHRANK", async () => {
    const work = auditLog({ older: newer, newer: log.checkpoint(SIZE - 1), logKey });
    expect(await codeOfWork(work)).toBe("LOG_SHRANK");
  });

  test("finds two boards for two voters: LOG_FORKED", async () => {
    const boards = { older: fork.checkpoint(SIZE), newer, logKey };
    expect(await codeOfWork(auditLog(boards))).toBe("LOG_FORKED");
    const tallied = { newer, tally: fork.tally(SIZE, {}), logKey };
    expect(await codeOfWork(auditLog(tallied))).toBe("LOG_FORKED");
  });

  test("finds that a ballot was exchanged: PROOF_INVALID", async () => {
    const older = fork.checkpoint(9);
    for (const consistency of [log.consistency(9, SIZE), fork.consistency(9, SIZE), []]) {
      const work = auditLog({ older, newer, consistency, logKey });
      expect(await codeOfWork(work)).toBe("PROOF_INVALID");
    }
    const older9 = log.checkpoint(9);
    expect(await codeOfWork(auditLog({ older: older9, newer, logKey }))).toBe("PROOF_INVALID");
  });

  test("refuses a tally over another number of ballots: TALLY_OTHER_TREE", async () => {
    const tally = log.tally(SIZE - 1, {});
    expect(await codeOfWork(auditLog({ newer, tally, logKey }))).toBe("TALLY_OTHER_TREE");
    const older = log.checkpoint(3);
    const work = auditLog({ older, newer, consistency: log.consistency(3, SIZE), tally, logKey });
    expect(await codeOfWork(work)).toBe("TALLY_OTHER_TREE");
  });

  test("refuses notes of another key", async () => {
    const other = createLogSigner("emojivoto", 2).key;
    expect(await codeOfWork(auditLog({ newer, logKey: other }))).toBe("SIGNATURE_MISSING");
  });
});

const root = log.root(SIZE);
const TALLY = { origin: logKey.name, size: SIZE, root, ...counts };

describe("a tally", () => {
  test("is the text of the design, and reading undoes writing", async () => {
    const text = encodeTally(TALLY);
    expect(text.split("\n").slice(4)).toEqual(["counted 20 superseded 3", "2 11", "17 9", ""]);
    expect(parseTally(text)).toEqual(TALLY);
    expect(await verifyTally(log.tally(SIZE, counts), logKey)).toEqual(TALLY);
  });

  test.each([
    ["votes that are not counted", { counted: 21, superseded: 2 }],
    ["a ballot too few", { superseded: 2 }],
    ["a ballot too many", { superseded: 4 }],
    ["no votes", { votes: [] }],
  ])("with %s is TALLY_INCONSISTENT, and is not written either", (_, change) => {
    const numbers = { ...TALLY, ...change };
    expect(codeOf(() => encodeTally(numbers))).toBe("TALLY_INCONSISTENT");
    const lines = encodeTally(TALLY).split("\n");
    const totals = `counted ${numbers.counted} superseded ${numbers.superseded}`;
    const rest = numbers.votes.map(({ choice, votes: n }) => `${choice} ${n}`);
    const text = `${[...lines.slice(0, 4), totals, ...rest].join("\n")}\n`;
    expect(codeOf(() => parseTally(text))).toBe("TALLY_INCONSISTENT");
  });

  test.each<[string, (text: string) => string]>([
    ["another header", (text) => text.replace("v1", "v2")],
    ["no origin", (text) => text.replace(logKey.name, "")],
    ["a leading zero", (text) => text.replace("\n23\n", "\n023\n")],
    ["choices out of order", (text) => text.replace("2 11\n17 9\n", "17 9\n2 11\n")],
    ["a choice twice", (text) => text.replace("17 9", "2 9")],
    ["a choice without votes", (text) => `${text}18 0\n`],
    ["a choice above 65535", (text) => text.replace("17 9", "65536 9")],
    ["a line too many", (text) => `${text}\n`],
    ["no newline at the end", (text) => text.slice(0, -1)],
    ["a sign", (text) => text.replace("17 9", "17 +9")],
    ["over 64 KiB", (text) => text + "1 1\n".repeat(16 * 1024)],
  ])("with %s is TALLY_MALFORMED", (_, change) => {
    expect(codeOf(() => parseTally(change(encodeTally(TALLY))))).toBe("TALLY_MALFORMED");
  });

  test("of another log is CHECKPOINT_OTHER_LOG, whoever signed it", async () => {
    const text = encodeTally({ ...TALLY, origin: "another" });
    const note = encodeNote({ text, signatures: [signNote(text, logKey, signer.sign)] });
    expect(await codeOfWork(verifyTally(note, logKey))).toBe("CHECKPOINT_OTHER_LOG");
  });

  test("is no checkpoint, and a checkpoint no tally", async () => {
    const tally = log.tally(SIZE, counts);
    expect(await codeOfWork(auditLog({ newer: tally, logKey }))).toBe("CHECKPOINT_MALFORMED");
    expect(await codeOfWork(verifyTally(newer, logKey))).toBe("TALLY_MALFORMED");
  });

  test("of an empty tree has no lines of choices", () => {
    const empty = { ...TALLY, size: 0, counted: 0, superseded: 0, votes: [] };
    expect(parseTally(encodeTally(empty))).toEqual(empty);
  });
});

describe("an audit file", () => {
  const consistency = log.consistency(9, SIZE);
  const audited = { older: log.checkpoint(9), newer, consistency, tally: log.tally(SIZE, counts) };

  test("has all that an audit needs", async () => {
    const read = parseAuditFile(encodeAuditFile(audited));
    expect(read).toEqual(audited);
    await auditLog({ ...read, logKey });
    expect(parseAuditFile(encodeAuditFile({ newer }))).toEqual({ newer, consistency: [] });
  });

  test.each<[string, object]>([
    ["another type", { type: "carrara.ballot.audit.v2" }],
    ["no newer checkpoint", { newer: null }],
    ["a number for a checkpoint", { older: 1 }],
    ["an unknown member", { more: 1 }],
    ["a hash that is none", { consistency: ["AAAA"] }],
    ["a list too long", { consistency: Array.from({ length: 55 }, () => "AAAA") }],
    ["over 256 KiB", { older: "x".repeat(256 * 1024) }],
  ])("with %s is AUDIT_MALFORMED", (_, change) => {
    const members = JSON.parse(encodeAuditFile(audited)) as object;
    const text = JSON.stringify({ ...members, ...change });
    expect(codeOf(() => parseAuditFile(text))).toBe("AUDIT_MALFORMED");
  });
});
