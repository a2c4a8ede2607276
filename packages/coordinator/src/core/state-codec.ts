import { createPrivateKey } from "node:crypto";
import { utf8 } from "@carrara/encoding";
import {
  encodeGoJson,
  goBytes,
  goMap,
  ManifestError,
  type Package,
  packageJson,
  parsePackage,
  readGoJson,
  secretDecoder,
  secretJson,
} from "@carrara/manifest";
import { keyIdentifier } from "@carrara/pki";
import { CoordinatorError } from "../error.ts";
import type { Authority } from "./authority.ts";
import { type Deployment, readDeployment } from "./deployment.ts";
import { spkiOf } from "./elliptic-key.ts";
import { decodePendingUpdate, encodePendingUpdate } from "./pending-update.ts";
import type { Secret } from "./secret.ts";
import { type MeshState, type Phase, statusOf } from "./state.ts";

/** Numbers of the states that are stored, as clients see them: the first one where it is shared. */
const PHASES: Readonly<Record<string, Phase>> = { 2: "accepting-manifest", 3: "accepting-marbles" };

/**
 * The sealed form of a state (section 8.3): a JSON object from state key to base64 value, as UTF-8.
 * Holds every secret: only ever written encrypted.
 */
export function encodeState(state: MeshState): Uint8Array {
  const { authority, deployment } = state;
  const entries = new Map<string, Uint8Array>([
    ["state", utf8(String(statusOf(state.phase).code))],
    ["certificate:coordinatorRootCert", authority.root.certificate],
    ["privateKey:coordinatorRootKey", sec1(authority.root.key)],
    ["certificate:coordinatorIntermediateCert", authority.intermediate.certificate],
    ["privateKey:coordinatorIntermediateKey", sec1(authority.intermediate.key)],
    ["certificate:marbleRootCert", authority.marbleRoot],
    ["rootSecret", state.rootSecret],
    ["updateLog", utf8(state.updateLog.map((line) => `${line}\n`).join(""))],
  ]);
  if (state.previousRootSecret !== undefined) {
    entries.set("previousRootSecret", state.previousRootSecret);
  }
  if (deployment !== undefined) {
    entries.set("manifest", deployment.manifestBytes);
    entries.set("manifestSignature", deployment.signature);
    // Package updates change packages but not the manifest; the rest of it is kept once, as bytes.
    for (const [name, pkg] of deployment.manifest.packages) {
      entries.set(`package:${name}`, utf8(encodeGoJson(packageJson(pkg))));
    }
  }
  if (state.pendingUpdate !== undefined) {
    entries.set("pendingUpdate", encodePendingUpdate(state.pendingUpdate));
  }
  for (const [name, secret] of state.secrets) entries.set(`secret:${name}`, encodeSecret(secret));
  for (const [name, secret] of state.previousSecrets) {
    entries.set(`previousSecret:${name}`, encodeSecret(secret));
  }
  for (const [type, count] of state.activations) {
    entries.set(`activations:${type}`, utf8(count.toString(16)));
  }
  for (const [id, value] of state.counters) {
    entries.set(`monotonicCounter:${id}`, counterBytes(value));
  }
  const text = new Map([...entries].map(([key, value]) => [key, base64(value)]));
  return utf8(encodeGoJson(text));
}

function sec1(key: MeshState["authority"]["root"]["key"]): Uint8Array {
  return key.export({ type: "sec1", format: "der" });
}

/** Ten times faster than the portable writer; states hold whole manifests. */
function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

function counterBytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}

function encodeSecret(secret: Secret): Uint8Array {
  return utf8(encodeGoJson(secretJson(secret)));
}

/** Reads {@link encodeState}'s form. Throws `STATE_TAMPERED` for anything that is none. */
export async function decodeState(bytes: Uint8Array): Promise<MeshState> {
  try {
    return await readState(readGoJson(bytes, goMap(goBytes), "whole"));
  } catch (cause) {
    if (cause instanceof CoordinatorError && cause.code === "STATE_TAMPERED") throw cause;
    if (
      !(cause instanceof ManifestError || cause instanceof CoordinatorError || isNodeError(cause))
    )
      throw cause;
    throw new CoordinatorError("STATE_TAMPERED", "the unsealed state cannot be read", { cause });
  }
}

/** Errors of node:crypto for bytes that are no key. */
function isNodeError(error: unknown): boolean {
  return error instanceof Error && "code" in error;
}

type Entries = ReadonlyMap<string, Uint8Array>;

async function readState(entries: Entries): Promise<MeshState> {
  const phase = PHASES[text(required(entries, "state"))];
  if (phase === undefined) {
    throw new CoordinatorError("STATE_TAMPERED", "the sealed state is in no phase that is stored");
  }
  const lines = text(required(entries, "updateLog")).split("\n");
  const pending = entries.get("pendingUpdate");
  // States from before package updates have none and mean the manifest's own.
  const packages = readGroup(entries, "package:", parsePackage);
  return {
    phase,
    authority: await readAuthority(entries),
    rootSecret: required(entries, "rootSecret"),
    previousRootSecret: entries.get("previousRootSecret"),
    deployment: phase === "accepting-manifest" ? undefined : deploymentOf(entries, packages),
    pendingUpdate: pending === undefined ? undefined : decodePendingUpdate(pending),
    secrets: readGroup(entries, "secret:", decodeSecret),
    previousSecrets: readGroup(entries, "previousSecret:", decodeSecret),
    activations: readGroup(entries, "activations:", (value) => Number.parseInt(text(value), 16)),
    counters: readGroup(entries, "monotonicCounter:", counterValue),
    updateLog: lines.slice(0, -1),
  };
}

function deploymentOf(entries: Entries, packages: ReadonlyMap<string, Package>): Deployment {
  return readDeployment(
    required(entries, "manifest"),
    required(entries, "manifestSignature"),
    packages.size === 0 ? undefined : packages,
  );
}

function decodeSecret(bytes: Uint8Array): Secret {
  return readGoJson(bytes, secretDecoder, "whole");
}

function counterValue(bytes: Uint8Array): bigint {
  if (bytes.length !== 8) throw new CoordinatorError("STATE_TAMPERED", "counter is not of 8 bytes");
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
}

async function readAuthority(entries: Entries): Promise<Authority> {
  const key = (name: string) =>
    createPrivateKey({
      key: Buffer.from(required(entries, name)),
      format: "der",
      type: "sec1",
    });
  const intermediateKey = key("privateKey:coordinatorIntermediateKey");
  return {
    root: {
      certificate: required(entries, "certificate:coordinatorRootCert"),
      key: key("privateKey:coordinatorRootKey"),
    },
    intermediate: {
      certificate: required(entries, "certificate:coordinatorIntermediateCert"),
      key: intermediateKey,
    },
    marbleRoot: required(entries, "certificate:marbleRootCert"),
    issuerKeyId: await keyIdentifier(spkiOf(intermediateKey)),
  };
}

function required(entries: Entries, key: string): Uint8Array {
  const value = entries.get(key);
  if (value === undefined) {
    throw new CoordinatorError("STATE_TAMPERED", `the sealed state lacks ${key}`);
  }
  return value;
}

function readGroup<T>(
  entries: Entries,
  prefix: string,
  read: (value: Uint8Array) => T,
): ReadonlyMap<string, T> {
  const group = [...entries].filter(([key]) => key.startsWith(prefix));
  return new Map(group.map(([key, value]) => [key.slice(prefix.length), read(value)]));
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
