import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commonNameOf, OID, parseCertificate } from "@carrara/pki";
import { afterEach, describe, expect, test } from "vitest";
import { openAmdCredentials, openPlatformDirectory } from "./platform-directory.ts";

const NOW = new Date("2026-11-21T12:00:00Z");
const DAY_MS = 86_400_000;
const parents: string[] = [];

async function newDir(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), "carrara-platform-"));
  parents.push(parent);
  return join(parent, "platform");
}

afterEach(async () => {
  for (const parent of parents.splice(0)) await rm(parent, { recursive: true });
});

describe("a platform directory", () => {
  test("is private: 0700, files 0600, no drafts left", async () => {
    const dir = await newDir();
    await openPlatformDirectory(dir, NOW);
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    const names = await readdir(dir);
    expect(names.toSorted()).toEqual(["credentials.json", "fuse-key"]);
    const modes = await Promise.all(names.map(async (name) => await stat(join(dir, name))));
    expect(modes.map(({ mode }) => mode & 0o777)).toEqual([0o600, 0o600]);
  });

  test("is the same machine when opened again", async () => {
    const dir = await newDir();
    const first = await openPlatformDirectory(dir, NOW);
    const second = await openPlatformDirectory(dir, new Date(NOW.getTime() + 20 * DAY_MS));
    expect(second.fuseKey).toEqual(first.fuseKey);
    expect(second.credentials.root.certificate).toEqual(first.credentials.root.certificate);
  });

  test("keeps the fuse key and renews certificates with less than seven days left", async () => {
    const dir = await newDir();
    const first = await openPlatformDirectory(dir, NOW);
    const second = await openPlatformDirectory(dir, new Date(NOW.getTime() + 24 * DAY_MS));
    expect(second.fuseKey).toEqual(first.fuseKey);
    expect(second.credentials.root.certificate).not.toEqual(first.credentials.root.certificate);
    const lifeMs = first.credentials.notAfter.getTime() - NOW.getTime();
    expect(lifeMs).toBeLessThanOrEqual(30 * DAY_MS);
  });

  test("is one machine to all who open it first at once", async () => {
    const dir = await newDir();
    const opened = await Promise.all([1, 2, 3].map(() => openPlatformDirectory(dir, NOW)));
    expect(new Set(opened.map(({ fuseKey }) => fuseKey.join())).size).toBe(1);
    expect(new Set(opened.map(({ credentials }) => credentials.qeMrSigner.join())).size).toBe(1);
  });

  test("differs from every other in fuse key and root", async () => {
    const [a, b] = [
      await openPlatformDirectory(await newDir(), NOW),
      await openPlatformDirectory(await newDir(), NOW),
    ];
    expect(a.fuseKey).not.toEqual(b.fuseKey);
    expect(a.credentials.root.key.spki).not.toEqual(b.credentials.root.key.spki);
  });

  test.each(["fuse-key", "credentials.json"])(
    "is refused when others can read %s",
    async (name) => {
      const dir = await newDir();
      await openPlatformDirectory(dir, NOW);
      await chmod(join(dir, name), 0o640);
      await expect(openPlatformDirectory(dir, NOW)).rejects.toMatchObject({
        name: "TeeError",
        code: "PLATFORM_STATE_INVALID",
      });
    },
  );

  test.each(["fuse-key", "credentials.json"])("is refused when %s is cut off", async (name) => {
    const dir = await newDir();
    await openPlatformDirectory(dir, NOW);
    const file = join(dir, name);
    await writeFile(file, (await readFile(file)).subarray(0, 20));
    await expect(openPlatformDirectory(dir, NOW)).rejects.toMatchObject({
      name: "TeeError",
      code: "PLATFORM_STATE_INVALID",
    });
  });
});

describe("the credentials of AMD's part", () => {
  const BITS = 2048;

  test("are a private file of their own, made when first asked for", async () => {
    const dir = await newDir();
    const { product, ark } = await openAmdCredentials(dir, "Milan", NOW, BITS);
    expect(product).toBe("Milan");
    expect(await readdir(dir)).toEqual(["amd-milan.json"]);
    expect((await stat(join(dir, "amd-milan.json"))).mode & 0o777).toBe(0o600);
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    const again = await openAmdCredentials(dir, "Milan", new Date(NOW.getTime() + 20 * DAY_MS));
    expect(again.ark.certificate).toEqual(ark.certificate);
    expect(again.vcek.spki).toEqual((await openAmdCredentials(dir, "Milan", NOW)).vcek.spki);
  });

  test("are renewed with less than seven days left", async () => {
    const dir = await newDir();
    const first = await openAmdCredentials(dir, "Genoa", NOW, BITS);
    const later = new Date(NOW.getTime() + 24 * DAY_MS);
    const second = await openAmdCredentials(dir, "Genoa", later, BITS);
    expect(second.ark.certificate).not.toEqual(first.ark.certificate);
    expect(first.notAfter.getTime() - NOW.getTime()).toBeLessThanOrEqual(30 * DAY_MS);
  });

  test("say in every name that they are a simulation", async () => {
    const { ark, ask, asvk } = await openAmdCredentials(await newDir(), "Turin", NOW, BITS);
    const names = [ark, ask, asvk].map(({ certificate }) => {
      const { subject, issuer } = parseCertificate(certificate);
      for (const name of [subject, issuer]) {
        expect(name).toContainEqual({ type: OID.organization, value: "Simulation - NOT HARDWARE" });
      }
      return commonNameOf(subject);
    });
    expect(names).toEqual(["ARK-Turin", "SEV-Turin", "SEV-VLEK-Turin"]);
  });

  test("are refused when others can read them, when cut off, and when of another product", async () => {
    const dir = await newDir();
    await openAmdCredentials(dir, "Milan", NOW, BITS);
    const file = join(dir, "amd-milan.json");
    const invalid = { name: "TeeError", code: "PLATFORM_STATE_INVALID" };
    const content = await readFile(file);
    await writeFile(join(dir, "amd-genoa.json"), content, { mode: 0o600 });
    await expect(openAmdCredentials(dir, "Genoa", NOW)).rejects.toMatchObject(invalid);
    await writeFile(file, content.subarray(0, 100));
    await expect(openAmdCredentials(dir, "Milan", NOW)).rejects.toMatchObject(invalid);
    await writeFile(file, content);
    await chmod(file, 0o644);
    await expect(openAmdCredentials(dir, "Milan", NOW)).rejects.toMatchObject(invalid);
  });
});
