import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createTestMachine,
  type TestCoordinator,
  type TestMachine,
} from "../../testing/test-coordinator.ts";
import { testManifest } from "../../testing/test-manifest.ts";
import {
  type ActivationFields,
  activateOver,
  callActivate,
  openMeshClient,
  prepareMarble,
  TEST_UUID,
} from "../../testing/test-marble.ts";

let machine: TestMachine;
let mesh: TestCoordinator;

beforeAll(async () => {
  machine = await createTestMachine();
  mesh = await machine.start();
  await mesh.coordinator.setManifest(
    testManifest({
      Marbles: {
        web: {
          Package: "p",
          TLS: ["web"],
          Parameters: {
            Argv: ["web", "--flag"],
            Env: {
              KEY: "{{ hex .Secrets.key }}",
              SHARED: "{{ hex .Secrets.shared }}",
              MARBLE_PREDEFINED_ROOT_CA: "overridden",
            },
            Files: {
              "/raw": "{{ raw .Secrets.key }}",
              "/plain": { Data: "00ff", Encoding: "hex", NoTemplates: true },
            },
          },
        },
        twice: { Package: "p", MaxActivations: 2 },
        newer: { Package: "newer" },
        unset: { Package: "p", Parameters: { Env: { X: "{{ string .Secrets.user }}" } } },
      },
      Packages: {
        ...JSON.parse(new TextDecoder().decode(testManifest())).Packages,
        newer: { SignerID: "00", ProductID: 3, SecurityVersion: 9 },
      },
      Secrets: {
        key: { Type: "symmetric-key", Size: 128 },
        shared: { Type: "symmetric-key", Size: 128, Shared: true },
        server: { Type: "cert-ecdsa", Size: 256, Shared: true },
        user: { Type: "plain", UserDefined: true },
      },
      TLS: { web: { Incoming: [{ Port: "8080" }], Outgoing: [{ Addr: "emoji", Port: "80" }] } },
    }),
  );
});

afterAll(async () => await machine.close());

/** Activates `type` with a fresh key; `change` replaces parts of what the marble sends. */
async function activate(
  type: string,
  change: (fields: ActivationFields) => Partial<ActivationFields> = () => ({}),
  tee = machine.teeFor(),
) {
  const { identity, fields } = await prepareMarble(type, tee);
  return await callActivate(mesh.meshPort, identity, { ...fields, ...change(fields) });
}

function flipBit(bytes: Uint8Array, index: number): Uint8Array {
  return bytes.map((byte, i) => (i === index ? byte ^ 1 : byte));
}

