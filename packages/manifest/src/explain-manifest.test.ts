import { utf8 } from "@carrara/encoding";
import { describe, expect, test } from "vitest";
import { explainManifest, type FactKind } from "./explain-manifest.ts";
import { parseManifest } from "./manifest.ts";
import { codeOf } from "./testing/code-of.ts";
import { emojivotoManifest } from "./testing/emojivoto-manifest.ts";

const explain = (json: object) => explainManifest(parseManifest(utf8(JSON.stringify(json))));

const FULL = {
  Packages: {
    web: {
      SignerID: "aa",
      ProductID: 1,
      SecurityVersion: 3,
      AcceptedTCBStatuses: ["OutOfDate"],
      AcceptedAdvisories: ["INTEL-SA-1"],
    },
    idle: { UniqueID: "bb", Debug: true },
  },
  Marbles: {
    web: {
      Package: "web",
      MaxActivations: 1,
      Parameters: { Argv: ["web"], Env: { A: "{{ hex .Secrets.key }}" }, Files: { "/f": "x" } },
      TLS: ["tag"],
    },
    any: { Package: "web", Parameters: { Env: { A: "{{ . }}" } } },
  },
  Secrets: {
    cert: { Type: "cert-ed25519", Shared: true },
    key: { Type: "symmetric-key", Size: 128, UserDefined: true },
    text: { Type: "plain", UserDefined: true },
    own: { Type: "symmetric-key", Size: 8 },
  },
  Users: {
    anna: { Certificate: "A", Roles: ["update", "secrets", "raise"] },
    bert: { Certificate: "B", Roles: ["update"] },
    carl: { Certificate: "C" },
  },
  Roles: {
    update: { ResourceType: "Manifest", Actions: ["UpdateManifest"] },
    secrets: {
      ResourceType: "Secrets",
      ResourceNames: ["key"],
      Actions: ["ReadSecret", "WriteSecret"],
    },
    raise: { ResourceType: "Packages", ResourceNames: ["web"], Actions: ["UpdateSecurityVersion"] },
    unused: { ResourceType: "Manifest", Actions: [] },
  },
  TLS: { tag: { Incoming: [{ Port: "80", Cert: "cert", DisableClientAuth: true }] } },
  RecoveryKeys: { k1: "1", k2: "2", k3: "3" },
  Config: { RecoveryThreshold: 2, FeatureGates: ["MonotonicCounter"], RotateRootSecret: true },
};

describe("a manifest is explained", () => {
  const facts = explain(FULL);

  test.each<[FactKind, string, string]>([
    [
      "package",
      "web",
      "Package web allows code signed by aa, product 1 and security version at least 3, on platforms whose status is UpToDate or OutOfDate, with no advisory but INTEL-SA-1.",
    ],
    [
      "package",
      "idle",
      "Package idle allows code measured bb, in debug mode: nothing of it is protected, on platforms whose status is UpToDate or SWHardeningNeeded, with any advisory. No Marble runs it.",
    ],
    [
      "marble",
      "web",
      "Marble web runs package web, at most 1 time. It gets 1 argument. It gets the variables A. It gets the files /f. It receives key and cert. Its connections are encrypted by tag.",
    ],
    [
      "marble",
      "any",
      "Marble any runs package web, any number of times. It gets the variables A. It receives any secret of the manifest.",
    ],
    [
      "tls",
      "tag",
      "TLS tag tag means TLS on connections from outside to port 80 with certificate cert for any client, and on connections to nothing.",
    ],
    [
      "secret",
      "key",
      "Secret key is a symmetric-key of 128 bits that a user uploads. It is read by Marble web, Marble any and user anna. It is written by user anna.",
    ],
    [
      "secret",
      "cert",
      "Secret cert is a cert-ed25519 that the Coordinator makes, the same for every Marble. It is read by Marble web and Marble any.",
    ],
    [
      "secret",
      "text",
      "Secret text is a plain that a user uploads. It is read by Marble any. Nobody may write it.",
    ],
    [
      "user",
      "anna",
      "User anna may update the manifest, read secret key, write secret key and raise the security version of package web.",
    ],
    ["user", "carl", "User carl may do nothing."],
    ["role", "unused", "Role unused belongs to nobody."],
    [
      "update",
      "",
      "A full update needs all 2 users: anna and bert. Alone, user anna may raise the security version of package web.",
    ],
    ["recovery", "", "Recovering the state needs 2 of 3 recovery keys: k1, k2 and k3."],
    [
      "config",
      "SealMode",
      "The state is sealed to the Coordinator's signer and product: a newer build can open it.",
    ],
    ["config", "MonotonicCounter", "Feature MonotonicCounter is turned on."],
    [
      "config",
      "RotateRootSecret",
      "Each full update rotates the root secret, from which Marbles derive their keys.",
    ],
  ])("%s %s: %s", (kind, subject, sentence) => {
    expect(facts).toContainEqual({ kind, subject, sentence });
  });

  test("with nobody who could change or recover it", () => {
    const sentences = explain(emojivotoManifest()).map(({ sentence }) => sentence);
    expect(sentences).toContain("Nobody may update the manifest.");
    expect(sentences).toContain("Nobody can recover a state that cannot be unsealed.");
    expect(sentences.some((sentence) => /user|role/i.test(sentence))).toBe(false);
  });

  test("only if its roles exist", () => {
    expect(codeOf(() => explain({ Users: { u: { Certificate: "x", Roles: ["no"] } } }))).toBe(
      "MANIFEST_USER_ROLE_UNKNOWN",
    );
  });
});
