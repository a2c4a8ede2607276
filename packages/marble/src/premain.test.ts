import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "@carrara/encoding";
import {
  commonNameOf,
  findExtension,
  isSignedBy,
  OID,
  parseAlternativeNames,
  parseBasicConstraints,
  parseCertificate,
  parseCertificateRequest,
  parseExtendedKeyUsage,
  parseKeyUsage,
} from "@carrara/pki";
import { status } from "@grpc/grpc-js";
import { describe, expect, onTestFinished, test } from "vitest";
import { activateMarble } from "./premain.ts";
import type { Premain } from "./request-parameters.ts";
import {
  createFakeCoordinator,
  type FakeAnswer,
  type FakeCoordinator,
} from "./testing/fake-coordinator.ts";
import { createMemoryLog, type MemoryLog } from "./testing/memory-log.ts";

const UUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

interface World {
  readonly coordinator: FakeCoordinator;
  readonly premain: Premain;
  readonly log: MemoryLog;
  readonly cwd: string;
}

async function world(answer: FakeAnswer, changes: Partial<Premain> = {}): Promise<World> {
  const coordinator = await createFakeCoordinator(() => answer);
  const cwd = await mkdtemp(join(tmpdir(), "carrara-premain-"));
  onTestFinished(async () => {
    await coordinator.close();
    await rm(cwd, { recursive: true });
  });
  const log = createMemoryLog();
  const premain: Premain = {
    env: {
      EDG_MARBLE_TYPE: "web",
      EDG_MARBLE_COORDINATOR_ADDR: coordinator.address,
      EDG_MARBLE_DNS_NAMES: "web,10.0.0.7",
    },
    cwd,
    log,
    randomUuid: () => UUID,
    getEvidence: async (reportData) => reportData,
    signal: new AbortController().signal,
    now: Date.now,
    sleep: async () => {},
    random: () => 0,
    ...changes,
  };
  return { coordinator, premain, log, cwd };
}

describe("activateMarble", () => {
  test("takes evidence over SHA-256 of the client certificate it connects with", async () => {
    const { coordinator, premain } = await world({ parameters: {} });
    await activateMarble(premain);
    const [seen] = coordinator.seen;
    const certificate = seen?.clientCertificate ?? new Uint8Array();
    const digest = createHash("sha256").update(certificate).digest();
    expect(Buffer.from(seen?.request.Quote ?? []).equals(digest)).toBe(true);
    expect(seen?.request).toMatchObject({ MarbleType: "web", UUID });
    expect(await readFile(join(premain.cwd, "uuid"), "utf8")).toBe(UUID);
  });

  test("makes certificate and request as the specification says, on P-256", async () => {
    const { coordinator, premain } = await world({ parameters: {} });
    await activateMarble(premain);
    const [seen] = coordinator.seen;
    const certificate = parseCertificate(seen?.clientCertificate ?? new Uint8Array());
    const value = (oid: string) => findExtension(certificate, oid)?.value ?? new Uint8Array();
    const names = { dnsNames: ["web"], ipAddresses: ["127.0.0.1", "::1", "10.0.0.7"] };
    expect(commonNameOf(certificate.subject)).toBe("MarbleRun Marble");
    expect(await isSignedBy(certificate, certificate.spki)).toBe(true);
    expect(certificate.signatureAlgorithm).toBe(OID.ecdsaWithSha256);
    const { notBefore, notAfter } = certificate;
    const validForSeconds = (notAfter.getTime() - notBefore.getTime()) / 1000;
    expect(Math.abs(validForSeconds - 2 ** 63 / 1e9)).toBeLessThan(2);
    expect(parseKeyUsage(value(OID.keyUsage))).toEqual(
      new Set(["digitalSignature", "keyAgreement"]),
    );
    expect(parseExtendedKeyUsage(value(OID.extendedKeyUsage))).toEqual([
      OID.serverAuth,
      OID.clientAuth,
    ]);
    expect(parseBasicConstraints(value(OID.basicConstraints))).toEqual({ ca: false });
    expect(parseAlternativeNames(value(OID.subjectAlternativeName))).toEqual(names);
    const request = await parseCertificateRequest(seen?.request.CSR ?? new Uint8Array());
    expect(request).toMatchObject({ subject: [], ...names });
  });

  test("sends an empty quote, saying so, when there is no evidence", async () => {
    const getEvidence = async (): Promise<Uint8Array> => {
      throw new Error("not in an enclave");
    };
    const { coordinator, premain, log } = await world({ parameters: {} }, { getEvidence });
    await activateMarble(premain);
    expect(coordinator.seen[0]?.request.Quote).toHaveLength(0);
    expect(log.lines).toContainEqual(expect.objectContaining({ level: "warn" }));
  });

  test("writes files with mode 0600 into folders of mode 0700, narrowing those that were there", async () => {
    const old = await mkdtemp(join(tmpdir(), "carrara-files-"));
    onTestFinished(async () => await rm(old, { recursive: true }));
    await writeFile(join(old, "secret"), "a longer text than the new one", { mode: 0o644 });
    const files = {
      [join(old, "secret")]: utf8("new"),
      [join(old, "deep/er/raw")]: new Uint8Array([0, 255, 254]),
      "relative/file": utf8("relative"),
    };
    const { premain, cwd } = await world({ parameters: { Files: files } });
    await activateMarble(premain);
    const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
    expect(await readFile(join(old, "secret"), "utf8")).toBe("new");
    expect(await mode(join(old, "secret"))).toBe(0o600);
    expect([...(await readFile(join(old, "deep/er/raw")))]).toEqual([0, 255, 254]);
    expect(await mode(join(old, "deep/er"))).toBe(0o700);
    expect(await readFile(join(cwd, "relative/file"), "utf8")).toBe("relative");
  });

  test("reports a file that cannot be written as FILE_WRITE_FAILED", async () => {
    const { premain, cwd } = await world({ parameters: { Files: { taken: utf8("x") } } });
    await mkdir(join(cwd, "taken"));
    await expect(activateMarble(premain)).rejects.toMatchObject({ code: "FILE_WRITE_FAILED" });
  });

  test("logs no parameter and no key", async () => {
    const { premain, log } = await world({ parameters: { Env: { SECRET: utf8("hunter2") } } });
    await activateMarble(premain);
    expect(JSON.stringify(log.lines)).not.toContain("hunter2");
  });

  test("passes the coordinator's refusal on", async () => {
    const refusal = { code: status.PERMISSION_DENIED, details: "marble verification failed: x" };
    const { premain } = await world(refusal);
    await expect(activateMarble(premain)).rejects.toMatchObject({
      code: "ACTIVATION_REFUSED",
      message: expect.stringContaining("PERMISSION_DENIED: marble verification failed: x"),
    });
  });
});
