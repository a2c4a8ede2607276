import { EncodingError, fromHex } from "@carrara/encoding";
import { fromBase64Url } from "../base64url.ts";
import { parseStrictJson, type StrictJson, StrictJsonError } from "../dcap/strict-json.ts";
import { AttestationError } from "../error.ts";

/** Name of the key that the virtual TPM signs its quotes with. */
const ATTESTATION_KEY_ID = "HCLAkPub";
/** Modulus of 2048 to 4096 bits. */
const MODULUS_BYTES = { min: 256, max: 512 };
const EXPONENT = "AQAB";

/** What an HCL report says beside the hardware (section 2.7). */
export interface VariableData {
  /** Modulus, big endian, of the virtual TPM's RSA key; its exponent is 65537. */
  readonly attestationKeyModulus: Uint8Array;
  /** What the guest wrote to its TPM index before the report was made (section 7.4). */
  readonly userData: Uint8Array | undefined;
  /** All of the JSON. */
  readonly members: ReadonlyMap<string, StrictJson>;
}

/** Parses variable data; members that are not known may be there. Throws `HCL_MALFORMED`. */
export function parseVariableData(bytes: Uint8Array): VariableData {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const members = objectOf(parseStrictJson(text));
    return {
      attestationKeyModulus: modulusOf(attestationKeyOf(members.get("keys"))),
      userData: userDataOf(members.get("user-data")),
      members,
    };
  } catch (cause) {
    const known =
      cause instanceof StrictJsonError ||
      cause instanceof EncodingError ||
      // What a TextDecoder throws for bytes that are no UTF-8.
      cause instanceof TypeError;
    if (!known) throw cause;
    throw new AttestationError("HCL_MALFORMED", `variable data: ${cause.message}`, { cause });
  }
}

type Members = ReadonlyMap<string, StrictJson>;

function attestationKeyOf(keys: StrictJson | undefined): Members {
  if (!Array.isArray(keys)) throw new StrictJsonError("there is no array of keys");
  const found = (keys as readonly StrictJson[])
    .map(objectOf)
    .filter((key) => key.get("kid") === ATTESTATION_KEY_ID);
  const [key] = found;
  if (key !== undefined && found.length === 1) return key;
  throw new StrictJsonError(`${found.length} keys are named ${ATTESTATION_KEY_ID}, 1 needed`);
}

function modulusOf(key: Members): Uint8Array {
  const text = key.get("n");
  if (key.get("kty") !== "RSA" || key.get("e") !== EXPONENT || typeof text !== "string") {
    throw new StrictJsonError("attestation key is no rsa key with exponent 65537");
  }
  const modulus = fromBase64Url(text);
  const { min, max } = MODULUS_BYTES;
  if (modulus.length >= min && modulus.length <= max && (modulus[0] ?? 0) >= 0x80) return modulus;
  throw new StrictJsonError(`modulus of ${modulus.length} bytes, ${min} to ${max} needed`);
}

function userDataOf(value: StrictJson | undefined): Uint8Array | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw new StrictJsonError("user data is no text");
  return fromHex(value);
}

function objectOf(value: StrictJson): Members {
  if (value instanceof Map) return value as Members;
  throw new StrictJsonError("object needed");
}
