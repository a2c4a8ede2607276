import { generateKeyPairSync, sign } from "node:crypto";
import {
  cosignCheckpoint,
  createVerifierKey,
  encodeNote,
  parseNote,
  type VerifierKey,
} from "@carrara/transparency";
import { serveWitness } from "../serve-witness.ts";
import type { StateFiles } from "../state-files.ts";
import { openWitness, type WitnessEvent } from "../witness.ts";
import type { WitnessKey } from "../witness-key.ts";
import { createMemoryFiles } from "./memory-files.ts";

/** A witness that listens on a free loopback port, and remembers in memory. */
export interface TestWitness {
  readonly url: string;
  readonly key: VerifierKey;
  /** What it signs with, for a witness that is started again. */
  readonly signer: WitnessKey;
  readonly events: readonly WitnessEvent[];
  close(): Promise<void>;
}

/** What a test witness is made of. */
export interface TestWitnessOptions {
  readonly logKeys: readonly VerifierKey[];
  readonly name?: string;
  readonly files?: StateFiles;
  readonly now?: () => Date;
  /** A new key unless given. */
  readonly key?: WitnessKey;
  /** Any free one unless given. */
  readonly port?: number;
}

/** A key in memory for a witness called `name`. */
export function createTestWitnessKey(name = "witness.example/w1"): WitnessKey {
  const { privateKey } = generateKeyPairSync("ed25519");
  const x = privateKey.export({ format: "jwk" }).x ?? "";
  return {
    verifierKey: createVerifierKey(
      name,
      "cosignature",
      new Uint8Array(Buffer.from(x, "base64url")),
    ),
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}

/** The note with the witness's cosignature, as if it had been asked. */
export function cosignNote(noteText: string, key: WitnessKey, timeSeconds: number): string {
  const { text, signatures } = parseNote(noteText);
  const cosignature = cosignCheckpoint(text, key.verifierKey, key.sign, timeSeconds);
  return encodeNote({ text, signatures: [...signatures, cosignature] });
}

/** Starts a witness with a key of its own. */
export async function startTestWitness(options: TestWitnessOptions): Promise<TestWitness> {
  const { logKeys, files = createMemoryFiles(), now = () => new Date() } = options;
  const events: WitnessEvent[] = [];
  const key = options.key ?? createTestWitnessKey(options.name);
  const onEvent = (event: WitnessEvent): void => void events.push(event);
  const witness = await openWitness({ key, logKeys, files, now, onEvent });
  const server = await serveWitness(witness, { host: "127.0.0.1", port: options.port ?? 0 });
  return { url: server.url, key: key.verifierKey, signer: key, events, close: server.close };
}
