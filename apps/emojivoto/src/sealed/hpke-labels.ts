/** What HKDF runs HMAC over in HPKE (RFC 9180, section 4), for outputs of at most one block. */

const VERSION = Buffer.from("HPKE-v1");
/** The counter of HKDF-Expand's first block. */
const FIRST_BLOCK = Buffer.from([1]);

/** No key material, or no context. */
export const NOTHING: Buffer = Buffer.alloc(0);

/** Of LabeledExtract: version, suite, label and key material. */
export function extractMessage(suite: Buffer, label: string, ikm: Uint8Array): Buffer {
  return Buffer.concat([VERSION, suite, Buffer.from(label), ikm]);
}

/** Of LabeledExpand: length, version, suite, label, context and the number of the block. */
export function expandMessage(
  suite: Buffer,
  label: string,
  info: Uint8Array,
  length: number,
): Buffer {
  const head = Buffer.from([0, length]);
  return Buffer.concat([head, VERSION, suite, Buffer.from(label), info, FIRST_BLOCK]);
}
