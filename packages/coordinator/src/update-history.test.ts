import { verify, X509Certificate } from "node:crypto";
import { utf8 } from "@carrara/encoding";
import { parseManifest } from "@carrara/manifest";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { createCommitQueue } from "./commit-queue.ts";
import { commitUpdate } from "./commit-update.ts";
import type { MeshUser } from "./core/deployment.ts";
import { forecastUpdate, planUpdate } from "./core/plan-update.ts";
import { type MeshState, type RunningState, requireRunning } from "./core/state.ts";
import { decodeState, encodeState } from "./core/state-codec.ts";
import { storedDefinitions } from "./core/update-secrets.ts";
import { CoordinatorError, reasonOf } from "./error.ts";
import type { Sealed } from "./sealed.ts";
import { createRecordingLog } from "./testing/test-coordinator.ts";
import { runningState, stateManifest, TEST_CONTEXT, userOf } from "./testing/test-state.ts";
import { createTestUser } from "./testing/test-user.ts";
import { createUpdates } from "./updates.ts";

let first: RunningState;
let users: readonly MeshUser[];
let manifests: readonly Uint8Array[];

beforeAll(async () => {
  const people = await Promise.all([createTestUser(), createTestUser(), createTestUser()]);
  const [anna, bert, carl] = people.map(({ pem }, i) => ({
    Certificate: pem,
    Roles: i === 0 ? ["all", "raise"] : ["all"],
  }));
  const Roles = {
    all: { ResourceType: "Manifest", Actions: ["UpdateManifest"] },
    raise: { ResourceType: "Packages", ResourceNames: ["p"], Actions: ["UpdateSecurityVersion"] },
  };
  const Secrets = {
    certificate: { Type: "cert-ed25519", Shared: true },
    key: { Type: "symmetric-key", Size: 128, Shared: true },
    text: { Type: "plain", UserDefined: true },
  };
  const all = { Users: { anna, bert, carl }, Roles, Secrets };
  first = await runningState({ ...all, Config: { UpdateThreshold: 2 } });
  users = ["anna", "bert", "carl"].map((name) => userOf(first, name));
  manifests = [
    stateManifest(all),
    stateManifest({ ...all, Config: { UpdateThreshold: 2, RotateRootSecret: true } }),
    stateManifest({
      ...all,
      Users: { anna, bert },
      Secrets: { key: Secrets.key, other: Secrets.key },
    }),
    stateManifest({
      ...all,
      Secrets: { ...Secrets, bad: { Type: "symmetric-key", Size: 7, Shared: true } },
    }),
    stateManifest({ ...all, RecoveryKeys: { broken: "x" } }),
    utf8('{"Packages":{"p":{"SecurityVersion":4}}}'),
    utf8('{"Packages":{"p":{"SecurityVersion":1}}}'),
    utf8("{"),
  ];
});

/** Whether all parts of a state belong together: nothing of it is from before or after the rest. */
function requireWhole(state: MeshState): void {
  const { deployment, authority, secrets, previousSecrets, pendingUpdate } = requireRunning(state);
  const { manifest, manifestBytes, signature } = deployment;
  const root = new X509Certificate(authority.root.certificate);
  const marbleRoot = new X509Certificate(authority.marbleRoot);
  expect(verify("sha256", manifestBytes, root.publicKey, signature)).toBe(true);
  expect(manifest.marbles).toEqual(parseManifest(manifestBytes).marbles);
  expect(new X509Certificate(authority.intermediate.certificate).verify(root.publicKey)).toBe(true);
  expect(marbleRoot.checkPrivateKey(authority.intermediate.key)).toBe(true);
  const names = storedDefinitions(manifest).map(([name]) => name);
  expect([...secrets.keys()].toSorted()).toEqual(names.toSorted());
  expect([...previousSecrets.keys()].toSorted()).toEqual(names.toSorted());
  for (const { cert } of secrets.values()) {
    if (cert === undefined) continue;
    expect(new X509Certificate(cert).verify(marbleRoot.publicKey)).toBe(true);
  }
  if (pendingUpdate !== undefined) expect(pendingUpdate.missingAcknowledgments).toBeGreaterThan(0);
}

