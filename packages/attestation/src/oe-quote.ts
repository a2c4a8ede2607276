import { concatBytes } from "@carrara/encoding";
import { ByteReader, writeLe } from "./byte-reader.ts";
import { AttestationError } from "./error.ts";

const OE_HEADER_BYTES = 16;
const OE_VERSION = 1;
const OE_TYPE_SGX_REMOTE = 2;

/** A raw SGX quote in Open Enclave form: u32 version 1, u32 type 2, u64 length, quote. */
export function encodeOeQuote(raw: Uint8Array): Uint8Array {
  return concatBytes(
    writeLe(OE_VERSION, 4),
    writeLe(OE_TYPE_SGX_REMOTE, 4),
    writeLe(raw.length, 8),
    raw,
  );
}

/** The raw quote (a view) inside Open Enclave form. Throws `QUOTE_TRUNCATED`, `QUOTE_LENGTH_MISMATCH`. */
export function decodeOeQuote(bytes: Uint8Array): Uint8Array {
  const reader = new ByteReader(bytes, "QUOTE_TRUNCATED");
  const version = reader.u32();
  const type = reader.u32();
  const length = reader.u32();
  if (version !== OE_VERSION || type !== OE_TYPE_SGX_REMOTE || reader.u32() !== 0) {
    throw new AttestationError("QUOTE_LENGTH_MISMATCH", "not an Open Enclave remote report");
  }
  if (length !== bytes.length - OE_HEADER_BYTES) {
    throw new AttestationError(
      "QUOTE_LENGTH_MISMATCH",
      `header says ${length} bytes, ${bytes.length - OE_HEADER_BYTES} follow`,
    );
  }
  return reader.take(length);
}
