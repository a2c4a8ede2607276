import { utf8 } from "@carrara/encoding";
import {
  type CertificateTemplate,
  commonName,
  type EcKey,
  type Extension,
  generateEcKey,
  issueCertificate,
} from "@carrara/pki";
import { type Cbor, encodeCbor } from "../../cbor.ts";
import { parseQuote } from "../../dcap/quote.ts";
import { createTestPlatform, type TestPlatform } from "../../testing/test-platform.ts";
import { codeOf } from "../../testing/verify-code.ts";
import { reportDataFor } from "../binding.ts";
import { createRaTlsClaims, raTlsExtension } from "../issue.ts";
import { type AttestedReport, type RaTlsVerification, verifyRaTls } from "../verifier.ts";

/** When everything in these tests happens. */
export const NOW: Date = new Date("2026-06-01T12:00:00Z");
/** How long certificates are in force before and after {@link NOW}. */
export const HOUR_MS: number = 60 * 60 * 1000;
/** What a caller may ask fresh evidence to cover. */
export const NONCE: Uint8Array = utf8("a nonce of the caller");

/** What a test may bend in a certificate. */
export interface Bend {
  readonly signer?: EcKey;
  readonly template?: Partial<CertificateTemplate>;
}

type More = Partial<RaTlsVerification<AttestedReport>>;

/** A platform that quotes, and keys to make certificates with and without a CA. */
export interface RaTlsWorld {
  readonly platform: TestPlatform;
  readonly key: EcKey;
  readonly ca: EcKey;
  /** A certificate of `key`, signed by it unless bent. */
  certificateWith(extensions: readonly Extension[], bend?: Bend): Promise<Uint8Array>;
  /** Interoperable evidence about `key` and {@link NONCE}. */
  quoteExtension(others?: ReadonlyMap<string, Cbor>): Promise<Extension>;
  /** Evidence with claims that `createRaTlsClaims` would not make. */
  evidenceWithClaims(claims: Cbor): Promise<Extension>;
  /** `accepted`, or the code it is refused with. */
  verdict(certificate: Uint8Array, more?: More): Promise<string>;
}

/** Makes a world of its own for one file of tests. */
export async function createRaTlsWorld(): Promise<RaTlsWorld> {
  const [platform, key, ca] = await Promise.all([
    createTestPlatform(),
    generateEcKey("P-256"),
    generateEcKey("P-384"),
  ]);
  return {
    platform,
    key,
    ca,
    certificateWith: async (extensions, bend = {}) =>
      await issueCertificate(templateOf(key, extensions, bend), (bend.signer ?? key).signer),
    quoteExtension: async (others) => {
      const { claims, reportData } = await createRaTlsClaims({
        spki: key.spki,
        nonce: NONCE,
        ...(others && { others }),
      });
      return raTlsExtension({ quote: await platform.quote(reportData), claims });
    },
    evidenceWithClaims: async (claims) => {
      const raw = encodeCbor(claims);
      const quote = await platform.quote(await reportDataFor(raw));
      return raTlsExtension({ quote, claims: raw });
    },
    verdict: async (certificate, more = {}) =>
      await codeOf(verifyRaTls(inputOf(certificate, more))),
  };
}

function templateOf(key: EcKey, extensions: readonly Extension[], bend: Bend): CertificateTemplate {
  return {
    serial: new Uint8Array([7]),
    issuer: commonName("issuer"),
    subject: commonName("attested"),
    notBefore: new Date(NOW.getTime() - HOUR_MS),
    notAfter: new Date(NOW.getTime() + HOUR_MS),
    spki: key.spki,
    extensions,
    ...bend.template,
  };
}

/** A verification at {@link NOW} that believes every quote, to see what happens around it. */
export function inputOf(
  certificate: Uint8Array,
  more: More = {},
): RaTlsVerification<AttestedReport> {
  return { certificate, verifyEvidence: believeQuote, now: NOW, ...more };
}

async function believeQuote(quote: Uint8Array): Promise<AttestedReport> {
  return await Promise.resolve(parseQuote(quote).body);
}
