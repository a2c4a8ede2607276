import { utf8 } from "@carrara/encoding";
import { describe, expect, test } from "vitest";
import { parseManifest } from "./manifest.ts";
import { codeOf } from "./testing/code-of.ts";
import { emojivotoManifest } from "./testing/emojivoto-manifest.ts";
import { validateManifest } from "./validate.ts";
import { hasFeatureGate, sealModeOf } from "./validate-config.ts";

const HSM = {
  EDG_MAA_URL: "https://maa",
  EDG_AZURE_HSM_VAULT_URL: "https://vault",
  EDG_AZURE_HSM_KEY_NAME: "key",
  EDG_AZURE_CLIENT_ID: "client",
  EDG_AZURE_TENANT_ID: "tenant",
  EDG_AZURE_CLIENT_SECRET: "secret",
};

const parse = (value: unknown) => parseManifest(utf8(JSON.stringify(value)));

function validate(value: unknown, environment: Record<string, string | undefined> = {}) {
  return validateManifest(parse(value), { environment });
}

const BASE = {
  Packages: { p: { SignerID: "aa", ProductID: 1, SecurityVersion: 1 } },
  Marbles: { m: { Package: "p" } },
  Secrets: {
    own: { Type: "symmetric-key", Size: 128 },
    shared: { Type: "symmetric-key", Size: 128, Shared: true },
    user: { Type: "plain", UserDefined: true },
  },
};
const withPackage = (pkg: object) => ({ ...BASE, Packages: { p: pkg } });
const withTls = (tag: object) => ({ ...BASE, TLS: { t: tag } });
const withRole = (ResourceType: string, ResourceNames: string[], Actions: string[]) => ({
  ...BASE,
  Roles: { r: { ResourceType, ResourceNames, Actions } },
});
const withSecret = (secret: object) => ({ ...BASE, Secrets: { s: secret } });
const withConfig = (Config: object, more: object = {}) => ({ ...BASE, ...more, Config });
const UPDATER = {
  Users: { u: { Certificate: "c", Roles: ["r"] } },
  Roles: { r: { ResourceType: "Manifest", Actions: ["updatemanifest"] } },
};
const NOT_AFTER = { NotAfter: "2030-01-01T00:00:00Z" };

describe("a manifest is accepted", () => {
  test.each<[string, object]>([
    ["of the emojivoto shape", emojivotoManifest()],
    ["with the least it needs", { ...BASE, Secrets: {} }],
    ["with a package by unique id", withPackage({ UniqueID: "aa" })],
    [
      "with product id and version zero",
      withPackage({ SignerID: "a", ProductID: 0, SecurityVersion: 0 }),
    ],
    ["with an unused incomplete package", { ...BASE, Packages: { ...BASE.Packages, other: {} } }],
    [
      "with mutual TLS",
      withTls({ Incoming: [{ Port: "1" }], Outgoing: [{ Port: "1", Addr: "a" }] }),
    ],
    [
      "with a TLS certificate",
      withTls({ Incoming: [{ Port: "1", Cert: "own", DisableClientAuth: true }] }),
    ],
    ["with actions in any case", withRole("Packages", ["p"], ["UPDATESecurityVersion"])],
    ["with reading a shared secret", withRole("Secrets", ["shared"], ["ReadSecret"])],
    [
      "with reading and writing a user secret",
      withRole("Secrets", ["user"], ["ReadSecret", "WriteSecret"]),
    ],
    ["with a role without actions", withRole("Secrets", ["own"], [])],
    ["with enough updaters", withConfig({ UpdateThreshold: 1 }, UPDATER)],
    [
      "with gates in any case",
      withConfig({ FeatureGates: ["signquoteendpoint", "MONOTONICCOUNTER"] }),
    ],
    [
      "with two of two recovery keys",
      withConfig({ RecoveryThreshold: 2 }, { RecoveryKeys: { a: "", b: "" } }),
    ],
    ["with NotAfter alone", withSecret({ Type: "cert-rsa", Cert: NOT_AFTER })],
    [
      "with both times on a key, which has no certificate",
      withSecret({ Type: "symmetric-key", ValidFor: 1, Cert: NOT_AFTER }),
    ],
  ])("%s", (_name, manifest) => {
    expect(codeOf(() => validate(manifest))).toBe("none");
  });
});

