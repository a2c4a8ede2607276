import { createHash } from "node:crypto";
import { toHex } from "@carrara/encoding";
import fc from "fast-check";
import { expect, test } from "vitest";
import { codeOf } from "./testing/code-of.ts";
import { createVerifierKey, encodeVerifierKey, parseVerifierKey } from "./verifier-key.ts";

const KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

test("the key hash is the first four bytes of SHA-256(name ‖ newline ‖ type ‖ key)", () => {
  const publicKey = new Uint8Array(32).fill(7);
  for (const [type, byte] of [["ed25519", 1] as const, ["cosignature", 4] as const]) {
    const key = createVerifierKey("w.example/é", type, publicKey);
    const digest = createHash("sha256")
      .update("w.example/é\n")
      .update(new Uint8Array([byte]))
      .update(publicKey)
      .digest();
    expect(key.keyHash).toBe(digest.readUInt32BE(0));
    expect(encodeVerifierKey(key)).toContain(`+${toHex(digest.subarray(0, 4))}+`);
  }
});

test("decoding undoes encoding, for keys", () => {
  const name = fc.stringMatching(/^[!-*,-~]{1,40}$/);
  const type = fc.constantFrom("ed25519" as const, "cosignature" as const);
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(name, type, bytes, (...parts) => {
      const key = createVerifierKey(...parts);
      expect(parseVerifierKey(encodeVerifierKey(key))).toEqual(key);
    }),
  );
});

test("no changed character leaves a key: VERIFIER_KEY_MALFORMED", () => {
  for (let at = 0; at < KEY.length; at += 1) {
    for (const character of ["A", "0", "+", " ", ""]) {
      const changed = KEY.slice(0, at) + character + KEY.slice(at + 1);
      if (changed === KEY) continue;
      expect(codeOf(() => parseVerifierKey(changed))).toBe("VERIFIER_KEY_MALFORMED");
    }
  }
});

test.each([
  ["an upper-case hash", KEY.replace("c74f20a3", "C74F20A3")],
  ["a short hash", KEY.replace("c74f20a3", "c74f20a")],
  ["a key type that is not known", KEY.replace("+AR", "+Ah")],
  ["a newline at the end", `${KEY}\n`],
  ["no name", KEY.slice("PeterNeumann".length)],
  ["a name that is too long", `${"n".repeat(257)}${KEY}`],
  ["over 512 characters", "n".repeat(513)],
  ["nothing", ""],
])("a key with %s is VERIFIER_KEY_MALFORMED", (_, text) => {
  expect(codeOf(() => parseVerifierKey(text))).toBe("VERIFIER_KEY_MALFORMED");
});

test("any text is a key that encodes to it, or VERIFIER_KEY_MALFORMED", () => {
  const part = fc.constantFrom(
    "+",
    "a",
    "c74f20a3",
    "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(part, { maxLength: 6 }).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (key) => {
      const code = codeOf(() => expect(encodeVerifierKey(parseVerifierKey(key))).toBe(key));
      expect(["none", "VERIFIER_KEY_MALFORMED"]).toContain(code);
    }),
    { numRuns: 1000 },
  );
});

test("a name or key that none can be is a mistake of the caller", () => {
  const key = new Uint8Array(32);
  for (const name of ["", "a b", "a+b", "a\nb", "n".repeat(257)]) {
    expect(() => createVerifierKey(name, "ed25519", key)).toThrow(TypeError);
  }
  expect(() => createVerifierKey("a", "ed25519", new Uint8Array(31))).toThrow(TypeError);
});
