import { createPublicKey, verify } from "node:crypto";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodePem, utf8 } from "@carrara/encoding";
import {
  commonName,
  extension,
  generateEcKey,
  issueCertificate,
  parseCertificate,
  randomSerial,
} from "@carrara/pki";
import { status } from "@grpc/grpc-js";
import { expect, onTestFinished, test } from "vitest";
import { readMeshCredentials } from "./mesh-credentials.ts";
import { activateMarble } from "./premain.ts";
import { createRenewer } from "./renew-marble.ts";
import { renewalMessage } from "./renewal-proof.ts";
import { createFakeCoordinator, type FakeAnswer } from "./testing/fake-coordinator.ts";
import { createMemoryLog } from "./testing/memory-log.ts";

const UUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
const HOUR_MS = 3_600_000;

type Key = Awaited<ReturnType<typeof generateEcKey>>;

async function certificate(subject: string, key: Key, issuer: Key, startMs: number) {
  return await issueCertificate(
    {
      serial: randomSerial(),
      issuer: commonName("issuer"),
      subject: commonName(subject),
      notBefore: new Date(startMs),
      notAfter: new Date(startMs + HOUR_MS),
      spki: key.spki,
      extensions: [extension.basicConstraints(subject !== UUID)],
    },
    issuer.signer,
  );
}

/** A Coordinator's root that gives grants under intermediates which begin when told. */
async function createMesh() {
  const root = await generateEcKey("P-384");
  const rootDer = await certificate("root", root, root, Date.now());
  return async (startMs: number, { uuid = UUID, secret = "1" } = {}): Promise<FakeAnswer> => {
    const [issuer, own] = await Promise.all([generateEcKey("P-384"), generateEcKey("P-384")]);
    const pem = async (...chain: Promise<Uint8Array>[]) =>
      (await Promise.all(chain)).map((der) => encodePem("CERTIFICATE", der)).join("");
    const chain = await pem(
      certificate(uuid, own, issuer, startMs),
      certificate("intermediate", issuer, root, startMs),
    );
    const key = encodePem("PRIVATE KEY", own.pkcs8);
    const env = {
      MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN: chain,
      MARBLE_PREDEFINED_PRIVATE_KEY: key,
      MARBLE_PREDEFINED_ROOT_CA: await pem(certificate("intermediate", issuer, issuer, startMs)),
      MARBLE_PREDEFINED_COORDINATOR_ROOT_CA: encodePem("CERTIFICATE", rootDer),
      JSON_CHAIN: JSON.stringify({ chain }),
      OWN: chain,
      SECRET: secret,
    };
    const files = { "key.pem": key, "own.pem": chain, "secret.txt": secret };
    const bytes = (record: Readonly<Record<string, string>>) =>
      Object.fromEntries(Object.entries(record).map(([name, text]) => [name, utf8(text)]));
    return { parameters: { Env: bytes(env), Files: bytes(files) } };
  };
}

async function world(first: FakeAnswer) {
  let answer = first;
  const coordinator = await createFakeCoordinator(() => answer);
  const cwd = await mkdtemp(join(tmpdir(), "carrara-renew-"));
  onTestFinished(async () => {
    await coordinator.close();
    await chmod(cwd, 0o700);
    await rm(cwd, { recursive: true });
  });
  const premain = {
    env: { EDG_MARBLE_TYPE: "web", EDG_MARBLE_COORDINATOR_ADDR: coordinator.address },
    cwd,
    log: createMemoryLog(),
    randomUuid: () => UUID,
    getEvidence: async (reportData: Uint8Array) => reportData,
    signal: new AbortController().signal,
    now: Date.now,
    sleep: async () => {},
    random: () => 0,
  };
  const marble = await activateMarble(premain);
  const credentials = readMeshCredentials(marble.parameters.env);
  if (credentials === undefined) throw new Error("no credentials");
  const variables: Record<string, string | undefined> = Object.fromEntries(marble.parameters.env);
  const renewer = createRenewer({ premain, marble, credentials, tls: undefined, variables });
  const renew = async (next: FakeAnswer) => {
    answer = next;
    return await renewer();
  };
  const files = async () =>
    await Promise.all(
      (await readdir(cwd))
        .sort()
        .map(async (name) => [name, await readFile(join(cwd, name), "utf8")]),
    );
  return { coordinator, cwd, variables, renew, files, credentials };
}

