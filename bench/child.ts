import { type ChildProcess, execFile, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { encodePem } from "@carrara/encoding";
import { commonName, extension, generateEcKey, issueCertificate, randomSerial } from "@carrara/pki";
import type { LoadResult } from "./load.ts";

const run = promisify(execFile);
const EXEC_ARGV = ["--conditions=@carrara/source", "--import", "tsx"];

function here(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

/** A server to measure against, in a process of its own. */
export interface Yardstick {
  readonly port: number;
  /** PEM of its self-signed certificate. */
  readonly ca: string;
  stop(): void;
}

/** Starts `bare-server.ts` (node:https that answers `headers`, alternating names and values, and `body`) or `mtls-server.ts` (handshakes only). */
export async function startYardstick(
  file: "bare-server.ts" | "mtls-server.ts",
  headers: readonly string[] = ["Content-Length", "0"],
  body: string = "",
): Promise<Yardstick> {
  const { cert, key } = await selfSigned();
  const child: ChildProcess = fork(here(file), { execArgv: EXEC_ARGV });
  const port = new Promise<number>((resolve, reject) => {
    child.once("message", (message: { port: number }) => resolve(message.port));
    child.once("exit", () => reject(new Error("the yardstick ended")));
  });
  child.send({ cert, key, headers, body });
  return { port: await port, ca: cert, stop: () => child.kill() };
}

async function selfSigned(): Promise<{ cert: string; key: string }> {
  const key = await generateEcKey("P-256");
  const day = 86_400_000;
  const certificate = await issueCertificate(
    {
      serial: randomSerial(),
      issuer: commonName("localhost"),
      subject: commonName("localhost"),
      notBefore: new Date(Date.now() - day),
      notAfter: new Date(Date.now() + day),
      spki: key.spki,
      extensions: [
        extension.basicConstraints(true),
        extension.subjectAlternativeName({ dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] }),
      ],
    },
    key.signer,
  );
  return { cert: encodePem("CERTIFICATE", certificate), key: encodePem("PRIVATE KEY", key.pkcs8) };
}

/** Runs the load generator in a process of its own. */
export async function runLoad(options: {
  port: number;
  ca: string;
  connections: number;
  seconds: number;
  request: string;
}): Promise<LoadResult> {
  const args = [...EXEC_ARGV, here("load-main.ts"), JSON.stringify(options)];
  const { stdout } = await run(process.execPath, args);
  return JSON.parse(stdout) as LoadResult;
}
