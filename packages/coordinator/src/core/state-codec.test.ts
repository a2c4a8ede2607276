import { randomBytes } from "node:crypto";
import { utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { CoordinatorError } from "../error.ts";
import { authorityNames, createAuthority } from "./authority.ts";
import { setManifest } from "./set-manifest.ts";
import { freshState, type MeshState } from "./state.ts";
import { decodeState, encodeState } from "./state-codec.ts";

let state: MeshState;

beforeAll(async () => {
  const now = new Date("2026-08-03T09:15:00Z");
  const authority = await createAuthority(authorityNames(["localhost"], []), now);
  const fresh = freshState("accepting-manifest", authority, new Uint8Array(randomBytes(32)));
  const manifest = {
    Packages: { p: { Debug: true } },
    Marbles: { m: { Package: "p", MaxActivations: 3 } },
    Secrets: {
      shared: { Type: "cert-ed25519", Shared: true },
      key: { Type: "symmetric-key", Size: 128, Shared: true },
      own: { Type: "symmetric-key", Size: 128 },
      user: { Type: "plain", UserDefined: true },
    },
  };
  const context = {
    now,
    randomBytes: (n: number) => new Uint8Array(randomBytes(n)),
    environment: {},
  };
  ({ state } = await setManifest(fresh, utf8(JSON.stringify(manifest)), context));
});

describe("the sealed form of a state", () => {
  test("reads back as the same state", async () => {
    const rich: MeshState = {
      ...state,
      previousRootSecret: new Uint8Array(32).fill(9),
      activations: new Map([["m", 0x1f]]),
      counters: new Map([["a:b:c", 2n ** 64n - 1n]]),
    };
    const decoded = await decodeState(encodeState(rich));
    expect(encodeState(decoded)).toEqual(encodeState(rich));
    expect(decoded.activations).toEqual(rich.activations);
    expect(decoded.counters).toEqual(rich.counters);
    expect(decoded.secrets.get("user")).toEqual(rich.secrets.get("user"));
    expect(decoded.updateLog).toEqual([
      '{"time":"2026-08-03T09:15:00.000Z","update":"Initial manifest set"}',
    ]);
    expect(decoded.deployment).toEqual(rich.deployment);
  });

  test("that has no manifest yet reads back as one, and no other phase is read", async () => {
    const { authority, rootSecret } = state;
    const fresh = freshState("accepting-manifest", authority, rootSecret);
    const bytes = encodeState(fresh);
    const decoded = await decodeState(bytes);
    expect(decoded).toMatchObject({
      phase: "accepting-manifest",
      deployment: undefined,
      rootSecret,
    });
    expect(encodeState(decoded)).toEqual(bytes);
    const recovering = encodeState(freshState("recovery", authority, rootSecret));
    await expect(decodeState(recovering)).rejects.toMatchObject({ code: "STATE_TAMPERED" });
  });

  test("keeps a pending update, in the form of section 7.4", async () => {
    const pendingUpdate = {
      manifestBytes: utf8("{}"),
      requiredUsers: new Map([
        ["a", true],
        ["b", false],
      ]),
      missingAcknowledgments: 1,
    };
    const bytes = encodeState({ ...state, pendingUpdate });
    expect((await decodeState(bytes)).pendingUpdate).toEqual(pendingUpdate);
    const entries = JSON.parse(new TextDecoder().decode(bytes));
    expect(Buffer.from(entries.pendingUpdate, "base64").toString()).toBe(
      '{"manifestRaw":"e30=","requiredUsers":{"a":true,"b":false},"missingAcknowledgments":1}',
    );
    const broken = utf8(JSON.stringify({ ...entries, pendingUpdate: "AAAA" }));
    await expect(decodeState(broken)).rejects.toMatchObject({ code: "STATE_TAMPERED" });
  });

  test("from before there were updates is read: packages are the manifest's, nothing is pending", async () => {
    const entries = Object.entries(JSON.parse(new TextDecoder().decode(encodeState(state))));
    const old = entries.filter(([key]) => !key.startsWith("package:"));
    expect(old.length).toBeLessThan(entries.length);
    const decoded = await decodeState(utf8(JSON.stringify(Object.fromEntries(old))));
    expect(decoded.deployment).toEqual(state.deployment);
    expect(decoded.pendingUpdate).toBeUndefined();
  });

  test("of any other bytes is refused with STATE_TAMPERED", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await expect(decodeState(bytes)).rejects.toBeInstanceOf(CoordinatorError);
        await expect(decodeState(bytes)).rejects.toMatchObject({ code: "STATE_TAMPERED" });
      }),
      { numRuns: 50 },
    );
  });

  test("without one of its parts is refused with STATE_TAMPERED", async () => {
    const entries = JSON.parse(new TextDecoder().decode(encodeState(state)));
    for (const key of ["state", "rootSecret", "manifest", "privateKey:coordinatorRootKey"]) {
      const { [key]: _, ...rest } = entries;
      const bytes = utf8(JSON.stringify(rest));
      await expect(decodeState(bytes)).rejects.toMatchObject({ code: "STATE_TAMPERED" });
      const broken = utf8(JSON.stringify({ ...entries, [key]: "AAAA" }));
      if (key === "rootSecret") continue;
      await expect(decodeState(broken)).rejects.toMatchObject({ code: "STATE_TAMPERED" });
    }
  });
});
