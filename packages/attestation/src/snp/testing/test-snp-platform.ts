import { concatBytes, encodePem, utf8 } from "@carrara/encoding";
import {
  type CertificateTemplate,
  type CrlTemplate,
  type EcKey,
  ecdsaFromDer,
  extension,
  generateEcKey,
  generateRsaKey,
  issueCertificate,
  issueCrl,
  keyIdentifier,
  type NameAttribute,
  OID,
  type RsaKey,
  type Signer,
} from "@carrara/pki";
import { createSimulationAnchor, type TrustAnchor } from "../../trust-anchor.ts";
import type { SnpCpuid, SnpProduct } from "../product.ts";
import { encodeSnpReport, type SnpReportFields, withSnpSignature } from "../report-encoder.ts";
import { SNP_SIGNED_BYTES } from "../report-layout.ts";
import { encodeSnpTcb, type SnpTcb } from "../tcb.ts";
import { encodeVekExtensions, type VekExtensionFields, type VekKind } from "../vek-extensions.ts";

/** Shorter than real keys, which take seconds to make. */
const TEST_MODULUS_BITS = 2048;
const NOW = new Date("2026-06-01T12:00:00Z");
const DAY_MS = 24 * 60 * 60 * 1000;

/** Keys of a platform; they take the time, so a file of tests makes them once. */
export interface TestSnpKeys {
  readonly ark: RsaKey;
  readonly intermediate: RsaKey;
  readonly vek: EcKey;
  /** A key that nobody trusts. */
  readonly stranger: RsaKey;
}

/** The certificates of a platform, by what they are for; `intermediate` is ASK or ASVK. */
export type TestSnpRole = "ark" | "intermediate" | "vek";

/** Ways to bend a platform; each gets the good value and gives another. */
export interface TestSnpOptions {
  /** Default: Milan. */
  readonly product?: SnpProduct;
  /** Default: VCEK. */
  readonly kind?: VekKind;
  readonly certificate?: (
    role: TestSnpRole,
    good: CertificateTemplate,
  ) => CertificateTemplate | Promise<CertificateTemplate>;
  readonly vek?: (good: VekExtensionFields) => VekExtensionFields;
  readonly signerOf?: (role: TestSnpRole, good: Signer) => Signer;
}

/** A platform that exists in memory only, with a root of its own. */
export interface TestSnpPlatform {
  /** A time at which everything is valid. */
  readonly now: Date;
  readonly anchor: TrustAnchor;
  readonly tcb: SnpTcb;
  /** DER. */
  readonly ark: Uint8Array;
  readonly intermediate: Uint8Array;
  readonly vek: Uint8Array;
  /** PEM of `intermediate` and `ark`. */
  readonly chain: string;
  /** A signed report, of version 5 unless `fields` says another. */
  report(fields?: Partial<SnpReportFields>): Promise<Uint8Array>;
  /** A CRL of the ARK that lists `revoked`. */
  crl(
    revoked: readonly Uint8Array[],
    change?: (good: CrlTemplate) => CrlTemplate,
  ): Promise<Uint8Array>;
}

/** Makes the keys of a platform. */
export async function createTestSnpKeys(): Promise<TestSnpKeys> {
  const rsa = async (): Promise<RsaKey> => await generateRsaKey(TEST_MODULUS_BITS);
  const [ark, intermediate, stranger] = await Promise.all([rsa(), rsa(), rsa()]);
  return { ark, intermediate, stranger, vek: await generateEcKey("P-384") };
}

const CPUIDS: Readonly<Record<SnpProduct, SnpCpuid>> = {
  Milan: { family: 0x19, model: 0x01, stepping: 1 },
  Genoa: { family: 0x19, model: 0xa0, stepping: 2 },
  Turin: { family: 0x1a, model: 0x02, stepping: 1 },
};
const TCB: SnpTcb = { bootloader: 4, tee: 1, snp: 24, microcode: 219 };

function nameOf(commonName: string): NameAttribute[] {
  return [
    { type: OID.organizationalUnit, value: "Engineering" },
    { type: OID.country, value: "US" },
    { type: OID.organization, value: "Simulation - NOT HARDWARE" },
    { type: OID.commonName, value: commonName },
  ];
}

