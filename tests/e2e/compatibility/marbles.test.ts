import { createTestUser } from "@carrara/coordinator/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { base64, createFlowWorld, type FlowWorld } from "../support/flow-world.ts";
import { goManifest, type ManifestSections } from "../support/go-manifest.ts";
import {
  dial,
  dialTrusting,
  identityOf,
  type PlainMarble,
  predefined,
  type ServingMarble,
  serve,
  startMarble,
  tryMarble,
  UNTRUSTED,
} from "../support/plain-marble.ts";

const PACKAGES = { backend: { Debug: true } };
const MARBLES = {
  server: { Package: "backend", Argv: ["./marble", "serve"] },
  client: { Package: "backend" },
};

let world: FlowWorld;
const serving: ServingMarble[] = [];

beforeAll(async () => {
  world = await createFlowWorld();
});

beforeEach(async () => await world.fresh());

afterEach(async () => {
  for (const server of serving.splice(0)) await server.close();
});

afterAll(async () => await world.close());

function manifestWith(sections: ManifestSections = {}): string {
  return goManifest({ Packages: PACKAGES, Marbles: MARBLES, ...sections });
}

async function start(type: string): Promise<PlainMarble> {
  return await startMarble(world.coordinator, { type });
}

async function startServer(clientAuth = true): Promise<ServingMarble> {
  const server = await serve(await start("server"), { clientAuth });
  serving.push(server);
  return server;
}

describe("Test", () => {
  test("a marble fails as long as no manifest is set", async () => {
    expect(await world.status()).toBe(2);
    expect(await tryMarble(world.coordinator, { type: "server" })).toMatchObject({
      status: "FAILED_PRECONDITION",
      message: "cannot accept marbles in current state",
    });
  });
});

describe("MarbleAPI", () => {
  test.each(["", "Disabled", "ProductKey", "UniqueKey"])(
    "marbles find each other with seal mode %j",
    async (SealMode) => {
      await world.setManifest(manifestWith({ Config: { SealMode } }));
      const server = await startServer();
      expect(await dial(server.port, await start("client"))).toBe(200);
      expect(await dial(server.port, await start("client"))).toBe(200);
      expect(await tryMarble(world.coordinator, { type: "stranger" })).toMatchObject({
        status: "PERMISSION_DENIED",
        message: expect.stringMatching(/^marble verification failed: /),
      });
    },
  );

  test("a server that needs client certificates lets no outsider in", async () => {
    await world.setManifest(manifestWith());
    const server = await startServer();
    const ca = predefined(await start("client"), "ROOT_CA");
    expect(await dialTrusting(server.port, { ca })).toMatch(/CERTIFICATE_REQUIRED|ECONNRESET/);
  });
});

describe("Restart", () => {
  test("the state survives, no second manifest is taken, old and new marbles trust each other", async () => {
    const manifest = manifestWith();
    await world.setManifest(manifest);
    const { root } = await world.certificates();
    const [oldServer, oldClient] = [await startServer(), await start("client")];
    await world.restart();
    expect(await world.status(root)).toBe(3);
    const again = { body: { manifest: base64(manifest) } };
    expect(await world.call("manifest", again)).toMatchObject({
      status: 500,
      message: "server is not in expected state",
    });
    const [newServer, newClient] = [await startServer(), await start("client")];
    expect(await dial(oldServer.port, newClient)).toBe(200);
    expect(await dial(newServer.port, oldClient)).toBe(200);
  });
});

