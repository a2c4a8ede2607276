import { execFileSync } from "node:child_process";
import { encodePem } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  commonName,
  createCertificateRequest,
  generateEcKey,
  PkiError,
  parseCertificateRequest,
} from "./index.ts";

const NAMES = { dnsNames: ["web", "localhost"], ipAddresses: ["127.0.0.1"] };

async function request(): Promise<Uint8Array> {
  const key = await generateEcKey("P-384");
  return await createCertificateRequest(
    { subject: commonName("web"), spki: key.spki, ...NAMES },
    key.signer,
  );
}

describe("certificate requests", () => {
  test("come back as they were made, and OpenSSL verifies them", async () => {
    const bytes = await request();
    expect(await parseCertificateRequest(bytes)).toMatchObject({
      subject: commonName("web"),
      ...NAMES,
    });
    const output = execFileSync("openssl", ["req", "-noout", "-verify", "-text"], {
      input: encodePem("CERTIFICATE REQUEST", bytes),
      stdio: ["pipe", "pipe", "pipe"],
    }).toString();
    expect(output).toContain("DNS:web, DNS:localhost, IP Address:127.0.0.1");
  });

  test("with a changed name are refused with CSR_SIGNATURE_INVALID", async () => {
    const bytes = await request();
    const at = Buffer.from(bytes).indexOf("localhost");
    bytes[at] = "L".charCodeAt(0);
    await expect(parseCertificateRequest(bytes)).rejects.toMatchObject({
      code: "CSR_SIGNATURE_INVALID",
    });
  });

  test("any bytes give a request or a PkiError", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 120 }), async (input) => {
        await expect(parseCertificateRequest(input)).rejects.toBeInstanceOf(PkiError);
      }),
    );
  });
});
