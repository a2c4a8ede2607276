import { ByteReader } from "../byte-reader.ts";
import { AttestationError } from "../error.ts";

/** TPM_GENERATED_VALUE: what a TPM puts before everything it made itself, and nothing else. */
const MAGIC = 0xff544347;
const TPM_ST_ATTEST_QUOTE = 0x8018;
const ALGORITHM_RSASSA = 0x0014;
const ALGORITHM_SHA256 = 0x000b;
/** PCR banks of one TPM; more is no quote. */
const MAX_SELECTIONS = 16;

/** PCRs of one bank, by number, ascending. */
export interface PcrSelection {
  /** TPM_ALG_ID of the bank; 11 is SHA-256. */
  readonly algorithm: number;
  readonly indices: readonly number[];
  /** The bitmap as it stands. */
  readonly mask: Uint8Array;
}

/** A TPMS_ATTEST of type quote (TPM 2.0 part 2, section 10.12). Byte fields are views. */
export interface TpmQuote {
  readonly qualifiedSigner: Uint8Array;
  /** The challenger's nonce. */
  readonly extraData: Uint8Array;
  /** Milliseconds, big endian, 8 bytes. */
  readonly clock: Uint8Array;
  readonly resetCount: number;
  readonly restartCount: number;
  /** Whether the clock cannot have been put back. */
  readonly safe: boolean;
  readonly firmwareVersion: Uint8Array;
  readonly pcrSelection: readonly PcrSelection[];
  readonly pcrDigest: Uint8Array;
}

/** Parses a TPM quote; nothing may follow it. Throws `TPM_QUOTE_MALFORMED`. */
export function parseTpmQuote(bytes: Uint8Array): TpmQuote {
  const reader = new ByteReader(bytes, "TPM_QUOTE_MALFORMED");
  if (number(reader, 4) !== MAGIC) throw malformed("not made by a tpm");
  if (number(reader, 2) !== TPM_ST_ATTEST_QUOTE) throw malformed("attestation of another type");
  const quote = {
    qualifiedSigner: sized(reader),
    extraData: sized(reader),
    clock: reader.take(8),
    resetCount: number(reader, 4),
    restartCount: number(reader, 4),
    safe: readYesNo(reader),
    firmwareVersion: reader.take(8),
    pcrSelection: readSelections(reader),
    pcrDigest: sized(reader),
  };
  end(reader);
  return quote;
}

/**
 * The signature (a view) inside a TPMT_SIGNATURE, which must be RSASSA with SHA-256; evidence
 * carries either that or the bare signature. Throws `TPM_QUOTE_MALFORMED`.
 */
export function parseTpmtSignature(bytes: Uint8Array): Uint8Array {
  const reader = new ByteReader(bytes, "TPM_QUOTE_MALFORMED");
  const [scheme, hash] = [number(reader, 2), number(reader, 2)];
  if (scheme !== ALGORITHM_RSASSA || hash !== ALGORITHM_SHA256) {
    throw malformed("signature is not rsassa with sha-256");
  }
  const signature = sized(reader);
  end(reader);
  return signature;
}

function readSelections(reader: ByteReader): PcrSelection[] {
  const count = number(reader, 4);
  if (count > MAX_SELECTIONS) throw malformed(`${count} pcr selections, ${MAX_SELECTIONS} allowed`);
  return Array.from({ length: count }, () => {
    const algorithm = number(reader, 2);
    const mask = reader.take(number(reader, 1));
    const bits = Array.from({ length: 8 * mask.length }, (_, index) => index);
    const indices = bits.filter((index) => ((mask[index >> 3] ?? 0) & (1 << (index & 7))) !== 0);
    return { algorithm, indices, mask };
  });
}

function readYesNo(reader: ByteReader): boolean {
  const value = number(reader, 1);
  if (value > 1) throw malformed("neither yes nor no");
  return value === 1;
}

/** A TPM2B: u16 size, then so many bytes. */
function sized(reader: ByteReader): Uint8Array {
  return reader.take(number(reader, 2));
}

/** The next `length` bytes as a number; a TPM's are big endian. */
function number(reader: ByteReader, length: number): number {
  return reader.take(length).reduce((value, octet) => value * 256 + octet, 0);
}

function end(reader: ByteReader): void {
  if (reader.remaining > 0) throw malformed(`${reader.remaining} bytes after the end`);
}

function malformed(message: string): AttestationError {
  return new AttestationError("TPM_QUOTE_MALFORMED", `tpm quote: ${message}`);
}
