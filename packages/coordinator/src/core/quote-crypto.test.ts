import { describe, expect, test } from "vitest";
import { NODE_QUOTE_CRYPTO } from "./quote-crypto.ts";

const { sha256, verifyP256 } = NODE_QUOTE_CRYPTO;
const P256 = { name: "ECDSA", namedCurve: "P-256" };
const ECDSA = { name: "ECDSA", hash: "SHA-256" };
const DATA = new Uint8Array(100).fill(7);

const pair = await crypto.subtle.generateKey(P256, false, ["sign", "verify"]);
const other = await crypto.subtle.generateKey(P256, false, ["sign", "verify"]);
const signature = new Uint8Array(await crypto.subtle.sign(ECDSA, pair.privateKey, DATA));

function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.map((octet, i) => (i === bit >> 3 ? octet ^ (1 << (bit & 7)) : octet));
}

test("hashes as WebCrypto does", async () => {
  const expected = new Uint8Array(await crypto.subtle.digest("SHA-256", DATA));
  expect(await sha256(DATA)).toEqual(expected);
});

describe("a P-256 signature", () => {
  test("that WebCrypto made verifies", async () => {
    expect(await verifyP256(pair.publicKey, signature, DATA)).toBe(true);
  });

  test("by another key does not verify", async () => {
    expect(await verifyP256(other.publicKey, signature, DATA)).toBe(false);
  });

  test("with a flipped bit does not verify", async () => {
    for (let bit = 0; bit < signature.length * 8; bit += 1) {
      expect(await verifyP256(pair.publicKey, flipBit(signature, bit), DATA)).toBe(false);
    }
  });

  test("over data with a flipped bit does not verify", async () => {
    for (let bit = 0; bit < DATA.length * 8; bit += 37) {
      expect(await verifyP256(pair.publicKey, signature, flipBit(DATA, bit))).toBe(false);
    }
  });

  test.each([
    ["zeros", new Uint8Array(64)],
    ["r beyond the order", new Uint8Array(64).fill(0xff)],
    ["nothing", new Uint8Array(0)],
    ["half of it", signature.subarray(0, 32)],
    ["a byte too much", new Uint8Array([...signature, 0])],
  ])("of %s is refused as by WebCrypto", async (_, bytes) => {
    const theirs = await crypto.subtle.verify(ECDSA, pair.publicKey, bytes, DATA);
    expect([await verifyP256(pair.publicKey, bytes, DATA), theirs]).toEqual([false, false]);
  });
});
