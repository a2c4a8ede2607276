import { createHash, verify, X509Certificate } from "node:crypto";
import { createTestUser, type TestUser } from "@carrara/coordinator/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { base64, createFlowWorld, type FlowWorld } from "../support/flow-world.ts";
import { goManifest } from "../support/go-manifest.ts";
import { predefined, startMarble } from "../support/plain-marble.ts";

let world: FlowWorld;
let user: TestUser;
let manifest: string;
let root: string;

beforeAll(async () => {
  [world, user] = await Promise.all([createFlowWorld(), createTestUser()]);
  manifest = goManifest({
    Packages: { backend: { SignerID: "ab".repeat(32), ProductID: 3, SecurityVersion: 1 } },
    Marbles: { server: { Package: "backend" } },
    Users: { anna: { Certificate: user.pem, Roles: ["write", "raise"] } },
    Secrets: { token: { Type: "plain", UserDefined: true } },
    Roles: {
      write: { ResourceType: "Secrets", ResourceNames: ["token"], Actions: ["WriteSecret"] },
      raise: {
        ResourceType: "Packages",
        ResourceNames: ["backend"],
        Actions: ["UpdateSecurityVersion"],
      },
    },
  });
});

afterAll(async () => await world.close());

/** The steps of Appendix B, each on what those before it left. */
describe("the minimal conversation", () => {
  test("1: the status is 2", async () => {
    expect(await world.call("status")).toEqual({
      status: 200,
      data: { code: 2, message: "Coordinator is ready to accept a manifest." },
    });
  });

  test("2: the quote comes with intermediate and Root", async () => {
    const certificates = await world.certificates();
    root = certificates.root;
    const [intermediate, parent] = [certificates.intermediate, root].map(
      (pem) => new X509Certificate(pem),
    );
    expect(parent?.subject).toBe("CN=MarbleRun Coordinator");
    expect(intermediate?.subject).toBe("CN=MarbleRun Coordinator - Intermediate CA");
    expect(parent !== undefined && intermediate?.verify(parent.publicKey)).toBe(true);
  });

  test("3: a manifest is set", async () => {
    const answer = await world.call("manifest", { body: { manifest: base64(manifest) }, root });
    expect(answer).toEqual({ status: 200, data: { RecoverySecrets: {} } });
  });

  test("4: the status is 3 under the pinned Root, and the manifest is the one that was set", async () => {
    expect(await world.status(root)).toBe(3);
    const { data } = await world.call("manifest", { root });
    expect(data).toMatchObject({
      manifest: base64(manifest),
      manifestFingerprint: createHash("sha256").update(manifest).digest("hex"),
    });
    const signature = Buffer.from(String(data?.["manifestSignatureRootECDSA"]), "base64");
    const key = new X509Certificate(root).publicKey;
    expect(verify("sha256", Buffer.from(manifest), key, signature)).toBe(true);
  });

  test("5: a marble without a quote gets the four predefined variables", async () => {
    const marble = await startMarble(world.coordinator, { type: "server" });
    expect(Object.keys(marble.env).sort()).toEqual([
      "MARBLE_PREDEFINED_COORDINATOR_ROOT_CA",
      "MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN",
      "MARBLE_PREDEFINED_PRIVATE_KEY",
      "MARBLE_PREDEFINED_ROOT_CA",
    ]);
    expect(predefined(marble, "COORDINATOR_ROOT_CA")).toBe(root);
  });

  test("6: the user writes a secret, a stranger does not", async () => {
    const body = { secrets: { token: { Cert: null, Private: null, Key: base64("word") } } };
    expect(await world.call("secrets", { body, root })).toMatchObject({
      status: 401,
      message: expect.stringMatching(/^unauthorized user: /),
    });
    expect(await world.call("secrets", { body, user, root })).toEqual({ status: 200, data: null });
  });

  test("7: the user raises a security version", async () => {
    const update = goManifest({ Packages: { backend: { SecurityVersion: 2 } } });
    const body = { manifest: base64(update) };
    expect(await world.call("update", { body, user, root })).toMatchObject({
      status: 200,
      data: { missingAcknowledgments: 0, missingUsers: null },
    });
  });

  test("8: the log tells all of it", async () => {
    const { data } = await world.call("update", { root });
    const lines = (data as { readonly updateLog: readonly string[] }).updateLog;
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { time: expect.any(String), update: "Initial manifest set" },
      {
        time: expect.any(String),
        update: "Secret set",
        user: "anna",
        secret: "token",
        type: "plain",
      },
      {
        time: expect.any(String),
        update: "SecurityVersion increased",
        user: "anna",
        package: "backend",
        "new version": 2,
      },
    ]);
  });
});
