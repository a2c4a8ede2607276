import { toHex, utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ANSWER_BYTES, type BallotAnswer, decodeAnswer, encodeAnswer, outcome } from "./answer.ts";
import { codeOf } from "./testing/code-of.ts";

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const counted: fc.Arbitrary<BallotAnswer> = fc.record({
  outcome: fc.constant(outcome.counted),
  index: fc.maxSafeNat(),
  proof: fc.array(hash, { maxLength: 24 }),
  checkpoint: fc.string({ unit: "grapheme", maxLength: 60 }),
});

test("an answer is version, outcome, index, proof, checkpoint and zeros", () => {
  const proof = [new Uint8Array(32).fill(0xaa), new Uint8Array(32).fill(0xbb)];
  const bytes = encodeAnswer({ outcome: outcome.counted, index: 258, proof, checkpoint: "é\n" });
  expect(bytes).toHaveLength(ANSWER_BYTES);
  const written = `01000000000000000102${"02"}${"aa".repeat(32)}${"bb".repeat(32)}0003c3a90a`;
  expect(toHex(bytes)).toBe(written.padEnd(2 * ANSWER_BYTES, "0"));
});

test("decoding undoes encoding, for answers", () => {
  fc.assert(
    fc.property(counted, (answer) => {
      expect(decodeAnswer(encodeAnswer(answer))).toEqual(answer);
    }),
  );
});

test("an answer that is not of a counted ballot tells its outcome and nothing else", () => {
  fc.assert(
    fc.property(counted, fc.integer({ min: 1, max: 4 }), (answer, code) => {
      const other = { ...answer, outcome: code as 1 | 2 | 3 | 4 };
      const bytes = encodeAnswer(other);
      expect(toHex(bytes)).toBe(`010${code}`.padEnd(2 * ANSWER_BYTES, "0"));
      const nothing = { outcome: code, index: 0, proof: [], checkpoint: "" };
      expect(decodeAnswer(bytes)).toEqual(nothing);
    }),
  );
});

test("any bytes are an answer that encodes to them, or ANSWER_MALFORMED", () => {
  const position = fc.oneof(fc.nat(20), fc.nat(ANSWER_BYTES - 1));
  const changes = fc.array(fc.tuple(position, fc.nat(255)), { maxLength: 4 });
  fc.assert(
    fc.property(counted, changes, (answer, edits) => {
      const bytes = encodeAnswer(answer);
      for (const [at, byte] of edits) bytes[at] = byte;
      const code = codeOf(() =>
        expect(toHex(encodeAnswer(decodeAnswer(bytes)))).toBe(toHex(bytes)),
      );
      expect(["none", "ANSWER_MALFORMED"]).toContain(code);
    }),
    { numRuns: 1000 },
  );
});

test.each<[string, readonly [number, number][]]>([
  ["another version", [[0, 2]]],
  ["an outcome that is not known", [[1, 5]]],
  ["an index above 2^53", [[2, 0x20]]],
  ["more hashes than bytes", [[10, 48]]],
  ["a checkpoint that is cut off", [[11, 0xff]]],
  [
    "a checkpoint that is no UTF-8",
    [
      [12, 1],
      [13, 0xff],
    ],
  ],
  ["padding behind a counted ballot", [[1535, 1]]],
  [
    "padding behind a refused one",
    [
      [1, 1],
      [40, 1],
    ],
  ],
])("an answer with %s is ANSWER_MALFORMED", (_, edits) => {
  const bytes = encodeAnswer({ outcome: outcome.counted, index: 0, proof: [], checkpoint: "" });
  for (const [at, byte] of edits) bytes[at] = byte;
  expect(codeOf(() => decodeAnswer(bytes))).toBe("ANSWER_MALFORMED");
});

test("an answer of another length is ANSWER_MALFORMED", () => {
  for (const length of [0, ANSWER_BYTES - 1, ANSWER_BYTES + 1]) {
    expect(codeOf(() => decodeAnswer(new Uint8Array(length)))).toBe("ANSWER_MALFORMED");
  }
});

test("what does not fit is ANSWER_TOO_LARGE, to the byte", () => {
  const base = { outcome: outcome.counted, index: 1, proof: [new Uint8Array(32)] };
  const room = ANSWER_BYTES - 11 - 32 - 2;
  const fits = { ...base, checkpoint: "x".repeat(room) };
  expect(decodeAnswer(encodeAnswer(fits))).toEqual(fits);
  const large = { ...base, checkpoint: "x".repeat(room + 1) };
  expect(codeOf(() => encodeAnswer(large))).toBe("ANSWER_TOO_LARGE");
  expect(utf8(fits.checkpoint)).toHaveLength(room);
});
