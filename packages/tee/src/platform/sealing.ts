import { hkdfSync } from "node:crypto";
import type { TeeKind } from "@carrara/attestation";
import { concatBytes, utf8 } from "@carrara/encoding";
import type { EnclaveIdentity } from "../image/verify-image.ts";
import type { SealingPolicy } from "../tee.ts";

const KEY_BYTES = 32;
/** Keys of each kind are their own: what one seals, the same image on another cannot open. */
const LABELS: Readonly<Record<TeeKind, string>> = {
  sgx: "carrara-sealing-v1",
  tdx: "carrara-sealing-tdx-v1",
  snp: "carrara-sealing-snp-v1",
};

/**
 * The 32-byte sealing key of an enclave (attestation specification section 8.8): HKDF-SHA-256 of
 * the fuse key, salted with the measurement, or signer‖product id. The security version is left out,
 * so that a later version opens what an earlier one sealed; DEBUG is in, as on hardware, so that a
 * debug build opens nothing of a production one.
 *
 * Of all that is simulated this is furthest from hardware: the fuse key is a file that whoever runs
 * the platform can read, a real TD has no sealing key at all, and an SNP guest derives its own from
 * its processor. It shows that the state is opened by the right code, and keeps it from nobody.
 * Throws a TypeError for an identity without the measurement of `tee`.
 */
export function deriveSealingKey(
  fuseKey: Uint8Array,
  identity: EnclaveIdentity,
  policy: SealingPolicy,
  tee: TeeKind = "sgx",
): Uint8Array {
  const { isvProdId, debug } = identity;
  const productId = new Uint8Array([isvProdId & 0xff, isvProdId >> 8]);
  const salt =
    policy === "unique"
      ? measurementOf(identity, tee)
      : concatBytes(signerOf(identity, tee), productId);
  const info = utf8(`${LABELS[tee]} ${policy}${debug ? " debug" : ""}`);
  return new Uint8Array(hkdfSync("sha256", fuseKey, salt, info, KEY_BYTES));
}

function measurementOf(identity: EnclaveIdentity, tee: TeeKind): Uint8Array {
  const { mrEnclave, td, snpMeasurement } = identity;
  if (tee === "sgx") return mrEnclave;
  if (tee === "tdx" && td !== undefined) {
    return concatBytes(td.mrTd, td.rtMr0, td.rtMr1, td.rtMr2);
  }
  if (tee === "snp" && snpMeasurement !== undefined) return snpMeasurement;
  throw new TypeError(`the identity has no measurement of ${tee}`);
}

/** Nobody signs for a TD; the image has a signer all the same, and the simulation goes by it. */
function signerOf({ mrSigner, idKeyDigest }: EnclaveIdentity, tee: TeeKind): Uint8Array {
  return tee === "snp" ? (idKeyDigest ?? new Uint8Array(48)) : mrSigner;
}
