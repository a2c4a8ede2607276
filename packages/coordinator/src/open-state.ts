import { randomBytes } from "node:crypto";
import { authorityNames, createAuthority } from "./core/authority.ts";
import { freshState, type Phase } from "./core/state.ts";
import { CoordinatorError } from "./error.ts";
import type { Log } from "./log.ts";
import { createRecoverySession, type RecoverySession } from "./recovery-session.ts";
import type { Sealed } from "./sealed.ts";
import type { StateVault } from "./state-vault.ts";

/** Length of the root secret and of data keys, in bytes. */
const SECRET_BYTES = 32;

const UNLOCKED = { session: undefined, lockedData: undefined };

/** Random bytes of the operating system, not pooled: they are kept as keys. */
export function randomBytesOf(length: number): Uint8Array {
  return new Uint8Array(randomBytes(length));
}

/** What {@link openState} needs. */
export interface OpenStateDeps {
  readonly clock: () => Date;
  readonly log: Log;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

/** The first state of a run; with a session when a sealed one waits for its recovery. */
export interface OpenedState extends Sealed {
  readonly session: RecoverySession | undefined;
  /** What the session is about. */
  readonly lockedData: Uint8Array | undefined;
}

/**
 * Chooses the first state (section 1.4): the sealed one, a fresh one, or a temporary one in recovery
 * mode. Where the state is shared, the fresh one of the first Coordinator is everybody's (section
 * 8.6). Throws `STATE_TAMPERED`, `STATE_ROLLED_BACK`, and what store and tee throw.
 */
export async function openState(vault: StateVault, deps: OpenStateDeps): Promise<OpenedState> {
  const { log } = deps;
  const loaded = await vault.load();
  if (loaded.kind === "open") {
    log.info({}, "sealed state loaded");
    return { mesh: loaded.mesh, sealer: loaded.sealer, ...UNLOCKED };
  }
  if (loaded.kind === "locked") {
    log.error({ code: "STATE_LOCKED" }, "sealed state cannot be unsealed: recovery mode");
    const session = createRecoverySession(loaded);
    return {
      mesh: await fresh("recovery", deps),
      sealer: undefined,
      session,
      lockedData: loaded.data,
    };
  }
  log.info({}, "no sealed state found");
  const mesh = await fresh("accepting-manifest", deps);
  if (!vault.shared) return { mesh, sealer: undefined, ...UNLOCKED };
  const sealer = await vault.createSealer(randomBytesOf(SECRET_BYTES), "ProductKey", []);
  try {
    await vault.save(mesh, sealer);
  } catch (error) {
    if (!(error instanceof CoordinatorError && error.code === "STATE_CONFLICT")) throw error;
    // Another Coordinator was first. What is there now never goes away again, so this ends.
    return await openState(vault, deps);
  }
  return { mesh, sealer, ...UNLOCKED };
}

async function fresh(phase: Phase, { dnsNames, ipAddresses, clock }: OpenStateDeps) {
  const authority = await createAuthority(authorityNames(dnsNames, ipAddresses), clock());
  return freshState(phase, authority, randomBytesOf(SECRET_BYTES));
}
