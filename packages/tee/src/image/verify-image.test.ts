import { execFileSync } from "node:child_process";
import { createHash, createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mrSignerOf, parseSigstruct, verifySigstruct } from "@carrara/attestation";
import { concatBytes, toHex, utf8 } from "@carrara/encoding";
import { beforeAll, describe, expect, test } from "vitest";
import { TeeError } from "../error.ts";
import { imageOf, PAPER_NODE, PLAIN_SETTINGS, signedImageOf } from "../testing/signed-image.ts";
import { parseImage } from "./image.ts";
import { measureImage } from "./measure-image.ts";
import { readPackageInfo } from "./package-info.ts";
import { generateSigningKey, signImage } from "./sign-image.ts";
import { verifyImage } from "./verify-image.ts";

const SOURCE = "console.log('measured')";
const DATE = new Date("2026-11-21T12:00:00Z");
const REFUSALS = ["IMAGE_MALFORMED", "IMAGE_SIGNATURE_INVALID", "IMAGE_MEASUREMENT_MISMATCH"];

let key = "";
let signed = new Uint8Array();

beforeAll(async () => {
  key = await generateSigningKey();
  signed = new Uint8Array(await signedImageOf(SOURCE, { key, node: PAPER_NODE }));
});

async function codeOf(image: Uint8Array): Promise<string> {
  try {
    await verifyImage(image, PAPER_NODE);
    return "accepted";
  } catch (error) {
    if (!(error instanceof TeeError)) throw error;
    return error.code;
  }
}

describe("the measurement", () => {
  test("is the hash of the measurement document, written out by hand", () => {
    const image = parseImage(imageOf(SOURCE));
    const sha256 = (...parts: readonly Uint8Array[]): Uint8Array =>
      createHash("sha256")
        .update(concatBytes(...parts))
        .digest();
    const number = (value: number, bytes: number): Uint8Array =>
      Uint8Array.from({ length: bytes }, (_, i) => (i < 4 ? (value >>> (8 * i)) & 0xff : 0));
    const record = (type: number, name: string, size: number, hash: Uint8Array): Uint8Array =>
      concatBytes(number(type, 1), number(name.length, 4), utf8(name), number(size, 8), hash);
    const settings = image.records[1]?.content ?? new Uint8Array();
    const expected = sha256(
      utf8("sim-mrenclave-v1\0"),
      record(1, "node", 1234, PAPER_NODE.sha256),
      record(3, "main.mjs", SOURCE.length, sha256(utf8(SOURCE))),
      record(7, "launch.json", settings.length, sha256(settings)),
    );
    expect(toHex(measureImage(image, PAPER_NODE))).toBe(toHex(expected));
  });

  test.each([
    ["the bundle", imageOf(`${SOURCE} `), PAPER_NODE],
    ["the security version", imageOf(SOURCE, { securityVersion: 4 }), PAPER_NODE],
    ["a fixed variable", imageOf(SOURCE, { env: { A: "1" } }), PAPER_NODE],
    ["the node binary", imageOf(SOURCE), { ...PAPER_NODE, sha256: new Uint8Array(32) }],
  ])("changes with %s", (_, image, node) => {
    const before = measureImage(parseImage(imageOf(SOURCE)), PAPER_NODE);
    expect(measureImage(parseImage(image), node)).not.toEqual(before);
  });
});

