import { type Cbor, CborError, decodeCbor } from "../cbor.ts";
import { AttestationError } from "../error.ts";
import { type RaTlsClaims, SNP_EVIDENCE_TYPE } from "./evidence.ts";

const TAG_QUOTE = 60_000n;
const TAG_REPORT = 60_001n;

/** Content of the interoperable extension. */
export type InteroperableForm =
  | {
      readonly kind: "interoperable";
      readonly cborTag: 60000 | 60001;
      readonly evidence: Uint8Array;
      readonly claims: RaTlsClaims;
    }
  | {
      readonly kind: "sev-snp";
      readonly evidence: Uint8Array;
      readonly claims: RaTlsClaims;
      readonly vekChain: readonly Uint8Array[];
    };

/**
 * Reads the value of the interoperable extension (section 6.2): tagged evidence, or this project's
 * array for SEV-SNP. Throws `RATLS_MALFORMED`, `RATLS_CBOR_TAG` for evidence of another type.
 */
export function decodeInteroperableForm(value: Uint8Array): InteroperableForm {
  const item = decode(value);
  if (item.kind === "tag") return decodeTagged(item.tag, item.content);
  if (item.kind === "array") return decodeTyped(item.items);
  throw malformed("neither tagged evidence nor an array");
}

function decodeTagged(tag: bigint, content: Cbor): InteroperableForm {
  if (tag !== TAG_QUOTE && tag !== TAG_REPORT) {
    throw new AttestationError("RATLS_CBOR_TAG", `evidence has tag ${tag}, 60000 or 60001 needed`);
  }
  const [evidence, claims] = itemsOf(content, 2, 2).map(bytesOf);
  return {
    kind: "interoperable",
    cborTag: tag === TAG_QUOTE ? 60000 : 60001,
    evidence: required(evidence),
    claims: decodeClaims(required(claims)),
  };
}

function decodeTyped(items: readonly Cbor[]): InteroperableForm {
  const [type, wrapped, ...rest] = items;
  if (type?.kind !== "text" || type.value !== SNP_EVIDENCE_TYPE) {
    throw new AttestationError("RATLS_CBOR_TAG", "evidence of a type that is not known");
  }
  if (rest.length > 0) throw malformed("items after the evidence");
  const [report, claims, chain] = itemsOf(decode(bytesOf(required(wrapped))), 2, 3);
  return {
    kind: "sev-snp",
    evidence: bytesOf(required(report)),
    claims: decodeClaims(bytesOf(required(claims))),
    vekChain: chain === undefined ? [] : itemsOf(chain, 2, 2).map(bytesOf),
  };
}

function decodeClaims(raw: Uint8Array): RaTlsClaims {
  const item = decode(raw);
  if (item.kind !== "map") throw malformed("claims are no map");
  const others = new Map<string, Cbor>();
  for (const [key, value] of item.entries) {
    if (key.kind !== "text") throw malformed("a claim's name is no text");
    others.set(key.value, value);
  }
  const pubkeyHash = decodePubkeyHash(required(others.get("pubkey-hash")));
  const nonceItem = others.get("nonce");
  others.delete("pubkey-hash");
  others.delete("nonce");
  return { raw, pubkeyHash, nonce: nonceItem && bytesOf(nonceItem), others };
}

function decodePubkeyHash(item: Cbor): RaTlsClaims["pubkeyHash"] {
  const [algorithm, value] = itemsOf(decode(bytesOf(item)), 2, 2);
  const isNumber = algorithm?.kind === "integer" && algorithm.value >= 0n;
  // What does not fit a number becomes one that is no known algorithm.
  if (!isNumber) throw malformed("hash algorithm is no number");
  return { algId: Number(algorithm.value), value: bytesOf(required(value)) };
}

function decode(bytes: Uint8Array): Cbor {
  try {
    return decodeCbor(bytes);
  } catch (cause) {
    if (!(cause instanceof CborError)) throw cause;
    throw new AttestationError("RATLS_MALFORMED", `evidence is no strict cbor: ${cause.message}`, {
      cause,
    });
  }
}

function itemsOf(item: Cbor, min: number, max: number): readonly Cbor[] {
  const fits = item.kind === "array" && item.items.length >= min && item.items.length <= max;
  if (!fits) throw malformed(`not an array of ${min} to ${max} items`);
  return item.items;
}

function bytesOf(item: Cbor): Uint8Array {
  if (item.kind !== "bytes") throw malformed(`${item.kind} found, bytes needed`);
  return item.value;
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw malformed("a part is missing");
  return value;
}

function malformed(message: string): AttestationError {
  return new AttestationError("RATLS_MALFORMED", `evidence: ${message}`);
}
