import { concatBytes, der, fromHex, utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Cbor, cbor, encodeCbor } from "../cbor.ts";
import { AttestationError } from "../error.ts";
import { digest } from "./binding.ts";
import { RA_TLS_OID, SNP_EVIDENCE_TYPE } from "./evidence.ts";
import { decodeInteroperableForm } from "./interoperable-form.ts";
import { createRaTlsClaims, raTlsExtension } from "./issue.ts";
import { readRaTlsEvidence } from "./read-evidence.ts";
import { createRaTlsWorld, inputOf, NONCE, type RaTlsWorld } from "./testing/ra-tls-world.ts";
import { type AttestedReport, verifyRaTls } from "./verifier.ts";

let world: RaTlsWorld;

beforeAll(async () => {
  world = await createRaTlsWorld();
});

function pubkeyHash(algId: number, value: Uint8Array): readonly [Cbor, Cbor] {
  const pair = cbor.array(cbor.integer(algId), cbor.bytes(value));
  return [cbor.text("pubkey-hash"), cbor.bytes(encodeCbor(pair))];
}

describe("interoperable evidence", () => {
  test("what is issued is accepted, with all its claims", async () => {
    const others = new Map([["answer", cbor.integer(42)]]);
    const certificate = await world.certificateWith([await world.quoteExtension(others)]);
    const { evidence, attestation } = await verifyRaTls(inputOf(certificate, { nonce: NONCE }));
    expect(evidence).toMatchObject({ kind: "interoperable", cborTag: 60000, critical: false });
    expect("claims" in evidence && evidence.claims.nonce).toEqual(NONCE);
    expect("claims" in evidence && evidence.claims.others).toEqual(others);
    expect(attestation.reportData).toHaveLength(64);
  });

  test.each([
    [1, "sha-256"],
    [7, "sha-384"],
    [8, "sha-512"],
  ] as const)("a key bound by hash %i (%s) is accepted", async (algId, algorithm) => {
    const claims = cbor.map(pubkeyHash(algId, await digest(algorithm, world.key.spki)));
    expect(
      await world.verdict(await world.certificateWith([await world.evidenceWithClaims(claims)])),
    ).toBe("accepted");
  });

  test("a nonce that was not asked for does no harm", async () => {
    expect(await world.verdict(await world.certificateWith([await world.quoteExtension()]))).toBe(
      "accepted",
    );
  });

  test("another nonce than the caller's is refused with POLICY_NONCE", async () => {
    const certificate = await world.certificateWith([await world.quoteExtension()]);
    expect(await world.verdict(certificate, { nonce: utf8("another") })).toBe("POLICY_NONCE");
  });

  test("a report that only its own machine can check is read, but refused", async () => {
    const { claims } = await createRaTlsClaims({ spki: world.key.spki });
    const pair = cbor.array(cbor.bytes(new Uint8Array(432)), cbor.bytes(claims));
    const value = encodeCbor(cbor.tag(60_001, pair));
    const certificate = await world.certificateWith([
      { oid: RA_TLS_OID.evidence, critical: false, value },
    ]);
    expect(readRaTlsEvidence(certificate).evidence).toMatchObject({ cborTag: 60001 });
    expect(await world.verdict(certificate)).toBe("RATLS_CBOR_TAG");
  });

  test("legacy evidence beside it is left alone unless it is critical", async () => {
    const standard = await world.quoteExtension();
    const legacy = { oid: RA_TLS_OID.gramine, critical: false, value: new Uint8Array(1) };
    const ignorable = await world.certificateWith([legacy, standard]);
    expect(readRaTlsEvidence(ignorable).ignored).toEqual([legacy]);
    expect(await world.verdict(ignorable)).toBe("accepted");
    const critical = await world.certificateWith([{ ...legacy, critical: true }, standard]);
    expect(await world.verdict(critical)).toBe("RATLS_AMBIGUOUS");
  });
});

