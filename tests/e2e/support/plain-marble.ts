import { createPrivateKey, X509Certificate } from "node:crypto";
import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { type ClientIdentity, callActivate, prepareMarble } from "@carrara/coordinator/testing";
import { MARBLE, type TestCoordinator } from "./coordinator.ts";

/** What the Coordinator gave to a marble. */
export interface PlainMarble {
  readonly env: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly argv: readonly string[];
}

/** An activation that was refused: the gRPC status and its text. */
export interface RefusedMarble {
  readonly status: string;
  readonly message: string;
}

/** Which marble activates. */
export interface MarbleStart {
  readonly type: string;
  readonly uuid?: string;
  /** With a genuine quote as enclave `MARBLE`; a plain process sends none (section 3.2). */
  readonly attested?: boolean;
}

/** One `Activate` call as a marble makes it (section 10.2); there is no retry. */
export async function tryMarble(
  { platform, meshPort }: Pick<TestCoordinator, "platform" | "meshPort">,
  { type, uuid = crypto.randomUUID(), attested = false }: MarbleStart,
): Promise<PlainMarble | RefusedMarble> {
  const tee = attested ? platform.teeFor(MARBLE) : undefined;
  const { identity, fields } = await prepareMarble(type, tee, uuid);
  const outcome = await callActivate(meshPort, identity, fields);
  if (outcome.kind === "refused") return outcome;
  const { Env, Files, Argv } = outcome.parameters;
  const text = ([name, value]: [string, Uint8Array]) => [name, Buffer.from(value).toString()];
  return { env: Object.fromEntries(Object.entries(Env).map(text)), files: Files, argv: Argv };
}

/** Activates a marble; throws when it is refused. */
export async function startMarble(
  coordinator: Pick<TestCoordinator, "platform" | "meshPort">,
  start: MarbleStart,
): Promise<PlainMarble> {
  const marble = await tryMarble(coordinator, start);
  if ("env" in marble) return marble;
  throw new Error(`${marble.status}: ${marble.message}`);
}

/** A predefined variable of section 3.6. */
export function predefined({ env }: PlainMarble, name: string): string {
  const value = env[`MARBLE_PREDEFINED_${name}`];
  if (value === undefined) throw new Error(`the marble has no ${name}`);
  return value;
}

/** The marble's certificate and key, as its calls to the client API present them. */
export function identityOf(marble: PlainMarble): ClientIdentity {
  const key = createPrivateKey(predefined(marble, "PRIVATE_KEY"));
  return {
    certificate: new X509Certificate(predefined(marble, "MARBLE_CERTIFICATE_CHAIN")).raw,
    pkcs8: key.export({ type: "pkcs8", format: "der" }),
  };
}

/** A marble that serves HTTPS. */
export interface ServingMarble {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves HTTPS under the marble's certificate; clients need one of the same mesh, or none. */
export async function serve(
  marble: PlainMarble,
  { clientAuth }: { readonly clientAuth: boolean },
): Promise<ServingMarble> {
  const server = createServer(
    { ...credentialsOf(marble), requestCert: clientAuth, rejectUnauthorized: clientAuth },
    (_, response) => response.end("welcome"),
  );
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    port: (server.address() as AddressInfo).port, // it listens on TCP
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** The code of a connection whose certificate chains to nothing that is trusted. */
export const UNTRUSTED = /^(?:UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO_SELF_SIGNED)/;

/** Calls a serving marble: the HTTP status, or the code of the error. */
export async function dial(port: number, marble: PlainMarble): Promise<number | string> {
  return await dialTrusting(port, credentialsOf(marble));
}

/** Calls a serving marble from outside, trusting one certificate. */
export async function dialTrusting(
  port: number,
  trust: { readonly ca: string; readonly allowPartialTrustChain?: boolean },
): Promise<number | string> {
  return await new Promise((resolve) => {
    request({ host: "localhost", port, agent: false, family: 4, ...trust }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      .end();
  });
}

function credentialsOf(marble: PlainMarble): { ca: string; cert: string; key: string } {
  return {
    ca: predefined(marble, "ROOT_CA"),
    cert: predefined(marble, "MARBLE_CERTIFICATE_CHAIN"),
    key: predefined(marble, "PRIVATE_KEY"),
  };
}
