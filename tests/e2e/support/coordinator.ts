import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { create } from "@bufbuild/protobuf";
import { encodeOeQuote } from "@carrara/attestation";
import { toHex } from "@carrara/encoding";
import { buildImages } from "@carrara/image";
import {
  type ActivationAttempt,
  type ActivationCall,
  ActivationReqSchema,
  callActivate,
  createMarbleIdentity,
  type MarbleIdentity,
} from "@carrara/marble";
import {
  createSimulatedPlatform,
  type Enclave,
  type EnclaveIdentity,
  generateSigningKey,
  type SimulatedPlatform,
  signImage,
} from "@carrara/tee";

const COORDINATOR = fileURLToPath(new URL("../../../packages/coordinator", import.meta.url));

/** The package that the test manifests allow; a test bends one field at a time. */
export const MARBLE: EnclaveIdentity = {
  mrEnclave: new Uint8Array(32).fill(1),
  mrSigner: new Uint8Array(32).fill(2),
  isvProdId: 7,
  isvSvn: 3,
  debug: false,
};

/** A manifest with one package and one marble `worker`. */
export const MANIFEST = {
  Packages: {
    worker: { SignerID: toHex(MARBLE.mrSigner), ProductID: MARBLE.isvProdId, SecurityVersion: 3 },
  },
  Marbles: {
    worker: {
      Package: "worker",
      Parameters: { Argv: ["worker"], Env: { KEY: "{{ hex .Secrets.key }}" } },
    },
    once: { Package: "worker", MaxActivations: 1, Parameters: {} },
  },
  Secrets: { key: { Type: "symmetric-key", Size: 128, Shared: true } },
};

/** A Coordinator that runs as an enclave on a simulated platform of its own. */
export interface TestCoordinator {
  readonly dir: string;
  readonly platform: SimulatedPlatform;
  readonly clientPort: number;
  readonly meshPort: number;
  /** Everything it has printed so far. */
  log(): string;
  /** Ends it with `signal` and starts it again on the same state. */
  restart(signal: NodeJS.Signals): Promise<void>;
  /** Starts it and waits for its end: for states that it must refuse. */
  startAndFail(): Promise<number | null>;
  stop(): Promise<void>;
}

