import { randomBytes } from "node:crypto";
import type { Tee } from "@carrara/tee";
import { authorityNames, createAuthority } from "./core/authority.ts";
import { freshState, type MeshState } from "./core/state.ts";
import { decodeState } from "./core/state-codec.ts";
import type { Log } from "./log.ts";
import { createRecoverySession, type RecoverySession } from "./recovery-session.ts";
import { type Sealer, sealerOf } from "./sealer.ts";
import type { StateStore } from "./store/state-store.ts";
import { unsealStore } from "./store/unseal.ts";

/** Length of the root secret, in bytes. */
const ROOT_SECRET_BYTES = 32;

/** Random bytes of the operating system, not pooled: they are kept as keys. */
export function randomBytesOf(length: number): Uint8Array {
  return new Uint8Array(randomBytes(length));
}

/** What {@link openState} needs. */
export interface OpenStateDeps {
  readonly store: StateStore;
  readonly tee: Pick<Tee, "getSealingKey">;
  readonly clock: () => Date;
  readonly log: Log;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

/** The state with what saves it; undefined saves nothing. */
export interface Sealed {
  readonly mesh: MeshState;
  readonly sealer: Sealer | undefined;
}

/** The first state of a run; with a session when a sealed one waits for its recovery. */
export interface OpenedState extends Sealed {
  readonly session: RecoverySession | undefined;
}

/**
 * Chooses the first state (section 1.4): the sealed one, a fresh one, or a temporary one in recovery
 * mode. Throws `STATE_TAMPERED`, and what store and tee throw.
 */
export async function openState(deps: OpenStateDeps): Promise<OpenedState> {
  const { store, tee, log } = deps;
  const unsealed = await unsealStore(store, async (policy) => await tee.getSealingKey(policy));
  if (unsealed.kind === "open") {
    const sealer = sealerOf(store, unsealed.slot, unsealed.recoveryData);
    log.info({}, "sealed state loaded");
    return { mesh: await decodeState(unsealed.plain), sealer, session: undefined };
  }
  const names = authorityNames(deps.dnsNames, deps.ipAddresses);
  const authority = await createAuthority(names, deps.clock());
  const rootSecret = randomBytesOf(ROOT_SECRET_BYTES);
  if (unsealed.kind === "empty") {
    log.info({}, "no sealed state found");
    const mesh = freshState("accepting-manifest", authority, rootSecret);
    return { mesh, sealer: undefined, session: undefined };
  }
  log.error({ code: "STATE_LOCKED" }, "sealed state cannot be unsealed: recovery mode");
  const session = createRecoverySession(unsealed.data);
  return { mesh: freshState("recovery", authority, rootSecret), sealer: undefined, session };
}