test("proves its certificate over a fresh key, with evidence over that key and the same uuid", async () => {
  const grant = await createMesh();
  const { coordinator, renew, credentials } = await world(await grant(Date.now()));
  expect(await renew(await grant(Date.now()))).toMatchObject({ rotated: true });
  const [activation, renewal] = coordinator.seen;
  if (renewal?.renewal === undefined) throw new Error("no proof");
  expect(activation?.renewal).toBeUndefined();
  expect(renewal.clientCertificate).not.toEqual(activation?.clientCertificate);
  expect(renewal.request.UUID).toBe(UUID);
  expect(renewalMessage(renewal.clientCertificate).subarray(-32)).toEqual(renewal.request.Quote);
  expect(renewal.renewal.leaf).toEqual(credentials.leaf);
  const { spki } = parseCertificate(credentials.leaf);
  const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  const message = renewalMessage(renewal.clientCertificate);
  expect(verify("sha384", message, key, renewal.renewal.signature)).toBe(true);
});

test("rewrites the variables and files that held certificates, and no other and none that changed", async () => {
  const grant = await createMesh();
  const { cwd, variables, renew, files } = await world(await grant(Date.now()));
  const before = { ...variables };
  variables["OWN"] = "the program's";
  await writeFile(join(cwd, "own.pem"), "the program's");
  for (let round = 0; round < 2; round += 1) {
    const next = await grant(Date.now(), { secret: "2" });
    await renew(next);
    const given = "parameters" in next ? next.parameters : {};
    const text = (value: Uint8Array | undefined) => Buffer.from(value ?? []).toString();
    for (const name of [
      "JSON_CHAIN",
      "MARBLE_PREDEFINED_PRIVATE_KEY",
      "MARBLE_PREDEFINED_ROOT_CA",
    ]) {
      expect(variables[name]).toBe(text(given.Env?.[name]));
      expect(variables[name]).not.toBe(before[name]);
    }
    expect(variables).toMatchObject({ OWN: "the program's", SECRET: "1" });
    expect(await files()).toEqual([
      ["key.pem", text(given.Files?.["key.pem"])],
      ["own.pem", "the program's"],
      ["secret.txt", "1"],
      ["uuid", UUID],
    ]);
    expect((await stat(join(cwd, "key.pem"))).mode & 0o777).toBe(0o600);
  }
});

const MINUTE_MS = 60_000;
test.each<[string, () => Promise<readonly [FakeAnswer, FakeAnswer]>, string]>([
  [
    "refuses",
    async () => {
      const grant = await createMesh();
      return [await grant(Date.now()), { code: status.PERMISSION_DENIED, details: "no" }];
    },
    "ACTIVATION_REFUSED",
  ],
  [
    "knows no renewal",
    async () => {
      const grant = await createMesh();
      return [await grant(Date.now()), { code: status.UNIMPLEMENTED, details: "no" }];
    },
    "ACTIVATION_REFUSED",
  ],
  [
    "is of another mesh",
    async () => {
      const [grant, foreign] = [await createMesh(), await createMesh()];
      return [await grant(Date.now()), await foreign(Date.now())];
    },
    "RENEWAL_INVALID",
  ],
  [
    "goes back to an older intermediate",
    async () => {
      const grant = await createMesh();
      return [await grant(Date.now()), await grant(Date.now() - MINUTE_MS)];
    },
    "RENEWAL_INVALID",
  ],
  [
    "names another marble",
    async () => {
      const grant = await createMesh();
      return [await grant(Date.now()), await grant(Date.now(), { uuid: "other" })];
    },
    "RENEWAL_INVALID",
  ],
  [
    "gives no certificate",
    async () => {
      const grant = await createMesh();
      return [await grant(Date.now()), { parameters: {} }];
    },
    "RENEWAL_INVALID",
  ],
])("changes nothing when the coordinator %s", async (_, answers, code) => {
  const [first, next] = await answers();
  const { renew, variables, files } = await world(first);
  const before = [{ ...variables }, await files()];
  await expect(renew(next)).rejects.toMatchObject({ code });
  expect([variables, await files()]).toEqual(before);
});