describe("an activation", () => {
  test("gives certificate, secrets, files, arguments and TLS of the marble type", async () => {
    const outcome = await activate("web");
    if (outcome.kind === "refused") throw new TypeError(outcome.message);
    const { Env, Files, Argv } = outcome.parameters;
    const text = (name: string) => new TextDecoder().decode(Env[name]);
    expect(Argv).toEqual(["web", "--flag"]);
    expect(Buffer.from(Files["/raw"] ?? []).toString("hex")).toBe(text("KEY"));
    expect(Files["/plain"]).toEqual(new Uint8Array([0, 255]));
    const marbleRoot = new X509Certificate(text("MARBLE_PREDEFINED_ROOT_CA"));
    const root = new X509Certificate(text("MARBLE_PREDEFINED_COORDINATOR_ROOT_CA"));
    const [leaf, intermediate] = text("MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN")
      .split(/(?<=-----END CERTIFICATE-----\n)/)
      .map((pem) => new X509Certificate(pem));
    expect(leaf?.verify(marbleRoot.publicKey)).toBe(true);
    expect(intermediate?.verify(root.publicKey)).toBe(true);
    expect(text("MARBLE_PREDEFINED_PRIVATE_KEY")).toContain("BEGIN PRIVATE KEY");
    const { tls } = JSON.parse(text("MARBLE_TTLS_CONFIG"));
    expect(Object.keys(tls.Incoming)).toEqual(["*:8080"]);
    expect(Object.keys(tls.Outgoing)).toEqual(["emoji:80"]);
    expect(tls.Incoming["*:8080"].clientAuth).toBe(true);
  });

  test("derives the same key for the same uuid and shares the shared one", async () => {
    const [first, second] = [await activate("web"), await activate("web")];
    const other = await activate("web", () => ({ UUID: crypto.randomUUID() }));
    const env = (outcome: typeof first) =>
      outcome.kind === "accepted" ? outcome.parameters.Env : {};
    expect(env(first)["KEY"]).toEqual(env(second)["KEY"]);
    expect(env(other)["KEY"]).not.toEqual(env(first)["KEY"]);
    expect(env(other)["SHARED"]).toEqual(env(first)["SHARED"]);
  });

  test("is logged with what was measured", async () => {
    await activate("web");
    expect(mesh.log.records.at(-1)).toMatchObject({
      level: "info",
      message: "marble activated",
      fields: { marbleType: "web", package: "p", tcbStatus: "UpToDate", uniqueId: "e1".repeat(32) },
    });
  });

  test("of a limited type stops at the limit, also when all come at once", async () => {
    const outcomes = await Promise.all([1, 2, 3, 4].map(async () => await activate("twice")));
    const refused = outcomes.filter(({ kind }) => kind === "refused");
    expect(refused).toHaveLength(2);
    for (const each of refused) {
      expect(each).toMatchObject({ status: "PERMISSION_DENIED", code: "ACTIVATION_LIMIT" });
      expect(each).toMatchObject({ message: expect.stringContaining("(2) for marble type twice") });
    }
    const restarted = await machine.start();
    const { identity, fields } = await prepareMarble("twice", machine.teeFor());
    expect(await callActivate(restarted.meshPort, identity, fields)).toMatchObject({
      code: "ACTIVATION_LIMIT",
    });
    await restarted.close();
  });

  test("is granted to a marble with a key on P-384, as MarbleRun's are, too", async () => {
    const { identity, fields } = await prepareMarble("web", machine.teeFor(), TEST_UUID, "P-384");
    const broken = { ...fields, CSR: flipBit(fields.CSR, fields.CSR.length - 1) };
    expect(await callActivate(mesh.meshPort, identity, fields)).toMatchObject({ kind: "accepted" });
    expect(await callActivate(mesh.meshPort, identity, broken)).toMatchObject({
      code: "CSR_SIGNATURE_INVALID",
    });
  });
});

