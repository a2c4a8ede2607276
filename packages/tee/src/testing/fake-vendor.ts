import {
  createSimulationAnchor,
  type DcapCollateral,
  encodeVekExtensions,
  type SnpProduct,
  type TrustAnchor,
} from "@carrara/attestation";
import { encodePem, toHex, utf8 } from "@carrara/encoding";
import {
  type Extension,
  ecdsaFromDer,
  extension,
  generateEcKey,
  generateRsaKey,
  issueCertificate,
  issueCrl,
  OID,
  randomSerial,
  type Signer,
} from "@carrara/pki";
import type {
  AmdCertificateRequest,
  AmdCertificates,
  DcapCollateralRequest,
} from "../collateral/provider.ts";

const DAY_MS = 86_400_000;
/** As Intel issues: JSON and PCK CRLs for 30 days. */
const VALID_FOR_MS = 30 * DAY_MS;
const NOT_BEFORE = new Date("2026-01-01T00:00:00Z");
const NOT_AFTER = new Date("2033-01-01T00:00:00Z");

/** What the vendor says at one time. */
interface Issue {
  readonly issuedAt: Date;
  readonly evaluationDataNumber: number;
}

/** Signs collateral of both vendors, in their formats, with keys of its own. */
export interface FakeVendor {
  readonly intelAnchor: TrustAnchor;
  readonly amdAnchors: readonly TrustAnchor[];
  dcap(request: DcapCollateralRequest, issue: Issue): Promise<DcapCollateral>;
  amdCertificates(request: AmdCertificateRequest): Promise<AmdCertificates>;
  amdCrl(product: SnpProduct, issuedAt: Date): Promise<Uint8Array>;
}

interface Key {
  readonly spki: Uint8Array;
  readonly signer: Signer;
}

interface Certified extends Key {
  readonly name: string;
  readonly certificate: Uint8Array;
}

/** Fresh keys; AMD's have 1024 bits, for speed, and serve all products. */
export async function createFakeVendor(): Promise<FakeVendor> {
  const [root, rsa, askKey, vekKey] = await Promise.all([
    certify("FAKE SGX Root CA", await generateEcKey("P-256")),
    generateRsaKey(1024),
    generateRsaKey(1024),
    generateEcKey("P-384"),
  ]);
  const [tcbSigning, platformCa, processorCa] = await Promise.all(
    ["TCB Signing", "PCK Platform CA", "PCK Processor CA"].map(
      async (role) => await certify(`FAKE SGX ${role}`, await generateEcKey("P-256"), root),
    ),
  );
  if (tcbSigning === undefined || platformCa === undefined || processorCa === undefined) {
    throw new TypeError("three keys were made");
  }
  const arks = new Map<SnpProduct, Certified>();
  for (const product of ["Milan", "Genoa", "Turin"] as const) {
    arks.set(product, await certify(`ARK-${product}`, rsa));
  }
  const arkOf = (product: SnpProduct): Certified => {
    const ark = arks.get(product);
    if (ark === undefined) throw new TypeError("product is unknown");
    return ark;
  };
  return {
    intelAnchor: createSimulationAnchor(root.certificate),
    amdAnchors: [...arks.values()].map(({ certificate }) => createSimulationAnchor(certificate)),
    async dcap({ fmspc, tee, ca }, { issuedAt, evaluationDataNumber }) {
      const pckCa = ca === "platform" ? platformCa : processorCa;
      const common = {
        version: 3,
        issueDate: seconds(issuedAt),
        nextUpdate: seconds(new Date(issuedAt.getTime() + VALID_FOR_MS)),
        tcbEvaluationDataNumber: evaluationDataNumber,
      };
      const tcbInfo = { id: tee.toUpperCase(), fmspc: fmspc.toUpperCase(), ...common };
      const identity = { id: tee === "sgx" ? "QE" : "TD_QE", ...common };
      return {
        tcbInfo: await signedJson(tcbSigning, "tcbInfo", tcbInfo),
        tcbInfoIssuerChain: pem(tcbSigning, root),
        qeIdentity: await signedJson(tcbSigning, "enclaveIdentity", identity),
        qeIdentityIssuerChain: pem(tcbSigning, root),
        pckCrl: toHex(await crlOf(pckCa, issuedAt)),
        pckCrlIssuerChain: pem(pckCa, root),
        rootCaCrl: toHex(await crlOf(root, issuedAt)),
      };
    },
    async amdCertificates({ product, hwId, tcb }) {
      const ark = arkOf(product);
      const ask = await certify(`SEV-${product}`, askKey, ark);
      const extensions = encodeVekExtensions({
        productName: product === "Milan" ? "Milan-B0" : product,
        tcb,
        hwId: product === "Turin" ? hwId.slice(0, 8) : hwId,
      });
      const { certificate } = await certify("SEV-VCEK", vekKey, ask, extensions);
      return { vek: certificate, chain: pem(ask, ark) };
    },
    amdCrl: async (product, issuedAt) => await crlOf(arkOf(product), issuedAt),
  };
}

async function certify(
  name: string,
  { spki, signer }: Key,
  issuer?: Certified,
  extensions: readonly Extension[] = [],
): Promise<Certified> {
  const certificate = await issueCertificate(
    {
      serial: randomSerial(),
      issuer: [{ type: OID.commonName, value: issuer?.name ?? name }],
      subject: [{ type: OID.commonName, value: name }],
      notBefore: NOT_BEFORE,
      notAfter: NOT_AFTER,
      spki,
      extensions,
    },
    issuer?.signer ?? signer,
  );
  return { name, spki, signer, certificate };
}

async function crlOf({ name, signer }: Certified, issuedAt: Date): Promise<Uint8Array> {
  const thisUpdate = new Date(issuedAt.getTime());
  return await issueCrl(
    {
      issuer: [{ type: OID.commonName, value: name }],
      thisUpdate,
      nextUpdate: new Date(thisUpdate.getTime() + VALID_FOR_MS),
      revoked: [],
      extensions: [extension.crlNumber(1n)],
    },
    signer,
  );
}

async function signedJson({ signer }: Key, member: string, content: object): Promise<string> {
  const text = JSON.stringify(content);
  const signature = ecdsaFromDer(await signer.sign(utf8(text)), 32);
  return `{"${member}":${text},"signature":"${toHex(signature)}"}`;
}

function pem(...chain: readonly Certified[]): string {
  return chain.map(({ certificate }) => encodePem("CERTIFICATE", certificate)).join("");
}

function seconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
