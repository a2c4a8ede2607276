import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { parseUuid } from "./uuid.ts";
import { loadUuid } from "./uuid-file.ts";

const UUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
const FRESH = "00000000-0000-4000-8000-000000000000";

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "carrara-uuid-"));
  onTestFinished(async () => await rm(path, { recursive: true }));
  return path;
}

describe("parseUuid", () => {
  test.each([UUID, UUID.toUpperCase(), `urn:uuid:${UUID}`, `{${UUID}}`, UUID.replaceAll("-", "")])(
    "reads %s",
    (text) => {
      expect(parseUuid(text)).toBe(UUID);
    },
  );

  test.each([
    "",
    "uuid",
    `${UUID} `,
    `${UUID}\n`,
    `{${UUID}`,
    UUID.slice(1),
    `${UUID}0`,
    UUID.replace("-", ""),
  ])("finds no uuid in %j", (text) => {
    expect(parseUuid(text)).toBeUndefined();
  });

  test("reads every uuid in every form", () => {
    fc.assert(
      fc.property(fc.uuid(), (uuid) => {
        for (const form of [uuid, `{${uuid}}`, `urn:uuid:${uuid}`, uuid.replaceAll("-", "")]) {
          expect(parseUuid(form)).toBe(uuid);
        }
      }),
    );
  });
});

describe("loadUuid", () => {
  test("writes a fresh uuid of 36 bytes with mode 0600 and finds it again", async () => {
    const folder = join(await directory(), "marbles", "web");
    const path = join(folder, "uuid");
    expect(await loadUuid(path, UUID)).toBe(UUID);
    expect(await readFile(path, "utf8")).toBe(UUID);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(["uuid"]);
    expect(await loadUuid(path, FRESH)).toBe(UUID);
  });

  test.each(["", "not a uuid", `${UUID}\n`, "0".repeat(1000)])(
    "refuses a file holding %j with UUID_FILE_INVALID and leaves it",
    async (content) => {
      const path = join(await directory(), "uuid");
      await writeFile(path, content);
      await expect(loadUuid(path, FRESH)).rejects.toMatchObject({ code: "UUID_FILE_INVALID" });
      expect(await readFile(path, "utf8")).toBe(content);
    },
  );

  test("reports a path that cannot be used as UUID_FILE_FAILED", async () => {
    const folder = await directory();
    await expect(loadUuid(folder, FRESH)).rejects.toMatchObject({ code: "UUID_FILE_FAILED" });
  });
});
