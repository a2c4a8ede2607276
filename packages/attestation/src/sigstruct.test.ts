import { concatBytes, fromHex } from "@carrara/encoding";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { sha256 } from "./crypto.ts";
import { AttestationError } from "./error.ts";
import { mrSignerOf, parseSigstruct, SIGSTRUCT_BYTES, verifySigstruct } from "./sigstruct.ts";

const ALGORITHM = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const MR_ENCLAVE = new Uint8Array(32).fill(0xcd);

function bigint(littleEndian: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(littleEndian.toReversed()).toString("hex")}`);
}

function littleEndian(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(768, "0")).toReversed();
}

async function signedSigstruct(): Promise<Uint8Array> {
  const publicExponent = new Uint8Array([3]);
  const parameters = { ...ALGORITHM, modulusLength: 3072, publicExponent };
  const { privateKey, publicKey } = await crypto.subtle.generateKey(parameters, true, [
    "sign",
    "verify",
  ]);
  const { n = "" } = await crypto.subtle.exportKey("jwk", publicKey);
  const out = new Uint8Array(SIGSTRUCT_BYTES);
  out.set(fromHex("06000000e10000000000010000000000"), 0);
  out.set(fromHex("01010000600000006000000001000000"), 24);
  out.set(new Uint8Array(Buffer.from(n, "base64url")).toReversed(), 128);
  out.set([3], 512);
  out.set(fromHex("05000000000000000300000000000000"), 928);
  out.set(MR_ENCLAVE, 960);
  out.set([0x34, 0x12, 0x02, 0x00], 1024);
  const data = concatBytes(out.subarray(0, 128), out.subarray(900, 1028));
  const signature = new Uint8Array(await crypto.subtle.sign(ALGORITHM, privateKey, data));
  out.set(signature.toReversed(), 516);
  const [modulus, s] = [bigint(out.subarray(128, 512)), bigint(out.subarray(516, 900))];
  const q1 = (s * s) / modulus;
  out.set(littleEndian(q1), 1040);
  out.set(littleEndian((s * s * s - q1 * s * modulus) / modulus), 1424);
  return out;
}

async function codeOf(bytes: Uint8Array): Promise<string> {
  try {
    await verifySigstruct(bytes);
    return "accepted";
  } catch (error) {
    if (error instanceof AttestationError) return error.code;
    throw error;
  }
}

describe("a SIGSTRUCT", () => {
  let good: Uint8Array;
  beforeAll(async () => {
    good = await signedSigstruct();
  });

  test("verifies, and says what it signs", async () => {
    const sigstruct = await verifySigstruct(good);
    expect(sigstruct).toMatchObject({ exponent: 3, isvProdId: 0x1234, isvSvn: 2 });
    expect(sigstruct.mrEnclave).toEqual(MR_ENCLAVE);
    expect(await mrSignerOf(sigstruct.modulus)).toEqual(await sha256(good.slice(128, 512)));
  });

  test("is refused when any signed or signing bit is flipped", async () => {
    // What EINIT reads: header to modulus and exponent, signature, body, Q1 and Q2.
    const offset = fc.oneof(
      fc.nat(899),
      fc.integer({ min: 900, max: 1027 }),
      fc.integer({ min: 1040, max: 1807 }),
    );
    await fc.assert(
      fc.asyncProperty(offset, fc.nat(7), async (at, shift) => {
        const bytes = good.slice();
        bytes[at] = (bytes[at] ?? 0) ^ (1 << shift);
        expect(await codeOf(bytes)).toMatch(/^SIGSTRUCT_(MALFORMED|SIGNATURE_INVALID)$/);
      }),
      { numRuns: 150 },
    );
  });

  test.each([
    ["SIGSTRUCT_MALFORMED", "another length", () => good.subarray(1)],
    [
      "SIGSTRUCT_MALFORMED",
      "another exponent",
      () => concatBytes(good.subarray(0, 512), new Uint8Array([1]), good.subarray(513)),
    ],
    [
      "SIGSTRUCT_MALFORMED",
      "another header",
      () => concatBytes(new Uint8Array(1), good.subarray(1)),
    ],
    [
      "SIGSTRUCT_SIGNATURE_INVALID",
      "no modulus",
      () => concatBytes(good.subarray(0, 128), new Uint8Array(384), good.subarray(512)),
    ],
    [
      "SIGSTRUCT_SIGNATURE_INVALID",
      "no Q2",
      () => concatBytes(good.subarray(0, 1424), new Uint8Array(384)),
    ],
  ])("is refused with %s for %s", async (code, _, make) => {
    expect(await codeOf(make())).toBe(code);
  });

  test("of any bytes is refused with a code", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        expect(() => parseSigstruct(bytes)).toThrow(AttestationError);
      }),
    );
  });
});
