import { EncodingError, utf8 } from "@carrara/encoding";
import { type EcKey, ecdsaFromDer } from "@carrara/pki";
import { fromBase64Url, toBase64Url } from "../base64url.ts";
import { importP256Spki, verifyP256 } from "../crypto.ts";
import { parseStrictJson, type StrictJson, StrictJsonError } from "../dcap/strict-json.ts";
import { AttestationError } from "../error.ts";
import { EAR_PROFILE, type EarClaims, type EarFrame } from "./ear.ts";
import {
  type EarStatus,
  isBetterThan,
  type TrustworthinessVector,
  VECTOR_COMPONENTS,
} from "./trustworthiness.ts";

/** Longest signed result that is read, in characters: hundreds of submodules. */
const MAX_JWS_CHARACTERS = 1024 * 1024;
const P256_BYTES = 32;
const STATUSES: readonly EarStatus[] = ["none", "affirming", "warning", "contraindicated"];
/** A result is no other kind of JWT (RFC 9782). */
const HEADER = { alg: "ES256", typ: "eat+jwt" };

/** What a signed result of any verifier says at least of a subject. */
export interface VerifiedEarSubmodule {
  readonly "ear.status": EarStatus;
  readonly "ear.trustworthiness-vector": TrustworthinessVector;
  readonly [claim: string]: unknown;
}

/** A result whose signature verified. */
export type VerifiedEar = EarFrame<VerifiedEarSubmodule>;

/** Signs a result as a compact JWS with ES256. Throws a TypeError for a key that is not on P-256. */
export async function signEar(
  claims: EarClaims,
  { curve, signer }: Pick<EcKey, "curve" | "signer">,
): Promise<string> {
  if (curve !== "P-256") throw new TypeError(`key is on ${curve}, P-256 needed`);
  const part = (value: object): string => toBase64Url(utf8(JSON.stringify(value)));
  const signed = `${part(HEADER)}.${part(claims)}`;
  const signature = ecdsaFromDer(await signer.sign(utf8(signed)), P256_BYTES);
  return `${signed}.${toBase64Url(signature)}`;
}

/**
 * The claims of a compact JWS that the P-256 key `spki` signed with ES256, in force at `now`, none of
 * whose submodules has a better status than its vector. Whether the nonce is the caller's is for
 * the caller to check. Throws `EAR_MALFORMED`, `EAR_SIGNATURE_INVALID`.
 */
export async function verifyEar(jws: string, spki: Uint8Array, now: Date): Promise<VerifiedEar> {
  try {
    const { header, payload, signature, signed } = splitJws(jws);
    checkHeader(readObject(header));
    if (!(await isSignedBy(spki, signature, signed))) {
      throw new AttestationError(
        "EAR_SIGNATURE_INVALID",
        "the signature of the result is not by the verifier's key",
      );
    }
    return readClaims(payload, now);
  } catch (cause) {
    if (cause instanceof AttestationError) throw cause;
    if (!(cause instanceof StrictJsonError || cause instanceof EncodingError)) throw cause;
    throw refuse(cause.message, cause);
  }
}

interface JwsParts {
  readonly header: string;
  readonly payload: string;
  readonly signature: Uint8Array;
  readonly signed: Uint8Array;
}

function splitJws(jws: string): JwsParts {
  if (jws.length > MAX_JWS_CHARACTERS) throw refuse("it is too long");
  const [header, payload, signature, ...rest] = jws.split(".");
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) {
    throw refuse("it does not have three parts");
  }
  return {
    header: textOf(header),
    payload: textOf(payload),
    signature: fromBase64Url(signature),
    signed: utf8(`${header}.${payload}`),
  };
}

function textOf(part: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(fromBase64Url(part));
  } catch (cause) {
    throw refuse("a part is no base64url of utf-8", cause);
  }
}

type Members = ReadonlyMap<string, StrictJson>;

function readObject(text: string): Members {
  return objectOf(parseStrictJson(text));
}

function objectOf(value: StrictJson | undefined): Members {
  if (value instanceof Map) return value as Members;
  throw refuse("an object is missing");
}

function checkHeader(header: Members): void {
  if (header.get("alg") !== HEADER.alg || header.has("crit")) {
    throw refuse("its header asks for something other than es256");
  }
}

async function isSignedBy(
  spki: Uint8Array,
  signature: Uint8Array,
  signed: Uint8Array,
): Promise<boolean> {
  try {
    return await verifyP256(await importP256Spki(spki), signature, signed);
  } catch {
    // A key that cannot be used verifies nothing.
    return false;
  }
}

function readClaims(payload: string, now: Date): VerifiedEar {
  const claims = readObject(payload);
  if (claims.get("eat_profile") !== EAR_PROFILE) throw refuse("it is of another profile");
  checkTimes(claims, now);
  const verifier = objectOf(claims.get("ear.verifier-id"));
  const nonce = claims.get("eat_nonce") ?? "";
  const texts = [verifier.get("developer"), verifier.get("build"), nonce];
  if (texts.some((text) => typeof text !== "string")) throw refuse("a text is missing");
  const submods = objectOf(claims.get("submods"));
  if (submods.size === 0) throw refuse("it has no submodules");
  for (const submodule of submods.values()) checkSubmodule(objectOf(submodule));
  // Read strictly above, so that nothing in it has two meanings; here for its plain form.
  return JSON.parse(payload) as VerifiedEar;
}

function checkTimes(claims: Members, now: Date): void {
  const seconds = now.getTime() / 1000;
  const [iat, exp = Number.POSITIVE_INFINITY] = [claims.get("iat"), claims.get("exp")];
  if (typeof iat !== "number" || typeof exp !== "number") throw refuse("a time is missing");
  if (!(iat <= seconds && seconds < exp)) throw refuse("it is not in force now");
}

function checkSubmodule(submodule: Members): void {
  const vector = objectOf(submodule.get("ear.trustworthiness-vector"));
  const status = STATUSES.find((known) => known === submodule.get("ear.status"));
  const values = VECTOR_COMPONENTS.map((name) => [name, vector.get(name) ?? 0] as const);
  const fits = values.every(([, value]) => isOctet(value));
  if (!fits || status === undefined) throw refuse("a submodule's status or vector is malformed");
  if (isBetterThan(status, Object.fromEntries(values) as unknown as TrustworthinessVector)) {
    throw refuse("a submodule's status is better than its vector");
  }
}

/** Values of a vector are signed octets. */
function isOctet(value: StrictJson): boolean {
  return typeof value === "number" && value >= -128 && value <= 127;
}

function refuse(message: string, cause?: unknown): AttestationError {
  return new AttestationError("EAR_MALFORMED", `attestation result: ${message}`, { cause });
}
