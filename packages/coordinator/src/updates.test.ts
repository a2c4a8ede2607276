import { utf8 } from "@carrara/encoding";
import { beforeAll, describe, expect, test } from "vitest";
import type { CommitQueue } from "./commit-queue.ts";
import { createCommitQueue } from "./commit-queue.ts";
import { commitUpdate } from "./commit-update.ts";
import type { RunningState } from "./core/state.ts";
import { decodeState, encodeState } from "./core/state-codec.ts";
import { writeSecrets } from "./core/user-secrets.ts";
import type { Sealed } from "./sealed.ts";
import type { Sealer } from "./sealer.ts";
import { createRecordingLog } from "./testing/test-coordinator.ts";
import {
  runningState,
  stateManifest,
  TEST_CONTEXT,
  TEST_NOW,
  userOf,
} from "./testing/test-state.ts";
import { createTestUser } from "./testing/test-user.ts";
import { createUpdates, type Updates } from "./updates.ts";

let state: RunningState;
let sections: object;

beforeAll(async () => {
  const [anna, bert] = await Promise.all([createTestUser(), createTestUser()]);
  const Roles = ["all", "write"];
  sections = {
    Users: {
      anna: { Certificate: anna.pem, Roles },
      bert: { Certificate: bert.pem, Roles },
    },
    Roles: {
      all: { ResourceType: "Manifest", Actions: ["UpdateManifest"] },
      write: { ResourceType: "Secrets", ResourceNames: ["text"], Actions: ["WriteSecret"] },
    },
    Secrets: TEXT_ONLY,
    Config: { UpdateThreshold: 1 },
  };
  state = await runningState(sections);
});

const TEXT_ONLY = { text: { Type: "plain", UserDefined: true } };

interface World {
  readonly updates: Updates;
  readonly commits: CommitQueue<Sealed>;
  readonly saved: Sealed[];
  readonly log: ReturnType<typeof createRecordingLog>;
  readonly sealed: { readonly mode: string; readonly hashes: readonly string[] }[];
}

const SEALER: Sealer = {
  slot: { policy: "product", dataKey: new Uint8Array(32).fill(1), bytes: new Uint8Array() },
  wrappingKey: new Uint8Array(32),
  recoveryData: utf8("null"),
};

/** Updates over a queue in memory; `before` runs ahead of each commit of a plan. */
function world(
  mesh: RunningState,
  {
    before = async () => undefined,
    save = async () => undefined,
  }: {
    readonly before?: (commits: CommitQueue<Sealed>) => Promise<unknown>;
    readonly save?: () => Promise<void>;
  } = {},
): World {
  const saved: Sealed[] = [];
  const log = createRecordingLog();
  const sealed: { mode: string; hashes: readonly string[] }[] = [];
  const commits = createCommitQueue<Sealed>({
    initial: { mesh, sealer: SEALER },
    save: async (next) => {
      await save();
      saved.push(next);
    },
  });
  const updates = createUpdates({
    latest: async () => commits.current().mesh,
    commit: async (planned, plan) => {
      await before(commits);
      const createSealer = async (dataKey: Uint8Array, mode: string, hashes: readonly string[]) => {
        sealed.push({ mode, hashes });
        return { ...SEALER, slot: { ...SEALER.slot, dataKey } };
      };
      return await commitUpdate({ commits, createSealer }, planned, plan);
    },
    context: () => TEST_CONTEXT,
    log,
  });
  return { updates, commits, saved, log, sealed };
}

const upload = async (commits: CommitQueue<Sealed>, text: string) =>
  await commits.apply((current) => {
    const uploads = new Map([["text", { cert: undefined, private: undefined, key: utf8(text) }]]);
    const mesh = writeSecrets(current.mesh, userOf(state, "bert"), uploads, TEST_NOW);
    return { state: { ...current, mesh }, result: undefined };
  });

const countUp = async (commits: CommitQueue<Sealed>) =>
  await commits.apply((current) => {
    const activations = new Map([["m", (current.mesh.activations.get("m") ?? 0) + 1]]);
    return { state: { ...current, mesh: { ...current.mesh, activations } }, result: undefined };
  });

