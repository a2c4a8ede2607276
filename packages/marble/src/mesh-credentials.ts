import { createPrivateKey } from "node:crypto";
import { EncodingError, parsePem } from "@carrara/encoding";

/** A marble's own certificate of the mesh, as its variables say it. */
export interface MeshCredentials {
  /** DER. */
  readonly leaf: Uint8Array;
  /** DER of the intermediate that issued `leaf`. */
  readonly intermediate: Uint8Array;
  /** DER PKCS#8; secret. */
  readonly pkcs8: Uint8Array;
  /** DER: what peers are verified with. */
  readonly marbleRoot: Uint8Array;
  /** DER: who signs intermediates; the same as long as the mesh exists. */
  readonly coordinatorRoot: Uint8Array;
}

/**
 * Reads the predefined variables (spec marblerun section 3.6); `undefined` when one is absent or is
 * not what it should be, and then there is nothing that could be renewed.
 */
export function readMeshCredentials(env: ReadonlyMap<string, string>): MeshCredentials | undefined {
  const [leaf, intermediate] = blocks(env.get("MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"));
  const [marbleRoot] = blocks(env.get("MARBLE_PREDEFINED_ROOT_CA"));
  const [pkcs8] = blocks(env.get("MARBLE_PREDEFINED_PRIVATE_KEY"));
  const [coordinatorRoot] = blocks(env.get("MARBLE_PREDEFINED_COORDINATOR_ROOT_CA"));
  if (!(leaf && intermediate && marbleRoot && coordinatorRoot && pkcs8)) return undefined;
  if (!isPrivateKey(pkcs8)) return undefined;
  return { leaf, intermediate, pkcs8, marbleRoot, coordinatorRoot };
}

function blocks(pem: string | undefined): readonly Uint8Array[] {
  try {
    return parsePem(pem ?? "").map(({ bytes }) => bytes);
  } catch (error) {
    if (error instanceof EncodingError) return [];
    throw error;
  }
}

function isPrivateKey(pkcs8: Uint8Array): boolean {
  try {
    createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
    return true;
  } catch {
    return false;
  }
}
