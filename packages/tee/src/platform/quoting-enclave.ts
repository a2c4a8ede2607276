import { createHash, createPrivateKey, type KeyObject, sign } from "node:crypto";
import {
  encodeQuote,
  encodeQuoteSigned,
  encodeSgxReportBody,
  type QuoteForm,
  type SgxReportBodyFields,
  type TeeKind,
} from "@carrara/attestation";
import { concatBytes, equalBytes, fromHex, utf8 } from "@carrara/encoding";
import type { EcKey } from "@carrara/pki";
import { PLATFORM, type PlatformCredentials, pckChainPem } from "./platform-credentials.ts";

/** Technologies whose evidence is a quote. */
export type QuotingTee = Exclude<TeeKind, "snp">;

/** Says in every quote's header what it is (attestation specification section 8.3). */
const USER_DATA = utf8("SIMULATED-TEE");
/** INIT, MODE64BIT and PROVISION_KEY, as of a genuine quoting enclave. */
const QE_ATTRIBUTES = fromHex("15000000000000000300000000000000");
/** Bytes of an uncompressed P-256 point at the end of its SubjectPublicKeyInfo. */
const POINT_BYTES = 64;

/** The simulated quoting enclaves: their name in identities, ISVPRODID and ISVSVN. */
export const QUOTING_ENCLAVES = {
  sgx: { id: "QE", isvProdId: 1, isvSvn: 8 },
  tdx: { id: "TD_QE", isvProdId: 2, isvSvn: 8 },
} as const;

/** A quote to be made; all after the body is as in a good one unless set. */
export interface QuoteOrder {
  readonly form: QuoteForm;
  readonly body: Uint8Array;
  /** 32 bytes unless set. */
  readonly qeAuthDataBytes?: number;
  readonly qeReport?: SgxReportBodyFields;
  readonly pckChainPem?: string;
  /** Keys that sign in place of those that ought to. */
  readonly signers?: { readonly quote?: EcKey; readonly qeReport?: EcKey };
  /** x‖y in place of the attestation key. */
  readonly attestationKey?: Uint8Array;
}

/** Signs a byte-exact quote, as the quoting enclave of its technology does (section 8.6). */
export function issueQuote(credentials: PlatformCredentials, order: QuoteOrder): Uint8Array {
  const { form, body, signers = {} } = order;
  const signed = encodeQuoteSigned(form, USER_DATA, body);
  const attestationKey =
    order.attestationKey ?? credentials.attestationKey.spki.subarray(-POINT_BYTES);
  const qeAuthData = authDataOf(credentials, order.qeAuthDataBytes);
  const { isvProdId, isvSvn } = QUOTING_ENCLAVES[form.tee];
  const qeReport = encodeSgxReportBody({
    cpuSvn: PLATFORM.cpuSvn,
    attributes: QE_ATTRIBUTES,
    mrEnclave: credentials.qeMrSigner,
    mrSigner: credentials.qeMrSigner,
    isvProdId,
    isvSvn,
    reportData: new Uint8Array(sha256(concatBytes(attestationKey, qeAuthData))),
    ...order.qeReport,
  });
  const quoteKey = signers.quote ?? credentials.attestationKey;
  const pckKey = signers.qeReport ?? credentials.pck.key;
  return encodeQuote(signed, {
    signature: signP256(privateKey(quoteKey.pkcs8), signed),
    attestationKey,
    qeReport,
    qeReportSignature: certify(pckKey, qeReport),
    qeAuthData,
    pckChainPem: order.pckChainPem ?? pckChainPem(credentials),
  });
}

/** What each provisioning key signed last. */
const certified = new WeakMap<EcKey, { readonly report: Uint8Array; readonly by: Uint8Array }>();

/** On hardware, too, an attestation key is certified once, and all its quotes carry that signature. */
function certify(pckKey: EcKey, report: Uint8Array): Uint8Array {
  const last = certified.get(pckKey);
  if (last !== undefined && equalBytes(last.report, report)) return last.by;
  const by = signP256(privateKey(pckKey.pkcs8), report);
  certified.set(pckKey, { report, by });
  return by;
}

function authDataOf({ qeAuthData }: PlatformCredentials, bytes = qeAuthData.length): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => qeAuthData[i % qeAuthData.length] ?? 0);
}

function sha256(data: Uint8Array): Uint8Array {
  return createHash("sha256").update(data).digest();
}

/** The private key of a DER PKCS#8. */
export function privateKey(pkcs8: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
}

/** ECDSA with SHA-256 as r‖s, 64 bytes, which quotes and signed JSON carry. */
export function signP256(key: KeyObject, data: Uint8Array): Uint8Array {
  return new Uint8Array(sign("sha256", data, { key, dsaEncoding: "ieee-p1363" }));
}
