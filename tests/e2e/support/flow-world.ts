import { constants, generateKeyPair, type KeyObject, privateDecrypt, sign } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type ClientIdentity, callHttps } from "@carrara/coordinator/testing";
import { startCoordinator, type TestCoordinator } from "./coordinator.ts";

/** An answer of the client API. */
export interface FlowAnswer {
  readonly status: number;
  readonly message: string | undefined;
  readonly code: string | undefined;
  readonly data: Readonly<Record<string, unknown>> | null;
}

/** Beside method and path: what is sent, who sends it, and which certificate alone is trusted. */
export interface FlowCall {
  readonly body?: unknown;
  readonly user?: ClientIdentity;
  readonly root?: string;
}

/** A Coordinator that one flow after the other has to itself. */
export interface FlowWorld {
  readonly coordinator: TestCoordinator;
  /** Restarts it with an empty state directory. */
  fresh(): Promise<void>;
  /** Kills it and starts it again, as section 14.2 does. */
  restart(): Promise<void>;
  /** Removes `sealed_key` and restarts: the trigger of recovery mode in section 14.2. */
  loseKey(): Promise<void>;
  /** A call of the v2 API; a `body` makes it a POST. */
  call(path: string, call?: FlowCall): Promise<FlowAnswer>;
  /** The code of section 1.4; with `root` pinned, throws where another certificate is served. */
  status(root?: string): Promise<unknown>;
  /** PEM of intermediate and Root, from the quote endpoint. */
  certificates(): Promise<{ readonly intermediate: string; readonly root: string }>;
  /** Sets a manifest; gives the encrypted recovery secrets by key name. */
  setManifest(manifest: string): Promise<Readonly<Record<string, string>>>;
  close(): Promise<void>;
}

/** Starts a Coordinator that also accepts marbles without a quote, as plain processes are. */
export async function createFlowWorld(): Promise<FlowWorld> {
  const coordinator = await startCoordinator({ CARRARA_ACCEPT_UNATTESTED: "1" });
  const state = join(coordinator.dir, "state");
  const restart = async (): Promise<void> => await coordinator.restart("SIGKILL");
  const call: FlowWorld["call"] = async (path, { body, user, root } = {}) => {
    const answer = await callHttps(coordinator.clientPort, {
      path: `/api/v2/${path}`,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(user === undefined ? {} : { client: user }),
      ...(root === undefined ? {} : { root }),
    });
    const { data, message, code } = JSON.parse(answer.text);
    return { status: answer.status, data, message, code };
  };
  return {
    coordinator,
    restart,
    call,
    async fresh() {
      await rm(state, { recursive: true, force: true });
      await restart();
    },
    async loseKey() {
      await rm(join(state, "sealed_key"));
      await restart();
    },
    async status(root) {
      const { data } = await call("status", root === undefined ? {} : { root });
      return data?.["code"];
    },
    async certificates() {
      const chain = String((await call("quote")).data?.["cert"]);
      const [intermediate = "", root = ""] = chain.split(/(?<=-----END CERTIFICATE-----\n)/);
      return { intermediate, root };
    },
    async setManifest(manifest) {
      const answer = await call("manifest", { body: { manifest: base64(manifest) } });
      if (answer.status !== 200) throw new Error(`manifest refused: ${answer.message}`);
      return recoverySecretsIn(answer, "RecoverySecrets");
    },
    async close() {
      await coordinator.stop();
    },
  };
}

/** The recovery secrets of an answer; without any, of none. */
export function recoverySecretsIn(
  { data }: FlowAnswer,
  field = "recoverySecrets",
): Readonly<Record<string, string>> {
  return (data?.[field] ?? {}) as Readonly<Record<string, string>>; // as section 2.4 has it
}

/** Standard base64 of text or bytes. */
export function base64(value: string | Uint8Array): string {
  return Buffer.from(value).toString("base64");
}

/** Who owns a recovery key. */
export interface RecoveryOwner {
  /** As manifests have it. */
  readonly publicKeyPem: string;
  /** The plain secret out of what the Coordinator handed out for this key. */
  decrypt(handedOut: string | undefined): Uint8Array;
  /** The body of a `recover` call: the secret as `sent`, signed as section 8.5 says. */
  submission(plain: Uint8Array, sent?: Uint8Array): object;
}

/** Bits of upstream's test keys: no multiple of 512 (section 8.4). */
const OWNER_KEY_BITS = 3096;

/** Makes an owner with an RSA key of an unusual size. */
export async function createRecoveryOwner(): Promise<RecoveryOwner> {
  const generate = promisify(generateKeyPair);
  const { publicKey, privateKey } = await generate("rsa", { modulusLength: OWNER_KEY_BITS });
  return {
    publicKeyPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    decrypt: (handedOut) =>
      privateDecrypt({ key: privateKey, ...OAEP }, Buffer.from(handedOut ?? "", "base64")),
    submission: (plain, sent = plain) => ({
      recoverySecret: base64(sent),
      recoverySecretSignature: base64(signSecret(plain, privateKey)),
    }),
  };
}

/** The padding of recovery secrets (section 8.4). */
export const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" };

function signSecret(plain: Uint8Array, key: KeyObject): Uint8Array {
  return sign("sha256", plain, { key, padding: constants.RSA_PKCS1_PADDING });
}