/** Simulated chip id: ASCII padded with zeros, 8 bytes on Turin (section 8.3). */
function chipIdOf(product: SnpProduct): Uint8Array {
  const id = utf8("SIMULATED");
  return product === "Turin" ? id.slice(0, 8) : concatBytes(id, new Uint8Array(64 - id.length));
}

/** Issues the certificates of a platform. */
export async function createTestSnpPlatform(
  keys: TestSnpKeys,
  options: TestSnpOptions = {},
): Promise<TestSnpPlatform> {
  const { product = "Milan", kind = "VCEK" } = options;
  const tcb = product === "Turin" ? { ...TCB, fmc: 3 } : TCB;
  const names: Readonly<Record<TestSnpRole, NameAttribute[]>> = {
    ark: nameOf(`ARK-${product}`),
    intermediate: nameOf(kind === "VCEK" ? `SEV-${product}` : `SEV-VLEK-${product}`),
    vek: nameOf(`SEV-${kind}`),
  };
  const owner =
    kind === "VCEK" ? { hwId: chipIdOf(product) } : { cspId: "CN=cloud.simulation.invalid" };
  const fields = { productName: product, tcb, ...owner };
  const extensions = {
    ark: [extension.basicConstraints(true), extension.keyUsage("keyCertSign", "cRLSign")],
    intermediate: [extension.basicConstraints(true, 0), extension.keyUsage("keyCertSign")],
    vek: encodeVekExtensions(options.vek?.(fields) ?? fields),
  };
  const issue = async (
    role: TestSnpRole,
    issuer: "ark" | "intermediate",
    serial: number,
  ): Promise<Uint8Array> => {
    const good: CertificateTemplate = {
      serial: new Uint8Array([serial]),
      issuer: names[issuer],
      subject: names[role],
      notBefore: new Date(NOW.getTime() - DAY_MS),
      notAfter: new Date(NOW.getTime() + DAY_MS),
      spki: keys[role].spki,
      extensions: extensions[role],
    };
    const template = (await options.certificate?.(role, good)) ?? good;
    const { signer } = keys[issuer];
    return await issueCertificate(template, options.signerOf?.(role, signer) ?? signer);
  };
  const ark = await issue("ark", "ark", 1);
  const intermediate = await issue("intermediate", "ark", 2);
  const vek = await issue("vek", "intermediate", 0);
  const raw = encodeSnpTcb(tcb, product);
  return {
    now: NOW,
    anchor: createSimulationAnchor(ark),
    tcb,
    ark,
    intermediate,
    vek,
    chain: [intermediate, ark].map((der) => encodePem("CERTIFICATE", der)).join(""),
    async report(changes = {}) {
      const { version = 5 } = changes;
      const chipId = new Uint8Array(64);
      if (kind === "VCEK") chipId.set(chipIdOf(product));
      const unsigned = encodeSnpReport({
        version,
        ...(version < 3 ? {} : { cpuid: CPUIDS[product] }),
        currentTcb: raw,
        reportedTcb: raw,
        committedTcb: raw,
        launchTcb: raw,
        chipId,
        signerInfo: { authorKeyEn: false, maskChipKey: false, signingKey: kind },
        ...changes,
      });
      const signature = await keys.vek.signer.sign(unsigned.subarray(0, SNP_SIGNED_BYTES));
      return withSnpSignature(unsigned, ecdsaFromDer(signature, 48));
    },
    async crl(revoked, change) {
      const good: CrlTemplate = {
        issuer: names.ark,
        thisUpdate: new Date(NOW.getTime() - DAY_MS / 2),
        nextUpdate: new Date(NOW.getTime() + DAY_MS / 2),
        revoked: revoked.map((serial) => ({ serial, date: NOW })),
        extensions: [
          extension.authorityKeyIdentifier(await keyIdentifier(keys.ark.spki)),
          extension.crlNumber(4n),
        ],
      };
      return await issueCrl(change?.(good) ?? good, keys.ark.signer);
    },
  };
}
