import { utf8 } from "@carrara/encoding";
import { encodeGoJson, goBytes, goInt, goObject, goString } from "@carrara/manifest";
import { ClientError } from "./error.ts";
import type { RouteCaller } from "./route-caller.ts";

/** What the Coordinator says to one recovery secret. */
export interface RecoveryProgress {
  /** Secrets that are still missing; 0 when the Coordinator has recovered. */
  readonly remaining: number;
  /** The Coordinator's words. */
  readonly message: string;
}

/** Recovery of a Coordinator that cannot unseal its state; nobody has to authenticate. */
export interface RecoveryRoutes {
  /** Hands in one secret, plain or encrypted under the recovery key, and the owner's signature. */
  recover(
    secret: Uint8Array,
    signature: Uint8Array,
    signal?: AbortSignal,
  ): Promise<RecoveryProgress>;
  /** The Coordinator's ephemeral RSA key, SubjectPublicKeyInfo; undefined on old servers. */
  getRecoveryPublicKey(signal?: AbortSignal): Promise<Uint8Array | undefined>;
}

const progress = goObject({ remaining: goInt, message: goString });
const publicKey = goObject({ algorithm: goString, ephemeralPublicKey: goBytes });

/** The routes over `caller` (spec marblerun section 8.5); there is no v1 form of either. */
export function recoveryRoutes(caller: RouteCaller): RecoveryRoutes {
  return {
    async recover(recoverySecret, recoverySecretSignature, signal) {
      const body = utf8(encodeGoJson({ recoverySecret, recoverySecretSignature }));
      const call = { method: "POST", path: "/api/v2/recover", decoder: progress } as const;
      return await caller.must({ ...call, body }, signal);
    },

    async getRecoveryPublicKey(signal) {
      const path = "/api/v2/recover/public-key";
      const found = await caller.try({ method: "GET", path, decoder: publicKey }, signal);
      if (found === undefined) return undefined;
      if (found.algorithm === "RSA") return found.ephemeralPublicKey;
      throw new ClientError(
        "RESPONSE_INVALID",
        "the Coordinator's recovery key is for another algorithm than RSA",
      );
    },
  };
}
