import { Buffer } from "node:buffer";
import { constants, createHmac, createPrivateKey, privateDecrypt, sign } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromBase64, utf8 } from "@carrara/encoding";
import { createMarbleIdentity } from "@carrara/marble";
import type { Coordinator } from "../coordinator.ts";
import { decodeState } from "../core/state-codec.ts";
import { CoordinatorError } from "../error.ts";
import { openCoordinator } from "../open-coordinator.ts";
import { openFileStore } from "../store/file-store.ts";
import type { StateStore } from "../store/state-store.ts";
import { unsealState } from "../store/unseal.ts";
import type { HistoryFound, HistorySetup } from "./history-protocol.ts";

/**
 * A program for the test that kills it: a Coordinator without servers over the state directory of its
 * first argument. It recovers the state where that is locked, prints what it found, then goes through
 * operations without end, printing before each what it may change and after each what the state is.
 * Its second argument is a JSON file with people and keys.
 */
const [, , stateDir = "", setupFile = ""] = process.argv;
const setup: HistorySetup = JSON.parse(readFileSync(setupFile, "utf8"));
const secretsFile = join(stateDir, "..", "recovery-secret");
const say = (what: string, value: unknown) =>
  process.stdout.write(`${what} ${JSON.stringify(value)}\n`);
const OWNER = { marbleType: "web", uuid: "f6b2414a-ec07-47ab-a5eb-afe399dae79e" };
const certificateOf = (pem: string) => fromBase64(pem.replace(/-----[^-]+-----|\s/g, ""));

const sealingKey = async (policy: string) =>
  new Uint8Array(createHmac("sha256", "the machine").update(policy).digest());
const never = async () => await Promise.reject(new TypeError("nothing is attested here"));
const noLog = () => undefined;

function manifestOf(number: number): Uint8Array {
  const user = (pem: string) => ({ Certificate: pem, Roles: ["update", "secrets"] });
  return utf8(
    JSON.stringify({
      Packages: { p: { Debug: true, SecurityVersion: 1 } },
      Marbles: {
        web: { Package: "p", MaxActivations: 1_000_000, Parameters: { Argv: [`${number}`] } },
      },
      Secrets: { text: { Type: "plain", UserDefined: true } },
      Users: { anna: user(setup.annaPem), bert: user(setup.bertPem) },
      Roles: {
        update: { ResourceType: "Manifest", Actions: ["UpdateManifest"] },
        secrets: {
          ResourceType: "Secrets",
          ResourceNames: ["text"],
          Actions: ["ReadSecret", "WriteSecret"],
        },
      },
      RecoveryKeys: { owner: setup.recoveryPublicPem },
      Config: { UpdateThreshold: 2, FeatureGates: ["MonotonicCounter"] },
    }),
  );
}

/** What the store holds, read past the Coordinator. */
async function foundIn(store: StateStore): Promise<HistoryFound | undefined> {
  const stored = await store.read();
  const unsealed = stored && (await unsealState(stored, sealingKey));
  if (unsealed?.kind !== "open") return undefined;
  const state = await decodeState(unsealed.plain);
  return {
    manifest: state.deployment?.manifest.marbles.get("web")?.parameters.argv[0] ?? "",
    log: state.updateLog.length,
    activations: state.activations.get("web") ?? 0,
    counter: String([...state.counters.values()][0] ?? 0n),
    secret: Buffer.from(state.secrets.get("text")?.private ?? []).toString(),
    pending: state.pendingUpdate?.missingAcknowledgments ?? 0,
  };
}

async function recover(coordinator: Coordinator): Promise<void> {
  const key = createPrivateKey(setup.recoveryPrivatePem);
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const encrypted = readFileSync(secretsFile);
  const secret = privateDecrypt({ key, padding, oaepHash: "sha256" }, encrypted);
  await coordinator.recover(secret, sign("sha256", secret, key));
}

const store = await openFileStore(stateDir);
const coordinator = await openCoordinator({
  store,
  tee: { getEvidence: never, getSealingKey: sealingKey },
  quotes: { verify: never, endorsementsOf: never },
  clock: () => new Date(),
  log: { debug: noLog, info: noLog, warn: noLog, error: noLog },
  environment: {},
  dnsNames: ["localhost"],
  ipAddresses: [],
  acceptUnattested: true,
  tolerateQuoteFailure: true,
});
if (coordinator.status().code === 1) {
  await recover(coordinator);
  say("recovered", true);
}
let current = await foundIn(store);
say("found", current ?? null);

/** Runs one operation that may change the named parts of the state together, or none of them. */
async function step(parts: readonly string[], run: () => Promise<unknown>): Promise<void> {
  say("try", parts);
  await run();
  current = await foundIn(store);
  say("done", current ?? null);
}

if (current === undefined) {
  await step(["manifest", "log"], async () => {
    const secrets = await coordinator.setManifest(manifestOf(0));
    writeFileSync(`${secretsFile}.new`, secrets.get("owner") ?? new Uint8Array());
    renameSync(`${secretsFile}.new`, secretsFile);
  });
}
if (!existsSync(secretsFile)) throw new CoordinatorError("INTERNAL", "no recovery secret");
const identity = await createMarbleIdentity({
  dnsNames: ["web"],
  ipAddresses: [],
  now: new Date(),
});
const operations = [activate, count, upload, startUpdate, acknowledge, acknowledge];
for (;;) {
  const operation = operations[Math.floor(Math.random() * operations.length)];
  await operation?.();
}

async function activate(): Promise<void> {
  const { certificate: peerCertificate, certificateRequest: csr } = identity;
  const request = { ...OWNER, peerCertificate, csr, quote: new Uint8Array() };
  await step(["activations"], async () => await coordinator.activate(request));
}

async function count(): Promise<void> {
  const next = BigInt(current?.counter ?? 0) + 1n;
  await step(["counter"], async () => await coordinator.advanceCounter(OWNER, "c", next));
}

async function upload(): Promise<void> {
  const key = utf8(`value ${current?.log}`);
  const uploads = new Map([["text", { key, cert: undefined, private: undefined }]]);
  const user = coordinator.authenticateUser(certificateOf(setup.annaPem));
  await step(["secret", "log"], async () => await coordinator.writeSecrets(user, uploads));
}

function nextManifest(): Uint8Array {
  return manifestOf(Number(current?.manifest) + 1);
}

async function startUpdate(): Promise<void> {
  if (current?.pending !== 0) return;
  const user = coordinator.authenticateUser(certificateOf(setup.annaPem));
  const run = async () => await coordinator.updateManifest(user, nextManifest());
  await step(["pending", "log"], run);
}

async function acknowledge(): Promise<void> {
  if (current?.pending === 0) return;
  const user = coordinator.authenticateUser(certificateOf(setup.bertPem));
  const run = async () => await coordinator.acknowledgeUpdate(user, nextManifest());
  await step(["pending", "log", "manifest"], run);
}