/** Starts a Coordinator with nothing set, and `variables` beside the usual ones. */
export async function startCoordinator(
  variables: Readonly<Record<string, string>> = {},
): Promise<TestCoordinator> {
  const dir = await mkdtemp(join(tmpdir(), "carrara-e2e-"));
  const [[image], key, platform, [clientPort = 0, meshPort = 0]] = await Promise.all([
    buildImages({ appDir: COORDINATOR, outDir: join(dir, "images") }),
    generateSigningKey(),
    createSimulatedPlatform({ dir: join(dir, "platform") }),
    freePorts(2),
  ]);
  const pcs = await platform.servePcs({ host: "127.0.0.1", port: 0 });
  const unsigned = new Uint8Array(await readFile(image?.file ?? ""));
  const signed = await signImage(unsigned, key, { date: new Date() });
  const printed: Buffer[] = [];
  const launch = async (): Promise<Enclave> =>
    await platform.launch(signed, {
      env: {
        EDG_COORDINATOR_MESH_ADDR: `127.0.0.1:${meshPort}`,
        EDG_COORDINATOR_CLIENT_ADDR: `127.0.0.1:${clientPort}`,
        EDG_COORDINATOR_DNS_NAMES: "localhost",
        EDG_COORDINATOR_SEAL_DIR: join(dir, "state"),
        CARRARA_PCCS_URL: pcs.url,
        ...variables,
      },
      onOutput: (_, chunk) => printed.push(Buffer.from(chunk)),
    });
  const log = (): string => Buffer.concat(printed).toString();
  let enclave = await launch();
  await answering(clientPort, enclave, log);
  return {
    dir,
    platform,
    clientPort,
    meshPort,
    log,
    async restart(signal) {
      enclave.kill(signal);
      await enclave.exited;
      enclave = await launch();
      await answering(clientPort, enclave, log);
    },
    async startAndFail() {
      await enclave.stop();
      return (await (await launch()).exited).code;
    },
    async stop() {
      await enclave.stop();
      await platform.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function answering(port: number, enclave: Enclave, log: () => string): Promise<void> {
  const ended = new AbortController();
  void enclave.exited.then(() => ended.abort());
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (ended.signal.aborted) throw new Error(`the coordinator ended: ${log()}`);
    const status = await api(port, "GET", "/api/v2/status").catch(() => undefined);
    if (status !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the coordinator does not answer: ${log()}`);
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      async (server) =>
        await new Promise<number>((resolve) => {
          server.listen(0, "127.0.0.1", () => {
            const address = server.address();
            resolve(typeof address === "object" && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map(async (server) => await new Promise((done) => server.close(done))));
  return ports;
}

/** An answer of the client API: HTTP status and the envelope. */
export interface ApiAnswer {
  readonly status: number;
  readonly envelope: {
    readonly status: string;
    readonly data: unknown;
    readonly message?: string;
    readonly code?: string;
  };
}

/** Calls the client API without verifying its certificate, as a test of wire behaviour. */
export async function api(
  port: number,
  method: string,
  path: string,
  body?: string | Uint8Array,
): Promise<ApiAnswer> {
  const { request } = await import("node:https");
  return await new Promise((resolve, reject) => {
    request(
      {
        host: "127.0.0.1",
        port,
        method,
        path,
        rejectUnauthorized: false,
        agent: false,
        timeout: 10_000,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          try {
            resolve({
              status: response.statusCode ?? 0,
              envelope: JSON.parse(text) as ApiAnswer["envelope"],
            });
          } catch (cause) {
            reject(new Error(`no envelope: ${text}`, { cause }));
          }
        });
      },
    )
      .once("error", reject)
      .end(body);
  });
}

/** Sets a manifest by REST v2. */
export async function setManifest(port: number, manifest: unknown): Promise<ApiAnswer> {
  const bytes = typeof manifest === "string" ? manifest : JSON.stringify(manifest);
  const body = JSON.stringify({ manifest: Buffer.from(bytes).toString("base64") });
  return await api(port, "POST", "/api/v2/manifest", body);
}

/** What a test may bend in an activation. */
export interface ActivationChange {
  readonly enclave?: Partial<EnclaveIdentity>;
  readonly marbleType?: string;
  readonly uuid?: string;
  readonly quote?: (genuine: Uint8Array) => Uint8Array;
  readonly csr?: (genuine: Uint8Array) => Uint8Array;
  /** Presents this certificate in TLS while the quote is over another one. */
  readonly presented?: MarbleIdentity;
  /** Of the marble's own key; MarbleRun's marbles have P-384. */
  readonly curve?: "P-256" | "P-384";
}

/** A fresh key, certificate and request of a marble. */
export async function marbleIdentity(
  curve: ActivationChange["curve"] = "P-256",
): Promise<MarbleIdentity> {
  const now = new Date();
  return await createMarbleIdentity({ dnsNames: ["worker"], ipAddresses: [], now, curve });
}

/** A call to `Activate` as an enclave of identity `MARBLE` would make it, but for `change`. */
export async function prepareActivation(
  { platform, meshPort }: Pick<TestCoordinator, "platform" | "meshPort">,
  change: ActivationChange = {},
): Promise<ActivationCall> {
  const identity = await marbleIdentity(change.curve);
  const tee = platform.teeFor({ ...MARBLE, ...change.enclave });
  const digest = createHash("sha256").update(identity.certificate).digest();
  const quote = encodeOeQuote(await tee.getEvidence(digest));
  return {
    coordinatorAddress: `127.0.0.1:${meshPort}`,
    identity: change.presented ?? identity,
    request: create(ActivationReqSchema, {
      Quote: change.quote?.(quote) ?? quote,
      CSR: change.csr?.(identity.certificateRequest) ?? identity.certificateRequest,
      MarbleType: change.marbleType ?? "worker",
      UUID: change.uuid ?? crypto.randomUUID(),
    }),
    deadline: new Date(Date.now() + 10_000),
    signal: new AbortController().signal,
  };
}

/** Activates as an enclave of identity `MARBLE` would, but for `change`. */
export async function activate(
  coordinator: Pick<TestCoordinator, "platform" | "meshPort">,
  change: ActivationChange = {},
): Promise<ActivationAttempt> {
  return await callActivate(await prepareActivation(coordinator, change));
}
