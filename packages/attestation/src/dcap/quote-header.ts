import { concatBytes, equalBytes, fromHex } from "@carrara/encoding";
import { type ByteReader, writeLe } from "../byte-reader.ts";
import { AttestationError } from "../error.ts";

/** Size of a quote header in bytes, in every version. */
const QUOTE_HEADER_BYTES = 48;

/** TEE types of section 1.1. */
export const TEE_TYPE_SGX = 0;
export const TEE_TYPE_TDX = 0x81;

const ECDSA_P256 = 2;
const USER_DATA_BYTES = 20;
const VERSIONS: ReadonlySet<number> = new Set([3, 4, 5]);
/** Vendor id of Intel's quoting enclave. */
const INTEL_QE_VENDOR_ID: Uint8Array = fromHex("939a7233f79c4ca9940a0db3957f0607");

/** The first 48 bytes of a quote (section 1.1). Byte fields are views. */
export interface QuoteHeader {
  /** 3, 4 or 5. */
  readonly version: number;
  readonly attestationKeyType: number;
  /** 0 is SGX, 0x81 is TDX. */
  readonly teeType: number;
  /** Informative in version 3, zero later; never decide by it. */
  readonly qeSvn: number;
  readonly pceSvn: number;
  readonly qeVendorId: Uint8Array;
  readonly userData: Uint8Array;
}

/**
 * Reads a header. Throws, in this order, `QUOTE_TRUNCATED`, `QUOTE_UNSUPPORTED_VERSION`,
 * `…_KEY_TYPE`, `…_TEE_TYPE`, `QUOTE_UNKNOWN_QE_VENDOR`.
 */
export function readQuoteHeader(reader: ByteReader): QuoteHeader {
  if (reader.remaining < QUOTE_HEADER_BYTES) {
    const message = `quote has ${reader.remaining} bytes, at least ${QUOTE_HEADER_BYTES} needed`;
    throw new AttestationError("QUOTE_TRUNCATED", message);
  }
  const header: QuoteHeader = {
    version: reader.u16(),
    attestationKeyType: reader.u16(),
    teeType: reader.u32(),
    qeSvn: reader.u16(),
    pceSvn: reader.u16(),
    qeVendorId: reader.take(16),
    userData: reader.take(USER_DATA_BYTES),
  };
  checkHeader(header);
  return header;
}

function checkHeader(header: QuoteHeader): void {
  if (!VERSIONS.has(header.version)) {
    const message = `quote version is ${header.version}, 3 to 5 needed`;
    throw new AttestationError("QUOTE_UNSUPPORTED_VERSION", message);
  }
  if (header.attestationKeyType !== ECDSA_P256) {
    const message = `attestation key type is ${header.attestationKeyType}, 2 needed`;
    throw new AttestationError("QUOTE_UNSUPPORTED_KEY_TYPE", message);
  }
  // In version 3 this word is reserved: only SGX has such quotes.
  const tdx = header.teeType === TEE_TYPE_TDX && header.version > 3;
  if (header.teeType !== TEE_TYPE_SGX && !tdx) {
    const had = `0x${header.teeType.toString(16)} in version ${header.version}`;
    const message = `tee type is ${had}, 0x0 or, from version 4 on, 0x81 needed`;
    throw new AttestationError("QUOTE_UNSUPPORTED_TEE_TYPE", message);
  }
  if (!equalBytes(header.qeVendorId, INTEL_QE_VENDOR_ID)) {
    throw new AttestationError(
      "QUOTE_UNKNOWN_QE_VENDOR",
      "quoting enclave is not of a known vendor",
    );
  }
}

/** The 48 bytes of a header with zero QE and PCE SVN; `userData` is zero-padded to 20 bytes. */
export function encodeQuoteHeader(
  version: number,
  teeType: number,
  userData: Uint8Array,
): Uint8Array {
  if (userData.length > USER_DATA_BYTES) {
    throw new TypeError(`user data has ${userData.length} bytes, ${USER_DATA_BYTES} allowed`);
  }
  return concatBytes(
    writeLe(version, 2),
    writeLe(ECDSA_P256, 2),
    writeLe(teeType, 4),
    new Uint8Array(4),
    INTEL_QE_VENDOR_ID,
    userData,
    new Uint8Array(USER_DATA_BYTES - userData.length),
  );
}
