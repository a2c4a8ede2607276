import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTestMachine, type TestMachine } from "./testing/test-coordinator.ts";
import { testManifest } from "./testing/test-manifest.ts";

let machine: TestMachine;

beforeEach(async () => {
  machine = await createTestMachine();
});
afterEach(async () => await machine.close());

describe("the startup manifest", () => {
  test("is set once, is no error again, and another one is", async () => {
    const dir = await mkdtemp(join(tmpdir(), "carrara-startup-"));
    try {
      const path = join(dir, "manifest.json");
      await writeFile(path, testManifest());
      const environment = { EDG_STARTUP_MANIFEST: path };
      const first = await machine.start({ environment });
      expect(first.coordinator.status().code).toBe(3);
      await first.close();
      const second = await machine.start({ environment });
      expect(second.coordinator.status().code).toBe(3);
      await second.close();
      await writeFile(path, testManifest({ Config: { UpdateThreshold: 1 } }));
      await expect(machine.start({ environment })).rejects.toMatchObject({ code: "STATE_WRONG" });
      await writeFile(path, "{}");
      machine.files.clear();
      await expect(machine.start({ environment })).rejects.toMatchObject({
        code: "MANIFEST_INVALID",
      });
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});
