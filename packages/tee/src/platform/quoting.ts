import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import {
  encodeQuote,
  encodeQuoteSigned,
  encodeSgxReportBody,
  type QuoteAuth,
} from "@carrara/attestation";
import { concatBytes, fromHex, utf8 } from "@carrara/encoding";
import type { EnclaveIdentity } from "../image/verify-image.ts";
import { PLATFORM, type PlatformCredentials, pckChainPem } from "./platform-credentials.ts";

/** Says in every quote's header what it is (attestation specification section 8.3). */
const USER_DATA = utf8("SIMULATED-TEE");
/** INIT and MODE64BIT, x87 and SSE state. */
const ATTRIBUTES = fromHex("05000000000000000300000000000000");
const FLAG_DEBUG = 2;
/** INIT, MODE64BIT and PROVISION_KEY, as of a genuine quoting enclave. */
const QE_ATTRIBUTES = fromHex("15000000000000000300000000000000");
const REPORT_DATA_BYTES = 64;
/** Bytes of an uncompressed P-256 point at the end of its SubjectPublicKeyInfo. */
const POINT_BYTES = 64;

/** ISVPRODID and ISVSVN of the simulated quoting enclave. */
export const QUOTING_ENCLAVE = { isvProdId: 1, isvSvn: 8 } as const;

/** Signs a quote over `reportData` (padded with zeros to 64 bytes) for an enclave. */
export type Quote = (identity: EnclaveIdentity, reportData: Uint8Array) => Uint8Array;

/** The simulated quoting enclave: byte-exact SGX quotes of version 3 (section 8.6). */
export async function createQuoting(credentials: PlatformCredentials): Promise<Quote> {
  const key = privateKey(credentials.attestationKey.pkcs8);
  const auth = await certifyAttestationKey(credentials);
  return (identity, reportData) => {
    const padded = new Uint8Array(REPORT_DATA_BYTES);
    padded.set(reportData);
    const attributes = ATTRIBUTES.slice();
    if (identity.debug) attributes[0] = (attributes[0] ?? 0) | FLAG_DEBUG;
    const body = encodeSgxReportBody({
      ...identity,
      cpuSvn: PLATFORM.cpuSvn,
      attributes,
      reportData: padded,
    });
    const signed = encodeQuoteSigned({ version: 3, tee: "sgx" }, USER_DATA, body);
    return encodeQuote(signed, { ...auth, signature: signP256(key, signed) });
  };
}

/** The quoting enclave's report, which ties the attestation key to the PCK certificate. */
async function certifyAttestationKey(
  credentials: PlatformCredentials,
): Promise<Omit<QuoteAuth, "signature">> {
  const { attestationKey, qeAuthData, qeMrSigner } = credentials;
  const point = attestationKey.spki.subarray(-POINT_BYTES);
  const bound = await crypto.subtle.digest("SHA-256", concatBytes(point, qeAuthData));
  const reportData = new Uint8Array(REPORT_DATA_BYTES);
  reportData.set(new Uint8Array(bound));
  const qeReport = encodeSgxReportBody({
    cpuSvn: PLATFORM.cpuSvn,
    attributes: QE_ATTRIBUTES,
    mrEnclave: qeMrSigner,
    mrSigner: qeMrSigner,
    ...QUOTING_ENCLAVE,
    reportData,
  });
  return {
    attestationKey: point,
    qeReport,
    qeReportSignature: signP256(privateKey(credentials.pck.key.pkcs8), qeReport),
    qeAuthData,
    pckChainPem: pckChainPem(credentials),
  };
}

/** The private key of a DER PKCS#8. */
export function privateKey(pkcs8: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
}

/** ECDSA with SHA-256 as r‖s, 64 bytes, which quotes and signed JSON carry. */
export function signP256(key: KeyObject, data: Uint8Array): Uint8Array {
  return new Uint8Array(sign("sha256", data, { key, dsaEncoding: "ieee-p1363" }));
}
