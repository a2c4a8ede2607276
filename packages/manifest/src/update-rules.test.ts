import { utf8 } from "@carrara/encoding";
import { describe, expect, test } from "vitest";
import { parseManifest } from "./manifest.ts";
import {
  isRecoveryChanged,
  neededAcknowledgments,
  neededRecoveryKeys,
  type SecretFate,
  secretFates,
  updatersOf,
} from "./update-rules.ts";

const manifest = (json: object) => parseManifest(utf8(JSON.stringify(json)));
const KEY = { Type: "symmetric-key", Size: 128, Shared: true };
const OWN = { Type: "symmetric-key", Size: 128 };
const CERT = { Type: "cert-ed25519", Shared: true, ValidFor: 7 };
const OWN_CERT = { Type: "cert-ed25519" };
const TEXT = { Type: "plain", UserDefined: true };
const UPLOADED_CERT = { Type: "cert-rsa", Size: 2048, Shared: true, UserDefined: true };

describe("the fate of a secret in a full update", () => {
  test.each<[object | undefined, object | undefined, SecretFate, SecretFate]>([
    [undefined, KEY, "added", "added"],
    [KEY, undefined, "removed", "removed"],
    [KEY, KEY, "kept", "renewed"],
    [OWN, OWN, "kept", "renewed"],
    [CERT, CERT, "renewed", "renewed"],
    [CERT, { ...CERT, Cert: { DNSNames: ["x"] } }, "renewed", "renewed"],
    [OWN_CERT, OWN_CERT, "kept", "kept"],
    [TEXT, TEXT, "kept", "kept"],
    [UPLOADED_CERT, UPLOADED_CERT, "kept", "kept"],
    [KEY, { ...KEY, Size: 256 }, "replaced", "replaced"],
    [KEY, { ...KEY, Type: "plain" }, "replaced", "replaced"],
    [KEY, OWN, "replaced", "replaced"],
    [KEY, { ...KEY, UserDefined: true }, "replaced", "replaced"],
    [CERT, { ...CERT, ValidFor: 8 }, "replaced", "replaced"],
  ])("%j that becomes %j is %s, with rotation %s", (before, after, fate, rotated) => {
    const secrets = (definition: object | undefined) => ({ Secrets: { s: definition } });
    const from = manifest(secrets(before));
    expect(secretFates(from, manifest(secrets(after))).get("s")).toBe(fate);
    const rotating = { ...secrets(after), Config: { RotateRootSecret: true } };
    expect(secretFates(from, manifest(rotating)).get("s")).toBe(rotated);
  });
});

describe("who has to agree", () => {
  const Roles = {
    update: { ResourceType: "Manifest", Actions: ["updateMANIFEST"] },
    nothing: { ResourceType: "Manifest", Actions: [] },
  };
  const Users = {
    anna: { Certificate: "A", Roles: ["nothing", "update"] },
    bert: { Certificate: "B", Roles: ["nothing"] },
    carl: { Certificate: "C", Roles: ["update"] },
  };

  test.each([
    [0, 2],
    [1, 1],
    [2, 2],
  ])("with threshold %i are %i users", (UpdateThreshold, needed) => {
    const made = manifest({ Roles, Users, Config: { UpdateThreshold } });
    expect(updatersOf(made)).toEqual(["anna", "carl"]);
    expect(neededAcknowledgments(made)).toBe(needed);
  });
});

describe("recovery secrets", () => {
  const keys = (names: string, threshold = 0) =>
    manifest({
      RecoveryKeys: Object.fromEntries([...names].map((name) => [name, name])),
      Config: { RecoveryThreshold: threshold },
    });

  test.each<[[string, number?], [string, number?], boolean]>([
    [[""], [""], false],
    [["ab"], ["ba"], false],
    [["ab"], ["ab", 2], false],
    [["ab", 2], ["ab"], false],
    [["abc"], ["abc", 2], true],
    [["ab"], ["abc", 2], true],
    [["ab"], ["ac"], true],
    [["a"], [""], true],
  ])("of %j and %j are others: %s", (before, after, changed) => {
    expect(isRecoveryChanged(keys(...before), keys(...after))).toBe(changed);
  });

  test.each([
    ["", 0, 0],
    ["abc", 0, 3],
    ["abc", 2, 2],
  ])("of keys %j with threshold %i need %i together", (names, threshold, needed) => {
    expect(neededRecoveryKeys(keys(names, threshold))).toBe(needed);
  });
});
