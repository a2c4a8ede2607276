import { X509Certificate } from "node:crypto";
import { encodePem, utf8 } from "@carrara/encoding";
import {
  createRenewalProof,
  type MeshCredentials,
  type Parameters,
  type RenewalProof,
  readMeshCredentials,
  renewalMetadata,
  renewalService,
} from "@carrara/marble";
import type { Tee } from "@carrara/tee";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CoordinatorError } from "../../error.ts";
import { createFileStore } from "../../store/file-store.ts";
import { createMemoryDirectory } from "../../store/memory-directory.ts";
import type { StateStore } from "../../store/state-store.ts";
import {
  createTestMachine,
  type TestCoordinator,
  type TestMachine,
} from "../../testing/test-coordinator.ts";
import { testManifest } from "../../testing/test-manifest.ts";
import { callActivate, prepareMarble, TEST_UUID } from "../../testing/test-marble.ts";
import { createTestUser, type TestUser } from "../../testing/test-user.ts";
import { CODE_METADATA } from "./activate-handler.ts";

const OTHER_UUID = "11111111-2222-4333-8444-555555555555";
const raise = utf8(JSON.stringify({ Packages: { p: { SecurityVersion: 4 } } }));

let machine: TestMachine;
let mesh: TestCoordinator;
let user: TestUser;

beforeAll(async () => {
  machine = await createTestMachine();
  user = await createTestUser();
});

beforeEach(async () => {
  machine.files.clear();
  mesh = await machine.start();
  await mesh.coordinator.setManifest(
    testManifest({
      Marbles: {
        once: { Package: "p", MaxActivations: 1 },
        other: { Package: "p" },
        fixed: { Package: "p", Parameters: { Env: { CARRARA_RENEWAL: "0" } } },
      },
      Users: { anna: { Certificate: user.pem, Roles: ["raise"] } },
      Roles: {
        raise: {
          ResourceType: "Packages",
          ResourceNames: ["p"],
          Actions: ["UpdateSecurityVersion"],
        },
      },
    }),
  );
});

afterEach(async () => await mesh.close());
afterAll(async () => await machine.close());

function credentialsIn({ Env }: Parameters): MeshCredentials {
  const text = new Map(
    Object.entries(Env).map(([name, value]) => [name, Buffer.from(value).toString()]),
  );
  const found = readMeshCredentials(text);
  if (found === undefined) throw new Error("no credentials");
  return found;
}

async function activated(type: string): Promise<MeshCredentials> {
  const { identity, fields } = await prepareMarble(type, machine.teeFor());
  const outcome = await callActivate(mesh.meshPort, identity, fields);
  if (outcome.kind === "refused") throw new Error(outcome.message);
  return credentialsIn(outcome.parameters);
}

interface RenewOptions {
  readonly type?: string;
  readonly uuid?: string;
  readonly tee?: Tee | undefined;
  readonly bend?: (proof: RenewalProof) => RenewalProof | undefined;
}

/** The new credentials, or the code of the refusal. */
async function renew(
  own: MeshCredentials,
  { type = "once", uuid = TEST_UUID, bend = (proof) => proof, ...rest }: RenewOptions = {},
): Promise<MeshCredentials | string> {
  const tee = "tee" in rest ? rest.tee : machine.teeFor();
  const { identity, fields } = await prepareMarble(type, tee, uuid);
  const proof = bend(createRenewalProof(own, identity.certificate));
  const pem = (label: string, der: Uint8Array) => Buffer.from(encodePem(label, der));
  const client = new Client(
    `127.0.0.1:${mesh.meshPort}`,
    credentials.createSsl(
      null,
      pem("PRIVATE KEY", identity.pkcs8),
      pem("CERTIFICATE", identity.certificate),
      { rejectUnauthorized: false, checkServerIdentity: () => undefined },
    ),
    { "grpc.ssl_target_name_override": "localhost" },
  );
  const { path, requestSerialize, responseDeserialize } = renewalService.Renew;
  try {
    return await new Promise((resolve) => {
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { $typeName: "rpc.ActivationReq", ...fields },
        proof === undefined ? new Metadata() : renewalMetadata(proof),
        { deadline: Date.now() + 20_000 },
        (error, response) => {
          const parameters = response?.Parameters;
          if (parameters !== undefined) return resolve(credentialsIn(parameters));
          resolve(String(error?.metadata.get(CODE_METADATA)[0]));
        },
      );
    });
  } finally {
    client.close();
  }
}

