import { utf8 } from "@carrara/encoding";
import {
  encodeGoJson,
  goObject,
  goRaw,
  type SecretValue,
  type UserSecret,
} from "@carrara/manifest";
import type { RouteCaller } from "./route-caller.ts";
import { secretsDecoder, userSecretsJson } from "./secret.ts";

/** Reading and writing secrets; each call needs an identity that the manifest names. */
export interface SecretRoutes {
  /** All of `names` or none. Also throws `UNAUTHORIZED`. */
  getSecrets(
    names: readonly string[],
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, SecretValue>>;
  /** Stores all values or none. Also throws `UNAUTHORIZED`. */
  setSecrets(secrets: ReadonlyMap<string, UserSecret>, signal?: AbortSignal): Promise<void>;
}

const secretsV2 = goObject({ secrets: secretsDecoder });

/** The routes over `caller` (spec marblerun sections 2.4 and 2.5). */
export function secretRoutes(caller: RouteCaller): SecretRoutes {
  return {
    async getSecrets(names, signal) {
      const query = names.map((name) => `s=${encodeURIComponent(name)}`).join("&");
      const path = `/secrets?${query}`;
      const v2 = await caller.try(
        { method: "GET", path: `/api/v2${path}`, decoder: secretsV2 },
        signal,
      );
      if (v2 !== undefined) return v2.secrets;
      return await caller.must({ method: "GET", path, decoder: secretsDecoder }, signal);
    },

    async setSecrets(secrets, signal) {
      const json = userSecretsJson(secrets);
      const call = { method: "POST", decoder: goRaw } as const;
      const body = utf8(encodeGoJson({ secrets: json }));
      const v2 = await caller.try({ ...call, path: "/api/v2/secrets", body }, signal);
      if (v2 !== undefined) return;
      const raw = utf8(encodeGoJson(json));
      await caller.must({ ...call, path: "/secrets", body: raw }, signal);
    },
  };
}
