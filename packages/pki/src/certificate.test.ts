import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { encodePem, equalBytes } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  commonName,
  commonNameOf,
  type EcKey,
  extension,
  findExtension,
  generateEcKey,
  isSignedBy,
  issueCertificate,
  keyIdentifier,
  OID,
  PkiError,
  parseAlternativeNames,
  parseBasicConstraints,
  parseCertificate,
  parseExtendedKeyUsage,
  parseKeyUsage,
  randomSerial,
} from "./index.ts";

const NOT_BEFORE = new Date("2026-01-01T00:00:00Z");
const NOT_AFTER = new Date("2318-06-01T12:00:00Z");
const NAMES = { dnsNames: ["localhost", "emoji-svc.emojivoto"], ipAddresses: ["127.0.0.1", "::1"] };

async function selfSigned(key: EcKey): Promise<Uint8Array> {
  return await issueCertificate(
    {
      serial: randomSerial(),
      issuer: commonName("MarbleRun Coordinator"),
      subject: commonName("MarbleRun Coordinator"),
      notBefore: NOT_BEFORE,
      notAfter: NOT_AFTER,
      spki: key.spki,
      extensions: [
        extension.keyUsage("digitalSignature", "keyCertSign"),
        extension.extendedKeyUsage(OID.serverAuth, OID.clientAuth),
        extension.basicConstraints(true, 1),
        extension.subjectKeyIdentifier(await keyIdentifier(key.spki)),
        extension.subjectAlternativeName(NAMES),
        { oid: "1.3.9903.2.1", critical: false, value: new TextEncoder().encode("web") },
      ],
    },
    key.signer,
  );
}

describe.each(["P-256", "P-384"] as const)("a certificate on %s", (curve) => {
  test("is read back as it was issued", async () => {
    const key = await generateEcKey(curve);
    const certificate = parseCertificate(await selfSigned(key));
    expect(commonNameOf(certificate.subject)).toBe("MarbleRun Coordinator");
    expect(certificate.notBefore).toEqual(NOT_BEFORE);
    expect(certificate.notAfter).toEqual(NOT_AFTER);
    expect(equalBytes(certificate.spki, key.spki)).toBe(true);
    const value = (oid: string): Uint8Array =>
      findExtension(certificate, oid)?.value ?? new Uint8Array();
    expect(parseBasicConstraints(value(OID.basicConstraints))).toEqual({ ca: true, pathLength: 1 });
    expect([...parseKeyUsage(value(OID.keyUsage))]).toEqual(["digitalSignature", "keyCertSign"]);
    expect(parseExtendedKeyUsage(value(OID.extendedKeyUsage))).toEqual([
      OID.serverAuth,
      OID.clientAuth,
    ]);
    expect(parseAlternativeNames(value(OID.subjectAlternativeName))).toEqual(NAMES);
    expect(await isSignedBy(certificate, key.spki)).toBe(true);
  });

  test("is accepted by Node and OpenSSL", async () => {
    const key = await generateEcKey(curve);
    const bytes = await selfSigned(key);
    const node = new X509Certificate(bytes);
    expect(node.verify(node.publicKey)).toBe(true);
    expect(node.ca).toBe(true);
    expect(node.subjectAltName).toContain("DNS:emoji-svc.emojivoto");
    const text = execFileSync("openssl", ["x509", "-noout", "-text"], {
      input: encodePem("CERTIFICATE", bytes),
    }).toString();
    expect(text).toContain("CN = MarbleRun Coordinator");
    expect(text).toContain("CA:TRUE, pathlen:1");
  });

  test("does not verify with any bit flipped", async () => {
    const key = await generateEcKey(curve);
    const bytes = await selfSigned(key);
    const position = fc.nat(bytes.length * 8 - 1);
    await fc.assert(
      fc.asyncProperty(position, async (bit) => {
        const damaged = bytes.slice();
        damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        let valid = false;
        try {
          const certificate = parseCertificate(damaged);
          valid = await isSignedBy(certificate, key.spki);
        } catch {
          valid = false;
        }
        expect(valid).toBe(false);
      }),
      { numRuns: 60 },
    );
  });
});

describe("parseCertificate", () => {
  test("gives a certificate or CERT_MALFORMED for any bytes and every truncation", async () => {
    const bytes = await selfSigned(await generateEcKey("P-256"));
    const refused = (input: Uint8Array): void => {
      try {
        parseCertificate(input);
        expect.fail("accepted");
      } catch (error) {
        expect(error).toBeInstanceOf(PkiError);
        expect((error as PkiError).code).toBe("CERT_MALFORMED");
      }
    };
    for (let length = 0; length < bytes.length; length += 7) refused(bytes.subarray(0, length));
    refused(new Uint8Array(20_000));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), refused));
  });
});
