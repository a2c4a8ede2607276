import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTestUser } from "@carrara/coordinator/testing";
import { encodePem } from "@carrara/encoding";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFlowWorld, type FlowWorld } from "../support/flow-world.ts";
import { goManifest } from "../support/go-manifest.ts";
import { type CommandResult, carrara } from "../support/mesh.ts";

let world: FlowWorld;

const file = (name: string): string => join(world.coordinator.dir, name);

/** Users who sign in with these files; `eve` is in no manifest. */
const USERS = ["anna", "bert", "carl", "eve"] as const;

type User = (typeof USERS)[number];

beforeAll(async () => {
  world = await createFlowWorld();
  const pems = await Promise.all(
    USERS.map(async (name) => {
      const { pem, pkcs8 } = await createTestUser();
      await writeFile(file(`${name}.pem`), pem);
      await writeFile(file(`${name}-key.pem`), encodePem("PRIVATE KEY", pkcs8));
      return pem;
    }),
  );
  const manifest = (SecurityVersion: number) =>
    goManifest({
      Packages: { backend: { SignerID: "ab".repeat(32), ProductID: 3, SecurityVersion } },
      Marbles: { server: { Package: "backend" } },
      Users: Object.fromEntries(
        USERS.slice(0, 3).map((name, i) => [
          name,
          { Certificate: pems[i], Roles: ["update", "raise", "write"] },
        ]),
      ),
      Roles: {
        update: { ResourceType: "Manifest", Actions: ["UpdateManifest"] },
        raise: {
          ResourceType: "Packages",
          ResourceNames: ["backend"],
          Actions: ["UpdateSecurityVersion"],
        },
        write: { ResourceType: "Secrets", ResourceNames: ["key"], Actions: ["WriteSecret"] },
      },
      Secrets: { key: { Type: "symmetric-key", Size: 128, UserDefined: true } },
    });
  const lower = goManifest({ Packages: { backend: { SecurityVersion: 1 } } });
  const shortKey = JSON.stringify({ key: { Key: Buffer.alloc(3).toString("base64") } });
  await Promise.all([
    writeFile(file("manifest.json"), manifest(2)),
    writeFile(file("next.json"), manifest(3)),
    writeFile(file("lower.json"), lower),
    writeFile(file("short.json"), shortKey),
  ]);
});

afterAll(async () => await world.close());

async function run(words: string, user?: User): Promise<CommandResult> {
  const [first = "", ...rest] = words.split(" ");
  const auth =
    user === undefined ? [] : ["--cert", file(`${user}.pem`), "--key", file(`${user}-key.pem`)];
  return await carrara(first, ...rest, ...auth, "--coordinator-cert", file("cert.pem"));
}

/** The texts of section 9.3 that upstream's end-to-end tests look for, in one life of a mesh. */
describe("texts that scripts look for", () => {
  const host = (): string => `localhost:${world.coordinator.clientPort}`;

  test("a manifest is set once", async () => {
    const set = `manifest set ${file("manifest.json")} ${host()} --insecure`;
    expect((await run(set)).stdout).toContain("Manifest successfully set");
    expect((await run(set)).stderr).toContain("server is not in expected state");
    const status = await run(`status ${host()}`);
    expect(status.stdout).toBe(
      "3: Coordinator is running correctly and ready to accept marbles.\n",
    );
  });

  test.each<[string, string, User]>([
    ["unauthorized user", "manifest update apply next.json", "eve"],
    [
      "update manifest tries to downgrade SecurityVersion of the original manifest",
      "manifest update apply lower.json",
      "anna",
    ],
    ["declared size and actual size don't match", "secret set short.json", "anna"],
    ["no update in progress", "manifest update cancel", "anna"],
  ])("refuses with %j: %s", async (text, words, user) => {
    const path = words.replace(/\S+\.json/, (name) => file(name));
    const { code, stderr } = await run(`${path} ${host()}`, user);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(text) });
  });

  test("three parties update the manifest", async () => {
    const next = `${file("next.json")} ${host()}`;
    const applied = await run(`manifest update apply ${next}`, "anna");
    expect(applied.stdout).toContain("2 users still need to acknowledge the update");
    const second = await run(`manifest update acknowledge ${next}`, "bert");
    expect(second.stdout).toContain("1 user still needs to acknowledge the update");
    const third = await run(`manifest update acknowledge ${next}`, "carl");
    expect(third.stdout).toContain("Update successful");
    expect(await world.status()).toBe(3);
  });
});