describe("a manifest is refused", () => {
  test.each<[string, object, string]>([
    ["1: without packages", { ...BASE, Packages: {} }, "MANIFEST_NO_PACKAGES"],
    ["1: without marbles", { ...BASE, Marbles: {} }, "MANIFEST_NO_MARBLES"],
    [
      "2: with an unknown package",
      { ...BASE, Marbles: { m: { Package: "q" } } },
      "MANIFEST_PACKAGE_UNKNOWN",
    ],
    [
      "2: with an unknown TLS tag",
      { ...BASE, Marbles: { m: { Package: "p", TLS: ["t"] } } },
      "MANIFEST_TLS_TAG_UNKNOWN",
    ],
    [
      "3: with unique id and signer",
      withPackage({ UniqueID: "a", SignerID: "b" }),
      "MANIFEST_PACKAGE_IDENTITY",
    ],
    [
      "3: with unique id and product 0",
      withPackage({ UniqueID: "a", ProductID: 0 }),
      "MANIFEST_PACKAGE_IDENTITY",
    ],
    [
      "3: with unique id and version 0",
      withPackage({ UniqueID: "a", SecurityVersion: 0 }),
      "MANIFEST_PACKAGE_IDENTITY",
    ],
    [
      "3: without signer",
      withPackage({ ProductID: 1, SecurityVersion: 1 }),
      "MANIFEST_PACKAGE_IDENTITY",
    ],
    [
      "3: without product",
      withPackage({ SignerID: "a", SecurityVersion: 1 }),
      "MANIFEST_PACKAGE_IDENTITY",
    ],
    [
      "3: without version",
      withPackage({ SignerID: "a", ProductID: 1 }),
      "MANIFEST_PACKAGE_IDENTITY",
    ],
    ["4: with incoming TLS without port", withTls({ Incoming: [{}] }), "MANIFEST_TLS_PORT_MISSING"],
    [
      "4: with an unknown TLS certificate",
      withTls({ Incoming: [{ Port: "1", Cert: "x", DisableClientAuth: true }] }),
      "MANIFEST_TLS_SECRET_UNKNOWN",
    ],
    [
      "4: with a certificate and client authentication",
      withTls({ Incoming: [{ Port: "1", Cert: "own" }] }),
      "MANIFEST_TLS_CLIENT_AUTH",
    ],
    [
      "4: without certificate and without client authentication",
      withTls({ Incoming: [{ Port: "1", DisableClientAuth: true }] }),
      "MANIFEST_TLS_CLIENT_AUTH",
    ],
    [
      "4: with outgoing TLS without address",
      withTls({ Outgoing: [{ Port: "1" }] }),
      "MANIFEST_TLS_ADDR_MISSING",
    ],
    [
      "4: with outgoing TLS without port",
      withTls({ Outgoing: [{ Addr: "a" }] }),
      "MANIFEST_TLS_PORT_MISSING",
    ],
    [
      "5: with a user without certificate",
      { ...BASE, Users: { u: {} } },
      "MANIFEST_USER_CERTIFICATE_MISSING",
    ],
    [
      "5: with a user of unknown role",
      { ...BASE, Users: { u: { Certificate: "c", Roles: ["r"] } } },
      "MANIFEST_USER_ROLE_UNKNOWN",
    ],
    [
      "5: with one certificate twice",
      { ...BASE, Users: { u: { Certificate: "c" }, v: { Certificate: "c" } } },
      "MANIFEST_USER_CERTIFICATE_DUPLICATE",
    ],
    [
      "6: with an unknown resource type",
      withRole("Marbles", [], []),
      "MANIFEST_ROLE_RESOURCE_TYPE",
    ],
    [
      "6: with a resource type in another case",
      withRole("packages", [], []),
      "MANIFEST_ROLE_RESOURCE_TYPE",
    ],
    ["6: with an unknown action", withRole("Secrets", [], ["Delete"]), "MANIFEST_ROLE_ACTION"],
    [
      "6: with another type's action",
      withRole("Packages", ["p"], ["ReadSecret"]),
      "MANIFEST_ROLE_ACTION",
    ],
    [
      "6: with an unknown package in a role",
      withRole("Packages", ["q"], []),
      "MANIFEST_ROLE_RESOURCE_UNKNOWN",
    ],
    [
      "6: with an unknown secret in a role",
      withRole("Secrets", ["q"], []),
      "MANIFEST_ROLE_RESOURCE_UNKNOWN",
    ],
    [
      "6: with names on the manifest",
      withRole("Manifest", ["p"], []),
      "MANIFEST_ROLE_RESOURCE_FORBIDDEN",
    ],
    [
      "6: with writing a generated secret",
      withRole("Secrets", ["shared"], ["WriteSecret"]),
      "MANIFEST_ROLE_RESOURCE_FORBIDDEN",
    ],
    [
      "6: with reading a per-marble secret",
      withRole("Secrets", ["own"], ["ReadSecret"]),
      "MANIFEST_ROLE_RESOURCE_FORBIDDEN",
    ],
    ["7: with an unknown secret type", withSecret({ Type: "cert-dsa" }), "MANIFEST_SECRET_TYPE"],
    ["7: with a secret without type", withSecret({}), "MANIFEST_SECRET_TYPE"],
    [
      "7: with two ends of validity",
      withSecret({ Type: "cert-rsa", ValidFor: 1, Cert: NOT_AFTER }),
      "MANIFEST_SECRET_VALIDITY",
    ],
    [
      "8: with too few updaters",
      withConfig({ UpdateThreshold: 2 }, UPDATER),
      "MANIFEST_UPDATE_THRESHOLD",
    ],
    [
      "8: with an updater whose role has no action",
      withConfig(
        { UpdateThreshold: 1 },
        { ...UPDATER, Roles: { r: { ResourceType: "Manifest" } } },
      ),
      "MANIFEST_UPDATE_THRESHOLD",
    ],
    ["9: with an unknown seal mode", withConfig({ SealMode: "productkey" }), "MANIFEST_SEAL_MODE"],
    ["9: with an unknown gate", withConfig({ FeatureGates: ["Nope"] }), "MANIFEST_FEATURE_GATE"],
    [
      "10: without HSM variables",
      withConfig({ FeatureGates: ["azurehsmsealing"] }),
      "MANIFEST_HSM_ENVIRONMENT",
    ],
    [
      "11: with a recovery threshold of one",
      withConfig({ RecoveryThreshold: 1 }, { RecoveryKeys: { a: "" } }),
      "MANIFEST_RECOVERY_THRESHOLD",
    ],
    [
      "11: with more needed than keys",
      withConfig({ RecoveryThreshold: 3 }, { RecoveryKeys: { a: "", b: "" } }),
      "MANIFEST_RECOVERY_THRESHOLD",
    ],
  ])("%s", (_name, manifest, code) => {
    expect(codeOf(() => validate(manifest))).toBe(code);
  });

  test("by name of the entry", () => {
    expect(() => validate(withPackage({ UniqueID: "a", SignerID: "b", ProductID: 1 }))).toThrow(
      "package p: UniqueID excludes SignerID, ProductID",
    );
    expect(() => validate(withRole("Secrets", ["nope"], []))).toThrow(
      "nothing named nope in Secrets",
    );
  });
});

