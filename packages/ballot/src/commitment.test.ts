import { createHash } from "node:crypto";
import { concatBytes, toHex, utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { expect, test } from "vitest";
import { commitmentOf, createCommitter, ENTRY_BYTES, entryOf } from "./commitment.ts";
import { keyIdOf } from "./hpke-key.ts";
import { logKeyOf, logOriginOf, pollOfLogKey } from "./log-key.ts";
import { checkOpening, encodeOpening, parseOpening } from "./opening.ts";
import { codeOf } from "./testing/code-of.ts";

const sha = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash("sha256").update(bytes).digest());
const poll = fc.stringMatching(/^[a-z0-9.-]{1,64}$/);
const committed = fc.record({
  poll,
  choice: fc.nat(0xffff),
  opening: fc.uint8Array({ minLength: 32, maxLength: 32 }),
});

test("a commitment is SHA-256 over label, poll, choice and opening", () => {
  const opening = new Uint8Array(32).fill(7);
  const input = concatBytes(
    utf8("carrara ballot commitment v1\0\x09emojivoto"),
    new Uint8Array([0x01, 0x02]),
    opening,
  );
  const made = { poll: "emojivoto", choice: 0x0102, opening };
  expect(toHex(commitmentOf(made))).toBe(toHex(sha(input)));
  const commit = createCommitter("emojivoto", sha);
  expect(toHex(commit(0x0809, new Uint8Array(32)))).not.toBe(toHex(sha(input)));
  expect(toHex(commit(0x0102, opening))).toBe(toHex(sha(input)));
});

test("poll, choice and opening each change the commitment", () => {
  fc.assert(
    fc.property(committed, fc.nat(31), (made, at) => {
      const code = toHex(commitmentOf(made));
      for (const changed of [
        { poll: made.poll === "p" ? "q" : "p" },
        { choice: made.choice ^ 1 },
        { opening: made.opening.map((byte, i) => (i === at ? byte ^ 1 : byte)) },
      ]) {
        expect(toHex(commitmentOf({ ...made, ...changed }))).not.toBe(code);
      }
    }),
  );
});

test("an entry is the version and the commitment", () => {
  const entry = entryOf(new Uint8Array(32).fill(0xab));
  expect(toHex(entry)).toBe(`01${"ab".repeat(32)}`);
  expect(entry).toHaveLength(ENTRY_BYTES);
});

test("what is no poll, opening, commitment or key is a mistake of the caller", () => {
  const opening = new Uint8Array(32);
  for (const name of ["", "A", "a b", "a/b", "é", "x".repeat(65)]) {
    expect(() => commitmentOf({ poll: name, choice: 1, opening })).toThrow(TypeError);
    expect(() => logOriginOf(name, opening)).toThrow(TypeError);
  }
  expect(() => commitmentOf({ poll: "p", choice: 65_536, opening })).toThrow(TypeError);
  expect(() => commitmentOf({ poll: "p", choice: 1, opening: new Uint8Array(31) })).toThrow(
    TypeError,
  );
  expect(() => entryOf(new Uint8Array(33))).toThrow(TypeError);
  expect(() => keyIdOf(new Uint8Array(65))).toThrow(TypeError);
});

test("a key id is the first 8 bytes of SHA-256 of the key", () => {
  const key = new Uint8Array(32).fill(4);
  expect(toHex(keyIdOf(key))).toBe(toHex(sha(key)).slice(0, 16));
});

test("a log is named after its poll and its key, and only so", () => {
  const publicKey = new Uint8Array(32).fill(3);
  const key = logKeyOf("emojivoto", publicKey);
  expect(key.name).toBe(`carrara.ballot/emojivoto/${toHex(sha(publicKey)).slice(0, 16)}`);
  expect(pollOfLogKey(key)).toBe("emojivoto");
  expect(pollOfLogKey({ ...key, publicKey: new Uint8Array(32) })).toBeUndefined();
  expect(pollOfLogKey({ ...key, type: "cosignature" })).toBeUndefined();
  expect(pollOfLogKey({ ...key, name: `${key.name}0` })).toBeUndefined();
});

test("an opening of the right choice is checked by anybody, any other is OPENING_INVALID", () => {
  fc.assert(
    fc.property(committed, fc.nat(31), (made, at) => {
      const text = encodeOpening({ ...made, commitment: commitmentOf(made) });
      const opening = parseOpening(text);
      expect(encodeOpening(opening)).toBe(text);
      checkOpening(opening);
      const flip = (bytes: Uint8Array): Uint8Array =>
        bytes.map((byte, i) => (i === at ? byte ^ 4 : byte));
      for (const wrong of [
        { choice: opening.choice ^ 1 },
        { poll: opening.poll === "p" ? "q" : "p" },
        { opening: flip(opening.opening) },
        { commitment: flip(opening.commitment) },
      ]) {
        expect(codeOf(() => checkOpening({ ...opening, ...wrong }))).toBe("OPENING_INVALID");
      }
    }),
  );
});