const x509 = (der: Uint8Array) => new X509Certificate(Buffer.from(der));

describe("a renewal", () => {
  test("gives a new certificate for the same marble and counts as no activation", async () => {
    const own = await activated("once");
    const first = await renew(own);
    if (typeof first === "string") throw new Error(first);
    expect(x509(first.leaf).subject).toBe(`CN=${TEST_UUID}`);
    expect(first.leaf).not.toEqual(own.leaf);
    expect(first.intermediate).toEqual(own.intermediate);
    expect(await renew(first)).toHaveProperty("leaf");
    await expect(activated("once")).rejects.toThrow("reached max activations count (1)");
  });

  test("works with a certificate of before an update and gives one of the new intermediate", async () => {
    const own = await activated("once");
    const anna = mesh.coordinator.authenticateUser(user.certificate);
    await mesh.coordinator.updateManifest(anna, raise);
    expect(await renew(own)).toBe("PACKAGE_SECURITY_VERSION");
    const renewed = await renew(own, { tee: machine.teeFor({ isvSvn: 4 }) });
    if (typeof renewed === "string") throw new Error(renewed);
    expect(renewed.intermediate).not.toEqual(own.intermediate);
    expect(x509(renewed.leaf).verify(x509(renewed.marbleRoot).publicKey)).toBe(true);
    expect(x509(renewed.leaf).verify(x509(own.marbleRoot).publicKey)).toBe(false);
  });

  const foreign = async (): Promise<MeshCredentials> => {
    const elsewhere = await createTestMachine();
    const before = mesh;
    try {
      mesh = await elsewhere.start({ environment: { CARRARA_ACCEPT_UNATTESTED: "1" } });
      await mesh.coordinator.setManifest(testManifest({ Marbles: { once: { Package: "p" } } }));
      const { identity, fields } = await prepareMarble("once", undefined);
      const outcome = await callActivate(mesh.meshPort, identity, fields);
      if (outcome.kind === "refused") throw new Error(outcome.message);
      return credentialsIn(outcome.parameters);
    } finally {
      mesh = before;
      await elsewhere.close();
    }
  };

  test("is refused with a certificate of another mesh, whole or under our intermediate", async () => {
    const [own, other] = [await activated("once"), await foreign()];
    expect(await renew(other)).toBe("MARBLE_UNAUTHORIZED");
    expect(await renew({ ...other, intermediate: own.intermediate })).toBe("MARBLE_UNAUTHORIZED");
  });

  const flipped = (bytes: Uint8Array) => bytes.map((byte, at) => (at === 20 ? byte ^ 1 : byte));
  test.each<[string, RenewOptions, string]>([
    ["another uuid", { uuid: OTHER_UUID }, "MARBLE_UNAUTHORIZED"],
    ["another type", { type: "other" }, "MARBLE_UNAUTHORIZED"],
    ["no proof", { bend: () => undefined }, "MARBLE_UNAUTHORIZED"],
    [
      "a bent signature",
      { bend: (p) => ({ ...p, signature: flipped(p.signature) }) },
      "MARBLE_UNAUTHORIZED",
    ],
    [
      "no signature",
      { bend: (p) => ({ ...p, signature: new Uint8Array(0) }) },
      "MARBLE_UNAUTHORIZED",
    ],
    ["a bent leaf", { bend: (p) => ({ ...p, leaf: flipped(p.leaf) }) }, "MARBLE_UNAUTHORIZED"],
    [
      "a leaf as intermediate",
      { bend: (p) => ({ ...p, intermediate: p.leaf }) },
      "MARBLE_UNAUTHORIZED",
    ],
    ["no evidence", { tee: undefined }, "QUOTE_MISSING"],
  ])("is refused with %s", async (_, options, code) => {
    expect(await renew(await activated("once"), options)).toBe(code);
  });

  test("is refused with a proof over another connection", async () => {
    const own = await activated("once");
    const { identity } = await prepareMarble("once", undefined);
    const stolen = createRenewalProof(own, identity.certificate);
    expect(await renew(own, { bend: () => stolen })).toBe("MARBLE_UNAUTHORIZED");
  });

  test("is refused with FEATURE_DISABLED where the manifest says CARRARA_RENEWAL=0", async () => {
    expect(await renew(await activated("fixed"), { type: "fixed" })).toBe("FEATURE_DISABLED");
  });
});

