import { createHash } from "node:crypto";
import { AttestationError, mrSignerOf, verifySigstruct } from "@carrara/attestation";
import { equalBytes, toHex } from "@carrara/encoding";
import { TeeError } from "../error.ts";
import { type EnclaveImage, parseImage } from "./image.ts";
import { measureEnclave, measureSnp, measureTd, type TdMeasurements } from "./measure-image.ts";
import { recordsOf } from "./measurement-document.ts";
import type { NodeExecutable } from "./node-executable.ts";
import { encodeSigstructFields, RSA_BYTES, SIGSTRUCT_OFFSET, setSignature } from "./sigstruct.ts";

/** Who an enclave is: what its evidence says and what its sealing keys depend on. */
export interface EnclaveIdentity {
  readonly mrEnclave: Uint8Array;
  readonly mrSigner: Uint8Array;
  readonly isvProdId: number;
  readonly isvSvn: number;
  readonly debug: boolean;
  /** What a TD has in place of `mrEnclave`; a TDX platform needs it. */
  readonly td?: TdMeasurements;
  /** What an SNP guest has in place of `mrEnclave`, 48 bytes; an SNP platform needs it. */
  readonly snpMeasurement?: Uint8Array;
  /** What an SNP guest has in place of `mrSigner`, 48 bytes: SHA-384 of the signer's modulus. */
  readonly idKeyDigest?: Uint8Array;
  /** SHA-256 of the policy file that the host started an SNP guest with, if any. */
  readonly hostData?: Uint8Array;
}

/** An identity that a platform measured itself, in the terms of every technology. */
export type MeasuredIdentity = EnclaveIdentity &
  Required<Pick<EnclaveIdentity, "td" | "snpMeasurement" | "idKeyDigest">>;

/** An image whose signature and measurement hold, with the identity that follows. */
export interface VerifiedImage {
  readonly image: EnclaveImage;
  readonly identity: MeasuredIdentity;
}

/**
 * Checks a signed image under `node`: any changed byte is refused. Throws `IMAGE_MALFORMED`,
 * `IMAGE_UNSIGNED`, `IMAGE_SIGNATURE_INVALID`, and `IMAGE_MEASUREMENT_MISMATCH` when content,
 * launch settings or the Node binary are not those that were signed.
 */
export async function verifyImage(bytes: Uint8Array, node: NodeExecutable): Promise<VerifiedImage> {
  const image = parseImage(bytes);
  if (image.sigstruct === undefined) {
    throw new TeeError("IMAGE_UNSIGNED", "image has no signature");
  }
  await checkSignature(image.sigstruct);
  const identity = await identityOf(image, image.sigstruct, node);
  return { image, identity };
}

async function checkSignature(sigstruct: Uint8Array): Promise<void> {
  try {
    await verifySigstruct(sigstruct);
  } catch (cause) {
    if (!(cause instanceof AttestationError)) throw cause;
    throw new TeeError("IMAGE_SIGNATURE_INVALID", "image signature is not valid", { cause });
  }
}

/**
 * Writes the SIGSTRUCT anew from what the image measures to and compares: so also the fields that
 * the signature does not cover (reserved bytes, q1, q2) are the only ones possible.
 */
async function identityOf(
  image: EnclaveImage,
  sigstruct: Uint8Array,
  node: NodeExecutable,
): Promise<MeasuredIdentity> {
  const at = SIGSTRUCT_OFFSET;
  const { productId, securityVersion, debug } = image.settings;
  const records = recordsOf(image, node);
  const mrEnclave = measureEnclave(records);
  const modulusLe = sigstruct.subarray(at.modulus, at.exponent);
  const expected = encodeSigstructFields({
    enclaveHash: mrEnclave,
    isvProdId: productId,
    isvSvn: securityVersion,
    debug,
    date: new Date(0),
    modulusLe,
  });
  expected.set(sigstruct.subarray(at.date, at.header2), at.date);
  setSignature(expected, sigstruct.subarray(at.signature, at.signature + RSA_BYTES));
  if (!equalBytes(expected, sigstruct)) {
    throw new TeeError(
      "IMAGE_MEASUREMENT_MISMATCH",
      `image measures to ${toHex(mrEnclave)}, signed was ${toHex(sigstruct.subarray(at.enclaveHash, at.enclaveHash + 32))}`,
    );
  }
  return {
    mrEnclave,
    mrSigner: await mrSignerOf(modulusLe),
    isvProdId: productId,
    isvSvn: securityVersion,
    debug,
    td: measureTd(records),
    snpMeasurement: measureSnp(records),
    idKeyDigest: new Uint8Array(createHash("sha384").update(modulusLe).digest()),
  };
}
