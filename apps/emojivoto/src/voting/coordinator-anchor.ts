import {
  type CoordinatorHost,
  createCoordinatorClient,
  createHttpsTransport,
  type MarbleRoutes,
} from "@carrara/client";
import type { Anchor } from "@carrara/ledger";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import type { Environment } from "../service/settings.ts";

const TIMEOUT_MS = 10_000;

/**
 * The Coordinator's monotonic counter of this marble as an anchor. The counter is `size` + 1, so that an
 * empty ledger leaves a mark, too: a ledger with ballots whose marble has no counter is another marble's
 * (the host took its UUID away) and is refused with `ANCHOR_MISSING`. With `isShared` it is accepted: each
 * replica over one database has a counter of its own, and a new one begins at 0.
 */
export function createCoordinatorAnchor(options: {
  readonly poll: string;
  readonly isShared: boolean;
  readonly counter: Pick<MarbleRoutes, "advanceCounter">;
}): Anchor {
  const { poll, isShared, counter } = options;
  return {
    raise: async (size) => {
      const before = Number(await counter.advanceCounter(`ledger ${poll}`, BigInt(size) + 1n));
      if (before === 0 && size > 0 && !isShared) {
        throw new EmojivotoError(
          "ANCHOR_MISSING",
          `the ledger has ${size} ballots and this marble has no counter for it: its UUID is another one`,
        );
      }
      return Math.max(0, before - 1);
    },
  };
}

/**
 * The Coordinator's counters, over TLS that leads to the root of this marble's activation, under the marble's
 * certificate. `env` is read for each call: the runtime renews certificate and key.
 */
export function createMarbleCounter(
  host: CoordinatorHost,
  env: Environment,
): Pick<MarbleRoutes, "advanceCounter"> {
  const transport = createHttpsTransport({ host, timeoutMs: TIMEOUT_MS });
  return {
    advanceCounter: async (name, value, signal) => {
      const client = createCoordinatorClient({
        transport,
        trust: { kind: "pinned", rootPem: env["MARBLE_PREDEFINED_COORDINATOR_ROOT_CA"] ?? "" },
        identity: {
          certificatePem: env["MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"] ?? "",
          privateKeyPem: env["MARBLE_PREDEFINED_PRIVATE_KEY"] ?? "",
        },
      });
      return await client.advanceCounter(name, value, signal);
    },
  };
}
