import { HASH_BYTES, MAX_PROOF_HASHES, readBase64 } from "@carrara/transparency";
import { CliError } from "../cli-error.ts";

/** Longest document that is read, in characters: 64 hashes in base64 with quotes and spaces. */
const MAX_CHARACTERS = 16 * 1024;

/** Hashes of `{"hashes": ["<base64>", …]}`, as the consistency route answers. Throws `CONSISTENCY_INVALID`. */
export function parseConsistency(text: string): readonly Uint8Array[] {
  const document = text.length > MAX_CHARACTERS ? undefined : parseJson(text);
  const hashes: unknown = isRecord(document) ? document["hashes"] : undefined;
  if (!Array.isArray(hashes)) throw invalid('it is not {"hashes": […]}');
  if (hashes.length > MAX_PROOF_HASHES) {
    throw invalid(`it has ${hashes.length} hashes, ${MAX_PROOF_HASHES} allowed`);
  }
  return hashes.map((item: unknown) => {
    const hash = typeof item === "string" ? readBase64(item) : undefined;
    if (hash?.length !== HASH_BYTES) throw invalid("a hash is not base64 of 32 bytes");
    return hash;
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function invalid(why: string): CliError {
  return new CliError("CONSISTENCY_INVALID", `consistency proof: ${why}`);
}
