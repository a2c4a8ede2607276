import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { CoordinatorError } from "../error.ts";

const generate = promisify(generateKeyPair);

/** Smallest RSA modulus, as in current Go, in bits. */
const MIN_RSA_BITS = 1024;
/** Largest RSA modulus, in bits: 16384-bit keys take minutes to find. */
const MAX_RSA_BITS = 8192;

const CURVES: ReadonlyMap<number, string> = new Map([
  [224, "secp224r1"],
  [256, "prime256v1"],
  [384, "secp384r1"],
  [521, "secp521r1"],
]);

/**
 * Makes the private key of a certificate secret (section 4.6): `size` is RSA modulus or curve bits.
 * Throws `SECRET_INVALID`, naming `name`.
 */
export async function generateSecretKey(
  name: string,
  type: string,
  size: number,
): Promise<KeyObject> {
  if (type === "cert-rsa") {
    if (size < MIN_RSA_BITS || size > MAX_RSA_BITS) {
      refuse(name, `RSA of ${size} bits, needs ${MIN_RSA_BITS} to ${MAX_RSA_BITS}`);
    }
    return (await generate("rsa", { modulusLength: size })).privateKey;
  }
  if (type === "cert-ed25519") {
    if (size !== 0) refuse(name, `Ed25519 with size ${size}, needs none`);
    return (await generate("ed25519")).privateKey;
  }
  const namedCurve = CURVES.get(size);
  if (type !== "cert-ecdsa" || namedCurve === undefined) {
    return refuse(name, `${type} of ${size} bits, ECDSA needs 224, 256, 384 or 521`);
  }
  return (await generate("ec", { namedCurve })).privateKey;
}

function refuse(name: string, why: string): never {
  throw new CoordinatorError("SECRET_INVALID", `secret ${name}: ${why}`);
}
