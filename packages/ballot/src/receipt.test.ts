import { createHash } from "node:crypto";
import { cosignCheckpoint, encodeCheckpoint, encodeNote, signNote } from "@carrara/transparency";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { outcome } from "./answer.ts";
import {
  checkReceipt,
  createReceipt,
  encodeReceipt,
  parseReceipt,
  type Receipt,
} from "./receipt.ts";
import { codeOf, codeOfWork } from "./testing/code-of.ts";
import { COSIGNED_AT, createTestLog } from "./testing/test-log.ts";
import { createLogSigner, createWitnessSigner } from "./testing/test-signer.ts";

const poll = "emojivoto";
const signer = createLogSigner(poll, 1);
const logKey = signer.key;
const witnesses = [
  createWitnessSigner("witness.example/w1", 2),
  createWitnessSigner("witness.example/w2", 3),
];
const witnessKeys = witnesses.map(({ key }) => key);
const SIZE = 37;

function codeNumber(index: number): Uint8Array {
  return new Uint8Array(createHash("sha256").update(`${index}`).digest());
}

function createFilledLog(seed = signer): ReturnType<typeof createTestLog> {
  const log = createTestLog(seed);
  for (let i = 0; i < SIZE; i += 1) log.append(codeNumber(i));
  return log;
}

const log = createFilledLog();

function receiptOf(index: number, size = SIZE, cosigners = witnesses): Receipt {
  const answer = log.answer(index, size, cosigners);
  return createReceipt({ poll, commitment: codeNumber(index), logKey, answer });
}

test("every receipt proves its ballot, in the tree it was made in", async () => {
  for (let size = 1; size <= SIZE; size += 3) {
    for (let index = 0; index < size; index += 5) {
      const receipt = parseReceipt(encodeReceipt(receiptOf(index, size)));
      const checked = await checkReceipt(receipt, { logKey, witnesses: witnessKeys });
      expect(checked).toMatchObject({ poll, index, size });
      expect(checked.cosignedBy).toEqual(
        witnessKeys.map(({ name }) => ({ name, timeSeconds: COSIGNED_AT })),
      );
    }
  }
});

test("a receipt of one of 10 million ballots with two cosignatures has at most 2,000 bytes", () => {
  const text = encodeCheckpoint({ origin: logKey.name, size: 9_999_999, root: new Uint8Array(32) });
  const cosignatures = witnesses.map(({ key, sign }) =>
    cosignCheckpoint(text, key, sign, COSIGNED_AT),
  );
  const signatures = [signNote(text, logKey, signer.sign), ...cosignatures];
  const answer = {
    outcome: outcome.counted,
    index: 8_388_607,
    proof: Array.from({ length: 24 }, () => new Uint8Array(32).fill(0xff)),
    checkpoint: encodeNote({ text, signatures }),
  };
  const receipt = encodeReceipt(createReceipt({ poll, commitment: codeNumber(1), logKey, answer }));
  expect(new TextEncoder().encode(receipt).length).toBeLessThanOrEqual(2000);
});

test("no changed character of a receipt's file is taken for another ballot", async () => {
  const text = encodeReceipt(receiptOf(5));
  const check = async (changed: string): Promise<void> => {
    await checkReceipt(parseReceipt(changed), { logKey, witnesses: witnessKeys });
  };
  for (let at = 0; at < text.length; at += 1) {
    const character = ["A", "0", " ", ""][at % 4] ?? "";
    const changed = text.slice(0, at) + character + text.slice(at + 1);
    const code = await codeOfWork(check(changed));
    if (code === "none") expect(changed).toBe(text);
  }
});