describe("interoperable evidence is refused:", () => {
  const bytes = (...octets: number[]): Cbor => cbor.bytes(new Uint8Array(octets));

  test.each<[string, () => Cbor | Uint8Array, string]>([
    ["bytes that are no cbor", () => new Uint8Array([0xff]), "RATLS_MALFORMED"],
    ["no bytes", () => new Uint8Array(0), "RATLS_MALFORMED"],
    [
      "bytes after the item",
      () => concatBytes(encodeCbor(cbor.array()), new Uint8Array(1)),
      "RATLS_MALFORMED",
    ],
    ["a text", () => cbor.text("quote"), "RATLS_MALFORMED"],
    ["tag 60002", () => cbor.tag(60_002, cbor.array(bytes(), bytes())), "RATLS_CBOR_TAG"],
    ["a tag without an array", () => cbor.tag(60_000, bytes()), "RATLS_MALFORMED"],
    ["evidence without claims", () => cbor.tag(60_000, cbor.array(bytes())), "RATLS_MALFORMED"],
    [
      "a third part",
      () => cbor.tag(60_000, cbor.array(bytes(), bytes(0xa0), bytes())),
      "RATLS_MALFORMED",
    ],
    [
      "claims that are no map",
      () => cbor.tag(60_000, cbor.array(bytes(), bytes(0x80))),
      "RATLS_MALFORMED",
    ],
    [
      "claims without a key hash",
      () => cbor.tag(60_000, cbor.array(bytes(), bytes(0xa0))),
      "RATLS_MALFORMED",
    ],
    [
      "a claim whose name is a number",
      () => cbor.tag(60_000, cbor.array(bytes(), bytes(0xa1, 0x01, 0x01))),
      "RATLS_MALFORMED",
    ],
    [
      "evidence of another type",
      () => cbor.array(cbor.text("application/vnd.other+cbor"), bytes()),
      "RATLS_CBOR_TAG",
    ],
    ["an array without a type", () => cbor.array(cbor.integer(1), bytes()), "RATLS_CBOR_TAG"],
    [
      "a part after SEV-SNP evidence",
      () => cbor.array(cbor.text(SNP_EVIDENCE_TYPE), bytes(0x80), cbor.integer(1)),
      "RATLS_MALFORMED",
    ],
  ])("%s", async (_, make, code) => {
    const made = make();
    const value = made instanceof Uint8Array ? made : encodeCbor(made);
    const certificate = await world.certificateWith([
      { oid: RA_TLS_OID.evidence, critical: false, value },
    ]);
    expect(await world.verdict(certificate)).toBe(code);
  });

  test.each<[string, () => Promise<Cbor>, string]>([
    [
      "a hash algorithm that is not known",
      async () => cbor.map(pubkeyHash(2, await digest("sha-256", world.key.spki))),
      "RATLS_HASH_ALG",
    ],
    [
      "the hash of another key",
      async () => cbor.map(pubkeyHash(1, await digest("sha-256", world.ca.spki))),
      "RATLS_PUBKEY_HASH",
    ],
    [
      "a cut hash",
      async () =>
        cbor.map(pubkeyHash(1, (await digest("sha-256", world.key.spki)).subarray(0, 16))),
      "RATLS_PUBKEY_HASH",
    ],
    [
      "a nonce that is a text",
      async () =>
        cbor.map(pubkeyHash(1, await digest("sha-256", world.key.spki)), [
          cbor.text("nonce"),
          cbor.text("nonce"),
        ]),
      "RATLS_MALFORMED",
    ],
    [
      "a negative hash algorithm",
      async () => await Promise.resolve(cbor.map(pubkeyHash(-1, new Uint8Array(32)))),
      "RATLS_MALFORMED",
    ],
  ])("claims with %s", async (_, claims, code) => {
    const certificate = await world.certificateWith([
      await world.evidenceWithClaims(await claims()),
    ]);
    expect(await world.verdict(certificate)).toBe(code);
  });

  test("claims that are not those of the quote", async () => {
    const { claims } = await createRaTlsClaims({ spki: world.key.spki });
    const quote = await world.platform.quote(new Uint8Array(64));
    const certificate = await world.certificateWith([raTlsExtension({ quote, claims })]);
    expect(await world.verdict(certificate)).toBe("RATLS_CLAIMS_HASH");
  });

  test("a hash of the claims with something in the second half of REPORTDATA", async () => {
    const { claims, reportData } = await createRaTlsClaims({ spki: world.key.spki });
    reportData[63] = 1;
    const quote = await world.platform.quote(reportData);
    const certificate = await world.certificateWith([raTlsExtension({ quote, claims })]);
    expect(await world.verdict(certificate)).toBe("RATLS_CLAIMS_HASH");
  });

  test("evidence that the verifier finds to have other report data", async () => {
    const certificate = await world.certificateWith([await world.quoteExtension()]);
    const verifyEvidence = async (): Promise<AttestedReport> =>
      await Promise.resolve({ reportData: new Uint8Array(64) });
    expect(await world.verdict(certificate, { verifyEvidence })).toBe("RATLS_CLAIMS_HASH");
  });

  test("evidence that the verifier refuses, with the verifier's code", async () => {
    const certificate = await world.certificateWith([await world.quoteExtension()]);
    const verifyEvidence = async (): Promise<AttestedReport> =>
      await Promise.reject(new AttestationError("POLICY_DEBUG", "no"));
    expect(await world.verdict(certificate, { verifyEvidence })).toBe("POLICY_DEBUG");
  });

  test("two pieces of it, with RATLS_AMBIGUOUS", async () => {
    const standard = await world.quoteExtension();
    expect(await world.verdict(await world.certificateWith([standard, standard]))).toBe(
      "RATLS_AMBIGUOUS",
    );
  });

  test("a certificate without any, with RATLS_NO_EVIDENCE", async () => {
    const pck = { oid: RA_TLS_OID.intelSdk, critical: false, value: der.sequence() };
    expect(await world.verdict(await world.certificateWith([]))).toBe("RATLS_NO_EVIDENCE");
    expect(await world.verdict(await world.certificateWith([pck]))).toBe("RATLS_NO_EVIDENCE");
  });

  test("bytes that are no certificate, with CERT_MALFORMED", async () => {
    const twice = { oid: "1.2.3", critical: false, value: new Uint8Array(1) };
    expect(await world.verdict(new Uint8Array(3))).toBe("CERT_MALFORMED");
    expect(await world.verdict(await world.certificateWith([twice, twice]))).toBe("CERT_MALFORMED");
  });
});

test("any bytes in the extension give evidence or an AttestationError", () => {
  const start = fc.constantFrom("", "d9ea608240", "d9ea60824058", "8278").map(fromHex);
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 200 }), (begun, rest) => {
      try {
        decodeInteroperableForm(concatBytes(begun, rest));
      } catch (error) {
        expect(error).toBeInstanceOf(AttestationError);
      }
    }),
  );
});

test("every damaged bit of a certificate is refused", async () => {
  const certificate = await world.certificateWith([await world.quoteExtension()]);
  const anyBit = fc.integer({ min: 0, max: certificate.length * 8 - 1 });
  await fc.assert(
    fc.asyncProperty(anyBit, async (bit) => {
      const damaged = certificate.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await world.verdict(damaged)).not.toBe("accepted");
    }),
    { numRuns: 60 },
  );
});

test.each(["pubkey-hash", "nonce"])("nobody can issue a claim %s of their own", async (name) => {
  const others = new Map([[name, cbor.integer(1)]]);
  await expect(createRaTlsClaims({ spki: world.key.spki, others })).rejects.toThrow(TypeError);
});
