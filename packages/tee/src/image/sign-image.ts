import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  sign,
} from "node:crypto";
import { promisify } from "node:util";
import { concatBytes } from "@carrara/encoding";
import { TeeError } from "../error.ts";
import { parseImage } from "./image.ts";
import { measureImage } from "./measure-image.ts";
import { loadNodeExecutable, type NodeExecutable } from "./node-executable.ts";
import { encodeSigstructFields, RSA_BYTES, setSignature, signedPartOf } from "./sigstruct.ts";

const RSA_BITS = 3072;
const RSA_EXPONENT = 3;

/** What `signImage` needs besides image and key. */
export interface SignImageOptions {
  /** Day of signing, in UTC; it is part of what is signed. */
  readonly date: Date;
  /** The Node binary to measure; by default the one that runs this process. */
  readonly node?: NodeExecutable;
}

/** A fresh RSA-3072 key with exponent 3, as SGX wants it, in PEM (PKCS#8). Takes about a second. */
export async function generateSigningKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)("rsa", {
    modulusLength: RSA_BITS,
    publicExponent: RSA_EXPONENT,
  });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/**
 * `image` with a SIGSTRUCT (attestation specification section 1.9) over its measurement; an older
 * one is replaced. Throws `IMAGE_MALFORMED`, `SIGNING_KEY_INVALID`.
 */
export async function signImage(
  image: Uint8Array,
  privateKeyPem: string,
  { date, node }: SignImageOptions,
): Promise<Uint8Array> {
  const parsed = parseImage(image);
  const key = readSigningKey(privateKeyPem);
  const sigstruct = encodeSigstructFields({
    enclaveHash: measureImage(parsed, node ?? (await loadNodeExecutable())),
    isvProdId: parsed.settings.productId,
    isvSvn: parsed.settings.securityVersion,
    debug: parsed.settings.debug,
    date,
    modulusLe: modulusOf(key),
  });
  const signature = sign("sha256", signedPartOf(sigstruct), key);
  setSignature(sigstruct, new Uint8Array(signature).reverse());
  return concatBytes(parsed.unsigned, sigstruct);
}

function readSigningKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw new TeeError("SIGNING_KEY_INVALID", "signing key is no private key in pem", { cause });
  }
  const details = key.asymmetricKeyDetails;
  if (
    key.asymmetricKeyType !== "rsa" ||
    details?.modulusLength !== RSA_BITS ||
    details.publicExponent !== BigInt(RSA_EXPONENT)
  ) {
    throw new TeeError("SIGNING_KEY_INVALID", "signing key is not rsa-3072 with exponent 3");
  }
  return key;
}

function modulusOf(key: KeyObject): Uint8Array {
  const { n = "" } = createPublicKey(key).export({ format: "jwk" });
  const modulus = new Uint8Array(RSA_BYTES);
  modulus.set(Buffer.from(n, "base64url").reverse());
  return modulus;
}