describe("a receipt", () => {
  const trust = { logKey, witnesses: witnessKeys };

  test("of another poll or key is RECEIPT_OTHER_LOG", async () => {
    const receipt = receiptOf(3);
    const stranger = createLogSigner(poll, 9);
    const forged = createReceipt({
      poll,
      commitment: codeNumber(3),
      logKey: stranger.key,
      answer: createFilledLog(stranger).answer(3, SIZE),
    });
    for (const wrong of [{ ...receipt, poll: "other" }, forged]) {
      expect(await codeOfWork(checkReceipt(wrong, trust))).toBe("RECEIPT_OTHER_LOG");
    }
    // A key under another name is not the log's, whatever it signed.
    const renamed = { ...logKey, name: "carrara.ballot/emojivoto/0000000000000000" };
    const claimed = checkReceipt({ ...receipt, logKey: renamed }, { logKey: renamed });
    expect(await codeOfWork(claimed)).toBe("RECEIPT_OTHER_LOG");
  });

  test("of a code or index that is not proven is PROOF_INVALID", async () => {
    const receipt = receiptOf(3);
    const moved = { ...receipt.proof, index: 4 };
    for (const wrong of [
      { ...receipt, commitment: codeNumber(4) },
      { ...receipt, proof: moved },
      { ...receipt, proof: { ...receipt.proof, index: SIZE } },
      { ...receipt, proof: { ...receipt.proof, hashes: receipt.proof.hashes.slice(1) } },
    ]) {
      expect(await codeOfWork(checkReceipt(wrong, trust))).toBe("PROOF_INVALID");
    }
  });

  test("whose checkpoint the log's key did not sign is refused", async () => {
    const receipt = receiptOf(3);
    const [size, bigger] = [SIZE.toString(), (SIZE + 1).toString()];
    const grown = receipt.proof.checkpoint.replace(`\n${size}\n`, `\n${bigger}\n`);
    const work = checkReceipt(
      { ...receipt, proof: { ...receipt.proof, checkpoint: grown } },
      trust,
    );
    expect(await codeOfWork(work)).toBe("SIGNATURE_INVALID");
    const stranger = createFilledLog(createLogSigner(poll, 9)).checkpoint(SIZE);
    const foreign = { ...receipt, proof: { ...receipt.proof, checkpoint: stranger } };
    expect(await codeOfWork(checkReceipt(foreign, trust))).toBe("SIGNATURE_MISSING");
    const text = encodeCheckpoint({ origin: "other", size: SIZE, root: log.root(SIZE) });
    const other = encodeNote({ text, signatures: [signNote(text, logKey, signer.sign)] });
    const named = { ...receipt, proof: { ...receipt.proof, checkpoint: other } };
    expect(await codeOfWork(checkReceipt(named, trust))).toBe("CHECKPOINT_OTHER_LOG");
  });

  test("with too few cosignatures is WITNESSES_MISSING; all are needed unless told", async () => {
    const receipt = receiptOf(3, SIZE, witnesses.slice(0, 1));
    expect(await codeOfWork(checkReceipt(receipt, trust))).toBe("WITNESSES_MISSING");
    const enough = await checkReceipt(receipt, { ...trust, threshold: 1 });
    expect(enough.cosignedBy.map(({ name }) => name)).toEqual(["witness.example/w1"]);
    expect((await checkReceipt(receipt, { logKey })).cosignedBy).toEqual([]);
    // One key under two names is one witness.
    const alias = createWitnessSigner("witness.example/alias", 2);
    const both = receiptOf(3, SIZE, [...witnesses.slice(0, 1), alias]);
    const twice = { logKey, witnesses: [...witnessKeys.slice(0, 1), alias.key] };
    expect(await codeOfWork(checkReceipt(both, twice))).toBe("WITNESSES_MISSING");
  });

  test("with a wrong cosignature is refused whatever the threshold", async () => {
    const impostor = createWitnessSigner("witness.example/w1", 9);
    const [genuine] = witnessKeys;
    const key = { ...impostor.key, keyHash: genuine?.keyHash ?? 0 };
    const receipt = receiptOf(3, SIZE, [{ ...impostor, key }]);
    const lenient = { ...trust, threshold: 0 };
    expect(await codeOfWork(checkReceipt(receipt, lenient))).toBe("SIGNATURE_INVALID");
  });
});

const genuine = encodeReceipt(receiptOf(5, 9, []));
const members = JSON.parse(genuine) as Record<string, unknown>;

test.each<[string, string]>([
  ["nothing", ""],
  ["null", "null"],
  ["a list", "[]"],
  ["an unknown member", JSON.stringify({ ...members, more: 1 })],
  ["a missing member", JSON.stringify({ ...members, poll: undefined })],
  ["a member twice", genuine.replace("{", '{"poll":"other",')],
  ["a member twice, once with an escape", genuine.replace("{", '{"p\\u006fll":"other",')],
  ["another type", JSON.stringify({ ...members, type: "carrara.ballot.receipt.v2" })],
  ["a poll that is none", JSON.stringify({ ...members, poll: "A" })],
  ["an upper-case code", genuine.replace(/"commitment":"[^"]*"/, (text) => text.toUpperCase())],
  ["a short code", JSON.stringify({ ...members, commitment: "00" })],
  ["a number for the code", JSON.stringify({ ...members, commitment: 7 })],
  ["a key that is none", JSON.stringify({ ...members, logKey: "x" })],
  ["a proof that is none", JSON.stringify({ ...members, proof: "x" })],
  ["text behind it", `${genuine}{}`],
  ["over 16 KiB", `${genuine}${" ".repeat(16 * 1024)}`],
])("a receipt with %s is RECEIPT_MALFORMED", (_, text) => {
  expect(codeOf(() => parseReceipt(text))).toBe("RECEIPT_MALFORMED");
});

test("any text is a receipt or RECEIPT_MALFORMED", () => {
  const edits = fc.tuple(fc.nat(genuine.length), fc.nat(4), fc.string({ maxLength: 4 }));
  const edited = edits.map(
    ([at, cut, put]) => genuine.slice(0, at) + put + genuine.slice(at + cut),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), edited), (text) => {
      expect(["none", "RECEIPT_MALFORMED"]).toContain(codeOf(() => parseReceipt(text)));
    }),
    { numRuns: 1000 },
  );
});

test("only a ballot that was counted has a receipt", () => {
  const answer = { outcome: outcome.refused, index: 0, proof: [], checkpoint: "" };
  const commitment = codeNumber(1);
  expect(() => createReceipt({ poll, commitment, logKey, answer })).toThrow(TypeError);
});