describe("a debug package", () => {
  test("is only warned about, once for each property", () => {
    const manifest = {
      ...withPackage({ Debug: true }),
      Marbles: { m: { Package: "p" }, n: { Package: "p" } },
    };
    expect(validate(manifest).map(({ message }) => message)).toEqual([
      "package p: SignerID is missing and no UniqueID set",
      "package p: ProductID is missing and no UniqueID set",
      "package p: SecurityVersion is missing and no UniqueID set",
    ]);
    expect(validate(withPackage({ Debug: true, UniqueID: "a", SignerID: "b" }))).toEqual([
      { code: "PACKAGE_IDENTITY", message: "package p: UniqueID excludes SignerID" },
    ]);
  });

  test("with a full identity gives no warning", () => {
    expect(validate(emojivotoManifest())).toEqual([]);
  });
});

describe("the HSM gate", () => {
  const gate = withConfig({ FeatureGates: ["AzureHSMSealing"] });
  const workload = {
    ...HSM,
    EDG_AZURE_CLIENT_SECRET: "",
    EDG_AZURE_AUTHORITY_HOST: "host",
    EDG_AZURE_FEDERATED_TOKEN_FILE: "file",
  };

  test("accepts a client secret or a workload identity", () => {
    expect(codeOf(() => validate(gate, HSM))).toBe("none");
    expect(codeOf(() => validate(gate, workload))).toBe("none");
  });

  test.each(Object.keys(HSM))("needs %s, and empty is unset", (name) => {
    expect(() => validate(gate, { ...HSM, [name]: "" })).toThrow(
      expect.objectContaining({
        code: "MANIFEST_HSM_ENVIRONMENT",
        message: expect.stringContaining(name),
      }),
    );
  });

  test.each(["EDG_AZURE_AUTHORITY_HOST", "EDG_AZURE_FEDERATED_TOKEN_FILE"])(
    "needs %s beside the other half of a workload identity",
    (name) => {
      expect(codeOf(() => validate(gate, { ...workload, [name]: undefined }))).toBe(
        "MANIFEST_HSM_ENVIRONMENT",
      );
    },
  );
});

describe("config", () => {
  test.each([
    ["", "ProductKey"],
    ["ProductKey", "ProductKey"],
    ["UniqueKey", "UniqueKey"],
    ["Disabled", "Disabled"],
  ])("seal mode %j is %s", (sealMode, expected) => {
    expect(sealModeOf(parse({ Config: { SealMode: sealMode } }))).toBe(expected);
  });

  test("a feature gate is on when named in any case", () => {
    const manifest = parse({ Config: { FeatureGates: ["monotoniccounter"] } });
    expect(hasFeatureGate(manifest, "MonotonicCounter")).toBe(true);
    expect(hasFeatureGate(manifest, "SignQuoteEndpoint")).toBe(false);
  });
});
