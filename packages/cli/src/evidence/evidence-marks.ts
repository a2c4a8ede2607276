import { equalBytes, fromHex, utf8 } from "@carrara/encoding";

/** What bytes look like; whether they are it is for its parser to say. */
export type EvidenceMark = "quote" | "open-enclave" | "snp-report" | "hcl" | "der";

const HCL_SIGNATURE = utf8("HCLA");
const OE_HEADER = fromHex("0100000002000000");
const OE_HEADER_BYTES = 16;
const INTEL_QE_VENDOR = fromHex("939a7233f79c4ca9940a0db3957f0607");
const QE_VENDOR_OFFSET = 12;
/** First bytes of a SIGSTRUCT, whatever it signs. */
const SIGSTRUCT_HEADER = fromHex("06000000e10000000000010000000000");
/** Versions of quotes, and of reports with room for those to come. */
const QUOTE_VERSIONS = { min: 3, max: 5 };
const REPORT_VERSIONS = { min: 1, max: 15 };
const KEY_TYPES: readonly number[] = [2, 3];
const TEE_TYPES: readonly number[] = [0, 0x81];
/** Of a report: the guest's policy, whose bit 17 is always set, and the algorithm ECDSA P-384. */
const POLICY_BIT = { offset: 10, mask: 2 };
const SIGNATURE_ALGO = { offset: 0x34, value: 1 };
const DER_SEQUENCE = 0x30;
/** Long forms of a DER length, which everything beyond 127 bytes has. */
const DER_LENGTHS = { min: 0x81, max: 0x83 };

/** What `bytes` have the marks of: a header that chance does not make. */
export function markOf(bytes: Uint8Array): EvidenceMark | undefined {
  if (startsWith(bytes, HCL_SIGNATURE)) return "hcl";
  if (isNested(bytes)) return "der";
  if (startsWith(bytes, OE_HEADER) && isQuote(bytes.subarray(OE_HEADER_BYTES))) {
    return "open-enclave";
  }
  if (isQuote(bytes)) return "quote";
  return isReport(bytes) ? "snp-report" : undefined;
}

/** Whether `bytes` begin as the signature structure of an enclave does, which is no evidence. */
export function isSigstruct(bytes: Uint8Array): boolean {
  return startsWith(bytes, SIGSTRUCT_HEADER);
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return equalBytes(bytes.subarray(0, start.length), start);
}

/** A quote that was damaged still has the vendor of its quoting enclave, or all the rest. */
function isQuote(bytes: Uint8Array): boolean {
  const vendor = bytes.subarray(QE_VENDOR_OFFSET, QE_VENDOR_OFFSET + INTEL_QE_VENDOR.length);
  if (equalBytes(vendor, INTEL_QE_VENDOR)) return true;
  if (bytes.length < QE_VENDOR_OFFSET) return false;
  const view = viewOf(bytes);
  const version = view.getUint16(0, true);
  return (
    version >= QUOTE_VERSIONS.min &&
    version <= QUOTE_VERSIONS.max &&
    KEY_TYPES.includes(view.getUint16(2, true)) &&
    TEE_TYPES.includes(view.getUint32(4, true))
  );
}

function isReport(bytes: Uint8Array): boolean {
  if (bytes.length < SIGNATURE_ALGO.offset + 4) return false;
  const view = viewOf(bytes);
  const version = view.getUint32(0, true);
  const isKnown = version >= REPORT_VERSIONS.min && version <= REPORT_VERSIONS.max;
  const hasPolicy = ((bytes[POLICY_BIT.offset] ?? 0) & POLICY_BIT.mask) !== 0;
  const hasAlgorithm = view.getUint32(SIGNATURE_ALGO.offset, true) === SIGNATURE_ALGO.value;
  return isKnown && (hasPolicy || hasAlgorithm) && !isSigstruct(bytes);
}

/** A SEQUENCE in a long SEQUENCE, as certificates and revocation lists are. */
function isNested(bytes: Uint8Array): boolean {
  const [outer, length = 0] = bytes;
  const isLong = length >= DER_LENGTHS.min && length <= DER_LENGTHS.max;
  return outer === DER_SEQUENCE && isLong && bytes[2 + (length & 0x7f)] === DER_SEQUENCE;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
