import { randomBytes } from "node:crypto";
import { equalBytes } from "@carrara/encoding";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { SealedState, StateStore } from "../store/state-store.ts";

/** A backend under test, with a new place for a state before each test. */
export interface StoreBackend {
  /** Opens the present place once more. */
  open(): Promise<StateStore>;
  /** Goes to a place where nothing is stored yet, and ends what was opened before. */
  reset(): Promise<void>;
  /** Removes `sealed_key` as an operator does. */
  removeKey(): Promise<void>;
  close(): Promise<void>;
}

/** What a kind of store needs for its contract test. */
export interface StoreContract {
  readonly name: string;
  /** Whether several may be open at once. */
  readonly shared: boolean;
  readonly start: () => Promise<StoreBackend>;
}

const random = (length: number) => new Uint8Array(randomBytes(length));
const CONFLICT = { name: "CoordinatorError", code: "STATE_CONFLICT" };
/** Milliseconds for news of a change; they are hints, but timely ones. */
const NEWS_TIMEOUT_MS = 5_000;

function someState(dataBytes = 2000): SealedState {
  return { data: random(dataBytes), key: random(101), witness: random(44) };
}

/** The contract that every {@link StateStore} keeps. */
export function describeStore({ name, shared, start }: StoreContract): void {
  describe(`the ${name} store`, () => {
    let backend: StoreBackend;
    let store: StateStore;
    beforeAll(async () => {
      backend = await start();
    }, 60_000);
    afterAll(async () => await backend.close());
    beforeEach(async () => {
      await backend.reset();
      store = await backend.open();
    });
    const reopened = async () => {
      if (!shared) await store.close();
      return await backend.open();
    };

    test("is empty at first", async () => {
      expect(await store.version()).toBeUndefined();
      expect(await store.read()).toBeUndefined();
    });

    test("gives back what was committed, also when opened anew", async () => {
      const state = someState();
      const version = await store.commit(undefined, state);
      expect(await store.read()).toEqual({ ...state, version });
      expect(await store.version()).toBe(version);
      expect(await (await reopened()).read()).toEqual({ ...state, version });
    });

    test("keeps bytes of every value and states of half a megabyte", async () => {
      const all = Uint8Array.from({ length: 512 * 1024 }, (_, i) => i % 256);
      await store.commit(undefined, { ...someState(), data: all });
      expect(equalBytes((await store.read())?.data ?? new Uint8Array(), all)).toBe(true);
    });

    test("commits after the last version only, and says so otherwise", async () => {
      const first = await store.commit(undefined, someState());
      const second = await store.commit(first, someState());
      expect(second).not.toBe(first);
      const before = await store.read();
      for (const outdated of [undefined, first]) {
        await expect(store.commit(outdated, someState())).rejects.toMatchObject(CONFLICT);
      }
      expect(await store.read()).toEqual(before);
      expect(await (await reopened()).read()).toEqual(before);
    });

    test("has no version twice, though the same bytes come again", async () => {
      const state = someState();
      const versions = [await store.commit(undefined, state)];
      for (let i = 0; i < 5; i += 1) {
        versions.push(await store.commit(versions.at(-1), { ...someState(), data: state.data }));
      }
      expect(new Set(versions).size).toBe(versions.length);
    });

    test("lets an operator remove the key, and commits over what is left", async () => {
      const state = someState();
      const version = await store.commit(undefined, state);
      if (!shared) await store.close();
      await backend.removeKey();
      const again = await backend.open();
      const left = await again.read();
      expect(left).toMatchObject({ data: state.data, key: undefined, witness: state.witness });
      if (!shared) expect(left?.version).toBe(version);
      const next = someState();
      await again.commit(left?.version, next);
      expect(await again.read()).toMatchObject(next);
    });

    test("may be closed twice", async () => {
      await store.close();
      await store.close();
    });

    if (shared) describeSharing(() => ({ store, backend }));
  });
}

function describeSharing(
  current: () => { readonly store: StateStore; readonly backend: StoreBackend },
): void {
  test("lets exactly one of several commits after a version through", async () => {
    const { store, backend } = current();
    const others = await Promise.all([1, 2, 3].map(async () => await backend.open()));
    let version: string | undefined;
    for (let round = 0; round < 5; round += 1) {
      const offered = [store, ...others].map((each) => ({ each, state: someState() }));
      const outcomes = await Promise.allSettled(
        offered.map(async ({ each, state }) => await each.commit(version, state)),
      );
      const won = outcomes.findIndex(({ status }) => status === "fulfilled");
      const refused = outcomes.filter((outcome) => outcome.status === "rejected");
      expect(refused).toHaveLength(3);
      for (const { reason } of refused) expect(reason).toMatchObject(CONFLICT);
      const found = await store.read();
      expect(found?.data).toEqual(offered[won]?.state.data);
      version = found?.version;
    }
  });

  test("tells others of commits", async () => {
    const { store, backend } = current();
    const other = await backend.open();
    let version = await store.commit(undefined, someState());
    const news = createNews();
    const stop = other.watch(news.tell);
    for (let i = 0; i < 3; i += 1) {
      version = await store.commit(version, someState());
      const expected = version;
      await news.until(async () => (await other.version()) === expected);
    }
    stop();
  });

  test("keeps an entry for each machine", async () => {
    const { store, backend } = current();
    const other = await backend.open();
    const [one, two] = [store.machines, other.machines];
    const [a, b] = [random(60), random(70)];
    expect(await one?.read("aa")).toBeUndefined();
    expect(await one?.create("aa", a)).toBe(true);
    expect(await two?.create("aa", b)).toBe(false);
    expect(await two?.read("aa")).toEqual(a);
    expect(await two?.create("bb.version", b)).toBe(true);
    await two?.write("aa", b);
    expect(await one?.read("aa")).toEqual(b);
    await one?.write("cc", a);
    expect(await two?.read("cc")).toEqual(a);
    expect(await one?.read("bb.version")).toEqual(b);
  });

  test("lets one of several make an entry", async () => {
    const { backend } = current();
    const stores = await Promise.all([1, 2, 3, 4].map(async () => await backend.open()));
    const made = await Promise.all(
      stores.map(async ({ machines }, i) => await machines?.create("aa", random(i + 1))),
    );
    expect(made.filter((each) => each === true)).toHaveLength(1);
    const entry = await stores[0]?.machines?.read("aa");
    expect(entry).toHaveLength(made.indexOf(true) + 1);
  });

  test("loses no entry when several machines write at once", async () => {
    const { backend } = current();
    const stores = await Promise.all([1, 2, 3, 4].map(async () => await backend.open()));
    await Promise.all(
      stores.map(async ({ machines }, i) => await machines?.write(`m${i}`, random(i + 1))),
    );
    const lengths = await Promise.all(
      stores.map(async (_, i) => (await stores[0]?.machines?.read(`m${i}`))?.length),
    );
    expect(lengths).toEqual([1, 2, 3, 4]);
  });
}

/** Waits for news, and after each asks whether it was the expected one. */
function createNews(): { tell(): void; until(isThere: () => Promise<boolean>): Promise<void> } {
  let wake: () => void = () => undefined;
  let told = false;
  return {
    tell: () => {
      told = true;
      wake();
    },
    until: async (isThere) => {
      const end = Date.now() + NEWS_TIMEOUT_MS;
      for (;;) {
        while (!told && Date.now() < end) {
          await new Promise<void>((resolve) => {
            wake = resolve;
            setTimeout(resolve, NEWS_TIMEOUT_MS / 10).unref();
          });
        }
        expect(told).toBe(true);
        told = false;
        if (await isThere()) return;
      }
    },
  };
}
