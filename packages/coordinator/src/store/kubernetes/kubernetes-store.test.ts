import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type KubernetesApi,
  startKubernetesApi,
  TEST_NAMESPACE,
} from "../../testing/kubernetes-api.ts";
import type { SealedState, StateStore } from "../state-store.ts";
import { createKubernetesStore, type KubernetesStoreOptions } from "./kubernetes-store.ts";

const random = (length: number) => new Uint8Array(randomBytes(length));
const someState = (dataBytes = 90): SealedState => ({
  data: random(dataBytes),
  key: random(80),
  witness: random(40),
});
const FAILED = { name: "CoordinatorError", code: "STORE_FAILED" };

let api: KubernetesApi;
let store: StateStore;
const opened: StateStore[] = [];

function open(options: Partial<KubernetesStoreOptions> = {}): StateStore {
  const place = { namespace: TEST_NAMESPACE, stateName: "state", machinesName: "machines" };
  const made = createKubernetesStore({ ...api.access, ...place, ...options });
  opened.push(made);
  return made;
}

beforeEach(async () => {
  api = await startKubernetesApi();
  store = open();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map(async (each) => await each.close()));
  await api.close();
});

describe("the objects", () => {
  test("are a Secret with three keys and a ConfigMap with one for each machine", async () => {
    await store.commit(undefined, someState());
    await store.machines?.write("aa", random(4));
    const { data } = api.objects.get("secrets", "state").content;
    expect(Object.keys(data ?? {}).sort()).toEqual(["sealed_data", "sealed_key", "sealed_version"]);
    const { binaryData } = api.objects.get("configmaps", "machines").content;
    expect(Object.keys(binaryData ?? {})).toEqual(["aa"]);
  });

  test("keep labels that others put there", async () => {
    const version = await store.commit(undefined, someState());
    api.objects.patch("secrets", "state", { metadata: { labels: { team: "mesh" } } });
    await expect(store.commit(version, someState())).rejects.toMatchObject({
      code: "STATE_CONFLICT",
    });
    await store.commit(await store.version(), someState());
    expect(api.objects.get("secrets", "state").content["metadata"]).toMatchObject({
      labels: { team: "mesh" },
    });
  });

  test("that are gone are a conflict for the next commit, not a reason to start over", async () => {
    const version = await store.commit(undefined, someState());
    api.objects.remove("secrets", "state");
    await expect(store.commit(version, someState())).rejects.toMatchObject({
      code: "STATE_CONFLICT",
    });
    expect(await store.version()).toBeUndefined();
  });

  test("without sealed_data are refused with STATE_TAMPERED", async () => {
    await store.commit(undefined, someState());
    api.objects.patch("secrets", "state", { data: { sealed_data: null } });
    await expect(store.read()).rejects.toMatchObject({ code: "STATE_TAMPERED" });
  });

  test("above 1 MiB are refused before they are sent", async () => {
    await expect(store.commit(undefined, someState(1024 * 1024))).rejects.toMatchObject(FAILED);
    expect(await store.version()).toBeUndefined();
  });
});

describe("the API server", () => {
  test("is shown a token that was replaced meanwhile", async () => {
    const version = await store.commit(undefined, someState());
    await api.rotateToken();
    expect(await store.version()).toBe(version);
  });

  test("refuses a wrong token and another namespace", async () => {
    await expect(open({ namespace: "other" }).read()).rejects.toMatchObject(FAILED);
    await writeFile(api.access.tokenFile, "wrong");
    await expect(store.read()).rejects.toMatchObject(FAILED);
  });

  test("is refused under another CA", async () => {
    const other = await startKubernetesApi();
    try {
      await expect(open({ ca: other.access.ca }).read()).rejects.toMatchObject(FAILED);
    } finally {
      await other.close();
    }
  });

  test("that asks for patience gets it", async () => {
    api.failNext("too many requests");
    const version = await store.commit(undefined, someState());
    expect(await store.version()).toBe(version);
  });

  test("that loses an answer leaves the outcome open", async () => {
    api.failNext("lose answer");
    const state = someState();
    await expect(store.commit(undefined, state)).rejects.toMatchObject(FAILED);
    expect((await store.read())?.data).toEqual(state.data);
  });
});

describe("a watch", () => {
  async function watching() {
    let news = 0;
    const stop = store.watch(() => {
      news += 1;
    });
    await expect.poll(() => api.watches()).toBe(1);
    const heard = async (change: () => Promise<unknown> | unknown) => {
      const before = news;
      await change();
      await expect.poll(() => news, { timeout: 5000 }).toBeGreaterThan(before);
    };
    return { heard, stop, news: () => news };
  }
  const commit = async () => await store.commit(await store.version(), someState());

  test("hears of the first state, of changes and of removal, and of nothing else", async () => {
    const { heard, news } = await watching();
    await heard(commit);
    await heard(commit);
    await heard(() => api.objects.remove("secrets", "state"));
    const before = news();
    await open({ stateName: "other" }).commit(undefined, someState());
    await store.machines?.write("aa", random(3));
    // Bookmarks go by meanwhile, which are no news.
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(news()).toBe(before);
  });

  test.each([false, true])("goes on after its end, broken off: %s", async (broken) => {
    const { heard } = await watching();
    await heard(commit);
    api.endWatches(broken);
    await commit();
    await heard(commit);
  });

  test("starts over when its version is forgotten", async () => {
    const { heard, news } = await watching();
    await heard(commit);
    const before = news();
    // While nobody watches, a change is made and forgotten.
    api.objects.compact();
    api.endWatches(true);
    await commit();
    api.objects.compact();
    await expect.poll(news, { timeout: 5000 }).toBeGreaterThan(before);
    await heard(commit);
  });

  test("ends when it is told to", async () => {
    const { stop } = await watching();
    stop();
    await expect.poll(() => api.watches()).toBe(0);
  });
});
