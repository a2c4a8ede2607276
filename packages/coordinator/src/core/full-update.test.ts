import { createHash, createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { utf8 } from "@carrara/encoding";
import { beforeAll, describe, expect, test } from "vitest";
import {
  afterPlan,
  runningState,
  stateManifest,
  TEST_CONTEXT,
  userOf,
} from "../testing/test-state.ts";
import { createTestUser, type TestUser } from "../testing/test-user.ts";
import { planAcknowledgment, planCancellation } from "./full-update.ts";
import { forecastUpdate, planUpdate } from "./plan-update.ts";
import type { RunningState } from "./state.ts";
import type { UpdatePlan } from "./update-plan.ts";

const NAMES = ["anna", "bert", "carl", "dora"] as const;
const TIME = '{"time":"2026-08-03T09:15:00.123Z","update":';
let people: ReadonlyMap<string, TestUser>;
let recoveryKeys: readonly string[];

beforeAll(async () => {
  const made = NAMES.map(async (name) => [name, await createTestUser()] as const);
  people = new Map(await Promise.all(made));
  recoveryKeys = [1, 2, 3].map(() => {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    return publicKey.export({ type: "spki", format: "pem" }).toString();
  });
});

/** Sections in which the first `count` people may update, and dora nothing. */
function usersSection(count: number, config: object = {}): object {
  const users = NAMES.map((name, i) => [
    name,
    { Certificate: people.get(name)?.pem, Roles: i < count ? ["updater"] : [] },
  ]);
  return {
    Users: Object.fromEntries(users),
    Roles: { updater: { ResourceType: "Manifest", Actions: ["UpdateManifest"] } },
    Config: config,
  };
}

const fingerprint = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

async function start(state: RunningState, user: string, bytes: Uint8Array): Promise<UpdatePlan> {
  return await planUpdate(state, userOf(state, user), bytes, TEST_CONTEXT);
}

async function acknowledge(state: RunningState, user: string, bytes: Uint8Array) {
  return await planAcknowledgment(state, userOf(state, user), bytes, TEST_CONTEXT);
}

const cancel = (state: RunningState, user: string) =>
  planCancellation(state, userOf(state, user), TEST_CONTEXT);

describe("the number of acknowledgements", () => {
  test.each<[number, number, number, readonly string[]]>([
    [1, 0, 0, []],
    [2, 0, 1, ["bert"]],
    [3, 0, 2, ["bert", "carl"]],
    [3, 1, 0, []],
    [3, 2, 1, ["bert", "carl"]],
    [3, 3, 2, ["bert", "carl"]],
  ])(
    "of %i users with threshold %i is %i after the start",
    async (count, threshold, missing, users) => {
      const state = await runningState(usersSection(count, { UpdateThreshold: threshold }));
      const { progress } = await start(state, "anna", stateManifest());
      expect(progress).toEqual({
        missingAcknowledgments: missing,
        missingUsers: users,
        recoverySecrets: new Map(),
      });
    },
  );
});

describe("a full update of two", () => {
  let state: RunningState;
  let pending: RunningState;
  let manifest: Uint8Array;

  beforeAll(async () => {
    state = await runningState(usersSection(2));
    manifest = stateManifest({
      ...usersSection(3),
      Packages: { p: { Debug: true, SecurityVersion: 1 } },
    });
    pending = afterPlan(state, await start(state, "anna", manifest));
  });

  test("waits without changing anything else", () => {
    const { pendingUpdate, updateLog, ...rest } = pending;
    expect(rest).toEqual({ ...state, pendingUpdate: undefined, updateLog: undefined });
    expect(pendingUpdate).toEqual({
      manifestBytes: manifest,
      requiredUsers: new Map([
        ["anna", true],
        ["bert", false],
      ]),
      missingAcknowledgments: 1,
    });
    expect(updateLog.slice(1)).toEqual([
      `${TIME}"Complete Manifest update initiated by user. Waiting for acknowledgments to apply the update","user":"anna","missingAcknowledgments":1,"missingUsers":["bert"],"manifestFingerprint":"${fingerprint(manifest)}"}`,
    ]);
  });

  test("is in force with the last acknowledgement", async () => {
    const plan = await acknowledge(pending, "bert", manifest);
    const after = afterPlan(pending, plan);
    const { deployment, authority } = after;
    expect(plan.progress.missingAcknowledgments).toBe(0);
    expect(after.pendingUpdate).toBeUndefined();
    expect(deployment.manifestBytes).toEqual(manifest);
    expect(deployment.fingerprint).toBe(fingerprint(manifest));
    expect(deployment.manifest.packages.get("p")?.securityVersion).toBe(1);
    const root = createPublicKey(authority.root.key);
    expect(verify("sha256", manifest, root, deployment.signature)).toBe(true);
    expect(authority.root).toBe(state.authority.root);
    expect(authority.marbleRoot).not.toEqual(state.authority.marbleRoot);
    const hash = `"manifestFingerprint":"${fingerprint(manifest)}"}`;
    expect(plan.lines).toEqual([
      `${TIME}"Complete Manifest update acknowledged by user","user":"bert","missingAcknowledgments":0,"missingUsers":[],${hash}`,
      `${TIME}"Complete Manifest updated",${hash}`,
    ]);
  });

  test("acknowledged twice by one still waits for the other, and logs it", async () => {
    const plan = await acknowledge(pending, "anna", manifest);
    expect(plan.progress).toMatchObject({ missingAcknowledgments: 1, missingUsers: ["bert"] });
    expect(afterPlan(pending, plan).pendingUpdate).toEqual(pending.pendingUpdate);
    expect(plan.lines[0]).toContain(
      '"user":"anna","missingAcknowledgments":1,"missingUsers":["bert"]',
    );
  });

  test("leaves counters, activations and what came between", async () => {
    const plan = await acknowledge(pending, "bert", manifest);
    const busy = {
      ...pending,
      activations: new Map([["m", 5]]),
      counters: new Map([["a:b:c", 9n]]),
      updateLog: [...pending.updateLog, "{}"],
    };
    const rich = { ...busy, deployment: pending.deployment };
    const { activations, counters, updateLog } = afterPlan(rich, plan);
    expect(activations).toBe(busy.activations);
    expect(counters).toBe(busy.counters);
    expect(updateLog.slice(0, 3)).toEqual(busy.updateLog);
    expect(updateLog).toHaveLength(5);
  });

  test.each<[string, () => Promise<unknown>, string]>([
    ["a second start", async () => await start(pending, "bert", manifest), "UPDATE_PENDING"],
    [
      "a package update",
      async () => await start(pending, "bert", utf8('{"Packages":{}}')),
      "UPDATE_PENDING",
    ],
    [
      "other bytes",
      async () =>
        await acknowledge(pending, "bert", utf8(`${new TextDecoder().decode(manifest)} `)),
      "UPDATE_MISMATCH",
    ],
    [
      "no bytes",
      async () => await acknowledge(pending, "bert", new Uint8Array()),
      "UPDATE_MISMATCH",
    ],
    [
      "one who was not asked",
      async () => await acknowledge(pending, "carl", manifest),
      "PERMISSION_DENIED",
    ],
    ["a cancellation by somebody", async () => cancel(pending, "dora"), "PERMISSION_DENIED"],
    [
      "an acknowledgement of nothing",
      async () => await acknowledge(state, "bert", manifest),
      "NO_UPDATE",
    ],
    ["a cancellation of nothing", async () => cancel(state, "bert"), "NO_UPDATE"],
    ["a start by somebody", async () => await start(state, "dora", manifest), "PERMISSION_DENIED"],
    [
      "a manifest against the rules",
      async () => await start(state, "anna", utf8('{"Marbles":{"m":{}}}')),
      "MANIFEST_INVALID",
    ],
    [
      "a manifest that is none",
      async () => await start(state, "anna", utf8("{")),
      "MANIFEST_INVALID",
    ],
  ])("refuses %s", async (_, run, code) => {
    await expect(run()).rejects.toMatchObject({ name: "CoordinatorError", code });
  });

  test("ends when one of them cancels it", () => {
    const plan = cancel(pending, "bert");
    const { pendingUpdate, deployment } = afterPlan(pending, plan);
    expect(pendingUpdate).toBeUndefined();
    expect(deployment).toEqual(state.deployment);
    expect(plan.lines).toEqual([
      `${TIME}"Complete Manifest update cancelled by user","user":"bert","manifestFingerprint":"${fingerprint(manifest)}"}`,
    ]);
  });
});

describe("an update that nobody else is needed for", () => {
  test("is in force at once, with both lines", async () => {
    const state = await runningState(usersSection(1));
    const manifest = stateManifest();
    const plan = await start(state, "anna", manifest);
    const hash = `"manifestFingerprint":"${fingerprint(manifest)}"}`;
    expect(plan.lines).toEqual([
      `${TIME}"Complete Manifest update initiated by user. No further acknowledgements required","user":"anna",${hash}`,
      `${TIME}"Complete Manifest updated",${hash}`,
    ]);
    expect(afterPlan(state, plan).deployment.users).toEqual([]);
  });
});

describe("an update that cannot be applied", () => {
  const broken: readonly (readonly [string, object, string])[] = [
    [
      "a template",
      { Marbles: { m: { Package: "p", Parameters: { Env: { X: "{{ hex" } } } } },
      "PARAMETERS_INVALID",
    ],
    [
      "a secret's size",
      { Secrets: { s: { Type: "symmetric-key", Size: 7, Shared: true } } },
      "SECRET_INVALID",
    ],
    ["a recovery key", { RecoveryKeys: { r: "x" } }, "RECOVERY_KEY_INVALID"],
    ["a user's certificate", { Users: { u: { Certificate: "x" } } }, "MANIFEST_INVALID"],
  ];

  test.each(broken)("for %s is no longer pending, and logged", async (_, sections, code) => {
    const state = await runningState(usersSection(2));
    const manifest = stateManifest(sections);
    const pending = afterPlan(state, await start(state, "anna", manifest));
    const plan = await acknowledge(pending, "bert", manifest);
    expect(plan.failure?.cause).toMatchObject({ name: "CoordinatorError", code });
    const { pendingUpdate, updateLog, ...rest } = afterPlan(pending, plan);
    expect(pendingUpdate).toBeUndefined();
    expect(rest).toEqual({ ...state, pendingUpdate: undefined, updateLog: undefined });
    expect(updateLog.at(-1)).toBe(
      `${TIME}"Complete Manifest update cancelled due to error during apply","manifestFingerprint":"${fingerprint(manifest)}"}`,
    );
  });

  test.each(broken)(
    "for %s is refused by a dry run before anybody agrees",
    async (_, sections, code) => {
      const state = await runningState(usersSection(2));
      const bytes = stateManifest(sections);
      await expect(
        forecastUpdate(state, userOf(state, "anna"), bytes, TEST_CONTEXT),
      ).rejects.toMatchObject({ code });
    },
  );

  test("for a value that was uploaded since is found with that value", async () => {
    const text = (template: string) => ({
      ...usersSection(1),
      Secrets: { text: { Type: "plain", UserDefined: true } },
      Marbles: { m: { Package: "p", Parameters: { Env: { X: template } } } },
    });
    const state = await runningState(text("{{ hex .Secrets.text }}"));
    const old = state.secrets.get("text");
    if (old === undefined) throw new TypeError("no secret");
    const value = new Uint8Array([0]);
    const secrets = new Map([["text", { ...old, private: value, public: value }]]);
    const plan = await start(
      { ...state, secrets },
      "anna",
      stateManifest(text("{{ string .Secrets.text }}")),
    );
    expect(plan.failure?.cause).toMatchObject({ code: "PARAMETERS_INVALID" });
  });
});

describe("recovery secrets", () => {
  const keys = (count: number) =>
    Object.fromEntries(recoveryKeys.slice(0, count).map((pem, i) => [`key${i}`, pem]));

  test.each<[string, [number, object], [number, object], number | undefined]>([
    ["no keys as before", [0, {}], [0, {}], undefined],
    ["the same keys", [2, {}], [2, {}], undefined],
    ["one key more", [2, {}], [3, {}], 3],
    ["one key less", [2, {}], [1, {}], 1],
    ["no keys any more", [1, {}], [0, {}], 0],
    ["another threshold", [3, {}], [3, { RecoveryThreshold: 2 }], 3],
    ["the same threshold, said otherwise", [3, {}], [3, { RecoveryThreshold: 3 }], undefined],
    ["the same threshold, no longer said", [3, { RecoveryThreshold: 3 }], [3, {}], undefined],
    ["a state to be stored from now on", [1, { SealMode: "Disabled" }], [1, {}], 1],
    ["another seal mode", [1, {}], [1, { SealMode: "UniqueKey" }], undefined],
  ])("for %s are renewed as section 7.3 says", async (_, [had, config], [has, next], renewed) => {
    const users = usersSection(1);
    const state = await runningState({ ...users, RecoveryKeys: keys(had), Config: config });
    const manifest = stateManifest({ ...users, RecoveryKeys: keys(has), Config: next });
    const { recovery, progress } = await start(state, "anna", manifest);
    expect(recovery?.encryptedSecrets.size).toBe(renewed);
    expect(progress.recoverySecrets.size).toBe(renewed ?? 0);
  });

  test("for another key under the same name are renewed", async () => {
    const users = usersSection(1);
    const state = await runningState({ ...users, RecoveryKeys: { k: recoveryKeys[0] } });
    const manifest = stateManifest({ ...users, RecoveryKeys: { k: recoveryKeys[1] } });
    const { recovery } = await start(state, "anna", manifest);
    expect([...(recovery?.encryptedSecrets.keys() ?? [])]).toEqual(["k"]);
  });
});

describe("a dry run", () => {
  test("says what an update would do, and who is missing", async () => {
    const state = await runningState(usersSection(3));
    const bytes = stateManifest({
      Packages: { p: { Debug: true, SecurityVersion: 4 } },
      RecoveryKeys: { k: recoveryKeys[0] },
    });
    const forecast = await forecastUpdate(state, userOf(state, "bert"), bytes, TEST_CONTEXT);
    expect(forecast).toMatchObject({
      kind: "full",
      progress: { missingAcknowledgments: 2, missingUsers: ["anna", "carl"] },
      renewedRecoveryKeys: ["k"],
    });
    expect(forecast.changes.map(({ sentence }) => sentence)).toContain(
      "The security version of package p rises from 3 to 4: older builds may no longer run.",
    );
    expect(forecast.warnings.length).toBeGreaterThan(0);
  });

  test("is refused to those who may not update", async () => {
    const state = await runningState(usersSection(1));
    await expect(
      forecastUpdate(state, userOf(state, "dora"), stateManifest(), TEST_CONTEXT),
    ).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  });
});
