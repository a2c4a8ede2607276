import { utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeUpdate, diffManifests } from "./diff-manifests.ts";
import { type Manifest, parseManifest } from "./manifest.ts";
import type { ChangeKind, ManifestChange } from "./manifest-change.ts";
import { emojivotoManifest } from "./testing/emojivoto-manifest.ts";

const BASE = {
  Packages: {
    web: { SignerID: "aa", ProductID: 1, SecurityVersion: 3 },
    spare: { UniqueID: "bb" },
  },
  Marbles: {
    web: {
      Package: "web",
      MaxActivations: 2,
      Parameters: { Argv: ["web"], Env: { A: "1" }, Files: { "/f": "x" } },
      TLS: ["tag"],
    },
    other: { Package: "spare" },
  },
  Secrets: {
    cert: { Type: "cert-ecdsa", Size: 256, Shared: true },
    key: { Type: "symmetric-key", Size: 128, Shared: true },
    own: { Type: "symmetric-key", Size: 128 },
    text: { Type: "plain", UserDefined: true },
  },
  Users: {
    anna: { Certificate: "A", Roles: ["update", "read"] },
    bert: { Certificate: "B", Roles: ["update"] },
  },
  Roles: {
    update: { ResourceType: "Manifest", Actions: ["UpdateManifest"] },
    read: { ResourceType: "Secrets", ResourceNames: ["text"], Actions: ["ReadSecret"] },
  },
  TLS: { tag: { Incoming: [{ Port: "80" }], Outgoing: [{ Port: "90", Addr: "db" }] } },
  RecoveryKeys: { k1: "1", k2: "2" },
  Infrastructures: { azure: {} },
};

const manifest = (json: object): Manifest => parseManifest(utf8(JSON.stringify(json)));
const web = (changed: object) => ({
  Marbles: { ...BASE.Marbles, web: { ...BASE.Marbles.web, ...changed } },
});
const pkg = (changed: object) => ({
  Packages: { ...BASE.Packages, web: { ...BASE.Packages.web, ...changed } },
});
const secret = (name: string, definition: object | undefined) => ({
  Secrets: { ...BASE.Secrets, [name]: definition },
});

/** Differences to BASE, without what follows from any update. */
function differences(changed: object): readonly ManifestChange[] {
  const changes = diffManifests(manifest(BASE), manifest({ ...BASE, ...changed }));
  return changes.filter(({ change }) => change !== "follows");
}