describe("a signed image", () => {
  test("carries a sigstruct that the verifier of evidence accepts", async () => {
    const sigstruct = await verifySigstruct(parseImage(signed).sigstruct ?? new Uint8Array());
    expect(sigstruct).toMatchObject({ exponent: 3, isvProdId: 7, isvSvn: 3 });
    expect(sigstruct.mrEnclave).toEqual(measureImage(parseImage(signed), PAPER_NODE));
  });

  test("carries a signature that OpenSSL accepts, with the quotients that follow from it", () => {
    const sigstruct = Buffer.from(parseImage(signed).sigstruct ?? new Uint8Array());
    const part = (from: number, to: number): Buffer => Buffer.from(sigstruct.subarray(from, to));
    const dir = mkdtempSync(join(tmpdir(), "sigstruct-"));
    const [publicKey, signature] = [join(dir, "key.pem"), join(dir, "signature")];
    writeFileSync(publicKey, createPublicKey(key).export({ type: "spki", format: "pem" }));
    writeFileSync(signature, part(516, 900).reverse());
    const verdict = execFileSync(
      "openssl",
      ["dgst", "-sha256", "-verify", publicKey, "-signature", signature],
      { input: Buffer.concat([part(0, 128), part(900, 1028)]) },
    );
    rmSync(dir, { recursive: true });
    expect(verdict.toString()).toBe("Verified OK\n");
    const number = (from: number): bigint =>
      BigInt(
        `0x${part(from, from + 384)
          .reverse()
          .toString("hex")}`,
      );
    const [n, s, q1, q2] = [number(128), number(516), number(1040), number(1424)];
    expect([q1, q2]).toEqual([(s * s) / n, (s * s * s - ((s * s) / n) * s * n) / n]);
  });

  test("names day, DEBUG and modulus as the specification lays them out", async () => {
    const debug = await signedImageOf(SOURCE, { key, node: PAPER_NODE, settings: { debug: true } });
    const bytes = parseImage(debug).sigstruct ?? new Uint8Array();
    expect(toHex(bytes.subarray(20, 24))).toBe("21112620");
    expect(parseSigstruct(bytes).attributes[0]).toBe(0x06);
  });

  test("has the identity that its package info says", async () => {
    const { identity } = await verifyImage(signed, PAPER_NODE);
    const sigstruct = parseSigstruct(parseImage(signed).sigstruct ?? new Uint8Array());
    expect(identity.mrSigner).toEqual(await mrSignerOf(sigstruct.modulus));
    expect(await readPackageInfo(signed, PAPER_NODE)).toEqual({
      UniqueID: toHex(identity.mrEnclave),
      SignerID: toHex(identity.mrSigner),
      ProductID: PLAIN_SETTINGS.productId,
      SecurityVersion: PLAIN_SETTINGS.securityVersion,
      Debug: false,
    });
  });

  test("is refused when any one of its bytes is flipped", { timeout: 60_000 }, async () => {
    const outcomes = new Set<string>();
    for (let offset = 0; offset < signed.length; offset += 1) {
      const flipped = signed.slice();
      flipped[offset] = (flipped[offset] ?? 0) ^ (1 << (offset % 8));
      outcomes.add(await codeOf(flipped));
    }
    expect([...outcomes].toSorted()).toEqual(REFUSALS.toSorted());
  });

  test("is IMAGE_UNSIGNED without its signature", async () => {
    expect(await codeOf(imageOf(SOURCE))).toBe("IMAGE_UNSIGNED");
  });

  test("is IMAGE_MEASUREMENT_MISMATCH with the signature of another image", async () => {
    const other = parseImage(await signedImageOf("other", { key, node: PAPER_NODE })).sigstruct;
    const swapped = concatBytes(imageOf(SOURCE), other ?? new Uint8Array());
    expect(await codeOf(swapped)).toBe("IMAGE_MEASUREMENT_MISMATCH");
  });

  test("is IMAGE_MEASUREMENT_MISMATCH under another node binary", async () => {
    const node = { ...PAPER_NODE, bytes: 1 };
    await expect(verifyImage(signed, node)).rejects.toMatchObject({
      code: "IMAGE_MEASUREMENT_MISMATCH",
    });
  });

  test("is signed anew in place of the old signature", async () => {
    const again = await signImage(signed, key, { date: DATE, node: PAPER_NODE });
    expect(again).toEqual(signed);
  });

  test.each([
    ["an rsa key with another exponent", () => generateKeyPairSync("rsa", { modulusLength: 3072 })],
    ["an elliptic key", () => generateKeyPairSync("ec", { namedCurve: "P-256" })],
  ])("is not made with %s: SIGNING_KEY_INVALID", async (_, make) => {
    const pem = make().privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    await expect(signImage(signed, pem, { date: DATE, node: PAPER_NODE })).rejects.toMatchObject({
      code: "SIGNING_KEY_INVALID",
    });
  });

  test("is not made with text that is no key: SIGNING_KEY_INVALID", async () => {
    await expect(
      signImage(signed, "no key", { date: DATE, node: PAPER_NODE }),
    ).rejects.toMatchObject({ code: "SIGNING_KEY_INVALID" });
  });
});
