import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodePem, parsePem } from "@carrara/encoding";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  loadCertificateCache,
  requireCachedRoot,
  saveCertificateCache,
} from "./certificate-cache.ts";

const INTERMEDIATE = encodePem("CERTIFICATE", new Uint8Array([1]));
const ROOT = encodePem("CERTIFICATE", new Uint8Array([2]));

describe("certificate cache", () => {
  let dir = "";
  let path = "";

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "certificate-cache-"));
    path = join(dir, "deep", "cache.pem");
  });
  afterEach(async () => {
    await rm(dir, { recursive: true });
  });

  test("is intermediate and root, mode 0600, and remembers the assurance", async () => {
    await saveCertificateCache(path, `${INTERMEDIATE}${ROOT}`, "simulation");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(parsePem(await readFile(path, "utf8"))).toHaveLength(2);
    expect(await loadCertificateCache(path)).toEqual({
      rootPem: ROOT,
      chainPem: `${INTERMEDIATE}${ROOT}`,
      assurance: "simulation",
    });
  });

  test("of another program has an unknown assurance", async () => {
    await saveCertificateCache(path, "", "none");
    await writeFile(path, `${INTERMEDIATE}${ROOT}`);
    expect((await loadCertificateCache(path)).assurance).toBe("unknown");
  });

  test.each([
    ["without root", INTERMEDIATE],
    ["with broken base64", `${INTERMEDIATE}-----BEGIN CERTIFICATE-----\n!`],
    ["that is empty", ""],
  ])("%s is CERTIFICATE_CACHE_INVALID", async (_, text) => {
    await saveCertificateCache(path, text, "simulation");
    await expect(loadCertificateCache(path)).rejects.toMatchObject({
      name: "CliError",
      code: "CERTIFICATE_CACHE_INVALID",
    });
  });

  test("that does not exist is CERTIFICATE_CACHE_MISSING", async () => {
    await expect(loadCertificateCache(path)).rejects.toMatchObject({
      code: "CERTIFICATE_CACHE_MISSING",
    });
  });

  test("holds later commands to the same root: another one is ROOT_CHANGED", async () => {
    await saveCertificateCache(path, `${INTERMEDIATE}${ROOT}`, "hardware");
    await expect(requireCachedRoot(path, ROOT)).resolves.toBeUndefined();
    await expect(requireCachedRoot(path, INTERMEDIATE)).rejects.toMatchObject({
      name: "CliError",
      code: "ROOT_CHANGED",
    });
  });
});