describe("an update", () => {
  test.each<[object, ChangeKind, ManifestChange["change"], string, string]>([
    [
      pkg({ SecurityVersion: 4 }),
      "package",
      "changed",
      "web",
      "The security version of package web rises from 3 to 4: older builds may no longer run.",
    ],
    [
      pkg({ SecurityVersion: 2 }),
      "package",
      "changed",
      "web",
      "The security version of package web falls from 3 to 2: builds with known holes may run again.",
    ],
    [
      pkg({ SecurityVersion: null }),
      "package",
      "changed",
      "web",
      "The security version of package web is no longer looked at.",
    ],
    [
      pkg({ SignerID: "cc" }),
      "package",
      "changed",
      "web",
      "Package web allows other code than before (code signed by aa and product 1), namely code signed by cc and product 1.",
    ],
    [
      pkg({ Debug: true }),
      "package",
      "changed",
      "web",
      "Package web allows other code than before (code signed by aa and product 1), namely code signed by aa and product 1, in debug mode: nothing of it is protected.",
    ],
    [
      pkg({ AcceptedTCBStatuses: ["OutOfDate"] }),
      "package",
      "changed",
      "web",
      "Package web may run on platforms whose status is UpToDate or OutOfDate, with any advisory.",
    ],
    [
      { Packages: { ...BASE.Packages, "new": { UniqueID: "dd" } } },
      "package",
      "added",
      "new",
      "Package new is new and allows code measured dd.",
    ],
    [
      { Packages: { web: BASE.Packages.web } },
      "package",
      "removed",
      "spare",
      "Package spare is removed: its code may no longer run.",
    ],
    [
      { Marbles: { web: BASE.Marbles.web } },
      "marble",
      "removed",
      "other",
      "Marble other is removed and can no longer be activated.",
    ],
    [
      { Marbles: { ...BASE.Marbles, more: { Package: "web" } } },
      "marble",
      "added",
      "more",
      "Marble more is new: it runs package web, any number of times.",
    ],
    [
      web({ Package: "spare" }),
      "marble",
      "changed",
      "web",
      "Marble web runs package spare instead of web.",
    ],
    [
      web({ MaxActivations: 1 }),
      "marble",
      "changed",
      "web",
      "Marble web may be activated at most 1 time, counting those there were; before at most 2 times.",
    ],
    [web({ TLS: [] }), "marble", "changed", "web", "Marble web gets no transparent TLS any more."],
    [
      web({ DisableSecretBinding: true }),
      "marble",
      "changed",
      "web",
      "Marble web gets other keys of its own: secret binding is switched.",
    ],
    [
      web({ Parameters: { ...BASE.Marbles.web.Parameters, Argv: ["x"] } }),
      "marble",
      "changed",
      "web",
      "Marble web runs with other arguments.",
    ],
    [
      web({ Parameters: { ...BASE.Marbles.web.Parameters, Env: { A: "2" } } }),
      "marble",
      "changed",
      "web",
      "Marble web gets another content of variable A.",
    ],
    [
      web({ Parameters: { ...BASE.Marbles.web.Parameters, Files: {} } }),
      "marble",
      "changed",
      "web",
      "Marble web no longer gets file /f.",
    ],
    [
      web({ Parameters: { ...BASE.Marbles.web.Parameters, Env: { A: "1", B: "", C: "" } } }),
      "marble",
      "changed",
      "web",
      "Marble web now gets variables B and C.",
    ],
    [
      secret("more", BASE.Secrets.key),
      "secret",
      "added",
      "more",
      "Secret more is new: symmetric-key of 128 bits that the Coordinator makes, the same for every Marble.",
    ],
    [
      secret("key", undefined),
      "secret",
      "removed",
      "key",
      "Secret key is removed, its value and its previous value too.",
    ],
    [
      secret("key", BASE.Secrets.own),
      "secret",
      "changed",
      "key",
      "Secret key has another definition and loses its value: it is now symmetric-key of 128 bits that the Coordinator makes, another for each Marble.",
    ],
    [
      secret("text", { Type: "symmetric-key", Size: 8, UserDefined: true }),
      "secret",
      "changed",
      "text",
      "Secret text has another definition and loses its value: it is now symmetric-key of 8 bits that a user uploads and must be uploaded.",
    ],
    [
      secret("cert", { ...BASE.Secrets.cert, Cert: { DNSNames: ["x"] } }),
      "secret",
      "changed",
      "cert",
      "Certificate cert is made from another template.",
    ],
    [
      { Users: { ...BASE.Users, carl: { Certificate: "C", Roles: ["read"] } } },
      "user",
      "added",
      "carl",
      "User carl is new and may read secret text.",
    ],
    [
      { Users: { ...BASE.Users, carl: { Certificate: "C" } } },
      "user",
      "added",
      "carl",
      "User carl is new and may do nothing.",
    ],
    [{ Users: { anna: BASE.Users.anna } }, "user", "removed", "bert", "User bert is removed."],
    [
      { Users: { ...BASE.Users, bert: { ...BASE.Users.bert, Certificate: "X" } } },
      "user",
      "changed",
      "bert",
      "User bert has another certificate; the old one is refused.",
    ],
    [
      { Users: { ...BASE.Users, bert: { Certificate: "B", Roles: ["update", "read"] } } },
      "permission",
      "added",
      "bert",
      "User bert may now read secret text.",
    ],
    [
      { Roles: { ...BASE.Roles, read: { ...BASE.Roles.read, ResourceNames: [] } } },
      "permission",
      "removed",
      "anna",
      "User anna may no longer read secret text.",
    ],
    [
      { Roles: { ...BASE.Roles, read: { ...BASE.Roles.read, Actions: ["WriteSecret"] } } },
      "role",
      "changed",
      "read",
      "Role read allows something else.",
    ],
    [
      { Roles: { ...BASE.Roles, more: BASE.Roles.update } },
      "role",
      "added",
      "more",
      "Role more is new.",
    ],
    [
      { Config: { UpdateThreshold: 1 } },
      "config",
      "changed",
      "UpdateThreshold",
      "A full update needs 1 of 2 users: anna and bert. Before: A full update needs all 2 users: anna and bert.",
    ],
    [
      { Users: {} },
      "config",
      "changed",
      "UpdateThreshold",
      "Nobody may update the manifest. Before: A full update needs all 2 users: anna and bert.",
    ],
    [
      { RecoveryKeys: { k1: "1" } },
      "recovery",
      "changed",
      "",
      "Recovering the state needs 1 of 1 recovery key: k1. Before: Recovering the state needs all 2 recovery keys: k1 and k2.",
    ],
    [
      { RecoveryKeys: { k1: "1", k2: "3" } },
      "recovery",
      "changed",
      "k2",
      "Recovery key k2 is another key.",
    ],
    [
      { Config: { SealMode: "UniqueKey" } },
      "config",
      "changed",
      "SealMode",
      "The seal mode is UniqueKey instead of ProductKey.",
    ],
    [
      { Config: { FeatureGates: ["SignQuoteEndpoint"] } },
      "config",
      "added",
      "SignQuoteEndpoint",
      "Feature SignQuoteEndpoint is turned on.",
    ],
    [
      { Config: { RotateRootSecret: true } },
      "config",
      "changed",
      "RotateRootSecret",
      "Later updates rotate the root secret.",
    ],
    [
      { TLS: { tag: { Incoming: [{ Port: "81" }] } } },
      "tls",
      "changed",
      "tag",
      "TLS tag tag is changed: TLS on connections from outside to port 81, and on connections to nothing.",
    ],
    [{ TLS: {} }, "tls", "removed", "tag", "TLS tag tag is removed."],
    [
      { Infrastructures: { azure: { QESVN: 1 } } },
      "infrastructure",
      "changed",
      "azure",
      "Infrastructure azure is changed; no decision depends on it.",
    ],
  ])("to %j is told as %s %s %s", (changed, kind, change, subject, sentence) => {
    expect(differences(changed)).toContainEqual({ kind, change, subject, sentence });
  });

  test.each<[object, readonly string[]]>([
    [pkg({ SecurityVersion: 4 }), ["cert", "certificate"]],
    [
      { ...pkg({}), Config: { RotateRootSecret: true } },
      ["cert", "key", "own", "RotateRootSecret", "certificate"],
    ],
    [{ RecoveryKeys: {} }, ["cert", "", "certificate"]],
  ])("to %j brings what follows: %j", (changed, expected) => {
    const changes = diffManifests(manifest(BASE), manifest({ ...BASE, ...changed }));
    const follows = changes.filter(({ change }) => change === "follows");
    expect(follows.map(({ kind, subject }) => (kind === "certificate" ? kind : subject))).toEqual(
      expected,
    );
  });

  test("to a manifest that says the same is no change, though it renews certificates", () => {
    const reordered = Object.fromEntries(Object.entries(BASE).toReversed());
    expect(diffManifests(manifest(BASE), manifest(reordered))).toEqual([]);
    const kinds = describeUpdate(manifest(BASE), manifest(BASE)).map(({ kind }) => kind);
    expect(kinds).toEqual(["secret", "certificate"]);
  });

  test("of packages alone is read as a package update", () => {
    const update = { Packages: { web: { SecurityVersion: 5 }, no: { SecurityVersion: 1 } } };
    expect(diffManifests(manifest(BASE), manifest(update)).map(({ sentence }) => sentence)).toEqual(
      [
        "The security version of package web rises from 3 to 5: older builds may no longer run.",
        "Package no is not in the manifest in force: the update is refused.",
        "Certificate cert is issued anew with a new key; its end stays.",
        "The intermediate CA and the Marble root are replaced; Marbles that run keep their certificates until they are activated again.",
      ],
    );
  });

  test("never shows what is in a file or variable", () => {
    const value = "do not tell";
    const changed = web({
      Parameters: { Argv: [value], Env: { A: value }, Files: { "/f": value } },
    });
    const shown = JSON.stringify(diffManifests(manifest(BASE), manifest({ ...BASE, ...changed })));
    expect(shown).not.toContain(value);
  });

  test("between any two of many manifests gives sentences, none of them twice", () => {
    const pieces: readonly object[] = [
      {},
      pkg({ Debug: true }),
      web({ TLS: [] }),
      secret("key", undefined),
      { Users: {} },
      { Config: { SealMode: "Disabled" } },
      emojivotoManifest(),
    ];
    const any = fc
      .subarray([...pieces])
      .map((chosen) => manifest(Object.assign({}, BASE, ...chosen)));
    fc.assert(
      fc.property(any, any, (before, after) => {
        const changes = diffManifests(before, after);
        expect(new Set(changes.map(({ sentence }) => sentence)).size).toBe(changes.length);
        for (const { sentence } of changes) expect(sentence).toMatch(/^[A-Z].*\.$/);
      }),
    );
  });
});
