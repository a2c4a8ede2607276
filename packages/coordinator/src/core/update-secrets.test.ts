import { X509Certificate } from "node:crypto";
import { parseManifest } from "@carrara/manifest";
import { beforeAll, describe, expect, test } from "vitest";
import { runningState, stateManifest, TEST_CONTEXT, TEST_NOW } from "../testing/test-state.ts";
import { rotateIntermediate } from "./authority.ts";
import { secretsOfMarble } from "./marble-secrets.ts";
import type { Secret, SecretContext } from "./secret.ts";
import type { RunningState } from "./state.ts";
import {
  type SecretState,
  secretsAfterPackageUpdate,
  secretsAfterUpdate,
} from "./update-secrets.ts";

const BEFORE = {
  certificate: { Type: "cert-ed25519", Shared: true, ValidFor: 7 },
  symmetric: { Type: "symmetric-key", Size: 128, Shared: true },
  uploaded: { Type: "symmetric-key", Size: 128, UserDefined: true },
  unset: { Type: "plain", UserDefined: true },
  own: { Type: "symmetric-key", Size: 128 },
  gone: { Type: "symmetric-key", Size: 128, Shared: true },
  goneUpload: { Type: "plain", UserDefined: true },
};
const { gone: _gone, goneUpload: _goneUpload, ...KEPT } = BEFORE;

let state: RunningState;
let context: SecretContext;

beforeAll(async () => {
  const fresh = await runningState({ Secrets: BEFORE });
  const value = new Uint8Array(16).fill(7);
  const upload = (name: string) => {
    const secret = fresh.secrets.get(name);
    if (secret === undefined) throw new TypeError(`no secret ${name}`);
    return [name, { ...secret, private: value, public: value }] as const;
  };
  const secrets = new Map([...fresh.secrets, upload("uploaded"), upload("goneUpload")]);
  state = { ...fresh, secrets };
  const authority = await rotateIntermediate(state.authority, TEST_NOW);
  context = { ...TEST_CONTEXT, authority };
});

async function updateTo(
  secrets: object,
  config: object = {},
  from: RunningState = state,
): Promise<SecretState> {
  const manifest = parseManifest(stateManifest({ Secrets: secrets, Config: config }));
  return await secretsAfterUpdate(from, manifest, context);
}

const bytesOf = (secret: Secret | undefined) => secret?.cert ?? secret?.private;

type Value = "absent" | "unset" | "old" | "new" | "same as now";

/** What became of a secret: its value, and its previous value. */
function fate(after: SecretState, name: string): [Value, Value] {
  const now = after.secrets.get(name);
  const previous = after.previousSecrets.get(name);
  const before = state.secrets.get(name);
  const value = (secret: Secret | undefined): Value => {
    if (secret === undefined) return "absent";
    if (bytesOf(secret) === undefined) return "unset";
    return bytesOf(secret) === bytesOf(before) ? "old" : "new";
  };
  const isSame = value(now) === "new" && bytesOf(previous) === bytesOf(now);
  return [value(now), isSame ? "same as now" : value(previous)];
}

