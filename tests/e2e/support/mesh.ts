import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TeeKind } from "@carrara/attestation";
import { type Mesh, startMesh } from "@carrara/cli";
import { buildCli, CLI_BUNDLE, isCliFresh } from "../../../tools/cli-bundle.mjs";

/** This repository. */
export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** A running Confidential Emojivoto in a state directory of its own. */
export interface TestMesh {
  readonly mesh: Mesh;
  readonly stateDir: string;
  /** PEM of the chain file that `--coordinator-cert` writes. */
  readonly ca: string;
  stop(): Promise<void>;
}

/** How a mesh of a test differs from the usual one. */
export interface TestMeshOptions {
  /** State to go on with; a new one unless given. */
  readonly stateDir?: string;
  readonly tee?: TeeKind;
  /** Changes the text of the application's manifest. */
  readonly change?: (manifest: string) => string;
  /** Images by marble type in place of those of `mesh.json`. */
  readonly images?: ReadonlyMap<string, string>;
  readonly webReplicas?: number;
}

const APP = join(ROOT, "apps/emojivoto");

/** Starts the application on free ports, without the bot. */
export async function startEmojivoto(options: TestMeshOptions = {}): Promise<TestMesh> {
  const { change, images, tee = "sgx", webReplicas = 1 } = options;
  const stateDir = options.stateDir ?? (await mkdtemp(join(tmpdir(), "carrara-mesh-")));
  const mesh = await startMesh({
    appDir: APP,
    repository: ROOT,
    stateDir,
    ports: { web: 0, coordinator: 0, mesh: 0 },
    voteBot: false,
    tee,
    webReplicas,
    ...(change === undefined ? {} : { manifest: await changedManifest(stateDir, change) }),
    ...(images === undefined ? {} : { images }),
  });
  return {
    mesh,
    stateDir,
    ca: await readFile(mesh.files.coordinatorCert, "utf8"),
    async stop() {
      await mesh.stop();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

async function changedManifest(
  stateDir: string,
  change: (manifest: string) => string,
): Promise<string> {
  const file = join(stateDir, "changed-manifest.json");
  await writeFile(file, change(await readFile(join(APP, "manifest.json"), "utf8")));
  return file;
}

/** An answer of the web service. */
export interface WebAnswer {
  readonly status: number | undefined;
  readonly body: string;
}

/** Calls the web service over TLS, verified with the mesh's chain. */
export async function callWeb(
  { mesh, ca }: Pick<TestMesh, "mesh" | "ca">,
  method: string,
  path: string,
): Promise<WebAnswer> {
  return await new Promise((resolve, reject) => {
    request(
      { host: "localhost", port: mesh.ports.web, ca, method, path, agent: false, timeout: 15_000 },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          body += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode, body }));
      },
    )
      .once("error", reject)
      .end();
  });
}

/** Casts a vote for an emoji by its name without colons. */
export async function vote(web: Pick<TestMesh, "mesh" | "ca">, name: string): Promise<WebAnswer> {
  return await callWeb(web, "POST", `/api/vote?choice=%3A${name}%3A`);
}

/** Outcome of a command: exit status and what it printed. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export async function runProgram(
  program: string,
  ...args: readonly string[]
): Promise<CommandResult> {
  return await new Promise((resolve) => {
    execFile(program, args, { cwd: ROOT, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}

/** Runs the `carrara` command. */
export async function carrara(...args: readonly string[]): Promise<CommandResult> {
  return await runProgram(process.execPath, await cliProgram(), ...args);
}

let bundled: Promise<void> | undefined;

/** The command line as people run it: bundled, which `npm test` has done before. */
export async function cliProgram(): Promise<string> {
  bundled ??= isCliFresh() ? Promise.resolve() : buildCli();
  await bundled;
  return CLI_BUNDLE;
}

/** What `evidence verify` says of a Coordinator's own evidence, with the collateral that its mesh keeps. */
export async function verifyOwnEvidence(
  { mesh, stateDir }: TestMesh,
  ...options: readonly string[]
): Promise<CommandResult> {
  const quote = join(stateDir, "quote.bin");
  await carrara(
    ...["manifest", "verify", mesh.files.manifest, `localhost:${mesh.ports.coordinator}`, "-i"],
    ...["--coordinator-cert", join(stateDir, "verified.pem"), "--save-sgx-quote", quote],
  );
  const collateral = join(stateDir, "collateral");
  return await carrara("evidence", "verify", quote, "--collateral", collateral, ...options);
}