describe("ClientAPI", () => {
  test("a user reads manifest and secret under the pinned root", async () => {
    const [user, { root }] = [await createTestUser(), await world.certificates()];
    const manifest = manifestWith({
      Users: { anna: { Certificate: user.pem, Roles: ["read"] } },
      Roles: {
        read: { ResourceType: "Secrets", ResourceNames: ["shared"], Actions: ["ReadSecret"] },
      },
      Secrets: {
        shared: { Type: "symmetric-key", Size: 128, Shared: true },
        other: { Type: "symmetric-key", Size: 128, Shared: true },
      },
    });
    expect(await world.status(root)).toBe(2);
    await world.setManifest(manifest);
    expect((await world.call("manifest", { root })).data?.["manifest"]).toBe(base64(manifest));
    const { data } = await world.call("secrets?s=shared", { user, root });
    const sixteenBytes = /^[A-Za-z0-9+/]{22}==$/;
    expect(data).toMatchObject({
      secrets: { shared: { Private: expect.stringMatching(sixteenBytes) } },
    });
    expect((await world.call("secrets?s=shared&s=other", { user, root })).status).toBe(500);
    expect((await world.call("secrets?s=shared", { root })).status).toBe(401);
  });
});

describe("SettingSecrets", () => {
  test("a marble waits for the user's secrets and then gets them", async () => {
    const user = await createTestUser();
    const Env = { WORD: "{{ string .Secrets.word }}", KEY: "{{ hex .Secrets.key }}" };
    await world.setManifest(
      manifestWith({
        Marbles: {
          server: { Package: "backend", Env, Files: { "/tmp/word": "{{ raw .Secrets.word }}" } },
        },
        Users: { anna: { Certificate: user.pem, Roles: ["write"] } },
        Roles: {
          write: {
            ResourceType: "Secrets",
            ResourceNames: ["word", "key"],
            Actions: ["writesecret"],
          },
        },
        Secrets: {
          word: { Type: "plain", UserDefined: true },
          key: { Type: "symmetric-key", Size: 128, UserDefined: true },
        },
      }),
    );
    expect(await tryMarble(world.coordinator, { type: "server" })).toMatchObject({
      status: "INTERNAL",
    });
    const upload = async (bytes: number) => {
      const secrets = { word: { Key: base64("hello") }, key: { Key: base64(Buffer.alloc(bytes)) } };
      return await world.call("secrets", { body: { secrets }, user });
    };
    expect(await upload(10)).toMatchObject({
      status: 500,
      message: expect.stringContaining("declared size and actual size don't match"),
    });
    expect((await upload(16)).status).toBe(200);
    const { env, files } = await start("server");
    expect(env).toMatchObject({ WORD: "hello", KEY: "00".repeat(16) });
    expect(Buffer.from(files["/tmp/word"] ?? []).toString()).toBe("hello");
  });
});

describe("ExternalConnectionToMarble", () => {
  test("an outsider needs only Root, or only the intermediate", async () => {
    await world.setManifest(manifestWith());
    const { intermediate, root } = await world.certificates();
    const { port } = await startServer(false);
    expect(await dialTrusting(port, { ca: root })).toBe(200);
    const partial = { ca: intermediate, allowPartialTrustChain: true };
    expect(await dialTrusting(port, partial)).toBe(200);
    await world.fresh();
    const { root: other } = await world.certificates();
    expect(await dialTrusting(port, { ca: other })).toMatch(UNTRUSTED);
  });
});

describe("MonotonicCounter", () => {
  test("a marble raises its own counter and is told the value before", async () => {
    await world.setManifest(manifestWith({ Config: { FeatureGates: ["MonotonicCounter"] } }));
    const marble = await start("server");
    const root = predefined(marble, "COORDINATOR_ROOT_CA");
    const count = async (value: number, who = marble) => {
      const body = { name: "foo", value };
      return await world.call("monotonic-counter", { body, user: identityOf(who), root });
    };
    expect((await count(2)).data).toEqual({ value: 0 });
    expect((await count(3)).data).toEqual({ value: 2 });
    await world.restart();
    expect((await count(1)).data).toEqual({ value: 3 });
    expect((await count(9, await start("server"))).data).toEqual({ value: 0 });
    const stranger = { user: await createTestUser(), body: { name: "foo", value: 9 }, root };
    expect(await world.call("monotonic-counter", stranger)).toMatchObject({
      status: 401,
      message: expect.stringMatching(/^unauthorized marble: /),
    });
  });
});
