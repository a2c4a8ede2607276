import { createPublicKey, verify } from "node:crypto";
import type { Marble } from "@carrara/manifest";
import { type RenewalProof, renewalMessage } from "@carrara/marble";
import { parseCertificate } from "@carrara/pki";
import { CoordinatorError } from "../error.ts";
import { authenticateEarlierMarble } from "./authenticate.ts";
import type { MeshState } from "./state.ts";

export type { RenewalProof } from "@carrara/marble";

/** Variable with which a manifest turns renewal off for a Marble, as `0`. */
const RENEWAL_VARIABLE = "CARRARA_RENEWAL";

/**
 * Throws `MARBLE_UNAUTHORIZED` unless the peer has the key of a certificate that this mesh gave to a
 * Marble of the same type and UUID, and `FEATURE_DISABLED` where the manifest allows no renewal.
 * Stands in for the limit of activations only: evidence is checked as always, over the fresh key of
 * the connection, so that a leaked mesh key alone renews nothing.
 */
export async function requireRenewal(
  state: MeshState,
  marble: Marble,
  request: {
    readonly peerCertificate: Uint8Array;
    readonly marbleType: string;
    readonly uuid: string;
    readonly renewal: RenewalProof;
  },
  now: Date,
): Promise<void> {
  const setting = marble.parameters.env.get(RENEWAL_VARIABLE)?.data;
  if (setting !== undefined && new TextDecoder().decode(setting) === "0") {
    throw new CoordinatorError("FEATURE_DISABLED", "the manifest allows the marble no renewal");
  }
  const { renewal, peerCertificate, marbleType, uuid } = request;
  const owner = await authenticateEarlierMarble(state, renewal, now);
  if (owner.marbleType !== marbleType || owner.uuid !== uuid) {
    return refuse("certificate is of another marble");
  }
  const { spki } = parseCertificate(renewal.leaf);
  const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  // All leaves are so; generated secrets, which the same key signs, need not be.
  if (key.asymmetricKeyDetails?.namedCurve !== "secp384r1") {
    return refuse("key is not of a marble");
  }
  if (!verify("sha384", renewalMessage(peerCertificate), key, renewal.signature)) {
    return refuse("proof is not by the key of the certificate");
  }
}

function refuse(why: string): never {
  throw new CoordinatorError("MARBLE_UNAUTHORIZED", `unauthorized marble: ${why}`);
}
