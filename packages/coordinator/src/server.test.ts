import { X509Certificate } from "node:crypto";
import { toBase64, toHex, utf8 } from "@carrara/encoding";
import { afterEach, describe, expect, test } from "vitest";
import { callHttps } from "./testing/http-client.ts";
import { createTestMachine, type TestMachine, testIdentity } from "./testing/test-coordinator.ts";
import { callActivate, prepareMarble } from "./testing/test-marble.ts";

let machine: TestMachine;
afterEach(async () => await machine.close());

function manifest(overrides: object = {}): string {
  return JSON.stringify({
    Packages: { p: { SignerID: toHex(testIdentity().mrSigner), ProductID: 3, SecurityVersion: 3 } },
    Marbles: {
      web: { Package: "p", Parameters: { Env: { ROOT: "{{ pem .MarbleRun.RootCA.Cert }}" } } },
    },
    ...overrides,
  });
}

describe("a Coordinator", () => {
  test("takes a manifest and activates an attested marble", async () => {
    machine = await createTestMachine();
    const { clientPort, meshPort } = await machine.start();
    const status = await callHttps(clientPort, { path: "/api/v2/status" });
    expect(JSON.parse(status.text)).toEqual({
      status: "success",
      data: { code: 2, message: "Coordinator is ready to accept a manifest." },
    });
    const body = JSON.stringify({ manifest: toBase64(utf8(manifest())) });
    const set = await callHttps(clientPort, { path: "/api/v2/manifest", body });
    expect(set).toMatchObject({
      status: 200,
      text: '{"status":"success","data":{"RecoverySecrets":{}}}\n',
    });
    const { identity, fields } = await prepareMarble("web", machine.teeFor());
    const outcome = await callActivate(meshPort, identity, fields);
    expect(outcome).toMatchObject({ kind: "accepted" });
    if (outcome.kind !== "accepted") return;
    const { Env } = outcome.parameters;
    const leaf = new X509Certificate(Env["MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"] ?? "");
    const root = new X509Certificate(Env["ROOT"] ?? "");
    expect(leaf.verify(root.publicKey)).toBe(true);
  });
});
