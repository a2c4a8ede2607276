import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { encodePem } from "@carrara/encoding";
import {
  type Curve,
  commonName,
  extension,
  generateEcKey,
  issueCertificate,
  randomSerial,
} from "@carrara/pki";

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

/** Starts `bare-server.ts` (node:https that answers `headers`, alternating names and values, and `body`) or `mtls-server.ts` (handshakes only, with a key on P-384 as the Coordinator has). */
export async function startYardstick(
  file: "bare-server.ts" | "mtls-server.ts",
  headers: readonly string[] = ["Content-Length", "0"],
  body: string = "",
): Promise<Yardstick> {
  const identity = await selfSigned(file === "mtls-server.ts" ? "P-384" : "P-256");
  const child = await startChild(file, { ...identity, headers, body });
  return { port: child.port, ca: identity.cert, stop: child.stop };
}

/** Starts the originals' way of a vote: web, and two back ends that it calls over mutual TLS. */
export async function startNaivePath(): Promise<Yardstick> {
  const identity = await selfSigned();
  const emoji = await startChild("naive-back.ts", { ...identity, service: "emoji" });
  const voting = await startChild("naive-back.ts", { ...identity, service: "voting" });
  const ports = { emoji: emoji.port, voting: voting.port };
  const web = await startChild("naive-web.ts", { ...identity, ...ports });
  return {
    port: web.port,
    ca: identity.cert,
    stop: () => {
      for (const child of [web, voting, emoji]) child.stop();
    },
  };
}

/** Starts a program that takes `message` over IPC and answers with its port. */
async function startChild(
  file: string,
  message: object,
): Promise<{ readonly port: number; stop(): void }> {
  const child: ChildProcess = fork(here(file), { execArgv: EXEC_ARGV });
  const port = new Promise<number>((resolve, reject) => {
    child.once("message", (answer: { port: number }) => resolve(answer.port));
    child.once("exit", () => reject(new Error(`${file} ended`)));
  });
  child.send(message);
  return { port: await port, stop: () => child.kill() };
}

async function selfSigned(curve: Curve = "P-256"): Promise<{ cert: string; key: string }> {
  const key = await generateEcKey(curve);
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
