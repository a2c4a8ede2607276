import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkReceipt, type Receipt } from "@carrara/ballot";
import { parseEvidenceBundle, verifyEvidenceBundle } from "@carrara/client/evidence";
import {
  encodeVerifierKey,
  parseNote,
  type VerifierKey,
  verifyCosignature,
} from "@carrara/transparency";
import { openWitness, serveWitness, type WitnessKey, type WitnessServer } from "@carrara/witness";
import { createMemoryFiles, createTestWitnessKey } from "@carrara/witness/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { askWeb, attestedKeys, boardOf, receiptIn, voteForReceipt } from "./support/ballots.ts";
import { freePorts } from "./support/coordinator.ts";
import { carrara, ROOT, startEmojivoto, type TestMesh, vote } from "./support/mesh.ts";

// The documented updates of a poll that runs, with a witness that watches.
let running: TestMesh;
let admin: { readonly dir: string; readonly cert: string; readonly key: string };
let witnessPort: number;
let witnessKey: WitnessKey;
let witness: WitnessServer | undefined;
let logKey: VerifierKey;
let receipt: Receipt;

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "carrara-admin-"));
  admin = { dir, cert: join(dir, "admin.pem"), key: join(dir, "admin-key.pem") };
  const options = ["-nodes", "-days", "30", "-subj", "/CN=admin"];
  execFileSync("openssl", [
    ...["req", "-x509", "-newkey", "rsa:3072", ...options],
    ...["-keyout", admin.key, "-out", admin.cert],
  ]);
  [witnessPort = 0] = await freePorts(1);
  witnessKey = createTestWitnessKey("witness.example/poll");
  const certificate = await readFile(admin.cert, "utf8");
  running = await startEmojivoto({ change: (manifest) => governed(manifest, certificate) });
  logKey = (await attestedKeys(running)).logKey;
});
afterAll(async () => {
  await witness?.close();
  await running.stop();
  await rm(admin.dir, { recursive: true, force: true });
});

/** The manifest with an owner and a witness. */
function governed(manifest: string, certificate: string): string {
  const document = JSON.parse(manifest);
  document.Users = {
    admin: { Certificate: certificate, Roles: ["updateVoting", "updateManifest"] },
  };
  document.Roles.updateManifest = { ResourceType: "Manifest", Actions: ["UpdateManifest"] };
  const line = `${encodeVerifierKey(witnessKey.verifierKey)} http://127.0.0.1:${witnessPort}`;
  document.Marbles["voting-svc"].Parameters.Env.WITNESSES = line;
  return JSON.stringify(document);
}

async function update(file: string): Promise<void> {
  const host = `localhost:${running.mesh.ports.coordinator}`;
  const identity = ["--cert", admin.cert, "--key", admin.key];
  const trust = ["--coordinator-cert", running.mesh.files.coordinatorCert, "--insecure"];
  const result = await carrara("manifest", "update", "apply", file, host, ...identity, ...trust);
  expect(result).toMatchObject({ code: 0 });
}

async function restartVoting(image: string): Promise<void> {
  await running.mesh.stopMarble("voting-svc");
  await running.mesh.launchMarble("voting-svc", { image });
}

/** Whether a vote passes again: an update brings a new mesh CA, under which web renews its certificates first. */
async function votes(name: string): Promise<void> {
  const { chainPem } = await running.mesh.coordinator.client.getQuote();
  running = { ...running, ca: chainPem };
  await expect
    .poll(async () => (await vote(running, name).catch(() => undefined))?.status, {
      timeout: 40_000,
      interval: 500,
    })
    .toBe(200);
}

/** What a voter's verifier says of the evidence that web has now, and what it does not like. */
async function verdict(): Promise<unknown> {
  const read = parseEvidenceBundle(
    (await askWeb(running, "GET", "/api/v2/evidence")).body.toString(),
  );
  const policy = { insecure: true };
  const report = await verifyEvidenceBundle({ bundle: read, policy, now: new Date() });
  return [report.verdict, report.findings.filter((one) => one.verdict === "failed")];
}

test("checkpoints are cosigned once the witness knows the log", async () => {
  receipt = receiptIn(await voteForReceipt(running, "joy"));
  const checkpoint = async (): Promise<string> =>
    (await askWeb(running, "GET", "/api/v2/ballot/checkpoint")).body.toString();
  expect(parseNote(await checkpoint()).signatures.length).toBe(1);
  const options = { key: witnessKey, logKeys: [logKey], files: createMemoryFiles() };
  const opened = await openWitness({ ...options, now: () => new Date() });
  witness = await serveWitness(opened, { host: "127.0.0.1", port: witnessPort });
  await voteForReceipt(running, "joy");
  await expect
    .poll(async () => parseNote(await checkpoint()).signatures.length, { timeout: 15_000 })
    .toBe(2);
  await verifyCosignature(parseNote(await checkpoint()), witnessKey.verifierKey);
});

test("a raised security version keeps votes, receipts and log, and lets only the fix in", async () => {
  const before = await boardOf(running);
  await update(join(ROOT, "docs/examples/update.json"));
  await running.mesh.stopMarble("voting-svc");
  const old = await running.mesh.launchMarble("voting-svc", { supervised: false });
  await old.exited;
  expect(old.log.tail()).toContain("PACKAGE_SECURITY_VERSION");
  await restartVoting("voting-svc-fix");
  await votes("doughnut");
  await checkReceipt(receipt, { logKey });
  await expect
    .poll(async () => await boardOf(running), { timeout: 10_000 })
    .toMatchObject({ votes: { ...before.votes, ":doughnut:": 1 } });
});

test("a new manifest keeps them, too, and its evidence verifies", async () => {
  const before = await boardOf(running);
  const changed = JSON.parse(await readFile(running.mesh.files.manifest, "utf8"));
  changed.Packages["voting-svc"].SecurityVersion = 2;
  changed.Marbles["voting-svc"].Parameters.Env.POLL_CLOSES = "2099-01-01T00:00:00Z";
  const file = join(admin.dir, "changed.json");
  await writeFile(file, JSON.stringify(changed));
  await update(file);
  await restartVoting("voting-svc-fix");
  await votes("taco");
  await expect
    .poll(async () => await boardOf(running), { timeout: 10_000 })
    .toMatchObject({ total: before.total + 1 });
  await checkReceipt(receipt, { logKey });
  await expect.poll(verdict, { timeout: 40_000, interval: 1_000 }).toEqual(["simulation", []]);
  expect((await askWeb(running, "GET", "/api/v2/leaderboard")).body.toString()).toContain(
    '"closes":"2099-01-01T00:00:00Z"',
  );
});

test("nobody has to restart anything after a new manifest: evidence verifies again by itself", async () => {
  const changed = JSON.parse(await readFile(running.mesh.files.manifest, "utf8"));
  changed.Packages["voting-svc"].SecurityVersion = 2;
  changed.Marbles["voting-svc"].Parameters.Env.POLL_CLOSES = "2098-01-01T00:00:00Z";
  const file = join(admin.dir, "untouched.json");
  await writeFile(file, JSON.stringify(changed));
  await update(file);
  const { chainPem } = await running.mesh.coordinator.client.getQuote();
  running = { ...running, ca: chainPem };
  const renewed = async (): Promise<unknown> => await verdict().catch(() => undefined);
  await expect.poll(renewed, { timeout: 90_000, interval: 1_000 }).toEqual(["simulation", []]);
  await votes("rocket");
}, 120_000);