describe("a full update", () => {
  test.each<[string, string, object, [Value, Value]]>([
    ["a shared certificate", "certificate", {}, ["new", "old"]],
    ["a shared key", "symmetric", {}, ["old", "old"]],
    ["an uploaded secret", "uploaded", {}, ["old", "unset"]],
    ["an unset secret", "unset", {}, ["unset", "unset"]],
    ["a marble's own secret", "own", {}, ["absent", "absent"]],
    ["a removed key", "gone", {}, ["absent", "absent"]],
    ["a removed upload", "goneUpload", {}, ["absent", "absent"]],
    ["an added key", "added", { added: BEFORE.symmetric }, ["new", "same as now"]],
    ["an added upload", "added", { added: BEFORE.unset }, ["unset", "unset"]],
    [
      "a key of another size",
      "symmetric",
      { symmetric: { ...BEFORE.symmetric, Size: 256 } },
      ["new", "same as now"],
    ],
    [
      "another kind of certificate",
      "certificate",
      { certificate: { ...BEFORE.certificate, Type: "cert-ecdsa", Size: 256 } },
      ["new", "same as now"],
    ],
    [
      "a certificate for longer",
      "certificate",
      { certificate: { ...BEFORE.certificate, ValidFor: 8 } },
      ["new", "same as now"],
    ],
    [
      "a certificate by another template",
      "certificate",
      { certificate: { ...BEFORE.certificate, Cert: { DNSNames: ["x"] } } },
      ["new", "old"],
    ],
    [
      "an upload of another size",
      "uploaded",
      { uploaded: { ...BEFORE.uploaded, Size: 256 } },
      ["unset", "unset"],
    ],
    [
      "an upload that is made instead",
      "uploaded",
      { uploaded: BEFORE.symmetric },
      ["new", "same as now"],
    ],
    [
      "a key that is uploaded instead",
      "symmetric",
      { symmetric: BEFORE.uploaded },
      ["unset", "unset"],
    ],
    ["an own key that is shared now", "own", { own: BEFORE.symmetric }, ["new", "same as now"]],
    ["a shared key that is own now", "symmetric", { symmetric: BEFORE.own }, ["absent", "absent"]],
  ])("does to %s (%s) what section 6.5 says", async (_, name, changed, expected) => {
    const after = await updateTo({ ...KEPT, ...changed });
    expect(fate(after, name)).toEqual(expected);
    expect(after.rootSecret).toBe(state.rootSecret);
    expect(after.previousRootSecret).toBeUndefined();
  });

  test.each<[string, string, [Value, Value]]>([
    ["a shared certificate", "certificate", ["new", "old"]],
    ["a shared key", "symmetric", ["new", "old"]],
    ["an uploaded secret", "uploaded", ["old", "unset"]],
    ["an unset secret", "unset", ["unset", "unset"]],
    ["a marble's own secret", "own", ["absent", "absent"]],
  ])(
    "that rotates the root secret does to %s (%s) what section 6.5 says",
    async (_, name, expected) => {
      const after = await updateTo(KEPT, { RotateRootSecret: true });
      expect(fate(after, name)).toEqual(expected);
      expect(after.previousRootSecret).toBe(state.rootSecret);
      expect(after.rootSecret).not.toEqual(state.rootSecret);
      expect(after.rootSecret).toHaveLength(32);
    },
  );

  test("without rotation keeps the previous values of the last rotation", async () => {
    const rotated = await updateTo(KEPT, { RotateRootSecret: true });
    const after = await updateTo(KEPT, {}, { ...state, ...rotated });
    expect(after.previousSecrets.get("symmetric")).toBe(state.secrets.get("symmetric"));
    expect(after.secrets.get("symmetric")).toBe(rotated.secrets.get("symmetric"));
    expect(after.previousRootSecret).toBe(state.rootSecret);
  });

  test("with rotation gives each marble another key of its own, and the old one as previous", async () => {
    const marble = {
      marbleType: "m",
      uuid: "f6b2414a-ec07-47ab-a5eb-afe399dae79e",
      disableSecretBinding: false,
    };
    const before = await secretsOfMarble(state, marble, context);
    const rotated = { ...state, ...(await updateTo(KEPT, { RotateRootSecret: true })) };
    const after = await secretsOfMarble(rotated, marble, context);
    expect(before.previous.get("own")).toEqual(before.current.get("own"));
    expect(after.current.get("own")).not.toEqual(before.current.get("own"));
    expect(after.previous.get("own")).toEqual(before.current.get("own"));
  });

  test("issues certificates under the new authority", async () => {
    const after = await updateTo(KEPT);
    const made = new X509Certificate(after.secrets.get("certificate")?.cert ?? new Uint8Array());
    expect(made.verify(new X509Certificate(context.authority.marbleRoot).publicKey)).toBe(true);
    expect(made.verify(new X509Certificate(state.authority.marbleRoot).publicKey)).toBe(false);
  });
});

describe("a package update", () => {
  test("renews shared certificates until their old end, and nothing else", async () => {
    const later = new Date(TEST_NOW.getTime() + 3_600_000);
    const secrets = await secretsAfterPackageUpdate(state, { ...context, now: later });
    const [old, made] = [state, { secrets }].map(({ secrets: from }) => from.get("certificate"));
    const [before, after] = [old, made].map(
      (secret) => new X509Certificate(secret?.cert ?? new Uint8Array()),
    );
    expect(after?.validTo).toBe(before?.validTo);
    expect(after?.validFrom).not.toBe(before?.validFrom);
    expect(made?.public).not.toEqual(old?.public);
    expect(made?.validFor).toBe(7);
    const anchor = new X509Certificate(context.authority.marbleRoot);
    expect(after?.verify(anchor.publicKey)).toBe(true);
    for (const name of ["symmetric", "uploaded", "unset", "gone", "goneUpload"]) {
      expect(secrets.get(name)).toBe(state.secrets.get(name));
    }
    expect(secrets.has("own")).toBe(false);
  });

  test("gives a certificate that has ended a new end", async () => {
    const later = new Date(TEST_NOW.getTime() + 8 * 86_400_000);
    const secrets = await secretsAfterPackageUpdate(state, { ...context, now: later });
    const cert = new X509Certificate(secrets.get("certificate")?.cert ?? new Uint8Array());
    expect(new Date(cert.validTo).getTime()).toBeGreaterThan(later.getTime());
  });
});
