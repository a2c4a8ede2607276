import type { DcapCollateral, TrustAnchor } from "@carrara/attestation";
import { equalBytes, fromHex, parsePem, utf8 } from "@carrara/encoding";
import {
  type Certificate,
  type Crl,
  ecdsaToDer,
  isSignedBy,
  OID,
  parseCertificate,
  parseCrl,
  verifySignature,
} from "@carrara/pki";
import { readAmdChain } from "./amd-facts.ts";
import { MAX_CHAIN_CHARACTERS } from "./body.ts";
import type { AmdCertificates } from "./provider.ts";
import { collateralRefusalOf, unavailable } from "./refusal.ts";

/**
 * Whether signatures lead from what is to be kept to a trust anchor. It decides what a cache may
 * keep and remember, so that a forger can neither poison it nor wind its memory forward. It looks at
 * no roles, times or revocations: whether evidence is genuine the verifiers alone decide.
 */
export interface Authenticator {
  /** Each throws `COLLATERAL_UNAVAILABLE`. */
  checkDcap(collateral: DcapCollateral): Promise<void>;
  checkAmdCertificates(certificates: AmdCertificates): Promise<void>;
  checkAmdCrl(crl: Uint8Array): Promise<void>;
}

interface ShortChain {
  readonly issuer: Certificate;
  readonly root: Certificate;
}

/** An authenticator for collateral of any vendor under `anchors`. */
export function createAuthenticator(anchors: readonly TrustAnchor[]): Authenticator {
  // Copies: what is compared must not change with what was handed in.
  const keys = anchors.map(({ spki }) => spki.slice());
  const names = anchors.map(({ certificate }) => parseCertificate(certificate).subjectRaw.slice());

  const checkAnchored = ({ issuer, root }: ShortChain): Promise<void> => {
    if (keys.some((key) => equalBytes(key, root.spki))) return checkSigned(issuer, root.spki);
    throw unauthentic("the collateral is under no trust anchor");
  };
  const signerOf = async (pem: string): Promise<ShortChain> => {
    const chain = shortChainOf(pem);
    await checkAnchored(chain);
    return chain;
  };

  return {
    checkDcap: async (collateral) =>
      await reading(async () => {
        const { tcbInfo, qeIdentity, pckCrl, rootCaCrl } = collateral;
        const tcb = await signerOf(collateral.tcbInfoIssuerChain);
        await checkJson(tcbInfo, "tcbInfo", tcb.issuer);
        const identity = await signerOf(collateral.qeIdentityIssuerChain);
        await checkJson(qeIdentity, "enclaveIdentity", identity.issuer);
        const { issuer, root } = await signerOf(collateral.pckCrlIssuerChain);
        await checkSigned(parseCrl(fromHex(pckCrl)), issuer.spki);
        await checkSigned(parseCrl(fromHex(rootCaCrl)), root.spki);
      }),
    checkAmdCertificates: async ({ vek, chain }) =>
      await reading(async () => {
        const { issuer, root } = readAmdChain(chain);
        await checkAnchored({ issuer, root });
        await checkSigned(parseCertificate(vek), issuer.spki);
      }),
    checkAmdCrl: async (der) =>
      await reading(async () => {
        const crl = parseCrl(der);
        const key = keys.find((_, i) => equalBytes(names[i] ?? new Uint8Array(), crl.issuerRaw));
        if (key === undefined) throw unauthentic("the crl is of no trust anchor");
        await checkSigned(crl, key);
      }),
  };
}

/** Whether a VCEK and its chain fit together, whatever that is worth. Throws as the above. */
export async function checkVcekIssuer({ vek, chain }: AmdCertificates): Promise<void> {
  await reading(async () => {
    const { issuer, root } = readAmdChain(chain);
    await checkSigned(issuer, root.spki);
    await checkSigned(parseCertificate(vek), issuer.spki);
  });
}

function shortChainOf(pem: string): ShortChain {
  if (pem.length > MAX_CHAIN_CHARACTERS) throw unavailable("malformed", "the chain is too long");
  // Quotes and some services end their chains in a NUL.
  const blocks = parsePem(pem.split("\0", 1)[0] ?? "");
  const [issuer, root, more] = blocks.map(({ bytes }) => parseCertificate(bytes));
  if (issuer !== undefined && root !== undefined && more === undefined) return { issuer, root };
  throw unavailable("malformed", "the chain has not two certificates");
}

async function checkSigned(signed: Certificate | Crl, spki: Uint8Array): Promise<void> {
  if (!(await isSignedBy(signed, spki))) throw unauthentic("a signature does not verify");
}

/** The signature covers the exact text of the member (section 2.3 step 6). */
async function checkJson(body: string, member: string, { spki }: Certificate): Promise<void> {
  const start = `{"${member}":`;
  const end = /,"signature":"([0-9a-fA-F]{128})"\}\s*$/.exec(body.slice(-256));
  if (!body.startsWith(start) || end === null) {
    throw unavailable("malformed", `the answer is no signed ${member}`);
  }
  const inner = utf8(body.slice(start.length, body.length - end[0].length));
  const signature = ecdsaToDer(fromHex(end[1] ?? ""));
  if (!(await verifySignature(spki, OID.ecdsaWithSha256, signature, inner))) {
    throw unauthentic(`the signature of ${member} does not verify`);
  }
}

function unauthentic(message: string): Error {
  return unavailable("unauthentic", message);
}

/** A signature or key that cannot even be read does not verify. */
async function reading(check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (reason) {
    if (collateralRefusalOf(reason) !== undefined) throw reason;
    throw unavailable("unauthentic", "a signature cannot be checked", { reason });
  }
}
