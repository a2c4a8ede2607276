import {
  type CertificateTemplate,
  commonName,
  extension,
  generateEcKey,
  parseCertificate,
} from "@carrara/pki";
import { beforeAll, describe, expect, test } from "vitest";
import {
  type Bend,
  createRaTlsWorld,
  HOUR_MS,
  inputOf,
  NOW,
  type RaTlsWorld,
} from "./testing/ra-tls-world.ts";
import { verifyRaTls } from "./verifier.ts";

let world: RaTlsWorld;

beforeAll(async () => {
  world = await createRaTlsWorld();
});

describe("the certificate itself", () => {
  async function authority(bend: Bend = {}): Promise<Uint8Array> {
    return await world.certificateWith([], {
      signer: world.ca,
      ...bend,
      template: {
        subject: commonName("issuer"),
        spki: world.ca.spki,
        extensions: [extension.basicConstraints(true, 0), extension.keyUsage("keyCertSign")],
        ...bend.template,
      },
    });
  }

  test("must be signed by its own key without a CA", async () => {
    const certificate = await world.certificateWith([await world.quoteExtension()], {
      signer: world.ca,
    });
    expect(await world.verdict(certificate)).toBe("RATLS_CERT_SIGNATURE");
  });

  test("must be issued by the CA when there is one", async () => {
    const issued = await world.certificateWith([await world.quoteExtension()], {
      signer: world.ca,
    });
    const selfSigned = await world.certificateWith([await world.quoteExtension()]);
    expect(await world.verdict(issued, { ca: await authority() })).toBe("accepted");
    expect(await world.verdict(selfSigned, { ca: await authority() })).toBe("RATLS_CERT_SIGNATURE");
  });

  test("may be issued by an intermediate of the CA, which the path length must allow", async () => {
    const middle = await generateEcKey("P-256");
    const issued = await world.certificateWith([await world.quoteExtension()], {
      signer: middle,
      template: { issuer: commonName("middle") },
    });
    const template = { subject: commonName("middle"), spki: middle.spki };
    const intermediates = [await authority({ template })];
    const wide = [extension.basicConstraints(true, 1), extension.keyUsage("keyCertSign")];
    const root = await authority({ template: { extensions: wide } });
    expect(await world.verdict(issued, { ca: root, intermediates })).toBe("accepted");
    expect(await world.verdict(issued, { ca: root })).toBe("RATLS_CERT_SIGNATURE");
    expect(await world.verdict(issued, { ca: await authority(), intermediates })).toBe(
      "RATLS_CERT_SIGNATURE",
    );
    const many = new Array<Uint8Array>(5).fill(root);
    expect(await world.verdict(issued, { ca: root, intermediates: many })).toBe(
      "RATLS_CERT_SIGNATURE",
    );
  });

  test.each<[string, Partial<CertificateTemplate>, string]>([
    ["of another name", { subject: commonName("stranger") }, "RATLS_CERT_SIGNATURE"],
    ["without constraints", { extensions: [] }, "RATLS_CERT_SIGNATURE"],
    ["that is none", { extensions: [extension.basicConstraints(false)] }, "RATLS_CERT_SIGNATURE"],
    [
      "whose key may not sign certificates",
      { extensions: [extension.basicConstraints(true), extension.keyUsage("cRLSign")] },
      "RATLS_CERT_SIGNATURE",
    ],
    [
      "that cannot be read",
      { extensions: [{ ...extension.basicConstraints(true), value: new Uint8Array(1) }] },
      "RATLS_CERT_SIGNATURE",
    ],
    ["that has expired", { notAfter: new Date(NOW.getTime() - 1000) }, "RATLS_CERT_VALIDITY"],
    [
      "with a critical extension that is not understood",
      {
        extensions: [
          extension.basicConstraints(true),
          { oid: "1.2.3", critical: true, value: new Uint8Array(1) },
        ],
      },
      "CERT_CONSTRAINT",
    ],
  ])("is refused under a CA %s", async (_, template, code) => {
    const issued = await world.certificateWith([await world.quoteExtension()], {
      signer: world.ca,
    });
    const more = { ca: await authority({ template }), certValidity: "ignore" as const };
    expect(await world.verdict(issued, more)).toBe(code);
  });

  test("is refused under a CA that is no certificate", async () => {
    const issued = await world.certificateWith([await world.quoteExtension()], {
      signer: world.ca,
    });
    expect(await world.verdict(issued, { ca: new Uint8Array(2) })).toBe("RATLS_CERT_SIGNATURE");
  });

  test("is refused with a critical extension that is not understood", async () => {
    const strange = { oid: "1.2.3", critical: true, value: new Uint8Array(1) };
    const certificate = await world.certificateWith([await world.quoteExtension(), strange]);
    expect(await world.verdict(certificate)).toBe("CERT_CONSTRAINT");
  });

  test.each([
    ["before its time", { now: new Date(NOW.getTime() - 2 * HOUR_MS) }],
    ["after its time", { now: new Date(NOW.getTime() + 2 * HOUR_MS) }],
  ])("is refused %s unless its validity is to be ignored", async (_, more) => {
    const certificate = await world.certificateWith([await world.quoteExtension()]);
    expect(await world.verdict(certificate, more)).toBe("RATLS_CERT_VALIDITY");
    expect(await world.verdict(certificate, { ...more, certValidity: "ignore" })).toBe("accepted");
  });

  test("cannot be shared memory", async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(8));
    expect(await world.verdict(shared)).toBe("VERIFIER_INPUT");
  });

  test("comes back parsed", async () => {
    const der = await world.certificateWith([await world.quoteExtension()]);
    const { certificate } = await verifyRaTls(inputOf(der));
    expect(certificate).toEqual(parseCertificate(der));
  });
});
