import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeCheckpoint } from "./checkpoint.ts";
import { encodeNote } from "./note.ts";
import { signNote } from "./note-signature.ts";
import { codeOf } from "./testing/code-of.ts";
import { createTestSigner } from "./testing/test-signer.ts";
import { encodeTlogProof, parseTlogProof } from "./tlog-proof.ts";

const { key, sign } = createTestSigner("example.com/fancylog");
const text = encodeCheckpoint({ origin: key.name, size: 109_482, root: new Uint8Array(32) });
const checkpoint = encodeNote({ text, signatures: [signNote(text, key, sign)] });
const HASH = "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=";
const HEADER = "c2sp.org/tlog-proof@v1";

test("the form is that of the specification, the checkpoint verbatim", () => {
  const written = `${HEADER}\nextra AQI=\nindex 73894\n${HASH}\n${HASH}\n\n${checkpoint}`;
  const proof = parseTlogProof(written);
  expect(proof).toMatchObject({ index: 73_894, checkpoint, extra: new Uint8Array([1, 2]) });
  expect(proof.hashes).toHaveLength(2);
  expect(encodeTlogProof(proof)).toBe(written);
});

test("decoding undoes encoding, for proofs; empty extra data is none", () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const proof = fc.record(
    {
      index: fc.maxSafeNat(),
      hashes: fc.array(hash, { maxLength: 54 }),
      checkpoint: fc.constant(checkpoint),
      extra: fc.uint8Array({ minLength: 1, maxLength: 40 }),
    },
    { requiredKeys: ["index", "hashes", "checkpoint"] },
  );
  fc.assert(
    fc.property(proof, (value) => {
      expect(parseTlogProof(encodeTlogProof(value))).toEqual(value);
    }),
  );
  const empty = { index: 1, hashes: [], checkpoint, extra: new Uint8Array() };
  expect(parseTlogProof(encodeTlogProof(empty))).toEqual({ index: 1, hashes: [], checkpoint });
});

test.each([
  ["nothing", ""],
  ["another version", `c2sp.org/tlog-proof@v2\nindex 1\n\n${checkpoint}`],
  ["no index", `${HEADER}\n\n${checkpoint}`],
  ["a leading zero in the index", `${HEADER}\nindex 01\n\n${checkpoint}`],
  ["an index of 2^53", `${HEADER}\nindex 9007199254740992\n\n${checkpoint}`],
  ["empty extra data", `${HEADER}\nextra \nindex 1\n\n${checkpoint}`],
  ["extra data twice", `${HEADER}\nextra AQI=\nextra AQI=\nindex 1\n\n${checkpoint}`],
  ["extra data that is no base64", `${HEADER}\nextra AQ\nindex 1\n\n${checkpoint}`],
  ["a short hash", `${HEADER}\nindex 1\nAQI=\n\n${checkpoint}`],
  ["a carriage return", `${HEADER}\r\nindex 1\n\n${checkpoint}`],
  ["55 hashes", `${HEADER}\nindex 1\n${`${HASH}\n`.repeat(55)}\n${checkpoint}`],
  ["over 256 KiB", `${HEADER}\n${"x".repeat(256 * 1024)}`],
])("a proof with %s is PROOF_MALFORMED", (_, proof) => {
  expect(codeOf(() => parseTlogProof(proof))).toBe("PROOF_MALFORMED");
});

test("a proof around what is no checkpoint, or no note, is refused with their codes", () => {
  const head = `${HEADER}\nindex 1\n\n`;
  const other = encodeNote({ text: "hi\n", signatures: [signNote("hi\n", key, sign)] });
  expect(codeOf(() => parseTlogProof(`${head}${other}`))).toBe("CHECKPOINT_MALFORMED");
  expect(codeOf(() => parseTlogProof(`${head}${text}`))).toBe("NOTE_MALFORMED");
  expect(codeOf(() => parseTlogProof(`${head}${checkpoint} `))).toBe("NOTE_MALFORMED");
  const wrong = { index: 1, hashes: [], checkpoint: text };
  expect(codeOf(() => encodeTlogProof(wrong))).toBe("NOTE_MALFORMED");
});

test("any text is a proof that encodes to it, or one of three codes", () => {
  const piece = fc.constantFrom("\n", HEADER, "index 1", "extra AQI=", HASH, checkpoint, text, " ");
  const texts = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join("\n"));
  fc.assert(
    fc.property(fc.oneof(fc.string(), texts), (proof) => {
      const code = codeOf(() => expect(encodeTlogProof(parseTlogProof(proof))).toBe(proof));
      expect(code).toMatch(/^(?:none|(?:PROOF|NOTE|CHECKPOINT)_MALFORMED)$/);
    }),
    { numRuns: 1000 },
  );
});

test("an index or hashes that no proof has are mistakes of the caller", () => {
  const good = { index: 1, hashes: [], checkpoint };
  expect(() => encodeTlogProof({ ...good, index: -1 })).toThrow(TypeError);
  expect(() => encodeTlogProof({ ...good, hashes: [new Uint8Array(31)] })).toThrow(TypeError);
  const many = Array.from({ length: 55 }, () => new Uint8Array(32));
  expect(() => encodeTlogProof({ ...good, hashes: many })).toThrow(TypeError);
});