describe("a shared certificate", () => {
  const DAY_MS = 86_400_000;
  const SECRETS = { web: { Type: "cert-ecdsa", Size: 256, Shared: true, ValidFor: 7 } };
  const TEMPLATE = "{{ pem .Secrets.web.Cert }}";

  async function startAt(now: Date, environment: Readonly<Record<string, string>> = {}) {
    const at = { now };
    const accepts = { CARRARA_ACCEPT_UNATTESTED: "1", ...environment };
    const started = await machine.start({ environment: accepts, clock: () => at.now });
    const later = (days: number) => {
      at.now = new Date(now.getTime() + days * DAY_MS);
    };
    const shown = async () => {
      const { identity, fields } = await prepareMarble("web", undefined);
      const outcome = await callActivate(started.meshPort, identity, fields);
      if (outcome.kind === "refused") return outcome.code;
      return new X509Certificate(Buffer.from(outcome.parameters.Env["X"] ?? [])).fingerprint256;
    };
    return { ...started, later, shown };
  }

  const set = async ({ coordinator }: Pick<TestCoordinator, "coordinator">) =>
    await coordinator.setManifest(
      testManifest({
        Marbles: { web: { Package: "p", Parameters: { Env: { X: TEMPLATE } } } },
        Secrets: SECRETS,
      }),
    );

  test("is another one, once and durably, when half of its life is over", async () => {
    machine.files.clear();
    const first = await startAt(new Date());
    await set(first);
    const before = await first.shown();
    first.later(3);
    expect(await first.shown()).toBe(before);
    first.later(4);
    const after = await Promise.all(Array.from({ length: 8 }, first.shown));
    expect(new Set(after).size).toBe(1);
    expect(after[0]).not.toBe(before);
    const renewals = first.log.records.filter(
      ({ message }) => message === "shared certificates renewed",
    );
    expect(renewals.map(({ fields }) => fields["secrets"])).toEqual([["web"]]);
    await first.close();
    const second = await startAt(new Date(Date.now() + 4 * DAY_MS));
    expect(await second.shown()).toBe(after[0]);
    // Nobody was there for a year.
    second.later(365);
    expect(await second.shown()).toMatch(/^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    await second.close();
  });

  test("goes on while the store fails, until it has ended", async () => {
    machine.files.clear();
    const directory = createMemoryDirectory(machine.files);
    let works = true;
    const at = { now: new Date() };
    const store = createFileStore(directory);
    const failing: StateStore = {
      ...store,
      commit: async (...args) => {
        if (works) return await store.commit(...args);
        throw new CoordinatorError("STORE_FAILED", "disk is full");
      },
    };
    const started = await machine.start({
      store: failing,
      environment: { CARRARA_ACCEPT_UNATTESTED: "1" },
      clock: () => at.now,
    });
    await set(started);
    works = false;
    const { identity, fields } = await prepareMarble("web", undefined);
    const kind = async () => await callActivate(started.meshPort, identity, fields);
    at.now = new Date(Date.now() + 4 * DAY_MS);
    expect(await kind()).toMatchObject({ kind: "accepted" });
    expect(started.log.records).toContainEqual({
      level: "warn",
      fields: { code: "STORE_FAILED", secrets: ["web"] },
      message: "shared certificates not renewed",
    });
    at.now = new Date(Date.now() + 8 * DAY_MS);
    expect(await kind()).toMatchObject({ kind: "refused", code: "STORE_FAILED" });
    await started.close();
  });
});
