import { execFileSync } from "node:child_process";
import { encodePem, toHex } from "@carrara/encoding";
import { describe, expect, test } from "vitest";
import {
  commonName,
  encodeName,
  extension,
  generateEcKey,
  isSignedBy,
  issueCrl,
  keyIdentifier,
  parseCrl,
} from "./index.ts";

async function crl(): Promise<{ bytes: Uint8Array; spki: Uint8Array }> {
  const key = await generateEcKey("P-256");
  const bytes = await issueCrl(
    {
      issuer: commonName("CA"),
      thisUpdate: new Date("2026-01-01T00:00:00Z"),
      nextUpdate: new Date("2026-02-01T00:00:00Z"),
      revoked: [{ serial: new Uint8Array([0x80, 1]), date: new Date("2026-01-01T00:00:00Z") }],
      extensions: [
        extension.authorityKeyIdentifier(await keyIdentifier(key.spki)),
        extension.crlNumber(7n),
      ],
    },
    key.signer,
  );
  return { bytes, spki: key.spki };
}

describe("revocation lists", () => {
  test("come back as they were issued, and OpenSSL reads them", async () => {
    const { bytes, spki } = await crl();
    const parsed = parseCrl(bytes);
    expect(toHex(parsed.issuerRaw)).toBe(toHex(encodeName(commonName("CA"))));
    expect(parsed.nextUpdate).toEqual(new Date("2026-02-01T00:00:00Z"));
    expect([...parsed.revoked]).toEqual(["008001"]);
    expect(await isSignedBy(parsed, spki)).toBe(true);
    const text = execFileSync("openssl", ["crl", "-noout", "-text"], {
      input: encodePem("X509 CRL", bytes),
    }).toString();
    expect(text).toContain("Serial Number: 8001");
  });

  test("are refused with CRL_MALFORMED when cut off anywhere", async () => {
    const { bytes } = await crl();
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => parseCrl(bytes.subarray(0, length))).toThrow(
        expect.objectContaining({ code: "CRL_MALFORMED" }),
      );
    }
  });
});