describe("an activation is refused", () => {
  const denied = "PERMISSION_DENIED";
  test.each<
    [string, string, (fields: ActivationFields) => Partial<ActivationFields>, string, string]
  >([
    ["of an unknown type", "nobody", () => ({}), denied, "MARBLE_TYPE_UNKNOWN"],
    ["without quote", "web", () => ({ Quote: new Uint8Array() }), denied, "QUOTE_MISSING"],
    [
      "with a changed report body",
      "web",
      ({ Quote }) => ({ Quote: flipBit(Quote, 16 + 48 + 64) }),
      denied,
      "QUOTE_SIGNATURE_INVALID",
    ],
    [
      "with a quote cut off",
      "web",
      ({ Quote }) => ({ Quote: Quote.subarray(0, 500) }),
      denied,
      "QUOTE_LENGTH_MISMATCH",
    ],
    [
      "with bytes that are no quote",
      "web",
      () => ({ Quote: new Uint8Array(5) }),
      denied,
      "QUOTE_TRUNCATED",
    ],
    ["of another signer than the package", "newer", () => ({}), denied, "PACKAGE_SIGNER_ID"],
    ["with a malformed uuid", "web", () => ({ UUID: "x" }), "INVALID_ARGUMENT", "UUID_INVALID"],
    [
      "with a broken request signature",
      "web",
      ({ CSR }) => ({ CSR: flipBit(CSR, CSR.length - 1) }),
      "INTERNAL",
      "CSR_SIGNATURE_INVALID",
    ],
    [
      "with bytes that are no request",
      "web",
      () => ({ CSR: new Uint8Array(3) }),
      "INTERNAL",
      "CSR_MALFORMED",
    ],
    ["over an unset secret", "unset", () => ({}), "INTERNAL", "TEMPLATE_EXECUTION"],
  ])("%s", async (_, type, change, status, code) => {
    const outcome = await activate(type, change);
    expect(outcome).toMatchObject({ kind: "refused", status, code });
    expect(mesh.log.records.at(-1)).toMatchObject({
      level: "warn",
      message: "activation refused",
      fields: { code },
    });
    expect((await activate("web")).kind).toBe("accepted");
  });

  test.each([
    ["a lower security version", { isvSvn: 2 }, "PACKAGE_SECURITY_VERSION"],
    ["another signer", { mrSigner: new Uint8Array(32) }, "PACKAGE_SIGNER_ID"],
    ["another product", { isvProdId: 4 }, "PACKAGE_PRODUCT_ID"],
    ["the debug attribute", { debug: true }, "PACKAGE_DEBUG"],
  ])("for an enclave with %s", async (_, identity, code) => {
    const outcome = await activate("web", () => ({}), machine.teeFor(identity));
    expect(outcome).toMatchObject({ status: denied, code });
  });

  test("with a quote replayed over another key", async () => {
    const { fields } = await prepareMarble("web", machine.teeFor());
    const { identity } = await prepareMarble("web", machine.teeFor());
    expect(await callActivate(mesh.meshPort, identity, fields)).toMatchObject({
      status: denied,
      code: "QUOTE_REPORT_DATA",
    });
  });

  test("with evidence of another machine", async () => {
    const other = await createTestMachine();
    const outcome = await activate("web", () => ({}), other.teeFor());
    await other.close();
    expect(outcome).toMatchObject({ status: denied, code: "QUOTE_INVALID" });
  });

  test("on a platform whose TCB is out of date", async () => {
    machine.platform.setScenario({ tcbStatus: "OutOfDate" });
    const outcome = await activate("web");
    machine.platform.setScenario({});
    expect(outcome).toMatchObject({ status: denied, code: "QUOTE_TCB_STATUS" });
  });

  test("before a manifest is set", async () => {
    const empty = await createTestMachine();
    const { meshPort } = await empty.start();
    const { identity, fields } = await prepareMarble("web", empty.teeFor());
    const outcome = await callActivate(meshPort, identity, fields);
    await empty.close();
    expect(outcome).toEqual({
      kind: "refused",
      status: "FAILED_PRECONDITION",
      message: "cannot accept marbles in current state",
      code: "ACTIVATION_STATE",
    });
  });
});

describe("a marble without quote", () => {
  test("is activated, loudly, only where that is switched on", async () => {
    const other = await createTestMachine();
    const started = await other.start({ environment: { CARRARA_ACCEPT_UNATTESTED: "1" } });
    await started.coordinator.setManifest(testManifest());
    const { identity, fields } = await prepareMarble("web", undefined);
    const outcome = await callActivate(started.meshPort, identity, fields);
    const warnings = started.log.records.filter(({ level }) => level === "warn");
    await other.close();
    expect(outcome.kind).toBe("accepted");
    expect(warnings.map(({ fields: { code } }) => code)).toEqual([
      "UNATTESTED_ACCEPTED",
      "UNATTESTED_ACCEPTED",
    ]);
  });
});

test("many activations are served on one connection and at once", async () => {
  const { identity, fields } = await prepareMarble("web", machine.teeFor());
  const client = openMeshClient(mesh.meshPort, identity);
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, async () => await activateOver(client, fields)),
  );
  client.close();
  expect(outcomes.map(({ kind }) => kind)).toEqual(Array(20).fill("accepted"));
});
