import { SIGSTRUCT_BYTES } from "@carrara/attestation";
import { concatBytes, fromHex } from "@carrara/encoding";

/** Bytes of an RSA-3072 number. */
export const RSA_BYTES = 384;

/** Byte offsets of the fields that are written or compared here. */
export const SIGSTRUCT_OFFSET = {
  date: 20,
  header2: 24,
  modulus: 128,
  exponent: 512,
  signature: 516,
  miscMask: 904,
  miscSelect: 900,
  attributes: 928,
  attributeMask: 944,
  enclaveHash: 960,
  isvProdId: 1024,
  isvSvn: 1026,
  afterSigned: 1028,
  q1: 1040,
  q2: 1424,
} as const;

const HEADER = fromHex("06000000e10000000000010000000000");
const HEADER2 = fromHex("01010000600000006000000001000000");
const EXPONENT = 3;
const FLAG_DEBUG = 2;
const FLAG_MODE64BIT = 4;
/** x87 and SSE state, which every enclave needs. */
const XFRM = 3;

/** What a SIGSTRUCT says about an enclave. */
export interface SigstructFields {
  readonly enclaveHash: Uint8Array;
  readonly isvProdId: number;
  readonly isvSvn: number;
  readonly debug: boolean;
  /** Day of signing, in UTC. */
  readonly date: Date;
  /** RSA-3072 modulus, little endian. */
  readonly modulusLe: Uint8Array;
}

/** A SIGSTRUCT with everything but signature, q1 and q2, which are zero. */
export function encodeSigstructFields(fields: SigstructFields): Uint8Array {
  const at = SIGSTRUCT_OFFSET;
  const bytes = new Uint8Array(SIGSTRUCT_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(HEADER, 0);
  view.setUint32(at.date, bcdDate(fields.date), true);
  bytes.set(HEADER2, at.header2);
  bytes.set(fields.modulusLe, at.modulus);
  view.setUint32(at.exponent, EXPONENT, true);
  view.setUint32(at.miscMask, 0xffff_ffff, true);
  view.setUint8(at.attributes, FLAG_MODE64BIT | (fields.debug ? FLAG_DEBUG : 0));
  view.setUint8(at.attributes + 8, XFRM);
  bytes.fill(0xff, at.attributeMask, at.enclaveHash);
  bytes.set(fields.enclaveHash, at.enclaveHash);
  view.setUint16(at.isvProdId, fields.isvProdId, true);
  view.setUint16(at.isvSvn, fields.isvSvn, true);
  return bytes;
}

/** The bytes that the signature covers: 0..127 and 900..1027. */
export function signedPartOf(sigstruct: Uint8Array): Uint8Array {
  const at = SIGSTRUCT_OFFSET;
  return concatBytes(
    sigstruct.subarray(0, at.modulus),
    sigstruct.subarray(at.miscSelect, at.afterSigned),
  );
}

/** Writes the signature (little endian) with the q1 and q2 that follow from it, in place. */
export function setSignature(sigstruct: Uint8Array, signatureLe: Uint8Array): void {
  const at = SIGSTRUCT_OFFSET;
  const modulus = numberOf(sigstruct.subarray(at.modulus, at.modulus + RSA_BYTES));
  const signature = numberOf(signatureLe);
  const q1 = (signature * signature) / modulus;
  const q2 = (signature * signature * signature - q1 * signature * modulus) / modulus;
  sigstruct.set(signatureLe, at.signature);
  sigstruct.set(bytesOf(q1), at.q1);
  sigstruct.set(bytesOf(q2), at.q2);
}

function numberOf(littleEndian: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(littleEndian).reverse().toString("hex")}`);
}

function bytesOf(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(2 * RSA_BYTES, "0")).reverse();
}

/** `20261121` as the number whose hex digits are the decimal ones. */
function bcdDate(date: Date): number {
  return Number.parseInt(date.toISOString().slice(0, 10).replaceAll("-", ""), 16);
}
