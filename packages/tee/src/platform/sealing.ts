import { hkdfSync } from "node:crypto";
import { concatBytes, utf8 } from "@carrara/encoding";
import type { EnclaveIdentity } from "../image/verify-image.ts";
import type { SealingPolicy } from "../tee.ts";

const KEY_BYTES = 32;
const LABEL = "carrara-sealing-v1";

/**
 * The 32-byte sealing key of an enclave (attestation specification section 8.8): HKDF-SHA-256 of
 * the fuse key, salted with MRENCLAVE, or MRSIGNER‖ISVPRODID. The security version is left out, so
 * that a later version opens what an earlier one sealed; DEBUG is in, as on hardware, so that a
 * debug build opens nothing of a production one.
 */
export function deriveSealingKey(
  fuseKey: Uint8Array,
  identity: EnclaveIdentity,
  policy: SealingPolicy,
): Uint8Array {
  const { mrEnclave, mrSigner, isvProdId, debug } = identity;
  const productId = new Uint8Array([isvProdId & 0xff, isvProdId >> 8]);
  const salt = policy === "unique" ? mrEnclave : concatBytes(mrSigner, productId);
  const info = utf8(`${LABEL} ${policy}${debug ? " debug" : ""}`);
  return new Uint8Array(hkdfSync("sha256", fuseKey, salt, info, KEY_BYTES));
}
