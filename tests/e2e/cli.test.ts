import { X509Certificate } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MANIFEST, startCoordinator, type TestCoordinator } from "./support/coordinator.ts";
import { type CommandResult, carrara } from "./support/mesh.ts";

let coordinator: TestCoordinator;

beforeAll(async () => {
  coordinator = await startCoordinator();
});

afterAll(async () => {
  await coordinator.stop();
});

/** Runs a command with this test's certificate file. */
async function run(...args: readonly string[]): Promise<CommandResult> {
  return await carrara(
    ...args,
    "--coordinator-cert",
    join(coordinator.dir, "coordinator-cert.pem"),
  );
}

const host = (): string => `localhost:${coordinator.clientPort}`;
const file = (name: string): string => join(coordinator.dir, name);

describe("carrara against a Coordinator in an enclave", () => {
  test("refuses to set a manifest on a simulation, or an empty one", async () => {
    await writeFile(file("manifest.json"), JSON.stringify(MANIFEST));
    await writeFile(file("empty.json"), "");
    expect(await run("manifest", "set", file("manifest.json"), host())).toMatchObject({
      code: 3,
      stdout: "",
      stderr: expect.stringContaining("EVIDENCE_SIMULATED"),
    });
    expect(await run("manifest", "set", file("empty.json"), host(), "--insecure")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("MANIFEST_EMPTY"),
    });
  });

  test("sets a manifest written in YAML once, and only once", async () => {
    const yaml = Object.entries(MANIFEST).map(
      ([section, value]) => `${section}: ${JSON.stringify(value)}`,
    );
    await writeFile(file("manifest.yaml"), `# the mesh\n${yaml.join("\n")}\n`);
    const set = await run("manifest", "set", file("manifest.yaml"), host(), "--insecure");
    expect(set).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("Manifest successfully set"),
    });
    const { stdout } = await run("manifest", "signature", file("manifest.yaml"));
    expect(set.stdout).toContain(stdout.trim());
    expect(await run("manifest", "set", file("manifest.yaml"), host(), "--insecure")).toMatchObject(
      {
        code: 1,
        stderr: expect.stringContaining("server is not in expected state"),
      },
    );
  });

  test("verifies by file and by fingerprint, fresh with a nonce", async () => {
    const { stdout } = await run("manifest", "signature", file("manifest.yaml"));
    for (const expected of [file("manifest.yaml"), stdout.trim()]) {
      const result = await run(
        "manifest",
        "verify",
        expected,
        host(),
        "--insecure",
        "--nonce",
        "today",
      );
      expect(result).toMatchObject({ code: 0, stdout: expect.stringMatching(/^OK\n/) });
    }
    const era = { UniqueID: "00".repeat(32), Debug: false };
    await writeFile(file("era.json"), JSON.stringify(era));
    expect(
      await run(
        "manifest",
        "verify",
        stdout.trim(),
        host(),
        "--insecure",
        "--era-config",
        file("era.json"),
      ),
    ).toMatchObject({ code: 3, stderr: expect.stringContaining("COORDINATOR_REFUSED") });
  });

  test("refuses a status that nobody knows as wrong usage", async () => {
    const fingerprint = "00".repeat(32);
    const bogus = ["--insecure", "--accepted-tcb-statuses", "Bogus"];
    expect(await run("manifest", "verify", fingerprint, host(), ...bogus)).toMatchObject({
      code: 2,
    });
  });

  test("tells a failure as JSON where JSON was asked for", async () => {
    const { code, stdout } = await run("manifest", "get", host(), "--json");
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "EVIDENCE_SIMULATED" } });
  });

  test("gives back the manifest that was set", async () => {
    const { code, stdout } = await run("manifest", "get", host(), "--insecure");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(MANIFEST);
  });

  test("writes root, intermediate and chain, which belong together", async () => {
    for (const kind of ["root", "intermediate", "chain"]) {
      const target = file(`${kind}.pem`);
      expect(await run("certificate", kind, host(), "--insecure", "-o", target)).toMatchObject({
        code: 0,
      });
    }
    const [root, intermediate, chain] = await Promise.all(
      ["root", "intermediate", "chain"].map(
        async (kind) => await readFile(file(`${kind}.pem`), "utf8"),
      ),
    );
    expect(chain).toBe(`${intermediate}${root}`);
    const rootKey = new X509Certificate(root ?? "").publicKey;
    expect(new X509Certificate(intermediate ?? "").verify(rootKey)).toBe(true);
  });

  test("prints the state, for people and as JSON, and says simulation both times", async () => {
    expect(await run("status", host())).toMatchObject({
      code: 0,
      stdout: "3: Coordinator is running correctly and ready to accept marbles.\n",
      stderr: expect.stringContaining("SIMULATION: not protected by hardware"),
    });
    const { stdout } = await run("status", host(), "--json");
    expect(JSON.parse(stdout)).toMatchObject({ assurance: "simulation", code: 3 });
    expect(stdout).toMatch(/^\{\s*"assurance"/);
  });
});
