import { fromBase64 } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeNote, parseNote, type SignedNote } from "./note.ts";
import { signNote, verifyNote } from "./note-signature.ts";
import { codeOf, codeOfWork } from "./testing/code-of.ts";
import { createTestSigner } from "./testing/test-signer.ts";
import { encodeVerifierKey, parseVerifierKey } from "./verifier-key.ts";

/** Key, text and note of Go's package sumdb/note, which the format comes from. */
const GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_SEED = fromBase64("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz").subarray(1);
const GO_TEXT =
  "If you think cryptography is the answer to your problem,\n" +
  "then you don't know what your problem is.\n";
const GO_NOTE = `${GO_TEXT}
— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`;

const signer = createTestSigner("log.example/a");
const text = "first\n\nthird\n";
const signed: SignedNote = { text, signatures: [signNote(text, signer.key, signer.sign)] };

describe("the note of Go's sumdb/note", () => {
  test("verifies under its key, and no other key of that name", async () => {
    const key = parseVerifierKey(GO_KEY);
    await verifyNote(parseNote(GO_NOTE), key);
    const other = createTestSigner("PeterNeumann").key;
    expect(await codeOfWork(verifyNote(parseNote(GO_NOTE), other))).toBe("SIGNATURE_MISSING");
    const collided = { ...other, keyHash: key.keyHash };
    expect(await codeOfWork(verifyNote(parseNote(GO_NOTE), collided))).toBe("SIGNATURE_INVALID");
  });

  test("is what this package signs with the same key", () => {
    const { key, sign } = createTestSigner("PeterNeumann", "ed25519", GO_SEED);
    expect(encodeVerifierKey(key)).toBe(GO_KEY);
    const note = { text: GO_TEXT, signatures: [signNote(GO_TEXT, key, sign)] };
    expect(encodeNote(note)).toBe(GO_NOTE);
    expect(encodeNote(parseNote(GO_NOTE))).toBe(GO_NOTE);
  });
});

test("no flipped bit of a note verifies", async () => {
  const note = Buffer.from(encodeNote(signed));
  for (let bit = 0; bit < note.length * 8; bit += 1) {
    const changed = Uint8Array.from(note);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const work = async (): Promise<void> => {
      await verifyNote(parseNote(new TextDecoder().decode(changed)), signer.key);
    };
    expect(await codeOfWork(work())).toMatch(/^(?:NOTE_MALFORMED|SIGNATURE_(?:MISSING|INVALID))$/);
  }
});

test("signatures of unknown keys are ignored, a wrong one of the known key is not", async () => {
  const stranger = createTestSigner("stranger.example", "ed25519", 2);
  const [own] = signed.signatures;
  const foreign = signNote(text, stranger.key, stranger.sign);
  const both = parseNote(encodeNote({ text, signatures: [foreign, ...signed.signatures] }));
  await verifyNote(both, signer.key);
  await verifyNote(both, stranger.key);
  const wrong = { ...foreign, name: signer.key.name, keyHash: own?.keyHash ?? 0 };
  const poisoned = { text, signatures: [...signed.signatures, wrong] };
  expect(await codeOfWork(verifyNote(poisoned, signer.key))).toBe("SIGNATURE_INVALID");
  const short = { ...wrong, signature: wrong.signature.subarray(1) };
  const cut = { text, signatures: [short] };
  expect(await codeOfWork(verifyNote(cut, signer.key))).toBe("SIGNATURE_INVALID");
});

const line = "— name AAAAAAE=\n";

test.each([
  ["nothing", ""],
  ["no signature", "text\n"],
  ["no signature after the empty line", "text\n\n"],
  ["no empty line", `text\n${line}`],
  ["no text", `\n${line}`],
  ["no newline at the end", `text\n\n${line.slice(0, -1)}`],
  ["bytes after the signatures", `text\n\n${line} `],
  ["a hyphen for the dash", `text\n\n- name AAAAAAE=\n`],
  ["no name", "text\n\n—  AAAAAAE=\n"],
  ["a name with a plus sign", "text\n\n— a+b AAAAAAE=\n"],
  ["a name with a space of Unicode", "text\n\n— a\u00a0b AAAAAAE=\n"],
  ["a carriage return", `text\r\n\n${line}`],
  ["a tab", `te\txt\n\n${line}`],
  ["a zero byte", `te\0xt\n\n${line}`],
  ["half a surrogate pair", `te\ud800xt\n\n${line}`],
  ["base64 without padding", "text\n\n— name AAAAAAE\n"],
  ["base64 with unused bits", "text\n\n— name AAAAAAF=\n"],
  ["base64url", "text\n\n— name AAAA-_8=\n"],
  ["a key hash alone", "text\n\n— name AAAAAA==\n"],
  ["a third field", "text\n\n— name AAAAAAE= more\n"],
  ["65 signatures", `text\n\n${line.repeat(65)}`],
  ["over 128 KiB", `${"x".repeat(128 * 1024)}\n\n${line}`],
])("a note with %s is NOTE_MALFORMED", (_, note) => {
  expect(codeOf(() => parseNote(note))).toBe("NOTE_MALFORMED");
});

test("a note has up to 64 signatures and any text with newlines and whole characters", () => {
  expect(parseNote(`text\n\n${line.repeat(64)}`).signatures).toHaveLength(64);
  expect(parseNote(`text\n\nmore 😀 —\n\n${line}`).text).toBe("text\n\nmore 😀 —\n");
});

const names = fc.stringMatching(/^[a-z./0-9]{1,20}$/);
const signature = fc.record({
  name: names,
  keyHash: fc.nat(0xffff_ffff),
  signature: fc.uint8Array({ minLength: 1, maxLength: 80 }),
});
const texts = fc
  .stringMatching(/^[ -~é]{0,20}(?:\n[ -~]{0,20}){0,4}$/)
  .map((start) => `${start}\n`);

test("decoding undoes encoding, for notes", () => {
  const signatures = fc.array(signature, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.record({ text: texts, signatures }), (note) => {
      expect(parseNote(encodeNote(note))).toEqual(note);
    }),
  );
});

test("any text is a note that encodes to it, or NOTE_MALFORMED", () => {
  const pieces = fc.constantFrom("\n", "\n\n", "—", "— ", "name", " ", "AAAAAAE=", "+", line);
  const text = fc.oneof(
    fc.string(),
    fc.array(pieces, { maxLength: 12 }).map((p) => p.join("")),
  );
  fc.assert(
    fc.property(text, (note) => {
      const code = codeOf(() => expect(encodeNote(parseNote(note))).toBe(note));
      expect(["none", "NOTE_MALFORMED"]).toContain(code);
    }),
    { numRuns: 1000 },
  );
});

test("what is no note, and a key of the other type, are mistakes of the caller", async () => {
  const witness = createTestSigner("w", "cosignature");
  const [known] = signed.signatures;
  const nameless = { name: "a b", keyHash: 0, signature: new Uint8Array(1) };
  expect(() => encodeNote({ text: "no newline", signatures: signed.signatures })).toThrow(
    TypeError,
  );
  expect(() => encodeNote({ text, signatures: [] })).toThrow(TypeError);
  expect(() => encodeNote({ text, signatures: [nameless] })).toThrow(TypeError);
  expect(() => signNote(text, witness.key, witness.sign)).toThrow(TypeError);
  expect(() => signNote("no newline", signer.key, signer.sign)).toThrow(TypeError);
  expect(() => signNote(text, signer.key, () => new Uint8Array(63))).toThrow(TypeError);
  await expect(verifyNote(signed, witness.key)).rejects.toThrow(TypeError);
  expect(known?.signature).toHaveLength(64);
});
