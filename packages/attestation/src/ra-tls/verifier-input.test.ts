import { utf8 } from "@carrara/encoding";
import { commonName, extension, generateEcKey, issueCertificate } from "@carrara/pki";
import { beforeAll, describe, expect, test } from "vitest";
import { createDcapVerifier } from "../dcap/verifier.ts";
import { FOREIGN_MEMORY } from "../testing/foreign-memory.ts";
import { createTestPlatform, type TestPlatform } from "../testing/test-platform.ts";
import { codeOf } from "../testing/verify-code.ts";
import { createRaTlsClaims, raTlsExtension } from "./issue.ts";
import { readRaTlsEvidence } from "./read-evidence.ts";
import { type AttestedReport, type RaTlsVerification, verifyRaTls } from "./verifier.ts";

const NONCE = utf8("a nonce of the caller");
const HOUR_MS = 60 * 60 * 1000;

type Input = Required<RaTlsVerification<AttestedReport>>;

let platform: TestPlatform;
let good: Pick<Input, "certificate" | "ca"> & { readonly intermediate: Uint8Array };

beforeAll(async () => {
  platform = await createTestPlatform();
  good = await issueChain(platform);
});

/** An attested certificate under a CA of the caller's, with one certificate between. */
async function issueChain({ now, quote }: TestPlatform): Promise<typeof good> {
  const [root, middle, peer] = await Promise.all(
    ["P-256", "P-256", "P-256"].map(async () => await generateEcKey("P-256")),
  );
  if (root === undefined || middle === undefined || peer === undefined) throw new TypeError();
  const { claims, reportData } = await createRaTlsClaims({ spki: peer.spki, nonce: NONCE });
  const authority = [extension.basicConstraints(true), extension.keyUsage("keyCertSign")];
  const template = {
    serial: new Uint8Array([5]),
    notBefore: new Date(now.getTime() - HOUR_MS),
    notAfter: new Date(now.getTime() + HOUR_MS),
  };
  const [rootName, middleName] = [commonName("root"), commonName("middle")];
  return {
    ca: await issueCertificate(
      { ...template, issuer: rootName, subject: rootName, spki: root.spki, extensions: authority },
      root.signer,
    ),
    intermediate: await issueCertificate(
      {
        ...template,
        issuer: rootName,
        subject: middleName,
        spki: middle.spki,
        extensions: authority,
      },
      root.signer,
    ),
    certificate: await issueCertificate(
      {
        ...template,
        issuer: middleName,
        subject: commonName("peer"),
        spki: peer.spki,
        extensions: [raTlsExtension({ quote: await quote(reportData), claims })],
      },
      middle.signer,
    ),
  };
}

/** An input whose bytes are its own and whose evidence is verified for real. */
function inputOf(): Input {
  const { collateral, anchor, now } = platform;
  return {
    certificate: good.certificate.slice(),
    ca: good.ca.slice(),
    intermediates: [good.intermediate.slice()],
    nonce: NONCE.slice(),
    certValidity: "enforce",
    now: new Date(now),
    verifyEvidence: async (quote) => {
      const verified = await createDcapVerifier().verify({ quote, collateral, anchor, now });
      // What a careless callback does to its argument concerns nobody else.
      quote.fill(0);
      return { reportData: verified.body.reportData.slice() };
    },
  };
}

test("the chain verifies as it is", async () => {
  expect(await codeOf(verifyRaTls(inputOf()))).toBe("accepted");
});

describe.each(FOREIGN_MEMORY)(
  "memory that is %s is refused with VERIFIER_INPUT",
  (_, elsewhere) => {
    test.each<[string, (input: Input) => Partial<Input>]>([
      ["certificate", ({ certificate }) => ({ certificate: elsewhere(certificate) })],
      ["ca", ({ ca }) => ({ ca: elsewhere(ca) })],
      ["intermediates", ({ intermediates }) => ({ intermediates: intermediates.map(elsewhere) })],
      ["nonce", ({ nonce }) => ({ nonce: elsewhere(nonce) })],
    ])("as %s", async (__, change) => {
      const input = inputOf();
      expect(await codeOf(verifyRaTls({ ...input, ...change(input) }))).toBe("VERIFIER_INPUT");
    });

    test("as a certificate that is only read", () => {
      expect(() => readRaTlsEvidence(elsewhere(good.certificate))).toThrow(
        expect.objectContaining({ code: "VERIFIER_INPUT" }),
      );
    });
  },
);

describe("what the caller does to its objects meanwhile has no effect:", () => {
  test.each<[string, (input: Input) => void]>([
    ["another certificate", ({ certificate }) => void certificate.fill(0)],
    ["another ca", ({ ca }) => void ca.fill(0)],
    [
      "other certificates between",
      ({ intermediates }) => intermediates.forEach((der) => void der.fill(0)),
    ],
    ["no certificates between", (input) => Object.assign(input, { intermediates: [] })],
    ["another nonce", ({ nonce }) => void nonce.fill(0)],
    ["another time", ({ now }) => void now.setTime(0)],
  ])("%s", async (_, change) => {
    const input = inputOf();
    const work = verifyRaTls(input);
    change(input);
    const { evidence, certificate } = await work;
    expect(certificate.raw).toEqual(good.certificate);
    expect(evidence.evidence).toEqual(readRaTlsEvidence(good.certificate).evidence.evidence);
  });

  test("a time that only becomes good while it is verified", async () => {
    const now = new Date(platform.now.getTime() + 2 * HOUR_MS);
    const { ca: _, intermediates: __, ...selfSigned } = inputOf();
    const work = verifyRaTls({
      ...selfSigned,
      certificate: await selfSignedCertificate(),
      now,
      verifyEvidence: async (quote) => {
        now.setTime(platform.now.getTime());
        return await inputOf().verifyEvidence(quote, []);
      },
    });
    expect(await codeOf(work)).toBe("RATLS_CERT_VALIDITY");
  });
});

/** An attested certificate without a CA, valid for an hour around the platform's time. */
async function selfSignedCertificate(): Promise<Uint8Array> {
  const { spki, signer } = await generateEcKey("P-256");
  const { claims, reportData } = await createRaTlsClaims({ spki, nonce: NONCE });
  return await issueCertificate(
    {
      serial: new Uint8Array([6]),
      issuer: commonName("peer"),
      subject: commonName("peer"),
      notBefore: new Date(platform.now.getTime() - HOUR_MS),
      notAfter: new Date(platform.now.getTime() + HOUR_MS),
      spki,
      extensions: [raTlsExtension({ quote: await platform.quote(reportData), claims })],
    },
    signer,
  );
}

test.each([new Date(Number.NaN), undefined, "now"])(
  "the time %s is refused with VERIFIER_INPUT",
  async (now) => {
    for (const certValidity of ["enforce", "ignore"] as const) {
      const input = { ...inputOf(), certValidity, now } as Input;
      expect(await codeOf(verifyRaTls(input))).toBe("VERIFIER_INPUT");
    }
  },
);