const step = fc.record({
  what: fc.constantFrom("start", "start", "agree", "agree", "agree", "agree other", "cancel"),
  user: fc.nat({ max: 2 }),
  manifest: fc.nat({ max: 7 }),
  saves: fc.constantFrom(true, true, true, false),
  together: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Updates over a store in memory that takes only whole states, and fails when told to. */
function createWorld() {
  const store = { works: true };
  const commits = createCommitQueue<Sealed>({
    initial: { mesh: first, sealer: undefined },
    save: async ({ mesh }) => {
      if (!store.works) throw new CoordinatorError("STORE_FAILED", "as the test wants it");
      requireWhole(mesh);
      requireWhole(await decodeState(encodeState(mesh)));
    },
  });
  const updates = createUpdates({
    latest: async () => commits.current().mesh,
    commit: async (planned, plan) =>
      await commitUpdate({ commits, createSealer: async () => undefined }, planned, plan),
    context: () => TEST_CONTEXT,
    log: createRecordingLog(),
  });
  const run = async ({ what, user: index, manifest }: Step): Promise<string> => {
    const user = users[index] ?? userOf(first, "anna");
    const bytes = manifests[manifest] ?? new Uint8Array();
    const pending = commits.current().mesh.pendingUpdate?.manifestBytes;
    try {
      if (what === "cancel") await updates.cancel(user);
      else if (what === "start") await updates.start(user, bytes);
      else await updates.acknowledge(user, what === "agree" ? (pending ?? bytes) : bytes);
      return "done";
    } catch (error) {
      expect(error).toBeInstanceOf(CoordinatorError);
      return reasonOf(error);
    }
  };
  return { store, run, current: () => commits.current().mesh };
}

/** Milliseconds: hundreds of P-384 keys are made. */
const HISTORY_TIMEOUT_MS = 60_000;

describe("a random history of updates", () => {
  test("never leaves a state that is neither the one before nor the one after", {
    timeout: HISTORY_TIMEOUT_MS,
  }, async () => {
    const seen = new Set<string>();
    const history = fc.array(step, { minLength: 6, maxLength: 16 });
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const { store, run, current } = createWorld();
        let running: Promise<string>[] = [];
        for (const each of steps) {
          const before = current();
          running.push(run(each));
          if (each.together) continue;
          store.works = each.saves;
          const [only, ...others] = await Promise.all(running);
          running = [];
          store.works = true;
          const after = current();
          if (others.length === 0 && only === "STORE_FAILED") expect(after).toBe(before);
          expect(after.updateLog.slice(0, before.updateLog.length)).toEqual(before.updateLog);
        }
        await Promise.all(running);
        requireWhole(current());
        for (const line of current().updateLog) seen.add(JSON.parse(line).update);
      }),
      // One seed, so that it is sure that the histories reach everything there is to see.
      { numRuns: 25, seed: 20_260_803 },
    );
    expect([...seen].toSorted()).toEqual([
      "Complete Manifest update acknowledged by user",
      "Complete Manifest update cancelled by user",
      "Complete Manifest update cancelled due to error during apply",
      "Complete Manifest update initiated by user. Waiting for acknowledgments to apply the update",
      "Complete Manifest updated",
      "Initial manifest set",
      "SecurityVersion increased",
    ]);
  });
});

describe("any bytes as an update manifest", () => {
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.json().map(utf8),
    fc
      .tuple(fc.constantFrom("Packages", "Marbles", "Users", "Secrets", "Config"), fc.jsonValue())
      .map(([section, value]) => stateManifest({ [section]: value })),
    fc.tuple(fc.nat(), fc.nat({ max: 255 })).map(([at, byte]) => {
      const bytes = Uint8Array.from(manifests[0] ?? []);
      bytes[at % bytes.length] = byte;
      return bytes;
    }),
  );

  test("make a plan or a refusal with a code, in earnest and as a dry run", async () => {
    await fc.assert(
      fc.asyncProperty(anyBytes, async (bytes) => {
        for (const plan of [planUpdate, forecastUpdate]) {
          try {
            await plan(first, users[0] ?? userOf(first, "anna"), bytes, TEST_CONTEXT);
          } catch (error) {
            expect(error).toBeInstanceOf(CoordinatorError);
            expect(reasonOf(error)).not.toBe("INTERNAL");
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});
