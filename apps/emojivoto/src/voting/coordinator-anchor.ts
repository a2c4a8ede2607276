import {
  type CoordinatorHost,
  createCoordinatorClient,
  createHttpsTransport,
  type MarbleRoutes,
} from "@carrara/client";
import type { Anchor, AnchoredTree } from "@carrara/ledger";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import type { Environment } from "../service/settings.ts";

const TIMEOUT_MS = 10_000;

/** Bits of a root hash below the size: a host that tries other ballots is refused for each wrong guess. */
const ROOT_BITS = 24n;
const ROOT_BYTES = 3;

/**
 * The Coordinator's monotonic counter of this marble as an anchor: `size` + 1, so that an empty ledger
 * leaves its mark, too, and below it the first 24 bits of the root hash. A ledger with ballots whose marble
 * has no counter is another marble's (the host took its UUID away) and is refused with `ANCHOR_MISSING`.
 * With `isShared` it is accepted: each replica over one database has a counter of its own, and a new one
 * begins at 0.
 */
export function createCoordinatorAnchor(options: {
  readonly poll: string;
  readonly isShared: boolean;
  readonly counter: Pick<MarbleRoutes, "advanceCounter">;
}): Anchor {
  const { poll, isShared, counter } = options;
  const name = `ledger ${poll}`;
  let isKnown = isShared;
  const advance = async (value: bigint): Promise<bigint> => {
    const before = await counter.advanceCounter(name, value);
    isKnown ||= before > 0n || value > 0n;
    return before;
  };
  return {
    read: async () => treeOf(await advance(0n)),
    raise: async (size, root) => {
      // Looked at before it is raised: the next start would find what this one left.
      if (size > 0 && !isKnown && (await advance(0n)) === 0n) {
        throw new EmojivotoError(
          "ANCHOR_MISSING",
          `the ledger has ${size} ballots and this marble has no counter for it: its UUID is another one`,
        );
      }
      return treeOf(await advance(((BigInt(size) + 1n) << ROOT_BITS) | bitsOf(root)));
    },
  };
}

function treeOf(value: bigint): AnchoredTree {
  if (value === 0n) return { size: 0, isOf: () => true };
  const bits = value & ((1n << ROOT_BITS) - 1n);
  return { size: Number(value >> ROOT_BITS) - 1, isOf: (root) => bitsOf(root) === bits };
}

function bitsOf(root: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(root).toString("hex", 0, ROOT_BYTES)}`);
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
