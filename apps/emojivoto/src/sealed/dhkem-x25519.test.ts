import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createDecapsulator } from "./dhkem-x25519.ts";

const hex = (text: string): Uint8Array => Buffer.from(text, "hex");
const base64url = (text: string): string => Buffer.from(text, "hex").toString("base64url");

/** RFC 9180, A.1.1. */
const A11 = {
  skRm: "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
  pkRm: "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d",
  enc: "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
  sharedSecret: "fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc",
};

function keyOf({ skRm, pkRm }: { readonly skRm: string; readonly pkRm: string }): KeyObject {
  const key = { kty: "OKP", crv: "X25519", d: base64url(skRm), x: base64url(pkRm) };
  return createPrivateKey({ key, format: "jwk" });
}

/** The number `p + offset` for p = 2^255 - 19, little-endian. */
function aboveP(offset: number): Uint8Array {
  const bytes = new Uint8Array(32).fill(0xff);
  bytes[0] = 0xed + offset;
  bytes[31] = 0x7f;
  return bytes;
}

const withTopBit = (bytes: Uint8Array): Uint8Array =>
  Uint8Array.from(bytes).with(31, (bytes[31] ?? 0) | 0x80);

describe("the vector of RFC 9180, A.1.1", () => {
  const { publicKey, decapsulate } = createDecapsulator(keyOf(A11));

  test("gives the public key and the shared secret", () => {
    expect(Buffer.from(publicKey).toString("hex")).toBe(A11.pkRm);
    expect(Buffer.from(decapsulate(hex(A11.enc))).toString("hex")).toBe(A11.sharedSecret);
  });

  test("gives the same again after another encapsulation", () => {
    decapsulate(hex(A11.pkRm));
    expect(Buffer.from(decapsulate(hex(A11.enc))).toString("hex")).toBe(A11.sharedSecret);
  });

  test("gives another secret for the same point in another encoding", () => {
    const other = decapsulate(withTopBit(hex(A11.enc)));
    expect(Buffer.from(other).toString("hex")).not.toBe(A11.sharedSecret);
  });
});

/** All points of low order on the curve and its twist, in each encoding below 2^255. */
const LOW_ORDER: readonly (readonly [string, Uint8Array])[] = [
  ["0", new Uint8Array(32)],
  ["1", new Uint8Array(32).with(0, 1)],
  ["of order 8", hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")],
  ["of order 8, too", hex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157")],
  ["p - 1", aboveP(-1)],
  ["p", aboveP(0)],
  ["p + 1", aboveP(1)],
];

describe("a point of low order is BALLOT_MALFORMED", () => {
  const { decapsulate } = createDecapsulator(generateKeyPairSync("x25519").privateKey);

  test.each(LOW_ORDER)("%s", (_, enc) => {
    const refused = expect.objectContaining({ code: "BALLOT_MALFORMED" });
    expect(() => decapsulate(enc)).toThrow(refused);
    expect(() => decapsulate(withTopBit(enc))).toThrow(refused);
  });
});

test("other numbers above p are the points that RFC 7748 says, bound by their bytes", () => {
  const { decapsulate } = createDecapsulator(keyOf(A11));
  for (let u = 2; u <= 18; u++) {
    const encodings = [new Uint8Array(32).with(0, u), aboveP(u)];
    const secrets = [...encodings, ...encodings.map(withTopBit)].map((enc) =>
      Buffer.from(decapsulate(enc)).toString("hex"),
    );
    expect(new Set(secrets).size).toBe(4);
  }
});

test.each([0, 31, 33, 65])("a key of %d bytes is BALLOT_MALFORMED", (length) => {
  const { decapsulate } = createDecapsulator(generateKeyPairSync("x25519").privateKey);
  expect(() => decapsulate(new Uint8Array(length).fill(9))).toThrow(
    expect.objectContaining({ code: "BALLOT_MALFORMED" }),
  );
});
