import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { authorityNames, createAuthority } from "./core/authority.ts";
import { freshState, type Phase } from "./core/state.ts";
import { followStore } from "./follow-store.ts";
import { createRecoverySession } from "./recovery-session.ts";
import type { Loaded, StateVault } from "./state-vault.ts";
import { createRecordingLog } from "./testing/test-coordinator.ts";

async function stateIn(phase: Phase) {
  const authority = await createAuthority(authorityNames(["localhost"], []), new Date());
  return freshState(phase, authority, new Uint8Array(randomBytes(32)));
}

/** A coordinator in recovery mode over a vault whose next load gives `next`. */
async function followLocked(next: () => Loaded) {
  const locked = { data: new Uint8Array([1]), witnessed: 0 };
  const vault: StateVault = {
    shared: true,
    changed: async () => false,
    load: async () => next(),
    save: async () => undefined,
    follow: () => undefined,
    createSealer: async () => undefined,
    close: async () => undefined,
  };
  return followStore({
    vault,
    store: { watch: () => () => undefined },
    opened: {
      mesh: await stateIn("recovery"),
      sealer: undefined,
      session: createRecoverySession(locked),
      lockedData: locked.data,
    },
    log: createRecordingLog(),
    prepare: async () => undefined,
    onChange: () => undefined,
    keyPollMs: 10,
  });
}

test("recovery mode ends by itself once the key of the shared state is there", async () => {
  let loads = 0;
  const mesh = await stateIn("accepting-marbles");
  const followed = await followLocked(() => {
    loads += 1;
    return loads < 3
      ? { kind: "locked", data: new Uint8Array([1]), witnessed: 0 }
      : { kind: "open", mesh, sealer: undefined };
  });
  const session = followed.session();
  expect(session).toBeDefined();
  await expect.poll(() => followed.commits.current().mesh.phase).toBe("accepting-marbles");
  expect(loads).toBe(3);
  expect(followed.session()).toBeUndefined();
  await followed.close();
});

test("a session goes on while its state is the same, and is anew for another", async () => {
  let data = new Uint8Array([1]);
  const followed = await followLocked(() => ({ kind: "locked", data, witnessed: 0 }));
  const first = followed.session();
  await followed.commits.refresh(true);
  expect(followed.session()).toBe(first);
  data = new Uint8Array([2]);
  await followed.commits.refresh(true);
  expect(followed.session()).not.toBe(first);
  await followed.close();
});