describe("an update", () => {
  test("keeps the activations that were counted while it was made", async () => {
    const { updates, commits, saved } = world(state, { before: countUp });
    await updates.start(userOf(state, "anna"), stateManifest());
    const { activations, deployment } = commits.current().mesh;
    expect(activations.get("m")).toBe(1);
    expect(deployment?.manifestBytes).toEqual(stateManifest());
    expect(saved).toHaveLength(2);
  });

  test("is made anew when a secret was uploaded meanwhile, so that the upload stays", async () => {
    let uploads = 0;
    const { updates, commits } = world(state, {
      before: async (queue) => {
        uploads += 1;
        if (uploads === 1) await upload(queue, "late");
      },
    });
    await updates.start(userOf(state, "anna"), stateManifest(sections));
    const { secrets, updateLog } = commits.current().mesh;
    expect(new TextDecoder().decode(secrets.get("text")?.private)).toBe("late");
    expect(updateLog.filter((line) => line.includes("Complete Manifest updated"))).toHaveLength(1);
    expect(uploads).toBe(2);
  });

  test("that never catches up is refused with STATE_CONFLICT, and nothing of it stays", async () => {
    let uploads = 0;
    const { updates, commits } = world(state, {
      before: async (queue) => {
        uploads += 1;
        await upload(queue, String(uploads));
      },
    });
    await expect(updates.start(userOf(state, "anna"), stateManifest())).rejects.toMatchObject({
      code: "STATE_CONFLICT",
    });
    expect(commits.current().mesh.deployment).toBe(state.deployment);
  });

  test("fits a state that was read again from the store and says the same", async () => {
    const reread = async (commits: CommitQueue<Sealed>) => {
      const mesh = await decodeState(encodeState(commits.current().mesh));
      await commits.apply((current) => ({ state: { ...current, mesh }, result: undefined }));
    };
    const { updates, commits } = world(state, { before: reread });
    await updates.start(userOf(state, "anna"), stateManifest());
    expect(commits.current().mesh.deployment?.manifestBytes).toEqual(stateManifest());
  });

  test("that cannot be saved has not happened, and can be tried again", async () => {
    let broken = true;
    const { updates, commits, saved } = world(state, {
      save: async () => {
        if (broken) throw new TypeError("disk full");
      },
    });
    const anna = userOf(state, "anna");
    await expect(updates.start(anna, stateManifest())).rejects.toThrow("disk full");
    expect(commits.current().mesh).toBe(state);
    broken = false;
    await updates.start(anna, stateManifest());
    expect(saved).toHaveLength(1);
  });

  test("by one whom the update before has removed is refused", async () => {
    const { updates } = world(state);
    const outcomes = await Promise.allSettled([
      updates.start(userOf(state, "anna"), stateManifest()),
      updates.start(userOf(state, "bert"), stateManifest(sections)),
    ]);
    expect(outcomes[0].status).toBe("fulfilled");
    expect(outcomes[1]).toMatchObject({ reason: { code: "USER_UNAUTHORIZED" } });
  });

  test("of two acknowledgements that come at once is applied once", async () => {
    const three = await runningState({ ...sections, Config: { UpdateThreshold: 2 } });
    const { updates, commits } = world(three);
    const manifest = stateManifest(sections);
    await updates.start(userOf(three, "anna"), manifest);
    const outcomes = await Promise.allSettled([
      updates.acknowledge(userOf(three, "bert"), manifest),
      updates.acknowledge(userOf(three, "bert"), manifest),
    ]);
    expect(outcomes[0]).toMatchObject({ value: { missingAcknowledgments: 0 } });
    expect(outcomes[1]).toMatchObject({ reason: { code: "NO_UPDATE" } });
    const lines = commits.current().mesh.updateLog.map((line) => JSON.parse(line).update);
    expect(lines).toEqual([
      "Initial manifest set",
      "Complete Manifest update initiated by user. Waiting for acknowledgments to apply the update",
      "Complete Manifest update acknowledged by user",
      "Complete Manifest updated",
    ]);
  });

  test("that fails on application is told to the caller and named in the log", async () => {
    const { updates, commits, log } = world(state);
    const manifest = stateManifest({ RecoveryKeys: { r: "x" } });
    await expect(updates.start(userOf(state, "anna"), manifest)).rejects.toMatchObject({
      code: "RECOVERY_KEY_INVALID",
    });
    expect(commits.current().mesh.pendingUpdate).toBeUndefined();
    expect(log.records.at(-1)).toMatchObject({
      level: "error",
      fields: { code: "RECOVERY_KEY_INVALID", user: "anna" },
    });
  });
});

test("an upload by one whom an update has removed meanwhile is refused", async () => {
  const { updates, commits } = world(state);
  await updates.start(userOf(state, "anna"), stateManifest({ Secrets: TEXT_ONLY }));
  await expect(upload(commits, "late")).rejects.toMatchObject({ code: "USER_UNAUTHORIZED" });
});

describe("the seal of the state", () => {
  test.each<[string, string, string, readonly string[]]>([
    ["stays", "", "ProductKey", []],
    ["follows", "", "UniqueKey", ["UniqueKey"]],
    ["follows", "UniqueKey", "ProductKey", ["ProductKey"]],
    ["stays until there is a new data key", "ProductKey", "Disabled", []],
    ["is new", "Disabled", "ProductKey", ["ProductKey"]],
  ])("%s in an update from mode %j to %j", async (_, before, after, modes) => {
    const mode = (SealMode: string) => ({ ...sections, Config: { SealMode, UpdateThreshold: 1 } });
    const from = await runningState(mode(before));
    const { updates, commits, sealed } = world(from);
    await updates.start(userOf(from, "anna"), stateManifest(mode(after)));
    expect(sealed.map(({ mode: used }) => used)).toEqual(modes);
    const { dataKey } = commits.current().sealer?.slot ?? SEALER.slot;
    if (before === "Disabled") expect(dataKey).not.toEqual(SEALER.slot.dataKey);
    else expect(dataKey).toEqual(SEALER.slot.dataKey);
  });
});
