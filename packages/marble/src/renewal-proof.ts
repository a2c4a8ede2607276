import { createHash, createPrivateKey, sign } from "node:crypto";
import { concatBytes, utf8 } from "@carrara/encoding";
import { Metadata } from "@grpc/grpc-js";
import type { MeshCredentials } from "./mesh-credentials.ts";

/** Shows that who connects is a marble that runs already: it has the key of a mesh certificate. */
export interface RenewalProof {
  /** DER of the mesh certificate in use. */
  readonly leaf: Uint8Array;
  /** DER of the intermediate that issued it, which an update may have replaced. */
  readonly intermediate: Uint8Array;
  /** ASN.1 ECDSA over SHA-384 of {@link renewalMessage}, by the key of `leaf`. */
  readonly signature: Uint8Array;
}

/** Keeps signatures apart from all others that a mesh key makes. */
const CONTEXT = "carrara marble renewal v1\0";
const LEAF = "carrara-leaf-bin";
const INTERMEDIATE = "carrara-intermediate-bin";
const SIGNATURE = "carrara-proof-bin";
/** Longest value in bytes: a leaf with a hundred names is below 8 KiB. */
const MAX_VALUE_BYTES = 16 * 1024;

/** What a renewing marble signs: the certificate of the connection, whose key is fresh. */
export function renewalMessage(clientCertificate: Uint8Array): Uint8Array {
  return concatBytes(utf8(CONTEXT), createHash("sha256").update(clientCertificate).digest());
}

/** Proves ownership of `credentials` over the connection made with `clientCertificate` (DER). */
export function createRenewalProof(
  { leaf, intermediate, pkcs8 }: MeshCredentials,
  clientCertificate: Uint8Array,
): RenewalProof {
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
  const signature = new Uint8Array(sign("sha384", renewalMessage(clientCertificate), key));
  return { leaf, intermediate, signature };
}

/** The proof as metadata of a `Renew` call. */
export function renewalMetadata({ leaf, intermediate, signature }: RenewalProof): Metadata {
  const metadata = new Metadata();
  metadata.set(LEAF, Buffer.from(leaf));
  metadata.set(INTERMEDIATE, Buffer.from(intermediate));
  metadata.set(SIGNATURE, Buffer.from(signature));
  return metadata;
}

/** The proof in attacker-controlled metadata; `undefined` unless each part is there once. */
export function renewalProofFrom(metadata: Metadata): RenewalProof | undefined {
  const [leaf, intermediate, signature] = [LEAF, INTERMEDIATE, SIGNATURE].map((name) => {
    const [value, ...more] = metadata.get(name);
    const usable = Buffer.isBuffer(value) && more.length === 0 && value.length <= MAX_VALUE_BYTES;
    return usable ? new Uint8Array(value) : undefined;
  });
  if (leaf === undefined || intermediate === undefined || signature === undefined) return undefined;
  return { leaf, intermediate, signature };
}
