import { encodeOeQuote } from "@carrara/attestation";
import { encodePem, toBase64, utf8 } from "@carrara/encoding";
import { commonName, generateEcKey, issueCertificate, randomSerial } from "@carrara/pki";
import { beforeAll, describe, expect, test } from "vitest";
import { attestCoordinator } from "./attest-coordinator.ts";
import { createFakeTransport, success } from "./testing/fake-server.ts";

let certificate = "";
/** Of another authority with the same name. */
let foreign = "";

beforeAll(async () => {
  certificate = await selfSigned("root");
  foreign = await selfSigned("root");
});

async function selfSigned(commonNameText: string): Promise<string> {
  const key = await generateEcKey("P-256");
  const name = commonName(commonNameText);
  const der = await issueCertificate(
    {
      serial: randomSerial(),
      issuer: name,
      subject: name,
      notBefore: new Date(0),
      notAfter: new Date(4e12),
      spki: key.spki,
      extensions: [],
    },
    key.signer,
  );
  return encodePem("CERTIFICATE", der);
}

async function attest(cert: string, quote: Uint8Array | null, insecure = true): Promise<unknown> {
  const data = { cert, quote: quote === null ? null : toBase64(quote) };
  const { transport } = createFakeTransport({ "GET /api/v2/quote": success(data) });
  return await attestCoordinator({ transport, policy: { insecure } });
}

describe("attestCoordinator", () => {
  test.each([
    ["no certificate", () => ""],
    ["one certificate", () => certificate],
    ["three certificates", () => certificate.repeat(3)],
    ["certificates that are none", () => encodePem("CERTIFICATE", utf8("x")).repeat(2)],
    ["broken PEM", () => "-----BEGIN CERTIFICATE-----"],
  ])("refuses %s with RESPONSE_INVALID", async (_, chain) => {
    await expect(attest(chain(), null)).rejects.toMatchObject({
      name: "ClientError",
      code: "RESPONSE_INVALID",
    });
  });

  test("refuses an intermediate of another authority, which would be trusted with the chain", async () => {
    const otherName = await selfSigned("other");
    for (const intermediate of [foreign, otherName]) {
      for (const quote of [null, encodeOeQuote(new Uint8Array(600))]) {
        await expect(attest(`${intermediate}${certificate}`, quote)).rejects.toMatchObject({
          code: "INTERMEDIATE_FOREIGN",
        });
      }
    }
  });

  test.each([
    ["that is no quote", utf8("quote")],
    ["without the Open Enclave form", new Uint8Array(600)],
    ["that is cut off", encodeOeQuote(new Uint8Array(48))],
  ])("refuses evidence %s with EVIDENCE_INVALID, even when insecure", async (_, quote) => {
    await expect(attest(certificate.repeat(2), quote)).rejects.toMatchObject({
      code: "EVIDENCE_INVALID",
    });
  });

  test.each([null, new Uint8Array(0)])("takes %j for no evidence", async (quote) => {
    const chain = certificate.repeat(2);
    await expect(attest(chain, quote, false)).rejects.toMatchObject({ code: "EVIDENCE_MISSING" });
    expect(await attest(chain, quote)).toEqual({
      assurance: "none",
      rootPem: certificate,
      intermediatePem: certificate,
      chainPem: chain,
    });
  });
});
