import { createHash } from "node:crypto";
import { encodeEvidence } from "@carrara/attestation";
import { concatBytes, encodePem } from "@carrara/encoding";
import type { Tee } from "@carrara/tee";
import type { MeshState } from "./core/state.ts";
import { CoordinatorError } from "./error.ts";

/**
 * Evidence, an SGX quote in Open Enclave form, over the root certificate and `nonce` (section 1.6). Throws
 * `QUOTE_FAILED`.
 */
export async function makeQuote(
  tee: Pick<Tee, "getEvidence">,
  mesh: MeshState,
  nonce: Uint8Array,
): Promise<Uint8Array> {
  const bound = concatBytes(mesh.authority.root.certificate, nonce);
  try {
    return encodeEvidence(await tee.getEvidence(createHash("sha256").update(bound).digest()));
  } catch (cause) {
    throw new CoordinatorError("QUOTE_FAILED", "the platform gave no quote", { cause });
  }
}

/** PEM of the intermediate, then the root (section 2.6). */
export function chainPem({ authority }: MeshState): string {
  const { intermediate, root } = authority;
  return [intermediate, root].map((each) => encodePem("CERTIFICATE", each.certificate)).join("");
}
